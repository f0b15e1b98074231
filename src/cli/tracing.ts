// Tracing from a command: what a run is in a store, and committing to it with progress shown.

import { keccak_256 } from '@noble/hashes/sha3.js';
import type { HistoryTree } from '../commitment/history.ts';
import { statusOfHash } from '../commitment/stateHash.ts';
import { hashInputs } from '../environment/inputs.ts';
import { assert } from '../invariant.ts';
import { MACHINE_VERSION } from '../semantics/layout.ts';
import type { RunRecord } from '../store/runs.ts';
import type { Store } from '../store/store.ts';
import { denseWindow } from '../trace/denseWindow.ts';
import { engineSource } from '../trace/engineMachine.ts';
import { type TraceSubject, trace } from '../trace/tracer.ts';
import { asHash, type Step, type WindowIndex } from '../units.ts';
import { STATUS_NAMES } from './execute.ts';
import { type Guest, programRootOf } from './guest.ts';
import { type Invocation, invocationWords } from './invocation.ts';
import type { Output } from './output.ts';

/** A run that is committed to its end. */
export interface Committed {
  readonly run: RunRecord;
  /** Steps to the halt. */
  readonly steps: Step;
  /** The sparse history. */
  readonly history: HistoryTree;
  readonly status: (typeof STATUS_NAMES)[number];
}

/** What a store knows a guest's run by. The guest must not have executed a step. `fault` is empty for an honest run. */
export function subjectOf(guest: Guest, invocation: Invocation, fault: string): TraceSubject {
  const { image, args, env } = guest.program;
  const programRoot = programRootOf(guest);
  return {
    program: { root: programRoot, elfHash: asHash(keccak_256(image.bytes)), args, env },
    programRoot,
    inputsHash: asHash(hashInputs(guest.inputs)),
    machineVersion: MACHINE_VERSION,
    fault,
    origin: '',
    invocation: invocationWords(invocation),
  };
}

/** Traces a run to its end, or goes on with it. The guest's machine stays as it is. */
export async function commit(output: Output, store: Store, guest: Guest, subject: TraceSubject): Promise<Committed> {
  const title =
    subject.fault === '' ? 'executing and committing' : `executing and committing, with a lie at ${subject.fault}`;
  const source = engineSource(guest.machine, guest.host);
  const { run, position } = await output.progress.phase(title, (update) =>
    trace(store, subject, source, { onProgress: (step) => update(`step ${step}`) }),
  );
  const history = store.histories.tree(run.id, 'sparse');
  assert(history !== undefined, 'a traced run has a history');
  const status = STATUS_NAMES[statusOfHash(history.leaf(history.leafCount - 1))] ?? 'unfinished';
  return { run, steps: position, history, status };
}

/** Commits to every step of a window of a traced run, unless that is done. */
export async function commitWindow(
  output: Output,
  store: Store,
  guest: Guest,
  run: RunRecord,
  window: WindowIndex,
): Promise<HistoryTree> {
  const source = engineSource(guest.machine, guest.host);
  const title = `committing to every step of window ${window}${run.fault === '' ? '' : ', with the lie'}`;
  return await output.progress.phase(title, () => denseWindow(store, run, source, window));
}
