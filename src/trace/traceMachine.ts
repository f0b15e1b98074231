// What a trace executes: a machine that can be run to a step, hashed, saved, and hashed at every step. Behind it is the
// engine (engineMachine.ts), the same with a lie in it (faultyMachine.ts), or a toy in a test.

import type { Snapshot } from '../store/snapshots.ts';
import type { Hash, Step } from '../units.ts';

/** A machine at one step of its run. */
export interface TraceMachine {
  /** Steps executed. */
  readonly position: Step;
  /** Whether nothing changes any more, however many steps follow. */
  readonly ended: boolean;
  /** Key of the preimage that the next step needs and nobody has; undefined while the machine can go on. */
  readonly missing: Hash | undefined;
  /** Pages that changed since the machine was last saved. */
  readonly changedPages: number;
  /** Executes until `position` is `until`, the machine ended, or a preimage is missing. */
  run(until: Step): void;
  /** Hash of the present state: 32 bytes. */
  stateHash(): Uint8Array;
  /** Runs as `run` does. The state hash after each step that was executed, 32 bytes each; at most 2^20 steps. */
  denseHashes(until: Step): Uint8Array;
  /** The present state: its record, and the pages that changed since it was last saved or loaded. */
  save(): Snapshot;
  /** An independent machine in the same state, for looking ahead. */
  fork(): TraceMachine;
  /** Registers, pc and status as bytes: equal if and only if they are. Cheap, unlike a state hash. */
  registers(): Uint8Array;
  /** Flips the lowest bit of register x1 to x31. */
  flipRegister(register: number): void;
}

/** Where machines of a run in the middle of it come from. */
export interface SnapshotLoader {
  /**
   * The state of a snapshot. Throws an InputError (`STORE_DAMAGED`) if a page does not have its hash, or the record does
   * not have the form of one.
   */
  load(snapshot: Snapshot): TraceMachine;
}

/** Where the machines of a run come from. */
export interface MachineSource extends SnapshotLoader {
  /** The state before the first step. */
  start(): TraceMachine;
}
