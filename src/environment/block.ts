// A block with its pre-state witness: one JSON file, plain or compressed. It holds all that re-executing the block can ask for,
// and it fixes the inputs of the run: see the block executor's duty in guests/README.md.
//
//   { chainId, number, blockHash, preStateRoot, postStateRoot, block: 0x<RLP of the whole block>,
//     witness: { state: [0x<trie node>...], codes: [0x<bytecode>...], headers: [0x<RLP of a header>...] } }
//
// headers holds the parent. Other keys are not read. Preimages by keccak256: every item of the witness; the block's
// header; its body (the block's RLP list without the header) cut every 120,000 bytes; and the list of their hashes,
// whose own hash is the input.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeRlp, encodeRlp, type RlpStructuredData } from 'ethers/utils';
import { bytesToBigint, bytesToHex, concat, equal, hexToBytes } from '../bytes.ts';
import { decompress } from '../compression.ts';
import { InputError } from '../errors.ts';
import { type Inputs, makeInputs } from './inputs.ts';
import { keccakKey, PREIMAGE_BYTES_MAX } from './preimageKey.ts';

/** The parts of a body but the last are of this size, in bytes: what one transaction can publish. */
export const BODY_PART_BYTES = 120_000;
/** Largest block file, unpacked, in bytes. */
export const BLOCK_FILE_BYTES_MAX = 256 * 2 ** 20;
/** Most items of a witness. */
export const WITNESS_ITEMS_MAX = 1 << 20;
/** Largest block, in bytes of RLP. */
export const BLOCK_BYTES_MAX = 32 * 2 ** 20;

/** A block, checked as far as that is possible without executing it. */
export interface Block {
  readonly number: bigint;
  readonly chainId: bigint;
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
  /** State root of the parent, and what the block's header says is the state root after it. */
  readonly preStateRoot: Uint8Array;
  readonly postStateRoot: Uint8Array;
  /** The input: block hash, then the hash of each part of the body. Its keccak256 is key 3. */
  readonly input: Uint8Array;
  readonly bodyParts: readonly Uint8Array[];
  /** Every preimage that the file gives, by its key in hexadecimal. */
  readonly preimages: ReadonlyMap<string, Uint8Array>;
  /** Items of the witness. */
  readonly items: number;
}

/** The inputs of a run on this block; `claimedRoot` is zero for programs that do not take it. */
export function blockInputs(block: Block, claimedRoot: Uint8Array = new Uint8Array(32)): Inputs {
  return makeInputs({
    parentBlockHash: block.parentHash,
    claimedRoot,
    inputHash: keccak_256(block.input),
    blockNumber: block.number,
    chainId: block.chainId,
    parentRoot: block.preStateRoot,
  });
}

/**
 * Reads a block file. `name` is what messages call it. Throws an InputError: `FILE_TOO_LARGE`, `FILE_DAMAGED` (its
 * compression), `BLOCK_TOO_LARGE` (too many items), `BLOCK_FORMAT` (not JSON, a key missing, not RLP), `BAD_HEX`,
 * `BLOCK_MISMATCH` (a key contradicts the block's own bytes) or `BLOCK_NO_PARENT` (the parent's header is not in the
 * witness).
 */
export function readBlock(file: Uint8Array, name: string): Block {
  const json = parseFile(file, name);
  const record = (value: unknown, key: string): Record<string, unknown> => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new InputError('BLOCK_FORMAT', `${name}: expected ${key} to be an object`);
  };
  const block = record(json, 'the file');
  const witness = record(block['witness'], 'witness');
  const preimages = new Map<string, Uint8Array>();
  const add = (preimage: Uint8Array): Uint8Array => {
    const hash = keccak_256(preimage);
    preimages.set(bytesToHex(keccakKey(hash)), preimage);
    return hash;
  };
  const headers = new Map<string, Uint8Array>();
  let items = 0;
  for (const key of ['state', 'codes', 'headers']) {
    for (const item of witnessItems(witness[key], `${name}: witness.${key}`)) {
      const hash = add(item);
      if (key === 'headers') headers.set(bytesToHex(hash), item);
      items++;
    }
  }

  const { header, body } = splitBlock(hexOf(block['block'], `${name}: block`, BLOCK_BYTES_MAX), `${name}: block`);
  const fields = headerFields(header, `${name}: header`);
  const hash = add(header);
  const parent = headers.get(bytesToHex(fields.parentHash));
  if (!parent)
    throw new InputError(
      'BLOCK_NO_PARENT',
      `${name}: witness.headers has ${headers.size} headers, none of them the parent ${bytesToHex(fields.parentHash)}`,
      { hint: 'The parent header is needed: its state root is where the block starts.' },
    );
  const preStateRoot = headerFields(parent, `${name}: parent header`).stateRoot;
  const bodyParts = cut(body);
  const input = concat([hash, ...bodyParts.map(add)]);
  add(input);
  const chainId = naturalOf(block['chainId'], `${name}: chainId`);
  compare(name, 'blockHash', block['blockHash'], hash);
  compare(name, 'preStateRoot', block['preStateRoot'], preStateRoot);
  compare(name, 'postStateRoot', block['postStateRoot'], fields.stateRoot);
  if (block['number'] !== undefined && naturalOf(block['number'], `${name}: number`) !== fields.number)
    throw new InputError('BLOCK_MISMATCH', `${name}: number is ${block['number']}, the header has ${fields.number}`);
  const { parentHash, number, stateRoot: postStateRoot } = fields;
  return { number, chainId, hash, parentHash, preStateRoot, postStateRoot, input, bodyParts, preimages, items };
}

