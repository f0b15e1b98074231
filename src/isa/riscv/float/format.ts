// Floating-point numbers taken apart and put together (IEEE 754-2008; F and D extensions of the unprivileged manual), for
// single and double precision by one body each: `double` (width 1) says which.
//
// Inside, a finite number is (-1)^sign x 2^exponent x significand / 2^63: the significand has 64 bits, the highest one set
// (0 for zero); the exponent is a 64-bit two's complement word. The lowest bit may be sticky: set if anything below it is.

import type { Builder } from '../../../semantics/builder.ts';
import type { Value } from '../../../semantics/program.ts';
import { subroutine } from '../../../semantics/subroutine.ts';

/** Kinds of a number, as `unpack` gives them. */
export const KIND = { zero: 0, finite: 1, infinite: 2, quietNan: 3, signalingNan: 4 } as const;
/** Exception flags, the low five bits of fcsr. */
export const FLAG = { invalid: 16, divideByZero: 8, overflow: 4, underflow: 2, inexact: 1 } as const;
/** Rounding modes. */
export const ROUND = { nearestEven: 0, towardsZero: 1, down: 2, up: 3, nearestMaximum: 4, dynamic: 7 } as const;

/** What a single precision number has above its 32 bits in a 64-bit register. */
export const BOX = 0xffff_ffff_0000_0000n;

const DOUBLE_NAN = 0x7ff8_0000_0000_0000n;
const SINGLE_NAN = 0x7fc0_0000n;
const INFINITY = { double: 0x7ff0_0000_0000_0000n, single: 0x7f80_0000n };

/** One constant for each precision. */
export function pick(h: Builder, double: Value, ifDouble: bigint | number, ifSingle: bigint | number): Value {
  return h.select(double, h.constant(ifDouble), h.constant(ifSingle));
}

/** The canonical NaN of a precision, boxed. */
export function canonicalNan(h: Builder, double: Value): Value {
  return pick(h, double, DOUBLE_NAN, BOX | SINGLE_NAN);
}

/** Whether a number of this kind is a NaN. */
export function isNan(h: Builder, kind: Value): Value {
  return h.ltU(h.constant(KIND.infinite), kind);
}

/** Puts a sign on the magnitude bits of a number and boxes a single. */
export const compose = subroutine('compose', [1, 64, 1], (h, sign, magnitude, double) => {
  const single = h.or(h.or(magnitude, h.shl(h.zext(sign, 64), 31)), BOX);
  return [h.select(double, h.or(magnitude, h.shl(h.zext(sign, 64), 63)), single)];
});

/** An infinity or a zero with a sign. */
export function infinity(h: Builder, sign: Value, double: Value): Value {
  return one(h.call(compose, sign, pick(h, double, INFINITY.double, INFINITY.single), double));
}

export function zero(h: Builder, sign: Value, double: Value): Value {
  return one(h.call(compose, sign, h.constant(0), double));
}

/** The only result of a call. */
export function one(results: readonly Value[]): Value {
  return results[0] as Value;
}

/**
 * The sign bit and the magnitude bits (exponent and fraction) of a register. A single that is not boxed counts as the
 * canonical NaN.
 */
export const split = subroutine('split', [64, 1], (h, register, double) => {
  const boxed = h.eq(h.shrU(register, 32), 0xffffffff);
  const single = h.select(boxed, h.and(register, 0xffffffff), h.constant(SINGLE_NAN));
  const bits = h.select(double, register, single);
  const sign = h.trunc(h.shrU(bits, pick(h, double, 63, 31)), 1);
  return [sign, h.and(bits, pick(h, double, 0x7fff_ffff_ffff_ffffn, 0x7fff_ffffn))];
});

/** What `unpack` gives. Exponent and significand mean something if the number is finite. */
export type Unpacked = [sign: Value, exponent: Value, significand: Value, kind: Value];

/** Takes the number in a register apart. */
export const unpack = subroutine('unpack', [64, 1], (h, register, double) => {
  const [sign, magnitude] = h.call(split, register, double) as [Value, Value];
  const fractionBits = pick(h, double, 52, 23);
  const fraction = h.and(magnitude, pick(h, double, (1n << 52n) - 1n, (1n << 23n) - 1n));
  const field = h.shrU(magnitude, fractionBits);
  const subnormal = h.eq(field, 0);
  const hidden = h.select(subnormal, h.constant(0), h.shl(h.constant(1), fractionBits));
  const digits = h.or(fraction, hidden);
  const leading = h.clz(digits);
  const exponent = h.sub(h.select(subnormal, h.constant(1), field), pick(h, double, 1023, 127));
  const special = h.eq(field, pick(h, double, 0x7ff, 0xff));
  const quiet = h.trunc(h.shrU(fraction, h.sub(fractionBits, 1)), 1);
  const nan = h.select(quiet, h.constant(KIND.quietNan), KIND.signalingNan);
  const finite = h.select(h.eq(digits, 0), h.constant(KIND.zero), KIND.finite);
  const kind = h.select(special, h.select(h.eq(fraction, 0), h.constant(KIND.infinite), nan), finite);
  const normalised = h.sub(h.add(exponent, h.sub(h.constant(63), fractionBits)), leading);
  return [sign, normalised, h.shl(digits, leading), kind];
});

