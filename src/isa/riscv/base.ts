// RV64I (unprivileged manual, chapters 2 and 4): integer computation, control transfer, loads and stores, fences.

import type { Builder } from '../../semantics/builder.ts';
import type { AccessBytes, Value } from '../../semantics/program.ts';
import type { Fields, Row } from '../isa.ts';
import { B, FENCE, I, J, NONE, R, S, SHIFT32, SHIFT64, U } from './formats.ts';

type Binary = (h: Builder, a: Value, b: Value) => Value;

const OP_MASK = 0xfe00707f;
const IMMEDIATE_MASK = 0x0000707f;
const SHIFT64_MASK = 0xfc00707f;

/** Register with register, 64 bits. */
export const op = (name: string, match: number, f: Binary): Row => ({
  name,
  mask: OP_MASK,
  match,
  format: R,
  assembly: '{rd},{rs1},{rs2}',
  meaning: (h, { rd, rs1, rs2 }) => h.writeX(rd, f(h, h.x(rs1), h.x(rs2))),
});

/** Register with register, low 32 bits, result sign-extended. */
export const opW = (name: string, match: number, f: Binary): Row => ({
  name,
  mask: OP_MASK,
  match,
  format: R,
  assembly: '{rd},{rs1},{rs2}',
  meaning: (h, { rd, rs1, rs2 }) => h.writeX(rd, h.sext(f(h, h.trunc(h.x(rs1), 32), h.trunc(h.x(rs2), 32)), 64)),
});

/** Register with sign-extended immediate. */
const opImmediate = (name: string, match: number, f: Binary): Row => ({
  name,
  mask: IMMEDIATE_MASK,
  match,
  format: I,
  assembly: '{rd},{rs1},{imm}',
  meaning: (h, { rd, rs1, imm }) => h.writeX(rd, f(h, h.x(rs1), imm)),
});

const shiftImmediate = (name: string, match: number, f: Binary): Row => ({
  name,
  mask: SHIFT64_MASK,
  match,
  format: SHIFT64,
  assembly: '{rd},{rs1},{shamt}',
  meaning: (h, { rd, rs1, shamt }) => h.writeX(rd, f(h, h.x(rs1), shamt)),
});

const shiftImmediateW = (name: string, match: number, f: Binary): Row => ({
  name,
  mask: OP_MASK,
  match,
  format: SHIFT32,
  assembly: '{rd},{rs1},{shamt}',
  meaning: (h, { rd, rs1, shamt }) => h.writeX(rd, h.sext(f(h, h.trunc(h.x(rs1), 32), h.trunc(shamt, 32)), 64)),
});

const branch = (name: string, match: number, condition: Binary): Row => ({
  name,
  mask: IMMEDIATE_MASK,
  match,
  format: B,
  assembly: '{rs1},{rs2},{target}',
  meaning: (h, { rs1, rs2, imm }) => h.when(condition(h, h.x(rs1), h.x(rs2)), () => h.jump(h.add(h.pc(), imm))),
});

const load = (name: string, match: number, bytes: AccessBytes, extend: 'sext' | 'zext'): Row => ({
  name,
  mask: IMMEDIATE_MASK,
  match,
  format: I,
  assembly: '{rd},{imm}({rs1})',
  meaning: (h, { rd, rs1, imm }) => h.writeX(rd, h[extend](h.load(h.add(h.x(rs1), imm), bytes), 64)),
});

const store = (name: string, match: number, bytes: AccessBytes): Row => ({
  name,
  mask: IMMEDIATE_MASK,
  match,
  format: S,
  assembly: '{rs2},{imm}({rs1})',
  meaning: (h, { rs1, rs2, imm }) =>
    h.store(h.add(h.x(rs1), imm), bytes, h.trunc(h.x(rs2), (8 * bytes) as 8 | 16 | 32 | 64)),
});

/** Not a jump and not an access: the next instruction follows. */
const nothing = (): void => {};

const flag = (h: Builder, condition: Value): Value => h.zext(condition, 64);

/** The link is written after rs1 is read: rd and rs1 may be one register. Bit 0 of the target is cleared. */
function jalr(h: Builder, { rd, rs1, imm }: Fields): void {
  const target = h.and(h.add(h.x(rs1), imm), -2n);
  h.writeX(rd, h.nextPc());
  h.jump(target);
}

function jal(h: Builder, { rd, imm }: Fields): void {
  const target = h.add(h.pc(), imm);
  h.writeX(rd, h.nextPc());
  h.jump(target);
}

