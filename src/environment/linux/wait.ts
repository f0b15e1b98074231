// The calls that wait: nanosleep, clock_nanosleep, ppoll, futex. Nothing runs beside the one thread, so a wait ends by its
// deadline only, and virtual time skips to it; one without a deadline can never end: panic `deadlock`.
//
// ppoll looks at one descriptor a step (callPosition; callLength counts those that are ready): 0 to 7 can always be read
// and written, others answer POLLNVAL. futex knows WAIT, WAKE and their BITSET forms; a wake finds nobody.

import type { Value, Variable } from '../../semantics/program.ts';
import { nanoseconds } from '../../semantics/time.ts';
import type { Kernel, SystemCall } from '../systemCall.ts';
import { ERRNO, FD_COUNT } from './errno.ts';
import { CLOCKS } from './query.ts';

const NUMBER = { ppoll: 73, futex: 98, nanosleep: 101, clock_nanosleep: 115 } as const;

const TIMER_ABSTIME = 1;
const FUTEX_COMMAND = 0x7f;
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const FUTEX_WAIT_BITSET = 9;
const FUTEX_WAKE_BITSET = 10;
const POLLIN = 1;
const POLLOUT = 4;
const POLLNVAL = 0x20;
/** Most descriptors of a ppoll: the usual limit of open files. */
const POLL_MAX = 1024;
const POLLFD_BYTES = 8;

const SECOND = 1_000_000_000n;
/** KTIME_MAX: no deadline is later, 2262. */
const LAST_TIME = 2n ** 63n - 1n;

function wait(k: Kernel): void {
  const number = k.number();
  const isPoll = k.eq(number, NUMBER.ppoll);
  const isFutex = k.eq(number, NUMBER.futex);
  /** 1 while the call waits; what it returns otherwise. */
  const waits = k.variable(k.constant(1, 1));
  const result = k.variable(k.constant(0));
  k.when(isPoll, () => poll(k, waits, result));
  k.when(isFutex, () => futex(k, waits, result));
  k.when(k.eq(number, NUMBER.clock_nanosleep), () =>
    answerIf(k, waits, result, k.not(k.ltU(k.descriptor(0), CLOCKS)), -ERRNO.EINVAL),
  );
  const timeout = k.firstOf(
    [
      [isFutex, k.argument(3)],
      [k.eq(number, NUMBER.nanosleep), k.argument(0)],
    ],
    k.argument(2),
  );
  k.when(k.get(waits), () => {
    k.when(k.and(k.or(isPoll, isFutex), k.eq(timeout, 0)), () => k.trap('deadlock'));
    const absolute = k.or(
      k.and(isFutex, k.eq(k.and(k.argument(1), FUTEX_COMMAND), FUTEX_WAIT_BITSET)),
      k.and(k.eq(number, NUMBER.clock_nanosleep), k.ne(k.and(k.argument(1), TIMER_ABSTIME), 0)),
    );
    k.set(result, k.select(isFutex, k.constant(-ERRNO.ETIMEDOUT), 0));
    skip(k, timeout, absolute, result);
  });
  k.writeState('callPosition', 0);
  k.writeState('callLength', 0);
  k.returns(k.get(result));
}

/** The call does not wait but gives `value` if `condition` holds. */
function answerIf(k: Kernel, waits: Variable, result: Variable, condition: Value, value: Value | number): void {
  k.when(condition, () => {
    k.set(waits, 0);
    k.set(result, value);
  });
}

/** Time skips to the deadline that the timespec at `timeout` says; an error in `result` leaves it. */
function skip(k: Kernel, timeout: Value, absolute: Value, result: Variable): void {
  k.when(
    k.outside(timeout, 16),
    () => k.set(result, -ERRNO.EFAULT),
    () => {
      const seconds = k.read(timeout, 8);
      const fraction = k.read(k.add(timeout, 8), 8);
      const invalid = k.or(k.ltS(seconds, 0), k.not(k.ltU(fraction, SECOND)));
      k.when(
        invalid,
        () => k.set(result, -ERRNO.EINVAL),
        () => {
          const now = nanoseconds(k);
          const tooLong = k.not(k.ltU(seconds, LAST_TIME / SECOND));
          const given = k.select(tooLong, k.constant(LAST_TIME), k.add(k.mul(seconds, SECOND), fraction));
          const sum = k.select(absolute, given, k.add(now, given));
          const deadline = k.select(k.ltU(k.constant(LAST_TIME), sum), k.constant(LAST_TIME), sum);
          k.when(k.ltU(now, deadline), () =>
            k.writeState('skippedNanoseconds', k.add(k.state('skippedNanoseconds'), k.sub(deadline, now))),
          );
        },
      );
    },
  );
}

/** One descriptor a step, then the count of those that are ready; without one the call waits. */
function poll(k: Kernel, waits: Variable, result: Variable): void {
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
  answerIf(k, waits, result, k.ne(ready, 0), ready);
  answerIf(k, waits, result, k.ne(errno, 0), errno);
}

/** A wait goes on waiting only if the word still has the value that the guest expects. */
function futex(k: Kernel, waits: Variable, result: Variable): void {
  const address = k.argument(0);
  const command = k.and(k.argument(1), FUTEX_COMMAND);
  const isWait = k.or(k.eq(command, FUTEX_WAIT), k.eq(command, FUTEX_WAIT_BITSET));
  const isWake = k.or(k.eq(command, FUTEX_WAKE), k.eq(command, FUTEX_WAKE_BITSET));
  const isBitset = k.ltU(k.constant(FUTEX_WAIT_BITSET - 1), command);
  const noBits = k.and(isBitset, k.eq(k.and(k.argument(5), 0xffff_ffff), 0));
  const errno = k.firstOf(
    [
      [k.not(k.or(isWait, isWake)), -ERRNO.ENOSYS],
      [k.or(noBits, k.ne(k.and(address, 3), 0)), -ERRNO.EINVAL],
      [k.outside(address, 4), -ERRNO.EFAULT],
    ],
    0,
  );
  k.when(
    k.or(isWake, k.ne(errno, 0)),
    () => {
      k.set(waits, 0);
      k.set(result, errno);
    },
    () => {
      const found = k.read(address, 4);
      answerIf(k, waits, result, k.ne(found, k.trunc(k.argument(2), 32)), -ERRNO.EAGAIN);
    },
  );
}

/** ppoll, futex, nanosleep, clock_nanosleep. */
export const WAIT_CALLS: readonly SystemCall[] = Object.entries(NUMBER).map(([name, number]) => ({
  number,
  name,
  meaning: wait,
}));
