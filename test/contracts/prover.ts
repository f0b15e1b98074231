// For tests: a machine whose steps are proven, and proofs held against the verifier in an EVM.

import assert from 'node:assert/strict';
import { bytesToHex } from '../../src/bytes.ts';
import { MemoryTree } from '../../src/commitment/memoryTree.ts';
import { type MadeStepProof, makeStepProof } from '../../src/dispute/stepProof/make.ts';
import type { Host } from '../../src/environment/host.ts';
import { type Inputs, makeInputs } from '../../src/environment/inputs.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { LEAF_BYTES } from '../../src/machine/memoryMap.ts';
import { setInputs } from '../../src/machine/program.ts';
import { makeMachine } from '../engine/randomCode.ts';
import { type Evm, errorName } from './evm.ts';

const NO_HOST: Host = { preimage: () => undefined, hint: () => {}, output: () => {} };

export class Prover {
  readonly machine: Machine;
  readonly tree = new MemoryTree();
  readonly inputs: Inputs;
  readonly #host: Host;

  constructor(machine: Machine = makeMachine(), host: Host = NO_HOST, inputs: Inputs = makeInputs()) {
    this.machine = machine;
    this.inputs = inputs;
    this.#host = host;
    setInputs(machine, inputs);
  }

  /** Takes the next step and proves it. */
  step(): MadeStepProof {
    return makeStepProof(this.machine, this.tree, this.#host, this.inputs);
  }

  /** Makes the leaves zero again that a proof touched. */
  clear({ record }: MadeStepProof): void {
    for (const leaf of record.leaves.keys()) this.machine.write(leaf * LEAF_BYTES, new Uint8Array(LEAF_BYTES));
  }
}

/** A proof with words that say what it is of, for messages. */
export interface Named {
  readonly name: string;
  readonly made: MadeStepProof;
}

/** Asserts that the verifier takes every step as we did. */
export async function assertAccepted(evm: Evm, proofs: readonly Named[]): Promise<void> {
  const results = await evm.steps(proofs.map(({ made }) => made));
  for (const [i, { name, made }] of proofs.entries()) {
    const { ok, data } = results[i] ?? { ok: false, data: '' };
    const found = ok ? data : errorName(data);
    assert.equal(found, made.post, `${name}, pre ${made.pre}, proof ${bytesToHex(made.proof)}`);
  }
}
