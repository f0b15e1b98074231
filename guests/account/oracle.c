/* See oracle.h. */
#include "oracle.h"
#include "../lib/keccak.h"

enum { HINT_READ = 3, HINT_WRITE = 4, PREIMAGE_READ = 5, PREIMAGE_WRITE = 6, OUTPUT = 7 };
enum { KEY_LOCAL = 1, KEY_KECCAK256 = 2 };

/* Writes a key and reads the length in front of its preimage. -1 for a failure or a length above `most`. */
static long open_preimage(const u8 key[32], usize most) {
  u8 prefix[8];
  u64 length = 0;
  if (write_fully(PREIMAGE_WRITE, key, 32) != 0 || read_fully(PREIMAGE_READ, prefix, 8) != 0) return -1;
  for (int i = 0; i < 8; i++) length = length << 8 | prefix[i];
  return length > most ? -1 : (long)length;
}

int oracle_input(u8 index, u8 word[32]) {
  _Alignas(32) u8 key[32] = {KEY_LOCAL};
  key[31] = index;
  return open_preimage(key, 32) == 32 ? read_fully(PREIMAGE_READ, word, 32) : -1;
}

int oracle_hint(const char *kind, const u8 hash[32]) {
  static const char digits[] = "0123456789abcdef";
  u8 message[128], acknowledgement;
  usize at = 4, kind_length = length_of(kind);
  if (kind_length > 32) return -1;
  copy(message + at, kind, kind_length);
  at += kind_length;
  copy(message + at, " 0x", 3);
  at += 3;
  for (int i = 0; i < 32; i++) {
    message[at++] = (u8)digits[hash[i] >> 4];
    message[at++] = (u8)digits[hash[i] & 15];
  }
  usize length = at - 4;
  for (int i = 0; i < 4; i++) message[i] = (u8)(length >> (24 - 8 * i));
  if (write_fully(HINT_WRITE, message, at) != 0) return -1;
  return read_fully(HINT_READ, &acknowledgement, 1);
}

long oracle_preimage(const u8 hash[32], u8 *preimage, usize most) {
  _Alignas(32) u8 key[32];
  u8 found[32];
  copy(key, hash, 32);
  key[0] = KEY_KECCAK256;
  long length = open_preimage(key, most);
  if (length < 0 || read_fully(PREIMAGE_READ, preimage, (usize)length) != 0) return -1;
  keccak256(preimage, (usize)length, found);
  return equal(found, hash, 32) ? length : -1;
}

int oracle_output(const u8 word[32]) {
  return write(OUTPUT, word, 32) == 32 ? 0 : -1;
}
