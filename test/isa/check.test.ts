// A table with a slip in it does not load: each slip is made once, and the error names the row.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '../../src/invariant.ts';
import { checkIsa } from '../../src/isa/check.ts';
import { expressionOf } from '../../src/isa/expression.ts';
import type { CompressedRow, Format, Isa, Row } from '../../src/isa/isa.ts';
import { RV64 } from '../../src/isa/riscv/rv64.ts';

const row = (name: string): Row => RV64.rows.find((each) => each.name === name)!;
const compressed = (name: string): CompressedRow => RV64.compressed.find((each) => each.name === name)!;

const withRow = (name: string, change: Partial<Row>): Isa => ({
  ...RV64,
  rows: RV64.rows.map((each) => (each.name === name ? { ...each, ...change } : each)),
});

const withCompressed = (name: string, change: Partial<CompressedRow>): Isa => ({
  ...RV64,
  compressed: RV64.compressed.map((each) => (each.name === name ? { ...each, ...change } : each)),
});

const withFields = (name: string, change: Format['fields']): Isa => {
  const { format } = row(name);
  return withRow(name, { format: { name: 'BROKEN', fields: { ...format.fields, ...change } } });
};

function refused(isa: Isa, message: RegExp): void {
  assert.throws(
    () => checkIsa(isa),
    (error) => error instanceof InvariantError && message.test(error.message),
  );
}

test('the table of rv64 is sound', () => {
  assert.equal(checkIsa(RV64), RV64);
});

test('a pattern that matches two rows is refused', () => {
  refused(withRow('sub', { match: row('add').match }), /^add and sub both match 0x33$/);
  refused(withRow('xor', { mask: 0x7f, match: 0x33 }), /^add and xor both match/);
  refused({ ...RV64, rows: [...RV64.rows, { ...row('add'), name: 'add2' }] }, /^add and add2 both match/);
  refused({ ...RV64, rows: [...RV64.rows, row('add')] }, /^two rows have the name add$/);
});

test('compressed patterns may nest, strictly, and in no other way overlap', () => {
  const equal = { mask: compressed('c.mv').mask, match: compressed('c.mv').match };
  refused(withCompressed('c.jr', equal), /^c.jr and c.mv both match/);
  refused(
    withCompressed('c.jr', { mask: 0xe07f, match: 0x8002 }),
    /^c.jr and c.mv both match .* neither is the special/,
  );
});

test('a pattern that contradicts itself or its size is refused', () => {
  refused(withRow('lui', { match: 0x137 }), /^lui: match 0x137 has bits outside mask 0x7f$/);
  refused(withRow('lui', { mask: 0x7c, match: 0x34 }), /^lui: mask 0x7c leaves bits 1 and 0/);
  refused(withRow('lui', { match: 0x36 }), /^lui: match 0x36 is not the pattern of a 32-bit word$/);
  refused(withRow('lui', { mask: -1 }), /^lui: mask and match are unsigned 32-bit words$/);
  refused(withCompressed('c.nop', { match: 0x0003 }), /^c.nop: match 0x3 is not the pattern of a 16-bit word$/);
  refused(withCompressed('c.nop', { mask: 0x1ef83 }), /^c.nop: mask and match are unsigned 16-bit words$/);
});

test('fields that claim the same bits are refused', () => {
  refused(
    withFields('add', { rs2: { kind: 'register', file: 'x', low: 19 } }),
    /^format BROKEN: field rs2 claims bits of another: 0x80000$/,
  );
  refused(
    withFields('addi', { imm: { kind: 'word', extract: (h, w) => h.sext(h.shrS(w, 19), 64) } }),
    /^format BROKEN: field imm claims bits of another: 0x80000$/,
  );
  refused(
    withFields('lui', { rd: { kind: 'register', file: 'x', low: 6 } }),
    /^lui: mask and format BROKEN both claim 0x40/,
  );
  refused(withFields('lui', { length: { kind: 'register', file: 'x', low: 7 } }), /'length' is not a name for a field/);
});

test('a bit that is neither pattern nor field is refused', () => {
  refused(withRow('slt', { mask: 0x7e00707f }), /^slt: bits 0x80000000 have no meaning$/);
  refused(withRow('lr.w', { mask: 0xf900707f }), /^lr.w: bits 0xf00000 have no meaning$/);
});

test('the assembly names the fields, all of them and no others', () => {
  refused(
    withRow('add', { assembly: '{rd},{rs1},{imm}' }),
    /^add: the assembly names 'imm', which format R does not have$/,
  );
  refused(withRow('add', { assembly: '{rd},{rs1}' }), /^add: the assembly .* does not show the field rs2$/);
  refused(withCompressed('c.add', { assembly: '{rd},{imm}' }), /^c.add: the assembly names 'imm'/);
});

test('a rewriting gives 32-bit instructions', () => {
  refused(withCompressed('c.add', { expand: (h) => h.constant(0x8082, 32) }), /^c.add: 0x9ffe is rewritten to 0x8082/);
  refused(withCompressed('c.add', { expand: (h, half) => h.trunc(half, 16) }), /^c.add is not rewritten to 32 bits$/);
});

test('a field is a pure expression of the word', () => {
  assert.throws(() => expressionOf((h) => h.x(1)), /pure expression, not a readRegister/);
  assert.throws(() => expressionOf((h, w) => h.add(h.zext(w, 64), h.field('imm'))), /read from the word alone/);
});
