// The calls that wait: nanosleep, clock_nanosleep, ppoll, futex. A step finds out whether the call is done: else the thread
// waits (systemCall.ts), and executes the call again when there was a wake or its time is up.
//
// ppoll looks at one descriptor a step (callPosition; callLength counts those that are ready): 0 to 7 can always be read
// and written, others answer POLLNVAL. futex knows WAIT, WAKE, their BITSET forms, REQUEUE and CMP_REQUEUE. Whom a wake
// concerns is not looked at: all that wait on any futex return 0, as if spuriously, which Linux allows; so 0 is also what
// the wake returns, having woken nobody in particular.

import { NEVER } from '../../semantics/layout.ts';
import type { Value, Variable } from '../../semantics/program.ts';
import { nanoseconds } from '../../semantics/time.ts';
import type { Kernel, SystemCall } from '../systemCall.ts';
import { ERRNO, FD_COUNT } from './errno.ts';
import { CLOCKS } from './query.ts';

const NUMBER = { ppoll: 73, futex: 98, nanosleep: 101, clock_nanosleep: 115 } as const;

const TIMER_ABSTIME = 1;
const FUTEX_COMMAND = 0x7f;
const FUTEX = { WAIT: 0, WAKE: 1, REQUEUE: 3, CMP_REQUEUE: 4, WAIT_BITSET: 9, WAKE_BITSET: 10 } as const;
const POLLIN = 1;
const POLLOUT = 4;
const POLLNVAL = 0x20;
/** Most descriptors of a ppoll: the usual limit of open files. */
const POLL_MAX = 1024;
const POLLFD_BYTES = 8;

const SECOND = 1_000_000_000n;
/** KTIME_MAX: no deadline is later, 2262. */
const LAST_TIME = 2n ** 63n - 1n;

/** How a call stands in this step. */
interface Waiting {
  /** 1 while the call is not done. */
  readonly waits: Variable;
  /** When it is done anyhow: nanoseconds, NEVER for a call without a time limit. */
  readonly limit: Variable;
  /** What it returns when it is done. */
  readonly result: Variable;
}

function wait(k: Kernel): void {
  const number = k.number();
  const isPoll = k.eq(number, NUMBER.ppoll);
  const isFutex = k.eq(number, NUMBER.futex);
  const isClock = k.eq(number, NUMBER.clock_nanosleep);
  const before = k.state('threadDeadline');
  const waiting: Waiting = {
    waits: k.variable(k.constant(1, 1)),
    limit: k.variable(before),
    result: k.variable(k.constant(0)),
  };
  // The errors of Linux in its order: a time limit comes first, but for a clock that does not exist.
  k.when(k.not(k.resumes()), () => timeLimit(k, isPoll, isFutex, waiting));
  answerIf(k, waiting, k.and(isClock, k.not(k.ltU(k.descriptor(0), CLOCKS))), -ERRNO.EINVAL);
  const open = k.get(waiting.waits);
  k.when(k.and(isPoll, open), () => poll(k, waiting));
  k.when(k.and(isFutex, open), () => futex(k, waiting));

  k.writeState('callPosition', 0);
  k.writeState('callLength', 0);
  const limit = k.get(waiting.limit);
  k.when(k.get(waiting.waits), () => {
    k.when(k.ltU(nanoseconds(k), limit), () => k.waitUntil(limit));
    k.set(waiting.result, k.select(isFutex, k.constant(-ERRNO.ETIMEDOUT), 0));
  });
  k.returnsFromWait(k.get(waiting.result));
}

/** The call is done and gives `value` if `condition` holds. */
function answerIf(k: Kernel, { waits, result }: Waiting, condition: Value, value: Value | number): void {
  k.when(condition, () => {
    k.set(waits, 0);
    k.set(result, value);
  });
}

/** How long the call waits at the most, by its arguments. */
function timeLimit(k: Kernel, isPoll: Value, isFutex: Value, waiting: Waiting): void {
  const number = k.number();
  const operation = k.argument(1);
  const command = k.and(operation, FUTEX_COMMAND);
  const isBitset = k.eq(command, FUTEX.WAIT_BITSET);
  const timeout = k.firstOf(
    [
      [isFutex, k.argument(3)],
      [k.eq(number, NUMBER.nanosleep), k.argument(0)],
    ],
    k.argument(2),
  );
  const noWait = k.and(isFutex, k.not(k.or(k.eq(command, FUTEX.WAIT), isBitset)));
  const without = k.or(noWait, k.and(k.or(isPoll, isFutex), k.eq(timeout, 0)));
  const isClock = k.eq(number, NUMBER.clock_nanosleep);
  const absolute = k.select(isFutex, isBitset, k.and(isClock, k.ne(k.and(operation, TIMER_ABSTIME), 0)));
  k.when(
    without,
    () => k.set(waiting.limit, NEVER),
    () => readTime(k, timeout, absolute, waiting),
  );
}

