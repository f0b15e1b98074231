// Floating point by hand: cases whose results the RISC-V unprivileged manual or IEEE 754-2008 states, each with the place.
// "F, ..." and "D, ..." are sections of the manual's chapters on these extensions. Another witness is the host's own FPU.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../commitment/random.ts';
import { boxed, d, execute, gives, s } from './floatCase.ts';

const INF = Number.POSITIVE_INFINITY;
const DOUBLE = {
  least: 2 ** -1022,
  greatest: Number.MAX_VALUE,
  canonicalNan: 0x7ff8n << 48n,
  signalingNan: 0x7ff0_0000_0000_0001n,
};
const SINGLE = {
  canonicalNan: boxed(0x7fc0_0000),
  signalingNan: boxed(0x7f80_0001),
  greatest: (2 - 2 ** -23) * 2 ** 127,
};
const QUIET = 0xfff8_0000_0000_0123n;
const LARGEST_SUBNORMAL = 0x000f_ffff_ffff_ffffn;

// F, Subnormal Arithmetic: "tininess is detected after rounding"; IEEE 754-2008, 7.5: as though the exponent range were
// unbounded, to the precision of the format. The value is (1 - 2^-54) x 2^-1022, half-way between two of that precision.
test('a result that rounds to the least normal number is not tiny', () => {
  const operands = [d(-(2 ** -538)), d(2 ** -538), d(DOUBLE.least)];
  for (const mode of ['rne', 'rup', 'rmm']) gives(`fmadd.d ${mode}`, operands, d(DOUBLE.least), 'NX');
  for (const mode of ['rtz', 'rdn']) gives(`fmadd.d ${mode}`, operands, LARGEST_SUBNORMAL, 'UF NX');
  gives('fmadd.s', [s(-(2 ** -75)), s(2 ** -76), s(2 ** -126)], s(2 ** -126), 'NX');
  gives('fmadd.s rtz', [s(-(2 ** -75)), s(2 ** -76), s(2 ** -126)], boxed(0x007f_ffff), 'UF NX');
  gives('fcvt.s.d', [d(2 ** -126 - 2 ** -151)], s(2 ** -126), 'NX');
});

// The same places: (1 - 2^-53) x 2^-1022 has the precision of the format, so that it is tiny; as a subnormal it is a tie.
test('a result that only the subnormal spacing rounds to the least normal number is tiny', () => {
  gives('fmul.d', [0x3fef_ffff_ffff_ffffn, d(DOUBLE.least)], d(DOUBLE.least), 'UF NX');
  gives('fmul.d rtz', [0x3fef_ffff_ffff_ffffn, d(DOUBLE.least)], LARGEST_SUBNORMAL, 'UF NX');
  gives('fcvt.s.d', [d(2 ** -126 - 2 ** -150)], s(2 ** -126), 'UF NX');
});

// IEEE 754-2008, 7.5: an exact subnormal result raises no flag.
test('an exact subnormal result is no underflow', () => {
  gives('fmul.d', [d(0.5), d(DOUBLE.least)], d(2 ** -1023));
  gives('fadd.d', [1n, 1n], 2n);
  gives('fcvt.d.s', [boxed(1)], d(2 ** -149));
  gives('fmul.d', [1n, d(0.5)], 0n, 'UF NX');
  gives('fmul.d rup', [1n, d(0.5)], 1n, 'UF NX');
});

