// A trace as others compare it, wherever it is: in a store, in an exported file.

import type { HistoryTree } from '../commitment/history.ts';
import type { RunKey, RunProgress, RunRecord } from '../store/runs.ts';
import type { Store } from '../store/store.ts';
import { asStep, type Hash, type WindowIndex } from '../units.ts';

/** A trace: which run it is of, how far it goes, and its histories. */
export interface TraceView extends RunKey, RunProgress {
  /** What messages call it: `run 1 of store omo.db`. */
  readonly name: string;
  /** State hash before the first step. */
  readonly startHash: Hash;
  /** The history at stride 2^20; undefined if nothing is committed yet. */
  readonly sparse: HistoryTree | undefined;
  /** The windows that have a dense history here, ascending. */
  readonly windows: readonly WindowIndex[];
  /** The dense history of a window; undefined if it is not here. */
  window(index: WindowIndex): HistoryTree | undefined;
  /** The command that makes what is missing: the dense history of a window, or the rest of the trace. */
  command(window: WindowIndex | undefined): string;
}

/** A run in a store as a trace. The store stays open while it is used. */
export function storedTrace(store: Store, run: RunRecord): TraceView & RunRecord {
  const { position, ended } = store.runs.progress(run.id) ?? { position: asStep(0n), ended: false };
  return {
    ...run,
    name: `run ${run.id} of store ${store.path}`,
    position,
    ended,
    sparse: store.histories.tree(run.id, 'sparse'),
    windows: store.histories.windows(run.id),
    window: (index) => store.histories.tree(run.id, index),
    command: (window) => traceCommand(store.path, run, window),
  };
}

/** The command line that makes a run, or the dense history of one of its windows, in a store. */
function traceCommand(path: string, run: RunRecord, window: WindowIndex | undefined): string {
  if (run.origin !== '')
    return `(an imported trace: ask whoever made it${window === undefined ? '' : ` for window ${window}`})`;
  const words = ['omo', 'trace', '--store', path];
  if (window !== undefined) words.push('--window', String(window));
  if (run.fault !== '') words.push('--fault', run.fault);
  return [...words, ...run.invocation].map(quoted).join(' ');
}

/** A word as a shell reads it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
