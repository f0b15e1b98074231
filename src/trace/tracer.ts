// Tracing: executes a run and commits the hash of its state every 2^20 steps into a store. Commitments, snapshot and
// position go into the store together, so whatever ends the process, the run goes on from its last snapshot.

import { bytesToHex, concat, equal } from '../bytes.ts';
import { InputError } from '../errors.ts';
import { assert } from '../invariant.ts';
import type { NewRun, RunProgress, RunRecord } from '../store/runs.ts';
import type { Store } from '../store/store.ts';
import { damagedStore } from '../store/storeErrors.ts';
import { asHash, asStep, type Hash, hashToBytes, LAST_STEP, type Step } from '../units.ts';
import { parseFault } from './fault.ts';
import { faultyStart, loadFaulty } from './faultyMachine.ts';
import { DEFAULT_POLICY, isDue, type SnapshotPolicy } from './snapshotPolicy.ts';
import type { MachineSource, SnapshotLoader, TraceMachine } from './traceMachine.ts';
import { leavesAt, windowEnd, windowOf } from './windows.ts';

/** What to trace: all of a run but its start state, which the source tells. */
export type TraceSubject = Omit<NewRun, 'startHash'>;

/** How to trace. */
export interface TraceOptions {
  readonly policy?: SnapshotPolicy;
  /** Stop at the first window's end at or after this step; by default at the end of the run. */
  readonly until?: Step;
  /** Told after every window. */
  readonly onProgress?: (position: Step) => void;
}

/** A run and how far it is committed. */
export interface TracedRun extends RunProgress {
  readonly run: RunRecord;
}

/**
 * Traces a run into the store, from its start or from where the store has it, to its end. `source` gives the honest
 * machine; the subject's fault is told here. Throws an InputError: `PREIMAGE_MISSING`, or an error of the store.
 */
export function trace(
  store: Store,
  subject: TraceSubject,
  source: MachineSource,
  options: TraceOptions = {},
): TracedRun {
  const honest = source.start();
  const start = subject.fault === '' ? honest : faultyStart(honest, parseFault(subject.fault));
  const startHash = asHash(start.stateHash());
  const run = store.transaction(() => begin(store, { ...subject, startHash }, start));
  const progress = store.runs.progress(run.id);
  if (!progress) throw damagedStore(store.path, `run ${run.id} has no position`);
  if (progress.ended) return { run, ...progress };
  const resumed = progress.position > 0n;
  const machine = resumed ? machineAt(store, run, source, progress.position) : start;
  return { run, ...advance(store, run, machine, options) };
}

/** Adds the run with its first snapshot, unless it is there. */
function begin(store: Store, subject: NewRun, start: TraceMachine): RunRecord {
  const run = store.runs.add(subject);
  if (store.runs.progress(run.id) === undefined) {
    store.snapshots.add(run.id, start.save());
    store.runs.setProgress(run.id, { position: start.position, ended: false });
  }
  return run;
}

function advance(store: Store, run: RunRecord, machine: TraceMachine, options: TraceOptions): RunProgress {
  const { policy = DEFAULT_POLICY, until = asStep(LAST_STEP), onProgress = () => {} } = options;
  let saved = machine.position;
  let leaves: Uint8Array[] = [];
  let ended = false;
  do {
    const end = machine.position === LAST_STEP ? asStep(LAST_STEP) : windowEnd(windowOf(machine.position));
    machine.run(end);
    if (machine.missing !== undefined) throw missingPreimage(machine.missing, machine.position);
    assert(machine.ended || machine.position === end, () => `a machine at ${machine.position} did not run to ${end}`);
    ended = machine.ended || machine.position === LAST_STEP;
    leaves.push(machine.stateHash());
    const done = ended || machine.position >= until;
    if (done || isDue(policy, machine.position - saved, machine.changedPages)) {
      commit(store, run, machine, concat(leaves), ended, saved);
      saved = machine.position;
      leaves = [];
    }
    onProgress(machine.position);
  } while (!ended && machine.position < until);
  return { position: machine.position, ended };
}

function commit(
  store: Store,
  run: RunRecord,
  machine: TraceMachine,
  leaves: Uint8Array,
  ended: boolean,
  saved: Step,
): void {
  store.transaction(() => {
    store.histories.append(run.id, 'sparse', leaves);
    if (machine.position > saved) store.snapshots.add(run.id, machine.save());
    store.runs.setProgress(run.id, { position: machine.position, ended });
  });
}

/** The error of a run that cannot go on. What is committed stays; the run goes on when somebody has the preimage. */
export function missingPreimage(key: Hash, position: Step): InputError {
  return new InputError('PREIMAGE_MISSING', `step ${position} reads the preimage of ${key}, and no source has it`, {
    hint: 'Give a source that has it (--block, --preimages) and repeat the command: it goes on where it stopped.',
  });
}

/**
 * The machine of a run at a step: from the last snapshot before it, checked against the commitment, executed from there.
 * Steps after the end of the run give its last state. `source` gives the honest machine. Throws as `trace` does.
 */
export function machineAt(store: Store, run: RunRecord, source: SnapshotLoader, step: Step): TraceMachine {
  const saved = store.snapshots.stepBefore(run.id, step);
  if (saved === undefined) throw damagedStore(store.path, `run ${run.id} has no snapshot before step ${step}`);
  const snapshot = store.snapshots.read(run.id, saved);
  const machine = run.fault === '' ? source.load(snapshot) : loadFaulty(source, parseFault(run.fault), snapshot);
  const expected = committedAt(store, run, saved);
  const found = machine.stateHash();
  if (!equal(found, expected))
    throw damagedStore(
      store.path,
      `the snapshot of run ${run.id} at step ${saved} has the state hash ${bytesToHex(found)}, committed is ${bytesToHex(expected)}`,
    );
  machine.run(step);
  if (machine.missing !== undefined) throw missingPreimage(machine.missing, machine.position);
  return machine;
}

/** The sparse commitment of a state of which there is a snapshot. */
function committedAt(store: Store, run: RunRecord, step: Step): Uint8Array {
  if (step === asStep(0n)) return hashToBytes(run.startHash);
  const sparse = store.histories.tree(run.id, 'sparse');
  const leaf = leavesAt(step) - 1;
  if (!sparse || leaf >= sparse.leafCount)
    throw damagedStore(store.path, `run ${run.id} has a snapshot at step ${step} and no commitment there`);
  return sparse.leaf(leaf);
}
