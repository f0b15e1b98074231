// The sequences that tier 0 fuses.

/** Written as fusion.ts reads them. */
export const FUSIONS: readonly string[] = [];
