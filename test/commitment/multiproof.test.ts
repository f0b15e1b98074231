// Multiproofs against the memory tree before and after the same changes, and against every corruption.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryTree } from '../../src/commitment/memoryTree.ts';
import { checkMultiproof, makeMultiproof, type ProofLeaf, type ProofSubtree } from '../../src/commitment/multiproof.ts';
import { zeroHash } from '../../src/commitment/zeroHashes.ts';
import { OmoError } from '../../src/errors.ts';
import { Random } from './random.ts';

const PAGES = [16, 17, 18, 32, 300, 16384, 0xeffff, 0xf0000];

function someTree(random: Random): MemoryTree {
  const tree = new MemoryTree();
  tree.update(PAGES, () => {
    const page = new Uint8Array(4096);
    page.set(random.bytes(128), 32 * random.below(124));
    return page;
  });
  return tree;
}

function someLeaves(random: Random): number[] {
  const base = 128 * random.pick(PAGES);
  const leaves = new Set<number>();
  for (let i = random.below(9); i > 0; i--)
    leaves.add(
      random.below(2)
        ? base + random.below(4)
        : random.below(3)
          ? 128 * random.pick(PAGES) + random.below(128)
          : random.below(2 ** 27),
    );
  return [...leaves].sort((a, b) => a - b);
}

function someSubtree(random: Random): ProofSubtree | undefined {
  if (random.below(3) === 0) return undefined;
  const pagesLog2 = random.pick([0, 1, 2, 5, 7, 14, 19, 20]);
  return { height: 7 + pagesLog2, index: Math.floor(random.pick([...PAGES, random.below(2 ** 20)]) / 2 ** pagesLog2) };
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof OmoError) return error.code;
    throw error;
  }
  return 'accepted';
};

test('random nodes: the roots before and after are those of the tree', () => {
  const random = new Random('multiproof');
  const tree = someTree(random);
  for (let round = 0; round < 150; round++) {
    const indices = someLeaves(random);
    const subtree = someSubtree(random);
    if (indices.length === 0 && !subtree) continue;
    const leaves = indices.map((index): ProofLeaf => {
      const before = tree.leaf(index);
      return { index, before, after: random.below(2) ? before : random.bytes(32) };
    });
    const proof = makeMultiproof(tree, indices, subtree);
    const roots = checkMultiproof(proof, leaves, subtree);
    assert.deepEqual(roots.before, tree.root());
    const after = tree.fork();
    after.writeLeaves(indices, Buffer.concat(leaves.map((leaf) => leaf.after)));
    if (subtree) after.zeroPages(subtree.index * 2 ** (subtree.height - 7), subtree.height - 7);
    assert.deepEqual(roots.after, after.root(), `round ${round}`);
  }
});

test('every byte corrupted, shortened, extended: refused by name, or another root', () => {
  const random = new Random('corrupted multiproofs');
  const tree = someTree(random);
  for (let round = 0; round < 5; round++) {
    const indices = someLeaves(random);
    const subtree = someSubtree(random);
    if (indices.length === 0 && !subtree) continue;
    const leaves = indices.map((index) => ({ index, before: tree.leaf(index), after: tree.leaf(index) }));
    const proof = makeMultiproof(tree, indices, subtree);
    for (let at = 0; at < proof.length; at++) {
      const corrupted = proof.slice();
      corrupted[at] = (corrupted[at] as number) ^ (1 << random.below(8));
      const code = codeOf(() => {
        const { before } = checkMultiproof(corrupted, leaves, subtree);
        assert.notDeepEqual(before, tree.root(), `byte ${at} of ${proof.length}`);
      });
      assert.match(code, /^(accepted|MULTIPROOF_)/);
      if (at === 0) assert.notEqual(code, 'accepted');
    }
    for (let length = 0; length < proof.length; length++)
      assert.match(
        codeOf(() => checkMultiproof(proof.subarray(0, length), leaves, subtree)),
        /^MULTIPROOF_(LENGTH|BITMAP)$/,
      );
    assert.equal(
      codeOf(() => checkMultiproof(Buffer.concat([proof, Buffer.of(0)]), leaves, subtree)),
      'MULTIPROOF_LENGTH',
    );
  }
});

test('one accepted form only', () => {
  const tree = new MemoryTree();
  const value = Uint8Array.from({ length: 32 }, (_, i) => i);
  tree.writeLeaves([5], value);
  const leaf = { index: 5, before: value, after: value };
  const proof = makeMultiproof(tree, [5]);
  assert.deepEqual([...proof], [4, 0xff, 0xff, 0xff, 0xe0], 'one leaf in an empty tree: 27 zero siblings');
  assert.deepEqual(checkMultiproof(proof, [leaf]).before, tree.root());
  const explicit = Buffer.concat([Buffer.of(4, 0xbf, 0xff, 0xff, 0xe0), zeroHash(1)]);
  assert.equal(
    codeOf(() => checkMultiproof(explicit, [leaf])),
    'MULTIPROOF_EXPLICIT_ZERO',
  );
  assert.equal(
    codeOf(() => checkMultiproof(Uint8Array.of(4, 0xff, 0xff, 0xff, 0xe1), [leaf])),
    'MULTIPROOF_PADDING',
  );
  assert.equal(
    codeOf(() => checkMultiproof(Uint8Array.of(5, 0xff, 0xff, 0xff, 0xe0, 0), [leaf])),
    'MULTIPROOF_BITMAP',
  );
  assert.equal(
    codeOf(() => checkMultiproof(Uint8Array.of(3, 0xff, 0xff, 0xff), [leaf])),
    'MULTIPROOF_BITMAP',
  );
  assert.equal(
    codeOf(() => checkMultiproof(new Uint8Array(10_000), [leaf])),
    'MULTIPROOF_LENGTH',
  );
  assert.equal(
    codeOf(() => checkMultiproof(new Uint8Array(0), [leaf])),
    'MULTIPROOF_LENGTH',
  );
  const root: ProofSubtree = { height: 27, index: 0 };
  assert.deepEqual([...makeMultiproof(tree, [], root).subarray(0, 2)], [1, 0]);
  assert.deepEqual(checkMultiproof(makeMultiproof(tree, [], root), [], root), {
    before: tree.root(),
    after: zeroHash(27),
  });
  assert.deepEqual(checkMultiproof(proof, [{ ...leaf, after: new Uint8Array(32) }], root).after, zeroHash(27));
});

test('nodes that are not of the form are refused', () => {
  const tree = new MemoryTree();
  const nodes: [number[], ProofSubtree?][] = [
    [[]],
    [[1, 1]],
    [[2, 1]],
    [[-1]],
    [[2 ** 27]],
    [[0.5]],
    [[0, 1, 2, 3, 4, 5, 6, 7, 8]],
    [[1], { height: 6, index: 0 }],
    [[1], { height: 28, index: 0 }],
    [[1], { height: 7, index: 2 ** 20 }],
    [[1], { height: 20, index: -1 }],
  ];
  for (const [leaves, subtree] of nodes)
    assert.equal(
      codeOf(() => makeMultiproof(tree, leaves, subtree)),
      'MULTIPROOF_NODES',
      JSON.stringify([leaves, subtree]),
    );
});
