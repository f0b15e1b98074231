// The preimage store in an EVM: its sponge against @noble/hashes on many lengths, its parts against the preimage itself,
// both ways of proving a part against each other, and what it costs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { contract } from '../../src/chain/contracts.ts';
import { provePart } from '../../src/dispute/largePreimage/opening.ts';
import { BLOCK_BYTES, GROUP_BYTES, planUpload, type Upload } from '../../src/dispute/largePreimage/upload.ts';
import { keyOf } from '../../src/environment/preimageKey.ts';
import { asHash } from '../../src/units.ts';
import { Random } from '../commitment/random.ts';
import {
  absorbArguments,
  expectedPart,
  finishArguments,
  partArguments,
  type Sent,
  StoreFixture,
  uploadAll,
} from './storeFixture.ts';

const CODE_BYTES_MAX = 24_576;
const random = new Random('preimage store');
/** Room for three groups a call. */
const SMALL = { gas: 2 ** 24, bytes: 6_000 };

let store: StoreFixture;
before(async () => {
  store = await StoreFixture.start();
});
after(() => store.stop());

async function provePartOf(upload: Upload, offset: number): Promise<Sent> {
  return store.send('provePart', partArguments(upload, provePart(upload, offset)));
}

async function assertPart(preimage: Uint8Array, offset: number): Promise<void> {
  const part = await store.part(asHash(keyOf(preimage)), offset);
  assert.deepEqual(
    part,
    { length: preimage.length, data: expectedPart(preimage, offset) },
    `${preimage.length}, ${offset}`,
  );
}

test('the code is within the limit of a contract', () => {
  const size = contract('PreimageStore').deployedBytecode.length / 2 - 1;
  console.log(`PreimageStore: ${size} bytes of code`);
  assert.ok(size <= CODE_BYTES_MAX);
});

test('tails of every kind of length hash to the key that the library computes', async () => {
  const lengths = [0, 1, 7, 8, 9, 134, 135, 136, 137, 271, 272, 273, 543, 544, 815, 951, 952, 1_086, GROUP_BYTES - 1];
  for (const length of [...lengths, random.below(GROUP_BYTES), random.below(GROUP_BYTES)]) {
    const upload = planUpload(random.bytes(length));
    const { events } = await store.send('finish', finishArguments(upload));
    assert.deepEqual(events, ['Finished'], `${length} bytes`);
    assert.ok(await store.isPreimage(upload.id));
  }
});

test('streams and a tail together hash to the key that the library computes', async () => {
  const lengths = [
    GROUP_BYTES,
    GROUP_BYTES + 1,
    GROUP_BYTES + 135,
    2 * GROUP_BYTES - 1,
    3 * GROUP_BYTES,
    4 * GROUP_BYTES,
  ];
  for (const length of [...lengths, 9 * GROUP_BYTES + 777, random.below(10 * GROUP_BYTES)]) {
    const upload = planUpload(random.bytes(length), SMALL);
    await uploadAll(store, upload);
    assert.ok(await store.isPreimage(upload.id), `${length} bytes`);
  }
});

test('lanes of all ones and of all zeros are hashed right', async () => {
  for (const byte of [0x00, 0xff, 0x55, 0xaa]) {
    const upload = planUpload(new Uint8Array(3 * GROUP_BYTES + 5).fill(byte), SMALL);
    await uploadAll(store, upload);
    assert.ok(await store.isPreimage(upload.id), `${byte}`);
  }
});

test('parts are what the preimage has: at its ends, across blocks, streams, chunks and into the tail', async () => {
  const length = 5 * GROUP_BYTES + 3 * BLOCK_BYTES + 50;
  const preimage = random.bytes(length);
  const upload = planUpload(preimage, SMALL);
  await uploadAll(store, upload);
  const edges = [
    0,
    BLOCK_BYTES,
    3 * BLOCK_BYTES,
    3 * GROUP_BYTES,
    4 * GROUP_BYTES,
    5 * GROUP_BYTES,
    length - 50,
    length,
  ];
  const near = edges.flatMap((edge) => [-33, -32, -31, -1, 0, 1, 8].map((distance) => 8 + edge + distance));
  const offsets = [
    ...new Set([...Array(9).keys(), ...near, ...Array.from({ length: 20 }, () => random.below(length + 9))]),
  ];
  for (const offset of offsets.filter((each) => each >= 0 && each <= length + 8)) {
    const { events } = await provePartOf(upload, offset);
    assert.deepEqual(events, ['PartProven'], `offset ${offset}`);
    await assertPart(preimage, offset);
  }
});

test('one transaction proves a part of a preimage that fits into it', async () => {
  for (const length of [0, 1, 23, 24, 25, 31, 32, 33, 600]) {
    const preimage = random.bytes(length);
    const offsets = [0, 1, 7, 8, 9, 31, 32, 33, length, length + 7, length + 8].filter((each) => each <= length + 8);
    for (const offset of new Set(offsets)) {
      assert.deepEqual((await store.send('store', [preimage, offset])).events, ['PartProven']);
      await assertPart(preimage, offset);
    }
  }
});

