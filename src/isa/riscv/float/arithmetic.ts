// Addition, subtraction, multiplication and fused multiply-add as one body; division and square root by digit recurrence.
// Each gives the boxed result and the flags.

import type { Builder } from '../../../semantics/builder.ts';
import type { Value } from '../../../semantics/program.ts';
import { subroutine } from '../../../semantics/subroutine.ts';
import { canonicalNan, FLAG, infinity, isNan, KIND, one, ROUND, round, type Unpacked, unpack, zero } from './format.ts';

/** Result and flags of an operation with operands that need no rounding. */
interface Special {
  readonly when: Value;
  readonly result: Value;
  readonly flags: Value;
}

/** The first special case that applies, else the rounded result. */
function choose(h: Builder, specials: readonly Special[], rounded: readonly Value[]): Value[] {
  let [result, flags] = rounded as [Value, Value];
  for (const special of [...specials].reverse()) {
    result = h.select(special.when, special.result, result);
    flags = h.select(special.when, special.flags, flags);
  }
  return [result, flags];
}

const is = (h: Builder, kind: Value, which: number): Value => h.eq(kind, which);

/** A NaN operand, or an operation that has no result: the canonical NaN, flag invalid for the latter or a signaling NaN. */
function nanCase(h: Builder, kinds: readonly Value[], invalid: Value, double: Value): Special {
  const any = (f: (kind: Value) => Value): Value => kinds.map(f).reduce((a, b) => h.or(a, b));
  const signaling = h.or(
    any((kind) => is(h, kind, KIND.signalingNan)),
    invalid,
  );
  return {
    when: h.or(
      any((kind) => isNan(h, kind)),
      invalid,
    ),
    result: canonicalNan(h, double),
    flags: h.select(signaling, h.constant(FLAG.invalid), 0),
  };
}

/** Shifts 128 bits right; bits lost set the lowest one. Any count of 64 bits. */
const shiftRightSticky128 = subroutine('shiftRightSticky128', [128, 64], (h, value, count) => {
  const amount = h.zext(count, 128);
  const kept = h.shrU(value, amount);
  const lost = h.ne(h.shl(kept, amount), value);
  const far = h.ltU(h.constant(127), count);
  return [h.select(far, h.zext(h.ne(value, 0), 128), h.or(kept, h.zext(lost, 128)))];
});

/**
 * The sum of a product (sign sp, exponent ep, significand p) and an addend (sc, ec, c), both significands of 128 bits with
 * their units at 2^125: sign, exponent, significand.
 */
const addMagnitudes = subroutine('addMagnitudes', [1, 64, 128, 1, 64, 128, 64], (h, sp, ep, p, sc, ec, c, mode) => {
  const distance = h.sub(ep, ec);
  const productHigher = h.not(h.ltS(distance, h.constant(0)));
  const exponent = h.select(productHigher, ep, ec);
  const down = h.select(productHigher, distance, h.sub(h.constant(0), distance));
  const shifted = one(h.call(shiftRightSticky128, h.select(productHigher, c, p), down));
  const a = h.select(productHigher, p, shifted);
  const b = h.select(productHigher, shifted, c);
  const same = h.eq(sp, sc);
  const less = h.ltU(a, b);
  const difference = h.select(less, h.sub(b, a), h.sub(a, b));
  const sum = h.select(same, h.add(a, b), difference);
  const sign = h.select(h.or(same, h.not(less)), sp, sc);
  const cancelled = h.eq(sum, 0);
  const leading = h.clz(sum);
  const normal = h.shl(sum, leading);
  const high = h.trunc(h.shrU(normal, 64), 64);
  const sticky = h.zext(h.ne(h.trunc(normal, 64), 0), 64);
  return [
    h.select(cancelled, h.eq(mode, ROUND.down), sign),
    h.sub(h.add(exponent, h.constant(2)), h.trunc(leading, 64)),
    h.or(high, sticky),
  ];
});

/** a x b + c, rounded once; the product (flag np) and the addend (flag nc) negated if the flags say so. */
export const fusedMultiplyAdd = subroutine(
  'fusedMultiplyAdd',
  [64, 64, 64, 1, 1, 64, 1],
  (h, a, b, c, np, nc, mode, double) => {
    const [sa, ea, ma, ka] = h.call(unpack, a, double) as Unpacked;
    const [sb, eb, mb, kb] = h.call(unpack, b, double) as Unpacked;
    const [sc0, ec, mc, kc] = h.call(unpack, c, double) as Unpacked;
    const sp = h.xor(h.xor(sa, sb), np);
    const sc = h.xor(sc0, nc);

    // The product of two 64-bit significands has its highest bit at 127 or 126. Half of it is exact: significands have at
    // least eleven low zeros.
    const product = h.shrU(h.mul(h.zext(ma, 128), h.zext(mb, 128)), 1);
    const addend = h.shl(h.zext(mc, 128), 62);
    const ep = h.add(ea, eb);
    const productZero = h.eq(product, 0);
    const addendZero = h.eq(mc, 0);
    // A zero takes the other's exponent: its own means nothing.
    const [sign, exponent, significand] = h.call(
      addMagnitudes,
      sp,
      h.select(productZero, ec, ep),
      product,
      sc,
      h.select(addendZero, ep, ec),
      addend,
      mode,
    ) as [Value, Value, Value];
    const rounded = h.call(round, sign, exponent, significand, mode, double);

    const productInfinite = h.or(is(h, ka, KIND.infinite), is(h, kb, KIND.infinite));
    const addendInfinite = is(h, kc, KIND.infinite);
    const infiniteByZero = h.and(productInfinite, h.or(is(h, ka, KIND.zero), is(h, kb, KIND.zero)));
    const opposite = h.and(h.and(productInfinite, addendInfinite), h.ne(sp, sc));
    const nan = h.or(h.or(isNan(h, ka), isNan(h, kb)), isNan(h, kc));
    const invalid = h.or(infiniteByZero, h.and(opposite, h.not(nan)));
    const none = h.constant(0);
    const bothZero = h.and(productZero, addendZero);
    const zeroSign = h.select(h.eq(sp, sc), sp, h.eq(mode, ROUND.down));
    return choose(
      h,
      [
        nanCase(h, [ka, kb, kc], invalid, double),
        { when: productInfinite, result: infinity(h, sp, double), flags: none },
        { when: addendInfinite, result: infinity(h, sc, double), flags: none },
        { when: bothZero, result: zero(h, zeroSign, double), flags: none },
      ],
      rounded,
    );
  },
);

