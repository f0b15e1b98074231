// Keys of the preimage oracle (the fault-proof VM convention): 32 bytes, the first of them the type of key.
//   type 1, local: 30 zero bytes and the number of an input, 1 to 6; its preimage is that word of the inputs
//   type 2, keccak256: the hash of the preimage, its first byte replaced by the type

import { keccak_256 } from '@noble/hashes/sha3.js';
import { INPUT_NAMES } from './inputs.ts';

/** First byte of a key. */
export const KEY_TYPE = { local: 1, keccak256: 2 } as const;

/** Largest preimage that a host hands to a machine, in bytes. */
export const PREIMAGE_BYTES_MAX = 16 * 2 ** 20;

/** The key of the preimage whose keccak256 is `hash`. */
export function keccakKey(hash: Uint8Array): Uint8Array {
  const key = Uint8Array.from(hash);
  key[0] = KEY_TYPE.keccak256;
  return key;
}

/** The key of a preimage, by hashing it. */
export function keyOf(preimage: Uint8Array): Uint8Array {
  return keccakKey(keccak_256(preimage));
}

/** The key of input `index`, 1 to 6. */
export function localKey(index: number): Uint8Array {
  const key = new Uint8Array(32);
  key[0] = KEY_TYPE.local;
  key[31] = index;
  return key;
}

/** The number of the input that a key of type local names, or undefined for any other key. */
export function localIndex(key: Uint8Array): number | undefined {
  const index = key[31] ?? 0;
  if (key[0] !== KEY_TYPE.local || index < 1 || index > INPUT_NAMES.length) return undefined;
  return key.subarray(1, 31).every((byte) => byte === 0) ? index : undefined;
}