test('proving again does nothing, whichever way it was proven first', async () => {
  const upload = planUpload(random.bytes(GROUP_BYTES + 10));
  const [absorbed, finished] = (await uploadAll(store, upload)) as [Sent, Sent];
  const proven = await provePartOf(upload, 100);
  const again = await uploadAll(store, upload);
  assert.deepEqual(
    again.map(({ events }) => events),
    [[], []],
  );
  assert.ok(again[0]!.gasUsed < absorbed.gasUsed && again[1]!.gasUsed < finished.gasUsed);
  const provenAgain = await provePartOf(upload, 100);
  const stored = await store.send('store', [upload.preimage, 100]);
  assert.deepEqual([provenAgain.events, stored.events], [[], []]);
  assert.ok(provenAgain.gasUsed < proven.gasUsed);
  await assertPart(upload.preimage, 100);
});

test('an upload goes on from where another account left it', async () => {
  const upload = planUpload(random.bytes(7 * GROUP_BYTES), SMALL);
  for (const [i, absorption] of upload.absorptions.entries())
    await store.send('absorb', absorbArguments(upload, absorption), store.signers[i % 2]!);
  await store.send('finish', finishArguments(upload), store.signers[1]!);
  assert.ok(await store.isPreimage(upload.id));
});

test('nobody can hinder an upload: others may extend its prefix by other bytes, and it goes on', async () => {
  const honest = planUpload(random.bytes(6 * GROUP_BYTES + 9), SMALL);
  const half = honest.preimage.length / 2;
  const altered = honest.preimage.slice();
  altered[Math.ceil(half) + 1]! ^= 1;
  const other = planUpload(altered, SMALL);
  const [first, second] = honest.absorptions;
  assert.equal(other.absorptions[0]!.result, first!.result);
  await store.send('absorb', absorbArguments(honest, first!));
  // The adversary uploads all of its own, from the same prefix, and proves parts of it.
  await uploadAll(store, other);
  await provePartOf(other, 8 + Math.ceil(half));
  await store.send('absorb', absorbArguments(honest, second!));
  await store.send('finish', finishArguments(honest));
  await provePartOf(honest, 8 + Math.ceil(half));
  await assertPart(honest.preimage, 8 + Math.ceil(half));
  await assertPart(altered, 8 + Math.ceil(half));
});

test('chunks of one group do not stand in the way of a better upload of the same preimage', async () => {
  const preimage = random.bytes(4 * GROUP_BYTES);
  const worse = planUpload(preimage, { gas: 2 ** 24, bytes: 3_000 });
  const better = planUpload(preimage, SMALL);
  await uploadAll(store, worse);
  await uploadAll(store, better);
  assert.notEqual(worse.id, better.id);
  assert.deepEqual((await provePartOf(better, 1_000)).events, ['PartProven']);
  assert.deepEqual((await provePartOf(worse, 1_000)).events, []);
});

/** Gas under the coming schedule (EIP-7976, 2780, 8037): from what was used and what it was used for. */
function amsterdamGas({ gasUsed, bytes }: Sent, freshSlots: number): number {
  const execution = gasUsed - 21_000 + freshSlots * (97_920 - 22_100);
  return 15_000 + Math.max(execution, 64 * bytes);
}

test('1.7 million bytes', async () => {
  const upload = planUpload(random.bytes(1_700_000));
  const sent = await uploadAll(store, upload);
  const [absorbed, second] = sent as [Sent, Sent];
  const proven = await provePartOf(upload, 1_234_567);
  await assertPart(upload.preimage, 1_234_567);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  const osaka = sum(sent.map(({ gasUsed }) => gasUsed)) + proven.gasUsed;
  const amsterdam = sum(sent.map((each) => amsterdamGas(each, 1))) + amsterdamGas(proven, 2);
  const groups = upload.absorptions.map(({ groups }) => groups);
  const group = (second.gasUsed - sent[sent.length - 2]!.gasUsed) / (groups[1]! - groups.at(-1)!);
  const small = await store.send('store', [random.bytes(120_000), 8]);
  console.log(`absorb ${groups[0]} groups: ${absorbed.gasUsed} gas, ${absorbed.bytes} bytes of calldata`);
  console.log(`a group ${group.toFixed(0)}, a block ${(group / 8).toFixed(0)}, of it calldata ${16 * BLOCK_BYTES}`);
  console.log(`finish ${sent.at(-1)!.gasUsed}, provePart ${proven.gasUsed}`);
  console.log(`1.7 MB: ${sent.length + 1} transactions, ${osaka} gas (Osaka), ${amsterdam} (Amsterdam, by formula)`);
  console.log(`1 kB: ${((1_000 * osaka) / 1_700_000).toFixed(0)} gas`);
  console.log(`120,000 bytes in one transaction: ${small.gasUsed} (Osaka), ${amsterdamGas(small, 2)} (Amsterdam)`);
  assert.ok(group / 8 < 11_700 && absorbed.gasUsed < 10_100_000 && osaka < 147_000_000 && amsterdam < 149_000_000);
  assert.ok(small.gasUsed < 4_900_000);
});
