// Calls that fill in a structure, and those of one line. Offsets and values are those of the Linux headers
// for riscv64 (include/uapi/asm-generic), written out here once more.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SYSTEM_CALLS } from '../../../src/environment/linux/table.ts';
import { Guest } from './guest.ts';

const [NOENT, BADF, FAULT, INVAL, MFILE, NOTTY, SPIPE, NOSYS] = [-2, -9, -14, -22, -24, -25, -29, -38];
const AT = 0x10_0013;
const OUTSIDE = 0xefff_fffc;
const BASE_SECONDS = 1_704_067_200n;
const INFINITY = 2n ** 64n - 1n;

/** Fills the buffer with ones, calls, and gives `length` bytes; what follows must be untouched. */
function filled(guest: Guest, length: number, call: () => number, expected = 0): Uint8Array {
  guest.setBytes(AT, new Uint8Array(length + 8).fill(0xff));
  assert.equal(call(), expected);
  assert.equal(guest.word(AT + length), INFINITY, 'what follows the structure is untouched');
  return guest.bytes(AT, length);
}

test('time: one nanosecond a step from 2024-01-01, and what was skipped', () => {
  const guest = new Guest();
  guest.state.set('step', 1_999_999_999n);
  guest.state.set('skippedNanoseconds', 5_000_000_001n);
  for (const clock of [0, 1, 7, 11]) {
    guest.state.set('step', 1_999_999_999n);
    filled(guest, 16, () => guest.call('clock_gettime', clock, AT));
    assert.deepEqual([guest.word(AT), guest.word(AT + 8)], [BASE_SECONDS + 7n, 0n]);
  }
  guest.state.set('step', 3_123n);
  filled(guest, 16, () => guest.call('gettimeofday', AT, 0));
  assert.deepEqual([guest.word(AT), guest.word(AT + 8)], [BASE_SECONDS + 5n, 3n]);
  filled(guest, 16, () => guest.call('clock_getres', 1, AT));
  assert.deepEqual([guest.word(AT), guest.word(AT + 8)], [0n, 1n]);
  for (const [name, ...args] of [
    ['clock_gettime', 12, AT],
    ['clock_gettime', -1, AT],
    ['clock_getres', 99, 0],
  ] as const)
    assert.equal(guest.call(name, ...args), INVAL);
  assert.equal(guest.call('clock_getres', 0, 0), 0);
  assert.equal(guest.call('gettimeofday', 0, 0), 0);
  assert.equal(guest.call('clock_gettime', 0, 0), FAULT);
  assert.equal(guest.call('clock_gettime', 0, 0xf000_0000 - 15), FAULT);
});

test('uname: six strings of 65 bytes', () => {
  const guest = new Guest();
  const names = filled(guest, 390, () => guest.call('uname', AT));
  const strings = Array.from({ length: 6 }, (_, i) => Buffer.from(names.subarray(65 * i, 65 * i + 65)).toString());
  assert.deepEqual(
    strings.map((name) => name.replace(/\0+$/, '')),
    ['Linux', '', '6.1.0', '', 'riscv64', ''],
  );
  assert.equal(guest.steps, 13);
  assert.equal(guest.call('uname', 0xf000_0000 - 389), FAULT);
});

test('fstat: the descriptors are pipes', () => {
  const guest = new Guest();
  for (const call of [() => guest.call('fstat', 1, AT), () => guest.call('newfstatat', 1, 0x7777, AT, 0x1000)]) {
    filled(guest, 128, call);
    assert.equal(guest.word(AT + 16, 4), 0o010600n, 'st_mode');
    assert.equal(guest.word(AT + 20, 4), 1n, 'st_nlink');
    assert.equal(guest.word(AT + 56, 4), 4096n, 'st_blksize');
    for (const offset of [0, 8, 24, 32, 40, 48, 60, 64, 72, 80, 88, 96, 104, 112, 120])
      assert.equal(guest.word(AT + offset, 4), 0n, `offset ${offset}`);
  }
  assert.equal(guest.call('fstat', 8, AT), BADF);
  assert.equal(guest.call('fstat', 0, OUTSIDE), FAULT);
  assert.equal(guest.call('newfstatat', -100, AT, AT, 0), NOENT);
  assert.equal(guest.call('newfstatat', -100, AT, AT, 0x1000), BADF);
});

