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

const fd = register(7, 'f');
const fs1 = register(15, 'f');
const fs2 = register(20, 'f');
const rm = unsigned(14, 12);

/** Floating point: fields are named as in the manual, whichever file they number. */
export const F_R: Format = { name: 'F_R', fields: { rd: fd, rs1: fs1, rs2: fs2 } };
export const F_R_RM: Format = { name: 'F_R_RM', fields: { rd: fd, rs1: fs1, rs2: fs2, rm } };
export const F_R4: Format = { name: 'F_R4', fields: { rd: fd, rs1: fs1, rs2: fs2, rs3: register(27, 'f'), rm } };
export const F_UNARY_RM: Format = { name: 'F_UNARY_RM', fields: { rd: fd, rs1: fs1, rm } };
export const F_COMPARE: Format = { name: 'F_COMPARE', fields: { rd, rs1: fs1, rs2: fs2 } };
export const F_TO_X: Format = { name: 'F_TO_X', fields: { rd, rs1: fs1 } };
export const F_TO_X_RM: Format = { name: 'F_TO_X_RM', fields: { rd, rs1: fs1, rm } };
export const X_TO_F: Format = { name: 'X_TO_F', fields: { rd: fd, rs1 } };
export const X_TO_F_RM: Format = { name: 'X_TO_F_RM', fields: { rd: fd, rs1, rm } };
export const F_LOAD: Format = { name: 'F_LOAD', fields: { rd: fd, rs1, imm: immI } };
export const F_STORE: Format = { name: 'F_STORE', fields: { rs1, rs2: fs2, imm: immS } };
/** Reads and writes of a CSR whose number the row fixes. */
export const CSR: Format = { name: 'CSR', fields: { rd, rs1 } };
export const CSRI: Format = { name: 'CSRI', fields: { rd, uimm: unsigned(19, 15) } };
