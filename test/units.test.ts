// Units: both ends of every range, canonical hashes, and agreement with the machine's memory map.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEAF_BYTES, PAGE_BYTES, PAGE_COUNT, TREE_DEPTH } from '../src/machine/memoryMap.ts';
import * as units from '../src/units.ts';

const broken = { name: 'InvariantError' };
const HASH = `0x${'0123456789abcdef'.repeat(4)}`;

test('a step runs from 0 to 2^44, both included', () => {
  assert.equal(units.asStep(0n), 0n);
  assert.equal(units.asStep(17_592_186_044_416n), units.LAST_STEP);
  for (const value of [-1n, units.LAST_STEP + 1n]) assert.throws(() => units.asStep(value), broken);
});

test('windows of 2^20 steps fill the history exactly', () => {
  assert.equal(units.WINDOW_STEPS, 1n << BigInt(units.WINDOW_STEPS_LOG2));
  assert.equal(units.WINDOW_STEPS << BigInt(units.WINDOWS_LOG2), units.LAST_STEP);
});

test('pages and leaves are those of the memory map', () => {
  assert.equal(units.asPageIndex(PAGE_COUNT - 1), PAGE_COUNT - 1);
  assert.throws(() => units.asPageIndex(PAGE_COUNT), broken);
  const leaves = (PAGE_COUNT * PAGE_BYTES) / LEAF_BYTES;
  assert.equal(leaves, 2 ** TREE_DEPTH);
  assert.equal(units.asLeafIndex(leaves - 1), leaves - 1);
  assert.throws(() => units.asLeafIndex(leaves), broken);
  assert.throws(() => units.asWindowIndex(2 ** 24), broken);
});

test('an index is a whole number from 0', () => {
  for (const make of [units.asPageIndex, units.asLeafIndex, units.asWindowIndex])
    for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => make(value), broken);
});

test('a hash is 0x and 64 lower-case digits', () => {
  assert.equal(units.asHash(HASH), HASH);
  assert.equal(units.isHash(HASH), true);
  for (const text of [HASH.slice(2), HASH.toUpperCase(), `${HASH}0`, HASH.slice(0, -1), `${HASH}\n`, '']) {
    assert.equal(units.isHash(text), false);
    assert.throws(() => units.asHash(text), broken);
  }
});

test('a hash converts to bytes and back; other sizes do not', () => {
  const bytes = units.hashToBytes(units.asHash(HASH));
  assert.equal(bytes.length, 32);
  assert.equal(units.asHash(bytes), HASH);
  assert.throws(() => units.asHash(bytes.subarray(1)), broken);
});

test('a hash from outside may be of either case and is made canonical', () => {
  assert.equal(units.parseHash(`0x${HASH.slice(2).toUpperCase()}`, 'claim'), HASH);
  assert.throws(() => units.parseHash('0x1234', 'claim'), { code: 'BAD_HEX', message: /^claim: expected 32 bytes/ });
});

test('a step from outside is a decimal number in range', () => {
  assert.equal(units.parseStep('17592186044416', '--step'), units.LAST_STEP);
  for (const text of ['', '-1', '1.5', '0x10', '1e3', ' 1', '17592186044417', '9'.repeat(1000)])
    assert.throws(() => units.parseStep(text, '--step'), {
      name: 'InputError',
      code: 'BAD_STEP',
      message: /^--step: /,
    });
});
