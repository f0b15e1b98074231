// The reading client: each way in which a node can fail has its own error, and no key in a URL is ever shown.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { JsonRpc, type RpcBounds } from '../../src/chain/jsonRpc.ts';
import { type Answer, startNode } from './fakeNode.ts';

async function client(answer: Answer, bounds?: RpcBounds): Promise<JsonRpc> {
  const node = await startNode(answer);
  after(node.stop);
  return new JsonRpc(node.url, bounds);
}

test('a method gets its parameters and gives its result', async () => {
  const rpc = await client((method, params) => [method, params]);
  assert.deepEqual(await rpc.call('eth_x', [1, 'a']), ['eth_x', [1, 'a']]);
  assert.deepEqual(await rpc.call('eth_y'), ['eth_y', []]);
});

const failures: readonly (readonly [code: string, how: string, answer: Answer])[] = [
  ['RPC_NO_METHOD', 'does not have the method', () => ({ error: { code: -32601, message: 'no such method' } })],
  ['RPC_REFUSED', 'refuses', () => ({ error: { code: -32005, message: 'limit exceeded' } })],
  ['RPC_FAILED', 'answers with an HTTP error', (_m, _p, response) => void response.writeHead(503).end('busy')],
  ['RPC_FAILED', 'answers with a page', (_m, _p, response) => void response.end('<html>')],
  ['RPC_FAILED', 'answers to another request', (_m, _p, response) => void response.end('{"id":99,"result":1}')],
  ['RPC_UNREACHABLE', 'hangs up', (_m, _p, response) => void response.destroy()],
  ['HTTP_TOO_LARGE', 'answers too much', () => 'x'.repeat(2_000)],
];
for (const [code, how, answer] of failures)
  test(`a node that ${how} is a ChainError ${code}, named without the key in its URL`, async () => {
    const rpc = await client(answer, { maxBytes: 1_000 });
    await assert.rejects(rpc.call('eth_x'), (error: Error & { code: string }) => {
      assert.equal(error.name, 'ChainError');
      assert.equal(error.code, code);
      assert.match(error.message, /^http:\/\/127\.0\.0\.1:\d+: eth_x: /);
      assert.doesNotMatch(error.message, /key|secret/);
      return true;
    });
  });

test('an error of JSON-RPC under an HTTP error is the one that is told', async () => {
  const rpc = await client((_m, _p, response) => {
    response.writeHead(400).end('{"id":1,"error":{"code":-32602,"message":"bad tag"}}');
    return undefined;
  });
  await assert.rejects(rpc.call('eth_x'), { code: 'RPC_REFUSED', message: /bad tag \(-32602\)$/ });
});

test('a node that never answers is given up', async () => {
  const rpc = await client(() => undefined, { timeoutSeconds: 0.1 });
  await assert.rejects(rpc.call('eth_x'), { code: 'RPC_TIMEOUT' });
});

test('a node that is not there is unreachable', async () => {
  const node = await startNode(() => 1);
  node.stop();
  await assert.rejects(new JsonRpc(node.url).call('eth_x'), { code: 'RPC_UNREACHABLE' });
});

test('user and password of a URL are sent as such', async () => {
  const server = createServer((request, response) => {
    response.end(JSON.stringify({ id: 1, result: [request.headers.authorization, request.url] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  const { port } = server.address() as { port: number };
  const rpc = new JsonRpc(`http://user:s%40cret@127.0.0.1:${port}/key`);
  assert.deepEqual(await rpc.call('eth_x'), [`Basic ${Buffer.from('user:s@cret').toString('base64')}`, '/key']);
});

test('only http and https URLs are nodes', () => {
  for (const url of ['', 'localhost:8545', 'ftp://a/', 'file:///etc/passwd'])
    assert.throws(() => new JsonRpc(url), { name: 'UsageError', code: 'BAD_URL' });
});
