// `omo program`: the root is that of the loaded state, and depends on nothing but file and arguments.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitWith, temporaryFolder, writeProgram } from '../guestFile.ts';
import { onlyObject, runMain, runOmo } from '../harness.ts';

const folder = temporaryFolder();
const elf = writeProgram(join(folder, 'exit.elf'), exitWith(0));
const root = async (...args: string[]) => onlyObject(await runMain(['program', '--json', ...args]))['programRoot'];

test('a program has a root, an entry and pages', async () => {
  const outcome = await runMain(['program', elf, '--json']);
  assert.equal(outcome.exitCode, 0);
  // Code, the top of the stack, and the page bitmap where it marks code, stack and the two pages of the upper hole.
  const { programRoot, ...rest } = onlyObject(outcome);
  assert.match(String(programRoot), /^0x03[0-9a-f]{62}$/);
  assert.deepEqual(rest, { schemaVersion: 1, entry: '0x10000', pages: 6, isa: 'rv64', version: 1, symbols: 1 });
  const text = await runMain(['program', elf]);
  assert.match(text.stdout, /^program root {2}0x03.*\nentry {9}0x10000 \(_start\)\n/);
});

test('the root does not depend on where the file is, but on its bytes and arguments', async () => {
  const copy = writeProgram(join(folder, 'another.elf'), exitWith(0));
  const other = writeProgram(join(folder, 'other.elf'), exitWith(1));
  assert.equal(await root(copy), await root(elf));
  assert.notEqual(await root(other), await root(elf));
  assert.notEqual(await root(elf, 'x'), await root(elf));
});

test('a missing file, a folder and a file that is no program are bad input', () => {
  const garbage = join(folder, 'garbage');
  writeFileSync(garbage, 'not a program');
  for (const [path, code] of [
    [join(folder, 'none'), 'FILE_MISSING'],
    [folder, 'NOT_A_FILE'],
    [garbage, 'ELF_MAGIC'],
  ] as const) {
    const outcome = runOmo(['program', path, '--json']);
    assert.equal(outcome.exitCode, 3);
    assert.equal((onlyObject(outcome)['error'] as { code: string }).code, code);
  }
});
