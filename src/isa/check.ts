// What every instruction set must satisfy, checked when its module is loaded: a table with a slip in it never runs. Errors
// name the rows.

import { assert } from '../invariant.ts';
import { decodeTrees, expand, findRow, matches, type Pattern } from './decode.ts';
import { operandsOf } from './disassemble.ts';
import { evaluateExpression, expressionOf, WORD } from './expression.ts';
import type { CompressedRow, Format, Isa, RegisterField, Row, WordField } from './isa.ts';

/** Returns `isa` if it is sound, else throws an InvariantError that names the rows or the format at fault. */
export function checkIsa(isa: Isa): Isa {
  const names = [...isa.rows, ...isa.compressed].map((row) => row.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  assert(twice === undefined, `two rows have the name ${twice}`);
  for (const file of ['x', 'f'] as const)
    assert(new Set(isa.registerNames[file]).size === 32, `${file} registers need 32 distinct names`);
  for (const row of isa.rows) checkPattern(row, 32);
  for (const row of isa.compressed) checkPattern(row, 16);
  checkDisjoint(isa.rows);
  checkNested(isa.compressed);
  for (const format of new Set(isa.rows.map((row) => row.format))) checkFormat(format);
  for (const row of isa.rows) checkRow(row);
  for (const row of isa.compressed) checkCompressed(isa, row);
  return isa;
}

/** The pattern fits its size, fixes what it matches, and agrees with the fetch on the size: low bits 11 mean 32 bits. */
function checkPattern({ name, mask, match }: Pattern, bits: 16 | 32): void {
  const limit = 2 ** bits;
  const word = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < limit;
  assert(word(mask) && word(match), `${name}: mask and match are unsigned ${bits}-bit words`);
  assert((match & ~mask) === 0, `${name}: match ${hex(match)} has bits outside mask ${hex(mask)}`);
  assert((mask & 3) === 3, `${name}: mask ${hex(mask)} leaves bits 1 and 0, the size of the instruction, open`);
  assert(
    ((match & 3) === 3) === (bits === 32),
    `${name}: match ${hex(match)} is not the pattern of a ${bits}-bit word`,
  );
}

function overlap(a: Pattern, b: Pattern): boolean {
  return (a.mask & b.mask & (a.match ^ b.match)) === 0;
}

function* pairs<T>(items: readonly T[]): Generator<readonly [T, T]> {
  for (const [i, a] of items.entries()) for (const b of items.slice(i + 1)) yield [a, b];
}

function checkDisjoint(rows: readonly Pattern[]): void {
  for (const [a, b] of pairs(rows))
    assert(!overlap(a, b), () => `${a.name} and ${b.name} both match ${hex(a.match | b.match)}`);
}

/** Compressed patterns may nest, strictly: then the one with more fixed bits wins and it is clear which that is. */
function checkNested(rows: readonly Pattern[]): void {
  for (const [a, b] of pairs(rows)) {
    const common = a.mask & b.mask;
    const nested = a.mask !== b.mask && (common === a.mask || common === b.mask);
    assert(
      !overlap(a, b) || nested,
      () => `${a.name} and ${b.name} both match ${hex(a.match | b.match)} and neither is the special case`,
    );
  }
}

function checkFormat(format: Format): void {
  let claimed = 0;
  const fields = [...Object.entries(format.fields), ...Object.entries(format.ignored ?? {})];
  for (const [name, field] of fields) {
    assert(name !== WORD && name !== 'length', `format ${format.name}: '${name}' is not a name for a field`);
    const bits = bitsOf(format, name, field);
    assert(
      (claimed & bits) === 0,
      () => `format ${format.name}: field ${name} claims bits of another: ${hex(claimed & bits)}`,
    );
    claimed |= bits;
  }
}

/** The bits of the word on which a field depends: those that change it, in a word of zeros and in a word of ones. */
function bitsOf(format: Format, name: string, field: RegisterField | WordField): number {
  if (field.kind === 'register') return 31 << field.low;
  const expression = expressionOf(field.extract);
  assert(expression.result.width === 64, `format ${format.name}: field ${name} is not 64 bits`);
  const changed = (word: bigint): number => {
    let bits = 0;
    const value = evaluateExpression(expression, word);
    for (let i = 0; i < 32; i++) if (evaluateExpression(expression, word ^ (1n << BigInt(i))) !== value) bits |= 1 << i;
    return bits;
  };
  return changed(0n) | changed(0xffffffffn);
}

/** Every bit is the pattern's, a field's, or ignored; operands in assembly are fields, and all fields are shown. */
function checkRow(row: Row): void {
  let free = 0;
  for (const [name, field] of [...Object.entries(row.format.fields), ...Object.entries(row.format.ignored ?? {})])
    free |= bitsOf(row.format, name, field);
  assert(
    (free & row.mask) === 0,
    () => `${row.name}: mask and format ${row.format.name} both claim ${hex(free & row.mask)}`,
  );
  assert((free | row.mask) === -1, () => `${row.name}: bits ${hex(~(free | row.mask))} have no meaning`);
  const shown = checkOperands(row.name, row.assembly, row.format);
  for (const name of Object.keys(row.format.fields))
    assert(shown.includes(name), `${row.name}: the assembly '${row.assembly}' does not show the field ${name}`);
}

function checkOperands(name: string, assembly: string, format: Format): readonly string[] {
  const operands = operandsOf(assembly);
  for (const { field, operand } of operands)
    assert(
      field in format.fields || field in (format.ignored ?? {}),
      `${name}: the assembly names '${operand}', which format ${format.name} does not have`,
    );
  return operands.map(({ field }) => field);
}

/** It rewrites to a 32-bit word; where the table has that instruction, its format has the operands. */
function checkCompressed(isa: Isa, row: CompressedRow): void {
  assert(expressionOf(row.expand).result.width === 32, `${row.name} is not rewritten to 32 bits`);
  const half = (row.match | ~row.mask) & 0xffff;
  assert(matches(row, half), `${row.name}: no half-word matches`);
  const word = expand(row, half);
  assert((word & 3) === 3, `${row.name}: ${hex(half)} is rewritten to ${hex(word)}, no 32-bit instruction`);
  const target = findRow(decodeTrees(isa).words, word);
  if (target) checkOperands(row.name, row.assembly, target.format);
}

function hex(word: number): string {
  return `0x${(word >>> 0).toString(16)}`;
}
