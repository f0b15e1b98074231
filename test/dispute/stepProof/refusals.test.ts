// One thing wrong with a proof, one named error: in the library and in the contract.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bigintToBytes, concat } from '../../../src/bytes.ts';
import { makeMultiproof } from '../../../src/commitment/multiproof.ts';
import { zeroHash } from '../../../src/commitment/zeroHashes.ts';
import { decodeStepProof, encodeStepProof } from '../../../src/dispute/stepProof/codec.ts';
import { PART_FIELDS, type StepProof } from '../../../src/dispute/stepProof/format.ts';
import type { MadeStepProof } from '../../../src/dispute/stepProof/make.ts';
import { verifyStepProof } from '../../../src/dispute/stepProof/verify.ts';
import { FIELDS } from '../../../src/semantics/layout.ts';
import { asHash, type Hash } from '../../../src/units.ts';
import { Evm, errorName } from '../../contracts/evm.ts';
import type { Prover } from '../../contracts/prover.ts';
import { CODE, DATA } from '../../engine/randomCode.ts';
import { PREIMAGE, PROVERS } from './steps.ts';

/** Offsets in a proof. */
const CODES = 1;
const NUMBERS = 19;
const CODE_LEAF = CODE / 32;
const DATA_LEAF = DATA / 32;

interface Refusal {
  readonly name: string;
  readonly pre: Hash;
  readonly proof: Uint8Array;
  /** Code of the library's error, name of the contract's. */
  readonly code: string;
  readonly error: string;
}

const refusals: Refusal[] = [];

function refused(name: string, made: Pick<MadeStepProof, 'pre'>, proof: Uint8Array, code: string, error: string): void {
  refusals.push({ name, pre: made.pre, proof, code, error });
}

/** The step, its proof taken apart, and the prover, whose memory a step that writes nothing leaves as it was. */
function take(name: string): { prover: Prover; made: MadeStepProof; opened: StepProof } {
  const prover = PROVERS[name]!();
  const cold = new Map(
    FIELDS.filter(({ part, kind }) => part !== 'hot' && kind === 'number').map((each) => [
      each.name,
      prover.machine.get(each.name),
    ]),
  );
  for (const { name: field, kind, part } of FIELDS)
    if (kind === 'bytes32' && part !== 'hot')
      for (const word of [0, 1, 2, 3]) cold.set(`${field}.${word}`, prover.machine.get(`${field}.${word}`));
  const made = prover.step();
  const opened = decodeStepProof(made.proof);
  return { prover, made, opened: { ...opened, state: new Map([...cold, ...opened.state]) } };
}

/** The bytes with some replaced; nothing else moves. */
function patch(bytes: Uint8Array, at: number, ...values: readonly number[]): Uint8Array {
  const patched = Uint8Array.from(bytes);
  patched.set(values, at);
  return patched;
}

/** The bytes with `inserted` before position `at`. */
const insert = (bytes: Uint8Array, at: number, ...inserted: readonly number[]): Uint8Array =>
  concat([bytes.subarray(0, at), Uint8Array.from(inserted), bytes.subarray(at)]);

/** Where the number of a hot code begins: 1 is the reservation's address, 2 is x1, ... */
function numberAt(proof: Uint8Array, which: number): number {
  let at = NUMBERS;
  for (let i = 1; i < which; i++) {
    const code = codeOf(proof, i);
    at += code > 8 ? code - 9 : code;
  }
  return at;
}

function codeOf(proof: Uint8Array, which: number): number {
  const byte = proof[CODES + (which >> 1)] ?? 0;
  return which % 2 === 0 ? byte >> 4 : byte & 15;
}

function withCode(proof: Uint8Array, which: number, code: number): Uint8Array {
  const byte = proof[CODES + (which >> 1)] ?? 0;
  return patch(proof, CODES + (which >> 1), which % 2 === 0 ? (code << 4) | (byte & 15) : (byte & 0xf0) | code);
}

