// Storage of the sparse memory tree, in a hasher's memory: blocks of 8 KiB, each a binary heap of 32-byte slots. Slot 1 is
// the block's root, slots 2 i and 2 i + 1 are the children of slot i, so the two inputs of a hash lie side by side.
//
//   tier 0   heights 0 to 7     a block is a page: slots 128 to 255 are its 4 KiB, in order
//   tier 1   heights 7 to 14    slots 128 to 255 are copies of 128 page roots
//   tier 2   heights 14 to 21   the same over blocks of tier 1
//   tier 3   heights 21 to 27   one block; slots 64 to 127 are copies of the 64 roots of tier 2
//
// A block that was never needed is not there: its nodes are the zero subtrees'. A new block is a copy of its tier's
// template, which holds the zero subtree's hash in every slot.

import { assert } from '../invariant.ts';
import { LEAF_BYTES, TREE_DEPTH } from '../machine/memoryMap.ts';
import type { Hasher } from './hasher.ts';
import { zeroHash } from './zeroHashes.ts';

export const BLOCK_BYTES = 8192;
const TIER_HEIGHTS = 7;

/** Blocks of one range of heights. */
export interface Tier {
  /** Height of the blocks' leaves. */
  readonly height: number;
  /** Levels of a block: its root is `depth` above its leaves. */
  readonly depth: number;
  /** Address of each block, 0 where there is none. */
  readonly blocks: Uint32Array;
  /** Address of the block that new ones are copied from. */
  readonly template: number;
}

/** The blocks of one tree. */
export class TreeBlocks {
  readonly hasher: Hasher;
  readonly tiers: readonly Tier[];
  readonly #zeros: number;
  readonly #free: number[] = [];

  /** An empty tree in `hasher`, or with `copied` the blocks of another, whose memory `hasher` is a copy of. */
  constructor(hasher: Hasher, copied?: TreeBlocks) {
    this.hasher = hasher;
    if (copied) {
      this.#zeros = copied.#zeros;
      this.#free = [...copied.#free];
      this.tiers = copied.tiers.map((tier) => ({ ...tier, blocks: tier.blocks.slice() }));
      return;
    }
    this.#zeros = hasher.allocate((TREE_DEPTH + 1) * LEAF_BYTES, LEAF_BYTES);
    for (let height = 0; height <= TREE_DEPTH; height++) hasher.bytes.set(zeroHash(height), this.zeroAddress(height));
    const tiers: Tier[] = [];
    for (let height = 0; height < TREE_DEPTH; height += TIER_HEIGHTS) {
      const depth = Math.min(TIER_HEIGHTS, TREE_DEPTH - height);
      const blocks = new Uint32Array(2 ** (TREE_DEPTH - height - depth));
      tiers.push({ height, depth, blocks, template: this.#makeTemplate(height, depth) });
    }
    this.tiers = tiers;
  }

  #makeTemplate(height: number, depth: number): number {
    const address = this.hasher.allocate(BLOCK_BYTES, BLOCK_BYTES);
    for (let slot = 1; slot < 2 << depth; slot++) {
      const slotHeight = height + depth - (31 - Math.clz32(slot));
      this.hasher.bytes.set(zeroHash(slotHeight), address + LEAF_BYTES * slot);
    }
    return address;
  }

  /** Address of the zero subtree's hash of a height, 0 to 27. */
  zeroAddress(height: number): number {
    return this.#zeros + LEAF_BYTES * height;
  }

  /** The tier that holds the nodes of a height; a height that two tiers share is the upper one's. */
  tierOf(height: number): Tier {
    const tier = this.tiers[Math.min(Math.floor(height / TIER_HEIGHTS), this.tiers.length - 1)];
    assert(tier !== undefined && height >= 0 && height <= TREE_DEPTH, () => `no tier has height ${height}`);
    return tier;
  }

  /**
   * Address of the 32 bytes of node `index` of a height (0 to 27): in its block, or the zero hash where there is none.
   * Valid until the tree changes.
   */
  nodeAddress(height: number, index: number): number {
    const tier = this.tierOf(height);
    const below = tier.height + tier.depth - height;
    const block = tier.blocks[Math.floor(index / 2 ** below)];
    assert(block !== undefined, () => `the memory tree has no node ${index} at height ${height}`);
    if (block === 0) return this.zeroAddress(height);
    return block + LEAF_BYTES * (2 ** below + (index % 2 ** below));
  }

  /** Address of leaf `index` of a tier, in a block that is made if it is not there. May move the hasher's memory. */
  leafAddress(tier: Tier, index: number): number {
    const leaves = 1 << tier.depth;
    const block = this.block(tier, Math.floor(index / leaves));
    return block + LEAF_BYTES * (leaves + (index % leaves));
  }

  /** Address of a block of a tier, made if it is not there. May move the hasher's memory. */
  block(tier: Tier, index: number): number {
    const present = tier.blocks[index];
    assert(present !== undefined, () => `the memory tree has no block ${index} over height ${tier.height}`);
    if (present !== 0) return present;
    const address = this.#free.pop() ?? this.hasher.allocate(BLOCK_BYTES, BLOCK_BYTES);
    this.hasher.bytes.copyWithin(address, tier.template, tier.template + BLOCK_BYTES);
    tier.blocks[index] = address;
    return address;
  }

  /** Forgets a block, if there is one: its leaves count as zero. Blocks above still hold its old root. */
  drop(tier: Tier, index: number): void {
    const address = tier.blocks[index];
    if (!address) return;
    tier.blocks[index] = 0;
    this.#free.push(address);
  }
}
