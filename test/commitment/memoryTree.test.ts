// The memory tree against the definition written down naively (naiveTree.ts).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { MemoryTree } from '../../src/commitment/memoryTree.ts';
import { zeroHash } from '../../src/commitment/zeroHashes.ts';
import { NaiveTree } from './naiveTree.ts';
import { Random } from './random.ts';

/** Pages that share blocks at every tier, and the first and last ones. */
const PAGES = [0, 1, 16, 17, 127, 128, 300, 16383, 16384, 0x3ffff, 0x40000, 0xeffff, 0xf0000, 0xfffff];

function randomPage(random: Random): Uint8Array {
  const bytes = new Uint8Array(4096);
  for (let i = random.below(6); i > 0; i--) bytes[random.below(4096)] = random.below(256);
  return bytes;
}

test('the empty tree: every height is the zero subtree', () => {
  const tree = new MemoryTree();
  assert.deepEqual(Buffer.from(tree.root()), Buffer.from(new NaiveTree().root()));
  for (let height = 0; height <= 27; height++) {
    assert.deepEqual(tree.node(height, 0), zeroHash(height));
    assert.deepEqual(tree.node(height, 2 ** (27 - height) - 1), zeroHash(height));
  }
  assert.throws(() => tree.node(27, 1), /no node 1 at height 27/);
  assert.throws(() => tree.node(28, 0), /height 28/);
  assert.throws(() => tree.node(3, 2 ** 24), /no node/);
});

test('random updates, single leaves, zeroed subtrees, forks: every root and node as defined', () => {
  const random = new Random('memory tree');
  let tree = new MemoryTree();
  const naive = new NaiveTree();
  for (let round = 0; round < 60; round++) {
    const kind = random.below(4);
    if (kind === 0) {
      const leaves = Array.from({ length: 1 + random.below(5) }, () => 128 * random.pick(PAGES) + random.below(128));
      const values = random.bytes(32 * leaves.length);
      tree.writeLeaves(leaves, values);
      leaves.forEach((leaf, i) => void naive.leaves.set(leaf, values.slice(32 * i, 32 * i + 32)));
    } else if (kind === 1) {
      const log2 = random.pick([0, 0, 1, 3, 6, 7, 8, 13, 14, 15, 20]);
      const first = Math.floor(random.pick(PAGES) / 2 ** log2) * 2 ** log2;
      tree.zeroPages(first, log2);
      naive.zero(first, log2);
    } else {
      const contents = new Map(
        Array.from({ length: 1 + random.below(4) }, () => [random.pick(PAGES), randomPage(random)]),
      );
      tree.update([...contents.keys(), ...contents.keys()], (page) => contents.get(page)!);
      for (const [page, bytes] of contents) naive.setPage(page, bytes);
    }
    assert.deepEqual(Buffer.from(tree.root()), Buffer.from(naive.root()), `round ${round}`);
    if (round % 10 === 9) {
      const before = tree;
      tree = tree.fork();
      before.writeLeaves([5], random.bytes(32));
      for (let height = 0; height <= 27; height++) {
        const index = Math.floor((128 * random.pick(PAGES)) / 2 ** height);
        assert.deepEqual(Buffer.from(tree.node(height, index)), Buffer.from(naive.node(height, index)));
      }
    }
  }
});

test('an update tells how many leaves changed; equal pages change nothing; pages come back', () => {
  const tree = new MemoryTree();
  const page = new Uint8Array(4096);
  assert.equal(
    tree.update([3], () => page),
    0,
  );
  page[100] = 1;
  page[101] = 1;
  page[4095] = 1;
  assert.equal(
    tree.update([3], () => page),
    2,
  );
  assert.equal(
    tree.update([3, 3], () => page),
    0,
  );
  assert.deepEqual(tree.page(3), page);
  assert.deepEqual(tree.page(4), new Uint8Array(4096));
  assert.deepEqual([...tree.presentPages()], [3]);
  assert.equal(tree.leaf(3 * 128 + 3)[4], 1);
});

test('a path of siblings leads to the root', () => {
  const random = new Random('paths');
  const tree = new MemoryTree();
  tree.update(PAGES, () => random.bytes(4096));
  for (const leaf of [0, 1, 17 * 128 + 5, 2 ** 27 - 1, 12_345_678]) {
    let hash = tree.leaf(leaf);
    let index = leaf;
    for (const sibling of tree.prove(leaf)) {
      hash = keccak_256(Buffer.concat(index % 2 === 0 ? [hash, sibling] : [sibling, hash]));
      index = Math.floor(index / 2);
    }
    assert.deepEqual(Buffer.from(hash), Buffer.from(tree.root()));
  }
});

test('zeroed pages give their room back', () => {
  const tree = new MemoryTree();
  const page = new Uint8Array(4096).fill(1);
  tree.update([1, 2, 3], () => page);
  const { end } = tree.hasher;
  for (let i = 0; i < 10; i++) {
    tree.zeroPages(0, 2);
    tree.update([1, 2, 3], () => page);
  }
  assert.equal(tree.hasher.end, end);
});

test('a wrong shape is a broken invariant', () => {
  const tree = new MemoryTree();
  assert.throws(() => tree.zeroPages(1, 1), /not an aligned subtree/);
  assert.throws(() => tree.zeroPages(0, 21), /not an aligned subtree/);
  assert.throws(() => tree.update([2 ** 20], () => new Uint8Array(4096)), /no block/);
  assert.throws(() => tree.update([1], () => new Uint8Array(4095)), /4095 bytes/);
  assert.throws(() => tree.writeLeaves([1], new Uint8Array(31)), /31 bytes/);
});

test('more pages than one batch of jobs holds', () => {
  const random = new Random('many pages');
  const tree = new MemoryTree();
  const one = new MemoryTree();
  const pages = Array.from({ length: 100 }, (_, i) => 64 + 3 * i);
  const contents = new Map(pages.map((page) => [page, random.bytes(4096)]));
  tree.update(pages, (page) => contents.get(page)!);
  for (const page of pages.reverse()) one.update([page], (p) => contents.get(p)!);
  assert.deepEqual(tree.root(), one.root());
});
