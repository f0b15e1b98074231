// The floating-point part of a draw: rounding modes, fcsr, and registers that hold edges, numbers of close exponents, few
// digits, subnormals, anything, and singles that are not boxed.
import { type Decoded, fieldValue } from '../../../src/isa/decode.ts';
import type { Row } from '../../../src/isa/isa.ts';
import type { Random } from '../../commitment/random.ts';
import { BOX } from '../vectors.ts';

/** The floating-point registers that do not hold their default, and fcsr. */
export interface FloatDraw {
  readonly f: ReadonlyMap<number, bigint>;
  readonly fcsr: bigint;
}

/** Draws of a row from this one on are of what it refuses: rounding modes that are reserved, addresses out of memory. */
export const FIRST_ILLEGAL = 100;

const DYNAMIC = 7;
/** Field rm of the legal draws, in turn. */
const MODES = [DYNAMIC, 0, 1, DYNAMIC, 2, 3, DYNAMIC, 4];
const RESERVED_MODES = [5, 6, DYNAMIC];

const DOUBLES: readonly bigint[] = [
  ...[0n, 1n, 0x3ff0000000000000n, 0x7ff0000000000000n, 0x7ff8000000000000n, 0x7ff0000000000001n, 0x7ff8000000000123n],
  ...[0xfffffffffffffn, 0x10000000000000n, 0x7fefffffffffffffn, 0x3fefffffffffffffn, 0x3ff0000000000001n],
  ...[0x43e0000000000000n, 0x43f0000000000000n, 0x41dfffffffc00000n, 0x41e0000000000000n, 0x41f0000000000000n],
  ...[0x3fe0000000000000n, 0x3ff8000000000000n, 0x4004000000000000n, 0x4340000000000000n],
  // Around the ends of single precision: least normal, least subnormal and half of it, greatest, its rounding limit.
  ...[0x380fffffffffffffn, 0x36a0000000000000n, 0x3690000000000000n, 0x47efffffe0000000n, 0x47efffffefffffffn],
];
const SINGLES: readonly bigint[] = [
  ...[0n, 1n, 0x3f800000n, 0x7f800000n, 0x7fc00000n, 0x7f800001n, 0x7fc00123n, 0x7fffffn, 0x800000n, 0x7f7fffffn],
  ...[0x3f7fffffn, 0x3f800001n, 0x4effffffn, 0x4f000000n, 0x4f800000n, 0x5f000000n, 0x5f800000n, 0x3f000000n],
  ...[0x3fc00000n, 0x40200000n, 0x4b800000n],
];

interface Precision {
  readonly bits: bigint;
  readonly fractionBits: bigint;
  readonly edges: readonly bigint[];
}

const DOUBLE: Precision = { bits: 64n, fractionBits: 52n, edges: DOUBLES };
const SINGLE: Precision = { bits: 32n, fractionBits: 23n, edges: SINGLES };

/** Precision of a row's operands: the last letter of its name. */
const precisionOf = ({ name }: Row): Precision => (name.endsWith('d') ? DOUBLE : SINGLE);

/** The word with the rounding mode of draw `i`, if the row has one. */
export function drawRoundingMode({ format }: Row, word: number, i: number): number {
  if (!('rm' in format.fields)) return word;
  const modes = i < FIRST_ILLEGAL ? MODES : RESERVED_MODES;
  return ((word & ~0x7000) | ((modes[i % modes.length] ?? 0) << 12)) >>> 0;
}

/** The floating-point registers of draw `i`, if the instruction may read or write one or fcsr. */
export function drawFloat({ row, word }: Decoded, i: number, random: Random): FloatDraw | undefined {
  const { fields } = row.format;
  const registers = Object.entries(fields).flatMap(([name, field]) =>
    field.kind === 'register' && field.file === 'f' ? [[name, Number(fieldValue(field, word))] as const] : [],
  );
  const control = /\.(fflags|frm|fcsr)$/.test(row.name);
  if (registers.length === 0 && !control) return undefined;
  const { rm } = fields;
  const dynamic = rm !== undefined && fieldValue(rm, word) === BigInt(DYNAMIC);
  const flags = random.pick([0, 0, 31, random.below(32)]);
  const mode = !dynamic ? random.below(8) : i < FIRST_ILLEGAL ? random.below(5) : 5 + random.below(3);
  const f = new Map<number, bigint>();
  for (const [name, number] of registers) {
    const before = [...f.values()];
    if (name !== 'rd') f.set(number, related(precisionOf(row), before, random));
  }
  return { f, fcsr: BigInt((mode << 5) | flags) };
}

/** A number, or one that cancels with, equals or neighbours one of `others`, or the negative of their product. */
function related(precision: Precision, others: readonly bigint[], random: Random): bigint {
  const sign = 1n << (precision.bits - 1n);
  const [first, second] = others;
  if (first === undefined || random.below(4) > 0) return drawNumber(precision, random);
  if (second !== undefined && random.below(2) === 0) return product(precision, first, second) ^ sign;
  const bits = random.pick([first, first ^ sign, first + 1n, (first ^ sign) - 1n]);
  return precision === SINGLE ? BOX | BigInt.asUintN(32, bits) : BigInt.asUintN(64, bits);
}

function product(precision: Precision, a: bigint, b: bigint): bigint {
  const view = new DataView(new ArrayBuffer(8));
  const number = (bits: bigint): number => {
    view.setBigUint64(0, bits);
    return precision === SINGLE ? view.getFloat32(4) : view.getFloat64(0);
  };
  const value = number(a) * number(b);
  view.setBigUint64(0, BOX);
  if (precision === SINGLE) view.setFloat32(4, value);
  else view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** A register with a number: every third an edge. */
function drawNumber(precision: Precision, random: Random): bigint {
  const { bits, fractionBits, edges } = precision;
  const sign = BigInt(random.below(2)) << (bits - 1n);
  const fraction = anyBits(random) & ((1n << fractionBits) - 1n);
  const bias = (1n << (bits - fractionBits - 2n)) - 1n;
  const middling = (bias - 8n + BigInt(random.below(70))) << fractionBits;
  const few = BigInt(random.below(4)) << (fractionBits - 2n);
  const choices = [
    () => random.pick(edges),
    () => random.pick(edges),
    () => random.pick(edges),
    () => middling | fraction,
    () => middling | fraction,
    () => middling | few,
    () => BigInt(random.below(64)),
    () => anyBits(random) & ((1n << (bits - 1n)) - 1n),
  ];
  const number = sign | random.pick(choices)();
  if (precision === DOUBLE) return number;
  return random.below(24) === 0 ? (BigInt(random.below(2 ** 32)) << 32n) | number : BOX | number;
}

const anyBits = (random: Random): bigint => (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32));
