// One eventfd (descriptor 8) and one epoll set (descriptor 9), as the runtime of Go uses them to wake a thread that waits
// for time or for work: eventfd2, epoll_create1, epoll_ctl, epoll_pwait; read and write of the eventfd come here from
// transfer.ts. Their words are in the kernel's memory, one leaf.
//
// Chosen where Linux has more: each exists once and is never closed (-EMFILE for a second one); the epoll set takes the
// eventfd only (-EPERM for the other descriptors), level-triggered (-EINVAL for what is not); EFD_SEMAPHORE, readv and
// writev are -EINVAL, a write that would overflow the counter is -EAGAIN. No other call knows the two descriptors.

import { KERNEL_EVENTS } from '../../semantics/addressSpace.ts';
import { NEVER } from '../../semantics/layout.ts';
import type { Value } from '../../semantics/program.ts';
import { nanoseconds } from '../../semantics/time.ts';
import type { Kernel, SystemCall } from '../systemCall.ts';
import { ERRNO, FD, FD_COUNT } from './errno.ts';

const NUMBER = { eventfd2: 19, epoll_create1: 20, epoll_ctl: 21 } as const;

/** Offsets in the leaf: counter of the eventfd (8 bytes), its events in the epoll set (4), flags (4), its data there (8). */
const WORD = { counter: 0, events: 8, flags: 12, data: 16 } as const;
/** Bits of the flags: the first for the descriptors from FD_COUNT on, each set while it is open. */
const FLAG = { eventfd: 1, epoll: 2, nonblocking: 4 } as const;
/** Bit of the events: the eventfd is in the epoll set. It is no event. */
const REGISTERED = 0x8000_0000;

const CLOEXEC = 0x8_0000;
const EFD_NONBLOCK = 0x800;
const EPOLL_CTL = { ADD: 1, DEL: 2, MOD: 3 } as const;
const EPOLLIN = 1;
const EPOLLOUT = 4;
/** EPOLLPRI, EPOLLERR, EPOLLHUP, EPOLLRDHUP: may be asked for, never happen. */
const NEVER_HAPPEN = 0x201a;
const EVENT_BYTES = 16;
const EVENTS_MAX = 0x7fff_ffff / EVENT_BYTES;
const COUNTER_BYTES = 8;
const MILLISECOND = 1_000_000;

const at = (k: Kernel, offset: number): Value => k.constant(KERNEL_EVENTS + offset);
const word = (k: Kernel, offset: number): Value => k.zext(k.read(at(k, offset), 4), 64);
const setWord = (k: Kernel, offset: number, value: Value): void => k.write(at(k, offset), 4, k.trunc(value, 32));
const has = (k: Kernel, value: Value, bit: number): Value => k.ne(k.and(value, bit), 0);
/** An `int` argument whose sign counts. */
const signed = (k: Kernel, index: 2 | 3): Value => k.sext(k.trunc(k.argument(index), 32), 64);

/** Whether a descriptor is open, one of these two or another. */
function isOpen(k: Kernel, fd: Value, flags: Value): Value {
  const known = k.or(k.shl(flags, FD_COUNT), (1 << FD_COUNT) - 1);
  return k.and(k.ltU(fd, FD.epoll + 1), k.trunc(k.shrU(known, fd), 1));
}

/** eventfd2(count, flags), epoll_create1(flags), epoll_ctl: what sets the two up. */
function setUp(k: Kernel): void {
  const number = k.number();
  const flags = word(k, WORD.flags);
  k.when(k.eq(number, NUMBER.epoll_ctl), () => control(k, flags));
  const isEpoll = k.eq(number, NUMBER.epoll_create1);
  const asked = k.select(isEpoll, k.descriptor(0), k.descriptor(1));
  const allowed = k.select(isEpoll, k.constant(CLOEXEC), CLOEXEC | EFD_NONBLOCK);
  const opened = k.select(isEpoll, k.constant(FLAG.epoll), FLAG.eventfd);
  const errno = k.firstOf(
    [
      [k.ne(k.and(asked, k.not(allowed)), 0), -ERRNO.EINVAL],
      [k.ne(k.and(flags, opened), 0), -ERRNO.EMFILE],
    ],
    0,
  );
  k.when(k.ne(errno, 0), () => k.returns(errno));
  const mode = k.select(has(k, asked, EFD_NONBLOCK), k.constant(FLAG.nonblocking), 0);
  setWord(k, WORD.flags, k.or(flags, k.or(opened, mode)));
  k.when(k.not(isEpoll), () => k.write(at(k, WORD.counter), COUNTER_BYTES, k.descriptor(0)));
  k.returns(k.select(isEpoll, k.constant(FD.epoll), FD.event));
}

