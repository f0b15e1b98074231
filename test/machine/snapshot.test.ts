// Snapshots: the same bytes for the same state, back to the same state, and a name for each way to be damaged.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Machine } from '../../src/machine/machine.ts';
import { loadProgram } from '../../src/machine/program.ts';
import { recordBytes } from '../../src/machine/record.ts';
import { readSnapshot, writeSnapshot } from '../../src/machine/snapshot.ts';
import { field, RECORD_BYTES } from '../../src/semantics/layout.ts';
import { smallElf } from './elfBuilder.ts';

const MAGIC_BYTES = 16;
const COUNT_AT = MAGIC_BYTES + RECORD_BYTES.hot + RECORD_BYTES.cold + RECORD_BYTES.fp;
const PAGES_AT = COUNT_AT + 4;

function sample(): Machine {
  const { machine } = loadProgram(smallElf(), { args: ['one', 'two'] });
  machine.write(0x4000_0000, Uint8Array.of(1, 2, 3));
  machine.setX(7, 0xdead_beefn);
  machine.setBytes('output', new Uint8Array(32).fill(9));
  return machine;
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
      const inCount = i >= COUNT_AT && i < PAGES_AT;
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

  it('with a record that no machine has is refused by name', () => {
    const partStart = { hot: 0, cold: RECORD_BYTES.hot, fp: RECORD_BYTES.hot + RECORD_BYTES.cold };
    const set = (name: string, value: number) => (bytes: Buffer) => {
      const { part, offset, bytes: size } = field(name);
      bytes.writeUInt8(value, MAGIC_BYTES + partStart[part] + offset + size - 1);
      return undefined;
    };
    const cases: [string, number][] = [
      ['version', 2],
      ['status', 4],
      ['reservationWidth', 9],
      ['traverseRight', 2],
      ['memoryRoot', 1],
      ['coldHash', 1],
      ['fpHash', 1],
    ];
    for (const [name, value] of cases) refused(resigned(set(name, value)), 'SNAPSHOT_RECORD', new RegExp(name));
    refused(resigned(set('reason', 1)), 'SNAPSHOT_RECORD', /reason 1 in status 3/);
    refused(resigned(set('status', 2)), 'SNAPSHOT_RECORD', /reason 0 in status 2/);
  });
});
