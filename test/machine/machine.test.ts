// The machine by itself: memory and what was written of it, state variables, the bytes of the record, forks.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { Machine } from '../../src/machine/machine.ts';
import {
  DECODED_MAP,
  FLAG_CODE,
  GUEST_END,
  GUEST_START,
  KERNEL_END,
  KERNEL_START,
  PAGE_BYTES,
  PAGE_FLAGS,
} from '../../src/machine/memoryMap.ts';
import { recordBytes, setRecordBytes } from '../../src/machine/record.ts';
import { FIELDS, RECORD_BYTES } from '../../src/semantics/layout.ts';

const MACHINE = new URL('../../src/machine/machine.ts', import.meta.url).href;

/** Runs a module of a few lines in its own node, in a shell with the given limit. */
function runLimited(limit: string, code: string) {
  const command = `${limit} exec "$0" --input-type=module -e "$1"`;
  return spawnSync('sh', ['-c', command, process.execPath, code], { encoding: 'utf8' });
}

describe('memory', () => {
  it('is reserved, not resident: ten machines that touch their ends cost little real memory', () => {
    const code = `import { Machine } from '${MACHINE}';
      const before = process.memoryUsage().rss;
      const all = Array.from({ length: 10 }, () => new Machine());
      for (const machine of all) {
        machine.write(${GUEST_START}, new Uint8Array(8).fill(1));
        machine.write(${GUEST_END - 8}, new Uint8Array(8).fill(1));
        machine.presentPages();
      }
      console.log(process.memoryUsage().rss - before);`;
    const { stdout, stderr } = runLimited('', code);
    // A few huge pages of 2 MiB each, where the kernel hands those out.
    // It may also shrink: the collector may just then give back more than that.
    assert.ok(/^-?\d+\n$/.test(stdout) && Number(stdout) < 200e6, `grew by ${stdout} ${stderr}`);
  });

  it('names a host that refuses the address space', () => {
    const code = `import { Machine } from '${MACHINE}';
      try { new Machine(); } catch (error) { console.log(error.code, error.exitCode, error.hint); }`;
    const { stdout } = runLimited('ulimit -v 4000000;', code);
    assert.match(stdout, /^NO_ADDRESS_SPACE 3 .*ulimit -v/);
  });

  it('writes mark every page of the range present and dirty, once', () => {
    const machine = new Machine();
    machine.write(0x20_0ffe, Uint8Array.of(1, 2, 3, 4));
    machine.write(0x20_0000, Uint8Array.of(9));
    machine.write(0x10_0000, Uint8Array.of(9));
    assert.deepEqual([...machine.takeDirtyPages()], [0x100, 0x200, 0x201]);
    assert.deepEqual([...machine.takeDirtyPages()], []);
    machine.write(0x20_0000, new Uint8Array(0));
    assert.deepEqual([...machine.takeDirtyPages()], []);
    machine.write(0x20_1000, Uint8Array.of(5));
    assert.deepEqual([...machine.takeDirtyPages()], [0x201]);
    assert.deepEqual([...machine.presentPages()], [0x100, 0x200, 0x201]);
    assert.deepEqual([...machine.bytes.subarray(0x20_0ffd, 0x20_1003)], [0, 1, 2, 5, 4, 0]);
  });

  it('is written only where the memory tree is', () => {
    const machine = new Machine();
    const two = Uint8Array.of(1, 2);
    machine.write(GUEST_START, two);
    machine.write(GUEST_END - 2, two);
    machine.write(KERNEL_START, two);
    machine.write(KERNEL_END - 2, two);
    for (const address of [
      0,
      GUEST_START - 1,
      GUEST_END - 1,
      KERNEL_END - 1,
      PAGE_FLAGS,
      2 ** 32 - 1,
      2 ** 32,
      -1,
      70000.5,
    ])
      assert.throws(() => machine.write(address, two), /outside of the memory tree/, String(address));
    assert.deepEqual([...machine.presentPages()], [0x10, 0xeffff, 0xf0000, 0xf00ff]);
  });

  it('zeroing leaves pages alone that were never written', () => {
    const machine = new Machine();
    machine.write(0x20_0000, new Uint8Array(PAGE_BYTES).fill(7));
    machine.write(0x20_2000, new Uint8Array(PAGE_BYTES).fill(7));
    machine.takeDirtyPages();
    machine.zeroPages(0x200, 2);
    assert.deepEqual([...machine.takeDirtyPages()], [0x200]);
    assert.ok(machine.page(0x200).every((byte) => byte === 0) && machine.page(0x202).every((byte) => byte === 7));
    assert.throws(() => machine.zeroPages(0, 32), /outside of the memory tree/);
  });

  it('a write to a page of code drops the decoded code, after telling the engine', () => {
    const machine = new Machine();
    const told: number[] = [];
    machine.onCodeWrite = (page) => told.push(page);
    machine.bytes[PAGE_FLAGS + 0x201] = FLAG_CODE;
    machine.view.setUint32(DECODED_MAP + 4 * 0x201, 0xfa00_0000, true);
    machine.write(0x20_0fff, Uint8Array.of(1, 2));
    machine.write(0x20_1000, Uint8Array.of(1));
    assert.deepEqual(told, [0x201]);
    assert.equal(machine.view.getUint32(DECODED_MAP + 4 * 0x201, true), 0);
    assert.equal((machine.bytes[PAGE_FLAGS + 0x201] ?? 0) & FLAG_CODE, 0);
  });
});

