// The fast loop against the exact interpreter, which exact.test.ts holds against the evaluate reading: random programs that
// loop, fault, jump and write into their own code, from one stop to the next.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import { FAST_OVERRUN } from '../../src/engine/fastLoop.ts';
import { ISA } from '../../src/engine/profile.ts';
import { VARIANTS } from '../../src/engine/variants.ts';
import type { Host } from '../../src/environment/host.ts';
import { assertSame } from './compare.ts';
import { allHalves } from './encode.ts';
import { DATA, makeMachine, Random, seed } from './randomCode.ts';
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
function compare(random: Random, programs: number, options: ProgramOptions): { halted: number } {
  const fast = new Engine(makeMachine(), host);
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
      if (stop.kind !== 'halted') continue;
      halted++;
      break;
    }
  }
  return { halted };
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
