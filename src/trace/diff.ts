// Where two traces part: the first step after which their commitments differ. Found by search in the histories, from the
// root to the leftmost leaf that differs: lies may reconverge, and everything left of it is agreed.

import { equal } from '../bytes.ts';
import { firstDifference, type HistoryTree } from '../commitment/history.ts';
import { CannotKnowError, InputError } from '../errors.ts';
import { assert } from '../invariant.ts';
import { asHash, asStep, asWindowIndex, type Hash, type Step, WINDOW_STEPS, type WindowIndex } from '../units.ts';
import type { TraceView } from './traceView.ts';
import { windowStart } from './windows.ts';

/** Where two traces part. */
export interface Difference {
  /** The state before this step is agreed; the one after it is not. */
  readonly firstDivergentStep: Step;
  /** The window of that step. */
  readonly window: WindowIndex;
  /** Hash of the state before the step. */
  readonly agreedStateHash: Hash;
  /** Hash of the state after the step, as the first trace has it. */
  readonly ours: Hash;
  /** The same, as the second trace has it. */
  readonly theirs: Hash;
}

/**
 * The first difference of two traces of one run; undefined if there is none. Throws an InputError (`DIFFERENT_PROGRAM`,
 * `DIFFERENT_INPUTS`, `DIFFERENT_VERSION`, `DIFFERENT_START`, `TRACE_INCONSISTENT`, or one of damage), or a CannotKnowError:
 * `WINDOW_MISSING` if a dense history that it needs is not there, `TRACE_UNFINISHED` if they agree as far as one goes.
 */
export function diff(ours: TraceView, theirs: TraceView): Difference | undefined {
  checkComparable(ours, theirs);
  const window = firstWindow(ours, theirs);
  if (window === undefined) return undefined;
  const [a, b] = denseHistories(ours, theirs, window);
  const index = firstDifference(a, b);
  assert(index !== undefined, () => `window ${window} ends in different states and has one history`);
  return {
    firstDivergentStep: asStep(windowStart(window) + BigInt(index)),
    window,
    agreedStateHash: index > 0 ? asHash(a.leaf(index - 1)) : stateAtStart(ours, window),
    ours: asHash(a.leaf(index)),
    theirs: asHash(b.leaf(index)),
  };
}

function checkComparable(ours: TraceView, theirs: TraceView): void {
  const compare = (code: string, what: string, a: string | number, b: string | number) => {
    if (a === b) return;
    throw new InputError(
      code,
      `two traces to compare: expected the same ${what}, found ${a} in ${ours.name}, ${b} in ${theirs.name}`,
      {
        hint: 'Only traces of one program on one set of inputs can be compared.',
      },
    );
  };
  compare('DIFFERENT_VERSION', 'version of the machine', ours.machineVersion, theirs.machineVersion);
  compare('DIFFERENT_PROGRAM', 'program root', ours.programRoot, theirs.programRoot);
  compare('DIFFERENT_INPUTS', 'hash of the inputs', ours.inputsHash, theirs.inputsHash);
  compare('DIFFERENT_START', 'state before the first step', ours.startHash, theirs.startHash);
}

/** The first window with a difference that is known. */
function firstWindow(ours: TraceView, theirs: TraceView): WindowIndex | undefined {
  const sparse = ours.sparse && theirs.sparse ? firstDifference(ours.sparse, theirs.sparse) : 0;
  // A lie that is over when its window ends shows in dense histories only.
  const common = ours.windows.filter((each) => theirs.windows.includes(each));
  const dense = common.find((each) => each <= (sparse ?? Infinity) && differs(ours.window(each), theirs.window(each)));
  if (dense !== undefined) return dense;
  const unfinished = [ours, theirs].filter((each) => !each.ended);
  const known = Math.min(...unfinished.map((each) => each.sparse?.leafCount ?? 0));
  if (unfinished.length > 0 && (sparse === undefined || sparse >= known))
    throw new CannotKnowError(
      'TRACE_UNFINISHED',
      `${ours.name} and ${theirs.name} agree up to step ${BigInt(known) * WINDOW_STEPS}, and ${unfinished.map((each) => each.name).join(' and ')} did not finish`,
      { hint: `Finish it: ${commands(unfinished, undefined)}` },
    );
  return sparse === undefined ? undefined : asWindowIndex(sparse);
}

function differs(a: HistoryTree | undefined, b: HistoryTree | undefined): boolean {
  return a !== undefined && b !== undefined && !equal(a.root(), b.root());
}

/** The dense histories of a window, each ending where the sparse history of its trace says. */
function denseHistories(ours: TraceView, theirs: TraceView, window: WindowIndex): [HistoryTree, HistoryTree] {
  const a = ours.window(window);
  const b = theirs.window(window);
  if (!a || !b) {
    const lacking = [...(a ? [] : [ours]), ...(b ? [] : [theirs])];
    throw new CannotKnowError(
      'WINDOW_MISSING',
      `the first difference is in window ${window} (2^20 steps from step ${windowStart(window)}), and its dense history is missing in ${lacking.map((each) => each.name).join(' and ')}`,
      { hint: `Make it: ${commands(lacking, window)}` },
    );
  }
  checkEnd(ours, window, a);
  checkEnd(theirs, window, b);
  return [a, b];
}

/** Throws unless a window's dense history ends in the sparse commitment. */
export function checkEnd(
  { sparse, name }: Pick<TraceView, 'sparse' | 'name'>,
  window: WindowIndex,
  dense: HistoryTree,
): void {
  const expected = sparse && asHash(sparse.leaf(window));
  const found = asHash(dense.leaf(2 ** dense.height - 1));
  if (found === expected) return;
  throw new InputError(
    'TRACE_INCONSISTENT',
    `${name}: window ${window} ends in the state ${found}, its sparse commitment is ${expected ?? 'missing'}`,
    { hint: 'It contradicts itself, so nothing follows from it.' },
  );
}

function stateAtStart(view: TraceView, window: WindowIndex): Hash {
  return window === 0 || !view.sparse ? view.startHash : asHash(view.sparse.leaf(window - 1));
}

function commands(views: readonly TraceView[], window: WindowIndex | undefined): string {
  return views.map((each) => each.command(window)).join('\n     and: ');
}
