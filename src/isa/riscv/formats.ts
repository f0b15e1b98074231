// The 32-bit instruction formats of RISC-V (unprivileged manual, chapter 2.2 and 2.3), with their immediates.

import type { Builder } from '../../semantics/builder.ts';
import type { Value } from '../../semantics/program.ts';
import type { Format, RegisterField, WordField } from '../isa.ts';

const register = (low: number, file: 'x' | 'f' = 'x'): RegisterField => ({ kind: 'register', file, low });
const word = (extract: WordField['extract']): WordField => ({ kind: 'word', extract });

/** Bits high..low of the word, moved to bit `to`. */
const place = (h: Builder, w: Value, high: number, low: number, to: number): Value => h.shl(h.bits(w, high, low), to);

/** The word's bit 31, spread over bits 31..low: the sign of an immediate that begins at bit `low` of the result. */
const sign = (h: Builder, w: Value, low: number): Value => h.shl(h.shrS(w, 31), low);

const rd = register(7);
const rs1 = register(15);
const rs2 = register(20);

const immI = word((h, w) => h.sext(h.shrS(w, 20), 64));
const immS = word((h, w) => h.sext(h.or(h.shl(h.shrS(w, 25), 5), h.bits(w, 11, 7)), 64));
const immB = word((h, w) =>
  h.sext(h.or(h.or(sign(h, w, 12), place(h, w, 7, 7, 11)), h.or(place(h, w, 30, 25, 5), place(h, w, 11, 8, 1))), 64),
);
const immU = word((h, w) => h.sext(h.and(w, 0xfffff000), 64));
const immJ = word((h, w) =>
  h.sext(h.or(h.or(sign(h, w, 20), h.and(w, 0x000ff000)), h.or(place(h, w, 20, 20, 11), place(h, w, 30, 21, 1))), 64),
);
const unsigned = (high: number, low: number) => word((h, w) => h.zext(h.bits(w, high, low), 64));

export const R: Format = { name: 'R', fields: { rd, rs1, rs2 } };
/** Atomics: R with the bits aq and rl, which order nothing on a single hart. */
export const AMO: Format = { name: 'AMO', fields: { rd, rs1, rs2 }, ignored: { order: unsigned(26, 25) } };
/** Load-reserved: an atomic without rs2. */
export const LR: Format = { name: 'LR', fields: { rd, rs1 }, ignored: { order: unsigned(26, 25) } };
export const I: Format = { name: 'I', fields: { rd, rs1, imm: immI } };
/** Shifts by an immediate of 6 bits (64-bit registers) or 5 (the W forms). */
export const SHIFT64: Format = { name: 'SHIFT64', fields: { rd, rs1, shamt: unsigned(25, 20) } };
export const SHIFT32: Format = { name: 'SHIFT32', fields: { rd, rs1, shamt: unsigned(24, 20) } };
export const S: Format = { name: 'S', fields: { rs1, rs2, imm: immS } };
export const B: Format = { name: 'B', fields: { rs1, rs2, imm: immB } };
export const U: Format = { name: 'U', fields: { rd, imm: immU } };
export const J: Format = { name: 'J', fields: { rd, imm: immJ } };
/** Fences: the manual has base implementations ignore all but the opcode, so that finer-grain fences run on them too. */
export const FENCE: Format = {
  name: 'FENCE',
  fields: {},
  ignored: {
    fm: unsigned(31, 28),
    pred: unsigned(27, 24),
    succ: unsigned(23, 20),
    unused: unsigned(19, 15),
    hint: unsigned(11, 7),
  },
};
/** A read of a counter: the CSR number and rs1 = x0 are fixed. */
export const COUNTER: Format = {
  name: 'COUNTER',
  fields: { rd },
  ignored: { immediate: unsigned(14, 14), clear: unsigned(12, 12) },
};
/** No fields: ecall, ebreak. */
export const NONE: Format = { name: 'NONE', fields: {} };
