// Makes the proof of a machine's next step: executes it once, recorded, and encodes what it opened.

import { concat } from '../../bytes.ts';
import type { MemoryTree } from '../../commitment/memoryTree.ts';
import { makeMultiproof } from '../../commitment/multiproof.ts';
import { commitMachine } from '../../commitment/stateHash.ts';
import { committedFpHash, stackHash } from '../../commitment/threadStacks.ts';
import { evaluateStep, type StepRecord } from '../../engine/machineHart.ts';
import type { Host } from '../../environment/host.ts';
import type { Inputs } from '../../environment/inputs.ts';
import { KEY_TYPE } from '../../environment/preimageKey.ts';
import { assert } from '../../invariant.ts';
import type { Machine } from '../../machine/machine.ts';
import { type ThreadStack, threadNumbers } from '../../machine/threads.ts';
import { FIELDS } from '../../semantics/layout.ts';
import type { Hash } from '../../units.ts';
import { encodeStepProof } from './codec.ts';
import { MAX_WHOLE_PREIMAGE_BYTES, type ProofPreimage, type StepProof } from './format.ts';
import type { ProofThread } from './thread.ts';
import { verifyStepProof } from './verify.ts';

/** A proof, and the step that it proves. */
export interface MadeStepProof {
  readonly pre: Hash;
  readonly post: Hash;
  readonly proof: Uint8Array;
  readonly record: StepRecord;
  /** The preimage that must be in the preimage store, from preimageOffset on, before a contract accepts the proof. */
  readonly stored?: Uint8Array;
}

/**
 * The proof of the next step of `machine`, whose memory `tree` commits to up to the pages that are dirty. The machine
 * takes the step, and the tree follows. `inputs` are those whose hash is in the record: a step that reads a local key
 * shows them all. Throws what evaluateStep throws for a preimage that the host does not have.
 */
export function makeStepProof(machine: Machine, tree: MemoryTree, host: Host, inputs: Inputs): MadeStepProof {
  const { hash: pre } = commitMachine(machine, tree);
  const state = stateOf(machine);
  const record = evaluateStep(machine, host);
  // The tree still commits to the memory before the step: it does not look at the machine until it is told to.
  const opened = record.executed.kind === 'halted' ? undefined : open(state, tree, record, inputs);
  const { hash: post } = commitMachine(machine, tree);
  if (!opened) return { pre, post, proof: new Uint8Array(0), record };
  const proof = encodeStepProof(opened);
  const stored = opened.preimage?.kind === 'stored' ? record.preimage?.data : undefined;
  const verified = verifyStepProof(pre, proof, stored);
  assert(verified.post === post, 'a step proof that was just made does not lead to the state after the step');
  return { pre, post, proof, record, ...(stored && { stored }) };
}

interface State {
  readonly numbers: ReadonlyMap<string, bigint>;
  readonly hashes: ReadonlyMap<'cold' | 'fp', Uint8Array>;
}

/** Every state variable as it is now, and the hashes of the parts. */
function stateOf(machine: Machine): State {
  const numbers = new Map<string, bigint>();
  for (const { name, kind } of FIELDS)
    for (const each of kind === 'number' ? [name] : [0, 1, 2, 3].map((word) => `${name}.${word}`))
      numbers.set(each, machine.get(each));
  return {
    numbers,
    hashes: new Map([
      ['cold', machine.getBytes('coldHash')],
      ['fp', machine.getBytes('fpHash')],
    ]),
  };
}

function open(state: State, before: MemoryTree, record: StepRecord, inputs: Inputs): StepProof {
  const { executed, leaves, zeroed: pages, popped, preimage } = record;
  const parts = new Set('program' in executed ? executed.program.opens : []);
  const indices = [...leaves.keys()];
  const zeroed = pages && { height: 7 + pages.log2Pages, index: pages.address / 2 ** (12 + pages.log2Pages) };
  return {
    state: state.numbers,
    parts,
    hashes: state.hashes,
    leaves: indices.map((index) => ({ index, value: before.leaf(index) })),
    memory: indices.length === 0 ? before.root() : makeMultiproof(before, indices, zeroed),
    ...(popped && { thread: openThread(popped.stack) }),
    ...(zeroed && { zeroed }),
    ...(preimage && { preimage: openPreimage(preimage, inputs) }),
  };
}

function openThread(stack: ThreadStack): ProofThread {
  const numbers = threadNumbers(stack);
  return { numbers, fpHash: committedFpHash(stack), below: stackHash(stack.below) };
}

function openPreimage({ key, data }: NonNullable<StepRecord['preimage']>, inputs: Inputs): ProofPreimage {
  if (key[0] === KEY_TYPE.local) return { kind: 'inputs', words: concat(inputs) };
  if (data.length <= MAX_WHOLE_PREIMAGE_BYTES) return { kind: 'whole', data };
  return { kind: 'stored' };
}