describe('state variables', () => {
  it('hold their own value, whatever is written to the others', () => {
    const machine = new Machine();
    const numbers = FIELDS.filter((field) => field.kind === 'number');
    const value = (name: string, bytes: number) =>
      (BigInt(FIELDS.findIndex((field) => field.name === name) + 1) * 0x0123_4567_89ab_cdefn) %
      (1n << BigInt(8 * bytes));
    for (const { name, bytes } of numbers) machine.set(name, value(name, bytes));
    for (const { name, bytes } of numbers) assert.equal(machine.get(name), value(name, bytes), name);
    for (let i = 1; i < 32; i++) assert.equal(machine.x(i), machine.get(`x${i}`));
    for (let i = 0; i < 32; i++) assert.equal(machine.f(i), machine.get(`f${i}`));
  });

  it('refuse values that do not fit and names that are not there', () => {
    const machine = new Machine();
    machine.set('fcsr', 0xffff_ffffn);
    assert.throws(() => machine.set('fcsr', 1n << 32n), /fcsr = 4294967296 does not fit 32 bits/);
    assert.throws(() => machine.set('pc', 1n << 64n), /does not fit/);
    assert.throws(() => machine.set('pc', -1n), /does not fit/);
    assert.throws(() => machine.get('pcc'), RangeError);
    assert.throws(() => machine.get('output'), RangeError);
    assert.throws(() => machine.getBytes('pc'), /not a field of 32 bytes/);
    assert.throws(() => machine.setBytes('output', new Uint8Array(31)), /does not take 31 bytes/);
    assert.throws(() => machine.x(32), /not a register number/);
  });

  it('x0 ignores writes', () => {
    const machine = new Machine();
    machine.setX(0, 5n);
    machine.setX(31, 6n);
    machine.setF(0, 7n);
    assert.deepEqual([machine.x(0), machine.x(31), machine.f(0)], [0n, 6n, 7n]);
  });

  it('of 32 bytes are raw: word i is the little-endian reading of bytes 8i to 8i+7', () => {
    const machine = new Machine();
    machine.setBytes(
      'output',
      Uint8Array.from({ length: 32 }, (_, i) => i),
    );
    assert.equal(machine.get('output.0'), 0x0706_0504_0302_0100n);
    assert.equal(machine.get('output.3'), 0x1f1e_1d1c_1b1a_1918n);
    assert.deepEqual(
      [...machine.getBytes('output')],
      Array.from({ length: 32 }, (_, i) => i),
    );
  });
});

describe('record bytes', () => {
  it('are big-endian numbers and raw hashes at the offsets of the layout', () => {
    const machine = new Machine();
    machine.set('version', 1n);
    machine.set('status', 3n);
    machine.set('reservationAddress', 0x1122_3344_5566_7788n);
    machine.setBytes('coldHash', new Uint8Array(32).fill(0xcc));
    machine.setX(1, 0xaabb_ccddn);
    machine.set('step', 258n);
    const hot = Buffer.from(recordBytes(machine, 'hot'));
    assert.equal(hot.length, 380);
    assert.equal(hot.subarray(0, 12).toString('hex'), '010300001122334455667788');
    assert.equal(hot.subarray(12, 44).toString('hex'), 'cc'.repeat(32));
    assert.equal(hot.subarray(108, 116).toString('hex'), '00000000aabbccdd');
    assert.equal(hot.subarray(372).toString('hex'), '0000000000000102');
  });

  it('give back the same variables', () => {
    const [machine, other] = [new Machine(), new Machine()];
    for (const part of ['hot', 'cold', 'fp'] as const) {
      const record = Uint8Array.from({ length: RECORD_BYTES[part] }, (_, i) => (i * 37 + 11) % 256);
      setRecordBytes(machine, part, record);
      assert.deepEqual(recordBytes(machine, part), record, part);
      setRecordBytes(other, part, recordBytes(machine, part));
    }
    for (const { name, kind } of FIELDS)
      if (kind === 'number') assert.equal(other.get(name), machine.get(name), name);
      else assert.deepEqual(other.getBytes(name), machine.getBytes(name), name);
    assert.throws(() => setRecordBytes(machine, 'hot', new Uint8Array(379)), /379 bytes are not the hot part/);
  });
});

describe('fork', () => {
  it('is equal and independent, and remembers what is dirty', () => {
    const machine = new Machine();
    machine.write(0x20_0000, Uint8Array.of(1));
    machine.takeDirtyPages();
    machine.write(0x30_0000, Uint8Array.of(2));
    machine.set('pc', 0x20_0000n);
    machine.setX(5, 55n);
    machine.setBytes('output', new Uint8Array(32).fill(3));
    const copy = machine.fork();
    machine.write(0x20_0000, Uint8Array.of(9));
    machine.setX(5, 99n);
    assert.deepEqual([copy.bytes[0x20_0000], copy.bytes[0x30_0000]], [1, 2]);
    assert.deepEqual([copy.get('pc'), copy.x(5), copy.getBytes('output')[0]], [0x20_0000n, 55n, 3]);
    assert.deepEqual([...copy.presentPages()], [0x200, 0x300]);
    assert.deepEqual([...copy.takeDirtyPages()], [0x300]);
    assert.deepEqual([...machine.takeDirtyPages()], [0x200, 0x300]);
  });
});
