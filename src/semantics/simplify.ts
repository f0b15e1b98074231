// Algebraic identities that a builder applies when one operand is a constant: they keep a program that was specialised by
// known fields (rs1 = x0, an immediate of 0) as small as if it had been written for them.

import { mask, type Operator, type Width } from './operators.ts';
import type { Value } from './program.ts';

const RIGHT_ZERO: readonly Operator[] = ['add', 'sub', 'or', 'xor', 'shl', 'shrU', 'shrS'];
const LEFT_ZERO: readonly Operator[] = ['add', 'or', 'xor'];

/** The value that `operator` gives without computing it, or undefined where no identity applies. */
export function simplify(operator: Operator, args: readonly Value[], width: Width): Value | undefined {
  const [a, b, c] = args;
  if (!a || !b) return undefined;
  if (operator === 'select') {
    if (a.kind === 'constant') return a.value === 1n ? b : c;
    return undefined;
  }
  if (b.kind === 'constant') {
    if (b.value === 0n && RIGHT_ZERO.includes(operator)) return a;
    if (b.value === 0n && (operator === 'and' || operator === 'mul')) return b;
    if (b.value === mask(width) && operator === 'and') return a;
    if (b.value === 1n && operator === 'mul') return a;
  }
  if (a.kind === 'constant') {
    if (a.value === 0n && LEFT_ZERO.includes(operator)) return b;
    if (a.value === 0n && (operator === 'and' || operator === 'mul')) return a;
    if (a.value === mask(width) && operator === 'and') return b;
  }
  return undefined;
}
