// Dense commitments in batch against one tree update and one @noble/hashes state hash a step.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DenseCommitter } from '../../src/commitment/dense.ts';
import { DENSE_RECORD_BYTES, type DenseChunk } from '../../src/commitment/denseChunk.ts';
import { MAX_BATCH_WRITES } from '../../src/commitment/denseLevels.ts';
import { MemoryTree } from '../../src/commitment/memoryTree.ts';
import { RecordHasher } from '../../src/commitment/recordHasher.ts';
import { stateHash } from '../../src/commitment/stateHash.ts';
import { field } from '../../src/semantics/layout.ts';
import { Random } from './random.ts';

const ROOT_OFFSET = field('memoryRoot').offset;
const PAGES = [16, 17, 300, 301, 16384, 0xeffff, 0xf0000];

interface Log {
  writes: { step: number; leaf: number; value: Uint8Array }[];
  zeros: { step: number; firstPage: number; pagesLog2: number }[];
}

function chunkOf(steps: number, records: Uint8Array, { writes, zeros }: Log): DenseChunk {
  return {
    steps,
    records,
    writes: {
      steps: Uint32Array.from(writes, ({ step }) => step),
      leaves: Uint32Array.from(writes, ({ leaf }) => leaf),
      values: Buffer.concat(writes.map(({ value }) => value)),
    },
    zeros: {
      steps: Uint32Array.from(zeros, ({ step }) => step),
      firstPages: Uint32Array.from(zeros, ({ firstPage }) => firstPage),
      pagesLog2: Uint8Array.from(zeros, ({ pagesLog2 }) => pagesLog2),
    },
  };
}

/** Records whose first block changes by one bit in one step of three. */
function someRecords(random: Random, steps: number): Uint8Array {
  const records = new Uint8Array(DENSE_RECORD_BYTES * steps);
  const start = random.bytes(136);
  for (let i = 0; i < steps; i++) {
    if (random.below(3) === 0) start[random.pick([random.below(136), 135])]! ^= 1 << random.below(8);
    const record = records.subarray(DENSE_RECORD_BYTES * i, DENSE_RECORD_BYTES * (i + 1));
    record.set(random.bytes(16), 136 + random.below(200));
    record.set(start);
    record.fill(0xee, ROOT_OFFSET, ROOT_OFFSET + 32);
  }
  return records;
}

/** Commits step by step to `tree`, which is advanced. */
function stepByStep(tree: MemoryTree, { steps, records }: DenseChunk, log: Log): Buffer {
  const hashes: Uint8Array[] = [];
  for (let step = 0; step < steps; step++) {
    for (const write of log.writes) if (write.step === step) tree.writeLeaves([write.leaf], write.value);
    for (const zero of log.zeros) if (zero.step === step) tree.zeroPages(zero.firstPage, zero.pagesLog2);
    const hot = records.slice(DENSE_RECORD_BYTES * step, DENSE_RECORD_BYTES * (step + 1));
    hot.set(tree.root(), ROOT_OFFSET);
    hashes.push(stateHash(hot));
  }
  return Buffer.concat(hashes);
}

function someLog(random: Random, steps: number): Log {
  const log: Log = { writes: [], zeros: [] };
  const someLeaf = () => 128 * random.pick(PAGES) + (random.below(4) ? random.below(3) : random.below(128));
  for (let step = 0; step < steps; step++) {
    const leaf = someLeaf();
    const kind = random.below(12);
    if (kind < 3) log.writes.push({ step, leaf, value: random.bytes(32) });
    if (kind === 3) for (const at of [leaf, leaf ^ 1]) log.writes.push({ step, leaf: at, value: random.bytes(32) });
    if (kind === 4) for (let i = 0; i < 3; i++) log.writes.push({ step, leaf, value: random.bytes(32) });
    if (kind === 5) for (let i = 0; i < 5; i++) log.writes.push({ step, leaf: someLeaf(), value: random.bytes(32) });
    if (kind < 6 && random.below(8) === 0)
      for (let i = random.below(3); i > 0; i--) {
        const pagesLog2 = random.pick([0, 0, 1, 7, 8, 14, 20]);
        const firstPage = Math.floor(random.pick(PAGES) / 2 ** pagesLog2) * 2 ** pagesLog2;
        log.zeros.push({ step, firstPage, pagesLog2 });
      }
  }
  return log;
}

