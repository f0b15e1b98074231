// Operators on words of 128 bits in WebAssembly: a word is two i64, low and high. They are few and rare (the upper half of
// a product, soft-float), so that clarity comes first; what a program does not use of a result V8 drops.

import { unreachable } from '../invariant.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import { Op, ValueType } from '../wasm/opcodes.ts';
import type { Locals, Push } from './emitWasmOperators.ts';
import type { COMPARE, Operator } from './operators.ts';

/** A word of 128 bits. Each half is a constant or a local: it may be pushed any number of times. */
export interface Wide {
  readonly low: Push;
  readonly high: Push;
}

/** Where 128-bit code goes. */
export interface WideContext {
  readonly code: CodeBuilder;
  readonly locals: Locals;
  /** Index of the module's function that `emitWideDivision` writes. */
  readonly division: () => number;
}

type WideOperator = Exclude<Operator, 'zext' | 'sext' | 'trunc' | 'select' | (typeof COMPARE)[number]>;

/** Puts what is on the stack into a new local. */
function kept({ code, locals }: WideContext, type: ValueType = ValueType.i64): Push {
  const local = locals(type);
  code.localSet(local);
  return () => code.localGet(local);
}

/** The word whose halves are emitted by `low` and `high`, kept in locals. */
export function keepWide(context: WideContext, low: Push, high: Push): Wide {
  low();
  const keptLow = kept(context);
  high();
  return { low: keptLow, high: kept(context) };
}

/** A 128-bit result of a 128-bit operator; `count` of a shift is `b`. */
export function emitWide(context: WideContext, operator: WideOperator, a: Wide, b: Wide): Wide {
  const { code } = context;
  const zero = () => void code.i64Const(0);
  const halves = (op: Op) =>
    keepWide(
      context,
      () => binary(code, a.low, b.low, op),
      () => binary(code, a.high, b.high, op),
    );
  switch (operator) {
    case 'and':
      return halves(Op.i64And);
    case 'or':
      return halves(Op.i64Or);
    case 'xor':
      return halves(Op.i64Xor);
    case 'not':
      return keepWide(context, withConstant(code, a.low, -1, Op.i64Xor), withConstant(code, a.high, -1, Op.i64Xor));
    case 'add':
    case 'sub':
      return sum(context, operator, a, b);
    case 'mul':
      return product(context, a, b);
    case 'shl':
    case 'shrU':
    case 'shrS':
      return shift(context, operator, a, b);
    case 'clz':
    case 'ctz':
      return { low: count(context, operator, a), high: zero };
    case 'divU':
    case 'divS':
    case 'remU':
    case 'remS':
      return divide(context, operator, a, b);
    default:
      return unreachable(operator);
  }
}

/** Pushes what `op` gives for a word and a constant. */
export function withConstant(code: CodeBuilder, push: Push, constant: number | bigint, op: Op): Push {
  return () => {
    push();
    code.i64Const(constant).op(op);
  };
}

function binary(code: CodeBuilder, a: Push, b: Push, op: Op): void {
  a();
  b();
  code.op(op);
}

function sum(context: WideContext, operator: 'add' | 'sub', a: Wide, b: Wide): Wide {
  const { code } = context;
  const op = operator === 'add' ? Op.i64Add : Op.i64Sub;
  binary(code, a.low, b.low, op);
  const low = kept(context);
  binary(code, a.high, b.high, op);
  // The carry: the sum is below an operand. The borrow: the first operand is below the second.
  if (operator === 'add') binary(code, low, a.low, Op.i64LtU);
  else binary(code, a.low, b.low, Op.i64LtU);
  code.op(Op.i64ExtendI32U).op(op);
  return { low, high: kept(context) };
}

