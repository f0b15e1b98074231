// Fetching a block: both forms of a witness that nodes give, and each way in which a node's answers can be of no use.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fetchBlock } from '../../src/chain/blockFetch.ts';
import { JsonRpc } from '../../src/chain/jsonRpc.ts';
import { readBlock } from '../../src/environment/block.ts';
import { smallBlock, startNode } from './fakeNode.ts';

const { block, own, node, parent, grandparent, blockHash, preStateRoot } = smallBlock();

type Answers = Record<string, unknown>;
const GOOD: Answers = {
  eth_chainId: '0x2a',
  debug_getRawBlock: block,
  debug_executionWitness: { state: [node], codes: ['0x6001'], keys: [], headers: [parent] },
  'debug_getRawHeader 0x4': parent,
  'debug_getRawHeader 0x3': grandparent,
  'debug_getRawHeader 0x5': own,
};

async function fetched(answers: Answers, number = 5n) {
  let calls = 0;
  const server = await startNode((method, [tag]) => {
    const answer = [answers[`${method} ${tag}`], answers[method]].find((each) => each !== undefined);
    if (answer === undefined) return { error: { code: -32601, message: 'none' } };
    return typeof answer === 'function' ? answer(calls++) : answer;
  });
  after(server.stop);
  return await fetchBlock(new JsonRpc(server.url), number);
}

test('a block becomes a file that reads back as the same block', async () => {
  const { text, block: found } = await fetched(GOOD);
  const file = JSON.parse(text);
  assert.deepEqual([file.chainId, file.number, file.blockHash, file.preStateRoot], [42, 5, blockHash, preStateRoot]);
  assert.deepEqual(readBlock(Buffer.from(text), 'block.json'), found);
  assert.equal(found.items, 3);
});

test('headers given decoded, or not at all, are fetched raw; ancestors without gaps', async () => {
  const witness = { state: { a: node }, codes: {}, headers: [{ number: '0x3' }] };
  const { text } = await fetched({ ...GOOD, debug_executionWitness: witness });
  assert.deepEqual(JSON.parse(text).witness, { state: [node], codes: [], headers: [parent, grandparent] });
  const bare = await fetched({ ...GOOD, debug_executionWitness: { state: [node] } });
  assert.deepEqual(JSON.parse(bare.text).witness.headers, [parent]);
});

const useless: readonly (readonly [how: string, answers: Answers, error: object])[] = [
  ['has no debug API', { debug_executionWitness: undefined }, { code: 'RPC_NO_METHOD', hint: /--http\.api debug/ }],
  ['sends no text', { debug_getRawBlock: null }, { name: 'ChainError', code: 'RPC_FAILED' }],
  ['sends bad hexadecimal', { debug_getRawBlock: '0xzz' }, { name: 'InputError', code: 'BAD_HEX' }],
  ['sends no block', { debug_getRawBlock: '0x01' }, { name: 'InputError', code: 'BLOCK_FORMAT' }],
  ['sends no witness', { debug_executionWitness: 'x' }, { code: 'RPC_FAILED', message: /expected a witness/ }],
  ['sends numbers as state', { debug_executionWitness: { state: [1] } }, { code: 'RPC_FAILED', message: /state/ }],
  ['sends bad headers', { debug_executionWitness: { headers: [{}] } }, { code: 'RPC_FAILED', message: /headers/ }],
  ['sends headers that are not RLP', { debug_executionWitness: { headers: ['0xff'] } }, { code: 'RPC_FAILED' }],
  [
    'names a future header',
    { debug_executionWitness: { headers: [{ number: '0x9' }] } },
    { code: 'WITNESS_INCOMPLETE' },
  ],
  [
    'sends the wrong parent',
    { debug_executionWitness: { headers: [] }, 'debug_getRawHeader 0x4': grandparent },
    { code: 'BLOCK_NO_PARENT' },
  ],
  [
    'pruned the state',
    { debug_executionWitness: { state: [], headers: [parent] } },
    { name: 'CannotKnowError', code: 'WITNESS_INCOMPLETE' },
  ],
  [
    'replaces the block',
    { debug_getRawBlock: (call: number) => (call === 0 ? block : '0xc0') },
    { code: 'BLOCK_REPLACED' },
  ],
];
for (const [how, answers, error] of useless)
  test(`a node that ${how} gives a named error and no block`, async () => {
    await assert.rejects(fetched({ ...GOOD, ...answers }), error);
  });

test('a witness that reaches too far back, and the first block, are refused', async () => {
  const headers = { debug_executionWitness: { headers: [{ number: '0x0' }] } };
  await assert.rejects(fetched({ ...GOOD, ...headers }, 300n), { code: 'RPC_FAILED', message: /names header 0/ });
  await assert.rejects(fetched(GOOD, 0n), { code: 'RPC_FAILED' });
});

test('a node that sends another block than the one asked for is caught', async () => {
  await assert.rejects(fetched(GOOD, 6n), { code: 'BLOCK_MISMATCH', message: /number is 6, the header has 5/ });
});
