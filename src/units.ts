// The quantities that must never be mistaken for one another, each a distinct (branded) type made by a checked function:
// steps, windows, pages, leaves, hashes. A brand exists for the compiler only; at run time a step is a bigint.
//
// `as...` checks a value of our own (a wrong one is a broken invariant); `parse...` reads one from outside.

import { bytesToHex, hexToBytes } from './bytes.ts';
import { InputError } from './errors.ts';
import { assert } from './invariant.ts';

declare const unit: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [unit]: Name };

/** Steps executed before: step 0 is the start state. 0 to 2^44, at which a machine is unfinished for good. */
export type Step = Branded<bigint, 'Step'>;
/** Index of a window of 2^20 steps: window w starts at step w x 2^20. 0 to 2^24-1. */
export type WindowIndex = Branded<number, 'WindowIndex'>;
/** Number of a 4,096-byte page: address / 4,096. 0 to 2^20-1. */
export type PageIndex = Branded<number, 'PageIndex'>;
/** Number of a 32-byte leaf of the memory tree: address / 32. 0 to 2^27-1. */
export type LeafIndex = Branded<number, 'LeafIndex'>;
/** 32 bytes as `0x` and 64 lower-case digits: a keccak256 hash, or an opaque 32-byte word. */
export type Hash = Branded<`0x${string}`, 'Hash'>;

/** Base-2 logarithm of the steps of a window. */
export const WINDOW_STEPS_LOG2 = 20;
/** Steps of a window. */
export const WINDOW_STEPS = 1n << 20n;
/** Base-2 logarithm of the windows of a whole history. */
export const WINDOWS_LOG2 = 24;
/** The last step: a run that has not halted by then never counts as valid. */
export const LAST_STEP = 1n << 44n;

const PAGE_END = 2 ** 20;
const LEAF_END = 2 ** 27;
const HASH = /^0x[0-9a-f]{64}$/;

/** Checks a step: 0 to 2^44. */
export function asStep(value: bigint): Step {
  assert(value >= 0n && value <= LAST_STEP, () => `${value} is not a step (0 to 2^44)`);
  return value as Step;
}

/** Checks the index of a window: 0 to 2^24-1. */
export function asWindowIndex(value: number): WindowIndex {
  return natural(value, 2 ** WINDOWS_LOG2, 'window index') as WindowIndex;
}

/** Checks the number of a page: 0 to 2^20-1. */
export function asPageIndex(value: number): PageIndex {
  return natural(value, PAGE_END, 'page index') as PageIndex;
}

/** Checks the number of a memory leaf: 0 to 2^27-1. */
export function asLeafIndex(value: number): LeafIndex {
  return natural(value, LEAF_END, 'leaf index') as LeafIndex;
}

function natural(value: number, end: number, what: string): number {
  assert(Number.isInteger(value) && value >= 0 && value < end, () => `${value} is not a ${what} (0 to ${end - 1})`);
  return value;
}

/** Whether `text` is a hash in canonical form: 0x and 64 lower-case digits. */
export function isHash(text: string): text is Hash {
  return HASH.test(text);
}

/** Checks a hash in canonical form, or makes it of 32 bytes. */
export function asHash(value: string | Uint8Array): Hash {
  const text = typeof value === 'string' ? value : bytesToHex(value);
  assert(isHash(text), () => `${text.slice(0, 80)} is not a hash (0x and 64 lower-case digits)`);
  return text;
}

/** The 32 bytes of a hash. */
export function hashToBytes(hash: Hash): Uint8Array {
  return hexToBytes(hash, { what: 'hash', bytes: 32 });
}

/** Reads a hash of either case from outside. Throws an InputError (`BAD_HEX`) naming `what`. */
export function parseHash(text: string, what: string): Hash {
  return asHash(hexToBytes(text, { what, bytes: 32 }));
}

/** Reads a step written as a decimal number. Throws an InputError (`BAD_STEP`) naming `what`. */
export function parseStep(text: string, what: string): Step {
  const value = /^\d{1,14}$/.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value > LAST_STEP)
    throw new InputError(
      'BAD_STEP',
      `${what}: expected a step number from 0 to ${LAST_STEP}, found "${text.slice(0, 40)}"`,
    );
  return asStep(value);
}
