// What the preimage store refuses, and by which name: one thing wrong at a time. Calls are simulated, so nothing that a
// test does here changes what the next one finds.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { keccakP } from '@noble/hashes/sha3.js';
import { prefixId, preimageId } from '../../src/dispute/largePreimage/commitment.ts';
import { type Opening, type PartProof, provePart } from '../../src/dispute/largePreimage/opening.ts';
import { STREAMS, slice } from '../../src/dispute/largePreimage/slices.ts';
import { BLOCK_BYTES, GROUP_BYTES, planUpload, type Upload } from '../../src/dispute/largePreimage/upload.ts';
import { keccakKey, keyOf } from '../../src/environment/preimageKey.ts';
import { asHash, type Hash } from '../../src/units.ts';
import { Random } from '../commitment/random.ts';
import {
  type Arguments,
  absorbArguments,
  finishArguments,
  partArguments,
  StoreFixture,
  uploadAll,
  words,
} from './storeFixture.ts';

const LENGTH_MAX = 2 ** 24;
const random = new Random('refusals of the preimage store');
/** Room for three groups a call. */
const SMALL = { gas: 2 ** 24, bytes: 6_000 };
const ZERO: Hash = asHash(new Uint8Array(32));

let store: StoreFixture;
/** Three chunks and a tail, of which the first chunk is proven; and another preimage, which is whole. */
let begun: Upload;
let whole: Upload;
before(async () => {
  store = await StoreFixture.start();
  begun = planUpload(random.bytes(8 * GROUP_BYTES + 200), SMALL);
  await store.send('absorb', absorbArguments(begun, begun.absorptions[0]!));
  whole = planUpload(random.bytes(8 * GROUP_BYTES + 200), SMALL);
  await uploadAll(store, whole);
});
after(() => store.stop());

/** A copy of arguments with one of them replaced. */
const but = (args: Arguments, index: number, value: unknown): Arguments =>
  args.map((each, i) => (i === index ? value : each));
/** A copy of bytes with one bit changed. */
function flipped(bytes: Uint8Array, bit = random.below(8 * bytes.length)): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}
const flippedHash = (hash: Hash): Hash => asHash(flipped(Buffer.from(hash.slice(2), 'hex')));

async function refuses(name: string, args: Arguments, error: RegExp | string, why?: string): Promise<void> {
  const refusal = await store.refusal(name, args);
  if (typeof error === 'string') assert.equal(refusal, error, why);
  else assert.match(refusal ?? 'not refused', error, why);
}

test('what the corrupted calls below change is accepted when nothing is changed', async () => {
  assert.equal(await store.refusal('absorb', absorbArguments(begun, begun.absorptions[1]!)), undefined);
  assert.equal(await store.refusal('provePart', partArguments(whole, provePart(whole, 130))), undefined);
});

test('absorb: groups that are none or not whole', async () => {
  const args = absorbArguments(begun, begun.absorptions[1]!);
  for (const size of [0, 1, GROUP_BYTES - 1, GROUP_BYTES + 1])
    await refuses('absorb', but(args, 2, new Uint8Array(size)), `BadGroups(${size})`);
});

test('absorb: a prefix that nobody has proven', async () => {
  const [, second, third] = begun.absorptions;
  const args = absorbArguments(begun, second!);
  await refuses('absorb', absorbArguments(begun, third!), /^UnknownPrefix/, 'wrong order');
  await refuses(
    'absorb',
    but(args, 0, { ...second!.prefix, chain: flippedHash(second!.prefix.chain) }),
    /^UnknownPrefix/,
  );
  await refuses('absorb', but(args, 0, { ...second!.prefix, blocks: second!.prefix.blocks + 8 }), /^UnknownPrefix/);
  await refuses('absorb', but(args, 0, { blocks: 0, chain: ZERO }), /^UnknownPrefix/, 'a state with nothing absorbed');
  const first = absorbArguments(begun, begun.absorptions[0]!);
  const result = second!.result;
  await refuses('absorb', but(but(first, 0, second!.prefix), 3, result), /^UnknownPrefix/, 'no state after something');
  for (let i = 0; i < 10; i++) {
    // A bit of stream 0 is the lowest of its byte.
    const streams = flipped(second!.streams, 8 * random.below(second!.streams.length));
    await refuses('absorb', but(args, 1, words(streams)), /^UnknownPrefix/);
  }
});

test('absorb: streams that do not start where the one before ends, each named', async () => {
  const { streams } = begun.absorptions[1]!;
  const args = absorbArguments(begun, begun.absorptions[1]!);
  for (let k = 1; k < STREAMS; k++) {
    // The start of stream k is not the end of the one before, nor is its own end the start of the next.
    const named = (1 << k) | (k + 1 < STREAMS ? 1 << (k + 1) : 0);
    const changed = flipped(streams, 8 * random.below(streams.length) + k);
    await refuses('absorb', but(args, 1, words(changed)), `StreamsNotJoined(${named})`);
  }
});