function headerAndNumbers(): void {
  const { made } = take('add');
  const { proof } = made;
  refused('a thread without the cold part', made, patch(proof, 0, 1), 'PROOF_HEADER', 'BadHeader');
  refused('a reservation of code 3', made, patch(proof, 0, 0xc0), 'PROOF_HEADER', 'BadHeader');
  refused('a preimage without the cold part', made, patch(proof, 0, 2), 'PROOF_HEADER', 'BadHeader');
  // x1 is -3, its last byte after 7 of 255; x2 is 9; x3 is -27.
  const [x1, x2] = [numberAt(proof, 2), numberAt(proof, 3)];
  assert.deepEqual([codeOf(proof, 2), codeOf(proof, 3), proof[x1], proof[x2]], [10, 1, 0xfd, 9]);
  refused('a leading zero', made, insert(withCode(proof, 3, 2), x2, 0), 'PROOF_NUMBER', 'NumberNotCanonical');
  refused('a zero spelt out', made, insert(withCode(proof, 1, 1), NUMBERS, 0), 'PROOF_NUMBER', 'NumberNotCanonical');
  refused('a leading 255', made, insert(withCode(proof, 2, 11), x1, 255), 'PROOF_NUMBER', 'NumberNotCanonical');
  refused(
    'all eight bytes of a negative number',
    made,
    insert(withCode(proof, 2, 8), x1, ...new Array(7).fill(255)),
    'PROOF_NUMBER',
    'NumberNotCanonical',
  );
  refused('another number', made, patch(proof, x2, 10), 'PROOF_PRE_STATE', 'WrongPreState');
  refused(
    'another state',
    { pre: asHash(made.pre.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))) },
    proof,
    'PROOF_PRE_STATE',
    'WrongPreState',
  );
  refused('no state', { pre: asHash(`0x04${made.pre.slice(4)}`) }, proof, 'PROOF_PRE_STATE', 'NotAState');
  refused(
    'a proof of a halted state',
    { pre: asHash(`0x00${made.pre.slice(4)}`) },
    proof,
    'PROOF_LENGTH',
    'ProofLength',
  );
  refused('nine leaves', made, withCode(proof, 0, 9), 'PROOF_LEAVES', 'TooManyLeaves');
}

function parts(): void {
  const add = take('add');
  const give = (taken: typeof add, part: 'cold' | 'fp', given: boolean) => {
    const set = new Set([...taken.opened.parts].filter((each) => each !== part));
    const hashes = new Map(taken.opened.hashes);
    if (given) set.add(part);
    else hashes.set(part, taken.prover.machine.getBytes(`${part}Hash`));
    return encodeStepProof({ ...taken.opened, parts: set, hashes });
  };
  refused('cold given to an addition', add.made, give(add, 'cold', true), 'PROOF_PARTS', 'PartsMismatch');
  refused('fp given to an addition', add.made, give(add, 'fp', true), 'PROOF_PARTS', 'PartsMismatch');
  const counter = take('counter that opens cold');
  refused('cold not given', counter.made, give(counter, 'cold', false), 'PROOF_PARTS', 'PartsMismatch');
  const illegal = take('illegal word');
  refused('cold given to an illegal word', illegal.made, give(illegal, 'cold', true), 'PROOF_PARTS', 'PartsMismatch');
  const odd = take('pc that is odd');
  refused('cold given to a failed fetch', odd.made, give(odd, 'cold', true), 'PROOF_PARTS', 'PartsMismatch');
  // The cold part begins with its codes, the first of which is that of inputsHash.
  const { made } = counter;
  const at = numberAt(made.proof, 36);
  assert.equal((made.proof[at] ?? 0) >> 4, 1);
  const code = (value: number) => patch(made.proof, at, (value << 4) | ((made.proof[at] ?? 0) & 15));
  refused('a 32-byte field of code 2', made, code(2), 'PROOF_NUMBER', 'NumberNotCanonical');
  const zero = patch(made.proof, at + Math.ceil(PART_FIELDS.cold.length / 2), ...new Array(32).fill(0));
  refused('a 32-byte field that is zero', made, zero, 'PROOF_NUMBER', 'NumberNotCanonical');
  const wide = new Map(counter.opened.state).set('traverseRight', 256n);
  refused(
    'a number too large for its field',
    made,
    encodeStepProof({ ...counter.opened, state: wide }),
    'PROOF_NUMBER',
    'NumberNotCanonical',
  );
}

