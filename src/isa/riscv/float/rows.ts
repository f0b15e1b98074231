// The F and D extensions (unprivileged manual, chapters "F" and "D"): each instruction once, for single and double
// precision. Results of single precision are NaN-boxed; operands that are not boxed count as the canonical NaN.

import type { Builder } from '../../../semantics/builder.ts';
import type { Subroutine, Value } from '../../../semantics/program.ts';
import type { Fields, Format, Row } from '../../isa.ts';
import {
  F_COMPARE,
  F_LOAD,
  F_R,
  F_R_RM,
  F_R4,
  F_STORE,
  F_TO_X,
  F_TO_X_RM,
  F_UNARY_RM,
  X_TO_F,
  X_TO_F_RM,
} from '../formats.ts';
import { divide, fusedMultiplyAdd, squareRoot } from './arithmetic.ts';
import { classify, compare, minimum } from './compare.ts';
import { convertPrecision, fromInteger, toInteger } from './convert.ts';
import { BOX, compose, one, pick, ROUND, split } from './format.ts';

interface Precision {
  readonly suffix: 's' | 'd';
  /** Field fmt of the encoding: bits 26 and 25. */
  readonly fmt: number;
  readonly double: boolean;
}

const PRECISIONS: readonly Precision[] = [
  { suffix: 's', fmt: 0, double: false },
  { suffix: 'd', fmt: 1, double: true },
];

const OPERATION = 0x53;
/** funct7 and opcode; with rm; with rs2; with both. */
const MASK = { funct7: 0xfe00007f, funct3: 0xfe00707f, rs2: 0xfff0007f, all: 0xfff0707f };

const flagOf = (h: Builder, bit: boolean): Value => h.constant(bit ? 1 : 0, 1);

/** The rounding mode: the field rm, or that of fcsr if it is dynamic. A reserved one is an illegal instruction. */
function roundingMode(h: Builder, rm: Value): Value {
  const mode = h.select(h.eq(rm, ROUND.dynamic), h.bits(h.state('fcsr'), 7, 5), rm);
  h.when(h.ltU(h.constant(ROUND.nearestMaximum), mode), () => h.trap('illegalInstruction'));
  return mode;
}

/** Adds exception flags to those of fcsr. */
function raise(h: Builder, flags: Value): void {
  h.writeState('fcsr', h.or(h.state('fcsr'), flags));
}

function finish(h: Builder, { rd }: Pick<Fields, 'rd'>, [result, flags]: readonly Value[]): void {
  h.writeF(rd, result as Value);
  raise(h, flags as Value);
}

const encode = (funct7: number, { fmt }: Precision, rs2 = 0, funct3 = 0): number =>
  (((funct7 | fmt) << 25) | (rs2 << 20) | (funct3 << 12) | OPERATION) >>> 0;

type Meaning = Row['meaning'];

const row = (name: string, mask: number, match: number, format: Format, assembly: string, meaning: Meaning): Row => ({
  name,
  mask,
  match,
  format,
  assembly,
  meaning,
});

/** fadd, fsub: a x 1 + b. */
function sum(p: Precision, negate: boolean): Meaning {
  return (h, f) => {
    const mode = roundingMode(h, f.rm);
    const double = flagOf(h, p.double);
    const unit = pick(h, double, 0x3ff0_0000_0000_0000n, BOX | 0x3f80_0000n);
    finish(
      h,
      f,
      h.call(fusedMultiplyAdd, h.f(f.rs1), unit, h.f(f.rs2), flagOf(h, false), flagOf(h, negate), mode, double),
    );
  };
}

/** fmul: a x b plus a zero with the sign of the product, which changes nothing. */
function product(p: Precision): Meaning {
  return (h, f) => {
    const mode = roundingMode(h, f.rm);
    const double = flagOf(h, p.double);
    const [a, b] = [h.f(f.rs1), h.f(f.rs2)];
    const [signA] = h.call(split, a, double) as [Value];
    const [signB] = h.call(split, b, double) as [Value];
    const nothing = one(h.call(compose, h.xor(signA, signB), h.constant(0), double));
    finish(h, f, h.call(fusedMultiplyAdd, a, b, nothing, flagOf(h, false), flagOf(h, false), mode, double));
  };
}

function fused(p: Precision, negateProduct: boolean, negateAddend: boolean): Meaning {
  return (h, f) => {
    const mode = roundingMode(h, f.rm);
    const [np, nc] = [flagOf(h, negateProduct), flagOf(h, negateAddend)];
    finish(h, f, h.call(fusedMultiplyAdd, h.f(f.rs1), h.f(f.rs2), h.f(f.rs3), np, nc, mode, flagOf(h, p.double)));
  };
}

