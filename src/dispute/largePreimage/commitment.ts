// What the preimage store commits to (contracts/interfaces/IPreimageStore.sol): trees over the groups of a chunk, the chain
// of chunks, and the ids of prefixes and preimages. All hashes are keccak256.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { bigintToBytes, concat } from '../../bytes.ts';
import { assert } from '../../invariant.ts';
import { asHash, type Hash, hashToBytes } from '../../units.ts';

/** A chain without chunks. */
export const EMPTY_CHAIN: Hash = asHash(new Uint8Array(32));

/** Blocks absorbed, and the chain of their chunks. */
export interface Prefix {
  /** Blocks of 136 bytes. */
  readonly blocks: number;
  readonly chain: Hash;
}

/** A preimage that was absorbed to its end. */
export interface FinishedPreimage extends Prefix {
  readonly key: Hash;
  /** Length in bytes. */
  readonly length: number;
  /** Hash of the bytes after the blocks. */
  readonly tail: Hash;
}

const word = (value: number): Uint8Array => bigintToBytes(BigInt(value), 32);
const hashOf = (...parts: readonly Uint8Array[]): Hash => asHash(keccak_256(concat(parts)));
const parent = (left: Hash, right: Hash): Hash => hashOf(hashToBytes(left), hashToBytes(right));

/**
 * Id of a prefix.
 * @param state the sponge's state after it, sliced, in stream 0: 1,600 bytes
 */
export function prefixId({ blocks, chain }: Prefix, state: Uint8Array): Hash {
  return hashOf(word(blocks), hashToBytes(chain), state);
}

/** Id of a preimage. */
export function preimageId({ key, length, blocks, chain, tail }: FinishedPreimage): Hash {
  return hashOf(hashToBytes(key), word(length), word(blocks), hashToBytes(chain), hashToBytes(tail));
}

/** A chunk: where it begins, how many groups it has, and the root of their tree. */
export function chunkHash(firstBlock: number, groups: number, root: Hash): Hash {
  return hashOf(word(firstBlock), word(groups), hashToBytes(root));
}

/** A chain with one chunk more. */
export function chained(chain: Hash, chunk: Hash): Hash {
  return parent(chain, chunk);
}

/** The levels of the binary tree over one or more leaves, from the leaves to the root. A node without a sibling moves up. */
export function treeLevels(leaves: readonly Hash[]): readonly (readonly Hash[])[] {
  const levels = [leaves];
  for (let level = leaves; level.length > 1; levels.push(level)) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
      const [left, right] = [below[2 * i] as Hash, below[2 * i + 1]];
      return right === undefined ? left : parent(left, right);
    });
  }
  return levels;
}

/** The root of the tree over one or more leaves. */
export function treeRoot(leaves: readonly Hash[]): Hash {
  const root = treeLevels(leaves).at(-1)?.[0];
  assert(root !== undefined, 'a tree without leaves');
  return root;
}

/** The siblings of a leaf and of the nodes above it, from the bottom; a node without a sibling gives none. */
export function treePath(leaves: readonly Hash[], index: number): readonly Hash[] {
  return treeLevels(leaves).flatMap((level, height) => {
    const sibling = level[(index >> height) ^ 1];
    return sibling === undefined ? [] : [sibling];
  });
}
