// The committed guests: their hashes, and the same bytes again from their sources where their compiler is installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readElf } from '../../src/machine/elf.ts';
import { readSymbols } from '../../src/machine/symbols.ts';

const GUESTS = fileURLToPath(new URL('../../guests/', import.meta.url));
const read = (path: string) => readFileSync(join(GUESTS, path));
const sums = read('SHA256SUMS')
  .toString()
  .trim()
  .split('\n')
  .map((line) => line.split(/\s+/) as [string, string]);

/** Why the guests cannot be rebuilt here, or false. */
function cannotRebuild(): string | false {
  const version = (command: string) => spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout?.split('\n')[0];
  const found = `${version('riscv64-linux-gnu-gcc')}\n${version('riscv64-linux-gnu-ld')}\n`;
  const wanted = read('COMPILER').toString();
  return found === wanted
    ? false
    : `needs the compiler ${wanted.trim()} (Debian package gcc-riscv64-linux-gnu), found ${found.trim()}`;
}

describe('the committed guests', () => {
  it('have the hashes of SHA256SUMS', () => {
    assert.equal(sums.length, 11);
    for (const [sum, path] of sums) assert.equal(createHash('sha256').update(read(path)).digest('hex'), sum, path);
  });

  it('are small, loadable and keep their symbols', () => {
    for (const [, path] of sums) {
      const image = readElf(read(path), path);
      assert.ok(image.bytes.length < (path.startsWith('float/') ? 50_000 : 10_000), path);
      assert.equal(readSymbols(image).symbolAt(image.entry)?.name, '_start', path);
      assert.ok(image.headersAddress > 0, path);
    }
  });

  it('are built again from their sources, byte for byte', { skip: cannotRebuild() }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'omo-test-'));
    try {
      const { status, stderr } = spawnSync('sh', [join(GUESTS, 'build.sh'), folder], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      for (const [, path] of sums) assert.deepEqual(readFileSync(join(folder, path)), read(path), path);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
