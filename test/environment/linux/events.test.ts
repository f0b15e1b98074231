// The eventfd and the epoll set by the only thread; then what waking through them is for, with two. Numbers are those of the
// Linux headers (include/uapi/linux/eventpoll.h, eventfd.h).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Guest } from './guest.ts';

const [PERM, NOENT, BADF, AGAIN, FAULT, EXIST, INVAL, MFILE] = [-1, -2, -9, -11, -14, -17, -22, -24];
const [EVENT_FD, EPOLL_FD] = [8, 9];
const [CLOEXEC, NONBLOCK] = [0x8_0000, 0x800];
const [ADD, DEL, MOD] = [1, 2, 3];
const [IN, OUT] = [1, 4];
const AT = 0x10_0013;
const BUFFER = 0x10_0100;
const OUTSIDE = 0xefff_fffc;
const DATA = 0x1122_3344_5566_7788n;
const MOST = 2n ** 64n - 2n;

/** As the runtime of Go sets them up. */
function goGuest(flags = CLOEXEC | NONBLOCK): Guest {
  const guest = new Guest();
  assert.equal(guest.call('epoll_create1', CLOEXEC), EPOLL_FD);
  assert.equal(guest.call('eventfd2', 0, flags), EVENT_FD);
  assert.equal(control(guest, ADD, IN), 0);
  return guest;
}

function control(guest: Guest, operation: number, events: number, fd = EVENT_FD, set = EPOLL_FD): number {
  guest.setWord(AT, events, 4);
  guest.setWord(AT + 4, 0xdead_beef, 4);
  guest.setWord(AT + 8, DATA);
  return guest.call('epoll_ctl', set, operation, fd, AT);
}

function transfer(guest: Guest, name: 'read' | 'write', value: bigint): number {
  guest.setWord(BUFFER, value);
  return guest.call(name, EVENT_FD, BUFFER, 8);
}

/** The result of an epoll_pwait, and the event that it wrote: 16 bytes, of which 4 are left as they are. */
function poll(guest: Guest, timeout = 0): readonly [number, bigint, bigint, bigint] {
  guest.setBytes(BUFFER, new Uint8Array(24).fill(0xee));
  const result = guest.call('epoll_pwait', EPOLL_FD, BUFFER, 4, timeout, 0, 8);
  assert.equal(guest.word(BUFFER + 16), 0xeeee_eeee_eeee_eeeen);
  return [result, guest.word(BUFFER, 4), guest.word(BUFFER + 4, 4), guest.word(BUFFER + 8)];
}

const NOTHING = [0, 0xeeee_eeeen, 0xeeee_eeeen, 0xeeee_eeee_eeee_eeeen];
const readable = (events = 1n) => [1, events, 0xeeee_eeeen, DATA];

test('an eventfd counts what is written until it is read', () => {
  const guest = goGuest();
  assert.equal(transfer(guest, 'read', 5n), AGAIN);
  assert.equal(guest.word(BUFFER), 5n);
  assert.equal(transfer(guest, 'write', 3n), 8);
  assert.equal(transfer(guest, 'write', 4n), 8);
  assert.equal(transfer(guest, 'read', 0n), 8);
  assert.equal(guest.word(BUFFER), 7n);
  assert.equal(transfer(guest, 'read', 0n), AGAIN);
  assert.equal(guest.state.get('wakeEpoch'), 3n, 'a write and a change of the set wake, a read does not');
});

test('an eventfd: limits and errors', () => {
  const guest = goGuest();
  assert.equal(transfer(guest, 'write', 2n ** 64n - 1n), INVAL);
  assert.equal(transfer(guest, 'write', MOST - 1n), 8);
  assert.equal(transfer(guest, 'write', 2n), AGAIN);
  assert.equal(transfer(guest, 'write', 1n), 8);
  assert.equal(transfer(guest, 'read', 0n), 8);
  assert.equal(guest.word(BUFFER), MOST);
  for (const name of ['read', 'write']) {
    assert.equal(guest.call(name, EVENT_FD, BUFFER, 7), INVAL);
    assert.equal(guest.call(name, EVENT_FD, BUFFER, 0), INVAL);
    assert.equal(guest.call(name, EVENT_FD, OUTSIDE, 8), FAULT);
    assert.equal(guest.call(name, EPOLL_FD, BUFFER, 8), BADF);
    assert.equal(guest.call(`${name}v`, EVENT_FD, BUFFER, 1), INVAL);
  }
  assert.equal(guest.call('eventfd2', 0, 0), MFILE);
  assert.equal(guest.call('epoll_create1', 0), MFILE);
});