function memory(): void {
  const { prover, made, opened } = take('load in one leaf');
  const { tree } = prover;
  assert.deepEqual(
    opened.leaves.map(({ index }) => index),
    [CODE_LEAF, DATA_LEAF],
  );
  const open = (indices: readonly number[]) =>
    encodeStepProof({
      ...opened,
      leaves: indices.map((index) => ({ index, value: tree.leaf(index) })),
      memory: makeMultiproof(tree, indices),
    });
  refused(
    'a leaf that is not accessed',
    made,
    open([CODE_LEAF, DATA_LEAF, DATA_LEAF + 1]),
    'PROOF_LEAF_UNUSED',
    'LeafUnused',
  );
  refused('a leaf too few', made, open([CODE_LEAF]), 'PROOF_LEAF_MISSING', 'LeafMissing');
  refused(
    'no leaf',
    made,
    encodeStepProof({ ...opened, leaves: [], memory: tree.root() }),
    'PROOF_LEAF_MISSING',
    'LeafMissing',
  );
  const swapped = encodeStepProof({ ...opened, leaves: [...opened.leaves].reverse() });
  refused('leaves in the wrong order', made, swapped, 'PROOF_LEAVES', 'LeavesNotAscending');
  const twice = encodeStepProof({ ...opened, leaves: [opened.leaves[0]!, ...opened.leaves] });
  refused('a leaf twice', made, twice, 'PROOF_LEAVES', 'LeavesNotAscending');
  const beyond = encodeStepProof({
    ...opened,
    leaves: [...opened.leaves, { index: 2 ** 27, value: new Uint8Array(32) }],
  });
  refused('a leaf beyond the end', made, beyond, 'PROOF_LEAVES', 'LeavesNotAscending');
  const other = encodeStepProof({
    ...opened,
    leaves: opened.leaves.map(({ index, value }) => ({ index, value: patch(value, 31, 1) })),
  });
  refused('another leaf', made, other, 'PROOF_PRE_STATE', 'WrongPreState');
  multiproof(made, opened);
}

function multiproof(made: MadeStepProof, opened: StepProof): void {
  const { memory: bytes } = opened;
  const replaced = (changed: Uint8Array) => encodeStepProof({ ...opened, memory: changed });
  const size = bytes[0] ?? 0;
  const NOT_CANONICAL = 'MultiproofNotCanonical';
  refused(
    'a bitmap one byte longer',
    made,
    replaced(insert(patch(bytes, 0, size + 1), 1 + size, 0)),
    'MULTIPROOF_BITMAP',
    NOT_CANONICAL,
  );
  refused(
    'a bit in the padding',
    made,
    replaced(patch(bytes, size, (bytes[size] ?? 0) | 1)),
    'MULTIPROOF_PADDING',
    NOT_CANONICAL,
  );
  // The first entry that is not zero, given as zero, and the other way round.
  const bits = [...bytes.subarray(1, 1 + size)].flatMap((byte) => [...byte.toString(2).padStart(8, '0')]);
  const zeroEntry = bits.indexOf('1');
  const flipped = patch(bytes, 1 + (zeroEntry >> 3), (bytes[1 + (zeroEntry >> 3)] ?? 0) ^ (0x80 >> (zeroEntry & 7)));
  const before = bits.slice(0, zeroEntry).filter((bit) => bit === '0').length;
  // Two leaves that meet at height 15 take their siblings in turns.
  const explicit = insert(flipped, 1 + size + 32 * before, ...zeroHash(zeroEntry >> 1));
  refused('a zero hash spelt out', made, replaced(explicit), 'MULTIPROOF_EXPLICIT_ZERO', NOT_CANONICAL);
  refused(
    'a sibling changed',
    made,
    replaced(patch(bytes, bytes.length - 1, 1 ^ (bytes.at(-1) ?? 0))),
    'PROOF_PRE_STATE',
    'WrongPreState',
  );
  refused('a byte at the end', made, concat([made.proof, Uint8Array.of(0)]), 'MULTIPROOF_LENGTH', 'ProofLength');
  refused('a hash at the end', made, concat([made.proof, new Uint8Array(32)]), 'MULTIPROOF_LENGTH', 'ProofLength');
  const huge = replaced(concat([Uint8Array.of(255), new Uint8Array(255)]));
  refused('a bitmap of 255 bytes', made, huge, 'MULTIPROOF_LENGTH', NOT_CANONICAL);
}