test('random chunks one after the other: every state hash, and the tree they leave', () => {
  const random = new Random('dense chunks');
  const tree = new MemoryTree();
  tree.update(PAGES.slice(0, 4), () => random.bytes(4096));
  const expectedTree = tree.fork();
  const committer = new DenseCommitter(tree);
  for (const steps of [1, 2, 600, 513, 1200]) {
    const log = someLog(random, steps);
    const chunk = chunkOf(steps, someRecords(random, steps), log);
    const expected = stepByStep(expectedTree, chunk, log);
    assert.ok(expected.equals(committer.commit(chunk)), `${steps} steps`);
    assert.deepEqual(tree.root(), expectedTree.root());
    for (const page of PAGES) assert.deepEqual(tree.page(page), expectedTree.page(page));
    for (const height of [6, 7, 8, 14, 21]) {
      const index = Math.floor((128 * random.pick(PAGES)) / 2 ** height);
      assert.deepEqual(tree.node(height, index), expectedTree.node(height, index));
    }
  }
});

test('more writes than a batch holds, cut inside a step', () => {
  const random = new Random('dense batches');
  const tree = new MemoryTree();
  const expectedTree = new MemoryTree();
  const steps = 700;
  const writesPerStep = 25;
  assert.ok(steps * writesPerStep > 2 * MAX_BATCH_WRITES && MAX_BATCH_WRITES % writesPerStep !== 0);
  const log: Log = { writes: [], zeros: [] };
  for (let step = 0; step < steps; step++)
    for (let i = 0; i < writesPerStep; i++)
      log.writes.push({ step, leaf: 128 * 300 + random.below(500), value: random.bytes(32) });
  const chunk = chunkOf(steps, someRecords(random, steps), log);
  const hashes = new DenseCommitter(tree).commit(chunk);
  for (let step = 0; step < steps; step++) {
    const writes = log.writes.slice(writesPerStep * step, writesPerStep * (step + 1));
    expectedTree.writeLeaves(
      writes.map(({ leaf }) => leaf),
      Buffer.concat(writes.map(({ value }) => value)),
    );
    const hot = chunk.records.slice(DENSE_RECORD_BYTES * step, DENSE_RECORD_BYTES * (step + 1));
    hot.set(expectedTree.root(), ROOT_OFFSET);
    assert.deepEqual(hashes.slice(32 * step, 32 * step + 32), stateHash(hot), `step ${step}`);
  }
  assert.deepEqual(tree.root(), expectedTree.root());
});

test('records of zeros only: the first is not taken for a repetition', () => {
  const records = new Uint8Array(3 * DENSE_RECORD_BYTES);
  const hashes = new RecordHasher().hash(records, { initial: new Uint8Array(32), steps: [], roots: [] });
  const expected = stateHash(records.subarray(0, DENSE_RECORD_BYTES));
  assert.ok(Buffer.concat([expected, expected, expected]).equals(hashes));
});

test('a chunk of another form is a broken invariant', () => {
  const committer = new DenseCommitter(new MemoryTree());
  const records = new Uint8Array(2 * DENSE_RECORD_BYTES);
  const value = new Uint8Array(32);
  const write = (step: number, leaf = 0) => ({ step, leaf, value });
  const zero = (step: number, firstPage = 0, pagesLog2 = 0) => ({ step, firstPage, pagesLog2 });
  const bad: [number, Log][] = [
    [1, { writes: [], zeros: [] }],
    [0, { writes: [], zeros: [] }],
    [2, { writes: [write(1), write(0)], zeros: [] }],
    [2, { writes: [write(2)], zeros: [] }],
    [2, { writes: [write(0, 2 ** 27)], zeros: [] }],
    [2, { writes: [], zeros: [zero(1), zero(0)] }],
    [2, { writes: [], zeros: [zero(0, 1, 1)] }],
  ];
  for (const [steps, log] of bad)
    assert.throws(() => committer.commit(chunkOf(steps, records, log)), { code: 'INVARIANT' });
  const chunk = chunkOf(2, records, { writes: [write(0)], zeros: [] });
  assert.throws(() => committer.commit({ ...chunk, writes: { ...chunk.writes, values: new Uint8Array(31) } }), {
    code: 'INVARIANT',
  });
});
