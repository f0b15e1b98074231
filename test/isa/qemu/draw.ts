// What a vector begins with: an instruction of a row, at an address, with the registers and memory that it acts upon. Edges
// first, then random: values, shift counts, register aliases, and for accesses leaves, pages, both ends of guest memory.
import { type Decoded, decode } from '../../../src/isa/decode.ts';
import type { CompressedRow, Row } from '../../../src/isa/isa.ts';
import { RV64 } from '../../../src/isa/riscv/rv64.ts';
import type { Random } from '../../commitment/random.ts';
import type { Piece } from '../vectors.ts';
import { drawFloat, drawRoundingMode, FIRST_ILLEGAL, type FloatDraw } from './drawFloat.ts';
import type { Segment } from './guest.ts';

/** A step to be executed by an independent machine. */
export interface Draw {
  readonly word: number;
  readonly length: 2 | 4;
  readonly pc: number;
  /** Registers that do not hold their default. */
  readonly x: ReadonlyMap<number, bigint>;
  /** Of an instruction that opens the floating-point registers. */
  readonly float?: FloatDraw;
  readonly memory: readonly Piece[];
  /** The data that the instruction accesses, if it does: what else changes there is looked for. */
  readonly data?: { readonly address: number; readonly bytes: number };
  /** The reservation before, of a store-conditional: undefined for none. */
  readonly reservation?: { readonly address: number; readonly width: 4 | 8 } | undefined;
}

export const CODE = 0x2_0000;
export const CODE_BYTES = 0x4000;
const DATA = 0x10_0000;
const DATA_BYTES = 0x2000;
const PAGE = 4096;
/** The guest's memory, and so that of the witness: nothing below, nothing above. */
const FIRST = 0x1_0000;
const END = 0xf000_0000;
/** Memory for the witness's own instructions (execute.ts). */
export const SCRATCH = 0x3_0000;
export const SCRATCH_DATA = 0x3_1000;

/** The memory that draws use. */
export const SEGMENTS: readonly Segment[] = [
  [FIRST, PAGE],
  [CODE, CODE_BYTES],
  [SCRATCH, 2 * PAGE],
  [DATA, DATA_BYTES],
  [END - PAGE, PAGE],
].map(([address = 0, memoryBytes = 0]) => ({ address, memoryBytes, bytes: new Uint8Array() }));

const MIN64 = -(2n ** 63n);
const MAX64 = 2n ** 63n - 1n;
const EDGES: readonly bigint[] = [0n, 1n, -1n, MIN64, MAX64, 2n ** 31n, -(2n ** 31n), 2n ** 31n - 1n];
const COUNTS: readonly bigint[] = [0n, 1n, 31n, 32n, 33n, 63n, 64n, -1n];

const ACCESS_BYTES: Readonly<Record<string, number>> = {
  ...{ flw: 4, fld: 8, fsw: 4, fsd: 8, lb: 1, lbu: 1, sb: 1, lh: 2, lhu: 2, sh: 2, lw: 4, lwu: 4, sw: 4, ld: 8, sd: 8 },
};

/** Bytes that a row accesses; 0 for one that does not touch memory. */
export function accessBytes(name: string): number {
  return ACCESS_BYTES[name] ?? (/^(amo|lr\.|sc\.)/.test(name) ? (name.endsWith('.w') ? 4 : 8) : 0);
}

const isAtomic = (name: string): boolean => /^(amo|lr\.|sc\.)/.test(name);
const isStore = (name: string): boolean => /^f?s[bhwd]$/.test(name);

