// The closed list of operators that a meaning may use, and what each means, on unsigned BigInt words. Every operator is
// total. Values are zero-extended words of a declared width; a result is masked to its width; signed operators read
// their operands as two's complement; a shift count is taken modulo the width. Division follows the RISC-V manual
// (M extension, table of division by zero and overflow), whatever the target does: the EVM gives 0, WebAssembly traps.

import { unreachable } from '../invariant.ts';

/** Width of a value in bits. 128 is for products of two registers and for soft-float. */
export type Width = 1 | 8 | 16 | 32 | 64 | 128;

/** Two operands of one width, a result of that width. */
export const BINARY = [
  'add',
  'sub',
  'mul',
  'divU',
  'divS',
  'remU',
  'remS',
  'and',
  'or',
  'xor',
  'shl',
  'shrU',
  'shrS',
] as const;
/** Two operands of one width, a result of width 1. */
export const COMPARE = ['eq', 'ne', 'ltU', 'ltS'] as const;
/** One operand, a result of its width: complement, count of leading, trailing zeros (the width for 0). */
export const UNARY = ['not', 'clz', 'ctz'] as const;
/** One operand, a result of another width. */
export const CONVERT = ['zext', 'sext', 'trunc'] as const;

/** An operator; `select` takes a condition of width 1 and two values of one width, both of which are evaluated. */
export type Operator =
  | (typeof BINARY)[number]
  | (typeof COMPARE)[number]
  | (typeof UNARY)[number]
  | (typeof CONVERT)[number]
  | 'select';

/** 2^width - 1. */
export function mask(width: number): bigint {
  return (1n << BigInt(width)) - 1n;
}

/** The two's complement reading of an unsigned word. */
export function signed(value: bigint, width: number): bigint {
  return BigInt.asIntN(width, value);
}

/**
 * What `operator` gives on operands of `width` bits, as a word of `resultWidth` bits. `width` is that of the last
 * operand (for `select` the values, not the condition).
 */
export function applyOperator(operator: Operator, args: readonly bigint[], width: Width, resultWidth: Width): bigint {
  const [a = 0n, b = 0n, c = 0n] = args;
  switch (operator) {
    case 'select':
      return a === 1n ? b : c;
    case 'eq':
      return a === b ? 1n : 0n;
    case 'ne':
      return a !== b ? 1n : 0n;
    case 'ltU':
      return a < b ? 1n : 0n;
    case 'ltS':
      return signed(a, width) < signed(b, width) ? 1n : 0n;
    case 'clz':
      return BigInt(width - (a === 0n ? 0 : a.toString(2).length));
    case 'ctz':
      return BigInt(a === 0n ? width : a.toString(2).length - 1 - a.toString(2).lastIndexOf('1'));
    default:
      return BigInt.asUintN(resultWidth, arithmetic(operator, a, b, width));
  }
}

function arithmetic(
  operator: Exclude<Operator, 'select' | (typeof COMPARE)[number] | 'clz' | 'ctz'>,
  a: bigint,
  b: bigint,
  width: Width,
): bigint {
  const count = b % BigInt(width);
  switch (operator) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'divU':
      return b === 0n ? -1n : a / b;
    case 'divS':
      return b === 0n ? -1n : signed(a, width) / signed(b, width);
    case 'remU':
      return b === 0n ? a : a % b;
    case 'remS':
      return b === 0n ? a : signed(a, width) % signed(b, width);
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'xor':
      return a ^ b;
    case 'not':
      return ~a;
    case 'shl':
      return a << count;
    case 'shrU':
      return a >> count;
    case 'shrS':
      return signed(a, width) >> count;
    case 'zext':
    case 'trunc':
      return a;
    case 'sext':
      return signed(a, width);
    default:
      return unreachable(operator);
  }
}
