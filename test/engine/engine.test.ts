// The engine's contract: exact stops, breakpoints, limits, what the host lacks, and who owns a machine.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import type { Host } from '../../src/environment/host.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { loadProgram } from '../../src/machine/program.ts';
import { assertSame } from './compare.ts';
import { bytesOf, CODE, DATA, makeMachine, Random, seed } from './randomCode.ts';

const host: Host = { preimage: () => undefined, hint: () => {}, output: () => {} };
const END = 1n << 44n;
const guest = (name: string): Machine =>
  loadProgram(readFileSync(new URL(`../../guests/bench/${name}.elf`, import.meta.url))).machine;

/** addi x5, x5, 1; addi x6, x6, 2; sd x5, 0(x7); jal x0, -12: loops forever. */
const LOOP = [0x0012_8293, 0x0023_0313, 0x0053_b023, 0xff5f_f06f];

function looping(): Machine {
  const machine = makeMachine();
  machine.write(CODE, Uint8Array.from(LOOP.flatMap((word) => [...bytesOf(word)])));
  machine.setX(7, BigInt(DATA));
  return machine;
}

test('a guest stopped at every step, and at random steps, is the guest run at once', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  for (const name of ['fibonacci', 'quicksort', 'sha256']) {
    const [whole, parts] = [new Engine(guest(name), host), new Engine(guest(name), host)];
    for (let until = 1n; until <= 3000n; until++) assert.deepEqual(parts.run(until), { kind: 'step' });
    assert.equal(parts.machine.get('step'), 3000n);
    for (let i = 0; i < 300; i++) {
      const until = parts.machine.get('step') + BigInt(1 + random.below(2 ** random.below(15)));
      assert.deepEqual(parts.run(until), { kind: 'step' });
      assert.equal(parts.machine.get('step'), until);
    }
    const last = parts.machine.get('step');
    assert.deepEqual(whole.run(last), { kind: 'step' });
    assertSame(parts.machine, whole.machine, () => `${name} at ${last}, OMO_SEED=${random.seed}`);
    for (const engine of [whole, parts]) assert.deepEqual(engine.run(END), { kind: 'halted' });
    assertSame(parts.machine, whole.machine, () => `${name} at its end`);
  }
});

test('after the halt nothing changes, the step counter included', () => {
  const engine = new Engine(guest('fibonacci'), host);
  assert.deepEqual(engine.run(END), { kind: 'halted' });
  const fork = engine.machine.fork();
  assert.deepEqual(engine.run(END), { kind: 'halted' });
  assert.deepEqual(engine.run(1n), { kind: 'halted' });
  assertSame(engine.machine, fork, () => 'after the halt');
});

test('a run stops before a breakpoint, goes on from it, and stops there again', () => {
  const engine = new Engine(looping(), host);
  assert.deepEqual(engine.run(10_000n), { kind: 'step' });
  engine.setBreakpoints([CODE + 4, CODE + 8]);
  assert.deepEqual(engine.run(END), { kind: 'breakpoint', pc: CODE + 4 });
  assert.equal(engine.machine.get('step'), 10_001n);
  assert.deepEqual(engine.run(END), { kind: 'breakpoint', pc: CODE + 8 });
  assert.equal(engine.machine.get('step'), 10_002n);
  assert.deepEqual(engine.run(10_003n), { kind: 'step' });
  assert.deepEqual(engine.run(END), { kind: 'breakpoint', pc: CODE + 4 });
  assert.equal(engine.machine.get('step'), 10_005n);
  engine.setBreakpoints([]);
  assert.deepEqual(engine.run(100_000n), { kind: 'step' });
  assert.equal(engine.machine.x(5), 25_000n);
});

test('a breakpoint moved onto by other means stops too', () => {
  const engine = new Engine(looping(), host);
  engine.setBreakpoints([CODE + 4]);
  assert.equal(engine.run(END).kind, 'breakpoint');
  engine.machine.set('pc', BigInt(CODE));
  engine.machine.set('step', 77n);
  assert.deepEqual(engine.run(END), { kind: 'breakpoint', pc: CODE + 4 });
  assert.equal(engine.machine.get('step'), 78n);
});

test('isOver is asked between slices and ends a run with a limit', () => {
  let asked = 0;
  const engine = new Engine(looping(), host, { isOver: () => ++asked === 3 });
  assert.deepEqual(engine.run(END), { kind: 'limit' });
  const step = engine.machine.get('step');
  assert.ok(step > 0n && step < 100_000_000n);
  assert.deepEqual(engine.run(step + 5n), { kind: 'step' });
});

test('what a source throws comes through, and the step has not happened', () => {
  let found = false;
  const thrown = new Error('source');
  const machine = makeMachine();
  const engine = new Engine(machine, {
    ...host,
    preimage: () => {
      if (!found) throw thrown;
      return Uint8Array.of(1, 2, 3);
    },
  });
  machine.write(CODE, bytesOf(0x73));
  for (const [i, x] of [5n, BigInt(DATA), 32n].entries()) machine.setX(10 + i, x);
  machine.setX(17, 63n);
  machine.setBytes('preimageKey', new Uint8Array(32).fill(2));
  assert.throws(() => engine.run(1n), thrown);
  assert.throws(() => engine.record(1), thrown);
  assert.equal(machine.get('step'), 0n);
  found = true;
  assert.deepEqual(engine.run(1n), { kind: 'step' });
  assert.deepEqual([...machine.bytes.subarray(DATA, DATA + 11)], [0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]);
  assert.equal(machine.x(10), 11n);
});

test('a host that writes code is obeyed by the next fetch', () => {
  const engine = new Engine(looping(), host);
  engine.run(10_000n);
  // addi x5, x5, 1 becomes addi x5, x5, 0x100, in the middle of a decoded page.
  engine.machine.write(CODE + 2, Uint8Array.of(0x02, 0x10));
  engine.run(20_000n);
  assert.equal(engine.machine.x(5), 2500n + 2500n * 0x100n);
});

test('a new engine takes a machine over; the old one refuses', () => {
  const machine = looping();
  const first = new Engine(machine, host);
  first.run(10_000n);
  const second = new Engine(machine, host);
  assert.deepEqual(second.run(20_000n), { kind: 'step' });
  assert.equal(machine.x(5), 5000n);
  assert.throws(() => first.run(30_000n), /another engine has taken the machine over/);
});
