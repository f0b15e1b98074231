// A step that reads from a preimage of 1.7 MB: too large for any transaction, so it is uploaded, and then the step is
// executed by the verifier like any other.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { proveLargePart } from '../../src/chain/preimageStore.ts';
import { createHost } from '../../src/environment/host.ts';
import { makeInputs } from '../../src/environment/inputs.ts';
import { keyOf } from '../../src/environment/preimageKey.ts';
import { Random } from '../commitment/random.ts';
import { bytesOf, CODE, DATA, makeMachine } from '../engine/randomCode.ts';
import { Evm } from './evm.ts';
import { Prover } from './prover.ts';

const ECALL = 0x73;
const READ = 63n;
const PREIMAGE_FD = 5n;
const random = new Random('a step that reads a large preimage');

let evm: Evm;
before(async () => {
  evm = await Evm.start();
});
after(() => evm.stop());

test('a step reads 32 bytes of 1.7 MB', async () => {
  const preimage = random.bytes(1_700_000);
  const key = keyOf(preimage);
  const inputs = makeInputs({});
  const source = { name: 'test', preimage: () => preimage };
  const prover = new Prover(makeMachine(), createHost({ inputs, sources: [source] }), inputs);
  const { machine } = prover;
  machine.write(CODE, bytesOf(ECALL));
  // Across two blocks of the sponge.
  const offset = 8 + 136 * 9_000 - 10;
  machine.setBytes('preimageKey', key);
  machine.set('preimageOffset', BigInt(offset));
  [PREIMAGE_FD, BigInt(DATA), 32n].forEach((value, i) => {
    machine.setX(10 + i, value);
  });
  machine.setX(17, READ);
  const { pre, post, proof } = prover.step();
  assert.deepEqual(machine.bytes.slice(DATA, DATA + 32), preimage.slice(offset - 8, offset + 24));

  const [before] = await evm.steps([{ pre, proof }]);
  assert.ok(!before!.ok, 'accepted without the preimage');
  const { transactions, gasUsed } = await proveLargePart(evm.signer, evm.addresses.store, preimage, offset);
  const [after] = await evm.steps([{ pre, proof }]);
  assert.equal(after!.data, post);
  console.log(
    `${transactions} transactions and ${gasUsed} gas, then the step: ${after!.gasUsed} gas and ${proof.length} bytes`,
  );
});
