// Comparisons, minimum and maximum, classification.

import type { Builder } from '../../../semantics/builder.ts';
import type { Value } from '../../../semantics/program.ts';
import { subroutine } from '../../../semantics/subroutine.ts';
import { BOX, canonicalNan, FLAG, isNan, KIND, one, pick, split, type Unpacked, unpack } from './format.ts';

/** A word that orders numbers that are not NaN as signed integers: zeros are equal. */
const order = subroutine('order', [64, 1], (h, a, double) => {
  const [sign, magnitude] = h.call(split, a, double) as [Value, Value];
  return [h.select(sign, h.sub(h.constant(0), magnitude), magnitude)];
});

const kindOf = (h: Builder, a: Value, double: Value): Value => (h.call(unpack, a, double) as Unpacked)[3];

/** Whether a = b, a < b, and the flags of a quiet and of a signaling comparison. Nothing is equal or less if one is NaN. */
export const compare = subroutine('compare', [64, 64, 1], (h, a, b, double) => {
  const ka = kindOf(h, a, double);
  const kb = kindOf(h, b, double);
  const nan = h.or(isNan(h, ka), isNan(h, kb));
  const signaling = h.or(h.eq(ka, KIND.signalingNan), h.eq(kb, KIND.signalingNan));
  const oa = one(h.call(order, a, double));
  const ob = one(h.call(order, b, double));
  const ordered = h.not(nan);
  return [
    h.and(ordered, h.eq(oa, ob)),
    h.and(ordered, h.ltS(oa, ob)),
    h.select(signaling, h.constant(FLAG.invalid), 0),
    h.select(nan, h.constant(FLAG.invalid), 0),
  ];
});

/** The lesser (or, `greater`, the greater) of two numbers, -0 being below +0; a NaN loses against a number. */
export const minimum = subroutine('minimum', [64, 64, 1, 1], (h, a, b, greater, double) => {
  const ka = kindOf(h, a, double);
  const kb = kindOf(h, b, double);
  const nanA = isNan(h, ka);
  const nanB = isNan(h, kb);
  const [equal, less, flags] = h.call(compare, a, b, double) as [Value, Value, Value];
  const [signA] = h.call(split, a, double) as [Value];
  const below = h.or(less, h.and(equal, signA));
  const number = h.select(h.xor(below, greater), a, b);
  const winner = h.select(nanA, b, h.select(nanB, a, number));
  const boxed = h.select(double, winner, h.or(winner, BOX));
  return [h.select(h.and(nanA, nanB), canonicalNan(h, double), boxed), flags];
});

/** The ten classes of fclass as one bit each. */
export const classify = subroutine('classify', [64, 1], (h, a, double) => {
  const [sign, exponent, , kind] = h.call(unpack, a, double) as Unpacked;
  const subnormal = h.ltS(exponent, pick(h, double, -1022n, -126n));
  const finite = h.select(subnormal, h.constant(2), h.constant(1));
  // Bit for a negative number; a positive one mirrors it: 7 - bit.
  const negative = h.select(
    h.eq(kind, KIND.infinite),
    h.constant(0),
    h.select(h.eq(kind, KIND.zero), h.constant(3), finite),
  );
  const bit = h.select(sign, negative, h.sub(h.constant(7), negative));
  const nan = h.select(h.eq(kind, KIND.signalingNan), h.constant(8), h.constant(9));
  return [h.shl(h.constant(1), h.select(isNan(h, kind), nan, bit))];
});
