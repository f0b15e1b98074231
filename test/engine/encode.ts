// Encoding, the inverse of decoding: words of a row with given fields. Word fields move bits of the word to bits of the
// value, so that a value is found by solving linear equations over single bits.

import assert from 'node:assert/strict';
import { ISA } from '../../src/engine/profile.ts';
import { type Decoded, decode, fieldValues } from '../../src/isa/decode.ts';
import type { Row } from '../../src/isa/isa.ts';

/** The 32-bit word of a row whose fields have these values (64 bits, unsigned); bits that none of them needs are 0. */
export function encode(row: Row, fields: Readonly<Record<string, bigint>>): number {
  let word = row.match;
  const free = Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => !((row.mask >>> bit) & 1));
  for (const [name, value] of Object.entries(fields)) {
    const field = row.format.fields[name];
    assert.ok(field, `${row.name} has no field ${name}`);
    if (field.kind === 'register') word |= Number(value) << field.low;
    else word |= solve(row, name, value, free);
  }
  return word >>> 0;
}

/** Bits of the word that give a word field its value. */
function solve(row: Row, name: string, value: bigint, free: readonly number[]): number {
  const zero = fieldValues(row.format, row.match)[name] ?? 0n;
  let left = value ^ zero;
  let bits = 0;
  // Each bit of the word turns some bits of the value: the lowest of them is its own.
  for (const bit of free) {
    const turned = (fieldValues(row.format, (row.match ^ (1 << bit)) >>> 0)[name] ?? 0n) ^ zero;
    const lowest = turned & -turned;
    if (turned === 0n || (left & lowest) === 0n) continue;
    left ^= turned;
    bits |= 1 << bit;
  }
  assert.equal(left, 0n, `${row.name}: ${name} = ${value} cannot be encoded`);
  return bits;
}

let halves: Decoded[] | undefined;

/** All half-words that are instructions, decoded. */
export function allHalves(): readonly Decoded[] {
  halves ??= Array.from({ length: 0x1_0000 }, (_, half) => half).flatMap((half) => {
    const decoded = (half & 3) === 3 ? undefined : decode(ISA, half, 2);
    return decoded ? [{ ...decoded, word: half }] : [];
  });
  return halves;
}
