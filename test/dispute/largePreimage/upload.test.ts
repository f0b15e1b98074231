// Plans of uploads: every byte is absorbed once, streams start where the sponge is, limits are kept, parts are shown.
// That the contract agrees is in test/contracts/preimageStore.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keccak_256, keccakP } from '@noble/hashes/sha3.js';
import { concat } from '../../../src/bytes.ts';
import { chained, chunkHash, EMPTY_CHAIN, treePath, treeRoot } from '../../../src/dispute/largePreimage/commitment.ts';
import { provePart } from '../../../src/dispute/largePreimage/opening.ts';
import { STREAMS, unslice } from '../../../src/dispute/largePreimage/slices.ts';
import {
  BLOCK_BYTES,
  DEFAULT_LIMITS,
  GROUP_BYTES,
  groupBytes,
  planUpload,
  tailBytes,
} from '../../../src/dispute/largePreimage/upload.ts';
import { keyOf } from '../../../src/environment/preimageKey.ts';
import { InputError, UsageError } from '../../../src/errors.ts';
import { asHash, type Hash, hashToBytes } from '../../../src/units.ts';
import { Random } from '../../commitment/random.ts';

const random = new Random('uploads');
/** Room for three groups a call. */
const SMALL = { gas: 2 ** 24, bytes: 6_000 };

const hash = (...parts: readonly Uint8Array[]): Hash => asHash(keccak_256(concat(parts)));

test('the blocks of all groups and the tail are the preimage, and each stream starts in the state before its blocks', () => {
  for (const length of [0, 1, GROUP_BYTES - 1, GROUP_BYTES, 3 * GROUP_BYTES, 7 * GROUP_BYTES + 700]) {
    const preimage = random.bytes(length);
    const upload = planUpload(preimage, SMALL);
    const absorbed = upload.absorptions.flatMap((absorption) => {
      const groups = groupBytes(upload, absorption);
      const runs = Array.from({ length: STREAMS }, (_, k) =>
        Array.from({ length: absorption.groups }, (_, t) =>
          unslice(groups.subarray(t * GROUP_BYTES, (t + 1) * GROUP_BYTES), k),
        ),
      );
      return runs.flatMap((blocks, k) => {
        const before = (absorption.prefix.blocks + k * absorption.groups) * BLOCK_BYTES;
        assert.deepEqual(unslice(absorption.streams, k), stateAfter(preimage.subarray(0, before)));
        return blocks;
      });
    });
    assert.deepEqual(concat([...absorbed, tailBytes(upload)]), preimage);
    assert.equal(upload.finished.key, asHash(keyOf(preimage)));
    assert.equal(upload.finished.length, length);
    const whole = length - (length % GROUP_BYTES);
    assert.deepEqual(unslice(upload.finalState, 0), stateAfter(preimage.subarray(0, whole)));
  }
});

/** The sponge after whole blocks, from the library. */
function stateAfter(blocks: Uint8Array): Uint8Array {
  const state = new Uint8Array(200);
  const lanes = new Uint32Array(state.buffer);
  for (let start = 0; start < blocks.length; start += BLOCK_BYTES) {
    for (let i = 0; i < BLOCK_BYTES; i++) state[i]! ^= blocks[start + i]!;
    keccakP(lanes);
  }
  return state;
}

test('chunks and their chain are hashed as the manual has it', () => {
  const upload = planUpload(random.bytes(5 * GROUP_BYTES), SMALL);
  assert.deepEqual(
    upload.absorptions.map(({ prefix, groups }) => [prefix.blocks, groups]),
    [
      [0, 3],
      [24, 2],
    ],
  );
  const [first, second] = upload.absorptions;
  const leaf = (absorption: typeof first, t: number) =>
    keccak_256(groupBytes(upload, absorption!).subarray(t * GROUP_BYTES, (t + 1) * GROUP_BYTES));
  const word = (value: number) => hashToBytes(asHash(`0x${value.toString(16).padStart(64, '0')}`));
  const three = keccak_256(concat([keccak_256(concat([leaf(first, 0), leaf(first, 1)])), leaf(first, 2)]));
  const two = keccak_256(concat([leaf(second, 0), leaf(second, 1)]));
  const firstChunk = hash(word(0), word(3), three);
  const secondChunk = hash(word(24), word(2), two);
  assert.equal(first!.chunk, firstChunk);
  assert.equal(second!.chunk, secondChunk);
  const chain = hash(hashToBytes(hash(new Uint8Array(32), hashToBytes(firstChunk))), hashToBytes(secondChunk));
  assert.equal(upload.finished.chain, chain);
});

