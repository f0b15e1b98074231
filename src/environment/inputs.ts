// The inputs of a run: six words of 32 bytes, which a program reads through the preimage oracle as local keys 1 to 6. The
// state record holds their hash, so a step proof needs no context and histories of different inputs cannot meet.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { bigintToBytes, concat } from '../bytes.ts';
import { assert } from '../invariant.ts';

/** Names of the inputs, in the order of their local keys: the first has key 1. */
export const INPUT_NAMES = [
  'parentBlockHash',
  'claimedRoot',
  'inputHash',
  'blockNumber',
  'chainId',
  'parentRoot',
] as const;

/** Name of an input. `claimedRoot` is for programs that take it; `parentRoot` is the accepted root of the parent. */
export type InputName = (typeof INPUT_NAMES)[number];

/** Local key of an input: 1 to 6. */
export function inputIndex(name: InputName): number {
  return INPUT_NAMES.indexOf(name) + 1;
}

/** The six words, 32 bytes each, in the order of INPUT_NAMES. */
export type Inputs = readonly Uint8Array[];

/** The inputs of these values, integers big-endian; a word that is not given is zero. */
export function makeInputs(values: Partial<Readonly<Record<InputName, Uint8Array | bigint>>> = {}): Inputs {
  return INPUT_NAMES.map((name) => {
    const value = values[name] ?? 0n;
    const word = typeof value === 'bigint' ? bigintToBytes(value, 32) : value;
    assert(word.length === 32, () => `input ${name} has ${word.length} bytes, not 32`);
    return word;
  });
}

/** keccak256 of the 192 bytes of the six words: the field inputsHash of the state record. */
export function hashInputs(inputs: Inputs): Uint8Array {
  assert(inputs.length === 6 && inputs.every((word) => word.length === 32), 'inputs are six words of 32 bytes');
  return keccak_256(concat(inputs));
}
