// Numbers in their shortest form, proofs to bytes and back, and bytes that come from somebody who means harm.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from '../../../src/bytes.ts';
import { decodeStepProof, encodeStepProof } from '../../../src/dispute/stepProof/codec.ts';
import { MAX_PROOF_BYTES } from '../../../src/dispute/stepProof/format.ts';
import { encodeNumber, ProofReader, packCodes } from '../../../src/dispute/stepProof/numbers.ts';
import { verifyStepProof } from '../../../src/dispute/stepProof/verify.ts';
import { Random, seed } from '../../engine/randomCode.ts';
import { allSteps } from './steps.ts';

const U64 = (1n << 64n) - 1n;

test('a number takes as few bytes as it needs, zeros or ones left out', () => {
  const cases: readonly (readonly [value: bigint, code: number, bytes: readonly number[]])[] = [
    [0n, 0, []],
    [1n, 1, [1]],
    [255n, 1, [255]],
    [256n, 2, [1, 0]],
    [0xefff_ffffn, 4, [0xef, 255, 255, 255]],
    [1n << 63n, 8, [128, 0, 0, 0, 0, 0, 0, 0]],
    [U64, 9, []],
    [U64 - 1n, 10, [254]],
    [U64 - 255n, 10, [0]],
    [U64 - 256n, 11, [254, 255]],
    [0xffff_0000_0000_0000n, 15, [0, 0, 0, 0, 0, 0]],
    [0xfffe_ffff_ffff_ffffn, 8, [255, 254, 255, 255, 255, 255, 255, 255]],
    [0xff00_0000_0000_0000n, 8, [255, 0, 0, 0, 0, 0, 0, 0]],
  ];
  for (const [value, code, bytes] of cases)
    assert.deepEqual(encodeNumber(value), { code, bytes: Uint8Array.from(bytes) }, `${value}`);
});

test('every number comes back, and no other code gives it', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  const near = (bit: number) => [-1n, 0n, 1n].map((delta) => BigInt.asUintN(64, (1n << BigInt(bit)) + delta));
  const values = Array.from({ length: 64 }, (_, bit) => near(bit)).flat();
  for (let i = 0; i < 2_000; i++)
    values.push(random.word64() >> BigInt(random.below(64)), U64 - (random.word64() >> BigInt(random.below(64))));
  for (const value of values) {
    const { code, bytes } = encodeNumber(value);
    assert.equal(new ProofReader(bytes).number(code, 8, 'x1'), value);
    for (let other = 0; other < 16; other++) {
      if (other === code) continue;
      // The low bytes of the value, as many as this code takes.
      const count = other > 8 ? other - 9 : other;
      const low = Uint8Array.from({ length: count }, (_, i) => Number((value >> BigInt(8 * (count - 1 - i))) & 255n));
      const read = () => new ProofReader(low).number(other, 8, 'x1');
      try {
        assert.notEqual(read(), value, `code ${other} gives ${value}`);
      } catch (error) {
        if ((error as { code?: string }).code !== 'PROOF_NUMBER') throw error;
      }
    }
  }
});

test('codes are packed two to a byte, the half byte left over is 0', () => {
  assert.deepEqual(packCodes([1, 2, 3]), Uint8Array.of(0x12, 0x30));
  assert.deepEqual(new ProofReader(Uint8Array.of(0x12, 0x30)).codes(3, 'cold'), [1, 2, 3]);
  assert.throws(() => new ProofReader(Uint8Array.of(0x12, 0x31)).codes(3, 'cold'), { code: 'PROOF_PADDING' });
});

test('a proof is the same after it was taken apart', () => {
  for (const { name, made } of allSteps())
    assert.deepEqual(encodeStepProof(decodeStepProof(made.proof)), made.proof, name);
});

test('sizes from outside are bounded before they are believed', () => {
  const [{ made } = assert.fail()] = allSteps();
  assert.throws(() => verifyStepProof(made.pre, new Uint8Array(MAX_PROOF_BYTES + 1)), { code: 'PROOF_LENGTH' });
  assert.throws(() => verifyStepProof(made.pre, new Uint8Array(0)), { code: 'PROOF_LENGTH' });
  assert.throws(() => verifyStepProof(made.pre, new Uint8Array(MAX_PROOF_BYTES).fill(255)), { code: 'PROOF_HEADER' });
  const long = concat([made.proof, new Uint8Array(20_000)]);
  assert.throws(() => verifyStepProof(made.pre, long), { code: 'MULTIPROOF_LENGTH' });
});
