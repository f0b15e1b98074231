// Files of commands: bounds before reading, whole files or none when writing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { readInput, writeOutput } from '../../src/cli/files.ts';

const bounds = { what: 'proof', maxBytes: 4 };
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'omo-files-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('a file up to its bound is read whole', () => {
  const path = join(folder, 'four');
  writeFileSync(path, 'abcd');
  assert.deepEqual(readInput(path, bounds), new Uint8Array(Buffer.from('abcd')));
});

test('a missing file, a folder and a file too large are three named errors', () => {
  const large = join(folder, 'five');
  writeFileSync(large, 'abcde');
  const named = (code: string, message: RegExp) => ({ name: 'InputError', code, message });
  assert.throws(() => readInput(join(folder, 'none'), bounds), named('FILE_MISSING', /^proof .*none: no such file$/));
  assert.throws(() => readInput(folder, bounds), named('NOT_A_FILE', /regular file/));
  assert.throws(() => readInput(large, bounds), named('FILE_TOO_LARGE', /at most 4 bytes, found 5$/));
  assert.throws(() => readInput(join(large, 'x'), bounds), named('FILE_UNREADABLE', /ENOTDIR/));
});

test('a compressed file is read unpacked, within the same bound', () => {
  const larger = { what: 'program', maxBytes: 1000 };
  for (const [name, compress] of [
    ['packed', gzipSync],
    ['packed.br', brotliCompressSync],
  ] as const) {
    const path = join(folder, name);
    writeFileSync(path, compress(Buffer.alloc(1000, 7)));
    assert.deepEqual(Buffer.from(readInput(path, larger)), Buffer.alloc(1000, 7));
    writeFileSync(path, compress(Buffer.alloc(1001)));
    assert.throws(() => readInput(path, larger), {
      code: 'FILE_TOO_LARGE',
      message: /^program .*packed.* at most 1000/,
    });
  }
});

test('a named pipe that nobody writes to is refused, not waited for', (t) => {
  const path = join(folder, 'pipe');
  if (spawnSync('mkfifo', [path]).status !== 0) return t.skip('mkfifo is not installed');
  assert.throws(() => readInput(path, bounds), { code: 'NOT_A_FILE' });
});

test('what is written is there whole, its folder made, and nothing beside it', () => {
  const path = join(folder, 'new', 'deep', 'proof.json');
  writeOutput(path, 'first');
  writeOutput(path, Uint8Array.of(1, 2));
  assert.deepEqual([...readFileSync(path)], [1, 2]);
  assert.deepEqual(readdirSync(join(folder, 'new', 'deep')), ['proof.json']);
});

test('a file that cannot be written leaves nothing behind', () => {
  const path = join(folder, 'taken');
  mkdirSync(path);
  assert.throws(() => writeOutput(path, 'x'), { name: 'InputError', code: 'FILE_UNWRITABLE', message: /taken/ });
  assert.throws(() => writeOutput(join(folder, 'four', 'x'), 'x'), { code: 'FILE_UNWRITABLE' });
  assert.equal(
    readdirSync(folder).some((name) => name.endsWith('.partial')),
    false,
  );
  assert.ok(existsSync(path));
});