/** Schoolbook by 32-bit digits for the low halves; the high halves only reach the upper word. */
function product(context: WideContext, a: Wide, b: Wide): Wide {
  const { code } = context;
  const highPart = (push: Push): void => withConstant(code, push, 32, Op.i64ShrU)();
  const lowPart = (push: Push): void => withConstant(code, push, 0xffff_ffffn, Op.i64And)();
  const digit = (push: Push, high: boolean): Push => {
    if (high) highPart(push);
    else lowPart(push);
    return kept(context);
  };
  const [a0, a1, b0, b1] = [digit(a.low, false), digit(a.low, true), digit(b.low, false), digit(b.low, true)];
  binary(code, a0, b0, Op.i64Mul);
  const p = kept(context);
  binary(code, a1, b0, Op.i64Mul);
  highPart(p);
  code.op(Op.i64Add);
  const q = kept(context);
  binary(code, a0, b1, Op.i64Mul);
  lowPart(q);
  code.op(Op.i64Add);
  const r = kept(context);
  binary(code, a1, b1, Op.i64Mul);
  highPart(q);
  code.op(Op.i64Add);
  highPart(r);
  code.op(Op.i64Add);
  binary(code, a.low, b.high, Op.i64Mul);
  code.op(Op.i64Add);
  binary(code, a.high, b.low, Op.i64Mul);
  code.op(Op.i64Add);
  const high = kept(context);
  binary(code, a.low, b.low, Op.i64Mul);
  return { low: kept(context), high };
}

/** A shift by less than 64 within both halves, then by 64 if bit 6 of the count says so. */
function shift(context: WideContext, operator: 'shl' | 'shrU' | 'shrS', a: Wide, b: Wide): Wide {
  const { code } = context;
  const left = operator === 'shl';
  const [from, to] = left ? [a.low, a.high] : [a.high, a.low];
  const inward = left ? Op.i64Shl : Op.i64ShrU;
  const outward = left ? Op.i64ShrU : Op.i64Shl;
  binary(code, from, b.low, operator === 'shrS' ? Op.i64ShrS : inward);
  const shifted = kept(context);
  // What crosses: shifted by 64 - n, in two parts, since n may be 0.
  binary(code, to, b.low, inward);
  from();
  code.i64Const(1).op(outward);
  b.low();
  code.i64Const(63).op(Op.i64Xor).op(outward).op(Op.i64Or);
  const joined = kept(context);
  b.low();
  code.i64Const(64).op(Op.i64And).op(Op.i64Eqz);
  const small = kept(context, ValueType.i32);
  const choose = (near: Push, far: Push): Push => {
    near();
    far();
    small();
    code.op(Op.select);
    return kept(context);
  };
  const filling: Push = operator === 'shrS' ? withConstant(code, a.high, 63, Op.i64ShrS) : () => void code.i64Const(0);
  const emptied = choose(shifted, filling);
  const crossed = choose(joined, shifted);
  return left ? { low: emptied, high: crossed } : { low: crossed, high: emptied };
}

function count(context: WideContext, operator: 'clz' | 'ctz', a: Wide): Push {
  const { code } = context;
  const op = operator === 'clz' ? Op.i64Clz : Op.i64Ctz;
  const [first, second] = operator === 'clz' ? [a.high, a.low] : [a.low, a.high];
  second();
  code.op(op).i64Const(64).op(Op.i64Add);
  first();
  code.op(op);
  first();
  code.op(Op.i64Eqz).op(Op.select);
  return kept(context);
}

/** Signed division by magnitudes: the quotient is negative if the signs differ, the remainder if the dividend is. */
function divide(context: WideContext, operator: 'divU' | 'divS' | 'remU' | 'remS', a: Wide, b: Wide): Wide {
  const { code } = context;
  const signed = operator.endsWith('S');
  const zero: Wide = { low: () => void code.i64Const(0), high: () => void code.i64Const(0) };
  const sign = (word: Wide): Push => withConstant(code, word.high, 0, Op.i64LtS);
  const negated = (word: Wide, condition: Push): Wide => {
    const minus = sum(context, 'sub', zero, word);
    return selectWide(context, condition, minus, word);
  };
  const [dividend, divisor] = signed ? [negated(a, sign(a)), negated(b, sign(b))] : [a, b];
  for (const half of [dividend.low, dividend.high, divisor.low, divisor.high]) half();
  code.call(context.division());
  const [remainderHigh, remainderLow, quotientHigh, quotientLow] = [1, 2, 3, 4].map(() => kept(context)) as [
    Push,
    Push,
    Push,
    Push,
  ];
  if (operator.startsWith('rem')) {
    const remainder = { low: remainderLow, high: remainderHigh };
    return signed ? negated(remainder, sign(a)) : remainder;
  }
  const quotient = { low: quotientLow, high: quotientHigh };
  if (!signed) return quotient;
  // By zero the quotient is all ones whatever the signs.
  return negated(quotient, () => {
    sign(a)();
    sign(b)();
    code.op(Op.i32Xor);
    binary(code, b.low, b.high, Op.i64Or);
    code.op(Op.i64Eqz).op(Op.i32Eqz).op(Op.i32And);
  });
}

