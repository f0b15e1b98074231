// Arithmetic of windows: 2^20 steps each; window w is from step w x 2^20. Leaf w of the sparse history is the state at
// the window's end.

import { asStep, asWindowIndex, type Step, WINDOW_STEPS, type WindowIndex } from '../units.ts';

/** First step of a window. */
export function windowStart(window: WindowIndex): Step {
  return asStep(BigInt(window) * WINDOW_STEPS);
}

/** First step after a window: the position of its last state. */
export function windowEnd(window: WindowIndex): Step {
  return asStep((BigInt(window) + 1n) * WINDOW_STEPS);
}

/** The window in which a step is executed (`step` steps come before it). Below 2^44. */
export function windowOf(step: Step): WindowIndex {
  return asWindowIndex(Number(step / WINDOW_STEPS));
}

/** How many sparse leaves a run has at a position. */
export function leavesAt(position: Step): number {
  return Number((position + WINDOW_STEPS - 1n) / WINDOW_STEPS);
}
