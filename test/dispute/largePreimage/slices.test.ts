// Slices of lanes against their definition, bit by bit, in big integers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToBigint } from '../../../src/bytes.ts';
import { rotatedFrom, STREAMS, slice, unslice } from '../../../src/dispute/largePreimage/slices.ts';
import { Random } from '../../commitment/random.ts';

const random = new Random('slices');
const MASK64 = (1n << 64n) - 1n;

const littleEndian = (bytes: Uint8Array): bigint => bytesToBigint(bytes.toReversed());
const wordOf = (words: Uint8Array, i: number): bigint => bytesToBigint(words.subarray(32 * i, 32 * i + 32));

/** Word `half` of a lane by the definition: bit z of the lane of stream k is bit 8 floor(z / 2) + k of word z mod 2. */
function defined(lanes: readonly bigint[], half: number): bigint {
  let word = 0n;
  lanes.forEach((lane, k) => {
    for (let z = half; z < 64; z += 2) word |= ((lane >> BigInt(z)) & 1n) << BigInt(8 * ((z - half) / 2) + k);
  });
  return word;
}

test('every bit is where the definition has it, and comes back', () => {
  const streams = Array.from({ length: STREAMS }, () => random.bytes(5 * 8));
  const words = slice(streams);
  assert.equal(words.length, 5 * 64);
  for (let lane = 0; lane < 5; lane++) {
    const lanes = streams.map((bytes) => littleEndian(bytes.subarray(8 * lane, 8 * lane + 8)));
    for (const half of [0, 1]) assert.equal(wordOf(words, 2 * lane + half), defined(lanes, half));
  }
  streams.forEach((bytes, k) => {
    assert.deepEqual(unslice(words, k), bytes);
  });
});

test('streams that are missing are zero', () => {
  const stream = random.bytes(200);
  const words = slice([stream]);
  assert.deepEqual(words, slice([stream, ...new Array(7).fill(new Uint8Array(200))]));
  assert.deepEqual(unslice(words, 0), stream);
  for (let k = 1; k < STREAMS; k++) assert.deepEqual(unslice(words, k), new Uint8Array(200));
});

test('lanes that cannot be sliced are refused', () => {
  assert.throws(() => slice([new Uint8Array(7)]));
  assert.throws(() => slice(new Array(9).fill(new Uint8Array(8))));
});

test('a rotation of all lanes by any number of bits is a rotation of their words by bytes', () => {
  const streams = Array.from({ length: STREAMS }, () => random.bytes(8));
  const lanes = streams.map(littleEndian);
  const words = slice(streams);
  const rotateWord = (word: bigint, bytes: number) =>
    ((word << BigInt(8 * bytes)) | (word >> BigInt(256 - 8 * bytes))) & ((1n << 256n) - 1n);
  for (let bits = 0; bits < 64; bits++) {
    const rotated = lanes.map((lane) => ((lane << BigInt(bits)) | (lane >> BigInt(64 - bits))) & MASK64);
    for (const half of [0, 1]) {
      const from = rotatedFrom(bits, half);
      assert.equal(
        rotateWord(wordOf(words, from.word), from.bytes),
        defined(rotated, half),
        `${bits} bits, word ${half}`,
      );
    }
  }
});