/** Shifts 64 bits right; bits lost set the lowest one. Any count. */
export const shiftRightSticky = subroutine('shiftRightSticky', [64, 64], (h, value, count) => {
  const kept = h.shrU(value, count);
  const lost = h.ne(h.shl(kept, count), value);
  const far = h.ltU(h.constant(63), count);
  return [h.select(far, h.zext(h.ne(value, 0), 64), h.or(kept, h.zext(lost, 64)))];
});

/** 1 if rounding adds one to the kept bits: `odd` is the lowest of them, `rest` what is below, as a fraction of 2^64. */
export const increment = subroutine('increment', [1, 1, 64, 64], (h, sign, odd, rest, mode) => {
  const half = h.constant(1n << 63n);
  const above = h.ltU(half, rest);
  const tie = h.eq(rest, half);
  const inexact = h.ne(rest, 0);
  const even = h.and(h.eq(mode, ROUND.nearestEven), h.or(above, h.and(tie, odd)));
  const away = h.and(h.eq(mode, ROUND.nearestMaximum), h.or(above, tie));
  const down = h.and(h.eq(mode, ROUND.down), h.and(sign, inexact));
  const up = h.and(h.eq(mode, ROUND.up), h.and(h.not(sign), inexact));
  return [h.or(h.or(even, away), h.or(down, up))];
});

/** Magnitude of a result too large: infinity, or the largest finite number, by the rounding mode. */
function overflow(h: Builder, sign: Value, mode: Value, double: Value): Value {
  const towards = h.or(h.and(h.eq(mode, ROUND.down), h.not(sign)), h.and(h.eq(mode, ROUND.up), sign));
  const largest = h.or(h.eq(mode, ROUND.towardsZero), towards);
  return h.sub(pick(h, double, INFINITY.double, INFINITY.single), h.zext(largest, 64));
}

/**
 * Rounds (sign, exponent, significand) to a precision: the boxed register and the flags. Tininess is detected after
 * rounding (unprivileged manual, chapter "F", Subnormal Arithmetic): as though the exponent had no limits. The exponent is within 2^20 of 0; a zero significand gives a signed zero.
 */
export const round = subroutine('round', [1, 64, 64, 64, 1], (h, sign, exponent, significand, mode, double) => {
  const drop = pick(h, double, 11, 40);
  const fractionBits = pick(h, double, 52, 23);
  const least = pick(h, double, -1022n, -126n);
  const below = h.ltS(exponent, least);
  const shift = h.select(below, h.sub(least, exponent), h.constant(0));

  const rounded = (digits: Value): [Value, Value] => {
    const kept = h.shrU(digits, drop);
    const rest = h.shl(digits, h.sub(h.constant(64), drop));
    const add = one(h.call(increment, sign, h.trunc(kept, 1), rest, mode));
    return [h.add(kept, h.zext(add, 64)), h.ne(rest, 0)];
  };
  const [unbounded] = rounded(significand);
  const carried = h.ne(h.shrU(unbounded, h.add(fractionBits, 1)), 0);
  const tiny = h.and(below, h.not(h.and(h.eq(shift, 1), carried)));
  const [digits, inexact] = rounded(one(h.call(shiftRightSticky, significand, shift)));

  // The hidden bit adds one to the exponent field; a carry out of the digits adds another.
  const biased = h.select(below, h.constant(0), h.sub(exponent, least));
  const magnitude = h.add(h.shl(biased, fractionBits), digits);
  const infinite = pick(h, double, INFINITY.double, INFINITY.single);
  const over = h.or(h.ltS(pick(h, double, 1023, 127), exponent), h.not(h.ltU(magnitude, infinite)));
  const nothing = h.eq(significand, 0);
  const finite = h.select(over, overflow(h, sign, mode, double), magnitude);
  const flags = h.or(
    h.select(h.or(inexact, over), h.constant(FLAG.inexact), 0),
    h.or(h.select(over, h.constant(FLAG.overflow), 0), h.select(h.and(tiny, inexact), h.constant(FLAG.underflow), 0)),
  );
  const bits = one(h.call(compose, sign, h.select(nothing, h.constant(0), finite), double));
  return [bits, h.select(nothing, h.constant(0), flags)];
});
