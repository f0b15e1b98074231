// The fast loop against the exact interpreter, which exact.test.ts holds against the evaluate reading: random programs that
// loop, fault, jump and write into their own code, from one stop to the next.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOT_BYTES, SLOTS_IN_PAGE } from '../../src/engine/addresses.ts';
import { Engine } from '../../src/engine/engine.ts';
import { FAST_OVERRUN } from '../../src/engine/fastLoop.ts';
import { FUSED_MAX, registerOffsets } from '../../src/engine/fusion.ts';
import { InterpreterCode } from '../../src/engine/interpreterModule.ts';
import { ISA } from '../../src/engine/profile.ts';
import { VARIANTS } from '../../src/engine/variants.ts';
import type { Host } from '../../src/environment/host.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { DECODED_MAP } from '../../src/machine/memoryMap.ts';
import { assertSame } from './compare.ts';
import { allHalves } from './encode.ts';
import { CODE, DATA, makeMachine, Random, seed } from './randomCode.ts';
import { type ProgramOptions, writeProgram } from './randomProgram.ts';

const host: Host = { preimage: () => undefined, hint: () => {}, output: () => {} };

/** Runs by the exact interpreter alone: it does the steps that are left where the fast loop might do too many. */
function runExact(engine: Engine, untilStep: bigint): void {
  const slice = BigInt(FAST_OVERRUN);
  for (let step = engine.machine.get('step'); step < untilStep; step = engine.machine.get('step')) {
    const stop = engine.run(step + slice < untilStep ? step + slice : untilStep);
    if (stop.kind !== 'step') return;
  }
}

/** Runs many random programs in both, in two or three stretches each. */
function compare(
  random: Random,
  programs: number,
  options: ProgramOptions,
  code = new InterpreterCode(),
): { halted: number; seen: ReadonlySet<number> } {
  const fast = new Engine(makeMachine(), host, { code });
  const seen = new Set<number>();
  const exact = new Engine(makeMachine(), host);
  let halted = 0;
  for (let i = 0; i < programs; i++) {
    for (const { machine } of [fast, exact]) machine.write(DATA, new Uint8Array(3 * 4096).fill(i));
    const text = writeProgram([fast.machine, exact.machine], random, options);
    const message = () => `program ${i} of OMO_SEED=${random.seed} ${text}`;
    for (let stretch = 0; stretch < 3; stretch++) {
      const until = exact.machine.get('step') + BigInt(FAST_OVERRUN + 1 + random.below(2 ** random.below(13)));
      const stop = fast.run(until);
      runExact(exact, until);
      assertSame(fast.machine, exact.machine, message);
      if (stop.kind === 'step') assert.equal(fast.machine.get('step'), until, message());
      collectIds(fast.machine, seen);
      if (stop.kind !== 'halted') continue;
      halted++;
      break;
    }
  }
  return { halted, seen };
}

/** Ids of the slots that are decoded in a machine. */
function collectIds(machine: Machine, ids: Set<number>): void {
  for (let page = CODE / 4096; page < CODE / 4096 + 3; page++) {
    const frame = machine.view.getUint32(DECODED_MAP + 4 * page, true);
    for (let slot = 0; frame !== 0 && slot < SLOTS_IN_PAGE; slot++)
      ids.add(machine.view.getUint16(frame + SLOT_BYTES * slot, true));
  }
}

test('random programs', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  const { halted } = compare(random, 1500, {});
  assert.ok(halted > 100 && halted < 1400, `${halted} programs halted`);
});

test('straight programs without faults', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  const variants = VARIANTS.filter(
    ({ program }) => !program.touchesMemory && !program.ends && program.statements.length > 0,
  );
  const { halted } = compare(random, 1000, { variants });
  assert.ok(halted < 900, `${halted} programs halted`);
});

test('programs that store into their own code', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  const variants = VARIANTS.filter(
    ({ program, row }) => !program.ends && (program.touchesMemory || row.name.startsWith('a')),
  );
  compare(random, 1500, { variants, selfModifying: 0.3, wild: 0.01 });
});

test('programs of the sequences that are fused', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  const code = new InterpreterCode();
  const { seen } = compare(random, 800, { fusions: code.fusions, wild: 0.02, selfModifying: 0.01 }, code);
  const executed = code.fusions.filter(({ id }) => seen.has(id));
  t.diagnostic(`${executed.length} of ${code.fusions.length} fused sequences were decoded`);
  assert.ok(executed.length > 0.8 * code.fusions.length);
});

test('any sequence may be fused: random ones, with random links', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  for (let round = 0; round < 3; round++) {
    const names = Array.from({ length: 150 }, () => randomFusion(random));
    const code = new InterpreterCode([...new Set(names)]);
    const { seen } = compare(random, 400, { fusions: code.fusions, wild: 0.05, selfModifying: 0.03 }, code);
    const executed = code.fusions.filter(({ id }) => seen.has(id));
    assert.ok(executed.length > 0.5 * code.fusions.length, `${executed.length} of ${code.fusions.length}`);
  }
});

/** A sequence of variants: of any registers, or with links that need not make sense together. */
function randomFusion(random: Random): string {
  const variants = Array.from({ length: 2 + random.below(FUSED_MAX - 1) }, () => random.pick(VARIANTS));
  if (random.chance(0.2)) return variants.map(({ name }) => name).join(' + ');
  return variants
    .map((variant, j) => {
      const sources = variants.slice(0, j).flatMap(({ nonzero }, i) => (nonzero.length > 0 ? [i] : []));
      const linked = registerOffsets(variant).filter(() => sources.length > 0 && random.chance(0.5));
      return `${variant.name} (${linked.map(([field]) => `${field}:${random.pick(sources)}`).join(', ')})`;
    })
    .join(' + ');
}

test('every row that a 16-bit instruction may be has variants of 2 bytes', () => {
  const rows = new Set(allHalves().map(({ row }) => row));
  for (const row of ISA.rows)
    if (VARIANTS.some((variant) => variant.row === row))
      assert.equal(
        VARIANTS.some((variant) => variant.row === row && variant.length === 2),
        rows.has(row),
        row.name,
      );
});