test('a leaf with its path gives the root, for every leaf of trees of every small size', () => {
  for (let count = 1; count <= 17; count++) {
    const leaves = Array.from({ length: count }, () => asHash(random.bytes(32)));
    for (let index = 0; index < count; index++) {
      const path = [...treePath(leaves, index)];
      let [node, place] = [leaves[index]!, index];
      for (let size = count; size > 1; size = Math.ceil(size / 2)) {
        if ((place ^ 1) < size) {
          const sibling = hashToBytes(path.shift()!);
          node = place % 2 === 0 ? hash(hashToBytes(node), sibling) : hash(sibling, hashToBytes(node));
        }
        place >>= 1;
      }
      assert.equal(path.length, 0);
      assert.equal(node, treeRoot(leaves), `leaf ${index} of ${count}`);
    }
  }
});

test('a call takes what fits: 108 groups of 8 blocks by default', () => {
  const upload = planUpload(new Uint8Array(1_700_000));
  assert.deepEqual(
    upload.absorptions.map(({ groups }) => groups),
    [...new Array(14).fill(108), 50],
  );
  const few = planUpload(new Uint8Array(10 * GROUP_BYTES), { gas: 705_000, bytes: DEFAULT_LIMITS.bytes });
  assert.deepEqual(
    few.absorptions.map(({ groups }) => groups),
    [5, 5],
  );
});

test('limits that not even one group fits into, and preimages above 2^24 bytes, are refused', () => {
  const small = new Uint8Array(10);
  assert.throws(() => planUpload(small, { gas: 200_000, bytes: 120_000 }), { name: UsageError.name, code: 'LIMITS' });
  assert.throws(() => planUpload(small, { gas: 2 ** 24, bytes: 2_851 }), { name: UsageError.name, code: 'LIMITS' });
  planUpload(small, { gas: 2 ** 24, bytes: 2_852 });
  const large = new Uint8Array(2 ** 24 + 1);
  assert.throws(() => planUpload(large), { name: InputError.name, code: 'PREIMAGE_TOO_LARGE' });
});

test('a part is shown by the blocks that it touches, with the chain around them', () => {
  const length = 4 * GROUP_BYTES + 300;
  const preimage = random.bytes(length);
  const upload = planUpload(preimage, SMALL);
  const shown = (offset: number) => {
    const { openings, tail } = provePart(upload, offset);
    for (const { chain, firstBlock, groups, group, siblings, later } of openings) {
      const absorption = upload.absorptions.find(({ prefix }) => prefix.blocks === firstBlock)!;
      assert.equal(groups, absorption.groups);
      assert.equal(siblings.length, treePath(absorption.leaves, absorption.leaves.indexOf(hash(group))).length);
      const chunk = chunkHash(firstBlock, groups, treeRoot(absorption.leaves));
      assert.equal(later.reduce(chained, chained(chain, chunk)), upload.finished.chain);
    }
    return [openings.length, tail.length];
  };
  assert.equal(provePart(upload, 0).openings[0]!.chain, EMPTY_CHAIN);
  assert.deepEqual(shown(0), [1, 0]);
  assert.deepEqual(shown(8 + BLOCK_BYTES - 32), [1, 0]);
  assert.deepEqual(shown(8 + BLOCK_BYTES - 31), [2, 0]);
  assert.deepEqual(shown(8 + BLOCK_BYTES), [1, 0]);
  assert.deepEqual(shown(8 + 4 * GROUP_BYTES - 1), [1, 300]);
  assert.deepEqual(shown(8 + 4 * GROUP_BYTES), [0, 300]);
  assert.deepEqual(shown(8 + length), [0, 300]);
  for (const offset of [-1, 0.5, 8 + length + 1])
    assert.throws(() => provePart(upload, offset), { name: InputError.name, code: 'OFFSET_BEYOND_END' });
  assert.deepEqual(provePart(planUpload(new Uint8Array(0)), 8), { offset: 8, tail: new Uint8Array(0), openings: [] });
});
