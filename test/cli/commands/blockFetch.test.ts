// `omo block fetch`: writes the file, answers with what is in it, and never shows the URL's key.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { smallBlock, startNode } from '../../chain/fakeNode.ts';
import { temporaryFolder } from '../guestFile.ts';
import { onlyObject, runMain } from '../harness.ts';

const folder = temporaryFolder();
const { block, node, parent, blockHash } = smallBlock();
const ANSWERS: Record<string, unknown> = {
  eth_chainId: '0x1',
  debug_getRawBlock: block,
  debug_executionWitness: { state: [node], headers: [parent] },
};

test('the file is written and the answer says what is in it', async () => {
  const server = await startNode((method) => ANSWERS[method]);
  after(server.stop);
  const path = join(folder, 'block.json');
  const url = server.url;
  const outcome = await runMain(['block', 'fetch', '--rpc', url, '5', '-o', path, '--json']);
  const { bytes, ...answer } = onlyObject(outcome);
  assert.deepEqual(answer, { schemaVersion: 1, number: '5', blockHash, items: 2, file: path });
  assert.equal(bytes, readFileSync(path).length);
  assert.match(outcome.stderr, /^fetching block 5 from http:\/\/127\.0\.0\.1:\d+\n$/);
});

test('a node that fails is exit code 4, a number that is none is 2, and no file appears', async () => {
  const server = await startNode(() => ({ error: { code: -32000, message: 'busy' } }));
  after(server.stop);
  const path = join(folder, 'none.json');
  const url = server.url;
  const failed = await runMain(['block', 'fetch', '--rpc', url, '5', '-o', path]);
  assert.equal(failed.exitCode, 4);
  assert.match(failed.stderr, /eth_chainId: busy/);
  for (const number of ['x', '0x5', '1234567890123456', '5.0'])
    assert.equal((await runMain(['block', 'fetch', '--rpc', url, number, '-o', path])).exitCode, 2);
  assert.equal(existsSync(path), false);
});
