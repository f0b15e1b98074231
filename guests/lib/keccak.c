/* See keccak.h. */
#include "keccak.h"

enum { RATE_BYTES = 136 };

static const u64 round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* Rho and pi in one walk: lane `order[i]` takes the lane before it in the walk, rotated by `rotations[i]`. */
static const u8 order[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
static const u8 rotations[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                 27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};

static u64 rotate_left(u64 value, u32 bits) {
  return value << bits | value >> (64 - bits);
}

void keccak_f1600(u64 state[25]) {
  for (int round = 0; round < 24; round++) {
    u64 parity[5];
    for (int x = 0; x < 5; x++)
      parity[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
    for (int x = 0; x < 5; x++) {
      u64 theta = parity[(x + 4) % 5] ^ rotate_left(parity[(x + 1) % 5], 1);
      for (int y = 0; y < 25; y += 5) state[x + y] ^= theta;
    }
    u64 carried = state[1];
    for (int i = 0; i < 24; i++) {
      u64 next = state[order[i]];
      state[order[i]] = rotate_left(carried, rotations[i]);
      carried = next;
    }
    for (int y = 0; y < 25; y += 5) {
      u64 row[5];
      for (int x = 0; x < 5; x++) row[x] = state[y + x];
      for (int x = 0; x < 5; x++) state[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    state[0] ^= round_constants[round];
  }
}

static void absorb(u64 state[25], usize at, u8 byte) {
  state[at / 8] ^= (u64)byte << (8 * (at % 8));
}

void keccak256(const u8 *data, usize length, u8 hash[32]) {
  u64 state[25] = {0};
  usize at = 0;
  for (usize i = 0; i < length; i++) {
    absorb(state, at, data[i]);
    if (++at == RATE_BYTES) {
      keccak_f1600(state);
      at = 0;
    }
  }
  absorb(state, at, 0x01);
  absorb(state, RATE_BYTES - 1, 0x80);
  keccak_f1600(state);
  for (int i = 0; i < 32; i++) hash[i] = (u8)(state[i / 8] >> (8 * (i % 8)));
}
