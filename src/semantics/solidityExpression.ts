// Operators as Yul expressions on 256-bit words. A value of `width` bits is either clean (its upper bits are zero, which is
// the canonical form) or raw (upper bits may be anything): additions, products and left shifts keep the low bits right
// whatever stands above them, so that a mask is only written where somebody reads the upper bits.

import { assert, unreachable } from '../invariant.ts';
import { mask, type Operator, type Width } from './operators.ts';
import type { Statement, Value } from './program.ts';

/** A Yul expression of a value of a declared width. */
export interface Yul {
  readonly text: string;
  /** The bits above the width are known to be zero. */
  readonly clean: boolean;
  /** The value, where it is known. */
  readonly constant?: bigint;
}

/** A constant, as Yul writes it: small ones in decimal. */
export function literal(value: bigint): Yul {
  const named = value === mask(64) ? 'M64' : value === mask(128) ? 'M128' : undefined;
  return { text: named ?? (value < 256n ? `${value}` : `0x${value.toString(16)}`), clean: true, constant: value };
}

/** A clean value. */
export const clean = (text: string): Yul => ({ text, clean: true });
const raw = (text: string): Yul => ({ text, clean: false });

/** The expression with its upper bits cleared. */
export function cleanText(value: Yul, width: Width): string {
  return value.clean ? value.text : `and(${value.text}, ${literal(mask(width)).text})`;
}

/** The expression read as two's complement of 256 bits. */
function signedText(value: Yul, width: Width): string {
  return width === 1 ? `sub(0, ${cleanText(value, 1)})` : `signextend(${width / 8 - 1}, ${value.text})`;
}

/** A shift count, taken modulo the width. */
function countText(value: Yul, width: Width): string {
  if (value.constant !== undefined) return literal(value.constant % BigInt(width)).text;
  return width === 1 ? '0' : `and(${value.text}, ${width - 1})`;
}

/**
 * `operator` on `args` of `width` bits (of the last operand, as for applyOperator), giving a word of `resultWidth` bits.
 * Helper functions that it calls are in solidityRuntime.ts.
 */
export function yulOperator(operator: Operator, args: readonly Yul[], width: Width, resultWidth: Width): Yul {
  const [a, b, c] = args as readonly [Yul, Yul, Yul];
  switch (operator) {
    case 'add':
    case 'sub':
    case 'mul':
      return raw(`${operator}(${a.text}, ${b.text})`);
    case 'and':
      return { text: `and(${a.text}, ${b.text})`, clean: a.clean || b.clean };
    case 'or':
    case 'xor':
      return { text: `${operator}(${a.text}, ${b.text})`, clean: a.clean && b.clean };
    case 'not':
      return width === 1 ? clean(`iszero(${cleanText(a, 1)})`) : raw(`not(${a.text})`);
    case 'shl':
      return raw(`shl(${countText(b, width)}, ${a.text})`);
    case 'shrU':
      return clean(`shr(${countText(b, width)}, ${cleanText(a, width)})`);
    case 'shrS':
      return raw(`sar(${countText(b, width)}, ${signedText(a, width)})`);
    case 'zext':
      return clean(cleanText(a, width));
    case 'trunc':
      return raw(a.text);
    case 'sext':
      return raw(signedText(a, width));
    case 'clz':
      return clean(`sub(clz(${cleanText(a, width)}), ${256 - width})`);
    case 'ctz':
      return clean(`ctz(${cleanText(a, width)}, ${literal(1n << BigInt(width)).text})`);
    case 'select':
      return clean(`select(${cleanText(a, 1)}, ${cleanText(b, resultWidth)}, ${cleanText(c, resultWidth)})`);
    case 'divU':
    case 'divS':
    case 'remU':
    case 'remS':
      return division(operator, a, b, width);
    case 'eq':
    case 'ne':
    case 'ltU':
    case 'ltS':
      return comparison(operator, a, b, width);
    default:
      return unreachable(operator);
  }
}

function division(operator: 'divU' | 'divS' | 'remU' | 'remS', a: Yul, b: Yul, width: Width): Yul {
  const ones = literal(mask(width)).text;
  switch (operator) {
    case 'divU':
      return clean(`divU(${cleanText(a, width)}, ${cleanText(b, width)}, ${ones})`);
    case 'remU':
      return clean(`remU(${cleanText(a, width)}, ${cleanText(b, width)})`);
    case 'divS':
      return raw(`divS(${signedText(a, width)}, ${signedText(b, width)})`);
    case 'remS':
      return raw(`remS(${signedText(a, width)}, ${signedText(b, width)})`);
    default:
      return unreachable(operator);
  }
}

function comparison(operator: 'eq' | 'ne' | 'ltU' | 'ltS', a: Yul, b: Yul, width: Width): Yul {
  if (operator === 'ltS') return clean(`slt(${signedText(a, width)}, ${signedText(b, width)})`);
  const [x, y] = [cleanText(a, width), cleanText(b, width)];
  if (operator === 'ltU') return clean(`lt(${x}, ${y})`);
  const equal = b.constant === 0n ? `iszero(${x})` : a.constant === 0n ? `iszero(${y})` : `eq(${x}, ${y})`;
  return clean(operator === 'eq' ? equal : `iszero(${equal})`);
}

/** A condition of width 1 where only zero or not matters: double negations fall away. */
export function conditionText(condition: Yul): string {
  const text = cleanText(condition, 1);
  return text.startsWith('iszero(iszero(') ? text.slice('iszero(iszero('.length, -2) : text;
}

/**
 * An expression without effects: operators on fields, each temporary written where it is used. Gives clean Yul text. A
 * field is known to fit the width that it is truncated to.
 */
export function emitExpression(
  expression: { readonly statements: readonly Statement[]; readonly result: Value },
  field: (name: string) => string,
): string {
  const values = new Map<number, Yul>();
  const text = (value: Value): Yul => {
    if (value.kind === 'constant') return literal(value.value);
    if (value.kind === 'field') return clean(field(value.name));
    const found = values.get(value.id);
    assert(found !== undefined, () => `temporary ${value.id} is used before it is computed`);
    return found;
  };
  for (const statement of expression.statements) {
    assert(statement.kind === 'let', () => `an expression has a statement ${statement.kind}`);
    const { operator, args, result } = statement;
    const width = args.at(-1)?.width ?? result.width;
    const value = yulOperator(operator, args.map(text), width, result.width);
    values.set(result.id, operator === 'trunc' && args[0]?.kind === 'field' ? clean(value.text) : value);
  }
  return cleanText(text(expression.result), expression.result.width);
}