/** The time that the timespec at `timeout` says, from now unless it is absolute. */
function readTime(k: Kernel, timeout: Value, absolute: Value, waiting: Waiting): void {
  k.when(
    k.outside(timeout, 16),
    () => answerIf(k, waiting, k.constant(1, 1), -ERRNO.EFAULT),
    () => {
      const seconds = k.read(timeout, 8);
      const fraction = k.read(k.add(timeout, 8), 8);
      answerIf(k, waiting, k.or(k.ltS(seconds, 0), k.not(k.ltU(fraction, SECOND))), -ERRNO.EINVAL);
      const tooLong = k.not(k.ltU(seconds, LAST_TIME / SECOND));
      const given = k.select(tooLong, k.constant(LAST_TIME), k.add(k.mul(seconds, SECOND), fraction));
      const time = k.select(absolute, given, k.add(nanoseconds(k), given));
      k.set(waiting.limit, k.select(k.ltU(k.constant(LAST_TIME), time), k.constant(LAST_TIME), time));
    },
  );
}

/** One descriptor a step, then the count of those that are ready; without one the call waits. */
function poll(k: Kernel, waiting: Waiting): void {
  const entries = k.argument(0);
  const count = k.argument(1);
  const position = k.state('callPosition');
  const invalid = k.ltU(k.constant(POLL_MAX), count);
  const fault = k.and(k.ne(count, 0), k.outside(entries, k.shl(count, 3)));
  const errno = k.firstOf(
    [
      [invalid, -ERRNO.EINVAL],
      [fault, -ERRNO.EFAULT],
    ],
    0,
  );
  const ready = k.state('callLength');
  k.when(k.and(k.eq(errno, 0), k.ltU(position, count)), () => {
    const entry = k.add(entries, k.mul(position, POLLFD_BYTES));
    const fd = k.read(entry, 4);
    const events = k.and(k.read(k.add(entry, 4), 2), POLLIN | POLLOUT);
    const closed = k.select(k.ltS(fd, 0), k.constant(0, 16), POLLNVAL);
    const returned = k.select(k.ltU(fd, FD_COUNT), events, closed);
    k.write(k.add(entry, 6), 2, returned);
    k.writeState('callPosition', k.add(position, 1));
    k.writeState('callLength', k.add(ready, k.zext(k.ne(returned, 0), 64)));
    k.again();
  });
  answerIf(k, waiting, k.ne(ready, 0), ready);
  answerIf(k, waiting, k.ne(errno, 0), errno);
}

/** A wait that has waited is over by a wake; one that begins waits only if the word has the value that the guest expects. */
function futex(k: Kernel, waiting: Waiting): void {
  k.when(
    k.resumes(),
    () => answerIf(k, waiting, k.ne(k.state('threadEpoch'), k.state('wakeEpoch')), 0),
    () => beginFutex(k, waiting),
  );
}

function beginFutex(k: Kernel, waiting: Waiting): void {
  const address = k.argument(0);
  const command = k.and(k.argument(1), FUTEX_COMMAND);
  const is = (...commands: (keyof typeof FUTEX)[]) =>
    commands.map((name) => k.eq(command, FUTEX[name])).reduce((any, one) => k.or(any, one));
  const isWake = is('WAKE', 'REQUEUE', 'CMP_REQUEUE', 'WAKE_BITSET');
  const known = k.or(isWake, is('WAIT', 'WAIT_BITSET'));
  const compares = k.and(known, k.not(is('WAKE', 'REQUEUE', 'WAKE_BITSET')));
  const noBits = k.and(is('WAIT_BITSET', 'WAKE_BITSET'), k.eq(k.trunc(k.argument(5), 32), 0));
  const errno = k.firstOf(
    [
      [k.not(known), -ERRNO.ENOSYS],
      [k.or(noBits, k.ne(k.and(address, 3), 0)), -ERRNO.EINVAL],
      [k.outside(address, 4), -ERRNO.EFAULT],
    ],
    0,
  );
  answerIf(k, waiting, k.ne(errno, 0), errno);
  k.when(k.and(compares, k.eq(errno, 0)), () => {
    const expected = k.select(is('CMP_REQUEUE'), k.argument(5), k.argument(2));
    answerIf(k, waiting, k.ne(k.read(address, 4), k.trunc(expected, 32)), -ERRNO.EAGAIN);
  });
  k.when(k.and(isWake, k.get(waiting.waits)), () => {
    k.wake();
    answerIf(k, waiting, k.constant(1, 1), 0);
  });
}

/** ppoll, futex, nanosleep, clock_nanosleep. */
export const WAIT_CALLS: readonly SystemCall[] = Object.entries(NUMBER).map(([name, number]) => ({
  number,
  name,
  meaning: wait,
}));
