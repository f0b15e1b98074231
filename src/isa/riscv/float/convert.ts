// Conversions between the precisions, and between floating-point numbers and integers.

import type { Value } from '../../../semantics/program.ts';
import { subroutine } from '../../../semantics/subroutine.ts';
import {
  canonicalNan,
  FLAG,
  increment,
  infinity,
  isNan,
  KIND,
  one,
  round,
  type Unpacked,
  unpack,
  zero,
} from './format.ts';

/** A number of one precision (`from`) in the other or the same (`to`): boxed result and flags. */
export const convertPrecision = subroutine('convertPrecision', [64, 64, 1, 1], (h, a, mode, from, to) => {
  const [sign, exponent, significand, kind] = h.call(unpack, a, from) as Unpacked;
  const [bits, flags] = h.call(round, sign, exponent, significand, mode, to) as [Value, Value];
  const nan = isNan(h, kind);
  const infinite = h.eq(kind, KIND.infinite);
  const signaling = h.eq(kind, KIND.signalingNan);
  const special = h.or(h.or(nan, infinite), h.eq(kind, KIND.zero));
  const exact = h.select(infinite, infinity(h, sign, to), zero(h, sign, to));
  return [
    h.select(nan, canonicalNan(h, to), h.select(special, exact, bits)),
    h.select(special, h.select(signaling, h.constant(FLAG.invalid), 0), flags),
  ];
});

/** An integer of 64 bits, signed or not, as a number: boxed result and flags. */
export const fromInteger = subroutine('fromInteger', [64, 1, 64, 1], (h, integer, signed, mode, double) => {
  const sign = h.and(signed, h.ltS(integer, h.constant(0)));
  const magnitude = h.select(sign, h.sub(h.constant(0), integer), integer);
  const leading = h.clz(magnitude);
  const exponent = h.sub(h.constant(63), leading);
  return h.call(round, sign, exponent, h.shl(magnitude, leading), mode, double);
});

/**
 * A number as an integer of 64 bits (`wide`) or 32, signed or not: the register (32-bit results sign-extended) and the
 * flags. Out of range, infinity and NaN: the nearest end of the range (NaN the upper), flag invalid alone.
 */
export const toInteger = subroutine('toInteger', [64, 64, 1, 1, 1], (h, a, mode, double, signed, wide) => {
  const [sign, exponent, significand, kind] = h.call(unpack, a, double) as Unpacked;
  const nan = isNan(h, kind);
  const negative = h.and(sign, h.not(nan));

  // The value as 64 bits of integer and 64 of fraction. Bits of less than 2^-64 are dropped: the highest bit of the
  // significand stays, so that the fraction is not 0, and it is half-way only if nothing is below.
  const small = h.ltS(exponent, h.constant(-64n));
  const large = h.or(h.ltS(h.constant(63), exponent), h.ltU(h.constant(KIND.finite), kind));
  const shift = h.select(h.or(small, large), h.constant(127), h.sub(h.constant(63), exponent));
  const fixed = h.shrU(h.shl(h.zext(significand, 128), 64), h.zext(shift, 128));
  const whole = h.trunc(h.shrU(fixed, 64), 64);
  const fraction = h.trunc(fixed, 64);
  const add = one(h.call(increment, sign, h.trunc(whole, 1), fraction, mode));
  // No carry out of 64 bits: a number with a fraction is below 2^53.
  const magnitude = h.add(whole, h.zext(add, 64));

  const top = h.select(wide, h.constant(63), h.constant(31));
  const half = h.shl(h.constant(1), top);
  const greatest = h.select(signed, h.sub(half, 1), h.sub(h.shl(half, 1), 1));
  const least = h.select(signed, half, h.constant(0));
  const limit = h.select(negative, least, greatest);
  const outside = h.or(large, h.ltU(limit, magnitude));
  const inside = h.select(negative, h.sub(h.constant(0), magnitude), magnitude);
  const end = h.select(negative, h.sub(h.constant(0), least), greatest);
  const result = h.select(outside, end, inside);
  const register = h.select(wide, result, h.sext(h.trunc(result, 32), 64));
  const inexact = h.select(h.ne(fraction, 0), h.constant(FLAG.inexact), 0);
  return [register, h.select(outside, h.constant(FLAG.invalid), inexact)];
});
