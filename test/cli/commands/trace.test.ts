// `omo trace` with `omo diff`: an honest run and a lying one, found out at the step of the lie; and what is kept for it.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder, writeProgram } from '../guestFile.ts';
import { onlyObject, runMain } from '../harness.ts';

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);
// Counts s1 down from 0x180 << 12, two steps a round, and exits with 0: 3,145,732 steps, three windows and a piece.
const ELF = writeProgram(path('count.elf'), [0x001804b7, 0xfff48493, 0xfe049ee3, 0x00000513, 0x05d00893, 0x00000073]);
const LIE = 2_000_001;

async function omo(command: string, ...args: string[]) {
  const outcome = await runMain([command, ...args, '--json', '--quiet']);
  return { ...onlyObject(outcome), code: outcome.exitCode } as Record<string, unknown> & { error?: { code: string } };
}

test('a run is committed every 2^20 steps, and a window at every step', async () => {
  const store = path('honest.db');
  const { seconds, historyRoot, ...sparse } = await omo('trace', ELF, '--store', store);
  assert.deepEqual(sparse, {
    schemaVersion: 1,
    runId: 1,
    steps: '3145732',
    status: 'valid',
    stride: '1048576',
    commitments: 4,
    code: 0,
  });
  assert.equal(typeof seconds, 'number');
  assert.match(String(historyRoot), /^0x[0-9a-f]{64}$/);
  const again = await omo('trace', ELF, '--store', store);
  assert.deepEqual([again['runId'], again['historyRoot']], [1, historyRoot]);
  const dense = await omo('trace', ELF, '--store', store, '--window', '3');
  assert.deepEqual([dense['stride'], dense['commitments'], dense['window']], ['1', 4, 3]);
  assert.notEqual(dense['historyRoot'], historyRoot);
});

test('a liar is found out at the step of the lie, with the instruction that is executed there', async () => {
  const file = path('liar.trace');
  const liar = await omo(
    'trace',
    ELF,
    '--store',
    path('liar.db'),
    '--fault',
    `${LIE}`,
    '--window',
    '1',
    '--export',
    file,
  );
  assert.equal(liar['fault'], `${LIE}`);
  await omo('trace', ELF, '--store', path('honest.db'), '--window', '1');
  for (const [ours, theirs] of [
    [path('honest.db'), path('liar.db')],
    [file, path('honest.db')],
  ] as const) {
    const { firstDivergentStep, window, pc, instruction, symbol, code } = await omo('diff', ours, theirs);
    assert.deepEqual(
      [firstDivergentStep, window, pc, instruction, symbol, code],
      [`${LIE}`, 1, '0x10004', 'addi s1,s1,-1', '_start+4', 1],
    );
  }
});

test('a proof of that step leads from the agreed state to the honest one', async () => {
  const { agreedStateHash, ours } = await omo('diff', path('honest.db'), path('liar.db'));
  const { pre, post } = await omo('prove', ELF, '--step', `${LIE}`, '-o', path('proof.json'));
  assert.deepEqual([pre, post], [agreedStateHash, ours]);
});

test('a program that has become another one is a warning, and pc is not shown', async () => {
  const copy = path('copy.elf');
  const words = [0x00000513, 0x05d00893, 0x00000073];
  writeProgram(copy, words);
  await omo('trace', copy, '--store', path('a.db'), '--window', '0');
  await omo('trace', copy, '--store', path('b.db'), '--window', '0', '--fault', '1');
  const found = await omo('diff', path('a.db'), path('b.db'));
  assert.deepEqual([found['firstDivergentStep'], found['instruction']], ['1', 'addi a7,zero,93']);
  writeProgram(copy, [...words, 0x13]);
  const changed = await runMain(['diff', path('a.db'), path('b.db'), '--json']);
  assert.deepEqual([onlyObject(changed)['firstDivergentStep'], onlyObject(changed)['pc']], ['1', null]);
  assert.match(changed.stderr, /warning: what is executed at step 1 is not shown: .*copy\.elf/);
  rmSync(copy);
  const gone = await runMain(['diff', path('a.db'), path('b.db'), '--json']);
  assert.equal(gone.exitCode, 1);
  assert.match(gone.stderr, /copy\.elf: no such file/);
});

test("a command that a store names is not run: the store may be a stranger's", async () => {
  for (const [store, ...fault] of [['ours.db'], ['theirs.db', '--fault', '1']] as const)
    await omo('trace', ELF, '--preimages', 'exit', '--window', '0', '--store', path(store), ...fault);
  const outcome = await runMain(['diff', path('ours.db'), path('theirs.db'), '--json']);
  assert.deepEqual([onlyObject(outcome)['firstDivergentStep'], onlyObject(outcome)['pc']], ['1', null]);
  assert.equal(outcome.stderr.match(/warning: .* is not run because a store names it/g)?.length, 2, outcome.stderr);
});

test('options are bounded', async () => {
  for (const args of [
    ['--window', '-1'],
    ['--window', '16777216'],
    ['--fault', 'x'],
    ['--fault', '17592186044416'],
  ])
    assert.equal((await omo('trace', ELF, '--store', path('none.db'), ...args))['code'], 2, args.join(' '));
  const past = await omo('trace', ELF, '--store', folder);
  assert.equal(past['code'], 3);
});
