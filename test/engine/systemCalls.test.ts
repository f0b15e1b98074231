// Every system call in the interpreter against the evaluate reading, with random arguments, step by step to its end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import { evaluateStep } from '../../src/engine/machineHart.ts';
import type { Host } from '../../src/environment/host.ts';
import { SYSTEM_CALLS } from '../../src/environment/linux/table.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { PAGE_BITMAP } from '../../src/machine/memoryMap.ts';
import { MMAP_START } from '../../src/semantics/addressSpace.ts';
import { NEVER } from '../../src/semantics/layout.ts';
import { assertSame } from './compare.ts';
import { bytesOf, CODE, DATA, makeMachine, Random, restart, seed, value } from './randomCode.ts';

const ECALL = 0x73;
const SMALL = [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 16n, 32n, 4095n, 4096n, 8192n, 65_536n, (1n << 64n) - 1n];

/** Descriptors of which some calls ask the host, by the number of the call. */
const REACHES_HOST: Readonly<Record<string, readonly [bigint, bigint]>> = { 63: [5n, 5n], 64: [1n, 4n] };

class RecordingHost implements Host {
  readonly log: string[] = [];
  preimage(key: Uint8Array): Uint8Array | undefined {
    this.log.push(`preimage ${key[31]}`);
    return (key[31] ?? 0) % 4 === 3 ? undefined : Uint8Array.from({ length: 100 }, (_, i) => (key[31] ?? 0) + i);
  }
  hint(data: Uint8Array): void {
    this.log.push(`hint ${Buffer.from(data).toString('hex')}`);
  }
  output(fd: number, data: Uint8Array): void {
    this.log.push(`output ${fd} ${Buffer.from(data).toString('hex')}`);
  }
}

function argument(random: Random): bigint {
  switch (random.below(4)) {
    case 0:
      return random.pick(SMALL);
    case 1:
      return BigInt(DATA + random.below(8192));
    case 2:
      return BigInt(MMAP_START + 4096 * random.below(1024));
    default:
      return value(random);
  }
}

/** A machine whose kernel has something to do: some pages are mapped, a break is set, there are file vectors. */
function prepare(machine: Machine): void {
  machine.write(CODE, bytesOf(ECALL));
  machine.write(PAGE_BITMAP, new Uint8Array(512).fill(0xa5));
  machine.write(PAGE_BITMAP + MMAP_START / 4096 / 8, new Uint8Array(64).fill(0x0f));
  machine.write(MMAP_START, new Uint8Array(3 * 4096).fill(7));
  machine.write(
    DATA,
    Uint8Array.from({ length: 8192 }, (_, i) => (i * 7) & 0xff),
  );
  machine.set('breakStart', BigInt(DATA + 16_384));
  machine.set('programBreak', BigInt(DATA + 16_384));
  machine.set('mmapCursor', BigInt(MMAP_START / 4096));
  machine.set('threadId', 1n);
  machine.set('nextThreadId', 2n);
}

test('every system call with 40 random sets of arguments', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  const [foundHost, expectedHost] = [new RecordingHost(), new RecordingHost()];
  const engine = new Engine(makeMachine(), foundHost);
  const [found, expected] = [engine.machine, makeMachine()];
  prepare(found);
  prepare(expected);
  const seen = new Set<string>();
  const numbers = [...SYSTEM_CALLS.map(({ number }) => BigInt(number)), 9999n, 1n << 40n];
  for (const number of numbers)
    for (let i = 0; i < 40; i++) {
      const values = Array.from({ length: 8 }, () => argument(random));
      const vector = random.pick([0n, 1n, 40n]);
      const key = random.below(256);
      // A descriptor and a buffer that exist, most of the time.
      if (random.chance(0.6)) values.splice(0, 2, BigInt(random.below(9)), BigInt(DATA + random.below(8192)));
      const descriptors = REACHES_HOST[`${number}`];
      if (descriptors && i < 20) values.splice(0, 3, descriptors[i % 2] ?? 0n, BigInt(DATA), 9n);
      for (const machine of [found, expected]) {
        restart(machine, BigInt(CODE));
        // A call before may have written over the ecall, made its thread wait, or another thread the running one.
        machine.write(CODE, bytesOf(ECALL));
        for (const name of ['threadDeadline', 'idleThreads', 'leastDeadline']) machine.set(name, 0n);
        machine.set('preemptStep', NEVER);
        for (const [j, x] of values.entries()) machine.setX(10 + j, x);
        machine.setX(17, number);
        machine.set('callPhase', 0n);
        machine.set('callPosition', 0n);
        machine.set('preimageOffset', BigInt(key % 110));
        machine.setBytes('preimageKey', new Uint8Array(32).fill(key).fill(2, 0, key % 8 === 0 ? 0 : 1));
        machine.write(DATA, Uint8Array.of(...bytes64(BigInt(DATA + 512)), ...bytes64(vector)));
      }
      foundHost.log.length = 0;
      expectedHost.log.length = 0;
      follow(engine, expected, expectedHost, () => `call ${number}(${values.join(', ')}), OMO_SEED=${random.seed}`);
      assert.deepEqual(foundHost.log, expectedHost.log);
      for (const line of foundHost.log) seen.add(line.split(' ')[0] ?? '');
    }
  assert.deepEqual([...seen].sort(), ['hint', 'output', 'preimage']);
});

/** Executes the call in both machines, one step at a time, until it leaves the ecall: at most 60 steps. */
function follow(engine: Engine, expected: Machine, host: Host, message: () => string): void {
  for (let steps = 0; steps < 60; steps++) {
    let missing = false;
    try {
      evaluateStep(expected, host);
    } catch (error) {
      if ((error as Error).name !== 'MissingPreimage') throw error;
      missing = true;
    }
    const stop = engine.run(engine.machine.get('step') + 1n);
    assert.equal(stop.kind === 'missingPreimage', missing, message());
    assertSame(engine.machine, expected, message);
    if (missing || stop.kind === 'halted' || expected.get('pc') !== BigInt(CODE)) return;
  }
}

function bytes64(value: bigint): number[] {
  return Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}
