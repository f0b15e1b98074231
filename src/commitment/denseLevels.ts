// Carries many leaf writes, one after the other in time, through the memory tree at once. At each height all nodes that
// change at any step are independent of one another given the height below: a version of a node is hashed from the
// versions of its children that hold at that step, wherever these lie. So a height is one batch of pair jobs.

import { assert } from '../invariant.ts';
import { HASH_BYTES, PAIR_JOB_WORDS } from './hasher.ts';
import { parents, sortedUnique } from './indices.ts';
import type { MemoryTree } from './memoryTree.ts';
import type { Tier } from './treeBlocks.ts';

/** Most writes in one batch: versions of two heights and the jobs between them stay in the processor's cache. */
export const MAX_BATCH_WRITES = 1 << 13;

const HASH_WORDS = HASH_BYTES / 4;

/** Writes of whole leaves in time order: steps not decreasing; of equal (step, leaf) the last counts. */
export interface LeafWrites {
  readonly steps: Uint32Array;
  readonly leaves: Uint32Array;
  /** 32 bytes each. */
  readonly values: Uint8Array;
}

/** Called with the root after each step that wrote, in time order; of several calls for one step the last counts. */
export type RootVisitor = (step: number, root: Uint8Array) => void;

/** Working memory for batches on one tree, in its hasher. */
export class DenseLevels {
  readonly #tree: MemoryTree;
  readonly #jobs: number;
  /** Versions of the nodes of one height, and of the next. */
  #versions: number;
  #nextVersions: number;
  /** Of each version, in time order: its step, and its node's position in the sorted list of nodes that change. */
  readonly #steps = new Uint32Array(MAX_BATCH_WRITES);
  readonly #nodes = new Uint32Array(MAX_BATCH_WRITES);

  constructor(tree: MemoryTree) {
    this.#tree = tree;
    this.#jobs = tree.hasher.allocate(4 * PAIR_JOB_WORDS * MAX_BATCH_WRITES);
    this.#versions = tree.hasher.allocate(HASH_BYTES * MAX_BATCH_WRITES);
    this.#nextVersions = tree.hasher.allocate(HASH_BYTES * MAX_BATCH_WRITES);
  }

  /** Makes at most MAX_BATCH_WRITES writes: visits the root after each step that wrote, and leaves the tree after the last. */
  write(writes: LeafWrites, visit: RootVisitor): void {
    if (writes.steps.length === 0) return;
    assert(writes.steps.length <= MAX_BATCH_WRITES, () => `${writes.steps.length} writes in one batch`);
    let indices = sortedUnique(writes.leaves);
    this.#makeBlocks(indices);
    let count = this.#takeWrites(writes, indices);
    for (const tier of this.#tree.blocks.tiers) {
      for (let below = tier.depth - 1; below >= 0; below--) {
        const children = indices;
        indices = parents(children, 1);
        count = this.#hashLevel(tier, below, children, indices, count);
      }
      this.#storeRoots(tier, indices, count);
    }
    const { bytes } = this.#tree.hasher;
    for (let i = 0; i < count; i++) {
      const address = this.#versions + HASH_BYTES * i;
      visit(this.#steps[i] as number, bytes.slice(address, address + HASH_BYTES));
    }
  }

  /** Makes the blocks on the paths of leaves, so that no address moves while versions are hashed. */
  #makeBlocks(leaves: Uint32Array): void {
    let indices = leaves;
    for (const tier of this.#tree.blocks.tiers) {
      indices = parents(indices, tier.depth);
      for (const index of indices) this.#tree.blocks.block(tier, index);
    }
  }

  /** Takes the written leaves as versions of height 0. Returns their count. */
  #takeWrites({ steps, leaves, values }: LeafWrites, indices: Uint32Array): number {
    this.#tree.hasher.bytes.set(values, this.#versions);
    this.#steps.set(steps);
    for (let i = 0; i < leaves.length; i++) this.#nodes[i] = positionOf(indices, leaves[i] as number);
    return leaves.length;
  }

  /**
   * Hashes the versions of nodes `below` levels under their blocks' roots from the `count` versions of their children, then
   * stores the children's last versions in the tree. Returns how many versions there are.
   * @param children indices of the children that change, ascending; `above` those of their parents
   */
  #hashLevel(tier: Tier, below: number, children: Uint32Array, above: Uint32Array, count: number): number {
    const { words } = this.#tree.hasher;
    const homes = childAddresses(tier, below, above);
    // Where the version of each child lies that holds now: left and right child of each parent, in turn.
    const current = new Uint32Array(2 * above.length);
    for (let i = 0; i < above.length; i++) {
      current[2 * i] = homes[i] as number;
      current[2 * i + 1] = (homes[i] as number) + HASH_BYTES;
    }
    const slots = childSlots(children, above);
    const firstJob = this.#jobs / 4;
    let versions = 0;
    for (let i = 0; i < count; i++) {
      const slot = slots[this.#nodes[i] as number] as number;
      const step = this.#steps[i] as number;
      const parent = slot >>> 1;
      current[slot] = this.#versions + HASH_BYTES * i;
      // Versions of one step that follow one another under one parent are one version of it. Others of that step stay apart:
      // the later one holds what the earlier one changed.
      const joined = versions > 0 && this.#steps[versions - 1] === step && this.#nodes[versions - 1] === parent;
      if (!joined) versions++;
      const job = firstJob + PAIR_JOB_WORDS * (versions - 1);
      words[job] = current[2 * parent] as number;
      words[job + 1] = current[2 * parent + 1] as number;
      words[job + 2] = this.#nextVersions + HASH_BYTES * (versions - 1);
      this.#steps[versions - 1] = step;
      this.#nodes[versions - 1] = parent;
    }
    this.#tree.hasher.hashPairs(this.#jobs, versions);
    for (const slot of slots) {
      const home = (homes[slot >>> 1] as number) + HASH_BYTES * (slot & 1);
      copyHash(words, current[slot] as number, home);
    }
    [this.#versions, this.#nextVersions] = [this.#nextVersions, this.#versions];
    return versions;
  }

  /** Stores the last versions of the roots of a tier's blocks. */
  #storeRoots(tier: Tier, blocks: Uint32Array, count: number): void {
    const { words } = this.#tree.hasher;
    for (let i = 0; i < count; i++) {
      const block = tier.blocks[blocks[this.#nodes[i] as number] as number] as number;
      copyHash(words, this.#versions + HASH_BYTES * i, block + HASH_BYTES);
    }
  }
}

/** Addresses of the left children of nodes `below` levels under their blocks' roots; the right ones are 32 bytes on. */
function childAddresses(tier: Tier, below: number, nodes: Uint32Array): Uint32Array {
  const slots = 1 << below;
  return nodes.map((node) => (tier.blocks[node >>> below] as number) + 2 * HASH_BYTES * (slots + (node & (slots - 1))));
}

/** For each child, 2 x (position of its parent in `above`) + (1 for a right child). */
function childSlots(children: Uint32Array, above: Uint32Array): Uint32Array {
  let parent = 0;
  return children.map((child) => {
    if (above[parent] !== child >>> 1) parent++;
    return 2 * parent + (child & 1);
  });
}

/** Position of `value` in ascending values that hold it. */
function positionOf(values: Uint32Array, value: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function copyHash(words: Uint32Array, from: number, to: number): void {
  for (let i = 0; i < HASH_WORDS; i++) words[to / 4 + i] = words[from / 4 + i] as number;
}
