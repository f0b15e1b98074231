// The dense history of one window: the hash of the state after each of its 2^20 steps, executed again from the nearest
// snapshot and recorded.

import { equal } from '../bytes.ts';
import { HASH_BYTES } from '../commitment/hasher.ts';
import type { HistoryTree } from '../commitment/history.ts';
import { InputError } from '../errors.ts';
import { assert } from '../invariant.ts';
import type { RunRecord } from '../store/runs.ts';
import type { Store } from '../store/store.ts';
import { damagedStore } from '../store/storeErrors.ts';
import type { WindowIndex } from '../units.ts';
import type { SnapshotLoader } from './traceMachine.ts';
import { machineAt, missingPreimage } from './tracer.ts';
import { windowEnd, windowStart } from './windows.ts';

/**
 * The dense history of a window of a traced run, from the store or made and put there. The run may have ended inside of
 * the window or before it: the last state repeats. Throws an InputError: `TRACE_UNFINISHED` if the trace has not come
 * past the window, `PREIMAGE_MISSING`, or an error of the store.
 */
export function denseWindow(store: Store, run: RunRecord, source: SnapshotLoader, window: WindowIndex): HistoryTree {
  const known = store.histories.tree(run.id, window);
  if (known) return known;
  const sparse = store.histories.tree(run.id, 'sparse');
  const { position, ended } = store.runs.progress(run.id) ?? { position: 0n, ended: false };
  if (!sparse || (!ended && position < windowEnd(window)))
    throw new InputError(
      'TRACE_UNFINISHED',
      `store ${store.path}: run ${run.id} is committed up to step ${position}, window ${window} ends at ${windowEnd(window)}`,
      { hint: 'Finish the trace first: omo trace goes on where it was stopped.' },
    );
  const leaves =
    windowStart(window) >= position && ended ? sparse.leaf(window) : recordWindow(store, run, source, window);
  assert(equal(leaves.subarray(-HASH_BYTES), sparse.leaf(window)), () => `window ${window} does not end as committed`);
  store.transaction(() => store.histories.append(run.id, window, leaves));
  const tree = store.histories.tree(run.id, window);
  if (!tree) throw damagedStore(store.path, `window ${window} of run ${run.id} is not there after it was written`);
  return tree;
}

function recordWindow(store: Store, run: RunRecord, source: SnapshotLoader, window: WindowIndex): Uint8Array {
  const machine = machineAt(store, run, source, windowStart(window));
  const leaves = machine.denseHashes(windowEnd(window));
  if (machine.missing !== undefined) throw missingPreimage(machine.missing, machine.position);
  return leaves;
}
