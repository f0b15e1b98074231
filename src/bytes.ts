// Bytes: hexadecimal, fixed-width integers in both byte orders, joining and comparing. The only copies of these in OMO.
//
// Hexadecimal text comes from outside (files, RPC, the command line), so it is checked and bounded, and rejected with an
// InputError. Offsets and values of the integer functions come from our own code, so a wrong one is a broken invariant.

import { InputError } from './errors.ts';
import { assert } from './invariant.ts';

const HEX = /^0x(?:[0-9a-fA-F]{2})*$/;
const U32_END = 0x1_0000_0000;
const U64_END = 1n << 64n;

/** What bounds the text that `hexToBytes` accepts. */
export interface HexBounds {
  /** What the text is, for the message: `block hash in block.json`. */
  readonly what: string;
  /** Exact size in bytes. */
  readonly bytes?: number;
  /** Largest size in bytes; needed unless `bytes` is given. */
  readonly maxBytes?: number;
}

/**
 * Bytes of a `0x` hexadecimal text of either case. Throws an InputError (`BAD_HEX`) naming `bounds.what` if the text has
 * no 0x, an odd number of digits or another character, or is not of the size that `bounds` gives.
 */
export function hexToBytes(text: string, bounds: HexBounds): Uint8Array {
  const size = text.length / 2 - 1;
  const limit = bounds.bytes ?? bounds.maxBytes;
  assert(limit !== undefined, 'hexToBytes needs a bound');
  if (size > limit || (bounds.bytes !== undefined && size !== bounds.bytes)) {
    const expected = bounds.bytes === undefined ? `at most ${limit} bytes` : `${limit} bytes`;
    throw badHex(bounds.what, `${expected} (0x and ${2 * limit} digits)`, text);
  }
  if (!HEX.test(text)) throw badHex(bounds.what, '0x and an even number of hexadecimal digits', text);
  return Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
}

function badHex(what: string, expected: string, text: string): InputError {
  const shown = text.length <= 80 ? `"${text}"` : `${text.length} characters starting "${text.slice(0, 40)}"`;
  return new InputError('BAD_HEX', `${what}: expected ${expected}, found ${shown}`);
}

/** `0x` and two lower-case digits a byte. */
export function bytesToHex(bytes: Uint8Array): `0x${string}` {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;
}

/** The unsigned big-endian integer that `bytes` spell, of any length; 0 for none. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes));
}

/** `value` as an unsigned big-endian integer of `size` bytes. A value that does not fit is a broken invariant. */
export function bigintToBytes(value: bigint, size: number): Uint8Array {
  assert(value >= 0n && value < 1n << BigInt(8 * size), () => `${value} does not fit ${size} bytes`);
  return Uint8Array.from(
    Buffer.from(
      value
        .toString(16)
        .padStart(2 * size, '0')
        .slice(0, 2 * size),
      'hex',
    ),
  );
}

function at(bytes: Uint8Array, offset: number, size: number): DataView {
  assert(
    Number.isInteger(offset) && offset >= 0 && offset + size <= bytes.length,
    () => `${size} bytes at offset ${offset} of ${bytes.length}`,
  );
  return new DataView(bytes.buffer, bytes.byteOffset + offset, size);
}

/** The unsigned 32-bit little-endian integer at `offset`. */
export function readU32LE(bytes: Uint8Array, offset: number): number {
  return at(bytes, offset, 4).getUint32(0, true);
}

/** The unsigned 32-bit big-endian integer at `offset`. */
export function readU32BE(bytes: Uint8Array, offset: number): number {
  return at(bytes, offset, 4).getUint32(0, false);
}

/** The unsigned 64-bit little-endian integer at `offset`. */
export function readU64LE(bytes: Uint8Array, offset: number): bigint {
  return at(bytes, offset, 8).getBigUint64(0, true);
}

/** The unsigned 64-bit big-endian integer at `offset`. */
export function readU64BE(bytes: Uint8Array, offset: number): bigint {
  return at(bytes, offset, 8).getBigUint64(0, false);
}

/** Writes `value` (0 to 2^32-1) as 32 bits, little-endian. */
export function writeU32LE(bytes: Uint8Array, offset: number, value: number): void {
  at(bytes, offset, 4).setUint32(0, u32(value), true);
}

/** Writes `value` (0 to 2^32-1) as 32 bits, big-endian. */
export function writeU32BE(bytes: Uint8Array, offset: number, value: number): void {
  at(bytes, offset, 4).setUint32(0, u32(value), false);
}

/** Writes `value` (0 to 2^64-1) as 64 bits, little-endian. */
export function writeU64LE(bytes: Uint8Array, offset: number, value: bigint): void {
  at(bytes, offset, 8).setBigUint64(0, u64(value), true);
}

/** Writes `value` (0 to 2^64-1) as 64 bits, big-endian. */
export function writeU64BE(bytes: Uint8Array, offset: number, value: bigint): void {
  at(bytes, offset, 8).setBigUint64(0, u64(value), false);
}

function u32(value: number): number {
  assert(Number.isInteger(value) && value >= 0 && value < U32_END, () => `${value} is not an unsigned 32-bit integer`);
  return value;
}

function u64(value: bigint): bigint {
  assert(value >= 0n && value < U64_END, () => `${value} is not an unsigned 64-bit integer`);
  return value;
}

/** All `parts`, one after the other, in a new array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Whether both hold the same bytes. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compare(a, b) === 0;
}

/** Order of two byte strings as by memcmp, a prefix first: negative, zero or positive. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}
