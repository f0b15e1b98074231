// The thread switch: a step of its own, executed instead of a fetch when the running thread's turn is over (step has come
// to preemptStep). The threads stand in a line: those on the left stack, the running one, those on the right stack. Turns
// go along the line in one direction to its end, then back; so a switch moves one thread, and none waits for more than two
// turns of each other.
//
// A thread's turn is TURN_STEPS steps, or ends when it waits (systemCall.ts). Where the line comes to a thread that waits
// for what has not happened, the next step is the next switch. idleThreads counts such encounters since a thread last ran,
// leastDeadline is the earliest deadline among them. When all threads were met in vain, time skips to that deadline; if
// there is none, nobody can ever run: panic `deadlock`.

import { Builder } from '../../semantics/builder.ts';
import { NEVER } from '../../semantics/layout.ts';
import type { Program, Value, Variable } from '../../semantics/program.ts';
import { nanoseconds } from '../../semantics/time.ts';

/** Steps of a turn: a millisecond. */
export const TURN_STEPS = 1_000_000;

/** `preemptStep` of a thread that begins to run after this step; `others` is the count of the other threads. */
export function turnEnd(h: Builder, others: Value): Value {
  return h.select(h.eq(others, 0), h.constant(NEVER), h.add(h.state('step'), 1 + TURN_STEPS));
}

/** Threads that do not run. */
export function otherThreads(h: Builder): Value {
  return h.add(h.state('leftCount'), h.state('rightCount'));
}

/**
 * The stack (width 1; 1 is right) from which the next thread comes, where there is one: ahead in the direction of turns,
 * or behind at the end of the line.
 */
export function nextSide(h: Builder): Value {
  const right = h.trunc(h.state('traverseRight'), 1);
  const ahead = h.select(right, h.state('rightCount'), h.state('leftCount'));
  return h.xor(right, h.eq(ahead, 0));
}

/** Puts the running thread behind: turns go on to the other side, `side`. */
export function leave(h: Builder, side: Value): void {
  h.writeState('traverseRight', h.zext(side, 64));
  h.pushThread(h.not(side));
  count(h, h.not(side), 1);
}

/** The thread on top of the stack `side` becomes the running one. */
export function enter(h: Builder, side: Value): void {
  h.popThread(side);
  count(h, side, -1);
}

function count(h: Builder, right: Value, change: 1 | -1): void {
  const of = (side: Value) => h.mul(h.zext(side, 64), change);
  h.writeState('rightCount', h.add(h.state('rightCount'), of(right)));
  h.writeState('leftCount', h.add(h.state('leftCount'), of(h.not(right))));
}

function threadSwitch(h: Builder): void {
  const others = otherThreads(h);
  const idle = h.variable(h.state('idleThreads'));
  const least = h.state('leastDeadline');
  // From any place in the line, 2 x others switches meet every thread; alone, it is met by one.
  const allWait = h.ltU(h.shl(others, 1), h.get(idle));
  h.when(h.and(allWait, h.eq(least, NEVER)), () => h.trap('deadlock'));
  h.when(
    allWait,
    () => {
      skipTo(h, least);
      h.set(idle, 0);
    },
    () => h.when(h.ne(others, 0), () => rotate(h)),
  );
  h.writeState('reservationWidth', 0);
  h.writeState('reservationAddress', 0);
  lookAt(h, others, idle, least);
  h.jump(h.pc());
}

/** Virtual time goes on to `deadline`, if that is still to come. */
function skipTo(h: Builder, deadline: Value): void {
  const now = nanoseconds(h);
  h.when(h.ltU(now, deadline), () =>
    h.writeState('skippedNanoseconds', h.add(h.state('skippedNanoseconds'), h.sub(deadline, now))),
  );
}

function rotate(h: Builder): void {
  const side = nextSide(h);
  leave(h, side);
  enter(h, side);
}

/** The thread that is current now runs if it may, else the next step is a switch again. `idle`: threads met in vain. */
function lookAt(h: Builder, others: Value, idle: Variable, least: Value): void {
  const deadline = h.state('threadDeadline');
  const woken = h.ne(h.state('threadEpoch'), h.state('wakeEpoch'));
  // A thread that does not wait has the deadline 0.
  h.when(
    h.or(woken, h.not(h.ltU(nanoseconds(h), deadline))),
    () => {
      h.writeState('idleThreads', 0);
      h.writeState('leastDeadline', 0);
      h.writeState('preemptStep', turnEnd(h, others));
    },
    () => {
      const before = h.get(idle);
      const first = h.eq(before, 0);
      h.writeState('idleThreads', h.add(before, 1));
      h.writeState('leastDeadline', h.select(h.or(first, h.ltU(deadline, least)), deadline, least));
      h.writeState('preemptStep', h.add(h.state('step'), 1));
    },
  );
}

/** The program of a thread switch. It jumps to the pc of the thread that is current then, or traps. */
export const THREAD_SWITCH: Program = (() => {
  const h = new Builder();
  threadSwitch(h);
  return h.finish();
})();
