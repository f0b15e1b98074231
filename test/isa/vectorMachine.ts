// Vectors on a whole machine: for the readings that execute on one, or prove what it does.
import assert from 'node:assert/strict';
import { Machine } from '../../src/machine/machine.ts';
import { MACHINE_VERSION, NEVER, REASON, STATUS } from '../../src/semantics/layout.ts';
import type { Piece, Vector } from './vectors.ts';

const PAGE_BYTES = 4096;

/** A machine in which nothing has happened. */
export function vectorMachine(): Machine {
  const machine = new Machine();
  machine.set('version', BigInt(MACHINE_VERSION));
  machine.set('preemptStep', NEVER);
  return machine;
}

/** Puts the machine into the state before a vector; the pages that it wrote since the vector before are zero again. */
export function placeVector(machine: Machine, { before, step, skippedNanoseconds }: Vector): void {
  for (const page of machine.takeDirtyPages()) machine.zeroPages(page, 1);
  const variables = {
    status: BigInt(STATUS.running),
    reason: BigInt(REASON.none),
    pc: before.pc,
    step,
    skippedNanoseconds,
    reservationAddress: before.reservationAddress,
    reservationWidth: before.reservationWidth,
    fcsr: before.fcsr,
  };
  for (const [name, value] of Object.entries(variables)) machine.set(name, value);
  for (let i = 0; i < 32; i++) {
    machine.setX(i, before.x[i] ?? 0n);
    machine.setF(i, before.f[i] ?? 0n);
  }
  for (const { address, bytes } of before.memory) machine.write(address, bytes);
}

/** Asserts that one step after `placeVector` the machine is in the state after the vector, every written page included. */
export function assertVector(machine: Machine, vector: Vector): void {
  const { row, text, after, trap, step } = vector;
  const what = `${row}: ${text}`;
  const variables = {
    status: BigInt(trap ? STATUS.panic : STATUS.running),
    reason: BigInt(REASON[trap ?? 'none']),
    pc: after.pc,
    step: step + 1n,
    reservationAddress: after.reservationAddress,
    reservationWidth: after.reservationWidth,
    fcsr: after.fcsr,
  };
  for (const [name, value] of Object.entries(variables))
    assert.equal(machine.get(name), value, `${name} after ${what}`);
  for (let i = 0; i < 32; i++) {
    assert.equal(machine.x(i), i === 0 ? 0n : after.x[i], `x${i} after ${what}`);
    assert.equal(machine.f(i), after.f[i], `f${i} after ${what}`);
  }
  const pages = machine.takeDirtyPages();
  for (const page of pages)
    assert.ok(Buffer.compare(machine.page(page), expectedPage(page, after.memory)) === 0, `page ${page} after ${what}`);
  for (const { address, bytes } of after.memory)
    assert.ok(
      pages.includes(Math.floor(address / PAGE_BYTES)) || bytes.every((byte) => byte === 0),
      `the page of ${address.toString(16)} is written after ${what}`,
    );
  // They are to be cleared before the next vector.
  for (const page of pages) machine.write(page * PAGE_BYTES, machine.page(page).slice());
}

function expectedPage(page: number, memory: readonly Piece[]): Uint8Array {
  const expected = new Uint8Array(PAGE_BYTES);
  for (const { address, bytes } of memory)
    for (const [i, byte] of bytes.entries()) {
      const at = address + i - page * PAGE_BYTES;
      if (at >= 0 && at < PAGE_BYTES) expected[at] = byte;
    }
  return expected;
}
