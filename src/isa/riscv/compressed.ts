// RV64C (unprivileged manual, chapter "C"), as the rewriting of 16-bit instructions to 32-bit ones. All of them are of one
// shape: the bits of a 32-bit instruction, ranges of the half-word moved into it, bit 12 spread as a sign. Hints are legal
// and do nothing, because what they are rewritten to does nothing. Reserved encodings are rewritten to 0, which is illegal.

import type { Builder } from '../../semantics/builder.ts';
import type { Value } from '../../semantics/program.ts';
import type { CompressedRow } from '../isa.ts';

/** Bits `high` to `low` of the half-word move to bit `to` of the word. */
type Move = readonly [high: number, low: number, to: number];

interface Rewriting {
  /** The fixed bits of the 32-bit word. */
  readonly word: number;
  readonly moves: readonly Move[];
  /** Bits of the word that copy bit 12, the sign of an immediate. */
  readonly sign?: number;
  /** Bits of the half-word which are reserved if all of them are 0. */
  readonly nonzero?: number;
}

function rewrite(h: Builder, half: Value, { word, moves, sign, nonzero }: Rewriting): Value {
  let result: Value = h.constant(word, 32);
  for (const [distance, bits] of byDistance(moves)) {
    const part = h.and(half, bits);
    result = h.or(result, distance < 0 ? h.shrU(part, -distance) : h.shl(part, distance));
  }
  if (sign !== undefined) result = h.or(result, h.and(h.shrS(h.shl(half, 19), 31), sign));
  return nonzero === undefined ? result : h.select(h.eq(h.and(half, nonzero), 0), h.constant(0, 32), result);
}

/** The bits of the half-word that move by each distance. Bits that move to two places have two distances. */
function byDistance(moves: readonly Move[]): ReadonlyMap<number, number> {
  const bits = new Map<number, number>();
  for (const [high, low, to] of moves)
    bits.set(to - low, (bits.get(to - low) ?? 0) | (((2 << (high - low)) - 1) << low));
  return bits;
}

const row = (name: string, mask: number, match: number, assembly: string, rewriting: Rewriting): CompressedRow => ({
  name,
  mask,
  match,
  assembly,
  expand: (h, half) => rewrite(h, half, rewriting),
});

// Registers: full numbers, and the three-bit ones of x8 to x15, whose fixed upper bits are part of the word.
const RD: Move = [11, 7, 7];
const RD_AND_RS1: readonly Move[] = [RD, [11, 7, 15]];
const RS1: Move = [11, 7, 15];
const RS2: Move = [6, 2, 20];
const RD_SHORT: Move = [4, 2, 7];
const RS2_SHORT: Move = [4, 2, 20];
const RS1_SHORT: Move = [9, 7, 15];
const RD_AND_RS1_SHORT: readonly Move[] = [[9, 7, 7], RS1_SHORT];
const RD8 = 8 << 7;
const RS1_8 = 8 << 15;
const RS2_8 = 8 << 20;
const RD_SP = 2 << 7;
const RS1_SP = 2 << 15;

