// A machine that lies as a fault says (fault.ts), over an honest one. It is positioned by steps like any other; where the
// honest machine has halted before the lie, the halted state repeats up to it.

import { concat, equal } from '../bytes.ts';
import { UsageError } from '../errors.ts';
import type { Snapshot } from '../store/snapshots.ts';
import { asStep, type Hash, type Step } from '../units.ts';
import type { Fault } from './fault.ts';
import type { SnapshotLoader, TraceMachine } from './traceMachine.ts';
import { leavesAt, windowEnd, windowOf } from './windows.ts';

const HASH_BYTES = 32;
/** A lie may be told so many windows after the halt: each is a commitment of its own in the store. */
export const MAX_WINDOWS_PAST_END = 4096n;
const MAX_STEPS_PAST_END = MAX_WINDOWS_PAST_END << 20n;
/** How far a liar executes after his lie, in steps. One that has not halted by then repeats his last state. */
export const PATIENCE_STEPS = 2n ** 34n;

/** Registers in the order in which they are tried: saved ones keep a lie longest, x2 (the stack) makes it trivial. */
const REGISTERS = [27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 9, 8, 31, 30, 29, 28, 17, 16, 15, 14, 13, 12, 11, 10, 1];

/** The state before the first step of a run with this fault. */
export function faultyStart(honest: TraceMachine, fault: Fault): TraceMachine {
  return new FaultyMachine(honest, fault, asStep(0n));
}

/** The state of a snapshot of a run with this fault; `honest` loads its honest part. */
export function loadFaulty(honest: SnapshotLoader, fault: Fault, snapshot: Snapshot): TraceMachine {
  return new FaultyMachine(honest.load(snapshot), fault, snapshot.step);
}

class FaultyMachine implements TraceMachine {
  readonly #inner: TraceMachine;
  readonly #fault: Fault;
  /** From this position on the lie itself changes nothing any more. */
  readonly #settled: Step;
  #position: Step;

  constructor(inner: TraceMachine, fault: Fault, position: Step) {
    this.#inner = inner;
    this.#fault = fault;
    this.#position = position;
    this.#settled = asStep(fault.kind === 'leaf' ? windowEnd(windowOf(fault.step)) + 1n : fault.step + 1n);
  }

  get position(): Step {
    return this.#position;
  }

  get ended(): boolean {
    if (this.#position < this.#settled) return false;
    // A liar need not be able to go on: where he cannot, he repeats his last state.
    return this.#inner.ended || (this.#fault.kind === 'register' && (this.#isStuck() || this.#isTired()));
  }

  get missing(): Hash | undefined {
    return this.ended ? undefined : this.#inner.missing;
  }

  get changedPages(): number {
    return this.#inner.changedPages;
  }

  run(until: Step): void {
    for (const stop of this.#stops(until)) {
      this.#inner.run(stop);
      this.#arrive(stop);
    }
  }

  stateHash(): Uint8Array {
    const hash = this.#inner.stateHash();
    return this.#isFalseLeaf(this.#position, true) ? inverted(hash) : hash;
  }

  denseHashes(until: Step): Uint8Array {
    const start = this.#position;
    const parts: Uint8Array[] = [];
    for (const stop of this.#stops(until)) {
      const from = this.#position;
      const hashes = this.#inner.denseHashes(stop);
      const honest = this.#inner.stateHash();
      this.#arrive(stop);
      const count = Number(this.#position - from);
      const part = new Uint8Array(HASH_BYTES * count);
      part.set(hashes);
      for (let i = hashes.length; i < part.length; i += HASH_BYTES) part.set(honest, i);
      // The lie of a register is told by the last state of its part.
      if (count > 0) part.set(this.#inner.stateHash(), part.length - HASH_BYTES);
      parts.push(part);
    }
    const all = concat(parts);
    for (let i = 0; i < all.length / HASH_BYTES; i++) {
      if (!this.#isFalseLeaf(asStep(start + BigInt(i) + 1n), false)) continue;
      const leaf = all.subarray(HASH_BYTES * i, HASH_BYTES * (i + 1));
      leaf.set(inverted(leaf));
    }
    return all;
  }

  save(): Snapshot {
    return { ...this.#inner.save(), step: this.#position };
  }

  fork(): TraceMachine {
    return new FaultyMachine(this.#inner.fork(), this.#fault, this.#position);
  }

  registers(): Uint8Array {
    return this.#inner.registers();
  }

  flipRegister(register: number): void {
    this.#inner.flipRegister(register);
  }

  /** Positions to run to, one after the other: a register's lie is told on arriving after its step. */
  *#stops(until: Step): Generator<Step> {
    const { step, kind } = this.#fault;
    const told = asStep(step + 1n);
    if (kind === 'register' && this.#position < told && until >= told) yield told;
    const last = kind === 'register' ? step + PATIENCE_STEPS : until;
    if (this.#position < until && !this.ended && this.missing === undefined) yield asStep(until < last ? until : last);
  }

  /** Takes note of where the honest machine came to; tells the lie there if it is its place. */
  #arrive(stop: Step): void {
    const inner = this.#inner;
    const before = this.#position;
    this.#position = before > inner.position ? before : inner.position;
    if (inner.ended && this.#position < this.#settled) {
      if (this.#settled - inner.position > MAX_STEPS_PAST_END)
        throw new UsageError(
          'FAULT_PAST_END',
          `fault: step ${this.#fault.step} is too far after the end of the run, at step ${inner.position}`,
          { hint: `Choose a step before ${inner.position + MAX_STEPS_PAST_END - 2n ** 20n}.` },
        );
      this.#position = stop < this.#settled ? stop : this.#settled;
    }
    const told = this.#fault.step + 1n;
    if (this.#fault.kind === 'register' && before < told && this.#position === told) this.#flip();
  }

  #isStuck(): boolean {
    return this.#inner.missing !== undefined;
  }

  #isTired(): boolean {
    return this.#position >= this.#fault.step + PATIENCE_STEPS;
  }

  /** Whether the commitment to the state at `position` is inverted, in the sparse history or a dense one. */
  #isFalseLeaf(position: Step, sparse: boolean): boolean {
    const { step, kind } = this.#fault;
    if (kind !== 'leaf') return false;
    const end = windowEnd(windowOf(step));
    if (sparse) return leavesAt(position) === leavesAt(end);
    return position === step + 1n || position === end;
  }

  /**
   * Flips a register so that the lie is still there when the window ends, if any register does that: one that is
   * overwritten at once would leave no trace in the sparse history, and no dispute to train for.
   */
  #flip(): void {
    const end = windowEnd(windowOf(this.#fault.step));
    const honest = this.#inner.fork();
    honest.run(end);
    const chosen = REGISTERS.find((register) => {
      const liar = this.#inner.fork();
      liar.flipRegister(register);
      liar.run(end);
      return liar.missing === undefined && !equal(liar.registers(), honest.registers());
    });
    this.#inner.flipRegister(chosen ?? (REGISTERS[0] as number));
  }
}

function inverted(hash: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(hash);
  changed[HASH_BYTES - 1] = (changed[HASH_BYTES - 1] ?? 0) ^ 1;
  return changed;
}