test('before they are made, the two descriptors are not open', () => {
  const guest = new Guest();
  assert.equal(transfer(guest, 'write', 1n), BADF);
  assert.equal(guest.call('epoll_pwait', EPOLL_FD, BUFFER, 1, 0), BADF);
  assert.equal(control(guest, ADD, IN), BADF);
  for (const flags of [1, 0x1000, 0x8_0001, 0x8000_0000]) assert.equal(guest.call('eventfd2', 0, flags), INVAL);
  for (const flags of [1, NONBLOCK]) assert.equal(guest.call('epoll_create1', flags), INVAL);
  assert.equal(guest.call('eventfd2', 2n ** 32n + 6n, 0), EVENT_FD);
  assert.equal(transfer(guest, 'read', 0n), 8);
  assert.equal(guest.word(BUFFER), 6n, 'the initial count is an int');
});

test('an epoll set says what the eventfd is ready for', () => {
  const guest = goGuest();
  assert.deepEqual(poll(guest), NOTHING);
  transfer(guest, 'write', 1n);
  assert.deepEqual(poll(guest), readable());
  assert.deepEqual(poll(guest, -1), readable(), 'as long as it is not read');
  assert.equal(control(guest, MOD, IN | OUT), 0);
  assert.deepEqual(poll(guest), readable(5n));
  transfer(guest, 'read', 0n);
  assert.deepEqual(poll(guest), readable(4n));
  transfer(guest, 'write', MOST);
  assert.deepEqual(poll(guest), readable(1n), 'no room');
  assert.equal(guest.call('epoll_ctl', EPOLL_FD, DEL, EVENT_FD, 0), 0);
  assert.deepEqual(poll(guest), NOTHING);
});

test('an epoll set: errors', () => {
  const guest = goGuest();
  assert.equal(control(guest, ADD, IN), EXIST);
  assert.equal(control(guest, ADD, IN, 0), PERM);
  assert.equal(control(guest, ADD, IN, 30), BADF);
  assert.equal(control(guest, ADD, IN, EVENT_FD, 30), BADF);
  assert.equal(control(guest, ADD, IN, EVENT_FD, 0), INVAL);
  assert.equal(control(guest, ADD, IN, EVENT_FD, EVENT_FD), INVAL);
  assert.equal(control(guest, ADD, IN, EPOLL_FD), INVAL);
  assert.equal(control(guest, 0, IN), INVAL);
  assert.equal(control(guest, 4, IN), INVAL);
  for (const events of [0x8000_0001, 0x4000_0001, 0x1000_0001, 0x2000_0001, 2 ** 8])
    assert.equal(control(guest, MOD, events), INVAL, 'edge-triggered, once, exclusive, wakeup, unknown');
  assert.equal(control(guest, MOD, 0x201f), 0);
  assert.equal(guest.call('epoll_ctl', EPOLL_FD, MOD, EVENT_FD, OUTSIDE), FAULT);
  assert.equal(guest.call('epoll_ctl', EPOLL_FD, DEL, EVENT_FD, OUTSIDE), 0);
  assert.equal(guest.call('epoll_ctl', EPOLL_FD, DEL, EVENT_FD, OUTSIDE), NOENT);
  assert.equal(control(guest, MOD, IN), NOENT);
  for (const most of [0, -1, 2 ** 27]) assert.equal(guest.call('epoll_pwait', EPOLL_FD, BUFFER, most, 0), INVAL);
  assert.equal(guest.call('epoll_pwait', EPOLL_FD, OUTSIDE, 1, 0), FAULT);
  assert.equal(guest.call('epoll_pwait', EPOLL_FD, 0x9000_0000, 2 ** 27 - 1, 0), FAULT, 'room for all of them');
  assert.equal(guest.call('epoll_pwait', 30, BUFFER, 1, 0), BADF);
  assert.equal(guest.call('epoll_pwait', EVENT_FD, BUFFER, 1, 0), INVAL);
});

test('an epoll_pwait that nobody ends: milliseconds, or for ever', () => {
  const guest = goGuest();
  assert.deepEqual(poll(guest, 7), NOTHING);
  const [step, skipped] = [guest.state.get('step') ?? 0n, guest.state.get('skippedNanoseconds') ?? 0n];
  assert.equal(guest.steps, 4);
  assert.equal(skipped, 7_000_000n - 2n, 'the deadline, two steps after the call');
  assert(step > 0n);
  assert.deepEqual(guest.end('epoll_pwait', [EPOLL_FD, BUFFER, 1, -1]), { kind: 'trap', reason: 'deadlock' });
});

test('a read of an eventfd that may block waits for a write', () => {
  const guest = goGuest(0);
  assert.deepEqual(guest.end('read', [EVENT_FD, BUFFER, 8]), { kind: 'trap', reason: 'deadlock' });
});
