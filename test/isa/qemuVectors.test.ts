// A sample of the committed vectors, asked of qemu again: the files say what qemu says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../commitment/random.ts';
import { type Draw, SEGMENTS } from './qemu/draw.ts';
import { execute, startGuest } from './qemu/execute.ts';
import { SKIP_QEMU } from './qemu/guest.ts';
import { defaultRegister, loadVectors, parseVector, type Vector } from './vectors.ts';

const SAMPLE = 800;
/** What test/isa/vectors/specified.txt has because qemu cannot judge it. */
const BEYOND_QEMU = (vector: Vector): boolean =>
  /^rd|^sc\./.test(vector.row) ||
  (vector.before.reservationWidth !== 0n && !/^sc/.test(vector.row)) ||
  vector.before.memory.some(({ address }) => !SEGMENTS.some((each) => inside(address, each)));

const inside = (address: number, { address: start, memoryBytes }: { address: number; memoryBytes: number }): boolean =>
  address >= start && address < start + memoryBytes;

/** The draw that a vector was made of. */
function drawOf({ word, length, before, after }: Vector): Draw {
  const pc = Number(before.pc);
  const given = (registers: readonly bigint[]) =>
    new Map([...registers.entries()].filter(([i, value]) => value !== defaultRegister(i)));
  const x = given(before.x);
  const float = { f: given(before.f), fcsr: before.fcsr };
  // The instruction itself is written by whoever executes the draw: what stands before and after it in its piece is data.
  const memory = before.memory.flatMap(({ address, bytes }) => {
    if (pc < address || pc >= address + bytes.length) return [{ address, bytes }];
    const end = pc + length;
    const parts = [
      { address, bytes: bytes.slice(0, pc - address) },
      { address: end, bytes: bytes.slice(end - address) },
    ];
    return parts.filter((part) => part.bytes.length > 0);
  });
  const changed = after.memory.find(({ address }) => address !== pc);
  const first = memory[0] ?? changed;
  const data = first && { address: first.address, bytes: first.bytes.length };
  return { word, length, pc, x, float, memory, ...(data && { data }) };
}

test(`${SAMPLE} of the vectors are what qemu says`, { skip: SKIP_QEMU }, async () => {
  const random = new Random('vectors again in qemu');
  const vectors = loadVectors().filter((vector) => !BEYOND_QEMU(vector) && !/^(lr|sc)\./.test(vector.row));
  const guest = await startGuest();
  try {
    for (let i = 0; i < SAMPLE; i++) {
      const vector = random.pick(vectors);
      const line = await execute(guest, drawOf(vector));
      assert.ok(line !== undefined, vector.text);
      const { before, after, trap } = parseVector(vector.row, line);
      assert.deepEqual(
        { before, after, trap },
        { before: vector.before, after: vector.after, trap: vector.trap },
        vector.text,
      );
    }
  } finally {
    guest.close();
  }
});
