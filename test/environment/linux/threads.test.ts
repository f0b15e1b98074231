// clone and exit, step by step: what the flags of Go, glibc and musl ask for, and what is refused. The flags are written
// out as those runtimes have them: runtime/os_linux.go; sysdeps/unix/sysv/linux/createthread.c; src/thread/pthread_create.c.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Guest } from './guest.ts';

const [AGAIN, INVAL] = [-11, -22];
const STACK = 0x50_0000;
const TLS = 0x60_0000;
const [PARENT_TID, CHILD_TID] = [0x10_0013, 0x10_0101];
const OUTSIDE = 0xefff_fffd;
const SENTINEL = 0xeeee_eeeen;
const TURN = 1_000_000n;

const VM_FS_FILES_SIGHAND_THREAD = 0x1_0f00;
const CHILD_SETTID = 0x100_0000;
const FLAGS = { go: 0x5_0f00, glibc: 0x3d_0f00, musl: 0x7d_0f00 } as const;

/** A guest before a clone: registers that are all different, words to be written that are not zero. */
function beforeClone(
  flags: number | bigint,
  addresses: readonly [parent: number, child: number] = [PARENT_TID, CHILD_TID],
) {
  const guest = new Guest();
  for (let i = 1; i < 32; i++) guest.x[i] = BigInt(1000 + i);
  guest.setWord(PARENT_TID, SENTINEL, 4);
  guest.setWord(CHILD_TID, SENTINEL, 4);
  guest.state.set('clearChildTid', 77n);
  guest.prepare('clone', [flags, STACK, addresses[0], TLS, addresses[1]]);
  return guest;
}

const stateOf = (guest: Guest, ...names: string[]) => names.map((name) => Number(guest.state.get(name) ?? 0n));

test('clone with the flags of Go, glibc and musl: the new thread runs, the other one has had its turn', () => {
  const wanted = {
    go: { tp: 1004n, parent: SENTINEL, child: SENTINEL, clear: 0 },
    glibc: { tp: BigInt(TLS), parent: 2n, child: SENTINEL, clear: CHILD_TID },
    musl: { tp: BigInt(TLS), parent: 2n, child: SENTINEL, clear: CHILD_TID },
    settid: { tp: 1004n, parent: SENTINEL, child: 2n, clear: 0 },
  };
  for (const [name, { tp, parent, child, clear }] of Object.entries(wanted)) {
    const flags =
      name === 'settid' ? VM_FS_FILES_SIGHAND_THREAD | CHILD_SETTID | 17 : FLAGS[name as keyof typeof FLAGS];
    const guest = beforeClone(BigInt(flags) | (1n << 40n));
    const before = guest.x.slice();
    const pc = guest.state.get('pc') ?? 0n;
    assert.deepEqual(guest.step(), { kind: 'jump', target: pc + 4n }, name);
    const expected = before.slice();
    [expected[10], expected[2], expected[4]] = [0n, BigInt(STACK), tp];
    assert.deepEqual(guest.x, expected, `${name}: registers of the new thread`);
    assert.equal(guest.word(PARENT_TID, 4), parent, name);
    assert.equal(guest.word(CHILD_TID, 4), child, name);
    assert.deepEqual(stateOf(guest, 'threadId', 'clearChildTid', 'nextThreadId'), [2, clear, 3], name);
    assert.deepEqual(stateOf(guest, 'leftCount', 'rightCount', 'reservationWidth'), [1, 0, 0], name);
    assert.equal(guest.state.get('preemptStep'), TURN + 1n, name);

    guest.prepare('sched_yield');
    guest.step();
    assert(guest.switches, name);
    assert.deepEqual(guest.step(), { kind: 'jump', target: pc + 4n }, 'the other thread goes on after its clone');
    expected.set(before);
    expected[10] = 2n;
    assert.deepEqual(guest.x, expected, `${name}: registers of the other thread`);
    assert.deepEqual(stateOf(guest, 'threadId', 'clearChildTid'), [1, 77], name);
  }
});