/** The i-th draw of a row. */
export function draw(row: Row | CompressedRow, i: number, random: Random): Draw {
  const length = 'expand' in row ? 2 : 4;
  const decoded = drawWord(row, length, i, random);
  const pc = drawPc(length, random);
  const x = new Map<number, bigint>();
  const integerField = (field: 'rs1' | 'rs2'): bigint | undefined => {
    const definition = decoded.row.format.fields[field];
    return definition?.kind === 'register' && definition.file === 'x' ? decoded.fields[field] : undefined;
  };
  const [rs1, rs2] = [integerField('rs1'), integerField('rs2')];
  const set = (number: bigint | undefined, value: bigint): void => {
    if (number !== undefined && number !== 0n) x.set(Number(number), BigInt.asUintN(64, value));
  };
  const { name } = decoded.row;
  const shift = /^s(ll|rl|ra)w?$/.test(name);
  if (i < 64 && rs2 !== undefined) {
    set(rs1, EDGES[i >> 3] ?? 0n);
    set(rs2, (shift ? COUNTS : EDGES)[i & 7] ?? 0n);
  } else {
    const first = i < 16 ? (EDGES[i & 7] ?? 0n) : drawValue(random);
    set(rs1, first);
    const near = random.below(3) === 0 ? first + BigInt(random.below(3) - 1) : drawValue(random);
    set(rs2, shift && random.below(2) === 0 ? BigInt(random.below(130)) : near);
  }
  const word = decoded.compressed ? halfOf.get(decoded)! : decoded.word;
  if (name === 'ecall') x.set(17, BigInt(1000 + random.below(2 ** 31 - 1000)));
  const bytes = accessBytes(name);
  const float = drawFloat(decoded, i, random);
  const drawn = { word, length, pc, x, memory: [], ...(float && { float }) } as const;
  if (bytes === 0) return drawn;
  const offset = decoded.fields['imm'] ?? 0n;
  const wanted = drawAddress(name, bytes, i, pc, random);
  set(rs1, wanted - offset);
  const address = BigInt.asUintN(64, (rs1 === 0n ? 0n : wanted - offset) + offset);
  if (!inSegments(address, bytes)) return drawn;
  const data = { address: Number(address), bytes };
  if (overlapsCode(data, pc, length)) return { ...drawn, data };
  const memory = [surroundings(data, random)];
  return {
    ...drawn,
    memory,
    data,
    ...(name.startsWith('sc.') && { reservation: drawReservation(data, random) }),
  };
}

/** The half-words that compressed draws were decoded from. */
const halfOf = new WeakMap<Decoded, number>();

/** A legal word of the row. Its register fields meet 0 and each other often. */
function drawWord(row: Row | CompressedRow, length: 2 | 4, i: number, random: Random): Decoded {
  const all = length === 2 ? 0xffff : 0xffffffff;
  for (;;) {
    const free = random.pick([0, all, random.below(2 ** 32), random.below(2 ** 32), random.below(2 ** 32)]);
    let word = (row.match | (free & ~row.mask & all)) >>> 0;
    if (length === 4) word = drawRoundingMode(row as Row, aliasRegisters(row as Row, word, i, random), i);
    const decoded = decode(RV64, word, length);
    // A compressed pattern may belong to a more special row, or be reserved.
    if ((decoded?.compressed ?? decoded?.row) !== row || decoded === undefined) continue;
    if (length === 2) halfOf.set(decoded, word);
    return decoded;
  }
}

function aliasRegisters({ format }: Row, word: number, i: number, random: Random): number {
  const numbers = new Map<string, number>();
  for (const name of 'rs3' in format.fields ? ['rd', 'rs1', 'rs2', 'rs3'] : ['rd', 'rs1', 'rs2'])
    numbers.set(name, 1 + random.below(31));
  // The first draws are pairs of edges, which two different registers hold.
  if (i < 64) while (numbers.get('rs1') === numbers.get('rs2')) numbers.set('rs2', 1 + random.below(31));
  const alias = (to: string, from: string): void => void numbers.set(to, numbers.get(from) ?? 0);
  const choices: readonly (() => void)[] = [
    () => {},
    () => {},
    () => numbers.set('rd', 0),
    () => alias('rd', 'rs1'),
    () => alias('rd', 'rs2'),
    () => numbers.set('rs2', 0),
    () => alias('rs2', 'rs1'),
    () => {
      alias('rs2', 'rs1');
      alias('rd', 'rs1');
    },
    () => numbers.set('rs1', 0),
  ];
  choices[random.below(i < 64 ? 5 : choices.length)]?.();
  let result = word;
  for (const [name, field] of Object.entries(format.fields))
    if (field.kind === 'register') result = (result & ~(31 << field.low)) | ((numbers.get(name) ?? 0) << field.low);
  return result >>> 0;
}

