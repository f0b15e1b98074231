// Makes test/isa/vectors: run by hand (`node test/isa/qemu/makeVectors.ts`) when rows are added. The draws are of a fixed seed,
// so that the files change only where rows or qemu do. What qemu cannot judge is written down from the specification.
import { writeFileSync } from 'node:fs';
import type { CompressedRow, Row } from '../../../src/isa/isa.ts';
import { ATOMIC } from '../../../src/isa/riscv/atomic.ts';
import { BASE } from '../../../src/isa/riscv/base.ts';
import { COMPRESSED } from '../../../src/isa/riscv/compressed.ts';
import { FLOAT_CONTROL } from '../../../src/isa/riscv/float/control.ts';
import { FLOAT } from '../../../src/isa/riscv/float/rows.ts';
import { MULTIPLY } from '../../../src/isa/riscv/multiply.ts';
import { Random } from '../../commitment/random.ts';
import { accessBytes, draw } from './draw.ts';
import { FIRST_ILLEGAL } from './drawFloat.ts';
import { execute, startGuest } from './execute.ts';
import { type QemuGuest, qemuVersion } from './guest.ts';

/** A file of vectors: the lines of each row. */
interface VectorFile {
  /** Who says so. */
  readonly source: string;
  readonly rows: Readonly<Record<string, readonly string[]>>;
}

const LEGAL = FIRST_ILLEGAL;
const FAULTS = 12;

async function make(name: string, rows: readonly (Row | CompressedRow)[]): Promise<void> {
  const guest = await startGuest();
  const file: Record<string, string[]> = {};
  try {
    for (const row of rows) file[row.name] = await makeRow(guest, row);
  } finally {
    guest.close();
  }
  write(name, { source: `${qemuVersion()}, single-stepped through its GDB stub`, rows: file });
}

async function makeRow(guest: QemuGuest, row: Row | CompressedRow): Promise<string[]> {
  const random = new Random(
    row.name,
    [...row.name].reduce((seed, letter) => seed * 31 + letter.charCodeAt(0), 7) % 2 ** 31,
  );
  const lines = new Set<string>();
  let [legal, attempts] = [0, 0];
  for (let i = 0; legal < LEGAL; i++) {
    if (attempts++ > 5000) throw new Error(`${row.name}: ${legal} legal draws in ${attempts} attempts`);
    const line = await execute(guest, draw(row, i % LEGAL, random));
    const fault = line !== undefined && /trap=(?!breakpoint)/.test(line);
    if (line === undefined || (fault && i % 8 !== 0)) continue;
    if (!fault && !lines.has(line)) legal++;
    lines.add(line);
  }
  if (accessBytes(row.name) > 0 || ('format' in row && 'rm' in row.format.fields))
    for (let i = 0; i < FAULTS; i++) {
      const line = await execute(guest, draw(row, LEGAL + i, random));
      if (line !== undefined) lines.add(line);
    }
  return [...lines];
}

/** What qemu cannot show: counters in steps, the width of a reservation, faults of a store-conditional that fails. */
function specified(): VectorFile {
  const random = new Random('specified', 1);
  const base = BigInt(Date.UTC(2024, 0, 1)) * 1_000_000n;
  const counter = (csr: number, value: (step: bigint, skipped: bigint) => bigint): string[] =>
    Array.from({ length: LEGAL }, (_, i) => {
      const rd = i % 32;
      const funct3 = random.pick([2, 3, 6, 7]);
      const word = ((csr << 20) | (funct3 << 12) | (rd << 7) | 0x73) >>> 0;
      const step = BigInt(i < 4 ? i : random.below(2 ** 44));
      const skipped = BigInt(i < 50 ? 0 : random.below(2 ** 50));
      const result = rd === 0 ? '' : ` x${rd}=${value(step, skipped).toString(16)}`;
      return `${word.toString(16)}@20000 step=${step.toString(16)} skipped=${skipped.toString(16)} >${result}`;
    });
  return {
    source:
      'RISC-V unprivileged manual (Zicntr, A) and the definition of the machine: a step is a cycle and a nanosecond',
    rows: {
      rdcycle: counter(0xc00, (step) => step),
      rdtime: counter(0xc01, (step, skipped) => base + step + skipped),
      rdinstret: counter(0xc02, (step) => step),
      'sc.w': [
        '18c5a52f@20000 x11=100000 x12=1 r=100000/8 > x10=1 r=0/0',
        '18c5a52f@20000 x11=100004 x12=1 r=100000/8 > x10=1 r=0/0',
        '18c5a52f@20000 x11=100001 x12=1 r=100000/4 > trap=misalignedAtomic',
        '18c5a52f@20000 x11=f001 x12=1 r=100000/4 > trap=misalignedAtomic',
        '18c5a52f@20000 x11=fffc x12=1 r=100000/4 > trap=storeFault',
        '18c5a52f@20000 x11=f0000000 x12=1 > trap=storeFault',
        '18c5a52f@20000 x11=0 x12=1 > trap=storeFault',
      ],
      'sc.d': [
        '18c5b52f@20000 x11=100000 x12=1 r=100000/4 > x10=1 r=0/0',
        '18c5b52f@20000 x11=100004 x12=1 r=100000/4 > trap=misalignedAtomic',
        '18c5b52f@20000 x11=fff8 x12=1 r=100000/8 > trap=storeFault',
        '18c5b52f@20000 x11=effffffc x12=1 > trap=misalignedAtomic',
        '18c5b52f@20000 x11=0 x12=1 > trap=storeFault',
      ],
      // A fault leaves the reservation, the hart's own stores and atomics do too; another load-reserved replaces it.
      'lr.w': [
        '1005a52f@20000 x11=100002 r=100000/4 > trap=misalignedAtomic',
        '1005a52f@20000 x11=fffc r=100000/4 > trap=loadFault',
        '1005a52f@20000 x11=100008 r=100000/8 > x10=0 r=100008/4',
      ],
      'lr.d': ['1005b52f@20000 x11=100008 r=100000/4 > x10=0 r=100008/8'],
      sw: ['00c5a023@20000 x11=100000 x12=7 r=100000/4 > [100000]=07000000'],
      'amoadd.w': ['00c5a52f@20000 x11=100000 x12=7 r=100000/4 > x10=0 [100000]=07000000'],
    },
  };
}

function write(name: string, { source, rows }: VectorFile): void {
  const text = Object.entries(rows).map(([row, lines]) => `${row}:\n${lines.join('\n')}\n`);
  const head = `# Test vectors: test/isa/vectors.ts explains the lines. Source: ${source}.\n`;
  writeFileSync(new URL(`../vectors/${name}.txt`, import.meta.url), [head, ...text].join('\n'));
}

await make('base', BASE);
await make('multiply', MULTIPLY);
await make('atomic', ATOMIC);
await make('float', [...FLOAT, ...FLOAT_CONTROL]);
await make('compressed', COMPRESSED);
write('specified', specified());
