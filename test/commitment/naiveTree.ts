// The independent witness of the memory tree: a map of leaves, and the definition written down recursively over
// @noble/hashes. Nothing is cached but zero subtrees.
import { keccak_256 } from '@noble/hashes/sha3.js';

const DEPTH = 27;

export class NaiveTree {
  readonly leaves = new Map<number, Uint8Array>();
  readonly #zeros: Uint8Array[] = [new Uint8Array(32)];

  constructor() {
    for (let height = 0; height < DEPTH; height++) {
      const zero = this.#zeros[height]!;
      this.#zeros.push(keccak_256(Buffer.concat([zero, zero])));
    }
  }

  setPage(page: number, bytes: Uint8Array): void {
    for (let i = 0; i < 128; i++) this.leaves.set(128 * page + i, bytes.slice(32 * i, 32 * i + 32));
  }

  zero(firstPage: number, pagesLog2: number): void {
    const first = 128 * firstPage;
    for (const leaf of [...this.leaves.keys()])
      if (leaf >= first && leaf < first + 128 * 2 ** pagesLog2) this.leaves.delete(leaf);
  }

  root(): Uint8Array {
    return this.node(DEPTH, 0);
  }

  node(height: number, index: number): Uint8Array {
    const size = 2 ** height;
    const inside = [...this.leaves.keys()].filter((leaf) => leaf >= index * size && leaf < (index + 1) * size);
    return this.#hash(height, index, inside);
  }

  #hash(height: number, index: number, inside: number[]): Uint8Array {
    if (inside.length === 0) return this.#zeros[height]!;
    if (height === 0) return this.leaves.get(index)!;
    const middle = (2 * index + 1) * 2 ** (height - 1);
    const left = this.#hash(
      height - 1,
      2 * index,
      inside.filter((leaf) => leaf < middle),
    );
    const right = this.#hash(
      height - 1,
      2 * index + 1,
      inside.filter((leaf) => leaf >= middle),
    );
    return keccak_256(Buffer.concat([left, right]));
  }
}