test('absorb: other bytes than those that prove the result', async () => {
  const second = begun.absorptions[1]!;
  const args = absorbArguments(begun, second);
  const groups = args[2] as Uint8Array;
  for (let k = 0; k < STREAMS; k++) {
    const changed = flipped(groups, 8 * random.below(groups.length) + k);
    const error = k + 1 < STREAMS ? `StreamsNotJoined(${1 << (k + 1)})` : /^WrongPrefix/;
    await refuses('absorb', but(args, 2, changed), error, `stream ${k}`);
  }
  await refuses('absorb', but(args, 3, flippedHash(second.result)), /^WrongPrefix/);
});

test('absorb: one byte changed anywhere in the calldata', async () => {
  const args = absorbArguments(begun, begun.absorptions[1]!);
  const calldata = store.calldata('absorb', args);
  for (let i = 0; i < 150; i++) {
    const index = 4 + random.below(calldata.length - 4);
    const byte = calldata[index]! ^ (1 + random.below(255));
    assert.notEqual(await store.corruptedRefusal('absorb', args, index, byte), undefined, `byte ${index} ${byte}`);
  }
});

test('finish: a wrong key, a wrong tail, a wrong state, too long a tail, before its prefix', async () => {
  const short = planUpload(random.bytes(300));
  const args = finishArguments(short);
  const { key } = short.finished;
  const other = asHash(keyOf(random.bytes(10)));
  await refuses('finish', but(args, 3, other), `WrongKey(${other}, ${key})`);
  await refuses('finish', but(args, 3, `0x01${key.slice(4)}`), /^WrongKey/, 'the type of key');
  await refuses('finish', but(args, 2, flipped(short.preimage)), /^WrongKey/);
  await refuses('finish', but(args, 2, short.preimage.subarray(1)), /^WrongKey/);
  await refuses('finish', but(args, 2, new Uint8Array([...short.preimage, 0])), /^WrongKey/, 'padding is no data');
  await refuses('finish', but(args, 2, new Uint8Array([...short.preimage, 1])), /^WrongKey/, 'padding is no data');
  for (let i = 0; i < 16; i++)
    await refuses('finish', but(args, 1, words(flipped(short.finalState))), /^UnknownPrefix/);
  await refuses('finish', finishArguments(begun), /^UnknownPrefix/);
  for (const size of [GROUP_BYTES, GROUP_BYTES + 1])
    await refuses('finish', but(args, 2, new Uint8Array(size)), `TailTooLong(${size})`);
});

test('a preimage has at most 2^24 bytes', async () => {
  // A sponge in a state of our own, as if all but the last blocks had been absorbed.
  const blocksMax = Math.floor(LENGTH_MAX / BLOCK_BYTES);
  const state = random.bytes(200);
  const planted = { blocks: blocksMax, chain: asHash(random.bytes(32)) };
  const sliced = slice([state]);
  await store.plantPrefix(prefixId(planted, sliced));
  const tail = random.bytes(LENGTH_MAX - blocksMax * BLOCK_BYTES);
  const key = asHash(keccakKey(lastBlock(state, tail)));
  assert.equal(await store.refusal('finish', [planted, words(sliced), tail, key]), undefined);
  const longer = [planted, words(sliced), new Uint8Array(tail.length + 1), key];
  await refuses('finish', longer, `TooLong(${LENGTH_MAX + 1})`);
  const groups = new Uint8Array(GROUP_BYTES);
  const length = (blocksMax + STREAMS) * BLOCK_BYTES;
  await refuses('absorb', [planted, words(sliced), groups, ZERO], `TooLong(${length})`);
  // The largest that is not too long gets further: to its streams, which are wrong here.
  const before = { blocks: blocksMax - STREAMS, chain: planted.chain };
  await store.plantPrefix(prefixId(before, sliced));
  await refuses('absorb', [before, words(sliced), groups, ZERO], /^StreamsNotJoined/);
});

/** The hash that ends a sponge in `state` with less than a block, from the library's permutation. */
function lastBlock(state: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(state);
  tail.forEach((byte, i) => {
    bytes[i]! ^= byte;
  });
  bytes[tail.length]! ^= 0x01;
  bytes[BLOCK_BYTES - 1]! ^= 0x80;
  keccakP(new Uint32Array(bytes.buffer));
  return bytes.slice(0, 32);
}

test('an offset beyond the end, and a part that nobody has proven', async () => {
  const { length, key } = whole.finished;
  const args = partArguments(whole, provePart(whole, length + 8));
  assert.equal(await store.refusal('provePart', args), undefined);
  await refuses('provePart', but(args, 1, length + 9), `OffsetBeyondEnd(${length + 9}, ${length})`);
  const preimage = random.bytes(50);
  assert.equal(await store.refusal('store', [preimage, 58]), undefined);
  await refuses('store', [preimage, 59], 'OffsetBeyondEnd(59, 50)');
  await refuses('store', [preimage, 2n ** 64n - 1n], `OffsetBeyondEnd(${2n ** 64n - 1n}, 50)`);
  await refuses('part', [key, 3], `UnknownPart(${key}, 3)`);
});