// IEEE 754-2008, 7.4: what overflow gives in each rounding direction. A result overflows if it would round to 2^1024.
test('overflow', () => {
  const [top, infinite] = [d(DOUBLE.greatest), d(INF)];
  for (const [mode, up, down] of [
    ['rne', infinite, d(-INF)],
    ['rmm', infinite, d(-INF)],
    ['rtz', top, d(-DOUBLE.greatest)],
    ['rup', infinite, d(-DOUBLE.greatest)],
    ['rdn', top, d(-INF)],
  ] as const) {
    gives(`fadd.d ${mode}`, [top, top], up, 'OF NX');
    gives(`fadd.d ${mode}`, [d(-DOUBLE.greatest), d(-DOUBLE.greatest)], down, 'OF NX');
  }
  gives('fadd.d', [top, d(2 ** 970)], infinite, 'OF NX');
  gives('fadd.d', [top, d(2 ** 969)], top, 'NX');
  gives('fcvt.s.d', [d(2 ** 128)], s(INF), 'OF NX');
  gives('fcvt.s.d', [d(SINGLE.greatest + 2 ** 102)], s(SINGLE.greatest), 'NX');
  gives('fcvt.s.d', [d(SINGLE.greatest + 2 ** 103)], s(INF), 'OF NX');
});

// F, Floating-Point Control and Status Register, table of rounding modes; IEEE 754-2008, 4.3.
test('rounding directions', () => {
  const ulp = 2 ** -52;
  for (const [mode, afterOne, afterOdd, afterMinusOne] of [
    ['rne', 1, 1 + 2 * ulp, -1],
    ['rtz', 1, 1 + ulp, -1],
    ['rdn', 1, 1 + ulp, -1 - ulp],
    ['rup', 1 + ulp, 1 + 2 * ulp, -1],
    ['rmm', 1 + ulp, 1 + 2 * ulp, -1 - ulp],
  ] as const) {
    gives(`fadd.d ${mode}`, [d(1), d(ulp / 2)], d(afterOne), 'NX');
    gives(`fadd.d ${mode}`, [d(1 + ulp), d(ulp / 2)], d(afterOdd), 'NX');
    gives(`fsub.d ${mode}`, [d(-1), d(ulp / 2)], d(afterMinusOne), 'NX');
  }
  const halves: Readonly<Record<string, readonly number[]>> = {
    rne: [2, 0, 2, -2, 0, -2],
    rtz: [2, 0, 1, -2, 0, -1],
    rdn: [2, 0, 1, -3, -1, -2],
    rup: [3, 1, 2, -2, 0, -1],
    rmm: [3, 1, 2, -3, -1, -2],
  };
  for (const [mode, results] of Object.entries(halves))
    for (const [i, operand] of [2.5, 0.5, 1.5, -2.5, -0.5, -1.5].entries()) {
      gives(`fcvt.l.d ${mode}`, [d(operand)], BigInt(results[i] ?? 0), 'NX');
      gives(`fcvt.w.s ${mode}`, [s(operand)], BigInt(results[i] ?? 0), 'NX');
    }
});

// IEEE 754-2008, 6.3: the sign of a zero that is the result of a sum, a product, a square root.
test('signs of zero', () => {
  for (const mode of ['rne', 'rtz', 'rup', 'rmm']) {
    gives(`fsub.d ${mode}`, [d(3), d(3)], d(0));
    gives(`fadd.s ${mode}`, [s(0), s(-0)], s(0));
  }
  gives('fsub.d rdn', [d(3), d(3)], d(-0));
  gives('fadd.s rdn', [s(0), s(-0)], s(-0));
  gives('fadd.d', [d(-0), d(-0)], d(-0));
  gives('fmul.d', [d(-0), d(5)], d(-0));
  gives('fdiv.s', [s(0), s(-5)], s(-0));
  gives('fsqrt.d', [d(-0)], d(-0));
  // F, Single-Precision Floating-Point Computational Instructions: the product is negated, not the sum.
  gives('fnmadd.d', [d(0), d(1), d(0)], d(-0));
  gives('fnmsub.d', [d(0), d(1), d(0)], d(0));
  gives('fmsub.d', [d(0), d(1), d(0)], d(0));
  gives('fmsub.d rdn', [d(0), d(1), d(0)], d(-0));
  gives('fnmadd.d', [d(2), d(3), d(-6)], d(0));
  gives('fnmadd.d', [d(2), d(3), d(4)], d(-10));
  gives('fnmsub.d', [d(2), d(3), d(4)], d(-2));
  gives('fmsub.d', [d(2), d(3), d(4)], d(2));
});

