// Threads begin and end: clone, exit, exit_group, set_tid_address, gettid, sched_yield. Which thread runs when is in
// threadSwitch.ts, what they wait for in wait.ts.
//
// clone makes threads only, no processes: the flags that glibc, musl and Go give. The new thread runs at once; the other
// one has had its turn. As on Linux, a bad address for a thread's number is passed over, a stack of 0 is the caller's, and
// ids are never 0; they are not used twice (FUTEX_TID_MASK is the last).

import { THREADS_MAX } from '../../semantics/layout.ts';
import type { Value } from '../../semantics/program.ts';
import type { Kernel, SystemCall } from '../systemCall.ts';
import { ERRNO } from './errno.ts';
import { enter, leave, nextSide, otherThreads, turnEnd } from './threadSwitch.ts';

/** Flags of clone. */
export const CLONE = {
  VM: 0x100,
  FS: 0x200,
  FILES: 0x400,
  SIGHAND: 0x800,
  THREAD: 0x1_0000,
  SYSVSEM: 0x4_0000,
  SETTLS: 0x8_0000,
  PARENT_SETTID: 0x10_0000,
  CHILD_CLEARTID: 0x20_0000,
  DETACHED: 0x40_0000,
  CHILD_SETTID: 0x100_0000,
} as const;

/** What makes it a thread: it shares all that there is. */
const REQUIRED = CLONE.VM | CLONE.FS | CLONE.FILES | CLONE.SIGHAND | CLONE.THREAD;
/** Without meaning here, or for many years on Linux. */
const IGNORED = CLONE.SYSVSEM | CLONE.DETACHED;
const HONOURED = CLONE.SETTLS | CLONE.PARENT_SETTID | CLONE.CHILD_CLEARTID | CLONE.CHILD_SETTID;
/** The lowest 8 bits are a signal that a thread does not send. */
const CSIGNAL = 0xff;
const LAST_ID = 0x3fff_ffff;

const SP = 2;
const TP = 4;

/** clone(flags, stack, parent_tid, tls, child_tid). */
function clone(k: Kernel): void {
  const flags = k.descriptor(0);
  const has = (flag: number) => k.ne(k.and(flags, flag), 0);
  const id = k.state('nextThreadId');
  const others = otherThreads(k);
  const invalid = k.ne(k.and(flags, ~(IGNORED | HONOURED | CSIGNAL)), REQUIRED);
  const full = k.or(k.not(k.ltU(others, THREADS_MAX - 1)), k.ltU(k.constant(LAST_ID), id));
  const errno = k.firstOf(
    [
      [invalid, -ERRNO.EINVAL],
      [full, -ERRNO.EAGAIN],
    ],
    0,
  );
  k.when(k.ne(errno, 0), () => k.returns(errno));

  const [stack, tls, childTid] = [k.argument(1), k.argument(3), k.argument(4)];
  const next = k.nextPc();
  storeId(k, has(CLONE.PARENT_SETTID), k.argument(2), id);
  storeId(k, has(CLONE.CHILD_SETTID), childTid, id);
  k.writeState('nextThreadId', k.add(id, 1));
  k.writeX(10, id);
  k.writeState('pc', next);
  leave(k, nextSide(k));
  k.writeState('threadId', id);
  k.writeState('clearChildTid', k.select(has(CLONE.CHILD_CLEARTID), childTid, 0));
  k.writeX(SP, k.select(k.eq(stack, 0), k.x(SP), stack));
  k.writeX(TP, k.select(has(CLONE.SETTLS), tls, k.x(TP)));
  k.writeState('preemptStep', turnEnd(k, k.constant(1)));
  k.clearReservation();
  k.writeX(10, 0);
  k.jump(next);
}

function storeId(k: Kernel, asked: Value, address: Value, id: Value): void {
  k.when(k.and(asked, k.not(k.outside(address, 4))), () => k.write(address, 4, k.trunc(id, 32)));
}

/** The last thread ends the run with its exit code. Any other clears its word, wakes those who wait for that, and is gone. */
function exit(k: Kernel): void {
  k.when(k.eq(otherThreads(k), 0), () => k.exit(k.argument(0)));
  const word = k.state('clearChildTid');
  k.when(k.not(k.outside(word, 4)), () => k.write(word, 4, k.constant(0, 32)));
  k.wake();
  // After a wake every thread may run: no need to look at the one that comes.
  enter(k, nextSide(k));
  k.writeState('preemptStep', turnEnd(k, otherThreads(k)));
  k.clearReservation();
  k.jump(k.pc());
}

/** The word that an ending thread clears: recorded for that. */
function setTidAddress(k: Kernel): void {
  k.writeState('clearChildTid', k.argument(0));
  k.returns(k.state('threadId'));
}

function schedYield(k: Kernel): void {
  k.endTurn();
  k.returns(0);
}

/** clone, exit, exit_group, set_tid_address, gettid, sched_yield. */
export const THREAD_CALLS: readonly SystemCall[] = [
  { number: 220, name: 'clone', meaning: clone },
  { number: 93, name: 'exit', meaning: exit },
  // The exit code is all 64 bits of x10, so what Linux would cut off of it counts.
  { number: 94, name: 'exit_group', meaning: (k) => k.exit(k.argument(0)) },
  { number: 96, name: 'set_tid_address', meaning: setTidAddress },
  { number: 178, name: 'gettid', meaning: (k) => k.returns(k.state('threadId')) },
  { number: 124, name: 'sched_yield', meaning: schedYield },
];
