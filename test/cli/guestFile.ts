// A small program file for tests of commands: its instructions are given as 32-bit words.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { buildElf } from '../machine/elfBuilder.ts';

/** A folder of the test file's own, removed when its tests are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omo-cli-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a program of these instructions, loaded at 0x10000, whose only symbol is _start; gives its path. */
export function writeProgram(path: string, words: readonly number[]): string {
  const data = Buffer.alloc(4 * words.length);
  words.forEach((word, i) => {
    data.writeUInt32LE(word, 4 * i);
  });
  const symbols = [{ name: '_start', value: 0x10000n, size: BigInt(data.length), type: 2 }];
  writeFileSync(path, buildElf({ segments: [{ vaddr: 0x10000n, data }], symbols }));
  return path;
}

/** `li a0, code; li a7, 93; ecall`: exits with `code`, 0 to 2047, after three steps. */
export const exitWith = (code: number): readonly number[] => [(code << 20) | 0x513, (93 << 20) | 0x893, 0x73];
