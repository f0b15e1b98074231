// Whole programs in the interpreter and in qemu, side by side: small runs step by step from the first instruction to the last, windows of
// long runs, and the state at the end of long runs.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import { blockInputs, readBlock } from '../../src/environment/block.ts';
import { createHost, type PreimageSource } from '../../src/environment/host.ts';
import type { Inputs } from '../../src/environment/inputs.ts';
import { blockSource } from '../../src/environment/sources/blockSource.ts';
import { STACK_BYTES, STACK_START } from '../../src/machine/elf.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { loadProgram, setInputs } from '../../src/machine/program.ts';
import { asStep } from '../../src/units.ts';
import { accounts } from '../../tools/makeAccountBlock.ts';
import { Random } from '../commitment/random.ts';
import { GDB_SIGNAL } from './qemu/gdb.ts';
import { SKIP_QEMU } from './qemu/guest.ts';
import { compareMemory, lockstep, qemuOf, type Region, registersOf } from './qemu/lockstep.ts';

const GUESTS = new URL('../../guests/', import.meta.url);
const BENCH = new URL('bench/', GUESTS);
const NAMES = readdirSync(BENCH)
  .filter((name) => name.endsWith('.elf'))
  .map((name) => name.slice(0, -'.elf'.length));
/** Programs whose run of 0 iterations is short, and those that build much memory before the first. */
const SHORT_STEPS = 1000n;
const WINDOW_STEPS = 120;
const WINDOWS = 4;
/** Its 64 MiB would take too long to compare at the end. */
const LARGE = 'chase';

const random = new Random('qemu programs');

const NO_INPUTS = Array.from({ length: 6 }, () => new Uint8Array(32));

const start = (name: string, iterations: number) =>
  load(readFileSync(new URL(`${name}.elf`, BENCH)), [`${iterations}`], NO_INPUTS);

function load(elf: Uint8Array, args: readonly string[], inputs: Inputs, sources: readonly PreimageSource[] = []) {
  const { machine, program } = loadProgram(elf, { args });
  setInputs(machine, inputs);
  const engine = new Engine(machine, createHost({ inputs, sources }));
  const regions: Region[] = program.image.segments.map(({ address, memoryBytes }) => {
    const first = address - (address % 4096);
    return [first, 4096 * Math.ceil((address + memoryBytes - first) / 4096)];
  });
  return { machine, engine, regions: [...regions, [STACK_START, STACK_BYTES] as const] };
}

const advance = (machine: Machine, engine: Engine, steps: bigint): void =>
  void engine.run(asStep(machine.get('step') + steps));

/** Steps of a whole run. */
function stepsOf(name: string, iterations: number): bigint {
  const { machine, engine } = start(name, iterations);
  assert.equal(engine.run(asStep(1n << 30n)).kind, 'halted');
  return machine.get('step');
}

for (const name of NAMES)
  test(`${name}: step by step as in qemu`, { skip: SKIP_QEMU }, async (t) => {
    const total = stepsOf(name, 0);
    const whole = total <= SHORT_STEPS;
    for (let window = 0; window < WINDOWS; window++) {
      const { machine, engine, regions } = start(name, whole && window === 0 ? 0 : 1);
      if (window > 0) advance(machine, engine, BigInt(random.below(Number(whole ? 300_000n : total))));
      const from = machine.get('step');
      const wanted = whole && window === 0 ? Number(SHORT_STEPS) : WINDOW_STEPS;
      const done = await lockstep(machine, () => advance(machine, engine, 1n), wanted, regions);
      t.diagnostic(`${done} steps from step ${from}`);
    }
  });

test('account: step by step as in qemu, preimages included', { skip: SKIP_QEMU }, async (t) => {
  const block = readBlock(readFileSync(new URL('../../traces/blocks/accounts.json', import.meta.url)), 'accounts.json');
  const elf = readFileSync(new URL('account/account.elf', GUESTS));
  const args = [accounts()[0]?.address ?? '', '0', '0'];
  for (const from of [0n, ...Array.from({ length: 2 * WINDOWS }, () => BigInt(random.below(200_000)))]) {
    const { machine, engine, regions } = load(elf, args, blockInputs(block), [blockSource(block, 'accounts.json')]);
    advance(machine, engine, from);
    const done = await lockstep(machine, () => advance(machine, engine, 1n), 2 * WINDOW_STEPS, regions);
    t.diagnostic(`${done} steps from step ${from}`);
  }
});

test('float: step by step as in qemu, floating-point registers included', { skip: SKIP_QEMU }, async (t) => {
  const elf = readFileSync(new URL('float/float.elf', GUESTS));
  for (let window = 0; window < 2 * WINDOWS; window++) {
    const from = BigInt(random.below(300_000));
    const { machine, engine, regions } = load(elf, ['10'], NO_INPUTS);
    advance(machine, engine, from);
    const done = await lockstep(machine, () => advance(machine, engine, 1n), 2 * WINDOW_STEPS, regions);
    t.diagnostic(`${done} steps from step ${from}`);
  }
});

for (const name of NAMES.filter((each) => each !== LARGE))
  test(`${name}: the end of a whole run is qemu's`, { skip: SKIP_QEMU }, async () => {
    const { machine, engine, regions } = start(name, 1);
    const guest = await qemuOf(machine, regions);
    try {
      assert.equal(engine.run(asStep(1n << 30n)).kind, 'halted');
      const stop = await guest.runTo(Number(machine.get('pc')));
      assert.deepEqual(stop, { kind: 'signal', signal: GDB_SIGNAL.trap });
      assert.deepEqual(await guest.registers(), registersOf(machine));
      await compareMemory(machine, guest);
    } finally {
      guest.close();
    }
  });
