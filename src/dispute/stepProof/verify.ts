// Checks a one-step proof without the machine, exactly as the contract does: the proof's record must have the state hash
// that is known, its leaves must lead to that record's memory root, and the step executes on nothing but what it opens.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { bigintToBytes, writeU64LE } from '../../bytes.ts';
import { checkMultiproof } from '../../commitment/multiproof.ts';
import { stateHash, statusOfHash } from '../../commitment/stateHash.ts';
import type { Access } from '../../engine/machineHart.ts';
import { type ExecutedStep, executeStep } from '../../engine/step.ts';
import { InputError } from '../../errors.ts';
import { assert } from '../../invariant.ts';
import { FIELDS, MACHINE_VERSION, RECORD_BYTES, type RecordPart, STATUS } from '../../semantics/layout.ts';
import { asHash, type Hash, hashToBytes } from '../../units.ts';
import { decodeStepProof } from './codec.ts';
import type { StepProof } from './format.ts';
import { type OpenedLeaf, ProofHart } from './proofHart.ts';

/** What a proof proves. */
export interface VerifiedStep {
  /** The state hash after the step. */
  readonly post: Hash;
  readonly executed: ExecutedStep;
  /** State variables that the proof opens, before the step and after it; empty for a halted machine. */
  readonly before: ReadonlyMap<string, bigint>;
  readonly after: ReadonlyMap<string, bigint>;
  /** The leaves that the step accessed. */
  readonly leaves: readonly OpenedLeaf[];
  /** The accesses to memory, in order: first the fetch. */
  readonly accesses: readonly Access[];
}

/**
 * The state hash after the step that `proof` proves of the state with hash `pre`. A halted state has the empty proof and
 * stays as it is. `stored` is the preimage, where the proof leaves it to the
 * preimage store.
 * @throws InputError `PROOF_...`, `MULTIPROOF_...`: the proof is not one of this state
 */
export function verifyStepProof(pre: Hash, proof: Uint8Array, stored?: Uint8Array): VerifiedStep {
  const status = statusOfHash(hashToBytes(pre));
  if (status > STATUS.running)
    throw new InputError(
      'PROOF_PRE_STATE',
      `step proof: ${pre} is not the hash of a state: its first byte is ${status}`,
    );
  if (status !== STATUS.running) return halted(pre, proof);
  const opened = decodeStepProof(proof);
  const hart = new ProofHart(opened, stored);
  const found = hashOf(opened, opened.state, hart.fpHash, roots(opened, hart.leaves).before);
  if (found !== pre)
    throw new InputError('PROOF_PRE_STATE', `step proof: expected a proof of the state ${pre}, found one of ${found}`, {
      hint: 'It was made of another state, or it is damaged.',
    });
  const executed = executeStep(hart, () => hart.fetched());
  assert(executed.kind !== 'halted', 'a running machine is not halted');
  hart.finish('program' in executed ? executed.program.opens : new Set());
  const post = hashOf(opened, hart.state, hart.fpHash, roots(opened, hart.leaves).after);
  return { post, executed, before: opened.state, after: hart.state, leaves: hart.leaves, accesses: hart.accesses };
}

function halted(pre: Hash, proof: Uint8Array): VerifiedStep {
  if (proof.length > 0)
    throw new InputError('PROOF_LENGTH', `step proof: expected no bytes for a halted machine, found ${proof.length}`);
  return { post: pre, executed: { kind: 'halted' }, before: new Map(), after: new Map(), leaves: [], accesses: [] };
}

/** The memory roots that the proof leads to, with the leaves as they are before the step and now. */
function roots({ memory, zeroed }: StepProof, leaves: readonly OpenedLeaf[]) {
  return leaves.length === 0 ? { before: memory, after: memory } : checkMultiproof(memory, leaves, zeroed);
}

/** The state hash of the record with these values. */
function hashOf(
  { parts, hashes }: StepProof,
  state: ReadonlyMap<string, bigint>,
  fpHash: Uint8Array | undefined,
  memoryRoot: Uint8Array,
): Hash {
  const bytes = new Map<string, Uint8Array>([['memoryRoot', memoryRoot]]);
  for (const part of ['cold', 'fp'] as const) {
    const given = part === 'fp' ? fpHash : hashes.get(part);
    const hash = parts.has(part) ? keccak_256(recordOf(part, state, bytes)) : given;
    assert(hash !== undefined, () => `no hash of ${part}`);
    bytes.set(`${part}Hash`, hash);
  }
  return asHash(stateHash(recordOf('hot', state, bytes)));
}

/** The bytes of a part of the record: numbers from `state`, 32-byte fields from there or from `hashes`. */
function recordOf(
  part: RecordPart,
  state: ReadonlyMap<string, bigint>,
  hashes: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES[part]);
  const value = (name: string): bigint => {
    const found = name === 'version' ? BigInt(MACHINE_VERSION) : state.get(name);
    assert(found !== undefined, () => `a step proof without ${name}`);
    return found;
  };
  for (const { name, kind, bytes, offset, part: owner } of FIELDS) {
    if (owner !== part) continue;
    if (kind === 'number') record.set(bigintToBytes(value(name), bytes), offset);
    else if (hashes.has(name)) record.set(hashes.get(name) ?? [], offset);
    else for (let word = 0; word < 4; word++) writeU64LE(record, offset + 8 * word, value(`${name}.${word}`));
  }
  return record;
}
