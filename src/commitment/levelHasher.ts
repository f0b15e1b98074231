// Hashes one level of a binary tree into the next, two nodes at a time.
import { HASH_BYTES, Hasher, PAIR_JOB_WORDS } from './hasher.ts';

/** Nodes hashed at once: few enough to stay in the processor's cache. */
const SLICE_NODES = 4096;

/** A hasher with room for a slice of a level, and the jobs that pair its nodes. */
export class LevelHasher {
  readonly #hasher = new Hasher();
  readonly #nodes = this.#hasher.allocate(HASH_BYTES * (SLICE_NODES + 1)); // and a filler
  readonly #above = this.#hasher.allocate((HASH_BYTES * SLICE_NODES) / 2);
  readonly #jobs = this.#hasher.allocate(2 * PAIR_JOB_WORDS * SLICE_NODES);

  constructor() {
    for (let i = 0; i < SLICE_NODES / 2; i++) {
      const left = this.#nodes + 2 * HASH_BYTES * i;
      const job = [left, left + HASH_BYTES, this.#above + HASH_BYTES * i];
      this.#hasher.words.set(job, this.#jobs / 4 + PAIR_JOB_WORDS * i);
    }
  }

  /** The parents of `nodes` (32 bytes each); a last node without a neighbour is paired with `filler`. */
  parents(nodes: Uint8Array, filler: Uint8Array): Uint8Array {
    const above = new Uint8Array(HASH_BYTES * Math.ceil(nodes.length / HASH_BYTES / 2));
    const { bytes } = this.#hasher;
    for (let start = 0; start < nodes.length; start += HASH_BYTES * SLICE_NODES) {
      const slice = nodes.subarray(start, start + HASH_BYTES * SLICE_NODES);
      bytes.set(slice, this.#nodes);
      bytes.set(filler, this.#nodes + slice.length);
      const count = Math.ceil(slice.length / HASH_BYTES / 2);
      this.#hasher.hashPairs(this.#jobs, count);
      above.set(bytes.subarray(this.#above, this.#above + HASH_BYTES * count), start / 2);
    }
    return above;
  }
}