test('limits, processors, signals', () => {
  const guest = new Guest();
  filled(guest, 16, () => guest.call('prlimit64', 0, 3, 0, AT));
  assert.deepEqual([guest.word(AT), guest.word(AT + 8)], [8n << 20n, INFINITY]);
  filled(guest, 16, () => guest.call('getrlimit', 7, AT));
  assert.deepEqual([guest.word(AT), guest.word(AT + 8)], [INFINITY, INFINITY]);
  assert.equal(guest.call('prlimit64', 0, 7, AT, 0), 0);
  assert.equal(guest.call('prlimit64', 0, 16, 0, AT), INVAL);
  filled(guest, 8, () => guest.call('sched_getaffinity', 0, 128, AT), 8);
  assert.equal(guest.word(AT), 1n);
  assert.equal(guest.call('sched_getaffinity', 0, 4, AT), INVAL);
  assert.deepEqual(
    filled(guest, 24, () => guest.call('rt_sigaction', 11, 0, AT, 8)),
    new Uint8Array(24),
  );
  assert.deepEqual(
    filled(guest, 8, () => guest.call('rt_sigprocmask', 0, 0, AT, 8)),
    new Uint8Array(8),
  );
  filled(guest, 24, () => guest.call('sigaltstack', 0, AT));
  assert.deepEqual([guest.word(AT), guest.word(AT + 8), guest.word(AT + 16)], [0n, 2n, 0n]);
  assert.equal(guest.call('rt_sigaction', 11, AT, 0, 8), 0);
  assert.equal(guest.call('rt_sigaction', 0, AT, 0, 8), INVAL);
  assert.equal(guest.call('rt_sigaction', 65, AT, 0, 8), INVAL);
  assert.equal(guest.call('rt_sigaction', 11, AT, 0, 4), INVAL);
  assert.equal(guest.call('rt_sigprocmask', 0, 0, OUTSIDE, 8), FAULT);
});

/** splitmix64 as its authors give it (Vigna, splitmix64.c). */
function* splitmix64(seed: bigint): Generator<bigint> {
  const word = (value: bigint) => BigInt.asUintN(64, value);
  for (let x = word(seed + 0x9e3779b97f4a7c15n); ; x = word(x + 0x9e3779b97f4a7c15n)) {
    let z = x;
    z = word((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = word((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    yield z ^ (z >> 31n);
  }
}

test('getrandom: the stream of splitmix64 that the inputs begin, four words a step', () => {
  const guest = new Guest();
  guest.state.set('inputsHash.0', 0x0123_4567_89ab_cdefn);
  const stream = splitmix64(0x0123_4567_89ab_cdefn);
  const expected = new Uint8Array(80);
  for (let i = 0; i < 10; i++) new DataView(expected.buffer).setBigUint64(8 * i, stream.next().value, true);
  guest.state.set('step', 0n);
  const length = 75;
  assert.deepEqual(
    filled(guest, length, () => guest.call('getrandom', AT, length, 0), length),
    expected.slice(0, length),
  );
  assert.equal(guest.steps, 3);
  assert.notDeepEqual(
    filled(guest, 8, () => guest.call('getrandom', AT, 8, 1), 8),
    expected.slice(0, 8),
  );
  assert.equal(guest.call('getrandom', AT, 0, 0), 0);
  assert.equal(guest.call('getrandom', AT, 8, 8), INVAL);
  assert.equal(guest.call('getrandom', OUTSIDE, 8, 0), FAULT);
  assert.equal(guest.call('getrandom', AT, -1, 0), FAULT);
});

test('identities', () => {
  const guest = new Guest();
  assert.equal(guest.call('set_tid_address', AT), 1);
  assert.equal(guest.state.get('clearChildTid'), BigInt(AT));
  assert.deepEqual(
    ['getpid', 'gettid', 'getppid', 'getuid', 'geteuid', 'getgid', 'getegid'].map((name) => guest.call(name)),
    [1, 1, 0, 0, 0, 0, 0],
  );
});

test('descriptors and files', () => {
  const guest = new Guest();
  const cases: readonly (readonly [string, readonly number[], number])[] = [
    ['close', [2], 0],
    ['close', [8], BADF],
    ['close', [-1], BADF],
    ['dup', [0], MFILE],
    ['dup', [9], BADF],
    ['pipe2', [AT, 0], MFILE],
    ['ioctl', [1, 0x5413, AT], NOTTY],
    ['ioctl', [30, 0x5413, AT], BADF],
    ['lseek', [0, 0, 0], SPIPE],
    ['lseek', [8, 0, 0], BADF],
    ['pread64', [5, AT, 8, 0], SPIPE],
    ['fsync', [1], INVAL],
    ['fcntl', [0, 1], 0],
    ['fcntl', [0, 2, 1], 0],
    ['fcntl', [1, 3], 2],
    ['fcntl', [1, 4, 0x800], 0],
    ['fcntl', [1, 0, 3], MFILE],
    ['fcntl', [1, 1030, 3], MFILE],
    ['fcntl', [1, 99], INVAL],
    ['fcntl', [8, 3], BADF],
    ['openat', [-100, 0, 0], NOENT],
    ['readlinkat', [-100, 0, AT, 8], NOENT],
    ['faccessat', [-100, 0, 0], NOENT],
  ];
  for (const [name, args, expected] of cases) assert.equal(guest.call(name, ...args), expected, `${name}(${args})`);
  assert.equal(
    guest.bytes(AT, 16).every((byte) => byte === 0),
    true,
    'none of them touches memory',
  );
});

test('a number without a row is ENOSYS, in one step', () => {
  const guest = new Guest();
  const known = new Set(SYSTEM_CALLS.map((call) => call.number));
  assert.equal(known.size, SYSTEM_CALLS.length);
  for (let number = 0; number < 600; number++)
    if (!known.has(number)) assert.equal(guest.call(number, 1, 2, 3, 4, 5, 6), NOSYS, `${number}`);
  for (const [name, number] of [
    ['clone3', 435],
    ['rseq', 293],
    ['riscv_hwprobe', 258],
    ['statx', 291],
  ])
    assert(!known.has(Number(number)), `${name}`);
});