function subtrees(): void {
  const { made, opened } = take('unmapped pages');
  const { zeroed } = opened;
  assert.ok(zeroed);
  const node = (height: number, index: number) => {
    const position = made.proof.length - opened.memory.length - 4;
    return patch(made.proof, position, ...bigintToBytes((BigInt(height) << 24n) | BigInt(index), 4));
  };
  refused('a subtree of height 6', made, node(6, zeroed.index), 'PROOF_ZEROED', 'BadSubtree');
  refused('a subtree of height 28', made, node(28, 0), 'PROOF_ZEROED', 'BadSubtree');
  refused(
    'a subtree beyond the end',
    made,
    node(zeroed.height, 2 ** (27 - zeroed.height)),
    'PROOF_ZEROED',
    'BadSubtree',
  );
  const add = take('add');
  const extra = { height: 7, index: 0xc_0000 };
  const indices = add.opened.leaves.map(({ index }) => index);
  const withSubtree = encodeStepProof({
    ...add.opened,
    zeroed: extra,
    memory: makeMultiproof(add.prover.tree, indices, extra),
  });
  refused('a subtree that an addition does not zero', add.made, withSubtree, 'PROOF_ZEROED', 'ZeroedMismatch');
}

function preimages(): void {
  const whole = take('read of a preimage');
  const give = (preimage: StepProof['preimage']) => {
    const { preimage: _, ...rest } = whole.opened;
    return encodeStepProof({ ...rest, ...(preimage && { preimage }) });
  };
  refused('no preimage', whole.made, give(undefined), 'PROOF_PREIMAGE', 'PreimageMissing');
  refused(
    'another preimage',
    whole.made,
    give({ kind: 'whole', data: PREIMAGE.slice(1) }),
    'PROOF_PREIMAGE',
    'PreimageMismatch',
  );
  refused(
    'input words for a hash',
    whole.made,
    give({ kind: 'inputs', words: new Uint8Array(192) }),
    'PROOF_PREIMAGE',
    'PreimageMismatch',
  );
  refused('a preimage that is not in the store', whole.made, give({ kind: 'stored' }), 'PROOF_PREIMAGE', 'UnknownPart');
  const sizeAt =
    whole.made.proof.length - whole.opened.memory.length - 36 * whole.opened.leaves.length - PREIMAGE.length - 3;
  const huge = patch(whole.made.proof, sizeAt, 255, 255, 255);
  refused('a preimage of 16 MiB', whole.made, huge, 'PROOF_LENGTH', 'PreimageTooLarge');
  const input = take('read of an input');
  const words = (input.opened.preimage as { words: Uint8Array }).words;
  const other = encodeStepProof({ ...input.opened, preimage: { kind: 'inputs', words: patch(words, 0, 1) } });
  refused('other input words', input.made, other, 'PROOF_PREIMAGE', 'PreimageMismatch');
  const counter = take('unmapped pages');
  const state = new Map(counter.opened.state);
  const unused = encodeStepProof({ ...counter.opened, state, preimage: { kind: 'whole', data: new Uint8Array(0) } });
  refused('a preimage that is not that of the key', counter.made, unused, 'PROOF_PREIMAGE', 'PreimageMismatch');
}

for (const fill of [headerAndNumbers, parts, memory, subtrees, preimages]) fill();

let evm: Evm;
before(async () => {
  evm = await Evm.start();
});
after(() => evm.stop());

test('the library names what is wrong', () => {
  for (const { name, pre, proof, code } of refusals) assert.throws(() => verifyStepProof(pre, proof), { code }, name);
});

test('the contract names what is wrong', async () => {
  const results = await evm.steps(refusals);
  for (const [i, { ok, data }] of results.entries()) {
    assert.ok(!ok, `${refusals[i]!.name}: accepted`);
    assert.equal(errorName(data).split('(')[0], refusals[i]!.error, refusals[i]!.name);
  }
});
