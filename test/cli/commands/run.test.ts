// `omo run`: every way in which a program ends, and what the exit code says about it.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesToHex } from '../../../src/bytes.ts';
import { readBlock } from '../../../src/environment/block.ts';
import { exitWith, temporaryFolder, writeProgram } from '../guestFile.ts';
import { onlyObject, runMain, runOmo } from '../harness.ts';

const folder = temporaryFolder();
const good = writeProgram(join(folder, 'good.elf'), exitWith(0));
const bad = writeProgram(join(folder, 'bad.elf'), exitWith(3));
const broken = writeProgram(join(folder, 'broken.elf'), [0]);
const endless = writeProgram(join(folder, 'endless.elf'), [0x6f]);
const path = (file: string) => fileURLToPath(new URL(`../../../${file}`, import.meta.url));
const ACCOUNT = path('guests/account/account.elf');
const BLOCK = path('traces/blocks/accounts.json');
const ZERO = `0x${'00'.repeat(32)}`;

async function run(...args: string[]) {
  const outcome = await runMain(['run', ...args, '--json', '--quiet']);
  return { ...onlyObject(outcome), code: outcome.exitCode } as Record<string, unknown>;
}

test('a program that exits with 0 is valid; with another code it is invalid and the answer is no', async () => {
  const { seconds, mips, memoryRoot, stateHash, ...rest } = await run(good);
  assert.deepEqual(rest, { schemaVersion: 1, steps: '3', status: 'valid', exitCode: '0', output: ZERO, code: 0 });
  assert.match(String(stateHash), /^0x00/);
  assert.match(String(memoryRoot), /^0x[0-9a-f]{64}$/);
  assert.deepEqual([typeof seconds, typeof mips], ['number', 'number']);
  const { status, exitCode, stateHash: hash, code } = await run(bad);
  assert.deepEqual([status, exitCode, code], ['invalid', '3', 1]);
  assert.match(String(hash), /^0x01/);
});

test('a fault is a panic with its reason, and the answer is no', async () => {
  const { status, reason, steps, stateHash, code } = await run(broken);
  assert.deepEqual([status, reason, steps, code], ['panic', 'illegalInstruction', '1', 1]);
  assert.match(String(stateHash), /^0x02/);
});

test('--until stops on exactly that step, which is enough', async () => {
  const { status, steps, code } = await run(endless, '--until', '5000');
  assert.deepEqual([status, steps, code], ['unfinished', '5000', 0]);
  const halted = await run(good, '--until', '5000');
  assert.deepEqual([halted['status'], halted['steps']], ['valid', '3']);
});

test('a claim holds only of a run that halts valid with that output', async () => {
  const right = await run(good, '--claim', ZERO);
  assert.deepEqual([right['claimHolds'], right['code']], [true, 0]);
  for (const [elf, claim, ...more] of [
    [good, `0x01${'00'.repeat(31)}`],
    [bad, ZERO],
    [endless, ZERO, '--until', '10'],
  ] as const) {
    const wrong = await run(elf, '--claim', claim, ...more);
    assert.deepEqual([wrong['claimHolds'], wrong['code']], [false, 1]);
  }
});

test('a program on a block: its output, and what it prints on stderr', async () => {
  const args = [ACCOUNT, '0x3ea17de45664ce21f6e28e0a26f3652335796938', '1000000000000000137', '0', '--block', BLOCK];
  const outcome = await runMain(['run', ...args, '--json']);
  assert.equal(outcome.exitCode, 0);
  assert.equal(onlyObject(outcome)['status'], 'valid');
  assert.match(outcome.stderr, /balance 1000000000000000137, nonce 0: as claimed/);
});

test('a preimage that nobody has is bad input, named with its key, and no verdict', async () => {
  const outcome = runOmo(['run', ACCOUNT, '0x3ea17de45664ce21f6e28e0a26f3652335796938', '1', '0', '--json', '--quiet']);
  assert.equal(outcome.exitCode, 3);
  const { code, message } = onlyObject(outcome)['error'] as { code: string; message: string };
  assert.equal(code, 'PREIMAGE_MISSING');
  assert.match(message, /^step \d+ needs the preimage of 0x02(00){31}/);
});