// IEEE 754-2008, 5.4.1: fusedMultiplyAdd rounds once. (1 + e)^2 = 1 + 2e + e^2.
test('multiply-add is fused', () => {
  const e = 2 ** -52;
  gives('fmadd.d', [d(1 + e), d(1 + e), d(-1 - 2 * e)], d(e * e));
  const f = 2 ** -23;
  gives('fmadd.s', [s(1 + f), s(1 + f), s(-1 - 2 * f)], s(f * f));
  gives('fmadd.d', [d(DOUBLE.greatest), d(2), d(-DOUBLE.greatest)], d(DOUBLE.greatest));
});

// F, Single-Precision Floating-Point Computational Instructions: "must set the invalid operation exception flag when the
// multiplicands are infinity and zero, even when the addend is a quiet NaN". IEEE 754-2008, 7.2: the other invalid ones.
test('invalid operations', () => {
  const nan = DOUBLE.canonicalNan;
  gives('fmadd.d', [d(INF), d(0), QUIET], nan, 'NV');
  gives('fnmsub.d', [d(-0), d(-INF), QUIET], nan, 'NV');
  gives('fmadd.d', [d(INF), d(0), d(1)], nan, 'NV');
  gives('fmadd.d', [d(INF), d(1), d(-INF)], nan, 'NV');
  gives('fmadd.d', [d(INF), d(1), QUIET], nan);
  gives('fmadd.d', [d(INF), d(1), d(INF)], d(INF));
  gives('fmadd.d', [d(1), DOUBLE.signalingNan, d(1)], nan, 'NV');
  gives('fsub.d', [d(INF), d(INF)], nan, 'NV');
  gives('fmul.s', [s(0), s(-INF)], SINGLE.canonicalNan, 'NV');
  gives('fdiv.d', [d(0), d(-0)], nan, 'NV');
  gives('fdiv.d', [d(INF), d(INF)], nan, 'NV');
  gives('fsqrt.s', [s(-1)], SINGLE.canonicalNan, 'NV');
  gives('fsqrt.d', [d(-INF)], nan, 'NV');
  // F, NaN Generation and Propagation: no payload comes through; a quiet NaN raises nothing.
  gives('fadd.d', [QUIET, d(1)], nan);
  gives('fcvt.s.d', [QUIET], SINGLE.canonicalNan);
  gives('fcvt.d.s', [SINGLE.signalingNan], nan, 'NV');
});

// IEEE 754-2008, 7.3: an exact infinity of finite operands.
test('division by zero', () => {
  gives('fdiv.d', [d(1), d(0)], d(INF), 'DZ');
  gives('fdiv.d', [d(1), d(-0)], d(-INF), 'DZ');
  gives('fdiv.s', [boxed(0x8000_0001), s(0)], s(-INF), 'DZ');
  gives('fdiv.d', [d(INF), d(0)], d(INF));
  gives('fdiv.d', [d(5), d(-INF)], d(-0));
});

// F, Single-Precision Floating-Point Computational Instructions: FMIN, FMAX.
test('minimum and maximum', () => {
  for (const [a, b] of [
    [d(-0), d(0)],
    [d(0), d(-0)],
  ] as const) {
    gives('fmin.d', [a, b], d(-0));
    gives('fmax.d', [a, b], d(0));
  }
  gives('fmin.s', [s(-1), s(2)], s(-1));
  gives('fmax.s', [s(-1), s(-2)], s(-1));
  gives('fmin.d', [QUIET, d(3)], d(3));
  gives('fmax.d', [d(3), QUIET], d(3));
  gives('fmin.d', [DOUBLE.signalingNan, d(3)], d(3), 'NV');
  gives('fmax.s', [s(3), SINGLE.signalingNan], s(3), 'NV');
  gives('fmin.d', [QUIET, QUIET], DOUBLE.canonicalNan);
  gives('fmax.d', [QUIET, DOUBLE.signalingNan], DOUBLE.canonicalNan, 'NV');
  gives('fmax.s', [0n, s(1)], s(1));
});

