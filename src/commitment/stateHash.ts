// The hash of a machine's whole state: keccak256 of the hot part of the state record, which holds the hashes of the other
// parts and the memory root. Its first byte is replaced by the status, so that whoever sees a state hash knows how the
// machine stands: 0 halted valid, 1 halted invalid, 2 panic, 3 running.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { assert } from '../invariant.ts';
import type { Machine } from '../machine/machine.ts';
import { recordBytes } from '../machine/record.ts';
import { field, RECORD_BYTES } from '../semantics/layout.ts';
import { asHash, type Hash } from '../units.ts';
import type { MemoryTree } from './memoryTree.ts';
import { commitThreads } from './threadStacks.ts';

/** Offset of the status byte in the hot part of the record. */
export const STATUS_OFFSET = field('status').offset;

/** The record of a state, complete with all its hashes, and the hash of that. */
export interface CommittedState {
  /** 380 bytes: the hot part. */
  readonly hot: Uint8Array;
  /** The cold part; its keccak256 is hot's coldHash. */
  readonly cold: Uint8Array;
  /** The floating-point part; its keccak256 is hot's fpHash. */
  readonly fp: Uint8Array;
  readonly hash: Hash;
}

/** The state hash of a complete hot part (380 bytes): 32 bytes. */
export function stateHash(hot: Uint8Array): Uint8Array {
  assert(hot.length === RECORD_BYTES.hot, () => `${hot.length} bytes are not the hot part of a state record`);
  const hash = keccak_256(hot);
  hash[0] = hot[STATUS_OFFSET] as number;
  return hash;
}

/** The status that a state hash shows: one of STATUS, if it is the hash of a state at all. */
export function statusOfHash(hash: Uint8Array): number {
  assert(hash.length === 32, () => `${hash.length} bytes are not a hash`);
  return hash[0] as number;
}

/**
 * Commits to a machine's state: fills the hash fields of its record (leftStack, rightStack, coldHash, fpHash, memoryRoot)
 * and hashes it.
 * @param memoryRoot root of the machine's memory as it is now, 32 bytes
 */
export function commitState(machine: Machine, memoryRoot: Uint8Array): CommittedState {
  commitThreads(machine);
  const cold = recordBytes(machine, 'cold');
  const fp = recordBytes(machine, 'fp');
  machine.setBytes('coldHash', keccak_256(cold));
  machine.setBytes('fpHash', keccak_256(fp));
  machine.setBytes('memoryRoot', memoryRoot);
  const hot = recordBytes(machine, 'hot');
  return { hot, cold, fp, hash: asHash(stateHash(hot)) };
}

/**
 * Brings `tree` up to the machine's memory (by its dirty pages, which are clean afterwards) and commits to its state.
 * `tree` must be the tree of all that was written before those pages became dirty.
 */
export function commitMachine(machine: Machine, tree: MemoryTree): CommittedState {
  tree.update(machine.takeDirtyPages(), (page) => machine.page(page));
  return commitState(machine, tree.root());
}