/** The sign of rs2, its complement, or its product with rs1's, on the magnitude of rs1. */
function injectSign(p: Precision, choose: (h: Builder, a: Value, b: Value) => Value): Meaning {
  return (h, { rd, rs1, rs2 }) => {
    const double = flagOf(h, p.double);
    const [signA, magnitude] = h.call(split, h.f(rs1), double) as [Value, Value];
    const [signB] = h.call(split, h.f(rs2), double) as [Value];
    h.writeF(rd, one(h.call(compose, choose(h, signA, signB), magnitude, double)));
  };
}

function extreme(p: Precision, greater: boolean): Meaning {
  return (h, f) => finish(h, f, h.call(minimum, h.f(f.rs1), h.f(f.rs2), flagOf(h, greater), flagOf(h, p.double)));
}

function comparison(p: Precision, truth: (h: Builder, equal: Value, less: Value) => Value, quiet: boolean): Meaning {
  return (h, { rd, rs1, rs2 }) => {
    const results = h.call(compare, h.f(rs1), h.f(rs2), flagOf(h, p.double));
    const [equal, less, quietFlags, signalingFlags] = results as [Value, Value, Value, Value];
    h.writeX(rd, h.zext(truth(h, equal, less), 64));
    raise(h, quiet ? quietFlags : signalingFlags);
  };
}

function unary(f: Subroutine, p: Precision): Meaning {
  return (h, fields) => {
    const mode = roundingMode(h, fields.rm);
    finish(h, fields, h.call(f, h.f(fields.rs1), mode, flagOf(h, p.double)));
  };
}

function quotient(p: Precision): Meaning {
  return (h, f) => {
    const mode = roundingMode(h, f.rm);
    finish(h, f, h.call(divide, h.f(f.rs1), h.f(f.rs2), mode, flagOf(h, p.double)));
  };
}

function arithmeticRows(p: Precision): Row[] {
  const name = (operation: string): string => `${operation}.${p.suffix}`;
  const two = '{rd},{rs1},{rs2}';
  const rounded = (operation: string, funct7: number, meaning: Meaning): Row =>
    row(name(operation), MASK.funct7, encode(funct7, p), F_R_RM, `${two}{rm}`, meaning);
  const exact = (operation: string, funct7: number, funct3: number, format: Format, meaning: Meaning): Row =>
    row(name(operation), MASK.funct3, encode(funct7, p, 0, funct3), format, two, meaning);
  const four = (operation: string, opcode: number, np: boolean, nc: boolean): Row =>
    row(name(operation), 0x0600007f, (p.fmt << 25) | opcode, F_R4, '{rd},{rs1},{rs2},{rs3}{rm}', fused(p, np, nc));
  return [
    four('fmadd', 0x43, false, false),
    four('fmsub', 0x47, false, true),
    four('fnmsub', 0x4b, true, false),
    four('fnmadd', 0x4f, true, true),
    rounded('fadd', 0x00, sum(p, false)),
    rounded('fsub', 0x04, sum(p, true)),
    rounded('fmul', 0x08, product(p)),
    rounded('fdiv', 0x0c, quotient(p)),
    row(name('fsqrt'), MASK.rs2, encode(0x2c, p), F_UNARY_RM, '{rd},{rs1}{rm}', unary(squareRoot, p)),
    exact(
      'fsgnj',
      0x10,
      0,
      F_R,
      injectSign(p, (_, __, b) => b),
    ),
    exact(
      'fsgnjn',
      0x10,
      1,
      F_R,
      injectSign(p, (h, _, b) => h.not(b)),
    ),
    exact(
      'fsgnjx',
      0x10,
      2,
      F_R,
      injectSign(p, (h, a, b) => h.xor(a, b)),
    ),
    exact('fmin', 0x14, 0, F_R, extreme(p, false)),
    exact('fmax', 0x14, 1, F_R, extreme(p, true)),
    exact(
      'fle',
      0x50,
      0,
      F_COMPARE,
      comparison(p, (h, equal, less) => h.or(equal, less), false),
    ),
    exact(
      'flt',
      0x50,
      1,
      F_COMPARE,
      comparison(p, (_, __, less) => less, false),
    ),
    exact(
      'feq',
      0x50,
      2,
      F_COMPARE,
      comparison(p, (_, equal) => equal, true),
    ),
  ];
}