test('preimages may come from a folder, or from a command that serves them', async () => {
  const block = readBlock(readFileSync(BLOCK), BLOCK);
  const preimages = join(folder, 'preimages');
  mkdirSync(preimages);
  for (const [key, bytes] of block.preimages) writeFileSync(join(preimages, key), bytes);
  const parent = ['--local', `parentBlockHash=${bytesToHex(block.parentHash)}`];
  const args = [ACCOUNT, '0x3ea17de45664ce21f6e28e0a26f3652335796938', '1000000000000000137', '0', ...parent];
  const fromFolder = await run(...args, '--preimages', preimages);
  assert.deepEqual([fromFolder['status'], fromFolder['code']], ['valid', 0]);
  const server = join(folder, 'server.mjs');
  writeFileSync(server, SERVER);
  const command = `'${process.execPath}' '${server}' '${preimages}'`;
  const fromCommand = await run(...args, '--preimages', command);
  assert.deepEqual([fromCommand['stateHash'], fromCommand['code']], [fromFolder['stateHash'], 0]);
  assert.deepEqual([(await run(...args, '--preimages', 'exit 1'))['code']], [3]);
});

/** A preimage server: takes hints on 3, acknowledging on 4; reads keys on 5, answers on 6 with files of a folder. */
const SERVER = `import { readFileSync, readSync, writeSync } from 'node:fs';
import { Worker, isMainThread } from 'node:worker_threads';
const read = (fd, size) => {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const count = readSync(fd, bytes, at, size - at);
    if (count === 0) process.exit(0);
    at += count;
  }
  return bytes;
};
if (isMainThread) {
  new Worker(new URL(import.meta.url));
  for (;;) {
    const bytes = readFileSync(process.argv[2] + '/0x' + read(5, 32).toString('hex'));
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    writeSync(6, Buffer.concat([length, bytes]));
  }
}
for (;;) {
  read(3, read(3, 4).readUInt32BE());
  writeSync(4, Buffer.alloc(1));
}`;

test('inputs go by key or name, and make the history another one', async () => {
  const hash = async (...args: string[]) => (await run(good, ...args))['stateHash'];
  const byKey = await hash('--local', '4=17');
  assert.equal(await hash('--local', 'blockNumber=17'), byKey);
  assert.equal(await hash('--local', `4=0x${'00'.repeat(31)}11`), byKey);
  assert.notEqual(await hash(), byKey);
  assert.notEqual(await hash('--local', 'chainId=17'), byKey);
});

test('inputs that are none, and inputs beside a block, are wrong use', async () => {
  for (const local of ['7=1', '0=1', 'x=1', '1', '1=', '1=0x12', '1=-1', '1=1=1', `1=1${'0'.repeat(78)}`])
    assert.equal((await runMain(['run', good, '--local', local])).exitCode, 2, local);
  assert.equal((await runMain(['run', good, '--local', '1=1', '--block', BLOCK])).exitCode, 2);
  assert.equal((await runMain(['run', good, '--block', join(folder, 'none')])).exitCode, 3);
});

test('a variable stands for an option, and an option wins over it', () => {
  const steps = (args: string[], variables: NodeJS.ProcessEnv) =>
    onlyObject(runOmo(['run', endless, '--json', ...args], { OMO_QUIET: '1', ...variables }))['steps'];
  assert.equal(steps([], { OMO_UNTIL: '7' }), '7');
  assert.equal(steps(['--until', '8'], { OMO_UNTIL: '7' }), '8');
  assert.equal(steps(['--until', '8'], { OMO_UNTIL: '' }), '8');
  const wrong = runOmo(['run', endless], { OMO_UNTIL: 'x' });
  assert.equal(wrong.exitCode, 2);
  assert.match(wrong.stderr, /OMO_UNTIL/);
});
