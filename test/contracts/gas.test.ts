// A step stays within its gas: some random steps of each class, of which the most expensive is also sent as a transaction,
// so that what the table of contracts/GAS.md computes is what a chain charges.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bytesToHex } from '../../src/bytes.ts';
import { CLASSES, calldata, classOf, measure, type Sample, sample, startRun, transactionGas } from '../bench/gas.ts';
import { Evm } from './evm.ts';

const SAMPLES = 20;
const SEED = 7;
/** A call of a contract that the transaction has not accessed before. */
const COLD_CALL = 2_500;

let evm: Evm;
let samples: Sample[];
before(async () => {
  samples = sample(startRun(), SAMPLES, SEED);
  evm = await Evm.start();
});
after(() => evm.stop());

test('every class of steps is within its budget', async () => {
  const measured = await measure(evm, samples);
  assert.deepEqual(
    measured.map((row) => row.samples),
    measured.map(() => SAMPLES),
  );
  for (const { class: name, osaka, amsterdam } of measured) {
    const budget = CLASSES[name];
    assert.ok(osaka > 21_000 && osaka <= (budget.osaka ?? Number.POSITIVE_INFINITY), `${name}: ${osaka} gas`);
    assert.ok(amsterdam <= (budget.amsterdam ?? Number.POSITIVE_INFINITY), `${name}: ${amsterdam} gas in Amsterdam`);
  }
});

test('a transaction costs what the table says', async () => {
  const results = await evm.steps(samples.map(({ made }) => made));
  for (const name of new Set(samples.map((each) => each.class))) {
    const index = samples.findIndex(({ made }) => classOf(made.record) === name);
    const data = calldata(samples[index]!.made);
    const sent = await evm.signer.sendTransaction({
      to: evm.addresses.verifier,
      data: bytesToHex(data),
      gasLimit: 1_000_000,
    });
    const receipt = await sent.wait();
    const expected = transactionGas(data, results[index]!.gasUsed + COLD_CALL).osaka;
    // The batch of the test and a transaction differ by a few units in how they enter the contract.
    assert.ok(
      Math.abs(Number(receipt!.gasUsed) - expected) < 200,
      `${name}: ${receipt!.gasUsed}, computed ${expected}`,
    );
  }
});
