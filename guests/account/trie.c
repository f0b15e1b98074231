/* See trie.h. */
#include "trie.h"
#include "oracle.h"

enum { BRANCH_ITEMS = 17, PAIR_ITEMS = 2, EMBEDDED_BYTES_MAX = 31 };

/* keccak256 of the RLP of the empty string: the root of a trie without keys. */
static const u8 empty_root[32] = {0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45,
                                  0xe6, 0x92, 0xc0, 0xf8, 0x6e, 0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c,
                                  0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21};

static u8 node_bytes[NODE_BYTES_MAX];

static u8 nibble_of(const u8 *bytes, usize index) {
  return index % 2 == 0 ? bytes[index / 2] >> 4 : bytes[index / 2] & 15;
}

/* The path of a leaf or extension, in hex-prefix encoding. */
typedef struct path {
  const u8 *bytes; /* of the encoding, its flags included */
  usize first;     /* index of the first nibble in it: 1 or 2 */
  usize length;    /* in nibbles */
  int is_leaf;
} path;

static int read_path(const rlp_item *item, path *path) {
  usize size = rlp_size(item);
  if (item->is_list || size < 1 || size > 1 + KEY_NIBBLES / 2) return -1;
  u8 flags = item->payload[0] >> 4;
  if (flags > 3) return -1;
  int is_odd = flags & 1;
  if (!is_odd && (item->payload[0] & 15) != 0) return -1;
  path->bytes = item->payload;
  path->first = is_odd ? 1 : 2;
  path->length = 2 * size - path->first;
  path->is_leaf = flags >> 1;
  return 0;
}

/* Nibbles of the path that agree with the key from `depth` on. */
static usize agreeing(const path *path, const u8 *key, usize depth) {
  usize count = 0;
  while (count < path->length && depth + count < KEY_NIBBLES &&
         nibble_of(path->bytes, path->first + count) == nibble_of(key, depth + count))
    count++;
  return count;
}

/* Reads the items of the node that `reference` names: by hash, or embedded in its parent. Their number, or -1. */
static int read_node(const rlp_item *reference, rlp_item items[BRANCH_ITEMS]) {
  if (reference->is_list) {
    if ((usize)(reference->end - reference->start) > EMBEDDED_BYTES_MAX) return -1;
    return rlp_read_list(reference, items, BRANCH_ITEMS);
  }
  u8 hash[32];
  if (rlp_size(reference) != 32) return -1;
  copy(hash, reference->payload, 32); /* it may lie in the buffer that is read into */
  if (oracle_hint("l2-state-node", hash) != 0) return -1;
  long length = oracle_preimage(hash, node_bytes, sizeof node_bytes);
  return length < 0 ? -1 : rlp_read_whole_list(node_bytes, (usize)length, items, BRANCH_ITEMS);
}

static int is_empty(const rlp_item *item) {
  return !item->is_list && rlp_size(item) == 0;
}

lookup trie_find(const u8 root[32], const u8 key[32], rlp_item *value) {
  rlp_item reference = {root, root, root + 32, 0};
  rlp_item items[BRANCH_ITEMS];
  usize depth = 0;
  int after_extension = 0;
  if (equal(root, empty_root, 32)) return ABSENT;
  for (;;) {
    int count = read_node(&reference, items);
    if (count == BRANCH_ITEMS) {
      /* All keys have one length, so a branch never ends one: its own value is empty. */
      if (depth == KEY_NIBBLES || !is_empty(&items[16])) return DAMAGED;
      reference = items[nibble_of(key, depth++)];
      after_extension = 0;
      if (is_empty(&reference)) return ABSENT;
      continue;
    }
    path path;
    if (count != PAIR_ITEMS || after_extension || read_path(&items[0], &path) != 0) return DAMAGED;
    if (path.is_leaf) {
      if (depth + path.length != KEY_NIBBLES || items[1].is_list) return DAMAGED;
      *value = items[1];
      return agreeing(&path, key, depth) == path.length ? FOUND : ABSENT;
    }
    if (path.length == 0 || depth + path.length >= KEY_NIBBLES) return DAMAGED;
    if (agreeing(&path, key, depth) != path.length) return ABSENT;
    depth += path.length;
    reference = items[1];
    after_extension = 1;
  }
}
