// A decoded instruction as tier 0 reads it: 8 bytes, of which the first two are the slot's id (0: not decoded). The fields
// of the instruction follow, placed by its format: register numbers times 8, ready to be added to the address of their
// file, in a byte each; a word field in a byte if it fits, else in the last four bytes with its sign.

import { assert } from '../invariant.ts';
import { type Expression, expressionOf } from '../isa/expression.ts';
import type { Format, WordField } from '../isa/isa.ts';
import type { Value } from '../semantics/program.ts';

/** Where a field is in a slot. */
export interface FieldPlace {
  /** Offset in the slot, in bytes. */
  readonly offset: number;
  /** `register`: a byte, number times 8. `byte`: an unsigned byte. `word`: a signed i32. */
  readonly kind: 'register' | 'byte' | 'word';
}

const FIRST_OFFSET = 2;
const WORD_OFFSET = 4;
const END_OFFSET = 8;

const PLACES = new WeakMap<Format, ReadonlyMap<string, FieldPlace>>();

/** The places of a format's fields in a slot. Breaks an invariant for a format that does not fit. */
export function slotPlaces(format: Format): ReadonlyMap<string, FieldPlace> {
  const known = PLACES.get(format);
  if (known) return known;
  const fields = Object.entries(format.fields);
  const places = new Map<string, FieldPlace>();
  let next = FIRST_OFFSET;
  const byte = (name: string, kind: 'register' | 'byte') => places.set(name, { offset: next++, kind });
  for (const [name, field] of fields) if (field.kind === 'register') byte(name, 'register');
  const words = fields.filter((entry): entry is [string, WordField] => entry[1].kind === 'word');
  // The widest first: it gets the word if there is room, the others must do with a byte.
  words.sort((a, b) => bitsOf(b[1]) - bitsOf(a[1]));
  for (const [name, field] of words) {
    const wordIsFree = next <= WORD_OFFSET && ![...places.values()].some((place) => place.kind === 'word');
    if (wordIsFree) places.set(name, { offset: WORD_OFFSET, kind: 'word' });
    else {
      assert(
        bitsOf(field) <= 8,
        `format ${format.name}: field ${name} has ${bitsOf(field)} bits and no room in a slot`,
      );
      byte(name, 'byte');
    }
  }
  const hasWord = [...places.values()].some((place) => place.kind === 'word');
  assert(next <= (hasWord ? WORD_OFFSET : END_OFFSET), `the fields of format ${format.name} do not fit a slot`);
  PLACES.set(format, places);
  return places;
}

/** Bits that an unsigned word field needs; 32 for a signed one. It always fits an i32 with its sign. */
function bitsOf(field: WordField): number {
  const expression = expressionOf(field.extract);
  const extension = definition(expression, expression.result);
  assert(extension?.operator === 'zext' || extension?.operator === 'sext', 'a word field is an extended 32-bit word');
  if (extension.operator === 'sext') return 32;
  const source = extension.args[0] as Value;
  const operation = definition(expression, source);
  const [, constant] = operation?.args ?? [];
  let bits: number = source.width;
  if (constant?.kind === 'constant') {
    if (operation?.operator === 'and') bits = constant.value.toString(2).length;
    if (operation?.operator === 'shrU') bits -= Number(constant.value);
  }
  assert(bits < 32, 'an unsigned word field has less than 32 bits');
  return bits;
}

function definition(expression: Expression, value: Value) {
  return expression.statements.find(({ result }) => value.kind === 'temporary' && result.id === value.id);
}
