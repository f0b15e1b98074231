// A trace as a player asks it: the hash of the state at any step, the histories that a game is played over, and the machine
// of the one step that is to be proved. What is not in the store yet is made when it is asked for.

import type { HistoryTree } from '../commitment/history.ts';
import { InputError } from '../errors.ts';
import type { RunRecord } from '../store/runs.ts';
import type { Store } from '../store/store.ts';
import { asHash, asWindowIndex, type Hash, type Step, WINDOW_STEPS, type WindowIndex } from '../units.ts';
import { denseWindow } from './denseWindow.ts';
import type { SnapshotLoader, TraceMachine } from './traceMachine.ts';
import { machineAt } from './tracer.ts';
import { windowOf } from './windows.ts';

/** What a game asks of a trace. Positions are steps: position p is the state after p steps, p = 0 the start state. */
export interface Trace<Machine> {
  /** The history at stride 2^20. */
  readonly sparse: HistoryTree;
  /** The history at stride 1 of a window. */
  dense(window: WindowIndex): HistoryTree;
  /** Hash of the state at a position. */
  hashAt(position: Step): Hash;
  /** The machine at a position, before the step that is to be proved. */
  stepAt(position: Step): Machine;
}

/** A traced run in a store as a trace. */
export class RunTrace implements Trace<TraceMachine> {
  readonly sparse: HistoryTree;
  readonly #store: Store;
  readonly #run: RunRecord;
  readonly #source: SnapshotLoader;
  readonly #windows = new Map<WindowIndex, HistoryTree>();

  /** Throws an InputError (`TRACE_UNFINISHED`) if the run is not traced to its end. */
  constructor(store: Store, run: RunRecord, source: SnapshotLoader) {
    const sparse = store.histories.tree(run.id, 'sparse');
    if (!sparse || !store.runs.progress(run.id)?.ended)
      throw new InputError('TRACE_UNFINISHED', `store ${store.path}: run ${run.id} is not traced to its end`, {
        hint: 'Finish the trace first: omo trace goes on where it was stopped.',
      });
    this.sparse = sparse;
    this.#store = store;
    this.#run = run;
    this.#source = source;
  }

  dense(window: WindowIndex): HistoryTree {
    const known = this.#windows.get(window);
    if (known) return known;
    const made = denseWindow(this.#store, this.#run, this.#source, window);
    this.#windows.set(window, made);
    return made;
  }

  hashAt(position: Step): Hash {
    if (position === 0n) return this.#run.startHash;
    const last = position - 1n;
    if (position % WINDOW_STEPS === 0n) return asHash(this.sparse.leaf(asWindowIndex(Number(last / WINDOW_STEPS))));
    return asHash(this.dense(windowOf(position)).leaf(Number(last % WINDOW_STEPS)));
  }

  stepAt(position: Step): TraceMachine {
    return machineAt(this.#store, this.#run, this.#source, position);
  }
}
