/* Recursive Length Prefix (Ethereum yellow paper, appendix B), reading, strict: an encoding that is not the only one for
   its content is refused. */
#ifndef RLP_H
#define RLP_H

#include "../lib/runtime.h"

/* One item, in the bytes that it was read from. */
typedef struct rlp_item {
  const u8 *start;   /* its first byte, the prefix included */
  const u8 *payload; /* what the prefix announces */
  const u8 *end;     /* first byte after it */
  int is_list;
} rlp_item;

/* Reads the item at `start`, which may reach to `end`. 0, or -1 if there is none or it is not canonical. */
int rlp_read(const u8 *start, const u8 *end, rlp_item *item);

/* Reads all items of a list: their number, or -1 if they are damaged or more than `most`. */
int rlp_read_list(const rlp_item *list, rlp_item *items, int most);

/* Reads bytes that are one list and nothing else: the number of its items, or -1. */
int rlp_read_whole_list(const u8 *bytes, usize length, rlp_item *items, int most);

/* Bytes of an item's payload. */
usize rlp_size(const rlp_item *item);

/* Reads an unsigned big-endian integer without leading zeros into `size` bytes. 0, or -1. */
int rlp_read_integer(const rlp_item *item, u8 *bytes, usize size);

#endif
