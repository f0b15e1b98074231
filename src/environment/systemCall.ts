// What a system call is: a large instruction, written over the same builder as the instructions, selected by x17 when an
// ecall executes. Arguments are in x10 to x15, the result goes to x10 (Linux/RISC-V). pc is that of the ecall. A call that
// takes more than one step keeps its progress in the state variables call*, stays on the ecall, and does not modify x11 to
// x17; so it begins with `callPhase` 0 and leaves it 0. Other threads do not run between its steps.
//
// A call that must wait gives up that claim: it stays on the ecall, leaves call* 0, and says in threadDeadline how long it
// would wait at the most. Other threads run, and when there was a wake (or the deadline has passed) it executes again from
// its beginning. A threadDeadline other than 0 tells it that it is going on, and threadEpoch whether there was a wake. It
// decides for itself whether it is done: so no wake is ever lost, and none ends a call that it does not concern.

import { Builder, type Operand } from '../semantics/builder.ts';
import type { Program, Value } from '../semantics/program.ts';

/** One system call. */
export interface SystemCall {
  /** Number in x17, of Linux/RISC-V. */
  readonly number: number;
  /** Name without `sys_`: `mmap`. */
  readonly name: string;
  readonly meaning: (k: Kernel) => void;
}

/** The builder as system calls see it. Every way to end a call clears the reservation, as Linux does on a trap. */
export class Kernel extends Builder {
  /** Argument 0 to 5: x10 to x15, 64 bits. */
  argument(index: 0 | 1 | 2 | 3 | 4 | 5): Value {
    return this.x(10 + index);
  }

  /** Number of the call: x17. A meaning that several calls share tells them apart by it. */
  number(): Value {
    return this.x(17);
  }

  /** Argument `index` as an `int` without sign, such as a file descriptor: its low 32 bits. */
  descriptor(index: 0 | 1 | 4): Value {
    return this.and(this.argument(index), 0xffff_ffff);
  }

  /** The value (64 bits) of the first condition that holds, else `otherwise`. All of them are evaluated. */
  firstOf(cases: readonly (readonly [condition: Value, value: Operand])[], otherwise: Operand): Value {
    const word = (operand: Operand): Value => (typeof operand === 'object' ? operand : this.constant(operand));
    return cases.reduceRight((rest, [condition, value]) => this.select(condition, word(value), rest), word(otherwise));
  }

  /** Ends the call with `result` in x10: the step falls to the instruction after the ecall. Nothing follows on the path. */
  returns(result: Operand): void {
    this.clearReservation();
    this.writeX(10, result);
    this.jump(this.nextPc());
  }

  /** Ends the step but not the call: the next step executes the same ecall again, even if the thread's time is up. */
  again(): void {
    this.clearReservation();
    const end = this.state('preemptStep');
    const next = this.add(this.state('step'), 2);
    this.writeState('preemptStep', this.select(this.ltU(end, next), next, end));
    this.jump(this.pc());
  }

  /** Ends the thread's turn with this step: the next step is a thread switch. */
  endTurn(): void {
    this.writeState('preemptStep', this.add(this.state('step'), 1));
  }

  /** Whether the thread goes on with a call that has waited. */
  resumes(): Value {
    return this.ne(this.state('threadDeadline'), 0);
  }

  /** Ends the step: the thread waits for a wake or until `deadline` (nanoseconds, not 0), then executes the same ecall again. */
  waitUntil(deadline: Value): void {
    this.writeState('threadDeadline', deadline);
    this.writeState('threadEpoch', this.state('wakeEpoch'));
    this.endTurn();
    this.clearReservation();
    this.jump(this.pc());
  }

  /** Ends a call that may have waited. */
  returnsFromWait(result: Operand): void {
    this.writeState('threadDeadline', 0);
    this.writeState('threadEpoch', 0);
    this.returns(result);
  }

  /** Lets every thread that waits look whether it still must. */
  wake(): void {
    this.writeState('wakeEpoch', this.add(this.state('wakeEpoch'), 1));
  }

  /** Ends the call with -errno. */
  fails(errno: number): void {
    this.returns(-BigInt(errno));
  }

  /** What every way to end a step does: whoever enters the kernel loses the reservation. */
  clearReservation(): void {
    this.writeState('reservationWidth', 0);
    this.writeState('reservationAddress', 0);
  }
}

const programs = new WeakMap<SystemCall['meaning'], Program>();

/** The program of a call; the same object for calls that share a meaning, so that each is emitted once. An ecall has 4 bytes. */
export function buildSystemCall(call: SystemCall): Program {
  const known = programs.get(call.meaning);
  if (known) return known;
  const k = new Kernel({ length: 4n });
  call.meaning(k);
  const program = k.finish();
  programs.set(call.meaning, program);
  return program;
}
