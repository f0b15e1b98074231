// One-step proofs to bytes and back: the format of format.ts, canonical both ways.

import { bigintToBytes, bytesToBigint, concat, readU32BE, readU64LE, writeU64LE } from '../../bytes.ts';
import { MAX_PROOF_LEAVES } from '../../commitment/multiproof.ts';
import { InputError } from '../../errors.ts';
import { assert } from '../../invariant.ts';
import { REASON, STATUS } from '../../semantics/layout.ts';
import {
  bytesOf,
  HOT_NUMBERS,
  MAX_PROOF_BYTES,
  MAX_WHOLE_PREIMAGE_BYTES,
  PART_FIELDS,
  PREIMAGE,
  type ProofPreimage,
  RESERVATION_WIDTHS,
  type StepProof,
} from './format.ts';
import { encodeNumber, encodeNumbers, ProofReader, packCodes } from './numbers.ts';
import { encodeThread, readThread } from './thread.ts';

type Part = 'cold' | 'fp';
const PARTS: readonly Part[] = ['cold', 'fp'];
const PART_BITS = { cold: 0x20, fp: 0x10 } as const;
const ZEROED_BIT = 0x08;
const THREAD_BIT = 0x01;

/** The bytes of a proof. */
export function encodeStepProof(proof: StepProof): Uint8Array {
  const { state, leaves, thread, zeroed, preimage } = proof;
  const width = RESERVATION_WIDTHS.indexOf(value(state, 'reservationWidth'));
  assert(width >= 0, 'a reservation of this width does not exist');
  const header =
    (width << 6) |
    PARTS.reduce((bits, part) => bits | (proof.parts.has(part) ? PART_BITS[part] : 0), 0) |
    (zeroed ? ZEROED_BIT : 0) |
    (thread ? THREAD_BIT : 0) |
    (PREIMAGE[preimage?.kind ?? 'none'] << 1);
  const hot = encodeNumbers(HOT_NUMBERS.map((name) => value(state, name)));
  return concat([
    Uint8Array.of(header),
    packCodes([leaves.length, ...hot.codes]),
    hot.bytes,
    ...PARTS.map((part) => (proof.parts.has(part) ? encodePart(part, state) : hashOf(proof, part))),
    ...(thread ? [encodeThread(thread)] : []),
    ...(preimage ? [encodePreimage(preimage)] : []),
    ...leaves.map(({ index }) => bigintToBytes(BigInt(index), 4)),
    ...leaves.map((leaf) => leaf.value),
    ...(zeroed ? [bigintToBytes((BigInt(zeroed.height) << 24n) | BigInt(zeroed.index), 4)] : []),
    proof.memory,
  ]);
}

function value(state: ReadonlyMap<string, bigint>, name: string): bigint {
  const found = state.get(name);
  assert(found !== undefined, () => `a step proof without ${name}`);
  return found;
}

function hashOf(proof: StepProof, part: Part): Uint8Array {
  const hash = proof.hashes.get(part);
  assert(hash?.length === 32, () => `a step proof without the hash of ${part}`);
  return hash;
}

function encodePart(part: Part, state: ReadonlyMap<string, bigint>): Uint8Array {
  const fields = PART_FIELDS[part].map(({ name, kind }) => {
    if (kind === 'number') return encodeNumber(value(state, name));
    const bytes = new Uint8Array(32);
    for (let word = 0; word < 4; word++) writeU64LE(bytes, 8 * word, value(state, `${name}.${word}`));
    return bytes.every((byte) => byte === 0) ? { code: 0, bytes: new Uint8Array(0) } : { code: 1, bytes };
  });
  return concat([packCodes(fields.map(({ code }) => code)), ...fields.map(({ bytes }) => bytes)]);
}

function encodePreimage(preimage: ProofPreimage): Uint8Array {
  if (preimage.kind === 'whole') return concat([bigintToBytes(BigInt(preimage.data.length), 3), preimage.data]);
  if (preimage.kind === 'inputs') return preimage.words;
  return new Uint8Array(0);
}

/**
 * Takes a proof apart.
 * @throws InputError `PROOF_LENGTH`, `PROOF_HEADER`, `PROOF_NUMBER`, `PROOF_PADDING`, `PROOF_LEAVES`, `PROOF_ZEROED`: the
 * bytes are not a proof in canonical form. What the parts mean together is for verify.ts.
 */
