// Snapshots: the same bytes for the same state, back to the same state, and a name for each way to be damaged.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Machine } from '../../src/machine/machine.ts';
import { loadProgram } from '../../src/machine/program.ts';
import { recordBytes } from '../../src/machine/record.ts';
import { readSnapshot, writeSnapshot } from '../../src/machine/snapshot.ts';
import { WAITING_THREAD_BYTES } from '../../src/machine/threads.ts';
import { field, RECORD_BYTES, THREAD_BYTES } from '../../src/semantics/layout.ts';
import { smallElf } from './elfBuilder.ts';

const MAGIC_BYTES = 16;
const THREADS = { left: 2, right: 1 };
const THREADS_AT = MAGIC_BYTES + RECORD_BYTES.hot + RECORD_BYTES.cold + RECORD_BYTES.fp;
const COUNT_AT = THREADS_AT + (THREADS.left + THREADS.right) * WAITING_THREAD_BYTES;
const PAGES_AT = COUNT_AT + 4;

function sample(): Machine {
  const { machine } = loadProgram(smallElf(), { args: ['one', 'two'] });
  machine.write(0x4000_0000, Uint8Array.of(1, 2, 3));
  machine.setX(7, 0xdead_beefn);
  machine.setBytes('output', new Uint8Array(32).fill(9));
  for (const right of [false, false, true]) {
    machine.set('threadId', machine.get('threadId') + 1n);
    machine.setF(3, machine.get('threadId') + 100n);
    machine.set('fcsr', 0x1fn);
    machine.pushThread(right);
  }
  machine.set('leftCount', BigInt(THREADS.left));
  machine.set('rightCount', BigInt(THREADS.right));
  return machine;
}

/** Where the last byte of a number is in a snapshot. */
function offsetOf(name: string): number {
  const partStart = { hot: 0, cold: RECORD_BYTES.hot, fp: RECORD_BYTES.hot + RECORD_BYTES.cold };
  const { part, offset, bytes } = field(name);
  return MAGIC_BYTES + partStart[part] + offset + bytes - 1;
}

/** A changed snapshot whose digest is right again, as somebody would make it on purpose. */
function resigned(change: (bytes: Buffer) => Buffer | undefined): Buffer {
  const whole = Buffer.from(writeSnapshot(sample()));
  const body = whole.subarray(0, whole.length - 32);
  const changed = change(body) ?? body;
  return Buffer.concat([changed, createHash('sha256').update(changed).digest()]);
}

function refused(bytes: Uint8Array, code: string, message = /./): void {
  assert.throws(
    () => readSnapshot(bytes, 'a.snapshot'),
    (error: Error & { code?: string }) =>
      error.code === code && error.message.startsWith('a.snapshot: ') && message.test(error.message),
    `${code} ${message}`,
  );
}