// F, Single-Precision Floating-Point Compare Instructions.
test('comparisons', () => {
  gives('feq.d', [d(0), d(-0)], 1n);
  gives('flt.d', [d(-0), d(0)], 0n);
  gives('fle.s', [s(-0), s(0)], 1n);
  gives('flt.s', [s(-INF), s(-1)], 1n);
  gives('fle.d', [d(2), d(1)], 0n);
  gives('feq.d', [QUIET, QUIET], 0n);
  gives('feq.d', [DOUBLE.signalingNan, d(1)], 0n, 'NV');
  for (const name of ['flt', 'fle']) {
    gives(`${name}.d`, [QUIET, d(1)], 0n, 'NV');
    gives(`${name}.s`, [s(1), SINGLE.canonicalNan], 0n, 'NV');
  }
});

// F, Single-Precision Floating-Point Conversion and Move Instructions, table of domains: least and greatest valid result,
// output for -infinity and below, and for NaN, +infinity and above. Results of 32 bits are sign-extended.
test('conversions to integers saturate', () => {
  for (const [integer, least, greatest] of [
    ['w', -(2n ** 31n), 2n ** 31n - 1n],
    ['wu', 0n, -1n],
    ['l', -(2n ** 63n), 2n ** 63n - 1n],
    ['lu', 0n, 2n ** 64n - 1n],
  ] as const) {
    const below = integer.endsWith('u') ? -1 : Number(least) * 2;
    for (const operand of [-INF, below]) {
      gives(`fcvt.${integer}.d`, [d(operand)], least, 'NV');
      gives(`fcvt.${integer}.s`, [s(operand)], least, 'NV');
    }
    const above = integer.startsWith('l') ? 2 ** 64 : 2 ** 32;
    for (const operand of [INF, Number.NaN, above]) {
      gives(`fcvt.${integer}.d`, [d(operand)], greatest, 'NV');
      gives(`fcvt.${integer}.s`, [s(operand)], greatest, 'NV');
    }
    gives(`fcvt.${integer}.d`, [DOUBLE.signalingNan | (1n << 63n)], greatest, 'NV');
  }
});

// The same table: what counts is the value after rounding. Inexact only if not invalid.
test('conversions to integers near their limits', () => {
  gives('fcvt.w.d', [d(2 ** 31 - 1)], 2n ** 31n - 1n);
  gives('fcvt.w.d rtz', [d(2 ** 31 - 0.5)], 2n ** 31n - 1n, 'NX');
  gives('fcvt.w.d', [d(2 ** 31 - 0.5)], 2n ** 31n - 1n, 'NV');
  gives('fcvt.w.d', [d(-(2 ** 31))], -(2n ** 31n));
  gives('fcvt.w.d', [d(-(2 ** 31) - 0.5)], -(2n ** 31n), 'NX');
  gives('fcvt.w.d rdn', [d(-(2 ** 31) - 0.5)], -(2n ** 31n), 'NV');
  gives('fcvt.wu.d rtz', [d(-0.75)], 0n, 'NX');
  gives('fcvt.wu.d rdn', [d(-0.75)], 0n, 'NV');
  gives('fcvt.wu.d', [d(-0)], 0n);
  gives('fcvt.wu.d', [d(2 ** 32 - 1)], -1n);
  gives('fcvt.l.d', [d(2 ** 63)], 2n ** 63n - 1n, 'NV');
  gives('fcvt.l.d', [d(-(2 ** 63))], -(2n ** 63n));
  gives('fcvt.lu.d', [d(2 ** 64 - 2 ** 11)], 2n ** 64n - 2n ** 11n);
  gives('fcvt.lu.d', [d(2 ** 64)], 2n ** 64n - 1n, 'NV');
});

