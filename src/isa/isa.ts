// What an instruction set is made of: formats (where fields sit in a 32-bit word), rows (one instruction each: name, bit
// pattern, format, meaning), and the rewriting of 16-bit words to 32-bit ones. A new ISA is a new table of these.

import { assert } from '../invariant.ts';
import { Builder, type KnownFields } from '../semantics/builder.ts';
import type { Program, Register, Value } from '../semantics/program.ts';
import type { Definition } from './expression.ts';

/** Where a register number sits: 5 bits from bit `low`. */
export interface RegisterField {
  readonly kind: 'register';
  readonly file: 'x' | 'f';
  readonly low: number;
}

/** A decoded word field: `extract` computes its 64 bits from the 32-bit instruction word. Pure operators only. */
export interface WordField {
  readonly kind: 'word';
  readonly extract: Definition;
}

/**
 * A format: its fields by name. `length` (2 or 4, the size in memory) is a word field of every instruction besides.
 * Every bit of a word belongs to the row's mask, to one field, or to one ignored part.
 */
export interface Format {
  readonly name: string;
  readonly fields: Readonly<Record<string, RegisterField | WordField>>;
  /** Parts of the word in which any value is legal and none matters to a meaning; the disassembler may show them. */
  readonly ignored?: Readonly<Record<string, WordField>>;
}

/** The fields of one row as its meaning sees them. Reading one that the format does not have is a broken invariant. */
export interface Fields {
  readonly rd: Register;
  readonly rs1: Register;
  readonly rs2: Register;
  readonly rs3: Register;
  readonly imm: Value;
  readonly shamt: Value;
  /** Unsigned 5-bit immediate of the CSR instructions. */
  readonly uimm: Value;
  /** Rounding mode. */
  readonly rm: Value;
}

/** One instruction. */
export interface Row {
  /** Mnemonic, as the specification writes it: `addw`, `amoadd.d`. */
  readonly name: string;
  /** What the disassembler shows instead of the name, where several rows share a mnemonic. */
  readonly mnemonic?: string;
  /** A word is this instruction iff (word & mask) === match, both unsigned 32 bits. */
  readonly mask: number;
  readonly match: number;
  readonly format: Format;
  readonly meaning: (h: Builder, f: Fields) => void;
  /** Operands in assembly, in braces those of disassemble.ts: `{rd},{imm}({rs1})`. */
  readonly assembly: string;
  /** The instruction whose effect is the system call numbered by x17 and not its own meaning. */
  readonly systemCall?: true;
}

/**
 * A 16-bit instruction: rewritten to a 32-bit word of the table, whose meaning it has (with length 2). Patterns may nest, as
 * the manual's do (c.jr is c.mv with rs2 = 0): the one with more fixed bits wins.
 */
export interface CompressedRow {
  /** Mnemonic: `c.addi`. */
  readonly name: string;
  /** A half-word is this instruction iff (half & mask) === match, both unsigned 16 bits. */
  readonly mask: number;
  readonly match: number;
  /** The 32-bit word that it stands for, from the half-word (a value of width 32); 0, which is illegal, if reserved. */
  readonly expand: Definition;
  /** Operands in assembly, in braces those of the 32-bit row that it is rewritten to. */
  readonly assembly: string;
}

/** An instruction set with its version. */
export interface Isa {
  readonly name: string;
  readonly version: number;
  readonly rows: readonly Row[];
  readonly compressed: readonly CompressedRow[];
  /** Names of the registers in assembly, by number. */
  readonly registerNames: Readonly<Record<'x' | 'f', readonly string[]>>;
}

/** The program of a row, specialised to the fields that are known. */
export function buildRow(row: Row, known: KnownFields = {}): Program {
  const h = new Builder(known);
  row.meaning(h, fieldsOf(h, row.format));
  return h.finish();
}

function fieldsOf(h: Builder, format: Format): Fields {
  const handler: ProxyHandler<object> = {
    get(_, name) {
      const definition = typeof name === 'string' ? format.fields[name] : undefined;
      assert(definition !== undefined, `format ${format.name} has no field '${String(name)}'`);
      return definition.kind === 'register' ? h.register(definition.file, name as string) : h.field(name as string);
    },
  };
  return new Proxy({}, handler) as Fields;
}
