// What a real compiler and linker make, read by our loader, with readelf and Linux's own program start (qemu-riscv64) as
// witnesses of what is in the file and on the initial stack.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { PIE_BIAS, readElf } from '../../src/machine/elf.ts';
import { loadProgram } from '../../src/machine/program.ts';
import { readSymbols } from '../../src/machine/symbols.ts';

const GCC = 'riscv64-linux-gnu-gcc';
const missing = (command: string, name: string) =>
  spawnSync(command, ['--version']).error ? `${command} is not installed (Debian package ${name})` : false;
const NO_GCC = missing(GCC, 'gcc-riscv64-linux-gnu');
const NO_QEMU = NO_GCC || missing('qemu-riscv64', 'qemu-user');

/** Writes 4 KiB from sp on to standard output: argc, argv, envp, the auxiliary vector, and more. */
const DUMP = `
  .globl _start
  .data
  .skip 100
  .bss
  .skip 0x12345
  .text
_start:
  mv a1, sp
  li a0, 1
  li a2, 1024
  li a7, 64
  ecall
  li a0, 0
  li a7, 94
  ecall
helper:
  ret
`;

const folder = mkdtempSync(join(tmpdir(), 'omo-test-'));
after(() => rmSync(folder, { recursive: true }));

/** Builds the program with these flags; the path of what came out. */
function build(name: string, ...flags: string[]): string {
  const source = join(folder, 'dump.s');
  writeFileSync(source, DUMP);
  const path = join(folder, name);
  const { status, stderr } = spawnSync(GCC, ['-nostdlib', ...flags, '-o', path, source], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return path;
}

/** Loadable segments as readelf prints them: address, size in file, size in memory. */
function readelfSegments(path: string): [number, number, number][] {
  const { stdout } = spawnSync('riscv64-linux-gnu-readelf', ['-lW', path], { encoding: 'utf8' });
  const lines = [...stdout.matchAll(/LOAD\s+\S+ (0x\w+) \S+ (0x\w+) (0x\w+)/g)];
  return lines.map(([, address, file, memory]) => [Number(address), Number(file), Number(memory)]);
}

/** The auxiliary vector above a stack's argc, argv and envp. */
function auxiliaryVector(stack: DataView): Map<number, bigint> {
  const word = (index: number) => stack.getBigUint64(8 * index, true);
  let at = Number(word(0)) + 2;
  while (word(at) !== 0n) at++;
  const vector = new Map<number, bigint>();
  for (at++; word(at) !== 0n; at += 2) vector.set(Number(word(at)), word(at + 1));
  return vector;
}

describe('programs of a real toolchain', { skip: NO_GCC }, () => {
  it('are read as readelf reads them: static, static PIE, stripped', () => {
    for (const [name, flags, bias] of [
      ['static', ['-static'], 0],
      ['stripped', ['-static', '-s'], 0],
      ['pie', ['-static-pie', '-Wl,--no-dynamic-linker'], PIE_BIAS],
    ] as const) {
      const path = build(name, ...flags);
      const image = readElf(readFileSync(path), name);
      const expected = readelfSegments(path).map(([address, file, memory]) => [address + bias, file, memory]);
      assert.ok(expected.length > 0);
      const found = image.segments.map((segment) => [segment.address, segment.fileBytes, segment.memoryBytes]);
      assert.deepEqual(found, expected, name);
      assert.equal(image.bias, bias);
      const symbols = readSymbols(image);
      assert.deepEqual(symbols.symbolAt(image.entry), name === 'stripped' ? undefined : { name: '_start', offset: 0 });
    }
  });

  it('that are not programs of their own are refused by name', () => {
    const refused = (path: string, code: string) => assert.throws(() => readElf(readFileSync(path)), { code });
    refused(build('object.o', '-c'), 'ELF_TYPE');
    refused(build('dynamic', '-pie', '-Wl,-dynamic-linker=/lib/ld-linux-riscv64-lp64d.so.1'), 'ELF_INTERPRETER');
    refused(build('rv32.o', '-c', '-march=rv32imac', '-mabi=ilp32'), 'ELF_CLASS');
    refused(process.execPath, process.arch === 'x64' || process.arch === 'arm64' ? 'ELF_MACHINE' : 'ELF_MAGIC');
    refused(build('library.so', '-shared', '-Wl,-e,0'), 'ELF_ENTRY');
  });
});

describe('the initial stack', { skip: NO_QEMU }, () => {
  it('says about the program what Linux says', () => {
    const path = build('static-dump', '-static');
    const { stdout } = spawnSync('qemu-riscv64', [path, 'one', 'two']);
    const linux = auxiliaryVector(new DataView(stdout.buffer, stdout.byteOffset, stdout.length));
    const { machine } = loadProgram(readFileSync(path), { args: ['one', 'two'], env: ['A=1'] });
    const ours = auxiliaryVector(new DataView(machine.bytes.slice(Number(machine.x(2)), 0xf000_0000).buffer));
    const [AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_CLKTCK] = [3, 4, 5, 6, 7, 8, 9, 17];
    for (const type of [AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_CLKTCK])
      assert.equal(ours.get(type), linux.get(type), `auxiliary vector entry ${type}`);
    const [AT_HWCAP, AT_SECURE, AT_RANDOM, AT_EXECFN] = [16, 23, 25, 31];
    assert.equal((linux.get(AT_HWCAP) ?? 0n) & (ours.get(AT_HWCAP) ?? 0n), 0x112dn, 'I, M, A, F, D, C');
    for (const type of [AT_SECURE, AT_RANDOM, AT_EXECFN]) assert.ok(linux.has(type) && ours.has(type), `entry ${type}`);
    assert.equal(stdout.readBigUInt64LE(0), 3n);
    assert.equal(machine.view.getBigUint64(Number(machine.x(2)), true), 3n);
  });
});