function drawPc(length: 2 | 4, random: Random): number {
  const leaf = CODE + 32 * random.below(CODE_BYTES / 32 - 2);
  const choice = random.below(10);
  if (choice === 0) return CODE + PAGE * (1 + random.below(2)) - 2;
  return leaf + (choice < 3 && length === 4 ? 30 : 2 * random.below(16));
}

function drawValue(random: Random): bigint {
  switch (random.below(6)) {
    case 0:
      return random.pick(EDGES);
    case 1:
      return random.pick(COUNTS);
    case 2:
      return BigInt(random.below(2 ** 16)) - 2n ** 15n;
    case 3:
      return (1n << BigInt(random.below(64))) + BigInt(random.below(3) - 1);
    case 4:
      return BigInt(random.below(2 ** 32));
    default:
      return (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32));
  }
}

/** An address for an access: from draw FIRST_ILLEGAL on it is not inside guest memory, or misaligned. */
function drawAddress(name: string, bytes: number, i: number, pc: number, random: Random): bigint {
  const aligned = isAtomic(name) ? bytes : 1;
  const down = (address: number): bigint => BigInt(address - (address % aligned));
  if (i >= FIRST_ILLEGAL) {
    if (isAtomic(name) && i % 2 === 0) return BigInt(DATA + 64 + 1 + random.below(bytes - 1));
    const past = random.below(bytes / aligned) * aligned;
    return random.pick([
      BigInt(FIRST - aligned - past),
      BigInt(END - bytes + aligned + past),
      0n,
      2n ** 32n + BigInt(DATA),
      -8n,
      2n ** 63n,
    ]);
  }
  const straddle = bytes > 1 ? 1 + random.below(bytes - 1) : 1;
  const leaf = DATA + 64 + 32 * random.below(100);
  switch (random.below(12)) {
    case 0:
      return BigInt(FIRST);
    case 1:
      return BigInt(END - bytes);
    case 2:
      return down(DATA + PAGE - straddle);
    case 3:
    case 4:
    case 5:
      return down(leaf - straddle);
    case 6:
      return isStore(name) ? BigInt(pc + random.below(16) - 8) : down(leaf + random.below(32));
    default:
      return down(leaf + random.below(32 - bytes + 1));
  }
}

function inSegments(address: bigint, bytes: number): boolean {
  return SEGMENTS.some(
    (segment) =>
      address >= BigInt(segment.address) && address + BigInt(bytes) <= BigInt(segment.address + segment.memoryBytes),
  );
}

const overlapsCode = ({ address, bytes }: { address: number; bytes: number }, pc: number, length: number): boolean =>
  address - 1 < pc + length && pc < address + bytes + 1;

/** Random or extreme bytes at the data, and a byte that is not zero on either side where there is room. */
function surroundings({ address, bytes }: { address: number; bytes: number }, random: Random): Piece {
  const content = random.pick([
    new Uint8Array(bytes),
    new Uint8Array(bytes).fill(0xff),
    new Uint8Array(bytes).fill(0, 0, bytes).fill(0x80, bytes - 1),
    new Uint8Array(bytes).fill(0xff).fill(0x7f, bytes - 1),
    random.bytes(bytes),
    random.bytes(bytes),
    random.bytes(bytes),
  ]);
  const low = inSegments(BigInt(address - 1), 1) ? 1 : 0;
  const high = inSegments(BigInt(address + bytes), 1) ? 1 : 0;
  const piece = new Uint8Array(low + bytes + high).fill(0x5a);
  piece.set(content, low);
  return { address: address - low, bytes: piece };
}

/** Mostly the one that succeeds, else none, or one of another address. The widths agree: the witness does not compare them. */
function drawReservation({ address, bytes }: { address: number; bytes: number }, random: Random): Draw['reservation'] {
  const width = bytes === 4 ? 4 : 8;
  return random.pick([
    { address, width },
    { address, width },
    { address, width },
    undefined,
    { address: SCRATCH_DATA, width },
  ]);
}
