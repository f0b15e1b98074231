// `omo diff`: the first step on which two traces part, and what is executed there.

import { InputError, OmoError } from '../../errors.ts';
import { diff } from '../../trace/diff.ts';
import type { Step } from '../../units.ts';
import { type Context, defineCommand } from '../command.ts';
import { guestValues, isFolder, openGuest, stateHashOf, symbolName } from '../guest.ts';
import { type Invocation, readInvocation } from '../invocation.ts';
import { hex, instructionAt } from '../listing.ts';
import { fields } from '../output.ts';
import { reach } from '../reach.ts';
import { type AnyTrace, openTraces, pairOf } from '../traces.ts';

/** Where a program is at a step; null for what is not known. */
interface Place {
  readonly pc: string | null;
  readonly instruction: string | null;
  readonly symbol: string | null;
}

const NOWHERE: Place = { pc: null, instruction: null, symbol: null };

export const diffCommand = defineCommand({
  name: 'diff',
  summary: 'find the first step on which two traces differ',
  description:
    'Compares two traces of one run: stores (STORE#NUMBER for one run of several), exported trace files, or URLs of such ' +
    'files. Prints the first step after which their states differ; the state before it is agreed. The answer is no (exit ' +
    'code 1) if they differ. Search goes from the roots to the leftmost difference, since a lie may be taken back.',
  arguments: [
    ['<ours>', 'a trace'],
    ['<theirs>', 'another'],
  ],
  options: {},
  examples: [
    ['omo diff traces/local/omo.db theirs.trace', 'our store and a file of theirs'],
    ['omo diff omo.db#1 omo.db#2', 'two runs of one store'],
  ],
  run: async (context, [ours, theirs]) => {
    const a = await openTraces(ours);
    try {
      const b = await openTraces(theirs);
      try {
        return await compare(context, ...pairOf(a, b));
      } finally {
        b.close();
      }
    } finally {
      a.close();
    }
  },
});

async function compare(context: Context, ours: AnyTrace, theirs: AnyTrace) {
  const difference = diff(ours, theirs);
  if (difference === undefined)
    return {
      json: { equal: true, firstDivergentStep: null },
      text: `no difference: ${ours.name} and ${theirs.name} are equal up to step ${ours.position}`,
    };
  const place = await placeOf(context, [ours, theirs], difference.firstDivergentStep);
  const text = fields([
    ['first divergent step', difference.firstDivergentStep],
    ['window', difference.window],
    ['agreed state before', difference.agreedStateHash],
    ['ours after', difference.ours],
    ['theirs after', difference.theirs],
    ['pc', place.pc === null ? undefined : `${place.pc}${place.symbol === null ? '' : ` (${place.symbol})`}`],
    ['instruction', place.instruction ?? undefined],
  ]);
  return { json: { equal: false, ...difference, ...place }, text, exitCode: 1 as const };
}

/**
 * What is executed at a step, found by executing the program up to it: the state before the step is agreed. Traces do not
 * hold programs, so it is found only if program and block still are where they were when one of the traces was made.
 */
async function placeOf(context: Context, traces: readonly AnyTrace[], step: Step): Promise<Place> {
  for (const trace of traces) {
    const invocation = readInvocation(trace.invocation ?? []);
    if (invocation === undefined) continue;
    try {
      return await reexecute(context, trace, invocation, step);
    } catch (error) {
      if (!(error instanceof OmoError)) throw error;
      context.output.warn(`what is executed at step ${step} is not shown: ${error.message}`);
    }
  }
  return NOWHERE;
}

async function reexecute(context: Context, trace: AnyTrace, invocation: Invocation, step: Step): Promise<Place> {
  const values = guestValues(invocation.options);
  // Whoever made the store chose these words: what they name is read, but nothing is run because of them.
  if (values.preimages !== undefined && !isFolder(values.preimages))
    throw new InputError(
      'COMMAND_NOT_RUN',
      `a command gave ${trace.name} its preimages, and is not run because a store names it; omo inspect shows the step`,
    );
  const opened = openGuest(invocation.elf, invocation.args, values);
  try {
    if (stateHashOf(opened.machine) !== trace.startHash)
      throw new InputError('PROGRAM_CHANGED', `${invocation.elf} or its inputs are no longer those of ${trace.name}`);
    const { machine, program } = await reach(context, opened, invocation.elf, step);
    const pc = Number(machine.get('pc'));
    return {
      pc: hex(pc),
      instruction: instructionAt(machine, pc)?.text ?? null,
      symbol: symbolName(program, pc) ?? null,
    };
  } finally {
    opened.close();
  }
}
