// The benchmark guests under qemu-riscv64: each checksum is computed again here, by another implementation.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { QEMU_MISSING, runUnderQemu } from './qemu.ts';

const MASK = (1n << 64n) - 1n;
const mix = (checksum: bigint, value: bigint) => (checksum * 31n + value) & MASK;

/** Each hash is the start of the next message of 4,096 bytes; the checksum is the first 8 bytes of the last. */
function hashChain(hash: (message: Uint8Array) => Uint8Array, count: number): bigint {
  const message = new Uint8Array(4096);
  for (let i = 0; i < count; i++) message.set(hash(message));
  return new DataView(message.buffer).getBigUint64(0);
}

function sieve(count: number): bigint {
  const size = 1 << 20;
  const composite = new Uint8Array(size);
  const primes: bigint[] = [];
  for (let n = 2; n < size; n++) {
    if (composite[n]) continue;
    primes.push(BigInt(n));
    for (let multiple = 2 * n; multiple < size; multiple += n) composite[multiple] = 1;
  }
  let checksum = 0n;
  for (let i = 0; i < count; i++) for (const prime of primes) checksum = mix(checksum, prime);
  return checksum;
}

function quicksort(count: number): bigint {
  let [checksum, random] = [0n, 0x9e3779b97f4a7c15n];
  for (let i = 0; i < count; i++) {
    const numbers = BigUint64Array.from({ length: 1 << 16 }, () => {
      random ^= (random << 13n) & MASK;
      random ^= random >> 7n;
      random ^= (random << 17n) & MASK;
      return random;
    }).sort();
    for (let j = 0; j < numbers.length; j += 97) checksum = mix(checksum, numbers[j] ?? 0n);
  }
  return checksum;
}

function fibonacci(count: number): bigint {
  const values = [46_368n, 75_025n];
  return Array.from({ length: count }, (_, i) => values[i % 2] ?? 0n).reduce(mix, 0n);
}

function bytecode(count: number): bigint {
  const collatz = (limit: number) => {
    let steps = 0;
    for (let n = 1; n < limit; n++) for (let m = n; m > 1; m = m % 2 ? 3 * m + 1 : m / 2) steps++;
    return BigInt(steps);
  };
  return Array.from({ length: count }, (_, i) => collatz(1000 + i)).reduce(mix, 0n);
}

/** Rotations by 7 in two 32-bit halves: a million BigInts would be slow. */
function chase(count: number): bigint {
  const nodes = 1 << 22;
  const values = Uint32Array.from({ length: nodes }, (_, i) => i);
  let [high, low, at] = [0, 0, 0];
  for (let hop = 0; hop < count << 20; hop++) {
    const rotatedHigh = (high << 7) | (low >>> 25);
    low = ((low << 7) | (high >>> 25)) ^ (values[at] ?? 0);
    high = rotatedHigh;
    values[at] = (values[at] ?? 0) + 1;
    at = (Math.imul(at, 1_664_525) + 1_013_904_223) & (nodes - 1);
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function matrix(count: number): bigint {
  const size = 64;
  const at = (m: readonly bigint[], i: number, j: number) => m[size * i + j] ?? 0n;
  const make = (value: (i: number, j: number) => bigint) =>
    Array.from({ length: size * size }, (_, n) => value(Math.floor(n / size), n % size) & MASK);
  let a = make((i, j) => BigInt(size * i + j) * 0x9e3779b97f4a7c15n);
  const b = make((i, j) => BigInt(size * i + j + 7) * 0xc2b2ae3d27d4eb4fn);
  for (let n = 0; n < count; n++) {
    const product = make((i, j) => {
      let sum = 0n;
      for (let k = 0; k < size; k++) sum += at(a, i, k) * at(b, k, j);
      return sum;
    });
    a = make((i, j) => at(product, i, j) ^ (at(product, j, i) >> 7n));
  }
  return a.reduce(mix, 0n);
}

const sha256 = (message: Uint8Array) => createHash('sha256').update(message).digest();
const CASES: [name: string, count: number, checksum: (count: number) => bigint][] = [
  ['sieve', 2, sieve],
  ['sha256', 5, (count) => hashChain(sha256, count)],
  ['keccak', 5, (count) => hashChain(keccak_256, count)],
  ['quicksort', 2, quicksort],
  ['fibonacci', 3, fibonacci],
  ['chase', 1, chase],
  ['bytecode', 3, bytecode],
  ['matrix', 2, matrix],
];

describe('the benchmark guests', { skip: QEMU_MISSING }, () => {
  const elf = (name: string) => fileURLToPath(new URL(`../../guests/bench/${name}.elf`, import.meta.url));

  for (const [name, count, checksum] of CASES)
    it(`${name} computes what it says`, async () => {
      const { exitCode, text } = await runUnderQemu(elf(name), [String(count)]);
      const digits = checksum(count).toString(16).padStart(16, '0');
      assert.deepEqual([exitCode, text], [0, `${name}: ${count} iterations, checksum 0x${digits}\n`]);
    });

  it('take no number that is none, and one without argument', async () => {
    for (const argument of ['', 'x', '-1', '1.5', '1'.repeat(19)]) {
      const { exitCode, text } = await runUnderQemu(elf('fibonacci'), [argument]);
      assert.deepEqual([exitCode, text], [2, 'expected a number of iterations\n'], argument);
    }
    assert.match((await runUnderQemu(elf('fibonacci'), [])).text, /^fibonacci: 8 iterations/);
    assert.match((await runUnderQemu(elf('fibonacci'), ['0'])).text, /checksum 0x0{16}\n$/);
  });
});
