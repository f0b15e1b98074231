// Histories against a recursive definition over @noble/hashes, with the repeated tail written out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import {
  buildRows,
  firstDifference,
  type HistorySource,
  HistoryTree,
  historyRoot,
} from '../../src/commitment/history.ts';
import { Random } from './random.ts';

const hash = (left: Uint8Array, right: Uint8Array) => keccak_256(Buffer.concat([left, right]));

/** Node `index` of a level as defined: leaves from the last on are the last. */
function naiveNode(leaves: Uint8Array, level: number, index: number): Uint8Array {
  const count = leaves.length / 32;
  const repeats = index * 2 ** level >= count - 1;
  const at = 32 * Math.min(index, count - 1);
  if (level === 0) return leaves.slice(at, at + 32);
  const left = naiveNode(leaves, level - 1, 2 * index);
  return hash(left, repeats ? left : naiveNode(leaves, level - 1, 2 * index + 1));
}

const same = (a: Uint8Array, b: Uint8Array, message?: string) =>
  assert.deepEqual(Buffer.from(a), Buffer.from(b), message);

test('nodes, roots and proofs of trees of every shape', () => {
  const random = new Random('history');
  for (const [height, count] of [
    [1, 1],
    [1, 2],
    [3, 5],
    [8, 256],
    [8, 200],
    [9, 257],
    [12, 1],
    [12, 4096],
    [12, 3000],
    [16, 700],
    [17, 255],
    [20, 1],
    [20, 513],
    [20, 70_000],
    [24, 1],
    [24, 300],
    [24, 5000],
  ] as const) {
    const leaves = random.bytes(32 * count);
    const tree = new HistoryTree(buildRows(leaves, height));
    const root = naiveNode(leaves, height, 0);
    same(tree.root(), root, `height ${height}, ${count} leaves`);
    for (const leaf of [0, 1, count - 1, count, random.below(count), random.below(2 ** height), 2 ** height - 1]) {
      if (leaf >= 2 ** height) continue;
      same(tree.leaf(leaf), naiveNode(leaves, 0, leaf));
      same(historyRoot(tree.leaf(leaf), leaf, tree.prove(leaf)), root, `leaf ${leaf}`);
      const level = random.below(height);
      const index = Math.floor(leaf / 2 ** level);
      if (count < 10_000)
        same(tree.node(level, index), naiveNode(leaves, level, index), `level ${level} node ${index}`);
    }
  }
});

test('the first difference is found from few rows, wherever it is, also when lies reconverge', () => {
  const random = new Random('first difference');
  const count = 50_000;
  const leaves = random.bytes(32 * count);
  for (const at of [0, 1, 255, 256, 65, 4095, 49_999, random.below(count)]) {
    const lie = leaves.slice();
    lie[32 * at + random.below(32)]! ^= 1;
    if (at + 10 < count) lie[32 * (at + 10)]! ^= 1;
    const asked: string[] = [];
    const source = buildRows(lie, 20);
    const counted: HistorySource = {
      ...source,
      row: (level, index) => {
        asked.push(`${level}/${index}`);
        return source.row(level, index);
      },
    };
    assert.equal(firstDifference(new HistoryTree(buildRows(leaves, 20)), new HistoryTree(counted)), at);
    assert.ok(asked.length <= 4, `${asked.length} rows: ${asked.join(' ')}`);
  }
  const tree = () => new HistoryTree(buildRows(leaves, 20));
  assert.equal(firstDifference(tree(), tree()), undefined);
  const shorter = new HistoryTree(buildRows(leaves.slice(0, 32 * 1000), 20));
  assert.equal(firstDifference(tree(), shorter), 1000, 'a history that halts earlier');
});

test('a damaged row is named', () => {
  const random = new Random('damaged history');
  const source = buildRows(random.bytes(32 * 1000), 24);
  const open = (damage: (level: number, index: number, row: Uint8Array) => Uint8Array) =>
    new HistoryTree({ ...source, row: (level, index) => damage(level, index, source.row(level, index).slice()) });
  const flip = (row: Uint8Array) => {
    row[0]! ^= 1;
    return row;
  };
  assert.throws(() => open((l, i, row) => (l === 0 && i === 1 ? flip(row) : row)).leaf(300), {
    code: 'HISTORY_DAMAGED',
    message: /row 1 of level 0/,
  });
  assert.throws(() => open((l, _, row) => (l === 8 ? flip(row) : row)).leaf(300), {
    code: 'HISTORY_DAMAGED',
    message: /row 0 of level 8/,
  });
  assert.throws(() => open((l, _, row) => (l === 0 ? row.subarray(1) : row)), {
    code: 'HISTORY_DAMAGED',
    message: /7423 bytes/,
  });
  const tree = new HistoryTree(source);
  assert.throws(() => tree.node(0, 2 ** 24), /no node/);
  assert.throws(() => tree.node(25, 0), /no node/);
  assert.throws(() => buildRows(new Uint8Array(0), 20), /0 bytes/);
  assert.throws(() => buildRows(new Uint8Array(96), 1), /96 bytes/);
});
