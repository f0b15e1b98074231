// Which sequences of instructions tier 0 fuses: chosen from straight runs of real programs, each with the number of times
// that it was executed, by joining the neighbours that save most, again and again (as byte-pair encoding does).

import { FUSED_MAX, registerOffsets } from '../../src/engine/fusion.ts';
import { type Variant, variantsOf } from '../../src/engine/variants.ts';
import type { Decoded } from '../../src/isa/decode.ts';

/** An instruction of a run, as the fuser sees it. */
export interface Instruction {
  readonly variant: Variant;
  /** The register that it writes, if it does. */
  readonly result: number | undefined;
  /** The register fields that its variant leaves open. */
  readonly registers: readonly (readonly [field: string, number: number])[];
}

/** Instructions that were executed one after the other without a jump; undefined where one has no variant. */
export interface Run {
  readonly instructions: readonly (Instruction | undefined)[];
  readonly count: number;
}

/** The variant that the decoder gives a decoded instruction at `pc`. */
export function instructionOf(decoded: Decoded, pc: number): Instruction | undefined {
  const { fields, row } = decoded;
  const fits = ({ known, nonzero, near, length }: Variant): boolean => {
    const target = pc + Number(BigInt.asIntN(64, near === undefined ? 0n : (fields[near] ?? 0n)));
    return (
      BigInt(length) === fields['length'] &&
      Object.entries(known).every(([name, value]) => fields[name] === value) &&
      nonzero.every((name) => fields[name] !== 0n) &&
      (near === undefined || Math.floor(target / 4096) === Math.floor(pc / 4096))
    );
  };
  const variant = variantsOf(row).find(fits);
  if (!variant) return undefined;
  const [result] = variant.nonzero;
  return {
    variant,
    result: result === undefined ? undefined : Number(fields[result]),
    registers: registerOffsets(variant).map(([name]) => [name, Number(fields[name])] as const),
  };
}

/** The name of a sequence with all that its registers have in common, as fusion.ts reads it. */
export function exactName(sequence: readonly Instruction[]): string {
  return sequence
    .map(({ variant, registers }, j) => {
      const links = registers.flatMap(([field, number]) => {
        const source = sequence.slice(0, j).findLastIndex(({ result }) => result !== undefined && result === number);
        return source < 0 ? [] : [`${field}:${source}`];
      });
      return `${variant.name} (${links.join(', ')})`;
    })
    .join(' + ');
}

/** The name of a sequence whatever its registers are. */
export function looseName(sequence: readonly Instruction[]): string {
  return sequence.map(({ variant }) => variant.name).join(' + ');
}

/** A link saves a way through memory: it counts as part of a dispatch. */
const LINK_GAIN = 0.5;
/** Share of a loose sequence that an exact one must have to be worth a handler of its own. */
const EXACT_SHARE = 0.25;

/** Chooses `count` sequences. */
export function chooseFusions(runs: readonly Run[], count: number, perRound = 8): string[] {
  const chosen = new Set<string>();
  while (chosen.size < count) {
    const gains = new Map<string, number>();
    const loose = new Map<string, number>();
    for (const run of runs) {
      const parts = segment(run.instructions, chosen);
      for (let i = 0; i + 1 < parts.length; i++) {
        const joined = [...(parts[i] ?? []), ...(parts[i + 1] ?? [])];
        if (joined.length > FUSED_MAX || joined.includes(undefined)) continue;
        const sequence = joined as Instruction[];
        const exact = exactName(sequence);
        const links = exact.split(':').length - 1;
        if (links > 0 && !chosen.has(exact))
          gains.set(exact, (gains.get(exact) ?? 0) + run.count * (1 + LINK_GAIN * links));
        const name = looseName(sequence);
        loose.set(name, (loose.get(name) ?? 0) + run.count);
      }
    }
    for (const [name, gain] of loose) if (!chosen.has(name)) gains.set(name, (gains.get(name) ?? 0) + gain);
    const best = [...gains].sort(([, a], [, b]) => b - a).slice(0, Math.min(perRound, count - chosen.size));
    if (best.length === 0) break;
    for (const [name] of best) {
      const plain = name.replaceAll(/ \([^)]*\)/g, '');
      const share = (gains.get(name) ?? 0) / (loose.get(plain) ?? 1);
      chosen.add(name.includes('(') && share < EXACT_SHARE ? plain : name);
    }
  }
  return [...chosen];
}

/** Cuts a run as the fuser does: from each slot on, the longest sequence that is in the table. */
export function segment(
  instructions: Run['instructions'],
  table: ReadonlySet<string>,
): (readonly (Instruction | undefined)[])[] {
  const parts: (readonly (Instruction | undefined)[])[] = [];
  let at = 0;
  while (at < instructions.length) {
    let length = FUSED_MAX;
    for (; length > 1; length--) {
      const sequence = instructions.slice(at, at + length);
      if (sequence.length < length || sequence.includes(undefined)) continue;
      if (table.has(exactName(sequence as Instruction[])) || table.has(looseName(sequence as Instruction[]))) break;
    }
    parts.push(instructions.slice(at, at + length));
    at += length;
  }
  return parts;
}

/** Instructions a dispatch, over all runs, with a table. */
export function instructionsPerDispatch(runs: readonly Run[], table: ReadonlySet<string>): number {
  let instructions = 0;
  let dispatches = 0;
  for (const run of runs) {
    instructions += run.count * run.instructions.length;
    dispatches += run.count * segment(run.instructions, table).length;
  }
  return instructions / dispatches;
}
