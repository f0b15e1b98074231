// The memory tree: a sparse binary keccak256 tree over the 4 GiB address space. Leaf i is the raw 32 bytes from address
// 32 i on; a node is keccak256(left, right); the root is at height 27. Private areas of a machine count as zero.
//
// The tree keeps a copy of every page that was committed to. An update compares the pages that it is given with their
// copies and rehashes the paths of changed leaves only, height by height over all pages, two hashes at a time.

import { assert } from '../invariant.ts';
import { LEAF_BYTES, PAGE_BYTES, TREE_DEPTH } from '../machine/memoryMap.ts';
import { HASH_BYTES, Hasher, PAIR_JOB_WORDS } from './hasher.ts';
import { parents, sortedUnique } from './indices.ts';
import { type Tier, TreeBlocks } from './treeBlocks.ts';

const LEAVES_PER_PAGE = PAGE_BYTES / LEAF_BYTES;
/** Height of a page's root. */
export const PAGE_HEIGHT = 7;
const WORDS_PER_LEAF = LEAF_BYTES / 4;
/** Jobs handed to the hasher at once: few enough to stay in the processor's cache. */
const JOBS_PER_CALL = 2048;

/** A committed memory. All indices are plain numbers here: a leaf is address / 32, a page address / 4096. */
export class MemoryTree {
  readonly hasher: Hasher;
  readonly blocks: TreeBlocks;
  readonly #jobs: number;
  readonly #staging: number;

  /** An all-zero memory; with `copied`, a copy of that tree. */
  constructor(copied?: MemoryTree) {
    this.hasher = copied ? copied.hasher.fork() : new Hasher();
    this.blocks = new TreeBlocks(this.hasher, copied?.blocks);
    this.#jobs = copied ? copied.#jobs : this.hasher.allocate(4 * PAIR_JOB_WORDS * JOBS_PER_CALL);
    this.#staging = copied ? copied.#staging : this.hasher.allocate(PAGE_BYTES);
  }

  /** An independent copy. */
  fork(): MemoryTree {
    return new MemoryTree(this);
  }

  /** The root: 32 new bytes. */
  root(): Uint8Array {
    return this.node(TREE_DEPTH, 0);
  }

  /** Node `index` of a height, 0 (a leaf) to 27 (the root): 32 new bytes. */
  node(height: number, index: number): Uint8Array {
    const address = this.blocks.nodeAddress(height, index);
    return this.hasher.bytes.slice(address, address + HASH_BYTES);
  }

  /** The 32 bytes of a leaf, as committed. */
  leaf(index: number): Uint8Array {
    return this.node(0, index);
  }

  /** The 27 siblings on the path of a leaf, from its neighbour up. */
  prove(leaf: number): Uint8Array[] {
    return Array.from({ length: TREE_DEPTH }, (_, height) => {
      const index = Math.floor(leaf / 2 ** height);
      return this.node(height, index % 2 === 0 ? index + 1 : index - 1);
    });
  }

  /** The 4,096 bytes of a page, as committed. */
  page(page: number): Uint8Array {
    const block = this.#pages.blocks[page];
    assert(block !== undefined, () => `${page} is not a page of the memory tree`);
    if (block === 0) return new Uint8Array(PAGE_BYTES);
    return this.hasher.bytes.slice(block + PAGE_BYTES, block + 2 * PAGE_BYTES);
  }

  /** Pages that may hold something else than zeros, ascending. */
  presentPages(): Uint32Array {
    const pages: number[] = [];
    this.#eachPresent(0, this.#pages.blocks.length, (page) => pages.push(page));
    return Uint32Array.from(pages);
  }

