// Uploads through the chain: what is missing is found from what the store holds, sent with gas limits that suffice, and
// taken up where it was left, whoever left it there.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Signer } from 'ethers';
import { deploy } from '../../src/chain/deploy.ts';
import { type EmbeddedL1, startEmbeddedL1 } from '../../src/chain/embeddedL1.ts';
import { missingCalls, proveLargePart } from '../../src/chain/preimageStore.ts';
import { GROUP_BYTES } from '../../src/dispute/largePreimage/upload.ts';
import { ChainError, InputError } from '../../src/errors.ts';
import { Random } from '../commitment/random.ts';

const random = new Random('uploads through the chain');
/** Room for three groups a call. */
const SMALL = { gas: 2 ** 24, bytes: 6_000 };

let l1: EmbeddedL1;
let signers: readonly Signer[];
let store: string;
before(async () => {
  l1 = await startEmbeddedL1();
  signers = await Promise.all([0, 1].map((i) => l1.signer(i)));
  store = await deploy(signers[0]!, 'PreimageStore');
});
after(() => l1.stop());

const names = async (preimage: Uint8Array, offset: number): Promise<string> =>
  (await missingCalls(signers[0]!, store, preimage, offset, SMALL)).map(({ name }) => name).join(' ');

test('all of an upload is sent, and then nothing is missing', async () => {
  const preimage = random.bytes(8 * GROUP_BYTES + 1_000);
  assert.equal(await names(preimage, 5_000), 'absorb absorb absorb finish provePart');
  const told: string[] = [];
  const result = await proveLargePart(signers[0]!, store, preimage, 5_000, SMALL, ({ what }, remaining) =>
    told.push(`${remaining} ${what}`),
  );
  assert.deepEqual(told, ['5 bytes from 0', '4 bytes from 3264', '3 bytes from 6528', '2 the end', '1 part 5000']);
  assert.equal(result.transactions, 5);
  assert.ok(result.gasUsed > 0n);
  assert.equal(await names(preimage, 5_000), '');
  assert.equal(await names(preimage, 5_001), 'provePart');
  assert.deepEqual(await proveLargePart(signers[1]!, store, preimage, 5_000, SMALL), {
    ...result,
    transactions: 0,
    gasUsed: 0n,
  });
});

test('an upload that was left at any place is taken up by another account', async () => {
  const preimage = random.bytes(14 * GROUP_BYTES);
  const all = await missingCalls(signers[0]!, store, preimage, 9, SMALL);
  assert.equal(all.length, 7);
  for (const [i, call] of all.entries()) {
    const missing = await missingCalls(signers[1]!, store, preimage, 9, SMALL);
    assert.deepEqual(missing, all.slice(i));
    const sent = await signers[i % 2]!.sendTransaction({ to: store, data: call.data, gasLimit: call.gasLimit });
    assert.equal((await sent.wait())?.status, 1, `${call.name} needs more than ${call.gasLimit} gas`);
  }
  assert.equal(await names(preimage, 9), '');
});

test('the gas limits suffice for the largest calls', async () => {
  const upload = random.bytes(120_001);
  const result = await proveLargePart(signers[0]!, store, upload, 8 + 108 * GROUP_BYTES - 16);
  assert.equal(result.transactions, 4);
  const single = await proveLargePart(signers[0]!, store, random.bytes(120_000), 100_000);
  assert.equal(single.transactions, 1);
});

test('a place where there is no store, and an offset beyond the end', async () => {
  const nowhere = await signers[1]!.getAddress();
  const preimage = random.bytes(100);
  await assert.rejects(missingCalls(signers[0]!, nowhere, preimage, 0), {
    name: ChainError.name,
    code: 'PREIMAGE_STORE',
    message: new RegExp(nowhere),
  });
  const large = random.bytes(7_000);
  await assert.rejects(missingCalls(signers[0]!, store, large, 7_009, SMALL), { name: InputError.name });
  await assert.rejects(missingCalls(signers[0]!, store, preimage, 109, SMALL), { name: InputError.name });
});

test('a transaction that fails is named, and what was proven before it stays', async () => {
  const preimage = random.bytes(7 * GROUP_BYTES);
  let calls = 0;
  const failing: Signer = new Proxy(signers[0]!, {
    get: (target, name) => {
      if (name === 'sendTransaction')
        return (request: object) =>
          calls++ < 2 ? target.sendTransaction(request) : Promise.reject(new Error('connection lost'));
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  await assert.rejects(proveLargePart(failing, store, preimage, 0, SMALL), {
    name: ChainError.name,
    code: 'UPLOAD',
    message: /bytes from 6528: connection lost/,
  });
  assert.equal(await names(preimage, 0), 'absorb finish provePart');
});