test('clone: a stack of 0 is the stack of the caller, a bad address for a number is passed over', () => {
  const guest = beforeClone(FLAGS.glibc | CHILD_SETTID, [OUTSIDE, 0]);
  guest.x[11] = 0n;
  guest.step();
  assert.equal(guest.x[2], 1002n);
  assert.deepEqual(stateOf(guest, 'threadId', 'clearChildTid'), [2, 0]);
});

test('clone: whatever does not make a thread is refused', () => {
  const required = [0x100, 0x200, 0x400, 0x800, 0x1_0000];
  const refused = required.map((flag) => FLAGS.glibc & ~flag);
  // A process; vfork; pidfd, ptrace, parent, namespaces, untraced, io.
  refused.push(17, 0x4111);
  for (const flag of [0x1000, 0x2000, 0x4000, 0x8000, 0x2_0000, 0x80_0000, 0x200_0000, 0x1000_0000, 0x8000_0000])
    refused.push(FLAGS.glibc + flag);
  for (const flags of refused)
    assert.equal(new Guest().call('clone', flags, STACK, 0, TLS, 0), INVAL, flags.toString(16));
});

test('clone: 65,536 threads, ids up to 2^30 - 1', () => {
  const full = new Guest();
  full.state.set('nextThreadId', 2n ** 30n);
  assert.equal(full.call('clone', FLAGS.go, STACK), AGAIN);
  const last = beforeClone(FLAGS.go);
  last.state.set('nextThreadId', 2n ** 30n - 1n);
  last.step();
  assert.equal(last.state.get('threadId'), 2n ** 30n - 1n);

  const guest = new Guest();
  for (let count = 1; count < 65_536; count++) {
    guest.prepare('clone', [FLAGS.go, STACK]);
    guest.step();
    assert.equal(guest.state.get('threadId'), BigInt(count + 1));
  }
  assert.equal(guest.call('clone', FLAGS.go, STACK), AGAIN);
  guest.prepare('exit');
  guest.step();
  guest.prepare('clone', [FLAGS.go, STACK]);
  guest.step();
  assert.equal(guest.state.get('threadId'), 65_537n, 'an id is not used twice');
});

test('exit of a thread clears its word, wakes, and leaves the rest to the others', () => {
  for (const [word, cleared] of [
    [CHILD_TID, true],
    [0, false],
    [OUTSIDE, false],
  ] as const) {
    const guest = beforeClone(FLAGS.glibc, [PARENT_TID, word]);
    guest.step();
    guest.prepare('exit', [5]);
    assert.equal(guest.step().kind, 'jump');
    assert.equal(guest.word(CHILD_TID, 4), cleared ? 0n : SENTINEL);
    assert.deepEqual(stateOf(guest, 'threadId', 'leftCount', 'rightCount', 'wakeEpoch'), [1, 0, 0, 1]);
    assert.equal(guest.state.get('preemptStep'), 2n ** 64n - 1n, 'alone again: no more turns');
    assert.deepEqual(guest.end('exit', [3]), { kind: 'halt', status: 1 });
    assert.equal(guest.state.get('exitCode'), 3n);
  }
});

test('exit_group ends the run whatever threads there are', () => {
  const guest = beforeClone(FLAGS.musl);
  guest.step();
  assert.deepEqual(guest.end('exit_group', [0]), { kind: 'halt', status: 0 });
});

test('a run ends with all 64 bits of its exit code', () => {
  for (const name of ['exit', 'exit_group'])
    for (const [code, status] of [
      [0n, 0],
      [1n, 1],
      [256n, 1],
      [2n ** 63n, 1],
    ] as const) {
      const guest = new Guest();
      assert.deepEqual(guest.end(name, [code]), { kind: 'halt', status });
      assert.equal(guest.state.get('exitCode'), code);
    }
});

test('a call of several steps is not interrupted, and the turn is over right after it', () => {
  const guest = beforeClone(FLAGS.go);
  guest.step();
  guest.state.set('preemptStep', (guest.state.get('step') ?? 0n) + 2n);
  assert.equal(guest.call('getrandom', 0x70_0000, 200, 0), 200);
  assert.equal(guest.steps, 7);
  assert(guest.switches);
  guest.step();
  assert.equal(guest.state.get('threadId'), 1n);
});
