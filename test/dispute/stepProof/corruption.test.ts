// Proofs with any one byte changed, cut short or made longer are refused by name: never accepted, never a crash, neither by
// the library nor by the contract.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyStepProof } from '../../../src/dispute/stepProof/verify.ts';
import { InputError } from '../../../src/errors.ts';
import type { Hash } from '../../../src/units.ts';
import { Evm, errorName } from '../../contracts/evm.ts';
import { assertAccepted } from '../../contracts/prover.ts';
import { Random, seed } from '../../engine/randomCode.ts';
import { allSteps } from './steps.ts';

const CORRUPTIONS = 10_000;
const IN_THE_EVM = 3_000;

interface Corrupted {
  readonly name: string;
  readonly pre: Hash;
  readonly proof: Uint8Array;
}

const steps = allSteps();

function corrupt(random: Random): Corrupted {
  const { name, made } = random.pick(steps);
  const proof = Uint8Array.from(made.proof);
  const at = random.below(proof.length);
  const was = proof[at] ?? 0;
  // One bit, or any other value.
  const now = random.chance(0.5) ? was ^ (1 << random.below(8)) : (was + 1 + random.below(255)) & 0xff;
  proof[at] = now;
  return { name: `${name}: byte ${at} of ${proof.length} changed from ${was} to ${now}`, pre: made.pre, proof };
}

/** Every proof cut at every length, and with bytes after its end. */
function resized(): Corrupted[] {
  return steps.flatMap(({ name, made: { pre, proof } }) => [
    ...Array.from({ length: proof.length }, (_, size) => ({
      name: `${name}: ${size} bytes`,
      pre,
      proof: proof.slice(0, size),
    })),
    ...[1, 31, 32, 33].map((more) => ({
      name: `${name}: ${more} more`,
      pre,
      proof: Uint8Array.of(...proof, ...new Uint8Array(more)),
    })),
  ]);
}

function assertRefused({ name, pre, proof }: Corrupted): void {
  try {
    verifyStepProof(pre, proof);
  } catch (error) {
    assert.ok(
      error instanceof InputError && /^(PROOF|MULTIPROOF)_/.test(error.code),
      `${name}: ${(error as Error).stack}`,
    );
    return;
  }
  assert.fail(`${name}: accepted`);
}

test('the steps that are corrupted below are proven', async () => {
  const evm = await Evm.start();
  try {
    await assertAccepted(evm, steps);
  } finally {
    evm.stop();
  }
});

test('the library refuses 10,000 corruptions', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  for (let i = 0; i < CORRUPTIONS; i++) assertRefused(corrupt(random));
});

test('the library refuses every other length', () => {
  for (const each of resized()) assertRefused(each);
});

test('the contract refuses corruptions and other lengths', async (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  const all = [
    ...Array.from({ length: IN_THE_EVM }, () => corrupt(random)),
    ...resized().filter(() => random.chance(0.2)),
  ];
  const evm = await Evm.start();
  try {
    const results = await evm.steps(all);
    for (const [i, { ok, data }] of results.entries()) {
      assert.ok(!ok, `${all[i]!.name}: accepted`);
      assert.match(errorName(data), /^[A-Z]\w+\(.*\)$/, all[i]!.name);
    }
  } finally {
    evm.stop();
  }
});
