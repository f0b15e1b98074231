/* See rlp.h. */
#include "rlp.h"

int rlp_read(const u8 *start, const u8 *end, rlp_item *item) {
  if (start >= end) return -1;
  usize available = (usize)(end - start);
  u8 prefix = *start;
  usize head = 1, size = 0;
  int is_list = prefix >= 0xc0;
  if (prefix < 0x80) {
    head = 0, size = 1;
  } else {
    u8 base = is_list ? 0xc0 : 0x80;
    if (prefix - base < 56) {
      size = (usize)(prefix - base);
    } else {
      usize length_bytes = (usize)(prefix - base - 55); /* 1 to 8 */
      head = 1 + length_bytes;
      if (head > available || start[1] == 0) return -1;
      for (usize i = 1; i < head; i++) size = size << 8 | start[i];
      if (size < 56) return -1;
    }
  }
  if (size > available - head) return -1;
  if (prefix == 0x81 && start[1] < 0x80) return -1;
  item->start = start;
  item->payload = start + head;
  item->end = start + head + size;
  item->is_list = is_list;
  return 0;
}

int rlp_read_list(const rlp_item *list, rlp_item *items, int most) {
  int count = 0;
  if (!list->is_list) return -1;
  for (const u8 *at = list->payload; at < list->end; at = items[count - 1].end)
    if (count == most || rlp_read(at, list->end, &items[count++]) != 0) return -1;
  return count;
}

int rlp_read_whole_list(const u8 *bytes, usize length, rlp_item *items, int most) {
  rlp_item list;
  if (rlp_read(bytes, bytes + length, &list) != 0 || list.end != bytes + length) return -1;
  return rlp_read_list(&list, items, most);
}

usize rlp_size(const rlp_item *item) {
  return (usize)(item->end - item->payload);
}

int rlp_read_integer(const rlp_item *item, u8 *bytes, usize size) {
  usize length = rlp_size(item);
  if (item->is_list || length > size || (length > 0 && item->payload[0] == 0)) return -1;
  fill(bytes, 0, size - length);
  copy(bytes + size - length, item->payload, length);
  return 0;
}