/** epoll_ctl(epfd, op, fd, event). */
function control(k: Kernel, flags: Value): void {
  const set = k.descriptor(0);
  const operation = k.descriptor(1);
  const fd = k.and(k.argument(2), 0xffff_ffff);
  const event = k.argument(3);
  const adds = k.eq(operation, EPOLL_CTL.ADD);
  const removes = k.eq(operation, EPOLL_CTL.DEL);
  const fault = k.and(k.not(removes), k.outside(event, EVENT_BYTES));
  const events = k.variable(k.constant(0));
  const data = k.variable(k.constant(0));
  k.when(k.not(k.or(removes, fault)), () => {
    k.set(events, k.zext(k.read(event, 4), 64));
    k.set(data, k.read(k.add(event, 8), 8));
  });
  const wanted = k.get(events);
  const unknown = k.not(k.ltU(k.sub(operation, 1), EPOLL_CTL.MOD));
  const registered = has(k, word(k, WORD.events), REGISTERED);
  const errno = k.firstOf(
    [
      [fault, -ERRNO.EFAULT],
      [k.not(k.and(isOpen(k, set, flags), isOpen(k, fd, flags))), -ERRNO.EBADF],
      [k.ltU(fd, FD_COUNT), -ERRNO.EPERM],
      [k.or(k.ne(set, FD.epoll), k.ne(fd, FD.event)), -ERRNO.EINVAL],
      [k.or(unknown, has(k, wanted, ~(EPOLLIN | EPOLLOUT | NEVER_HAPPEN))), -ERRNO.EINVAL],
      [k.and(adds, registered), -ERRNO.EEXIST],
      [k.not(k.or(adds, registered)), -ERRNO.ENOENT],
    ],
    0,
  );
  k.when(k.ne(errno, 0), () => k.returns(errno));
  setWord(k, WORD.events, k.select(removes, k.constant(0), k.or(wanted, REGISTERED)));
  k.write(at(k, WORD.data), 8, k.get(data));
  // A thread may wait on the set that has just changed.
  k.wake();
  k.returns(0);
}

/** epoll_pwait(epfd, events, maxevents, timeout, sigmask, size): at most one event there is. */
function epollWait(k: Kernel): void {
  const set = k.descriptor(0);
  const events = k.argument(1);
  const most = signed(k, 2);
  const flags = word(k, WORD.flags);
  const errno = k.firstOf(
    [
      [k.not(k.ltU(k.sub(most, 1), Math.floor(EVENTS_MAX))), -ERRNO.EINVAL],
      [k.outside(events, k.mul(most, EVENT_BYTES)), -ERRNO.EFAULT],
      [k.not(isOpen(k, set, flags)), -ERRNO.EBADF],
      [k.ne(set, FD.epoll), -ERRNO.EINVAL],
    ],
    0,
  );
  k.when(k.ne(errno, 0), () => k.returns(errno));
  const counter = k.read(at(k, WORD.counter), COUNTER_BYTES);
  const readable = k.select(k.ne(counter, 0), k.constant(EPOLLIN), 0);
  const writable = k.select(k.ltU(counter, -2), k.constant(EPOLLOUT), 0);
  const ready = k.and(word(k, WORD.events), k.or(readable, writable));
  k.when(k.ne(ready, 0), () => {
    const data = k.read(at(k, WORD.data), 8);
    k.write(events, 4, k.trunc(ready, 32));
    k.write(k.add(events, 8), 8, data);
    k.returnsFromWait(1);
  });
  const timeout = signed(k, 3);
  const now = nanoseconds(k);
  const asked = k.select(k.ltS(timeout, 0), k.constant(NEVER), k.add(now, k.mul(timeout, MILLISECOND)));
  const limit = k.select(k.resumes(), k.state('threadDeadline'), asked);
  k.when(k.ltU(now, limit), () => k.waitUntil(limit));
  k.returnsFromWait(0);
}

/** A read or write of the descriptor of the eventfd: ends the call. */
export function transferEvent(k: Kernel, writes: Value, isVector: Value): void {
  const address = k.argument(1);
  const flags = word(k, WORD.flags);
  const errno = k.firstOf(
    [
      [k.not(has(k, flags, FLAG.eventfd)), -ERRNO.EBADF],
      [k.or(isVector, k.ltU(k.argument(2), COUNTER_BYTES)), -ERRNO.EINVAL],
      [k.outside(address, COUNTER_BYTES), -ERRNO.EFAULT],
    ],
    0,
  );
  k.when(k.ne(errno, 0), () => k.returns(errno));
  const counter = k.read(at(k, WORD.counter), COUNTER_BYTES);
  k.when(
    writes,
    () => {
      const added = k.read(address, COUNTER_BYTES);
      const invalid = k.eq(added, -1);
      const overflow = k.not(k.ltU(added, k.not(counter)));
      k.when(invalid, () => k.fails(ERRNO.EINVAL));
      k.when(overflow, () => k.fails(ERRNO.EAGAIN));
      k.write(at(k, WORD.counter), COUNTER_BYTES, k.add(counter, added));
      k.wake();
    },
    () => {
      k.when(k.eq(counter, 0), () => {
        k.when(has(k, flags, FLAG.nonblocking), () => k.fails(ERRNO.EAGAIN));
        k.waitUntil(k.constant(NEVER));
      });
      k.write(address, COUNTER_BYTES, counter);
      k.write(at(k, WORD.counter), COUNTER_BYTES, k.constant(0));
    },
  );
  k.returnsFromWait(COUNTER_BYTES);
}

/** eventfd2, epoll_create1, epoll_ctl, epoll_pwait. */
export const EVENT_CALLS: readonly SystemCall[] = [
  ...Object.entries(NUMBER).map(([name, number]) => ({ number, name, meaning: setUp })),
  { number: 22, name: 'epoll_pwait', meaning: epollWait },
];
