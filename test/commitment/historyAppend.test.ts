// Histories that grow piece by piece against histories built at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRows, type HistorySource, HistoryTree } from '../../src/commitment/history.ts';
import { appendLeaves } from '../../src/commitment/historyAppend.ts';
import { Random } from './random.ts';

/** Rows in memory, as a store keeps them. */
class Rows implements HistorySource {
  readonly height: number;
  leafCount = 0;
  readonly rows = new Map<string, Uint8Array>();

  constructor(height: number) {
    this.height = height;
  }

  row(level: number, index: number): Uint8Array {
    const row = this.rows.get(`${level}/${index}`);
    assert.ok(row, `row ${level}/${index}`);
    return row;
  }

  append(leaves: Uint8Array): Uint8Array {
    const grown = appendLeaves(this.leafCount === 0 ? undefined : this, this.height, leaves);
    for (const { level, index, nodes } of grown.rows) this.rows.set(`${level}/${index}`, nodes.slice());
    this.leafCount = grown.leafCount;
    return grown.root;
  }
}

test('a history grown in pieces is the history built at once, after every piece', () => {
  const random = new Random('append');
  for (const [height, total] of [
    [1, 2],
    [5, 32],
    [8, 256],
    [9, 300],
    [20, 1000],
    [20, 67_000],
    [24, 1200],
    [24, 140_000],
  ] as const) {
    const leaves = random.bytes(32 * total);
    const rows = new Rows(height);
    let count = 0;
    while (count < total) {
      const left = total - count;
      const most = total > 10_000 ? 40_000 : 300;
      const next = Math.min(left, 1 + random.below(most));
      const root = rows.append(leaves.subarray(32 * count, 32 * (count + next)));
      count += next;
      const whole = buildRows(leaves.slice(0, 32 * count), height);
      assert.deepEqual(Buffer.from(root), Buffer.from(new HistoryTree(whole).root()), `${count} of ${total}`);
      for (const [key, row] of rows.rows) {
        const [level, index] = key.split('/').map(Number) as [number, number];
        assert.deepEqual(Buffer.from(row), Buffer.from(whole.row(level, index)), `row ${key} at ${count} of ${total}`);
      }
    }
  }
});

test('one leaf at a time over the edge of a row', () => {
  const random = new Random('edge');
  const leaves = random.bytes(32 * 520);
  const rows = new Rows(24);
  for (let i = 0; i < 520; i++) {
    const root = rows.append(leaves.subarray(32 * i, 32 * i + 32));
    if (i % 64 < 62 && i > 3) continue;
    const whole = new HistoryTree(buildRows(leaves.slice(0, 32 * (i + 1)), 24));
    assert.deepEqual(Buffer.from(root), Buffer.from(whole.root()));
  }
});

test('no leaves, a part of a leaf, and too many leaves are refused', () => {
  for (const bytes of [0, 31, 32 * 17]) assert.throws(() => appendLeaves(undefined, 4, new Uint8Array(bytes)));
});
