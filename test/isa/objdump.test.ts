// Decoding and disassembly against GNU objdump: every 16-bit word, 10,000 random 32-bit words, and words near each row
// (its pattern with random operands, then with one and two bits flipped). Each difference that is left has its reason here.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { decode } from '../../src/isa/decode.ts';
import { disassemble } from '../../src/isa/disassemble.ts';
import { RV64 } from '../../src/isa/riscv/rv64.ts';
import { Random } from '../commitment/random.ts';

const ARCH = 'rv64imafdc_zicsr_zifencei';
const PREFIX = 'riscv64-linux-gnu-';
/** An encoding of up to 22 bytes may begin anywhere: each word is followed by this much padding. */
const SLOT_BYTES = 24;
const C_NOP = 0x0001;

interface Sample {
  readonly word: number;
  readonly length: 2 | 4;
}

const installed = (['as', 'objcopy', 'objdump'] as const).every(
  (tool) => spawnSync(PREFIX + tool, ['--version']).status === 0,
);
const skip = installed ? false : `${PREFIX}objdump is not installed (apt-get install binutils-riscv64-linux-gnu)`;

/** What objdump prints for each sample, without symbols and comments; a `.` in front means that it is no instruction. */
function objdump(samples: readonly Sample[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'omo-objdump-'));
  const run = (tool: string, ...args: string[]): string =>
    execFileSync(PREFIX + tool, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 29, stdio: 'pipe' });
  try {
    const bytes = Buffer.alloc(samples.length * SLOT_BYTES);
    for (let i = 0; i < bytes.length; i += 2) bytes.writeUInt16LE(C_NOP, i);
    for (const [i, { word, length }] of samples.entries()) bytes.writeUIntLE(word, i * SLOT_BYTES, length);
    // The words replace the section after assembly: assembled as data they would be marked as data, and shown as such.
    writeFileSync(join(folder, 'words.bin'), bytes);
    writeFileSync(join(folder, 'words.s'), '.text\n nop\n');
    run('as', '-misa-spec=20191213', `-march=${ARCH}`, '-o', 'words.o', 'words.s');
    run('objcopy', '--update-section', '.text=words.bin', 'words.o');
    const lines = run('objdump', '-d', '-z', '-M', 'no-aliases', 'words.o').split('\n');
    const texts = new Map<number, string>();
    for (const line of lines) {
      const [, address, text] = /^\s*([0-9a-f]+):\t[0-9a-f ]+\t(.*)$/.exec(line) ?? [];
      if (address !== undefined && text !== undefined) texts.set(Number.parseInt(address, 16), clean(text));
    }
    return samples.map((_, i) => texts.get(i * SLOT_BYTES) ?? '.missing');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function clean(text: string): string {
  return text
    .replace(/\s*(#|<).*$/, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Our text in objdump's ways: targets of jumps and branches without 0x. */
function ours({ word, length }: Sample, i: number): string {
  const text = disassemble(RV64, word, length, BigInt(i * SLOT_BYTES));
  return /\{target\}/.test(assemblyOf({ word, length })) ? text.replace(/0x([0-9a-f]+)$/, '$1') : text;
}

function assemblyOf({ word, length }: Sample): string {
  const decoded = decode(RV64, word, length);
  return (decoded?.compressed ?? decoded?.row)?.assembly ?? '';
}

/** Why we and objdump may differ on a sample, or undefined if they may not. */
function reason(word: number, mine: string, theirs: string): string | undefined {
  const name = mine.split(' ')[0] ?? '';
  const illegal = /^\.|unimp$/;
  const theirsIllegal = illegal.test(theirs);
  if (/^fence(\.i)?$/.test(name) && theirsIllegal)
    return 'the manual has implementations ignore the reserved fields of fences; objdump does not know such words';
  if (theirs === 'fence.tso' && mine === 'fence rw,rw') return 'fence.tso is a fence whose field fm is 8';
  if (/^rd(cycle|time|instret)$/.test(name) && /^csrr[sc]i? \w+,(cycle|time|instret),(zero|0)$/.test(theirs))
    return 'a read of a counter has one name in all its encodings';
  if (name === '.4byte' && /^csrr[wsc]i? /.test(theirs))
    return 'a CSR that the machine does not have, or a write to one that is read-only';
  if (name === '.4byte' && (word & 0x707f) === 0x0073) return 'a privileged instruction, which user mode does not have';
  if (/^fcvt\.d\.(wu?|s)$/.test(name) && theirsIllegal)
    return 'a conversion that never rounds has a rounding mode all the same; this objdump knows it with rne only';
  if (name === 'c.nop' && /^c\.addi zero,-?\d+$/.test(theirs)) return 'c.nop is c.addi of x0 and has its own name';
  if (mine === '.2byte 0x6101' && theirs === 'c.addi16sp sp,0')
    return 'the manual reserves c.addi16sp with an immediate of 0';
  if (/^c\.(slli|srli|srai) \w+,0x0$/.test(mine) && /^c\.(slli|srli|srai)64 \w+$/.test(theirs))
    return 'a compressed shift by 0 is a hint of the shift, a name of its own in RV128 only';
  return undefined;
}

const random = new Random('isa against objdump');

function nearRows(): Sample[] {
  const samples: Sample[] = [];
  for (const { mask, match } of RV64.rows)
    for (let i = 0; i < 200; i++) {
      let word = match | (random.below(2 ** 32) & ~mask);
      for (let flips = i >> 6; flips > 0; flips--) word ^= 1 << (2 + random.below(30));
      samples.push({ word: word >>> 0, length: 4 });
    }
  return samples;
}

function compare(samples: readonly Sample[]): Map<string, number> {
  const reasons = new Map<string, number>();
  const theirs = objdump(samples);
  const unexplained: string[] = [];
  for (const [i, sample] of samples.entries()) {
    const mine = ours(sample, i);
    const other = theirs[i] ?? '';
    const same = mine.startsWith('.') ? /^\.|unimp$/.test(other) : mine === other;
    if (same) continue;
    const why = reason(sample.word, mine, other);
    if (why === undefined) unexplained.push(`${sample.word.toString(16)}: ${mine} | ${other}`);
    else reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  assert.deepEqual(unexplained.slice(0, 20), [], `${unexplained.length} words differ (ours | objdump)`);
  return reasons;
}

test('every 16-bit word decodes and shows as objdump says', { skip }, (t) => {
  const halves = Array.from({ length: 0x10000 }, (_, word): Sample => ({ word, length: 2 })).filter(
    ({ word }) => (word & 3) !== 3,
  );
  for (const [why, count] of compare(halves)) t.diagnostic(`${count} differ: ${why}`);
});

test('10,000 random 32-bit words decode and show as objdump says', { skip }, (t) => {
  const words = Array.from({ length: 10_000 }, (): Sample => ({ word: (random.below(2 ** 32) | 3) >>> 0, length: 4 }));
  for (const [why, count] of compare(words)) t.diagnostic(`${count} differ: ${why}`);
});

test('words near each row decode and show as objdump says', { skip }, (t) => {
  for (const [why, count] of compare(nearRows())) t.diagnostic(`${count} differ: ${why}`);
});
