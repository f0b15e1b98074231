// Decoding: which row an instruction word is, and its fields. The tree is computed from the bit patterns of the table, as
// data, so that every reading (TypeScript, WebAssembly, Solidity) decodes by the same one.

import { assert } from '../invariant.ts';
import { evaluateExpression, expressionOf } from './expression.ts';
import type { CompressedRow, Format, Isa, RegisterField, Row, WordField } from './isa.ts';

/** What a tree tells apart: a word is it iff (word & mask) === match. */
export interface Pattern {
  readonly name: string;
  readonly mask: number;
  readonly match: number;
}

/** Finds the row of a word, in at most a handful of tests. Where nothing is found the word is illegal. */
export type DecodeTree<P extends Pattern> =
  /** Goes to the case of the value of bits `low` to `low + bits - 1`. A value without a case is illegal. */
  | {
      readonly kind: 'switch';
      readonly low: number;
      readonly bits: number;
      readonly cases: ReadonlyMap<number, DecodeTree<P>>;
    }
  /** The first of these whose pattern holds: the whole pattern is still to be tested. */
  | { readonly kind: 'rows'; readonly rows: readonly P[] };

/** The trees of an instruction set: 32-bit words, and 16-bit words before they are rewritten. */
export interface DecodeTrees {
  readonly words: DecodeTree<Row>;
  readonly halves: DecodeTree<CompressedRow>;
}

/** A decoded instruction. */
export interface Decoded {
  readonly row: Row;
  /** The compressed row that it was written as, if its length is 2. */
  readonly compressed?: CompressedRow;
  /** Register numbers, decoded word fields (unsigned 64 bits), and `length`: 2 or 4 bytes. */
  readonly fields: Readonly<Record<string, bigint>>;
  /** The 32-bit word: as it was fetched, or what the 16-bit one was rewritten to. */
  readonly word: number;
}

/** Widest range of bits of one switch: a reading may make a dense table of its cases. */
const MAX_SWITCH_BITS = 7;

const TREES = new WeakMap<Isa, DecodeTrees>();

/** The decode trees of an instruction set, computed on first use. */
export function decodeTrees(isa: Isa): DecodeTrees {
  const known = TREES.get(isa);
  if (known) return known;
  const trees = { words: decodeTree(isa.rows), halves: decodeTree(isa.compressed) };
  TREES.set(isa, trees);
  return trees;
}

/** The row of `tree` that `word` is, or undefined if it is illegal. */
export function findRow<P extends Pattern>(tree: DecodeTree<P>, word: number): P | undefined {
  let node = tree;
  while (node.kind === 'switch') {
    const next = node.cases.get(bitsAt(word, node));
    if (!next) return undefined;
    node = next;
  }
  return node.rows.find((row) => matches(row, word));
}

/** Whether `word` has the pattern. */
export function matches(pattern: Pattern, word: number): boolean {
  return (word & pattern.mask) >>> 0 === pattern.match;
}

/** The 32-bit word that a compressed row makes of a half-word; 0, which is illegal, for a reserved encoding. */
export function expand(row: CompressedRow, half: number): number {
  return Number(evaluateExpression(expressionOf(row.expand), BigInt(half)));
}

/**
 * Decodes the instruction `word` of `length` bytes (its low 16 bits if 2), or gives undefined if it is illegal.
 */
export function decode(isa: Isa, word: number, length: 2 | 4): Decoded | undefined {
  const trees = decodeTrees(isa);
  if (length === 4) return decodeWord(trees, word >>> 0, 4);
  const compressed = findRow(trees.halves, word & 0xffff);
  const decoded = compressed && decodeWord(trees, expand(compressed, word & 0xffff), 2);
  return decoded && { ...decoded, compressed };
}

function decodeWord(trees: DecodeTrees, word: number, length: 2 | 4): Decoded | undefined {
  const row = findRow(trees.words, word);
  return row && { row, word, fields: { ...fieldValues(row.format, word), length: BigInt(length) } };
}

/** A field in a 32-bit word: a register number, or an unsigned 64-bit word. */
export function fieldValue(definition: RegisterField | WordField, word: number): bigint {
  if (definition.kind === 'register') return BigInt((word >>> definition.low) & 31);
  return evaluateExpression(expressionOf(definition.extract), BigInt(word >>> 0));
}

/** All fields of a format in a 32-bit word. */
export function fieldValues(format: Format, word: number): Record<string, bigint> {
  const fields = Object.entries(format.fields);
  return Object.fromEntries(fields.map(([name, definition]) => [name, fieldValue(definition, word)]));
}

type Range = { readonly low: number; readonly bits: number };

function bitsAt(word: number, { low, bits }: Range): number {
  return (word >>> low) & ((1 << bits) - 1);
}

export function decodeTree<P extends Pattern>(rows: readonly P[]): DecodeTree<P> {
  const range = bestRange(rows);
  if (!range) return { kind: 'rows', rows: [...rows].sort((a, b) => bitCount(b.mask) - bitCount(a.mask)) };
  const groups = Map.groupBy(rows, (row) => bitsAt(row.match, range));
  const cases = new Map([...groups].sort(([a], [b]) => a - b).map(([value, group]) => [value, decodeTree(group)]));
  return { kind: 'switch', ...range, cases };
}

/** Of the bits that every row fixes, the range that tells most rows apart; of equals the narrowest, then the lowest. */
function bestRange(rows: readonly Pattern[]): Range | undefined {
  const fixed = rows.reduce((bits, row) => bits & row.mask, -1);
  let best: Range | undefined;
  let bestValues = 1;
  for (let bits = 1; bits <= MAX_SWITCH_BITS; bits++)
    for (let low = 0; low + bits <= 32; low++) {
      const range = { low, bits };
      if (bitsAt(fixed, range) !== (1 << bits) - 1) continue;
      const values = new Set(rows.map((row) => bitsAt(row.match, range))).size;
      if (values > bestValues) [best, bestValues] = [range, values];
    }
  assert(best !== undefined || rows.length < 8, `no bits tell apart ${rows.map((row) => row.name).join(', ')}`);
  return best;
}

function bitCount(word: number): number {
  return (word >>> 0).toString(2).replaceAll('0', '').length;
}
