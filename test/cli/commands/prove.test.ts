// `omo prove` and `omo verify`: a proof made is a proof accepted, and a changed one is rejected, not an error.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { verifierInterface } from '../../../src/chain/verifier.ts';
import { startNode } from '../../chain/fakeNode.ts';
import { fileOf } from '../../dispute/stepProof/proofFileOf.ts';
import { exitWith, temporaryFolder, writeProgram } from '../guestFile.ts';
import { onlyObject, runMain } from '../harness.ts';

const folder = temporaryFolder();
const elf = writeProgram(join(folder, 'exit.elf'), exitWith(0));

async function prove(step: string) {
  const file = join(folder, `${step}.json`);
  const outcome = await runMain(['prove', elf, '--step', step, '-o', file, '--json', '--quiet']);
  return { file, outcome, answer: onlyObject(outcome) };
}

test('each step of a run is proven, and the states join', async () => {
  let before: unknown;
  for (const step of ['0', '1', '2']) {
    const { file, answer } = await prove(step);
    if (before !== undefined) assert.equal(answer['pre'], before);
    before = answer['post'];
    const verified = await runMain(['verify', file, '--off-chain', '--json']);
    assert.equal(verified.exitCode, 0);
    const { ok, pre, post, bytes, mismatches } = onlyObject(verified);
    assert.deepEqual([ok, pre, post, mismatches], [true, answer['pre'], answer['post'], []]);
    assert.equal(bytes, answer['bytes']);
  }
  assert.match(String(before), /^0x00/);
});

test('a step after the halt is proven by nothing, and leads to the same state', async () => {
  const { file, answer } = await prove('1000');
  assert.equal(answer['pre'], answer['post']);
  assert.equal(answer['bytes'], 0);
  assert.equal((await runMain(['verify', file, '--off-chain'])).exitCode, 0);
});

test('text says what the step does, with the symbol of its pc', async () => {
  const outcome = await runMain(['prove', elf, '--step', '1', '-o', join(folder, 'text.json')]);
  assert.match(outcome.stdout, /pc {11}0x10004 \(_start\+4\)\ninstruction {2}addi a7,zero,93\n {2}a7 +0x0 -> 0x5d\n/);
});

test('a rejected proof is the answer no; annotations that lie are a warning; a damaged file is bad input', async () => {
  const { file } = await prove('0');
  const json = JSON.parse(readFileSync(file, 'utf8'));
  const verify = async (change: object) => {
    const changed = join(folder, 'changed.json');
    writeFileSync(changed, JSON.stringify({ ...json, ...change }));
    return await runMain(['verify', changed, '--off-chain', '--json']);
  };
  const rejected = await verify({ post: json.pre });
  assert.equal(rejected.exitCode, 1);
  assert.deepEqual([onlyObject(rejected)['ok'], onlyObject(rejected)['code']], [false, 'PROOF_POST_STATE']);
  const lying = await verify({ annotations: { ...json.annotations, instruction: 'nop' } });
  assert.equal(lying.exitCode, 0);
  assert.deepEqual(onlyObject(lying)['mismatches'], ['instruction']);
  assert.match(lying.stderr, /warning: .*changed\.json: .*instruction/);
  assert.equal((await verify({ format: 'x' })).exitCode, 3);
  assert.equal((await runMain(['verify', join(folder, 'none.json')])).exitCode, 3);
});

test('a step and a file are needed', async () => {
  assert.equal((await runMain(['prove', elf, '-o', join(folder, 'x')])).exitCode, 2);
  assert.equal((await runMain(['prove', elf, '--step', '1'])).exitCode, 2);
  assert.equal((await runMain(['prove', elf, '--step', '17592186044417', '-o', 'x'])).exitCode, 2);
  assert.equal((await runMain(['prove', elf, '--step', '1', '-o', folder])).exitCode, 3);
});

test('the contract in an EVM of our own accepts the same proof, for known gas', async () => {
  const { file, answer } = await prove('2');
  const verified = await runMain(['verify', file, '--json']);
  assert.equal(verified.exitCode, 0);
  const { ok, post, gasUsed, evm } = onlyObject(verified);
  assert.deepEqual([ok, post], [true, answer['post']]);
  assert.match(String(evm), /^(anvil|hardhat)$/);
  assert.ok(BigInt(String(gasUsed)) > 21_000n && BigInt(String(gasUsed)) < 1_000_000n, String(gasUsed));
});

test('a large preimage is shown to the preimage store before the step', async () => {
  const file = join(folder, 'large.json');
  writeFileSync(file, fileOf([0x73], new Uint8Array(130_000).fill(7)).text);
  const verified = await runMain(['verify', file, '--json', '--quiet']);
  assert.equal(verified.exitCode, 0);
  const { ok, call, gasUsed, preimageGasUsed } = onlyObject(verified);
  assert.deepEqual([ok, call], [true, 'read']);
  assert.ok(BigInt(String(gasUsed)) < 300_000n, String(gasUsed));
  assert.ok(BigInt(String(preimageGasUsed)) > 1_000_000n, String(preimageGasUsed));
});

const ADDRESS = `0x${'12'.repeat(20)}`;

async function askNode(file: string, step: unknown) {
  const server = await startNode((method) => (method === 'eth_call' ? step : '0x1234'));
  after(server.stop);
  return await runMain(['verify', file, '--rpc', server.url, '--verifier', ADDRESS, '--json', '--quiet']);
}

test('a verifier on a chain is asked for the step and for its gas', async () => {
  const { file, answer } = await prove('1');
  const accepted = await askNode(file, answer['post']);
  assert.equal(accepted.exitCode, 0);
  assert.equal(onlyObject(accepted)['gasUsed'], '4660');
  const differing = onlyObject(await askNode(file, answer['pre']));
  assert.deepEqual([differing['ok'], differing['code']], [false, 'EVM_DIFFERS']);
});

test('a verifier that refuses is the answer no, with its own error; one that is none is a chain error', async () => {
  const { file } = await prove('1');
  const known = verifierInterface().encodeErrorResult('WrongPreState', [
    `0x${'11'.repeat(32)}`,
    `0x${'22'.repeat(32)}`,
  ]);
  for (const [data, reason] of [
    [known, /refuses the proof: WrongPreState\(/],
    ['0x12345678', /refuses the proof: with 0x12345678/],
  ] as const) {
    const refused = await askNode(file, { error: { code: 3, message: 'execution reverted', data } });
    assert.equal(refused.exitCode, 1);
    assert.match(String(onlyObject(refused)['reason']), reason);
  }
  for (const answer of ['0x', { error: { code: -32000, message: 'busy' } }, 5])
    assert.equal((await askNode(file, answer)).exitCode, 4);
});

test('--rpc and --verifier belong together', async () => {
  const { file } = await prove('1');
  for (const args of [
    ['--rpc', 'http://x'],
    ['--verifier', ADDRESS],
    ['--rpc', 'http://x', '--verifier', '0x12'],
  ])
    assert.equal((await runMain(['verify', file, ...args])).exitCode, 2);
  const both = ['--rpc', 'http://x', '--verifier', ADDRESS, '--off-chain'];
  assert.equal((await runMain(['verify', file, ...both])).exitCode, 2);
});
