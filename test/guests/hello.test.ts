// Ordinary programs of ordinary toolchains: the committed files, what they print under qemu-riscv64, and the same bytes
// again from their sources where their toolchain is installed.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { decompress } from '../../src/compression.ts';
import { ELF_BYTES_MAX, readElf } from '../../src/machine/elf.ts';
import { HELLO_FOLDER, HELLO_GUESTS, HELLO_MANIFEST, type HelloManifest } from '../../tools/buildHelloGuests.ts';
import { sha256 } from '../../tools/guestFile.ts';
import { QEMU_MISSING, runUnderQemu } from './qemu.ts';

const manifest: HelloManifest = JSON.parse(readFileSync(HELLO_MANIFEST, 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'omo-test-'));
after(() => rmSync(folder, { recursive: true }));

for (const [name, { source, toolchain, compile }] of Object.entries(HELLO_GUESTS))
  describe(`the ordinary program ${name}`, () => {
    const built = manifest[name] ?? assert.fail(`${name} is not built`);
    const file = join(HELLO_FOLDER, built.file);
    const elf = decompress(readFileSync(file), { name: file, maxBytes: ELF_BYTES_MAX });

    it('has the hash of the manifest, and is a program for the machine', () => {
      assert.deepEqual([elf.length, sha256(elf)], [built.bytes, built.sha256]);
      assert.ok(readElf(elf, name).segments.length > 0);
    });

    it('prints what it should', { skip: QEMU_MISSING }, async () => {
      const path = join(folder, `${name}.elf`);
      writeFileSync(path, elf, { mode: 0o755 });
      const expected = readFileSync(join(HELLO_FOLDER, source, 'expected.txt'), 'utf8');
      const { exitCode, text } = await runUnderQemu(path, []);
      assert.deepEqual([text, exitCode], [expected, source === 'rust' ? 7 : 0]);
    });

    const found = toolchain();
    const skip = found !== built.toolchain && `needs ${built.toolchain}, found ${found ?? 'none'}`;
    it('is built again, byte for byte', { skip }, () => {
      const path = join(folder, `${name}.rebuilt.elf`);
      compile(path);
      assert.equal(sha256(readFileSync(path)), built.sha256);
    });
  });
