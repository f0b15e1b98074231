// The exact interpreter against the evaluate reading, one step at a time: every row on random states, compressed
// instructions, random words, instructions at the edges of the guest's memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import { evaluateStep } from '../../src/engine/machineHart.ts';
import { ISA } from '../../src/engine/profile.ts';
import { VARIANTS } from '../../src/engine/variants.ts';
import type { Host } from '../../src/environment/host.ts';
import { GUEST_END, GUEST_START } from '../../src/semantics/addressSpace.ts';
import { assertSame } from './compare.ts';
import {
  bytesOf,
  CODE,
  floatValue,
  makeMachine,
  Random,
  randomHalf,
  restart,
  seed,
  value,
  wordOf,
} from './randomCode.ts';
import { writeProgram } from './randomProgram.ts';

const host: Host = { preimage: () => undefined, hint: () => {}, output: () => {} };

/** Two machines in one state, of which an engine runs the first. */
class Pair {
  readonly engine = new Engine(makeMachine(), host);
  readonly found = this.engine.machine;
  readonly expected = makeMachine();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Executes one step of `word` at `pc` on random registers in both, and compares. */
  step(word: number, pc: number, message: string): void {
    const registers = Array.from({ length: 32 }, () => value(this.#random));
    const floats = Array.from({ length: 32 }, () => floatValue(this.#random));
    const fcsr = this.#random.below(256);
    const reservation = this.#random.chance(0.5)
      ? [registers[this.#random.below(32)] ?? 0n, 4n << BigInt(pc & 1)]
      : [0n, 0n];
    for (const machine of [this.found, this.expected]) {
      restart(machine, BigInt(pc));
      for (const [i, x] of registers.entries()) machine.setX(i, x);
      for (const [i, f] of floats.entries()) machine.setF(i, f);
      machine.set('fcsr', BigInt(fcsr));
      machine.set('reservationAddress', reservation[0] ?? 0n);
      machine.set('reservationWidth', reservation[1] ?? 0n);
      const bytes = bytesOf(word);
      machine.write(pc, bytes.subarray(0, Math.max(0, Math.min(bytes.length, GUEST_END - pc))));
    }
    evaluateStep(this.expected, host);
    this.engine.run(this.found.get('step') + 1n);
    assertSame(this.found, this.expected, () => `${message}, word 0x${word.toString(16)} at 0x${pc.toString(16)}`);
  }
}

/** Addresses of instructions: in a leaf, across leaves, across pages. */
const places = (random: Random): number => CODE + random.pick([0, 2, 28, 30, 4092, 4094, 8 * random.below(500)]);

test('every row on 120 random states', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  const pair = new Pair(random);
  for (const row of ISA.rows)
    for (let i = 0; i < 120; i++) {
      // A system call may be any: with a number that nobody knows it is -ENOSYS, others are tested by their own tests.
      const register = (field: string) => (field === 'rd' && random.chance(0.1) ? 0 : random.below(32));
      pair.step(wordOf(row, random, register), places(random), `${row.name}, OMO_SEED=${random.seed}`);
    }
});

test('compressed instructions and random words', (t) => {
  const random = new Random(seed() + 1);
  t.diagnostic(`OMO_SEED=${random.seed - 1}`);
  const pair = new Pair(random);
  for (let i = 0; i < 4000; i++) pair.step(randomHalf(random), places(random), `half-word, seed ${random.seed}`);
  for (let i = 0; i < 6000; i++) pair.step(random.bits(), places(random), `random word, seed ${random.seed}`);
});

test('fetches at the edges of the guest memory, and odd', () => {
  const random = new Random(1);
  const pair = new Pair(random);
  const nop = 0x0000_0013;
  for (const pc of [GUEST_START, GUEST_END - 4, GUEST_END - 2]) pair.step(nop, pc, 'nop at an edge');
  pair.step(0x0001, GUEST_END - 2, 'c.nop in the last half-word');
  for (const pc of [0n, 2n, 0xfffen, BigInt(GUEST_END), 0xffff_fffen, 1n << 32n, (1n << 64n) - 2n, 0x2_0001n]) {
    for (const machine of [pair.found, pair.expected]) restart(machine, pc);
    evaluateStep(pair.expected, host);
    pair.engine.run(pair.found.get('step') + 1n);
    assertSame(pair.found, pair.expected, () => `pc 0x${pc.toString(16)}`);
    assert.deepEqual(pair.engine.run(pair.found.get('step') + 1n), { kind: 'halted' });
  }
});

test('programs that store into their own code, 40 steps each', (t) => {
  const random = new Random(seed() + 2);
  t.diagnostic(`OMO_SEED=${random.seed - 2}`);
  const engine = new Engine(makeMachine(), host);
  const [found, expected] = [engine.machine, makeMachine()];
  const variants = VARIANTS.filter(
    ({ program, row }) => !program.ends && (program.touchesMemory || row.name.startsWith('a')),
  );
  for (let i = 0; i < 1200; i++) {
    const text = writeProgram([found, expected], random, { variants, selfModifying: 0.4, wild: 0 });
    for (let step = 0; step < 40; step++) evaluateStep(expected, host);
    engine.run(found.get('step') + 40n);
    assertSame(found, expected, () => `program ${i} of seed ${random.seed} ${text}`);
  }
});