describe('a snapshot', () => {
  it('is the same for equal states, however they came about', () => {
    const [machine, other] = [sample(), sample()];
    other.write(0x5000_0000, Uint8Array.of(1));
    other.write(0x5000_0000, Uint8Array.of(0));
    other.setBytes('memoryRoot', new Uint8Array(32).fill(1));
    other.takeDirtyPages();
    assert.deepEqual(writeSnapshot(other), writeSnapshot(machine));
    other.write(0x5000_0fff, Uint8Array.of(1));
    assert.notDeepEqual(writeSnapshot(other), writeSnapshot(machine));
  });

  it('has the documented bytes', () => {
    const bytes = Buffer.from(writeSnapshot(sample()));
    assert.equal(bytes.toString('latin1', 0, MAGIC_BYTES), 'OMO snapshot v1\n');
    const pages = bytes.readUInt32BE(COUNT_AT);
    assert.equal(bytes.length, PAGES_AT + pages * 4100 + 32);
    assert.equal(bytes.readUInt32BE(PAGES_AT), 0x10);
    assert.deepEqual(bytes.subarray(PAGES_AT + 4, PAGES_AT + 20), Buffer.alloc(16, 0x13));
    assert.deepEqual(bytes.subarray(-32), createHash('sha256').update(bytes.subarray(0, -32)).digest());
  });

  it('gives back the state', () => {
    const machine = sample();
    const back = readSnapshot(writeSnapshot(machine));
    for (const part of ['hot', 'cold', 'fp'] as const)
      assert.deepEqual(recordBytes(back, part), recordBytes(machine, part));
    assert.deepEqual(back.presentPages(), machine.presentPages());
    assert.deepEqual(back.takeDirtyPages(), machine.presentPages());
    for (const page of machine.presentPages()) assert.deepEqual(back.page(page), machine.page(page));
    assert.deepEqual(writeSnapshot(back), writeSnapshot(machine));
    assert.deepEqual([back.leftThreads, back.rightThreads], [machine.leftThreads, machine.rightThreads]);
  });

  it('gives back threads that run on, with their floating-point registers', () => {
    const back = readSnapshot(writeSnapshot(sample().fork()));
    for (const [right, id] of [
      [true, 4n],
      [false, 3n],
      [false, 2n],
    ] as const) {
      back.popThread(right);
      assert.deepEqual(
        [back.get('threadId'), back.f(3), back.get('fcsr'), back.x(7)],
        [id, id + 100n, 0x1fn, 0xdead_beefn],
      );
    }
    assert.throws(() => back.popThread(true), /no thread on the right stack/);
  });

  it('cut short, continued or with a bit changed is refused by name', () => {
    const whole = Buffer.from(writeSnapshot(sample()));
    for (const length of [0, 15]) refused(whole.subarray(0, length), 'SNAPSHOT_FORMAT');
    for (const length of [16, PAGES_AT, PAGES_AT + 31, PAGES_AT + 5000, whole.length - 1])
      refused(whole.subarray(0, length), 'SNAPSHOT_LENGTH');
    refused(Buffer.concat([whole, Buffer.alloc(1)]), 'SNAPSHOT_LENGTH');
    for (let i = 0; i < whole.length; i += i < PAGES_AT + 64 ? 1 : 1009) {
      const changed = Buffer.from(whole);
      changed.writeUInt8(changed.readUInt8(i) ^ (1 << (i % 8)), i);
      const isCount = ['leftCount', 'rightCount'].some((name) => i > offsetOf(name) - 8 && i <= offsetOf(name));
      const inCount = (i >= COUNT_AT && i < PAGES_AT) || isCount;
      refused(changed, i < MAGIC_BYTES ? 'SNAPSHOT_FORMAT' : inCount ? 'SNAPSHOT_LENGTH' : 'SNAPSHOT_DIGEST');
    }
    refused(
      resigned((bytes) => void bytes.writeUInt32BE(0xffff_ffff, COUNT_AT)),
      'SNAPSHOT_LENGTH',
      /found 4294967295/,
    );
  });

  it('with pages that no machine writes is refused by name', () => {
    const page = (number: number) => (bytes: Buffer) => void bytes.writeUInt32BE(number, PAGES_AT);
    for (const number of [0, 0xf, 0xf0100, 0xf8000, 0x100000, 0xffff_ffff])
      refused(resigned(page(number)), 'SNAPSHOT_PAGE', /outside of the memory tree|not ascending/);
    const second = (bytes: Buffer) => void bytes.writeUInt32BE(0x10, PAGES_AT + 4100);
    refused(resigned(second), 'SNAPSHOT_PAGE', /page 16 follows page 16/);
    refused(
      resigned((bytes) => void bytes.fill(0, PAGES_AT + 4, PAGES_AT + 4100)),
      'SNAPSHOT_PAGE',
      /all zero/,
    );
  });

  it('with threads that no machine has is refused by name', () => {
    const fpHash = THREADS_AT + 256;
    const fcsr = THREADS_AT + THREAD_BYTES + field('fcsr').offset;
    for (let thread = 0; thread < 3; thread++)
      for (const at of [fpHash, fpHash + 31, fcsr, fcsr + 2])
        refused(
          resigned((bytes) => void bytes.writeUInt8(1, at + thread * WAITING_THREAD_BYTES)),
          'SNAPSHOT_RECORD',
          /a thread/,
        );
    const counts = (left: number, right: number) => (bytes: Buffer) => {
      bytes.writeUInt32BE(left, offsetOf('leftCount') - 3);
      bytes.writeUInt32BE(right, offsetOf('rightCount') - 3);
      return undefined;
    };
    refused(resigned(counts(0xffff, 1)), 'SNAPSHOT_LENGTH', /more threads than a machine has/);
    refused(resigned(counts(0xffff, 0)), 'SNAPSHOT_LENGTH', /cut short/);
    refused(resigned(counts(0, 0)), 'SNAPSHOT_LENGTH');
    assert.equal(readSnapshot(resigned(counts(1, 2))).get('rightCount'), 2n, 'who is where is for the counts to say');
  });

  it('with a record that no machine has is refused by name', () => {
    const set = (name: string, value: number) => (bytes: Buffer) => void bytes.writeUInt8(value, offsetOf(name));
    const cases: [string, number][] = [
      ['version', 2],
      ['status', 4],
      ['reservationWidth', 9],
      ['traverseRight', 2],
      ['memoryRoot', 1],
      ['coldHash', 1],
      ['fpHash', 1],
      ['leftStack', 1],
      ['rightStack', 1],
    ];
    for (const [name, value] of cases) refused(resigned(set(name, value)), 'SNAPSHOT_RECORD', new RegExp(name));
    refused(resigned(set('reason', 1)), 'SNAPSHOT_RECORD', /reason 1 in status 3/);
    refused(resigned(set('status', 2)), 'SNAPSHOT_RECORD', /reason 0 in status 2/);
  });
});