  /**
   * Commits to new contents of some pages, in any order. Returns how many leaves changed.
   * @param bytesOf the 4,096 bytes of a page now; only called for `pages`, the view is not kept
   * @throws InputError `COMMITMENT_MEMORY_FULL` when the committed pages no longer fit 4 GiB; the tree is lost then
   */
  update(pages: ArrayLike<number>, bytesOf: (page: number) => Uint8Array): number {
    const sorted = Uint32Array.from(pages).sort();
    const changed = new Uint32Array(LEAVES_PER_PAGE * sorted.length);
    let count = 0;
    for (let i = 0; i < sorted.length; i++) {
      const page = sorted[i] as number;
      if (i > 0 && page === sorted[i - 1]) continue;
      const bytes = bytesOf(page);
      assert(bytes.length === PAGE_BYTES, () => `page ${page} has ${bytes.length} bytes`);
      const block = this.blocks.block(this.#pages, page);
      this.hasher.bytes.set(bytes, this.#staging);
      count = this.#takeChanges(block + PAGE_BYTES, LEAVES_PER_PAGE * page, changed, count);
    }
    this.#rehash(0, changed.subarray(0, count));
    return count;
  }

  /** Copies changed leaves of the staged page to `copy`; appends their indices to `changed`, from `firstLeaf` on. */
  #takeChanges(copy: number, firstLeaf: number, changed: Uint32Array, count: number): number {
    const { words } = this.hasher;
    const from = this.#staging / 4;
    const to = copy / 4;
    let end = count;
    for (let word = 0; word < PAGE_BYTES / 4; word++) {
      if (words[from + word] === words[to + word]) continue;
      const leaf = Math.floor(word / WORDS_PER_LEAF);
      const start = leaf * WORDS_PER_LEAF;
      words.copyWithin(to + start, from + start, from + start + WORDS_PER_LEAF);
      changed[end++] = firstLeaf + leaf;
      word = start + WORDS_PER_LEAF - 1;
    }
    return end;
  }

  /**
   * Writes single leaves: `values` holds 32 bytes for each of `leaves`, in any order; of several writes of one leaf the
   * last counts.
   */
  writeLeaves(leaves: ArrayLike<number>, values: Uint8Array): void {
    assert(values.length === LEAF_BYTES * leaves.length, () => `${values.length} bytes for ${leaves.length} leaves`);
    for (let i = 0; i < leaves.length; i++) {
      const address = this.blocks.leafAddress(this.#pages, leaves[i] as number);
      this.hasher.bytes.set(values.subarray(LEAF_BYTES * i, LEAF_BYTES * (i + 1)), address);
    }
    this.#rehash(0, sortedUnique(leaves));
  }

  /** Sets 2^`pagesLog2` pages (0 to 20) from `firstPage` on to zero; `firstPage` is a multiple of their number. */
  zeroPages(firstPage: number, pagesLog2: number): void {
    const count = 2 ** pagesLog2;
    const end = firstPage + count;
    assert(
      Number.isInteger(pagesLog2) && firstPage >= 0 && firstPage % count === 0 && end <= this.#pages.blocks.length,
      () => `2^${pagesLog2} pages from page ${firstPage} are not an aligned subtree`,
    );
    const dropped: number[] = [];
    this.#eachPresent(firstPage, end, (page) => {
      this.blocks.drop(this.#pages, page);
      this.#copyHash(this.blocks.zeroAddress(PAGE_HEIGHT), this.blocks.leafAddress(this.#tier(1), page));
      dropped.push(page);
    });
    this.#rehash(1, Uint32Array.from(dropped));
  }

  get #pages(): Tier {
    return this.#tier(0);
  }

  #tier(index: number): Tier {
    return this.blocks.tiers[index] as Tier;
  }

  /** Calls `visit` for each page from `first` to `end` - 1 that has a block; looks only where there are any. */
  #eachPresent(first: number, end: number, visit: (page: number) => void): void {
    const groups = this.#tier(1);
    const pagesPerGroup = 1 << groups.depth;
    for (let page = first; page < end; page++) {
      if (page % pagesPerGroup === 0 && groups.blocks[page / pagesPerGroup] === 0) page += pagesPerGroup - 1;
      else if (this.#pages.blocks[page] !== 0) visit(page);
    }
  }

  /** Rehashes what is above leaves of a tier: their indices, ascending, each once. */
  #rehash(tierIndex: number, leaves: Uint32Array): void {
    let changed = leaves;
    for (let t = tierIndex; t < this.blocks.tiers.length && changed.length > 0; t++) {
      const tier = this.#tier(t);
      this.#hashBlocks(tier, changed);
      const above = this.blocks.tiers[t + 1];
      if (!above) return;
      changed = parents(changed, tier.depth);
      for (const block of changed) {
        const leaf = this.blocks.leafAddress(above, block);
        this.#copyHash((tier.blocks[block] as number) + HASH_BYTES, leaf);
      }
    }
  }

  /** Hashes the nodes above changed leaves up to the roots of their blocks. */
  #hashBlocks(tier: Tier, leaves: Uint32Array): void {
    let indices = leaves;
    for (let up = 1; up <= tier.depth; up++) {
      indices = parents(indices, 1);
      const below = tier.depth - up;
      for (let start = 0; start < indices.length; start += JOBS_PER_CALL)
        this.#hashSlots(tier, below, indices.subarray(start, start + JOBS_PER_CALL));
    }
  }

  /** Hashes nodes `below` levels under the roots of their blocks from their children. */
  #hashSlots(tier: Tier, below: number, indices: Uint32Array): void {
    const { words } = this.hasher;
    const slots = 1 << below;
    let job = this.#jobs / 4;
    for (const index of indices) {
      const slot = slots + (index & (slots - 1));
      const block = tier.blocks[index >>> below] as number;
      words[job++] = block + 2 * HASH_BYTES * slot;
      words[job++] = block + 2 * HASH_BYTES * slot + HASH_BYTES;
      words[job++] = block + HASH_BYTES * slot;
    }
    this.hasher.hashPairs(this.#jobs, indices.length);
  }

  #copyHash(from: number, to: number): void {
    this.hasher.bytes.copyWithin(to, from, from + HASH_BYTES);
  }
}
