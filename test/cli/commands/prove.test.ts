// `omo prove` and `omo verify`: a proof made is a proof accepted, and a changed one is rejected, not an error.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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
    const verified = await runMain(['verify', file, '--json']);
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
  assert.equal((await runMain(['verify', file])).exitCode, 0);
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
    return await runMain(['verify', changed, '--json']);
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
