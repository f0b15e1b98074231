// Calls that wait, made by the only thread: nobody wakes it, so a wait ends at its time, or the run ends. What threads do to
// one another is in threadSwitch.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Guest } from './guest.ts';

const [AGAIN, FAULT, INVAL, NOSYS, TIMEDOUT] = [-11, -14, -22, -38, -110];
const AT = 0x10_0013;
const WORD = 0x20_0000;
const OUTSIDE = 0xefff_fffc;
const BASE = 1_704_067_200n * 10n ** 9n;
const SECOND = 10n ** 9n;
const DEADLOCK = { kind: 'trap', reason: 'deadlock' };
/** Steps of a call that sleeps: it waits, is met in vain, time skips, it goes on. The last two are after the deadline. */
const SLEEP_STEPS = 4;
const AFTER_DEADLINE = 2n;

/** The time at which the next step begins. */
const now = (guest: Guest): bigint =>
  BASE + (guest.state.get('step') ?? 0n) + (guest.state.get('skippedNanoseconds') ?? 0n);

function timespec(guest: Guest, seconds: bigint, nanoseconds: bigint): number {
  guest.setWord(AT, seconds);
  guest.setWord(AT + 8, nanoseconds);
  return AT;
}

test('a sleep skips time, to a length or to a moment', () => {
  const guest = new Guest();
  const before = now(guest);
  assert.equal(guest.call('nanosleep', timespec(guest, 2n, 5n), 0), 0);
  assert.equal(guest.steps, SLEEP_STEPS);
  assert.equal(now(guest) - before, 2n * SECOND + 5n + AFTER_DEADLINE);
  const until = BASE / SECOND + 100n;
  assert.equal(guest.call('clock_nanosleep', 1, 1, timespec(guest, until, 7n), 0), 0);
  assert.equal(now(guest), until * SECOND + 7n + AFTER_DEADLINE);
  assert.equal(guest.call('clock_nanosleep', 1, 1, timespec(guest, until - 50n, 7n), 0), 0);
  assert.equal(guest.steps, 1, 'a moment that has passed');
  const then = now(guest);
  assert.equal(guest.call('clock_nanosleep', 0, 0, timespec(guest, 1n, 0n), 0), 0);
  assert.equal(now(guest), then + SECOND + AFTER_DEADLINE);
  assert.equal(guest.call('nanosleep', timespec(guest, 0n, 0n), 0), 0);
  assert.equal(guest.steps, 1, 'no time at all');
});

test('time never passes 2^63 - 1 nanoseconds by sleeping', () => {
  const guest = new Guest();
  for (const seconds of [2n ** 63n - 1n, 9_223_372_036n, 9_000_000_000n]) {
    assert.equal(guest.call('nanosleep', timespec(guest, seconds, 999_999_999n), 0), 0);
    assert(now(guest) >= 2n ** 63n - 1n && now(guest) < 2n ** 63n + 10n, `${now(guest)}`);
  }
});

test('a sleep: errors', () => {
  const guest = new Guest();
  assert.equal(guest.call('nanosleep', timespec(guest, 0n, SECOND), 0), INVAL);
  assert.equal(guest.call('nanosleep', timespec(guest, -1n, 0n), 0), INVAL);
  assert.equal(guest.call('nanosleep', 0, 0), FAULT);
  assert.equal(guest.call('clock_nanosleep', 12, 0, timespec(guest, 1n, 0n), 0), INVAL);
  assert.equal(guest.call('clock_nanosleep', 12, 0, 0, 0), INVAL);
  assert.equal(guest.state.get('skippedNanoseconds') ?? 0n, 0n);
});

test('futex: a wait that nobody ends is over at its deadline or never', () => {
  const guest = new Guest();
  guest.setWord(WORD, 5, 4);
  const [WAIT, WAKE, PRIVATE, WAIT_BITSET, WAKE_BITSET] = [0, 1, 128, 9, 10];
  assert.equal(guest.call('futex', WORD, WAKE | PRIVATE, 1, 0, 0, 0), 0);
  assert.equal(guest.call('futex', WORD, WAKE_BITSET | PRIVATE, 1, 0, 0, -1), 0);
  assert.equal(guest.state.get('wakeEpoch'), 2n);
  assert.equal(guest.call('futex', WORD, WAIT | PRIVATE, 4, 0, 0, 0), AGAIN);
  const before = now(guest);
  assert.equal(guest.call('futex', WORD, WAIT | PRIVATE, 5n + 2n ** 32n, timespec(guest, 1n, 0n), 0, 0), TIMEDOUT);
  assert.equal(now(guest), before + SECOND + AFTER_DEADLINE);
  const until = timespec(guest, BASE / SECOND + 3n, 0n);
  assert.equal(guest.call('futex', WORD, WAIT_BITSET | PRIVATE | 256, 5, until, 0, -1), TIMEDOUT);
  assert.equal(now(guest), BASE + 3n * SECOND + AFTER_DEADLINE, 'an absolute deadline');
  assert.equal(guest.state.get('wakeEpoch'), 2n, 'a wait wakes nobody');
  assert.deepEqual(guest.end('futex', [WORD, WAIT, 5, 0]), DEADLOCK);
});