// The same section: integers to numbers. The upper half of the register does not count for w and wu.
test('conversions from integers', () => {
  gives('fcvt.s.w', [0n], s(0));
  gives('fcvt.d.w', [0x1_ffff_ffffn], d(-1));
  gives('fcvt.d.wu', [-1n], d(2 ** 32 - 1));
  gives('fcvt.d.l', [-(2n ** 63n)], d(-(2 ** 63)));
  gives('fcvt.d.lu', [-1n], d(2 ** 64), 'NX');
  gives('fcvt.d.lu rtz', [-1n], d(2 ** 64 - 2 ** 11), 'NX');
  gives('fcvt.s.wu', [2n ** 24n + 1n], s(2 ** 24), 'NX');
  gives('fcvt.s.w rdn', [-(2n ** 24n) - 1n], s(-(2 ** 24) - 2), 'NX');
});

// F, Single-Precision Floating-Point Classify Instruction, table of the result.
test('the ten classes', () => {
  const classes: readonly (readonly [double: bigint, single: bigint])[] = [
    [d(-INF), s(-INF)],
    [d(-1), s(-1)],
    [d(-(2 ** -1074)), boxed(0x807f_ffff)],
    [d(-0), s(-0)],
    [d(0), s(0)],
    [LARGEST_SUBNORMAL, boxed(1)],
    [d(DOUBLE.least), s(2 ** -126)],
    [d(INF), s(INF)],
    [DOUBLE.signalingNan | (1n << 63n), SINGLE.signalingNan],
    [QUIET, boxed(0xffc0_0001)],
  ];
  for (const [bit, [double, single]] of classes.entries()) {
    gives('fclass.d', [double], 1n << BigInt(bit));
    gives('fclass.s', [single], 1n << BigInt(bit));
  }
  gives('fclass.s', [d(1)], 1n << 9n);
});

// F, Single-Precision Floating-Point Conversion and Move Instructions: sign injection neither raises flags nor changes NaNs;
// moves do not modify bits. D, NaN Boxing of Narrower Values: what is not boxed counts as the canonical NaN, but to moves.
test('sign injection, moves and boxing', () => {
  gives('fsgnj.d', [DOUBLE.signalingNan, d(-1)], DOUBLE.signalingNan | (1n << 63n));
  gives('fsgnjn.s', [boxed(0x7f80_0001), s(-1)], boxed(0x7f80_0001));
  gives('fsgnjx.d', [d(-2), d(-3)], d(2));
  gives('fsgnj.s', [0x1234_5678_3f80_0000n, s(-1)], boxed(0xffc0_0000));
  gives('fsgnj.s', [s(-2), 0n], s(2));
  gives('fadd.s', [0x3f80_0000n, s(1)], SINGLE.canonicalNan);
  gives('fcvt.d.s', [d(1)], DOUBLE.canonicalNan);
  gives('fcvt.w.s', [0xffff_fffe_0000_0000n], 2n ** 31n - 1n, 'NV');
  gives('feq.s', [0n, s(0)], 0n);
  gives('fmv.x.w', [0x1234_5678_8765_4321n], 0xffff_ffff_8765_4321n);
  gives('fmv.w.x', [0x1234_5678_8765_4321n], boxed(0x8765_4321));
  gives('fmv.x.d', [DOUBLE.signalingNan], DOUBLE.signalingNan);
  gives('fmv.d.x', [QUIET], QUIET);
});

