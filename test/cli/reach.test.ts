// Commands that look far into a run start from a snapshot of the store, and answer what they answer without one.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './guestFile.ts';
import { onlyObject, runMain } from './harness.ts';

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);
/** 21 million steps: more than what lies between two snapshots at least. */
const PROGRAM = [fileURLToPath(new URL('../../guests/bench/keccak.elf', import.meta.url)), '20'];
const STEP = `${2 ** 24 + 12_345}`;

const ask = (command: string, store: string, ...args: string[]) =>
  runMain([command, ...PROGRAM, '--step', STEP, '--store', path(store), '--json', ...args]);

before(async () => {
  const traced = await runMain(['trace', ...PROGRAM, '--store', path('omo.db'), '--quiet']);
  assert.equal(traced.exitCode, 0, traced.stderr);
});

test('the machine at a step is the same from a snapshot and from the start', async () => {
  const stored = await ask('inspect', 'omo.db', '--memory', '0x10000:4096');
  assert.match(stored.stderr, /from the snapshot at step \d{8} to step 16789561/);
  const executed = await ask('inspect', 'none.db', '--memory', '0x10000:4096');
  assert.doesNotMatch(executed.stderr, /snapshot/);
  assert.deepEqual(onlyObject(stored), onlyObject(executed));
});

test('so is the proof of it', async () => {
  const stored = await ask('prove', 'omo.db', '-o', path('stored.json'));
  assert.match(stored.stderr, /snapshot/);
  await ask('prove', 'none.db', '-o', path('executed.json'));
  assert.equal(readFileSync(path('stored.json'), 'utf8'), readFileSync(path('executed.json'), 'utf8'));
});

test('a store of something else, a damaged one and a file that is none only cost time', async () => {
  const expected = onlyObject(await ask('inspect', 'none.db'));
  const other = await ask('inspect', 'omo.db', '--local', '1=7');
  assert.doesNotMatch(other.stderr, /snapshot/);
  writeFileSync(path('damaged.db'), readFileSync(path('omo.db')).fill(0x55, 4096, 12_288));
  writeFileSync(path('text.db'), 'no store');
  for (const store of ['damaged.db', 'text.db']) {
    const outcome = await ask('inspect', store);
    assert.match(outcome.stderr, new RegExp(`warning: its snapshots are not used: store .*${store}`));
    assert.deepEqual(onlyObject(outcome), expected);
  }
});
