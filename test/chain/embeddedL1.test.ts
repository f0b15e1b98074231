// The embedded L1 starts, mines a transaction, enforces the rules that the contracts are built for, and is gone after.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEmbeddedL1 } from '../../src/chain/embeddedL1.ts';

for (const kind of [undefined, 'hardhat'] as const)
  test(`${kind ?? 'the default'}: a transaction is mined, at the calldata floor of EIP-7623`, async () => {
    const l1 = await startEmbeddedL1(kind);
    try {
      const signer = await l1.signer(0);
      const sent = await signer.sendTransaction({ to: await signer.getAddress(), data: `0x${'11'.repeat(1000)}` });
      const receipt = await sent.wait();
      assert.equal(receipt?.gasUsed, 21_000n + 40n * 1000n);
    } finally {
      l1.stop();
    }
  });

test('it answers no more once it was stopped, and stopping twice is harmless', async () => {
  const l1 = await startEmbeddedL1();
  l1.stop();
  l1.stop();
  await assert.rejects(l1.provider.getBlockNumber());
});
