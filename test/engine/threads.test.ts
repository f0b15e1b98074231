// Threads in tier 0 against the evaluate reading: programs of threads that take random calls from a table, in slices of
// any length, turns that end anywhere, recorded and not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commitState } from '../../src/commitment/stateHash.ts';
import { Engine } from '../../src/engine/engine.ts';
import { evaluateStep } from '../../src/engine/machineHart.ts';
import type { Host } from '../../src/environment/host.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { field, NEVER, RECORD_BYTES } from '../../src/semantics/layout.ts';
import { assertSame } from './compare.ts';
import { bytesOf, CODE, DATA, makeMachine, Random, seed } from './randomCode.ts';

const host: Host = { preimage: () => undefined, hint: () => {}, output: () => {} };
const TABLE = DATA;
const ENTRIES = 64;
const ENTRY_BYTES = 64;
const WORD = DATA + 0x4000;
const TIMES = DATA + 0x5000;
const SCRATCH = DATA + 0x6000;

const load = (rd: number, offset: number, rs1: number) => (offset << 20) | (rs1 << 15) | (3 << 12) | (rd << 7) | 0x03;
/** x8 offset in the table, x9 entry, x18 mask, x19 table; f1 differs from thread to thread. */
const PROGRAM: readonly number[] = [
  0x04040413, // addi x8, x8, 64
  0x01247433, // and x8, x8, x18
  0x008984b3, // add x9, x19, x8
  0xd2240053, // fcvt.d.l f0, x8
  0x0200f0d3, // fadd.d f1, f1, f0
  load(17, 0, 9),
  ...[0, 1, 2, 3, 4, 5].map((i) => load(10 + i, 8 + 8 * i, 9)),
  0x00000073, // ecall
  0xfcdff06f, // jal x0, -52
];

type Call = readonly [number: number, ...args: (number | bigint)[]];

function call(random: Random): Call {
  const time = TIMES + 16 * random.below(8);
  const kinds: readonly (() => Call)[] = [
    () => [220, random.pick([0x5_0f00, 0x3d_0f00, 0x7d_0f00]), 0, WORD + 4, 0, WORD + 8],
    () => [93, 0],
    () => [98, WORD, 128, 0, random.pick([0, time, time])],
    () => [98, WORD, 129, 1],
    () => [98, WORD, random.pick([9, 10, 3, 4]), 0, time, WORD, 1],
    () => [101, time, 0],
    () => [115, 1, random.below(2), time, 0],
    () => [73, SCRATCH, random.below(3), time, 0, 8],
    () => [124],
    () => [19, 1, random.pick([0, 0x800])],
    () => [20, 0],
    () => [21, 9, 1 + random.below(3), 8, SCRATCH],
    () => [22, 9, SCRATCH + 64, 1, random.below(3) - 1],
    () => [63, 8, SCRATCH + 128, 8],
    () => [64, 8, TIMES + 8, 8],
    () => [278, SCRATCH + 256, random.below(200), 0],
    () => [178],
  ];
  return random.chance(0.1) ? kinds[0]!() : random.pick(kinds)();
}

function fill(machines: readonly Machine[], random: Random): void {
  const table = Buffer.alloc(ENTRIES * ENTRY_BYTES);
  for (let i = 0; i < ENTRIES; i++)
    for (const [j, value] of call(random).entries())
      table.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), i * ENTRY_BYTES + 8 * j);
  const times = Buffer.alloc(128);
  for (let i = 0; i < 8; i++) times.writeBigUInt64LE(BigInt(random.below(2000)), 16 * i + 8);
  for (const machine of machines) {
    machine.write(CODE, Buffer.concat(PROGRAM.map((word) => bytesOf(word >>> 0))));
    machine.write(TABLE, table);
    machine.write(TIMES, times);
    machine.write(SCRATCH, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 9));
    machine.set('threadId', 1n);
    machine.set('nextThreadId', 2n);
    for (const [register, value] of [
      [18, 0xfc0],
      [19, TABLE],
    ] as const)
      machine.setX(register, BigInt(value));
  }
}

const COMMITTED = ['coldHash', 'fpHash'].map((name) => field(name).offset);

/** Executes `steps` steps in both; in the engine all at once, and recorded if `record`. */
function advance(engine: Engine, expected: Machine, steps: number, record: boolean, seen: Set<string>): void {
  const before = expected.get('step');
  const recorded = record ? engine.record(steps) : undefined;
  if (!recorded) engine.run(before + BigInt(steps));
  for (let step = 0; step < steps && expected.get('status') === 3n; step++) {
    const { executed } = evaluateStep(expected, host);
    const name = executed.kind === 'instruction' ? executed.call?.name : executed.kind;
    if (name) seen.add(name);
    if (!recorded?.chunk) continue;
    const { hot } = commitState(expected, new Uint8Array(32));
    for (const offset of COMMITTED) {
      const at = RECORD_BYTES.hot * step + offset;
      const found: string = Buffer.from(recorded.chunk.records.subarray(at, at + 32)).toString('hex');
      assert.equal(found, Buffer.from(hot.subarray(offset, offset + 32)).toString('hex'), `hash at ${offset}`);
    }
  }
}

test('threads of random calls, in slices', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  const seen = new Set<string>();
  let most = 0n;
  for (let run = 0; run < 15; run++) {
    const engine = new Engine(makeMachine(), host);
    const expected = makeMachine();
    const { machine } = engine;
    fill([machine, expected], random);
    for (let slice = 0; slice < 60 && expected.get('status') === 3n; slice++) {
      const steps = 1 + random.below(random.pick([2, 20, 100]));
      // A turn ends where it is of interest, not after a million steps.
      if (machine.get('preemptStep') !== NEVER && random.chance(0.5))
        for (const each of [machine, expected]) each.set('preemptStep', each.get('step') + BigInt(steps >> 1));
      advance(engine, expected, steps, random.chance(0.3), seen);
      assertSame(machine, expected, () => `run ${run}, slice ${slice}, OMO_SEED=${random.seed}`);
      const threads = 1n + expected.get('leftCount') + expected.get('rightCount');
      if (threads > most) most = threads;
    }
  }
  for (const name of ['switch', 'clone', 'exit', 'futex', 'nanosleep', 'epoll_pwait', 'eventfd2', 'sched_yield'])
    assert.ok(seen.has(name), `${name} has not happened`);
  assert.ok(most > 3n, `${most} threads`);
});