function parseFile(file: Uint8Array, name: string): unknown {
  const plain = decompress(file, { name, maxBytes: BLOCK_FILE_BYTES_MAX });
  try {
    return JSON.parse(Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString('utf8'));
  } catch (cause) {
    throw new InputError('BLOCK_FORMAT', `${name}: expected a block file, which is JSON`, { cause });
  }
}

function hexOf(value: unknown, what: string, maxBytes: number): Uint8Array {
  if (typeof value !== 'string') throw new InputError('BLOCK_FORMAT', `${what}: expected hexadecimal text`);
  return hexToBytes(value, { what, maxBytes });
}

function naturalOf(value: unknown, what: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
  throw new InputError('BLOCK_FORMAT', `${what}: expected a number`);
}

function witnessItems(list: unknown, what: string): Uint8Array[] {
  if (!Array.isArray(list)) throw new InputError('BLOCK_FORMAT', `${what}: expected a list`);
  if (list.length > WITNESS_ITEMS_MAX)
    throw new InputError(
      'BLOCK_TOO_LARGE',
      `${what}: expected at most ${WITNESS_ITEMS_MAX} items, found ${list.length}`,
    );
  return list.map((item, i) => hexOf(item, `${what}[${i}]`, PREIMAGE_BYTES_MAX));
}

/** A list's items. Encodings that are not canonical are refused: re-encoding must give the same bytes. */
function decodeList(bytes: Uint8Array, what: string): readonly RlpStructuredData[] {
  let list: RlpStructuredData;
  try {
    list = decodeRlp(bytes);
  } catch (cause) {
    throw new InputError('BLOCK_FORMAT', `${what}: not RLP`, { cause });
  }
  if (!Array.isArray(list)) throw new InputError('BLOCK_FORMAT', `${what}: expected an RLP list`);
  if (encodeRlp(list) !== bytesToHex(bytes)) throw new InputError('BLOCK_FORMAT', `${what}: RLP is not canonical`);
  return list;
}

function splitBlock(bytes: Uint8Array, what: string): { header: Uint8Array; body: Uint8Array } {
  const [header, ...body] = decodeList(bytes, what);
  if (!Array.isArray(header))
    throw new InputError('BLOCK_FORMAT', `${what}: expected a list that starts with a header`);
  return { header: rlpBytes(header), body: rlpBytes(body) };
}

function rlpBytes(data: RlpStructuredData): Uint8Array {
  const text = encodeRlp(data);
  return hexToBytes(text, { what: 'RLP', bytes: text.length / 2 - 1 });
}

function headerFields(
  bytes: Uint8Array,
  what: string,
): { parentHash: Uint8Array; stateRoot: Uint8Array; number: bigint } {
  const fields = decodeList(bytes, what);
  const field = (index: number, name: string, bounds: { bytes: number } | { maxBytes: number }) => {
    const value = fields[index];
    if (typeof value !== 'string') throw new InputError('BLOCK_FORMAT', `${what}: has no ${name}`);
    return hexToBytes(value, { what: `${what}: ${name}`, ...bounds });
  };
  return {
    parentHash: field(0, 'parentHash', { bytes: 32 }),
    stateRoot: field(3, 'stateRoot', { bytes: 32 }),
    number: bytesToBigint(field(8, 'number', { maxBytes: 8 })),
  };
}

function cut(body: Uint8Array): Uint8Array[] {
  const count = Math.ceil(body.length / BODY_PART_BYTES);
  return Array.from({ length: count }, (_, i) => body.slice(i * BODY_PART_BYTES, (i + 1) * BODY_PART_BYTES));
}

/** A key that the file need not have, but if it has it, it must agree with the block's bytes. */
function compare(name: string, key: string, value: unknown, expected: Uint8Array): void {
  if (value === undefined) return;
  const found = hexOf(value, `${name}: ${key}`, 32);
  if (!equal(found, expected))
    throw new InputError(
      'BLOCK_MISMATCH',
      `${name}: ${key} is ${bytesToHex(found)}, the block's own bytes give ${bytesToHex(expected)}`,
    );
}
