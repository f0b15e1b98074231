// Puts a trace that somebody else made into a store, beside our own and never mistaken for them: its origin is its
// history root. It can be compared; there is nothing to go on from, and nobody plays with it.

import { concat } from '../bytes.ts';
import { type HistoryTree, ROW_NODES } from '../commitment/history.ts';
import { InputError } from '../errors.ts';
import type { RunRecord } from '../store/runs.ts';
import type { Store } from '../store/store.ts';
import type { ProgramTrace } from './traceFile.ts';
import { checkAllRows } from './traceFileReader.ts';

/**
 * Imports a trace with all its dense histories; those that are there already stay. All its rows are checked first. Throws
 * an InputError (`HISTORY_DAMAGED`, `TRACE_EMPTY`, `RUN_CONFLICT`) or an error of the store; nothing is imported then.
 */
export function importTrace(store: Store, trace: ProgramTrace): RunRecord {
  const { sparse, windows, program, programRoot, inputsHash, machineVersion, fault, origin, startHash } = trace;
  if (!sparse) throw new InputError('TRACE_EMPTY', `${trace.name}: nothing is committed yet`);
  const histories = [['sparse', sparse] as const, ...windows.map((each) => [each, trace.window(each)] as const)];
  for (const [, tree] of histories) if (tree) checkAllRows(tree);
  return store.transaction(() => {
    const key = { programRoot, inputsHash, machineVersion, fault, origin };
    const run = store.runs.add({ ...key, program, startHash, invocation: [] });
    for (const [name, tree] of histories)
      if (tree && !store.histories.tree(run.id, name)) store.histories.append(run.id, name, leavesOf(tree));
    store.runs.setProgress(run.id, trace);
    return run;
  });
}

function leavesOf(tree: HistoryTree): Uint8Array {
  return concat(Array.from({ length: Math.ceil(tree.leafCount / ROW_NODES) }, (_, index) => tree.row(0, index)));
}
