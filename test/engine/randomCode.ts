// Random instructions for the engine's tests: words of a given row with registers and immediates that make something
// happen, and machines whose registers point to where it matters.

import { ISA } from '../../src/engine/profile.ts';
import type { Format, Row } from '../../src/isa/isa.ts';
import { Machine } from '../../src/machine/machine.ts';
import { MACHINE_VERSION, NEVER, STATUS } from '../../src/semantics/layout.ts';

/** A small generator of random numbers (mulberry32): the same seed gives the same test. */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** 32 random bits. */
  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor((this.bits() / 2 ** 32) * count);
  }

  chance(probability: number): boolean {
    return this.bits() / 2 ** 32 < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  word64(): bigint {
    return (BigInt(this.bits()) << 32n) | BigInt(this.bits());
  }
}

/** The seed of a test: OMO_SEED, or one of the clock. Tests print it. */
export function seed(): number {
  return Number(process.env['OMO_SEED'] ?? Date.now() % 2 ** 32);
}

export const CODE = 0x0002_0000;
export const DATA = 0x0010_0000;

const EDGES = [0n, 1n, 2n, 0x7fn, 0x80n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 63n, (1n << 64n) - 1n];

/** A register value: an edge, an address that matters, or anything. */
export function value(random: Random): bigint {
  const near = (address: number) => BigInt(address + random.below(72) - 40);
  switch (random.below(8)) {
    case 0:
      return random.pick(EDGES);
    case 1:
      return near(random.pick([0x1_0000, 0xf000_0000, 2 ** 32]));
    case 2:
    case 3:
      return BigInt(DATA + 8 * random.below(1024));
    case 4:
      return near(DATA + 4096 * (1 + random.below(2)));
    case 5:
      return near(CODE + 16);
    default:
      return random.word64();
  }
}

const BOX = 0xffff_ffffn << 32n;

/** The content of a floating-point register: a single or double of a middling exponent, or anything. */
export function floatValue(random: Random): bigint {
  const exponent = random.below(64) - 32;
  switch (random.below(4)) {
    case 0:
      return BOX | (random.word64() & 0x807f_ffffn) | (BigInt(127 + exponent) << 23n);
    case 1:
      return (random.word64() & 0x800f_ffff_ffff_ffffn) | (BigInt(1023 + exponent) << 52n);
    case 2:
      return BOX | value(random);
    default:
      return value(random);
  }
}

/** A word of a row: registers out of `registers` (by field name), other fields random. */
export function wordOf(row: Row, random: Random, registers: (field: string) => number): number {
  let word = (row.match | (random.bits() & ~row.mask)) >>> 0;
  for (const [name, field] of Object.entries((row.format as Format).fields))
    if (field.kind === 'register') word = (word & ~(31 << field.low)) | (registers(name) << field.low);
  return word >>> 0;
}

/** A half-word of a compressed row that is not reserved, most of the time. */
export function randomHalf(random: Random): number {
  const row = random.pick(ISA.compressed);
  return row.match | (random.bits() & ~row.mask & 0xffff);
}

/** A machine that is ready to run, with two pages of data. */
export function makeMachine(): Machine {
  const machine = new Machine();
  machine.set('version', BigInt(MACHINE_VERSION));
  machine.set('status', BigInt(STATUS.running));
  machine.set('preemptStep', NEVER);
  machine.set('pc', BigInt(CODE));
  return machine;
}

/** Makes a machine that may have halted run again, from `pc`. */
export function restart(machine: Machine, pc: bigint): void {
  machine.set('status', BigInt(STATUS.running));
  machine.set('reason', 0n);
  machine.set('pc', pc);
}

/** Bytes of an instruction: 2 for a half-word, else 4. */
export function bytesOf(word: number): Uint8Array {
  const length = (word & 3) === 3 ? 4 : 2;
  return Uint8Array.from({ length }, (_, i) => (word >>> (8 * i)) & 0xff);
}