/** w, wu, l, lu: the integer forms, by their number in rs2. */
const INTEGERS = ['w', 'wu', 'l', 'lu'] as const;

function integerRows(p: Precision): Row[] {
  return INTEGERS.flatMap((integer, number) => {
    const signed = number % 2 === 0;
    const wide = number >= 2;
    const to: Meaning = (h, { rd, rs1, rm }) => {
      const mode = roundingMode(h, rm);
      const results = h.call(toInteger, h.f(rs1), mode, flagOf(h, p.double), flagOf(h, signed), flagOf(h, wide));
      h.writeX(rd, results[0] as Value);
      raise(h, results[1] as Value);
    };
    const from: Meaning = (h, f) => {
      const mode = roundingMode(h, f.rm);
      const low = h.trunc(h.x(f.rs1), 32);
      const word = wide ? h.x(f.rs1) : signed ? h.sext(low, 64) : h.zext(low, 64);
      finish(h, f, h.call(fromInteger, word, flagOf(h, signed), mode, flagOf(h, p.double)));
    };
    const exact = p.double && !wide;
    const operands = '{rd},{rs1}{rm}';
    return [
      row(`fcvt.${integer}.${p.suffix}`, MASK.rs2, encode(0x60, p, number), F_TO_X_RM, operands, to),
      row(
        `fcvt.${p.suffix}.${integer}`,
        MASK.rs2,
        encode(0x68, p, number),
        X_TO_F_RM,
        exact ? '{rd},{rs1}{exactRm}' : operands,
        from,
      ),
    ];
  });
}

function moveRows(p: Precision): Row[] {
  const bits = p.double ? 'd' : 'w';
  const other = PRECISIONS[1 - p.fmt] as Precision;
  const toX: Meaning = (h, { rd, rs1 }) => h.writeX(rd, p.double ? h.f(rs1) : h.sext(h.trunc(h.f(rs1), 32), 64));
  const toF: Meaning = (h, { rd, rs1 }) => h.writeF(rd, p.double ? h.x(rs1) : box(h, h.trunc(h.x(rs1), 32)));
  const classOf: Meaning = (h, { rd, rs1 }) => h.writeX(rd, one(h.call(classify, h.f(rs1), flagOf(h, p.double))));
  const convert: Meaning = (h, f) => {
    const mode = roundingMode(h, f.rm);
    finish(h, f, h.call(convertPrecision, h.f(f.rs1), mode, flagOf(h, other.double), flagOf(h, p.double)));
  };
  return [
    row(`fmv.x.${bits}`, MASK.all, encode(0x70, p), F_TO_X, '{rd},{rs1}', toX),
    row(`fclass.${p.suffix}`, MASK.all, encode(0x70, p, 0, 1), F_TO_X, '{rd},{rs1}', classOf),
    row(`fmv.${bits}.x`, MASK.all, encode(0x78, p), X_TO_F, '{rd},{rs1}', toF),
    row(
      `fcvt.${p.suffix}.${other.suffix}`,
      MASK.rs2,
      encode(0x20, p, other.fmt),
      F_UNARY_RM,
      p.double ? '{rd},{rs1}{exactRm}' : '{rd},{rs1}{rm}',
      convert,
    ),
  ];
}

/** 32 bits in a floating-point register. */
function box(h: Builder, word: Value): Value {
  return h.or(h.zext(word, 64), BOX);
}

function memoryRows(p: Precision): Row[] {
  const bytes = p.double ? 8 : 4;
  const letter = p.double ? 'd' : 'w';
  const funct3 = p.double ? 0x3000 : 0x2000;
  const load: Meaning = (h, { rd, rs1, imm }) => {
    const word = h.load(h.add(h.x(rs1), imm), bytes);
    h.writeF(rd, p.double ? word : box(h, word));
  };
  const store: Meaning = (h, { rs1, rs2, imm }) =>
    h.store(h.add(h.x(rs1), imm), bytes, h.trunc(h.f(rs2), p.double ? 64 : 32));
  return [
    row(`fl${letter}`, 0x707f, funct3 | 0x07, F_LOAD, '{rd},{imm}({rs1})', load),
    row(`fs${letter}`, 0x707f, funct3 | 0x27, F_STORE, '{rs2},{imm}({rs1})', store),
  ];
}

/** F and D. */
export const FLOAT: readonly Row[] = PRECISIONS.flatMap((p) => [
  ...memoryRows(p),
  ...arithmeticRows(p),
  ...integerRows(p),
  ...moveRows(p),
]);
