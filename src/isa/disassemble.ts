// Text of an instruction, in the style of `objdump -d -M no-aliases`: the mnemonic of the row, ABI names of registers,
// addresses and bit patterns in hexadecimal, other numbers in decimal. Compressed instructions show their own mnemonic.
// Three differences are deliberate: the counters show as rdcycle, rdtime, rdinstret in all their encodings; a fence whose
// ignored fields are not 0 shows as the fence that it is; an illegal word shows as the data directive that makes it.

import { assert } from '../invariant.ts';
import { type Decoded, decode, fieldValue } from './decode.ts';
import type { Isa } from './isa.ts';

type Print = (value: bigint, pc: bigint) => string;

const hex: Print = (value) => `0x${value.toString(16)}`;
const letters: Print = (value) =>
  ['i', 'o', 'r', 'w'].filter((_, i) => (value >> BigInt(3 - i)) & 1n).join('') || 'unknown';

const ROUNDING_MODES = ['rne', 'rtz', 'rdn', 'rup', 'rmm', 'unknown', 'unknown', 'dyn'];
/** A rounding mode with the comma before it, or nothing for the one that goes without saying. */
const roundingMode =
  (silent: string): Print =>
  (value) => {
    const mode = ROUNDING_MODES[Number(value)] ?? 'unknown';
    return mode === silent ? '' : `,${mode}`;
  };

/** How the operands that are not registers show, and the field that each is made of. */
const OPERANDS: Readonly<Record<string, { readonly field: string; readonly print: Print }>> = {
  imm: { field: 'imm', print: (value) => BigInt.asIntN(64, value).toString() },
  /** The upper 20 bits of a 32-bit immediate. */
  upper: { field: 'imm', print: (value, pc) => hex((value >> 12n) & 0xfffffn, pc) },
  /** The address pc + imm. */
  target: { field: 'imm', print: (value, pc) => hex(BigInt.asUintN(64, pc + value), pc) },
  shamt: { field: 'shamt', print: hex },
  uimm: { field: 'uimm', print: (value) => value.toString() },
  rm: { field: 'rm', print: roundingMode('dyn') },
  /** Of a conversion that never rounds: the manual asks software to set rne there. */
  exactRm: { field: 'rm', print: roundingMode('rne') },
  pred: { field: 'pred', print: letters },
  succ: { field: 'succ', print: letters },
};

/** Bits aq and rl, shown as a suffix of the mnemonic. */
const ORDER_SUFFIX = ['', '.rl', '.aq', '.aqrl'];

const PLACEHOLDER = /\{(\w+)\}/g;

/** The operands that an assembly template names, each with the field of the format that it shows. */
export function operandsOf(assembly: string): readonly { readonly operand: string; readonly field: string }[] {
  return [...assembly.matchAll(PLACEHOLDER)].map(([, operand = '']) => ({
    operand,
    field: OPERANDS[operand]?.field ?? operand,
  }));
}

/** The instruction `word` of `length` bytes (its low 16 bits if 2) at address `pc`, as text: `addi a0,a1,-1`. */
export function disassemble(isa: Isa, word: number, length: 2 | 4, pc: bigint): string {
  const decoded = decode(isa, word, length);
  if (!decoded)
    return length === 4 ? `.4byte 0x${(word >>> 0).toString(16)}` : `.2byte 0x${(word & 0xffff).toString(16)}`;
  const { row, compressed } = decoded;
  const shown = compressed ?? row;
  const mnemonic = compressed ? compressed.name : (row.mnemonic ?? row.name);
  const order = row.format.ignored?.['order'];
  const suffix = order && !compressed ? ORDER_SUFFIX[Number(fieldValue(order, decoded.word))] : '';
  const operands = shown.assembly.replaceAll(PLACEHOLDER, (_, name: string) => printOperand(isa, decoded, name, pc));
  return `${mnemonic}${suffix} ${operands}`.trimEnd();
}

function printOperand(isa: Isa, decoded: Decoded, name: string, pc: bigint): string {
  const operand = OPERANDS[name];
  const { fields, ignored } = decoded.row.format;
  const definition = fields[operand?.field ?? name] ?? ignored?.[operand?.field ?? name];
  assert(definition !== undefined, `${decoded.row.name} has no operand '${name}'`);
  const value = fieldValue(definition, decoded.word);
  if (definition.kind === 'register') return isa.registerNames[definition.file][Number(value)] ?? name;
  return (operand?.print ?? hex)(value, pc);
}
