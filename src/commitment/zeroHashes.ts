// The hashes of memory that was never written: zero subtrees of every height.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concat } from '../bytes.ts';
import { LEAF_BYTES, TREE_DEPTH } from '../machine/memoryMap.ts';

function makeZeroHashes(): readonly Uint8Array[] {
  const hashes = [new Uint8Array(LEAF_BYTES)];
  for (let height = 0; height < TREE_DEPTH; height++) {
    const child = hashes[height] as Uint8Array;
    hashes.push(keccak_256(concat([child, child])));
  }
  return hashes;
}

const ZERO_HASHES = makeZeroHashes();

/**
 * Hash of a zero subtree of the memory tree: 32 zero bytes at height 0 (a leaf), 0 to 27. The array is shared: do not
 * write to it.
 */
export function zeroHash(height: number): Uint8Array {
  const hash = ZERO_HASHES[height];
  if (hash === undefined) throw new RangeError(`the memory tree has no height ${height} (0 to ${TREE_DEPTH})`);
  return hash;
}
