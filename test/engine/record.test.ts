// What the recorder hands over: every hot record and every leaf as the evaluate reading has them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { DenseChunk } from '../../src/commitment/denseChunk.ts';
import { RECORDS_MAX } from '../../src/engine/addresses.ts';
import { Engine } from '../../src/engine/engine.ts';
import { evaluateStep } from '../../src/engine/machineHart.ts';
import type { Host } from '../../src/environment/host.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { LEAF_BYTES, PAGE_BITMAP } from '../../src/machine/memoryMap.ts';
import { recordBytes } from '../../src/machine/record.ts';
import { MMAP_START } from '../../src/semantics/addressSpace.ts';
import { field, RECORD_BYTES } from '../../src/semantics/layout.ts';
import { bytesOf, CODE, DATA, makeMachine, Random, seed } from './randomCode.ts';
import { writeProgram } from './randomProgram.ts';

const host: Host = { preimage: () => undefined, hint: () => {}, output: () => {} };
const ROOT = field('memoryRoot').offset;

/** The hot record of a machine, its hashes made; zeros for the memory root. */
function hotRecord(machine: Machine): Uint8Array {
  machine.setBytes('coldHash', keccak_256(recordBytes(machine, 'cold')));
  machine.setBytes('fpHash', keccak_256(recordBytes(machine, 'fp')));
  return recordBytes(machine, 'hot').fill(0, ROOT, ROOT + 32);
}

/** Follows a chunk with the evaluate reading: records, and what the leaves written come to. */
function follow(expected: Machine, chunk: DenseChunk, message: string): void {
  const { writes, zeros } = chunk;
  let write = 0;
  let zero = 0;
  for (let step = 0; step < chunk.steps; step++) {
    const { leaves, accesses, zeroed } = evaluateStep(expected, host);
    const record = chunk.records.slice(RECORD_BYTES.hot * step, RECORD_BYTES.hot * (step + 1)).fill(0, ROOT, ROOT + 32);
    assert.deepEqual(Buffer.from(record), Buffer.from(hotRecord(expected)), `${message}: record ${step}`);
    const after = new Map<number, string>();
    for (const { kind, address, bytes } of accesses)
      if (kind === 'write')
        for (let leaf = Math.floor(address / 32); leaf <= Math.floor((address + bytes - 1) / 32); leaf++)
          after.set(leaf, Buffer.from(leaves.get(leaf as never)!.after).toString('hex'));
    const found = new Map<number, string>();
    for (; writes.steps[write] === step; write++)
      found.set(
        writes.leaves[write]!,
        Buffer.from(writes.values.subarray(LEAF_BYTES * write, LEAF_BYTES * (write + 1))).toString('hex'),
      );
    assert.deepEqual(found, after, `${message}: leaves of step ${step}`);
    if (zeroed) {
      assert.equal(zeros.steps[zero], step, `${message}: zeroing of step ${step}`);
      assert.equal(zeros.firstPages[zero], zeroed.address / 4096);
      assert.equal(zeros.pagesLog2[zero++], zeroed.log2Pages);
    }
  }
  assert.equal(write, writes.steps.length);
  assert.equal(zero, zeros.steps.length);
}

test('records and leaves of random programs, to the halt', (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  const engine = new Engine(makeMachine(), host);
  const expected = makeMachine();
  let halted = 0;
  for (let i = 0; i < 60; i++) {
    const text = writeProgram([engine.machine, expected], random, { wild: 0.02 });
    const steps = 1 + random.below(60);
    const { chunk, stop } = engine.record(steps);
    assert.ok(chunk && chunk.steps <= steps);
    assert.equal(stop.kind, chunk.steps === steps && engine.machine.get('status') === 3n ? 'step' : 'halted', text);
    follow(expected, chunk, `OMO_SEED=${random.seed} ${text}`);
    if (stop.kind === 'halted') halted++;
  }
  assert.ok(halted > 5);
});

test('a system call that writes, zeroes and changes the cold part', () => {
  const engine = new Engine(makeMachine(), host);
  const expected = makeMachine();
  for (const machine of [engine.machine, expected]) {
    machine.write(CODE, bytesOf(0x73));
    machine.write(PAGE_BITMAP, new Uint8Array(4096));
    machine.write(MMAP_START, new Uint8Array(64 * 4096).fill(7));
    machine.write(DATA, new Uint8Array(4096).fill(1));
    machine.set('mmapCursor', BigInt(MMAP_START / 4096));
    for (const [i, x] of [0n, 40n * 4096n, 3n, 0x22n, (1n << 64n) - 1n, 0n].entries()) machine.setX(10 + i, x);
    machine.setX(17, 222n);
  }
  const { chunk, stop } = engine.record(12);
  assert.ok(chunk);
  assert.ok(chunk.zeros.steps.length > 0 && chunk.writes.steps.length > 0);
  assert.equal(stop.kind, 'halted', 'it runs into an illegal instruction behind the ecall');
  follow(expected, chunk, 'mmap');
});

test('a chunk ends where the recorder is full, and the next goes on', () => {
  const engine = new Engine(makeMachine(), host);
  // sd x5, 0(x6); addi x5, x5, 1; jal x0, -8
  engine.machine.write(
    CODE,
    Uint8Array.from([0x00532023 | 0x1000, 0x00128293, 0xff9ff06f].flatMap((w) => [...bytesOf(w)])),
  );
  engine.machine.setX(6, BigInt(DATA + 28));
  const first = engine.record(1_000_000);
  assert.deepEqual([first.chunk?.steps, first.stop], [RECORDS_MAX, { kind: 'step' }]);
  assert.equal(first.chunk?.writes.steps.length, 2 * Math.ceil(RECORDS_MAX / 3));
  const second = engine.record(10);
  assert.equal(second.chunk?.steps, 10);
  assert.equal(engine.machine.get('step'), BigInt(RECORDS_MAX + 10));
});

test('nothing is recorded of a machine that has halted, or lacks a preimage', () => {
  const engine = new Engine(makeMachine(), host);
  engine.machine.write(CODE, bytesOf(0x73));
  for (const [i, x] of [5n, BigInt(DATA), 8n].entries()) engine.machine.setX(10 + i, x);
  engine.machine.setX(17, 63n);
  engine.machine.setBytes('preimageKey', new Uint8Array(32).fill(2));
  const key = new Uint8Array(32).fill(2);
  assert.deepEqual(engine.record(5), { chunk: undefined, stop: { kind: 'missingPreimage', key } });
  assert.equal(engine.machine.get('step'), 0n);
  engine.machine.set('status', 2n);
  assert.deepEqual(engine.record(5), { chunk: undefined, stop: { kind: 'halted' } });
});
