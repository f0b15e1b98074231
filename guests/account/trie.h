/* The state trie (Ethereum yellow paper, appendix D): a Merkle-Patricia trie whose keys are keccak256 of addresses. */
#ifndef TRIE_H
#define TRIE_H

#include "rlp.h"

enum { KEY_NIBBLES = 64, NODE_BYTES_MAX = 1024 };

typedef enum { FOUND, ABSENT, DAMAGED } lookup;

/* Looks a key up below the state root, node by node. FOUND: `value` is what the leaf holds, in a buffer that lives until
   the next call. ABSENT: the nodes prove that nothing is there. DAMAGED: a node is not to be had, has not the hash that
   its parent says, or is not one that a trie of such keys can have. */
lookup trie_find(const u8 root[32], const u8 key[32], rlp_item *value);

#endif
