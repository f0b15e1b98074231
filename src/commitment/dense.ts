// Dense commitments: the state hash after every step of a window, in batch, from what an engine recorded of a run.
import { assert } from '../invariant.ts';
import { LEAF_BYTES, TREE_DEPTH } from '../machine/memoryMap.ts';
import { DENSE_RECORD_BYTES, type DenseChunk } from './denseChunk.ts';
import { DenseLevels, type LeafWrites, MAX_BATCH_WRITES } from './denseLevels.ts';
import type { MemoryTree } from './memoryTree.ts';
import { RecordHasher } from './recordHasher.ts';

const MAX_CHUNK_STEPS = 1 << 20;

/** Makes dense commitments of consecutive chunks of one run. */
export class DenseCommitter {
  readonly #tree: MemoryTree;
  readonly #levels: DenseLevels;
  readonly #records = new RecordHasher();

  /** @param tree the memory before the first chunk: it is advanced by each chunk, and must not change in between */
  constructor(tree: MemoryTree) {
    this.#tree = tree;
    this.#levels = new DenseLevels(tree);
  }

  /**
   * The state hash after each step of the chunk, 32 bytes each: leaves of the dense history. The tree is then the memory
   * after the chunk. Throws an InvariantError for a chunk that is not of the form that DenseChunk says.
   */
  commit(chunk: DenseChunk): Uint8Array {
    checkChunk(chunk);
    const initial = this.#tree.root();
    const steps: number[] = [];
    const roots: Uint8Array[] = [];
    const visit = (step: number, root: Uint8Array) => {
      steps.push(step);
      roots.push(root);
    };
    const { writes, zeros } = chunk;
    let written = 0;
    for (let i = 0; i < zeros.steps.length; i++) {
      const step = zeros.steps[i] as number;
      const end = firstAfter(writes.steps, step, written);
      this.#write(writes, written, end, visit);
      written = end;
      this.#tree.zeroPages(zeros.firstPages[i] as number, zeros.pagesLog2[i] as number);
      visit(step, this.#tree.root());
    }
    this.#write(writes, written, writes.steps.length, visit);
    return this.#records.hash(chunk.records, { initial, steps, roots });
  }

  #write(writes: LeafWrites, from: number, to: number, visit: (step: number, root: Uint8Array) => void): void {
    for (let start = from; start < to; start += MAX_BATCH_WRITES) {
      const end = Math.min(to, start + MAX_BATCH_WRITES);
      const batch = {
        steps: writes.steps.subarray(start, end),
        leaves: writes.leaves.subarray(start, end),
        values: writes.values.subarray(LEAF_BYTES * start, LEAF_BYTES * end),
      };
      this.#levels.write(batch, visit);
    }
  }
}

/** Position of the first of ascending `steps` that is later than `step`, from position `from` on. */
function firstAfter(steps: Uint32Array, step: number, from: number): number {
  let position = from;
  while (position < steps.length && (steps[position] as number) <= step) position++;
  return position;
}

function checkChunk({ steps, records, writes, zeros }: DenseChunk): void {
  assert(Number.isInteger(steps) && steps >= 1 && steps <= MAX_CHUNK_STEPS, () => `a chunk of ${steps} steps`);
  assert(records.length === DENSE_RECORD_BYTES * steps, () => `${records.length} bytes of records for ${steps} steps`);
  const { length } = writes.steps;
  assert(
    writes.leaves.length === length && writes.values.length === LEAF_BYTES * length,
    () => `${length} writes with ${writes.leaves.length} leaves and ${writes.values.length} bytes`,
  );
  assert(
    zeros.firstPages.length === zeros.steps.length && zeros.pagesLog2.length === zeros.steps.length,
    () =>
      `${zeros.steps.length} zeroed subtrees with ${zeros.firstPages.length} pages and ${zeros.pagesLog2.length} sizes`,
  );
  checkTimes(writes.steps, steps);
  checkTimes(zeros.steps, steps);
  for (const leaf of writes.leaves) assert(leaf < 2 ** TREE_DEPTH, () => `a write of leaf ${leaf}`);
}

function checkTimes(times: Uint32Array, steps: number): void {
  let last = 0;
  for (const time of times) {
    assert(time >= last && time < steps, () => `step ${time} after step ${last} in a chunk of ${steps} steps`);
    last = time;
  }
}
