// The step verifier on a chain: deployed, asked for a step, and its refusals told apart from a chain that fails.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type EmbeddedL1, startEmbeddedL1 } from '../../src/chain/embeddedL1.ts';
import { deployVerifier, stepOnChain, type VerifierAddresses } from '../../src/chain/verifier.ts';
import { allSteps } from '../dispute/stepProof/steps.ts';

let l1: EmbeddedL1;
let addresses: VerifierAddresses;
const [{ made } = assert.fail()] = allSteps();

before(async () => {
  l1 = await startEmbeddedL1();
  addresses = await deployVerifier(await l1.signer(0));
});
after(() => l1.stop());

test('the verifier takes the step', async () => {
  assert.equal(await stepOnChain(l1.provider, addresses.verifier, made.pre, made.proof), made.post);
});

test('a refusal is one of the proof, with the name of the contract error', async () => {
  const damaged = Uint8Array.from(made.proof);
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
  await assert.rejects(stepOnChain(l1.provider, addresses.verifier, made.pre, damaged), {
    code: 'PROOF_REFUSED',
    message: /WrongPreState/,
  });
});

test('an address without the contract is a failure of the chain, not of the proof', async () => {
  const nobody = `0x${'11'.repeat(20)}`;
  await assert.rejects(stepOnChain(l1.provider, nobody, made.pre, made.proof), { code: 'VERIFIER' });
});

test('on hardhat the verifier takes the same steps', async () => {
  const other = await startEmbeddedL1('hardhat');
  try {
    const { verifier } = await deployVerifier(await other.signer(0));
    for (const { name, made: step } of allSteps())
      assert.equal(await stepOnChain(other.provider, verifier, step.pre, step.proof), step.post, name);
  } finally {
    other.stop();
  }
});
