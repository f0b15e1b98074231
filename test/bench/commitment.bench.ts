// How fast commitments are: hashes a second, and dense commitments of a synthetic window.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { DenseCommitter } from '../../src/commitment/dense.ts';
import { DENSE_RECORD_BYTES, type DenseChunk } from '../../src/commitment/denseChunk.ts';
import { Hasher } from '../../src/commitment/hasher.ts';
import { buildRows, DENSE_HEIGHT } from '../../src/commitment/history.ts';
import { MemoryTree } from '../../src/commitment/memoryTree.ts';

const CHUNK_STEPS = 1 << 16;
const CHUNKS = 16;
/** Stores a step of a real block's worst window. */
const STORES_PER_STEP = 0.23;

const millions = (count: number, milliseconds: number) => `${(count / milliseconds / 1000).toFixed(2)} M/s`;

/** Median time of some runs of `run`, in milliseconds, after one that is not counted. */
function median(runs: number, run: () => void): number {
  run();
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[runs >> 1] as number;
}

function hashLines(): string[] {
  const count = 1 << 16;
  const hasher = new Hasher();
  const jobs = hasher.allocate(12 * count);
  const data = hasher.allocate(64 * count);
  const out = hasher.allocate(32 * count);
  for (let i = 0; i < count; i++) hasher.words.set([data + 64 * i, data + 64 * i + 32, out + 32 * i], jobs / 4 + 3 * i);
  const input = new Uint8Array(64);
  const pairs = median(9, () => hasher.hashPairs(jobs, count));
  const single = median(9, () => {
    for (let i = 0; i < count; i++) hasher.hash(input);
  });
  const noble = median(5, () => {
    for (let i = 0; i < count / 16; i++) keccak_256(input);
  });
  return [
    `keccak256 of 64 bytes, SIMD batch: ${millions(count, pairs)}`,
    `keccak256 of 64 bytes, scalar, one call each: ${millions(count, single)}`,
    `keccak256 of 64 bytes, @noble/hashes: ${millions(count / 16, noble)}`,
  ];
}

/** A pseudo-random generator that is quick and repeats: xorshift32. */
function generator(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Chunks whose stores go half to a few pages of stack, half to 4 MiB of heap; registers change as a program's do. */
function syntheticChunk(next: () => number): DenseChunk {
  const records = new Uint8Array(DENSE_RECORD_BYTES * CHUNK_STEPS);
  const words = new Uint32Array(records.buffer);
  const record = new Uint32Array(DENSE_RECORD_BYTES / 4);
  const steps: number[] = [];
  const leaves: number[] = [];
  for (let step = 0; step < CHUNK_STEPS; step++) {
    record[27 + (next() % 64)] = next();
    words.set(record, step * record.length);
    if (next() >= STORES_PER_STEP * 2 ** 32) continue;
    steps.push(step);
    leaves.push(next() % 2 === 0 ? 0x7700000 - (next() % 512) : 0x100000 + (next() % 131072));
  }
  const values = new Uint8Array(32 * steps.length);
  for (let i = 0; i < values.length; i++) values[i] = next();
  return {
    steps: CHUNK_STEPS,
    records,
    writes: { steps: Uint32Array.from(steps), leaves: Uint32Array.from(leaves), values },
    zeros: { steps: new Uint32Array(0), firstPages: new Uint32Array(0), pagesLog2: new Uint8Array(0) },
  };
}

function denseLines(): string[] {
  const next = generator();
  const tree = new MemoryTree();
  const committer = new DenseCommitter(tree);
  const leaves = new Uint8Array(32 * CHUNK_STEPS * CHUNKS);
  let milliseconds = 0;
  let writes = 0;
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    const synthetic = syntheticChunk(next);
    writes += synthetic.writes.steps.length;
    const start = performance.now();
    leaves.set(committer.commit(synthetic), 32 * CHUNK_STEPS * chunk);
    milliseconds += performance.now() - start;
  }
  const start = performance.now();
  buildRows(leaves, DENSE_HEIGHT);
  const rows = performance.now() - start;
  const steps = CHUNK_STEPS * CHUNKS;
  return [
    `dense commitments, ${steps} steps with ${(writes / steps).toFixed(2)} stores each: ${(milliseconds / 1000).toFixed(2)} s, ${millions(steps, milliseconds)}`,
    `history rows of ${steps} leaves: ${(rows / 1000).toFixed(2)} s`,
  ];
}

function sparseLines(): string[] {
  const next = generator();
  const tree = new MemoryTree();
  const pages = Uint32Array.from({ length: 4096 }, (_, i) => 0x1000 + i);
  const bytes = new Uint8Array(4096 * pages.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = next();
  const pageOf = (page: number) => bytes.subarray(4096 * (page - 0x1000), 4096 * (page - 0x1000 + 1));
  const start = performance.now();
  tree.update(pages, pageOf);
  const first = performance.now() - start;
  const update = median(5, () => {
    for (let i = 0; i < 16 * 600; i++) bytes[4096 * (i % 600) + (next() % 4096)] = next();
    tree.update(pages.subarray(0, 600), pageOf);
  });
  return [
    `memory tree, first commitment of 16 MiB: ${first.toFixed(0)} ms`,
    `memory tree, 600 dirty pages with 16 changed bytes each: ${update.toFixed(1)} ms`,
  ];
}

/** Measures and returns the lines that `npm run bench` prints. */
export function benchCommitment(): string[] {
  return [...hashLines(), ...denseLines(), ...sparseLines()];
}

if (import.meta.main) for (const line of benchCommitment()) console.log(line);
