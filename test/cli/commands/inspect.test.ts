// `omo inspect`: what the machine holds at a step, against a program whose every state is known.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitWith, temporaryFolder, writeProgram } from '../guestFile.ts';
import { onlyObject, runMain } from '../harness.ts';

const folder = temporaryFolder();
const elf = writeProgram(join(folder, 'exit.elf'), exitWith(5));

async function inspect(...args: string[]) {
  const outcome = await runMain(['inspect', elf, '--json', '--quiet', ...args]);
  assert.equal(outcome.exitCode, 0);
  return onlyObject(outcome) as Record<string, unknown> & { registers: Record<string, string> };
}

test('before any step, and after each', async () => {
  const start = await inspect('--step', '0');
  assert.deepEqual([start['step'], start['pc'], start['instruction']], ['0', '0x10000', 'addi a0,zero,5']);
  assert.deepEqual([start['symbol'], start['status'], start.registers['a0']], ['_start', 'unfinished', '0x0']);
  const later = await inspect('--step', '2');
  assert.deepEqual([later['step'], later['pc'], later['instruction']], ['2', '0x10008', 'ecall']);
  assert.deepEqual([later['symbol'], later.registers['a0'], later.registers['a7']], ['_start+8', '0x5', '0x5d']);
  assert.equal(Object.keys(later.registers).length, 32);
  assert.deepEqual(later['threads'], [{ id: '1', current: true, pc: '0x10008' }]);
});

test('past the halt the machine is the halted one', async () => {
  const { step, status, exitCode } = await inspect('--step', '100');
  assert.deepEqual([step, status, exitCode], ['3', 'invalid', '5']);
});

test('code around pc, as much as asked for', async () => {
  const { code } = await inspect('--step', '1', '--around', '1');
  const listed = (code as { address: string; word: string; current: boolean }[]).map(
    ({ address, word, current }) => `${address} ${word} ${current}`,
  );
  assert.deepEqual(listed, ['0x10000 0x00500513 false', '0x10004 0x05d00893 true', '0x10008 0x00000073 false']);
  assert.equal(((await inspect('--step', '1', '--around', '0'))['code'] as unknown[]).length, 1);
});

test('memory by address, in either notation', async () => {
  const { memory } = await inspect('--step', '0', '--memory', '0x10000:4', '--memory', '65540:2');
  assert.deepEqual(memory, [
    { address: '0x10000', bytes: '0x13055000' },
    { address: '0x10004', bytes: '0x9308' },
  ]);
});

test("where the program has no memory there are zeros, not the engine's own data", async () => {
  const { memory } = await inspect('--step', '2', '--memory', '0:65536', '--memory', '0xf8000000:4096');
  for (const { bytes } of memory as { bytes: string }[]) assert.match(bytes, /^0x0+$/);
});

test('ranges are bounded', async () => {
  for (const range of ['', 'x', '0x10000', '0x10000:0', '0:65537', '0xffffffff:2', '-1:4', '0x1ffffffff:1'])
    assert.equal((await runMain(['inspect', elf, '--step', '0', '--memory', range])).exitCode, 2, range);
});

test('text shows status, code, registers and memory', async () => {
  const { stdout } = await runMain(['inspect', elf, '--step', '1', '--memory', '0x10000:20']);
  assert.match(stdout, /^step {4}1\nstatus {2}unfinished\npc {6}0x10004 \(_start\+4\)\nthread {2}1 of 1\n\n/);
  assert.match(stdout, /\n {3}0x10000 {2}00500513 {2}addi a0,zero,5 {3}_start\n=> 0x10004 {2}05d00893 /);
  assert.match(stdout, / a0 {3}0x5 /);
  assert.match(stdout, /\n0x10000 {2}13 05 50 00 93 08 d0 05 73 00 00 00 00 .* {2}\.\.P\.\.\.\.\.s\.\.\./);
});
