// The machine of a run at a step, to look at it or to prove it: from the nearest snapshot if the store has the run, else from
// the run's start.

import { existsSync } from 'node:fs';
import { hashInputs } from '../environment/inputs.ts';
import { OmoError } from '../errors.ts';
import type { Machine } from '../machine/machine.ts';
import { MACHINE_VERSION } from '../semantics/layout.ts';
import { Store } from '../store/store.ts';
import { storedMachine } from '../trace/engineMachine.ts';
import { DEFAULT_POLICY } from '../trace/snapshotPolicy.ts';
import { asHash, type Step } from '../units.ts';
import type { Context } from './command.ts';
import { execute } from './execute.ts';
import { type Guest, programRootOf } from './guest.ts';

/**
 * The guest with its machine at `step`, all pages dirty. The guest must not have executed a step; it is used up. Throws an
 * InputError (`PREIMAGE_MISSING`).
 */
export async function reach(context: Context, guest: Guest, elf: string, step: Step): Promise<Guest> {
  const machine = fromSnapshot(context, guest, step) ?? guest.machine;
  const start = machine.get('step');
  const from = start === 0n ? '' : ` from the snapshot at step ${start}`;
  const there = { ...guest, machine };
  await context.output.progress.phase(`executing ${elf}${from} to step ${step}`, (update) =>
    execute(there, step, update),
  );
  return there;
}

/** The machine of the last snapshot at or before a step; nothing if there is none, or none that saves time. */
function fromSnapshot({ output, storePath }: Context, guest: Guest, step: Step): Machine | undefined {
  if (step < DEFAULT_POLICY.leastSteps || !existsSync(storePath)) return undefined;
  try {
    const store = Store.open(storePath, { mode: 'read' });
    try {
      const run = store.runs.find({
        programRoot: programRootOf(guest),
        inputsHash: asHash(hashInputs(guest.inputs)),
        machineVersion: MACHINE_VERSION,
        fault: '',
        origin: '',
      });
      const saved = run && store.snapshots.stepBefore(run.id, step);
      return run && saved ? storedMachine(store, run, guest.host, saved) : undefined;
    } finally {
      store.close();
    }
  } catch (error) {
    // What the store would have saved is only time.
    if (!(error instanceof OmoError)) throw error;
    output.warn(`its snapshots are not used: ${error.message}`);
    return undefined;
  }
}
