// The clock of the machine: one step takes one nanosecond, and a machine whose threads all wait skips to the least deadline.
// No clock of the host is ever read.

import type { Builder } from './builder.ts';
import type { Value } from './program.ts';

/** Time at step 0, in nanoseconds since 1970-01-01 UTC: 2024-01-01T00:00:00Z. */
export const TIME_BASE_NANOSECONDS = 1_704_067_200_000_000_000n;

/** The time at which this step begins, in nanoseconds since 1970 (64 bits). It opens the cold part of the record. */
export function nanoseconds(h: Builder): Value {
  return h.add(h.add(h.state('step'), TIME_BASE_NANOSECONDS), h.state('skippedNanoseconds'));
}