// Immediates, moved to where the 32-bit formats have them; bits 12 and 6 to 2 of the half-word are a signed or a shift one.
const SIGNED: Move = [6, 2, 20];
const SIGNED_TOP = 0xfe000000;
const SHIFT: readonly Move[] = [
  [12, 12, 25],
  [6, 2, 20],
];
const LOAD_WORD: readonly Move[] = [
  [12, 10, 23],
  [6, 6, 22],
  [5, 5, 26],
];
const LOAD_DOUBLE: readonly Move[] = [
  [12, 10, 23],
  [6, 5, 26],
];
const STORE_WORD: readonly Move[] = [
  [12, 12, 25],
  [11, 10, 10],
  [6, 6, 9],
  [5, 5, 26],
];
const STORE_DOUBLE: readonly Move[] = [
  [12, 12, 25],
  [11, 10, 10],
  [6, 5, 26],
];
const LOAD_WORD_SP: readonly Move[] = [
  [12, 12, 25],
  [6, 4, 22],
  [3, 2, 26],
];
const LOAD_DOUBLE_SP: readonly Move[] = [
  [12, 12, 25],
  [6, 5, 23],
  [4, 2, 26],
];
const STORE_WORD_SP: readonly Move[] = [
  [12, 12, 25],
  [11, 9, 9],
  [8, 7, 26],
];
const STORE_DOUBLE_SP: readonly Move[] = [
  [12, 12, 25],
  [11, 10, 10],
  [9, 7, 26],
];
const JUMP: readonly Move[] = [
  [11, 11, 24],
  [10, 9, 28],
  [8, 8, 30],
  [7, 7, 26],
  [6, 6, 27],
  [5, 3, 21],
  [2, 2, 25],
];
const JUMP_SIGN = 0x801ff000;
const BRANCH: readonly Move[] = [
  [11, 10, 10],
  [6, 5, 26],
  [4, 3, 8],
  [2, 2, 25],
];
const BRANCH_SIGN = 0xf0000080;
const IMMEDIATE_BITS = 0x107c;
const RD_BITS = 0x0f80;

const load = (name: string, match: number, word: number, immediate: readonly Move[]): CompressedRow =>
  row(name, 0xe003, match, '{rd},{imm}({rs1})', {
    word: word | RD8 | RS1_8,
    moves: [RD_SHORT, RS1_SHORT, ...immediate],
  });

const store = (name: string, match: number, word: number, immediate: readonly Move[]): CompressedRow =>
  row(name, 0xe003, match, '{rs2},{imm}({rs1})', {
    word: word | RS1_8 | RS2_8,
    moves: [RS1_SHORT, RS2_SHORT, ...immediate],
  });

const loadSp = (name: string, match: number, word: number, immediate: readonly Move[], nonzero?: number) =>
  row(name, 0xe003, match, '{rd},{imm}({rs1})', {
    word: word | RS1_SP,
    moves: [RD, ...immediate],
    ...(nonzero && { nonzero }),
  });

const storeSp = (name: string, match: number, word: number, immediate: readonly Move[]): CompressedRow =>
  row(name, 0xe003, match, '{rs2},{imm}({rs1})', { word: word | RS1_SP, moves: [RS2, ...immediate] });

const shift = (name: string, match: number, word: number): CompressedRow =>
  row(name, 0xec03, match, '{rd},{shamt}', { word: word | RD8 | RS1_8, moves: [...RD_AND_RS1_SHORT, ...SHIFT] });

const register = (name: string, match: number, word: number): CompressedRow =>
  row(name, 0xfc63, match, '{rd},{rs2}', {
    word: word | RD8 | RS1_8 | RS2_8,
    moves: [...RD_AND_RS1_SHORT, RS2_SHORT],
  });

const branch = (name: string, match: number, word: number): CompressedRow =>
  row(name, 0xe003, match, '{rs1},{target}', {
    word: word | RS1_8,
    moves: [RS1_SHORT, ...BRANCH],
    sign: BRANCH_SIGN,
  });

const QUADRANT_0: readonly CompressedRow[] = [
  row('c.addi4spn', 0xe003, 0x0000, '{rd},{rs1},{imm}', {
    word: 0x13 | RD8 | RS1_SP,
    moves: [RD_SHORT, [12, 11, 24], [10, 7, 26], [6, 6, 22], [5, 5, 23]],
    nonzero: 0x1fe0,
  }),
  load('c.fld', 0x2000, 0x3007, LOAD_DOUBLE),
  load('c.lw', 0x4000, 0x2003, LOAD_WORD),
  load('c.ld', 0x6000, 0x3003, LOAD_DOUBLE),
  store('c.fsd', 0xa000, 0x3027, STORE_DOUBLE),
  store('c.sw', 0xc000, 0x2023, STORE_WORD),
  store('c.sd', 0xe000, 0x3023, STORE_DOUBLE),
];

