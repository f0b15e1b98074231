// When a trace saves its state. A snapshot costs its changed pages (about 50 microseconds each: a hash that is there
// already, compression, a row); a lost one costs the steps since the last. Both are bounded by a share of the run itself.

/** Bounds on the distance of two snapshots. */
export interface SnapshotPolicy {
  /** Never more often, in steps. */
  readonly leastSteps: bigint;
  /** Steps that pay for one changed page: 2^14 are about as long as its 50 microseconds. */
  readonly stepsPerPage: bigint;
  /** Never less often, in steps, whatever it costs. */
  readonly mostSteps: bigint;
}

/** 16 to 1,024 windows: a few hundredths of a second to a few seconds of execution. */
export const DEFAULT_POLICY: SnapshotPolicy = { leastSteps: 2n ** 24n, stepsPerPage: 2n ** 14n, mostSteps: 2n ** 30n };

/** Whether it is time for a snapshot, `steps` after the last one with `changedPages` to save. */
export function isDue(policy: SnapshotPolicy, steps: bigint, changedPages: number): boolean {
  if (steps >= policy.mostSteps) return true;
  return steps >= policy.leastSteps && steps >= policy.stepsPerPage * BigInt(changedPages);
}
