// Operators in WebAssembly, for words of up to 64 bits. A word of up to 32 bits is an i32, one of 64 an i64; both are
// canonical: zero-extended, so that every operator masks what its width does not hold. What WebAssembly would trap on
// (division by zero, the least number by -1) gets its RISC-V meaning explicitly. Words of 128 bits: emitWasmWide.ts.

import { unreachable } from '../invariant.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import { Op, ValueType } from '../wasm/opcodes.ts';
import { mask, type Operator, type Width } from './operators.ts';

/** Emits code that pushes a word. */
export type Push = () => void;

/** Gives a local that is free until the end of the program that is being emitted. */
export type Locals = (type: ValueType) => number;

/** Operators that are not of one width: conversions, and selection. */
type Plain = Exclude<Operator, 'zext' | 'sext' | 'trunc' | 'select'>;

/** The type of a word of `width` bits, which is not 128. */
export function typeOf(width: Width): ValueType {
  return width === 64 ? ValueType.i64 : ValueType.i32;
}

/** Pushes a constant of up to 64 bits. */
export function emitConstant(code: CodeBuilder, value: bigint, width: Width): void {
  if (width === 64) code.i64Const(value);
  else code.i32Const(Number(value));
}

const SIMPLE = {
  add: [Op.i32Add, Op.i64Add],
  sub: [Op.i32Sub, Op.i64Sub],
  mul: [Op.i32Mul, Op.i64Mul],
  and: [Op.i32And, Op.i64And],
  or: [Op.i32Or, Op.i64Or],
  xor: [Op.i32Xor, Op.i64Xor],
  shl: [Op.i32Shl, Op.i64Shl],
  shrU: [Op.i32ShrU, Op.i64ShrU],
  shrS: [Op.i32ShrS, Op.i64ShrS],
  eq: [Op.i32Eq, Op.i64Eq],
  ne: [Op.i32Ne, Op.i64Ne],
  ltU: [Op.i32LtU, Op.i64LtU],
  ltS: [Op.i32LtS, Op.i64LtS],
} as const;

/** Operators whose result may have bits above the width although the operands have not. */
const OVERFLOWS: readonly Operator[] = ['add', 'sub', 'mul', 'shl', 'shrS', 'not', 'divS', 'remS'];
const SIGNED: readonly Operator[] = ['ltS', 'shrS', 'divS', 'remS'];
const SHIFTS: readonly Operator[] = ['shl', 'shrU', 'shrS'];

/** Emits an operator on operands of `width` bits, up to 64; pushes its result. */
export function emitOperator(
  code: CodeBuilder,
  operator: Plain,
  width: Width,
  args: readonly [Push, Push?],
  locals: Locals,
): void {
  const [a, b = a] = args;
  switch (operator) {
    case 'not':
      emitNot(code, width, a);
      return;
    case 'clz':
    case 'ctz':
      emitCount(code, operator, width, a);
      return;
    case 'divU':
    case 'divS':
    case 'remU':
    case 'remS':
      emitDivision(code, operator, width, a, b, locals);
      break;
    default: {
      const isSigned = SIGNED.includes(operator);
      operand(code, width, a, isSigned);
      operand(code, width, b, isSigned && !SHIFTS.includes(operator));
      if (width < 32 && SHIFTS.includes(operator)) code.i32Const(width - 1).op(Op.i32And);
      code.op(SIMPLE[operator][width === 64 ? 1 : 0]);
    }
  }
  if (width < 32 && OVERFLOWS.includes(operator)) code.i32Const(Number(mask(width))).op(Op.i32And);
}

function emitNot(code: CodeBuilder, width: Width, a: Push): void {
  a();
  if (width === 1) code.op(Op.i32Eqz);
  else if (width === 64) code.i64Const(-1).op(Op.i64Xor);
  else code.i32Const(Number(mask(width))).op(Op.i32Xor);
}

function emitCount(code: CodeBuilder, operator: 'clz' | 'ctz', width: Width, a: Push): void {
  a();
  if (width === 64) code.op(operator === 'clz' ? Op.i64Clz : Op.i64Ctz);
  else if (width === 32) code.op(operator === 'clz' ? Op.i32Clz : Op.i32Ctz);
  else if (operator === 'clz')
    code
      .op(Op.i32Clz)
      .i32Const(32 - width)
      .op(Op.i32Sub);
  else
    code
      .i32Const(2 ** width)
      .op(Op.i32Or)
      .op(Op.i32Ctz);
}

/** Pushes an operand, its sign extended to the whole i32 if the operator reads it as signed. */
function operand(code: CodeBuilder, width: Width, push: Push, signed: boolean): void {
  push();
  if (signed) emitSignExtend32(code, width);
}

/** Extends the sign of the word of `width` bits on the stack to the whole i32 (64 bits: leaves the i64 as it is). */
function emitSignExtend32(code: CodeBuilder, width: Width): void {
  if (width === 8) code.op(Op.i32Extend8S);
  else if (width === 16) code.op(Op.i32Extend16S);
  else if (width === 1) code.i32Const(31).op(Op.i32Shl).i32Const(31).op(Op.i32ShrS);
}

/** Division and remainder: by zero, and signed by -1, where WebAssembly would trap on the least number. */
function emitDivision(
  code: CodeBuilder,
  operator: 'divU' | 'divS' | 'remU' | 'remS',
  width: Width,
  a: Push,
  b: Push,
  locals: Locals,
): void {
  const wide = width === 64;
  const type = typeOf(width);
  const signed = operator.endsWith('S');
  const [dividend, divisor] = [locals(type), locals(type)];
  operand(code, width, a, signed);
  code.localSet(dividend);
  operand(code, width, b, signed);
  code.localTee(divisor);
  code.op(wide ? Op.i64Eqz : Op.i32Eqz);
  code.if(type);
  if (operator.startsWith('rem')) code.localGet(dividend);
  else emitConstant(code, mask(width), width);
  code.else();
  if (operator === 'divS') {
    code.localGet(divisor);
    emitConstant(code, mask(wide ? 64 : 32), width);
    code.op(wide ? Op.i64Eq : Op.i32Eq);
    code.if(type);
    emitConstant(code, 0n, width);
    code.localGet(dividend).op(wide ? Op.i64Sub : Op.i32Sub);
    code.else();
  }
  code
    .localGet(dividend)
    .localGet(divisor)
    .op(DIVISIONS[operator][wide ? 1 : 0]);
  if (operator === 'divS') code.end();
  code.end();
}

const DIVISIONS = {
  divU: [Op.i32DivU, Op.i64DivU],
  divS: [Op.i32DivS, Op.i64DivS],
  remU: [Op.i32RemU, Op.i64RemU],
  remS: [Op.i32RemS, Op.i64RemS],
} as const;

/** Converts the word of `from` bits on the stack to one of `to` bits; neither is 128. */
export function emitConversion(code: CodeBuilder, operator: 'zext' | 'sext' | 'trunc', from: Width, to: Width): void {
  if (from === to) return;
  switch (operator) {
    case 'zext':
      if (to === 64) code.op(Op.i64ExtendI32U);
      return;
    case 'sext':
      emitSignExtend32(code, from);
      if (to === 64) code.op(Op.i64ExtendI32S);
      else if (to < 32) code.i32Const(Number(mask(to))).op(Op.i32And);
      return;
    case 'trunc':
      if (from === 64) code.op(Op.i32WrapI64);
      if (to < 32) code.i32Const(Number(mask(to))).op(Op.i32And);
      return;
    default:
      unreachable(operator);
  }
}