/** RV64I. Misaligned loads and stores are allowed; a jump target is always even, since 16-bit instructions exist. */
export const BASE: readonly Row[] = [
  {
    name: 'lui',
    mask: 0x7f,
    match: 0x37,
    format: U,
    assembly: '{rd},{upper}',
    meaning: (h, { rd, imm }) => h.writeX(rd, imm),
  },
  {
    name: 'auipc',
    mask: 0x7f,
    match: 0x17,
    format: U,
    assembly: '{rd},{upper}',
    meaning: (h, { rd, imm }) => h.writeX(rd, h.add(h.pc(), imm)),
  },
  { name: 'jal', mask: 0x7f, match: 0x6f, format: J, assembly: '{rd},{target}', meaning: jal },
  { name: 'jalr', mask: IMMEDIATE_MASK, match: 0x67, format: I, assembly: '{rd},{imm}({rs1})', meaning: jalr },

  branch('beq', 0x0063, (h, a, b) => h.eq(a, b)),
  branch('bne', 0x1063, (h, a, b) => h.ne(a, b)),
  branch('blt', 0x4063, (h, a, b) => h.ltS(a, b)),
  branch('bge', 0x5063, (h, a, b) => h.not(h.ltS(a, b))),
  branch('bltu', 0x6063, (h, a, b) => h.ltU(a, b)),
  branch('bgeu', 0x7063, (h, a, b) => h.not(h.ltU(a, b))),

  load('lb', 0x0003, 1, 'sext'),
  load('lh', 0x1003, 2, 'sext'),
  load('lw', 0x2003, 4, 'sext'),
  load('ld', 0x3003, 8, 'zext'),
  load('lbu', 0x4003, 1, 'zext'),
  load('lhu', 0x5003, 2, 'zext'),
  load('lwu', 0x6003, 4, 'zext'),
  store('sb', 0x0023, 1),
  store('sh', 0x1023, 2),
  store('sw', 0x2023, 4),
  store('sd', 0x3023, 8),

  opImmediate('addi', 0x0013, (h, a, b) => h.add(a, b)),
  opImmediate('slti', 0x2013, (h, a, b) => flag(h, h.ltS(a, b))),
  opImmediate('sltiu', 0x3013, (h, a, b) => flag(h, h.ltU(a, b))),
  opImmediate('xori', 0x4013, (h, a, b) => h.xor(a, b)),
  opImmediate('ori', 0x6013, (h, a, b) => h.or(a, b)),
  opImmediate('andi', 0x7013, (h, a, b) => h.and(a, b)),
  shiftImmediate('slli', 0x00001013, (h, a, b) => h.shl(a, b)),
  shiftImmediate('srli', 0x00005013, (h, a, b) => h.shrU(a, b)),
  shiftImmediate('srai', 0x40005013, (h, a, b) => h.shrS(a, b)),

  op('add', 0x00000033, (h, a, b) => h.add(a, b)),
  op('sub', 0x40000033, (h, a, b) => h.sub(a, b)),
  op('sll', 0x00001033, (h, a, b) => h.shl(a, b)),
  op('slt', 0x00002033, (h, a, b) => flag(h, h.ltS(a, b))),
  op('sltu', 0x00003033, (h, a, b) => flag(h, h.ltU(a, b))),
  op('xor', 0x00004033, (h, a, b) => h.xor(a, b)),
  op('srl', 0x00005033, (h, a, b) => h.shrU(a, b)),
  op('sra', 0x40005033, (h, a, b) => h.shrS(a, b)),
  op('or', 0x00006033, (h, a, b) => h.or(a, b)),
  op('and', 0x00007033, (h, a, b) => h.and(a, b)),

  {
    name: 'addiw',
    mask: IMMEDIATE_MASK,
    match: 0x001b,
    format: I,
    assembly: '{rd},{rs1},{imm}',
    meaning: (h, { rd, rs1, imm }) => h.writeX(rd, h.sext(h.add(h.trunc(h.x(rs1), 32), h.trunc(imm, 32)), 64)),
  },
  shiftImmediateW('slliw', 0x0000101b, (h, a, b) => h.shl(a, b)),
  shiftImmediateW('srliw', 0x0000501b, (h, a, b) => h.shrU(a, b)),
  shiftImmediateW('sraiw', 0x4000501b, (h, a, b) => h.shrS(a, b)),
  opW('addw', 0x0000003b, (h, a, b) => h.add(a, b)),
  opW('subw', 0x4000003b, (h, a, b) => h.sub(a, b)),
  opW('sllw', 0x0000103b, (h, a, b) => h.shl(a, b)),
  opW('srlw', 0x0000503b, (h, a, b) => h.shrU(a, b)),
  opW('sraw', 0x4000503b, (h, a, b) => h.shrS(a, b)),

  // One hart, memory in order: fences order nothing. Stores into code are seen by the next fetch, so fence.i is one too.
  { name: 'fence', mask: IMMEDIATE_MASK, match: 0x000f, format: FENCE, assembly: '{pred},{succ}', meaning: nothing },
  { name: 'fence.i', mask: IMMEDIATE_MASK, match: 0x100f, format: FENCE, assembly: '', meaning: nothing },
  {
    name: 'ecall',
    mask: 0xffffffff,
    match: 0x00000073,
    format: NONE,
    assembly: '',
    systemCall: true,
    meaning: nothing,
  },
  {
    name: 'ebreak',
    mask: 0xffffffff,
    match: 0x00100073,
    format: NONE,
    assembly: '',
    meaning: (h) => h.trap('breakpoint'),
  },
];