export function decodeStepProof(bytes: Uint8Array): StepProof {
  if (bytes.length > MAX_PROOF_BYTES)
    throw new InputError(
      'PROOF_LENGTH',
      `step proof: expected at most ${MAX_PROOF_BYTES} bytes, found ${bytes.length}`,
    );
  const reader = new ProofReader(bytes);
  const header = readHeader(reader);
  const state = new Map<string, bigint>([
    ['status', BigInt(STATUS.running)],
    ['reason', BigInt(REASON.none)],
    ['reservationWidth', header.width],
  ]);
  const [count = 0, ...codes] = reader.codes(1 + HOT_NUMBERS.length, 'the hot record');
  HOT_NUMBERS.forEach((name, i) => {
    state.set(name, reader.number(codes[i] ?? 0, 8, name));
  });
  const hashes = new Map<Part, Uint8Array>();
  for (const part of PARTS) {
    if (header.parts.has(part)) decodePart(reader, part, state);
    else hashes.set(part, reader.bytes(32, `the hash of ${part}`));
  }
  const thread = header.thread ? readThread(reader) : undefined;
  const preimage = readPreimage(reader, header.preimage);
  const leaves = readLeaves(reader, count);
  const zeroed = header.zeroed ? readZeroed(reader) : undefined;
  // A multiproof knows its own end.
  const memory = reader.bytes(count === 0 ? 32 : reader.left, 'memory root');
  if (reader.left > 0)
    throw new InputError(
      'PROOF_LENGTH',
      `step proof: expected its end at offset ${reader.position}, found ${reader.left} bytes`,
    );
  return {
    state,
    parts: header.parts,
    hashes,
    leaves,
    memory,
    ...(thread && { thread }),
    ...(zeroed && { zeroed }),
    ...(preimage && { preimage }),
  };
}

function readHeader(reader: ProofReader) {
  const [bits = 0] = reader.bytes(1, 'header');
  const refuse = (found: string) =>
    new InputError('PROOF_HEADER', `step proof: header 0x${bits.toString(16)}: ${found}`);
  const width = RESERVATION_WIDTHS[bits >> 6];
  if (width === undefined) throw refuse('expected a reservation of width 0, 4 or 8, found code 3');
  const parts = new Set(PARTS.filter((part) => bits & PART_BITS[part]));
  const preimage = (bits >> 1) & 3;
  if (preimage !== PREIMAGE.none && !parts.has('cold'))
    throw refuse('expected the cold part, which holds its key, with a preimage');
  const thread = (bits & THREAD_BIT) !== 0;
  if (thread && (!parts.has('cold') || parts.has('fp')))
    throw refuse('expected the cold part, which has its stack, and not the fp part, with a thread');
  return { width, parts, thread, zeroed: (bits & ZEROED_BIT) !== 0, preimage };
}

function decodePart(reader: ProofReader, part: Part, state: Map<string, bigint>): void {
  const fields = PART_FIELDS[part];
  const codes = reader.codes(fields.length, part);
  fields.forEach(({ name, kind }, i) => {
    const code = codes[i] ?? 0;
    if (kind === 'number') {
      state.set(name, reader.number(code, bytesOf(name), name));
      return;
    }
    if (code > 1) throw new InputError('PROOF_NUMBER', `step proof: ${name}: expected code 0 or 1, found ${code}`);
    const bytes = code === 1 ? reader.bytes(32, name) : new Uint8Array(32);
    if (code === 1 && bytes.every((byte) => byte === 0))
      throw new InputError('PROOF_NUMBER', `step proof: ${name} is zero and not written in its shortest form`);
    for (let word = 0; word < 4; word++) state.set(`${name}.${word}`, readU64LE(bytes, 8 * word));
  });
}

function readLeaves(reader: ProofReader, count: number): StepProof['leaves'] {
  if (count > MAX_PROOF_LEAVES)
    throw new InputError('PROOF_LEAVES', `step proof: expected at most ${MAX_PROOF_LEAVES} leaves, found ${count}`);
  const indices = Array.from({ length: count }, () => readU32BE(reader.bytes(4, 'a leaf index'), 0));
  // Ascending, in range: the multiproof's check says so as well, but a frame must not be filled before.
  indices.forEach((index, i) => {
    if (index >= 2 ** 27 || index <= (indices[i - 1] ?? -1))
      throw new InputError(
        'PROOF_LEAVES',
        `step proof: expected ascending leaves below 2^27, found ${indices.join(', ')}`,
      );
  });
  return indices.map((index) => ({ index, value: reader.bytes(32, `leaf ${index}`) }));
}

function readZeroed(reader: ProofReader): { height: number; index: number } {
  const word = readU32BE(reader.bytes(4, 'zeroed subtree'), 0);
  const [height, index] = [word >>> 24, word & 0xff_ffff];
  if (height < 7 || height > 27 || index >= 2 ** (27 - height))
    throw new InputError('PROOF_ZEROED', `step proof: no subtree has height ${height} and index ${index}`);
  return { height, index };
}

function readPreimage(reader: ProofReader, kind: number): ProofPreimage | undefined {
  if (kind === PREIMAGE.none) return undefined;
  if (kind === PREIMAGE.inputs) return { kind: 'inputs', words: reader.bytes(192, 'input words') };
  if (kind === PREIMAGE.stored) return { kind: 'stored' };
  const size = Number(bytesToBigint(reader.bytes(3, 'size of the preimage')));
  if (size > MAX_WHOLE_PREIMAGE_BYTES)
    throw new InputError(
      'PROOF_LENGTH',
      `step proof: expected a preimage of at most ${MAX_WHOLE_PREIMAGE_BYTES} bytes, found ${size}`,
    );
  return { kind: 'whole', data: reader.bytes(size, 'preimage') };
}
