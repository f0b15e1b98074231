// Yul for decoding: the decode tree as nested switches, the fields of an instruction word, and the rewriting of compressed
// instructions, all from the tables and definitions that the other readings use.

import { assert } from '../../src/invariant.ts';
import type { DecodeTree, Pattern } from '../../src/isa/decode.ts';
import { type Definition, expressionOf, WORD } from '../../src/isa/expression.ts';
import type { Format } from '../../src/isa/isa.ts';
import type { FieldTexts } from '../../src/semantics/emitSolidity.ts';
import { emitExpression } from '../../src/semantics/solidityExpression.ts';

const hex = (bits: number): string => (bits >>> 0 < 256 ? `${bits}` : `0x${(bits >>> 0).toString(16)}`);

/**
 * The body of a function of the word `w`: goes to the statement of the row that the word is, and leaves. It falls through
 * for a word that is none.
 */
export function decodeBody<P extends Pattern>(
  tree: DecodeTree<P>,
  statement: (row: P) => string,
  indent: string,
): string {
  return node(tree, statement, indent, 0).join('\n');
}

function node<P extends Pattern>(
  tree: DecodeTree<P>,
  statement: (row: P) => string,
  indent: string,
  tested: number,
): string[] {
  if (tree.kind === 'rows')
    return tree.rows.map((row) => `${indent}${test(row.mask & ~tested, row.match)}{ ${statement(row)} leave }`);
  // Bits that are the same in every row below are tested once, here.
  const { mask: shared, match } = sharedBits(rowsOf(tree));
  const condition = test(shared & ~tested, match);
  if (!condition) return switchLines(tree, statement, indent, tested);
  return [`${indent}${condition}{`, ...switchLines(tree, statement, `${indent}  `, tested | shared), `${indent}}`];
}

function switchLines<P extends Pattern>(
  { low, bits, cases }: Extract<DecodeTree<P>, { kind: 'switch' }>,
  statement: (row: P) => string,
  indent: string,
  tested: number,
): string[] {
  const mask = (1 << bits) - 1;
  const value = low === 0 ? `and(w, ${hex(mask)})` : `and(shr(${low}, w), ${hex(mask)})`;
  const arms = [...cases].flatMap(([each, child]) => {
    const [first = '', ...more] = node(child, statement, `${indent}  `, tested | (mask << low));
    if (more.length > 0) return [`${indent}case ${hex(each)} {`, first, ...more, `${indent}}`];
    return [`${indent}case ${hex(each)} ${first.trim().startsWith('{') ? first.trim() : `{ ${first.trim()} }`}`];
  });
  return [`${indent}switch ${value}`, ...arms];
}

function rowsOf<P extends Pattern>(tree: DecodeTree<P>): readonly P[] {
  return tree.kind === 'rows' ? tree.rows : [...tree.cases.values()].flatMap(rowsOf);
}

/** The bits that all of `rows` fix to one value, and that value. */
function sharedBits(rows: readonly Pattern[]): { readonly mask: number; readonly match: number } {
  const match = rows[0]?.match ?? 0;
  const mask = rows.reduce((bits, row) => bits & row.mask & ~(row.match ^ match), -1);
  return { mask, match: match & mask };
}

/** The condition that the bits `mask` of the word are those of `match`; nothing where there is nothing to test. */
function test(mask: number, match: number): string {
  if (mask === 0) return '';
  const value = mask === -1 ? 'w' : `and(w, ${hex(mask)})`;
  return (match & mask) === 0 ? `if iszero(${value}) ` : `if eq(${value}, ${hex(match & mask)}) `;
}

/** For programs that belong to no instruction word: a fetch, a system call. */
export const NO_FIELDS: FieldTexts = {
  field: (name) => noField(name),
  register: (_, name) => noField(name),
};

function noField(name: string): never {
  throw new RangeError(`a program without an instruction word reads its field ${name}`);
}

/** Functions of the word `w` for the fields that rows read: one a definition, named as the first format that has it. */
export class FieldFunctions {
  readonly #names = new Map<Definition, string>();
  readonly #texts = new Map<string, string>();

  /** How the program of a row of `format` reads its fields. */
  of(format: Format): FieldTexts {
    return {
      field: (name) => {
        if (name === 'length') return 'mload(LENGTH)';
        const definition = format.fields[name];
        assert(definition?.kind === 'word', `format ${format.name} has no word field ${name}`);
        return `${this.#word(definition.extract, name, format)}(w)`;
      },
      register: (file, name) => {
        const definition = format.fields[name];
        assert(definition?.kind === 'register', `format ${format.name} has no register field ${name}`);
        return `${this.#register(file, name, definition.low)}(w)`;
      },
    };
  }

  /** The functions that were asked for, in alphabetical order. */
  text(): string {
    return [...this.#texts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, text]) => text)
      .join('\n');
  }

  #word(extract: Definition, field: string, format: Format): string {
    const known = this.#names.get(extract);
    if (known) return known;
    const name = `${field}${format.name}`;
    assert(!this.#texts.has(name), `two definitions of ${name}`);
    this.#names.set(extract, name);
    this.#texts.set(name, `function ${name}(w) -> v { v := ${wordExpression(extract)} }`);
    return name;
  }

  /** Address of a register's word in the frame: its number times 32. */
  #register(file: 'x' | 'f', field: string, low: number): string {
    const name = file === 'x' ? field : `f${field}`;
    const shift = low - 5;
    const text = `function ${name}(w) -> p { p := add(${file.toUpperCase()}, and(${shift === 0 ? 'w' : `shr(${shift}, w)`}, 0x3e0)) }`;
    const other = this.#texts.get(name) ?? text;
    assert(other === text, `two definitions of ${name}`);
    this.#texts.set(name, text);
    return name;
  }
}

/** A pure definition over an instruction word, as one Yul expression over `w`, which is clean. */
export function wordExpression(definition: Definition): string {
  return emitExpression(expressionOf(definition), (name) => {
    assert(name === WORD, `an expression over the word reads ${name}`);
    return 'w';
  });
}