const QUADRANT_1: readonly CompressedRow[] = [
  row('c.nop', 0xef83, 0x0001, '', { word: 0x13, moves: [SIGNED], sign: SIGNED_TOP }),
  row('c.addi', 0xe003, 0x0001, '{rd},{imm}', { word: 0x13, moves: [...RD_AND_RS1, SIGNED], sign: SIGNED_TOP }),
  row('c.addiw', 0xe003, 0x2001, '{rd},{imm}', {
    word: 0x1b,
    moves: [...RD_AND_RS1, SIGNED],
    sign: SIGNED_TOP,
    nonzero: RD_BITS,
  }),
  row('c.li', 0xe003, 0x4001, '{rd},{imm}', { word: 0x13, moves: [RD, SIGNED], sign: SIGNED_TOP }),
  row('c.addi16sp', 0xef83, 0x6101, '{rd},{imm}', {
    word: 0x13 | RD_SP | RS1_SP,
    moves: [
      [6, 6, 24],
      [5, 5, 26],
      [4, 3, 27],
      [2, 2, 25],
    ],
    sign: 0xe0000000,
    nonzero: IMMEDIATE_BITS,
  }),
  row('c.lui', 0xe003, 0x6001, '{rd},{upper}', {
    word: 0x37,
    moves: [RD, [6, 2, 12]],
    sign: 0xfffe0000,
    nonzero: IMMEDIATE_BITS,
  }),
  shift('c.srli', 0x8001, 0x5013),
  shift('c.srai', 0x8401, 0x40005013),
  row('c.andi', 0xec03, 0x8801, '{rd},{imm}', {
    word: 0x7013 | RD8 | RS1_8,
    moves: [...RD_AND_RS1_SHORT, SIGNED],
    sign: SIGNED_TOP,
  }),
  register('c.sub', 0x8c01, 0x40000033),
  register('c.xor', 0x8c21, 0x4033),
  register('c.or', 0x8c41, 0x6033),
  register('c.and', 0x8c61, 0x7033),
  register('c.subw', 0x9c01, 0x4000003b),
  register('c.addw', 0x9c21, 0x3b),
  row('c.j', 0xe003, 0xa001, '{target}', { word: 0x6f, moves: JUMP, sign: JUMP_SIGN }),
  branch('c.beqz', 0xc001, 0x0063),
  branch('c.bnez', 0xe001, 0x1063),
];

const QUADRANT_2: readonly CompressedRow[] = [
  row('c.slli', 0xe003, 0x0002, '{rd},{shamt}', { word: 0x1013, moves: [...RD_AND_RS1, ...SHIFT] }),
  loadSp('c.fldsp', 0x2002, 0x3007, LOAD_DOUBLE_SP),
  loadSp('c.lwsp', 0x4002, 0x2003, LOAD_WORD_SP, RD_BITS),
  loadSp('c.ldsp', 0x6002, 0x3003, LOAD_DOUBLE_SP, RD_BITS),
  row('c.jr', 0xf07f, 0x8002, '{rs1}', { word: 0x67, moves: [RS1], nonzero: RD_BITS }),
  row('c.mv', 0xf003, 0x8002, '{rd},{rs2}', { word: 0x33, moves: [RD, RS2] }),
  row('c.ebreak', 0xffff, 0x9002, '', { word: 0x00100073, moves: [] }),
  row('c.jalr', 0xf07f, 0x9002, '{rs1}', { word: 0x67 | (1 << 7), moves: [RS1] }),
  row('c.add', 0xf003, 0x9002, '{rd},{rs2}', { word: 0x33, moves: [...RD_AND_RS1, RS2] }),
  storeSp('c.fsdsp', 0xa002, 0x3027, STORE_DOUBLE_SP),
  storeSp('c.swsp', 0xc002, 0x2023, STORE_WORD_SP),
  storeSp('c.sdsp', 0xe002, 0x3023, STORE_DOUBLE_SP),
];

/** RV64C: all 16-bit instructions. */
export const COMPRESSED: readonly CompressedRow[] = [...QUADRANT_0, ...QUADRANT_1, ...QUADRANT_2];