test('futex: requeueing is waking, if the word has the value that CMP_REQUEUE expects', () => {
  const guest = new Guest();
  guest.setWord(WORD, 5, 4);
  const [REQUEUE, CMP_REQUEUE] = [3, 4];
  assert.equal(guest.call('futex', WORD, REQUEUE | 128, 0, 1, WORD + 4, 0), 0);
  assert.equal(guest.state.get('wakeEpoch'), 1n);
  assert.equal(guest.call('futex', WORD, CMP_REQUEUE, 0, 1, WORD + 4, 4), AGAIN);
  assert.equal(guest.state.get('wakeEpoch'), 1n);
  assert.equal(guest.call('futex', WORD, CMP_REQUEUE, 0, 1, WORD + 4, 5), 0);
  assert.equal(guest.state.get('wakeEpoch'), 2n);
});

test('futex: errors', () => {
  const guest = new Guest();
  guest.setWord(WORD, 5, 4);
  assert.equal(guest.call('futex', WORD, 9, 5, 0, 0, 0), INVAL);
  assert.equal(guest.call('futex', WORD, 10, 5, 0, 0, 2n ** 32n), INVAL);
  assert.equal(guest.call('futex', WORD + 1, 0, 5, 0), INVAL);
  assert.equal(guest.call('futex', WORD + 2, 1, 5, 0), INVAL);
  assert.equal(guest.call('futex', 0, 1, 1), FAULT);
  assert.equal(guest.call('futex', 0, 0, 1), FAULT);
  assert.equal(guest.call('futex', WORD, 0, 5, OUTSIDE), FAULT);
  assert.equal(guest.call('futex', WORD, 0, 5, timespec(guest, 0n, -1n)), INVAL);
  for (const command of [2, 5, 6, 7, 8, 11, 12, 13, 127])
    assert.equal(guest.call('futex', WORD, command, 0, OUTSIDE), NOSYS, `command ${command}`);
  assert.equal(guest.state.get('wakeEpoch') ?? 0n, 0n);
});

test('ppoll: the descriptors are ready, others answer POLLNVAL', () => {
  const guest = new Guest();
  const at = 0x20_001a;
  const poll = (...entries: readonly (readonly [fd: number, events: number])[]) => {
    entries.forEach(([fd, events], i) => {
      guest.setWord(at + 8 * i, fd, 4);
      guest.setWord(at + 8 * i + 4, events, 2);
      guest.setWord(at + 8 * i + 6, 0xffff, 2);
    });
    const result = guest.call('ppoll', at, entries.length, timespec(guest, 1n, 0n), 0, 8);
    return [result, ...entries.map((_, i) => Number(guest.word(at + 8 * i + 6, 2)))];
  };
  assert.deepEqual(poll([0, 1], [1, 4], [2, 0x1d]), [3, 1, 4, 5]);
  assert.deepEqual(poll([0, 0], [9, 5], [-1, 5]), [1, 0, 0x20, 0]);
  assert.equal(guest.state.get('skippedNanoseconds') ?? 0n, 0n);
  const before = now(guest);
  assert.deepEqual(poll([-1, 5]), [0, 0]);
  // One step more before the wait, and one after it, for the descriptor.
  assert.equal(now(guest), before + 1n + SECOND + 1n + AFTER_DEADLINE);
  assert.equal(guest.call('ppoll', 0, 0, timespec(guest, 1n, 0n)), 0);
  assert.deepEqual(guest.end('ppoll', [0, 0, 0]), DEADLOCK);
});

test('ppoll: errors', () => {
  const guest = new Guest();
  assert.equal(guest.call('ppoll', OUTSIDE, 1, AT), FAULT);
  assert.equal(guest.call('ppoll', AT, 1025, AT), INVAL);
  assert.equal(guest.call('ppoll', AT, 1025, 0), INVAL);
  assert.equal(guest.call('ppoll', AT, 1, OUTSIDE), FAULT);
});