test('provePart: a preimage that nobody has proven, in each of its members', async () => {
  const { finished } = whole;
  const args = partArguments(whole, provePart(whole, 130));
  const wrong = [
    { ...finished, key: flippedHash(finished.key) },
    { ...finished, length: finished.length + 1 },
    { ...finished, blocks: finished.blocks - 8 },
    { ...finished, chain: flippedHash(finished.chain) },
    { ...finished, tail: flippedHash(finished.tail) },
  ];
  for (const preimage of wrong)
    await refuses('provePart', but(args, 0, preimage), `UnknownPreimage(${preimageId(preimage)})`);
  await refuses('provePart', partArguments(begun, provePart(begun, 130)), /^UnknownPreimage/);
});

test('provePart: another tail, and openings too few or too many', async () => {
  const end = provePart(whole, 8 + 8 * GROUP_BYTES);
  const prove = (proof: PartProof) => partArguments(whole, proof);
  for (const tail of [flipped(end.tail), end.tail.subarray(1), new Uint8Array(0)])
    await refuses('provePart', prove({ ...end, tail }), /^WrongTail/);
  // Where the part does not reach into it, the tail is not looked at.
  const first = provePart(whole, 0);
  assert.equal(await store.refusal('provePart', prove({ ...first, tail: flipped(end.tail) })), undefined);
  const two = provePart(whole, 130);
  const [opening, next] = two.openings as [Opening, Opening];
  await refuses('provePart', prove({ ...two, openings: [] }), 'WrongOpenings(1, 0)');
  await refuses('provePart', prove({ ...two, openings: [opening] }), 'WrongOpenings(2, 1)');
  await refuses('provePart', prove({ ...two, openings: [opening, next, next] }), 'WrongOpenings(2, 3)');
  await refuses('provePart', prove({ ...end, openings: [opening] }), 'WrongOpenings(0, 1)');
  await refuses('provePart', prove({ ...two, openings: [next, opening] }), 'WrongOpening(0, 0)');
});

test('provePart: an opening with one thing wrong, and an opening of another preimage', async () => {
  const { openings } = provePart(whole, 8);
  const [opening] = openings as [Opening];
  const hashes = (list: readonly Hash[], i: number) => list.map((each, k) => (k === i ? flippedHash(each) : each));
  const wrong: Record<string, Partial<Opening>> = {
    chain: { chain: flippedHash(opening.chain) },
    'first block after the block': { firstBlock: 1 },
    'no groups': { groups: 0 },
    'fewer groups': { groups: opening.groups - 1 },
    'more groups': { groups: opening.groups + 1 },
    'most groups': { groups: 2 ** 53 - 1 },
    group: { group: flipped(opening.group) },
    'short group': { group: opening.group.subarray(1) },
    'long group': { group: new Uint8Array([...opening.group, 0]) },
    sibling: { siblings: hashes(opening.siblings, 0) },
    'upper sibling': { siblings: hashes(opening.siblings, 1) },
    'sibling too few': { siblings: opening.siblings.slice(1) },
    'sibling too many': { siblings: [...opening.siblings, ZERO] },
    'later chunk': { later: hashes(opening.later, 0) },
    'chunk too few': { later: opening.later.slice(1) },
    'chunk too many': { later: [...opening.later, ZERO] },
    'another preimage': provePart(begun, 8).openings[0]!,
  };
  for (const [what, change] of Object.entries(wrong)) {
    const proof = { offset: 8, tail: new Uint8Array(0), openings: [{ ...opening, ...change }] };
    await refuses('provePart', partArguments(whole, proof), 'WrongOpening(0, 0)', what);
  }
  // The right group of the right chunk, shown as another block of it.
  const proof = { offset: 8 + BLOCK_BYTES, tail: new Uint8Array(0), openings: [opening] };
  await refuses('provePart', partArguments(whole, proof), 'WrongOpening(0, 1)');
  // The same, shown as the block that would follow the chunk in its group.
  const after = STREAMS * opening.groups;
  const beyond = { ...proof, offset: 8 + after * BLOCK_BYTES };
  await refuses('provePart', partArguments(whole, beyond), `WrongOpening(0, ${after})`);
});

test('provePart: one byte of an opening changed', async () => {
  const args = partArguments(whole, provePart(whole, 8 + BLOCK_BYTES));
  const calldata = store.calldata('provePart', args);
  // After the preimage's five words: the offset, which may be another, and the tail, which this part does not read.
  const bound = Array.from({ length: 5 * 32 }, (_, i) => 4 + i);
  const firstOpening = 4 + 9 * 32;
  for (let i = 0; i < 150; i++) {
    const index =
      random.below(2) === 0 ? random.pick(bound) : firstOpening + random.below(calldata.length - firstOpening);
    const byte = calldata[index]! ^ (1 + random.below(255));
    assert.notEqual(await store.corruptedRefusal('provePart', args, index, byte), undefined, `byte ${index} ${byte}`);
  }
});