// F, Floating-Point Control and Status Register: flags accrue; bits 31 to 8 ignore writes and read zero; frm takes any three
// bits; a reserved mode, static or dynamic, is (as the ratified F mandates) an illegal instruction, and one that is not
// used does not matter; a conversion that never rounds treats its mode as usual.
test('fcsr', () => {
  assert.equal(execute('fdiv.d', [d(1), d(0)], 0b00101n).fcsr, 0b01101n);
  assert.equal(execute('fadd.d', [d(1), d(1)], 0b00101n).fcsr, 0b00101n);
  assert.deepEqual(execute('csrrw.fcsr', [-1n], 0x1fn), { result: 0x1fn, fcsr: 0xffn, trap: undefined });
  assert.deepEqual(execute('csrrw.frm', [0xedn], 0x1fn), { result: 0n, fcsr: 0xbfn, trap: undefined });
  assert.deepEqual(execute('csrrc.fflags', [0x11n], 0x7fn), { result: 0x1fn, fcsr: 0x6en, trap: undefined });
  for (const [instruction, operands] of [
    ['fadd.d', [d(1), d(1)]],
    ['fsqrt.s', [s(4)]],
    ['fmadd.s', [s(1), s(1), s(1)]],
    ['fcvt.d.w', [1n]],
    ['fcvt.d.s', [s(1)]],
    ['fcvt.lu.s', [s(1)]],
  ] as const) {
    for (const frm of [5n, 6n, 7n])
      assert.deepEqual(
        execute(`${instruction} dyn`, operands, (frm << 5n) | 3n).trap,
        'illegalInstruction',
        instruction,
      );
    for (const mode of ['5', '6'])
      assert.deepEqual(execute(`${instruction} ${mode}`, operands, 3n).trap, 'illegalInstruction', instruction);
    assert.equal(execute(`${instruction} rtz`, operands, 0xe0n).trap, undefined);
    assert.equal(execute(`${instruction} dyn`, operands, 0x80n).trap, undefined);
  }
  assert.equal(execute('fmin.d', [d(1), d(2)], 0xe0n).trap, undefined);
  assert.equal(execute('fadd.d dyn', [d(1), d(2 ** -53)], 3n << 5n).result, d(1 + 2 ** -52));
});

/** What JavaScript, by the host's FPU, gives for operations rounded to nearest. */
const NATIVE: Readonly<Record<string, (a: number, b: number) => number>> = {
  fadd: (a, b) => a + b,
  fsub: (a, b) => a - b,
  fmul: (a, b) => a * b,
  fdiv: (a, b) => a / b,
  fsqrt: (a) => Math.sqrt(a),
};

test("the host's FPU gives the same, to nearest, in both precisions", () => {
  const random = new Random('float against the host');
  // A sum, product, quotient or root of singles, computed in double precision and rounded again, is rounded correctly.
  const precisions = [
    { suffix: 'd', bits: d, nan: DOUBLE.canonicalNan, round: (x: number) => x },
    { suffix: 's', bits: s, nan: SINGLE.canonicalNan, round: Math.fround },
  ] as const;
  // All digits or few; exponents that are close, or anything up to overflow and underflow.
  const draw = (range: number): number => {
    const significand = 1 + random.below(2 ** 52) * 2 ** -52;
    const digits = random.pick([significand, Math.fround(significand), Math.round(significand * 8) / 8]);
    return (random.below(2) * 2 - 1) * digits * 2 ** (random.below(2 * range) - range);
  };
  for (const { suffix, bits, nan, round } of precisions)
    for (const [name, native] of Object.entries(NATIVE))
      for (let i = 0; i < 1500; i++) {
        const range = random.below(3) > 0 ? 6 : suffix === 'd' ? 600 : 80;
        const [a, b] = [round(draw(range)), round(draw(range))];
        const expected = round(native(a, b));
        const operands = name === 'fsqrt' ? [bits(a)] : [bits(a), bits(b)];
        const { result } = execute(`${name}.${suffix}`, operands);
        assert.equal(result, Number.isNaN(expected) ? nan : bits(expected), `${name}.${suffix} of ${a} and ${b}`);
      }
});
