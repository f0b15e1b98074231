/* keccak256 as Ethereum uses it: Keccak[c=512] with the original padding (the byte 0x01, not SHA-3's 0x06). */
#ifndef KECCAK_H
#define KECCAK_H

#include "runtime.h"

/* The permutation Keccak-f[1600] of FIPS 202, section 3.3; lane (x, y) is state[x + 5 y]. */
void keccak_f1600(u64 state[25]);

/* Hash of `length` bytes. */
void keccak256(const u8 *data, usize length, u8 hash[32]);

#endif