/** `condition` (pushes an i32) ? a : b. */
export function selectWide(context: WideContext, condition: Push, a: Wide, b: Wide): Wide {
  const choose = (x: Push, y: Push) => () => {
    x();
    y();
    condition();
    context.code.op(Op.select);
  };
  return keepWide(context, choose(a.low, b.low), choose(a.high, b.high));
}

/** Pushes the i32 that a comparison of 128-bit words gives. */
export function emitWideCompare({ code }: WideContext, operator: (typeof COMPARE)[number], a: Wide, b: Wide): void {
  if (operator === 'eq' || operator === 'ne') {
    binary(code, a.low, b.low, Op.i64Xor);
    binary(code, a.high, b.high, Op.i64Xor);
    code.op(Op.i64Or).op(Op.i64Eqz);
    if (operator === 'ne') code.op(Op.i32Eqz);
    return;
  }
  binary(code, a.low, b.low, Op.i64LtU);
  binary(code, a.high, b.high, operator === 'ltU' ? Op.i64LtU : Op.i64LtS);
  binary(code, a.high, b.high, Op.i64Eq);
  code.op(Op.select);
}

/** Parameters and results of the division function: dividend, divisor (low, high); quotient, remainder (low, high). */
export const WIDE_DIVISION = {
  parameters: [ValueType.i64, ValueType.i64, ValueType.i64, ValueType.i64],
  results: [ValueType.i64, ValueType.i64, ValueType.i64, ValueType.i64],
} as const;

/**
 * Writes the body of a function that divides unsigned 128-bit words bit by bit (restoring division). By zero it gives all
 * ones and the dividend, with nothing special done: every trial subtraction of zero succeeds, and takes nothing away.
 */
export function emitWideDivision(code: CodeBuilder): void {
  const context: WideContext = { code, locals: (type) => code.local(type), division: () => unreachable(0 as never) };
  const [low, high, remainderLow, remainderHigh] = [0, 1, code.local(ValueType.i64), code.local(ValueType.i64)];
  const carry = code.local(ValueType.i64);
  const left = code.local(ValueType.i32);
  const word = (a: number, b: number): Wide => ({ low: () => code.localGet(a), high: () => code.localGet(b) });
  const shiftIn = (from: number, to: number) =>
    code.localGet(to).i64Const(1).op(Op.i64Shl).localGet(from).i64Const(63).op(Op.i64ShrU).op(Op.i64Or).localSet(to);
  code.i32Const(128).localSet(left);
  const loop = code.loop();
  // The bit that leaves the remainder: the divisor may have all 128 bits.
  code.localGet(remainderHigh).i64Const(63).op(Op.i64ShrU).localSet(carry);
  shiftIn(remainderLow, remainderHigh);
  shiftIn(high, remainderLow);
  shiftIn(low, high);
  code.localGet(low).i64Const(1).op(Op.i64Shl).localSet(low);
  code.localGet(carry).op(Op.i64Eqz).op(Op.i32Eqz);
  emitWideCompare(context, 'ltU', word(remainderLow, remainderHigh), word(2, 3));
  code.op(Op.i32Eqz).op(Op.i32Or);
  code.if();
  const difference = sum(context, 'sub', word(remainderLow, remainderHigh), word(2, 3));
  difference.low();
  code.localSet(remainderLow);
  difference.high();
  code.localSet(remainderHigh);
  code.localGet(low).i64Const(1).op(Op.i64Or).localSet(low);
  code.end();
  code.localGet(left).i32Const(1).op(Op.i32Sub).localTee(left).brIf(loop);
  code.end();
  code.localGet(low).localGet(high).localGet(remainderLow).localGet(remainderHigh);
}
