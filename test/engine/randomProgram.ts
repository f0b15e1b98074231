// Random programs for the fast loop: a body of random variants that loops forever, with data pointers that stay, stores
// into its own code, jumps inside of it, and now and then a fault.

import type { Fusion } from '../../src/engine/fusion.ts';
import { ISA } from '../../src/engine/profile.ts';
import { VARIANTS, type Variant, variantNamed, variantsOf } from '../../src/engine/variants.ts';
import { type Decoded, decode } from '../../src/isa/decode.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { allHalves, encode } from './encode.ts';
import { bytesOf, CODE, DATA, type Random, restart, value } from './randomCode.ts';

/** Registers that keep pointing to data (or, the last, to code): no instruction writes them. */
const DATA_POINTERS = [2, 8, 9, 26, 27];
const CODE_POINTER = 28;
const KEPT = [...DATA_POINTERS, CODE_POINTER];
/** Registers that instructions compute with: few, so that results are taken up. */
const POOL = [5, 6, 7, 10, 11, 12, 13, 14, 15, 16];

export interface ProgramOptions {
  /** Variants to choose from; weights are equal. */
  readonly variants?: readonly Variant[];
  /** Probability that a load or store has a base that is anything. */
  readonly wild?: number;
  /** Probability that it has the code pointer as its base. */
  readonly selfModifying?: number;
  /** Sequences to put into the program, three times out of four. */
  readonly fusions?: readonly Fusion[];
}

/** Registers that are given, by field. */
type Fixed = Readonly<Record<string, number>>;

const byVariant = new Map<Variant, Decoded[]>();

/** Half-words that are of a variant of 2 bytes and do not write a register that is kept. */
function halvesOf(variant: Variant): readonly Decoded[] {
  if (byVariant.size === 0)
    for (const decoded of allHalves()) {
      const rd = Number(decoded.fields['rd'] ?? 0n);
      if (KEPT.includes(rd) && decoded.row.format.fields['rd']) continue;
      const of = variantsOf(decoded.row).find((each) => each.length === 2 && fits(each, decoded.fields));
      if (of) byVariant.set(of, [...(byVariant.get(of) ?? []), decoded]);
    }
  return byVariant.get(variant) ?? [];
}

function fits({ known, nonzero, near }: Variant, fields: Readonly<Record<string, bigint>>): boolean {
  const small = near === undefined || BigInt.asUintN(64, (fields[near] ?? 0n) + 64n) < 128n;
  return (
    small &&
    Object.entries(known).every(([name, each]) => fields[name] === each) &&
    nonzero.every((name) => fields[name] !== 0n)
  );
}

/** A random instruction word of a variant, or undefined where there is none to be had. */
function wordOfVariant(
  variant: Variant,
  random: Random,
  options: ProgramOptions,
  fixed: Fixed = {},
): number | undefined {
  const accesses = variant.program.touchesMemory;
  if (variant.length === 2) {
    const isFixed = ({ fields }: Decoded) => Object.entries(fixed).every(([name, x]) => fields[name] === BigInt(x));
    const halves = Object.keys(fixed).length === 0 ? halvesOf(variant) : halvesOf(variant).filter(isFixed);
    for (let i = 0; i < 30 && halves.length > 0; i++) {
      const { word, fields } = random.pick(halves);
      if (!accesses || DATA_POINTERS.includes(Number(fields['rs1'])) || random.chance(options.wild ?? 0.05))
        return word;
    }
    return undefined;
  }
  const fields: Record<string, bigint> = {};
  for (const [name, field] of Object.entries(variant.row.format.fields)) {
    const known = variant.known[name];
    if (known !== undefined) fields[name] = known;
    else if (fixed[name] !== undefined) fields[name] = BigInt(fixed[name]);
    else if (field.kind === 'register') fields[name] = BigInt(register(name, accesses, random, options));
    else fields[name] = immediate(variant, random);
  }
  return encode(variant.row, fields);
}

function register(
  name: string,
  accesses: boolean,
  random: Random,
  { wild = 0.05, selfModifying = 0.05 }: ProgramOptions,
) {
  if (name !== 'rs1' || !accesses) return name === 'rd' ? random.pick(POOL) : random.pick([0, ...POOL, ...KEPT]);
  if (random.chance(wild)) return random.pick(POOL);
  return random.chance(selfModifying) ? CODE_POINTER : random.pick(DATA_POINTERS);
}

/** An immediate of a size that every format has. */
function immediate({ row, near, program }: Variant, random: Random): bigint {
  const jumps = near !== undefined || program.statements.some(({ kind }) => kind === 'jump' || kind === 'when');
  if (jumps && !program.touchesMemory) return BigInt.asUintN(64, BigInt(2 * (random.below(40) - 20)));
  if (row.format.name === 'U') return BigInt.asUintN(64, BigInt((random.bits() & ~0xfff) | 0));
  if (row.format.name.startsWith('SHIFT')) return BigInt(random.below(32));
  return BigInt.asUintN(64, BigInt(random.chance(0.7) ? 8 * (random.below(32) - 16) : random.below(4096) - 2048));
}

/** Words of a sequence whose registers are linked as it says, or fewer where they are not to be had. */
function wordsOfFusion({ elements }: Fusion, random: Random, options: ProgramOptions): number[] {
  for (let attempt = 0; attempt < 10; attempt++) {
    const results: number[] = [];
    const words: number[] = [];
    for (const { variant, links } of elements) {
      const fixed = Object.fromEntries(Object.entries(links).map(([field, source]) => [field, results[source] ?? 0]));
      const word = wordOfVariant(variant, random, options, fixed);
      if (word === undefined) break;
      const rd = decode(ISA, word, variant.length)?.fields['rd'];
      results.push(Number(rd ?? 0n));
      words.push(word);
    }
    if (words.length === elements.length) return words;
  }
  return [];
}

/** Puts a random program at a random place into both machines, and both before its first instruction. */
export function writeProgram(machines: readonly Machine[], random: Random, options: ProgramOptions = {}): string {
  const start = CODE + 4096 * random.below(2) + random.pick([0, 2, 4060, 4072, 4080, 4090, 2 * random.below(2000)]);
  const names: string[] = [];
  const bytes: number[] = [];
  const count = 2 + random.below(24);
  for (let i = 0; i < count; i++) {
    const fusion = options.fusions && random.chance(0.75) ? random.pick(options.fusions) : undefined;
    const variant = random.pick(options.variants ?? VARIANTS);
    const word = fusion ? undefined : wordOfVariant(variant, random, options);
    const words = fusion ? wordsOfFusion(fusion, random, options) : word === undefined ? [] : [word];
    names.push(`${(fusion ?? variant).name}: ${words.map((each) => `0x${each.toString(16)}`).join(' ')}`);
    for (const each of words) bytes.push(...bytesOf(each));
  }
  const back = variantNamed('jal rd=0/4')?.row;
  if (back) bytes.push(...bytesOf(encode(back, { rd: 0n, imm: BigInt.asUintN(64, -BigInt(bytes.length)) })));
  const registers = Array.from({ length: 32 }, () => value(random));
  for (const pointer of DATA_POINTERS) registers[pointer] = BigInt(DATA + 4096 + 8 * (random.below(1024) - 512));
  registers[CODE_POINTER] = BigInt(start + random.below(bytes.length));
  for (const machine of machines) {
    machine.write(start, Uint8Array.from(bytes));
    restart(machine, BigInt(start));
    for (const [i, x] of registers.entries()) machine.setX(i, x);
  }
  return `at 0x${start.toString(16)}: ${names.join('; ')}`;
}
