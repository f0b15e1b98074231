// Faults: what a liar's trace lies about, for drills and tests. A step is where it lies; the state before that step is
// still honest, and the commitment after it is the first false one, whatever the step: the first of a run, the last before
// the halt, the halt, or one past it.
//
//   STEP        one bit of a register flips as the step is executed: the step's honest result with bit 0 of one register
//               inverted. Execution goes on from there.
//   STEP:leaf   one false commitment, the truth after it: the state hash after the step with its last bit inverted. The
//               sparse commitment of that window is inverted likewise, since a dense history has to end in a commitment
//               that is disputed; every later one is true.

import { UsageError } from '../errors.ts';
import { asStep, LAST_STEP, parseStep, type Step } from '../units.ts';

/** A lie. */
export interface Fault {
  /** Steps before the one that it is about. */
  readonly step: Step;
  readonly kind: 'register' | 'leaf';
}

/** A fault as it is written on the command line and in a store: `1048576`, `1048576:leaf`. Throws a UsageError. */
export function parseFault(text: string): Fault {
  const [, step = '', leaf] = /^(\d+)(:leaf)?$/.exec(text) ?? [];
  if (step === '') throw new UsageError('BAD_FAULT', `fault: expected STEP or STEP:leaf, found "${text.slice(0, 40)}"`);
  const value = parseStep(step, 'fault');
  if (value >= LAST_STEP - 2n ** 21n) throw new UsageError('BAD_FAULT', `fault: step ${value} is too near to 2^44`);
  return { step: asStep(value), kind: leaf === undefined ? 'register' : 'leaf' };
}

/** The text of a fault, in one form; empty for none. */
export function faultText(fault: Fault | undefined): string {
  return fault === undefined ? '' : `${fault.step}${fault.kind === 'leaf' ? ':leaf' : ''}`;
}
