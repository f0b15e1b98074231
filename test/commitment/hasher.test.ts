// keccak256 as emitted WebAssembly against @noble/hashes.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { Hasher, HasherCode } from '../../src/commitment/hasher.ts';
import type { BatchFunction } from '../../src/commitment/keccakBatch.ts';

const LENGTHS = [0, 1, 7, 8, 31, 32, 63, 64, 135, 136, 137, 271, 272, 273, 380, 407, 408, 65279, 65280, 65281, 200000];

test('one call: every length up to three blocks, long ones, and empty', () => {
  const hasher = new Hasher();
  const data = randomBytes(200_000);
  for (const length of [...Array(420).keys(), ...LENGTHS]) {
    const message = data.subarray(0, length);
    assert.deepEqual(hasher.hash(message), keccak_256(message), `length ${length}`);
  }
});

test('pairs: odd and even counts, left and right anywhere, results over their own inputs', () => {
  const hasher = new Hasher();
  for (const count of [1, 2, 3, 64, 101]) {
    const jobs = hasher.allocate(12 * count);
    const data = hasher.allocate(64 * count, 1);
    const out = hasher.allocate(32 * count);
    const input = randomBytes(64 * count);
    hasher.bytes.set(input, data);
    const order = [...Array(count).keys()].map((i) => (7 * i) % count);
    for (let i = 0; i < count; i++) {
      const inPlace = i % 3 === 0;
      hasher.words.set([data + 64 * i + 32, data + 64 * i, inPlace ? data + 64 * i : out + 32 * i], jobs / 4 + 3 * i);
    }
    hasher.hashPairs(jobs, count);
    for (const i of order) {
      const expected = keccak_256(
        Buffer.concat([input.subarray(64 * i + 32, 64 * i + 64), input.subarray(64 * i, 64 * i + 32)]),
      );
      const at = i % 3 === 0 ? data + 64 * i : out + 32 * i;
      assert.deepEqual(hasher.bytes.slice(at, at + 32), expected, `pair ${i} of ${count}`);
    }
  }
  hasher.hashPairs(0, 0);
});

test('batches of messages of a fixed length, whole and in two parts that share the first block', () => {
  for (const length of [0, 1, 5, 8, 64, 135, 136, 137, 271, 272, 380]) {
    const message = [{ word: 0, bytes: length }];
    const functions: BatchFunction[] = [
      { name: 'whole', jobWords: 2, message, result: { word: 1, kind: 'hash' } },
      ...(length < 136
        ? []
        : ([
            { name: 'start', jobWords: 2, message, blocks: { first: 0, end: 1 }, result: { word: 1, kind: 'state' } },
            {
              name: 'rest',
              jobWords: 3,
              message,
              blocks: { first: 1, end: Math.floor(length / 136) + 1 },
              stateWord: 2,
              result: { word: 1, kind: 'hash' },
            },
          ] as const)),
    ];
    const hasher = new Hasher(new HasherCode(functions));
    const count = 5;
    const data = hasher.allocate(length * count, 1);
    const out = hasher.allocate(32 * count);
    const states = hasher.allocate(200 * count);
    const jobs = hasher.allocate(12 * count);
    hasher.bytes.set(randomBytes(length * count), data);
    const expected = Array.from({ length: count }, (_, i) =>
      Buffer.from(keccak_256(hasher.bytes.slice(data + length * i, data + length * (i + 1)))),
    );
    const run = (name: string, job: (i: number) => number[]) => {
      hasher.words.set(Array.from({ length: count }, (_, i) => job(i)).flat(), jobs / 4);
      hasher.batch(name)(jobs, count);
    };
    const results = () =>
      Array.from({ length: count }, (_, i) => Buffer.from(hasher.bytes.slice(out + 32 * i, out + 32 * i + 32)));
    run('whole', (i) => [data + length * i, out + 32 * i]);
    assert.deepEqual(results(), expected, `length ${length}`);
    if (length < 136) continue;
    hasher.bytes.fill(0, out, out + 32 * count);
    run('start', (i) => [data + length * i, states + 200 * i]);
    run('rest', (i) => [data + length * i, out + 32 * i, states + 200 * i]);
    assert.deepEqual(results(), expected, `length ${length} in two parts`);
  }
});

test('the arena grows and keeps what it holds; 4 GiB is its end, by name', () => {
  const hasher = new Hasher();
  const first = hasher.allocate(100_000);
  hasher.bytes.fill(7, first, first + 100_000);
  const second = hasher.allocate(10_000_000, 8192);
  assert.equal(second % 8192, 0);
  assert.ok(hasher.bytes.subarray(first, first + 100_000).every((byte) => byte === 7));
  assert.ok(hasher.bytes.subarray(second, second + 10_000_000).every((byte) => byte === 0));
  assert.throws(() => hasher.allocate(2 ** 32 - 1), { code: 'COMMITMENT_MEMORY_FULL' });
  assert.deepEqual(hasher.hash(Uint8Array.of(1)), keccak_256(Uint8Array.of(1)));
});
