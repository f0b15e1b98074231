// The test vectors of the integer rows, which come from qemu and the specification, in the fast loop of the interpreter.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import { FAST_OVERRUN } from '../../src/engine/fastLoop.ts';
import type { Host } from '../../src/environment/host.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { GUEST_START } from '../../src/semantics/addressSpace.ts';
import { REASON } from '../../src/semantics/layout.ts';
import { loadVectors, type Vector, type VectorState } from '../isa/vectors.ts';
import { makeMachine, restart } from './randomCode.ts';

const host: Host = { preimage: () => undefined, hint: () => {}, output: () => {} };
/** The counters would show an extra step; the fast loop has no floating point. */
const SLOW = /^(rd|csr|f(?!ence)|c\.f)/;
const C_NOP = Uint8Array.of(0x01, 0x00);

/** Puts a machine into the state before a vector. */
function prepare(machine: Machine, { before, step, skippedNanoseconds }: Vector): void {
  restart(machine, before.pc);
  for (const [i, x] of before.x.entries()) if (i > 0) machine.setX(i, x);
  machine.set('step', step);
  machine.set('skippedNanoseconds', skippedNanoseconds);
  machine.set('reservationAddress', before.reservationAddress);
  machine.set('reservationWidth', before.reservationWidth);
  for (const { address, bytes } of before.memory) machine.write(address, bytes);
}

/** Registers, memory and reservation are those after the vector. */
function assertAfter(machine: Machine, { after, row, text, trap }: Vector): void {
  const message = `${row}: ${text}`;
  const expected: VectorState = after;
  assert.deepEqual(
    Array.from({ length: 32 }, (_, i) => machine.x(i)),
    expected.x.with(0, 0n),
    message,
  );
  for (const { address, bytes } of expected.memory)
    assert.deepEqual([...machine.bytes.subarray(address, address + bytes.length)], [...bytes], message);
  if (trap !== undefined) assert.equal(machine.get('reason'), BigInt(REASON[trap]), message);
  assert.equal(machine.get('reservationAddress'), expected.reservationAddress, message);
  assert.equal(machine.get('reservationWidth'), expected.reservationWidth, message);
}

/** Makes the memory of a vector zero again. */
function clear(machine: Machine, { before, after }: Vector): void {
  for (const { address, bytes } of [...before.memory, ...after.memory])
    machine.write(address, new Uint8Array(bytes.length));
}

test('every vector holds in the fast loop, where there is room for an instruction before it', () => {
  const engine = new Engine(makeMachine(), host);
  const { machine } = engine;
  let executed = 0;
  for (const vector of loadVectors()) {
    const start = Number(vector.before.pc) - 2;
    const near = vector.before.memory.filter(
      ({ address, bytes }) => address < start + 64 && address + bytes.length > start - 64,
    );
    const alone = near.length === 1 && near[0]?.address === start + 2 && near[0].bytes.length === vector.length;
    // Memory before the instruction is not what the vector says.
    if (start < GUEST_START || !alone || SLOW.test(vector.row)) continue;
    prepare(machine, vector);
    // The exact interpreter executes the nop, because nothing is decoded yet; then what was decoded runs in the loop, into
    // the zeros behind the instruction, which are illegal.
    machine.write(start, C_NOP);
    machine.set('pc', BigInt(start));
    const stop = engine.run(vector.step + BigInt(FAST_OVERRUN) + 10n);
    assertAfter(machine, vector);
    if (stop.kind === 'halted') {
      assert.equal(machine.get('pc'), vector.after.pc, vector.text);
      assert.equal(machine.get('step'), vector.step + (vector.trap === undefined ? 3n : 2n), vector.text);
    }
    machine.write(start, new Uint8Array(2));
    clear(machine, vector);
    executed++;
  }
  assert.ok(executed > 5000, `${executed} vectors`);
});