/** Digits of a quotient or a root in [1, 2): the 53 of double precision and a guard bit. The remainder tells the rest. */
const DIGITS = 54;

/** a / b. */
export const divide = subroutine('divide', [64, 64, 64, 1], (h, a, b, mode, double) => {
  const [sa, ea, ma, ka] = h.call(unpack, a, double) as Unpacked;
  const [sb, eb, mb, kb] = h.call(unpack, b, double) as Unpacked;
  const sign = h.xor(sa, sb);
  // Two bits of headroom: a remainder below the divisor can be doubled.
  const divisor = h.shrU(mb, 2);
  const dividend = h.shrU(ma, 2);
  const small = h.ltU(dividend, divisor);
  const remainder = h.variable(h.select(small, h.shl(dividend, 1), dividend));
  const quotient = h.variable(h.constant(0));
  h.repeat(DIGITS, () => {
    const rest = h.get(remainder);
    const fits = h.not(h.ltU(rest, divisor));
    h.set(quotient, h.or(h.shl(h.get(quotient), 1), h.zext(fits, 64)));
    h.set(remainder, h.shl(h.select(fits, h.sub(rest, divisor), rest), 1));
  });
  const sticky = h.zext(h.ne(h.get(remainder), 0), 64);
  const significand = h.or(h.shl(h.get(quotient), 64 - DIGITS), sticky);
  const exponent = h.sub(h.sub(ea, eb), h.zext(small, 64));
  const rounded = h.call(round, sign, exponent, significand, mode, double);

  const none = h.constant(0);
  const zeroes = h.and(is(h, ka, KIND.zero), is(h, kb, KIND.zero));
  const infinities = h.and(is(h, ka, KIND.infinite), is(h, kb, KIND.infinite));
  const byInfinity = h.or(is(h, ka, KIND.zero), is(h, kb, KIND.infinite));
  return choose(
    h,
    [
      nanCase(h, [ka, kb], h.or(zeroes, infinities), double),
      { when: is(h, ka, KIND.infinite), result: infinity(h, sign, double), flags: none },
      { when: byInfinity, result: zero(h, sign, double), flags: none },
      { when: is(h, kb, KIND.zero), result: infinity(h, sign, double), flags: h.constant(FLAG.divideByZero) },
    ],
    rounded,
  );
});

/** The square root of a. */
export const squareRoot = subroutine('squareRoot', [64, 64, 1], (h, a, mode, double) => {
  const [sign, ea, ma, ka] = h.call(unpack, a, double) as Unpacked;
  // The radicand in [1, 4), units at 2^60, with an even exponent.
  const odd = h.trunc(ea, 1);
  const rest = h.variable(h.shrU(ma, h.sub(h.constant(3), h.zext(odd, 64))));
  const twice = h.variable(h.constant(0));
  const root = h.variable(h.constant(0));
  h.repeat(DIGITS, (i) => {
    const digit = h.shrU(h.constant(1n << 60n), i);
    const trial = h.add(h.get(twice), digit);
    const now = h.get(rest);
    const fits = h.not(h.ltU(now, trial));
    const taken = h.select(fits, digit, h.constant(0));
    h.set(twice, h.add(h.get(twice), h.shl(taken, 1)));
    h.set(root, h.add(h.get(root), taken));
    h.set(rest, h.shl(h.select(fits, h.sub(now, trial), now), 1));
  });
  const sticky = h.zext(h.ne(h.get(rest), 0), 64);
  const significand = h.or(h.shl(h.get(root), 3), sticky);
  const rounded = h.call(round, h.constant(0, 1), h.shrS(ea, 1), significand, mode, double);

  const none = h.constant(0);
  const isZero = is(h, ka, KIND.zero);
  const nan = isNan(h, ka);
  return choose(
    h,
    [
      { when: isZero, result: zero(h, sign, double), flags: none },
      nanCase(h, [ka], h.and(sign, h.not(nan)), double),
      { when: is(h, ka, KIND.infinite), result: infinity(h, sign, double), flags: none },
    ],
    rounded,
  );
});
