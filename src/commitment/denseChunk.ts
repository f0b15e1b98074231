// What an engine hands over when it records every step of a stretch of a window: the input of dense commitments.

import { RECORD_BYTES } from '../semantics/layout.ts';

/** Size of a recorded step, in bytes: the hot part of the state record (380). */
export const DENSE_RECORD_BYTES = RECORD_BYTES.hot;

/**
 * Consecutive recorded steps of one run. Step i of the chunk is the i-th that was executed in it, from 0. A recorder stops
 * at the halt: steps after it are not recorded, the last state is repeated virtually by the history tree. All arrays may
 * be views of a recorder's own memory: they are read during the call that takes the chunk and never kept.
 */
export interface DenseChunk {
  /** Steps recorded: 1 to 2^20; 2^16 is a good size. */
  readonly steps: number;
  /**
   * `steps` hot records of 380 bytes, one after the other: record i is the state *after* step i of the chunk, all fields
   * final (coldHash and fpHash too) except `memoryRoot`, whose 32 bytes are ignored: the commitment computes it.
   */
  readonly records: Uint8Array;
  /**
   * Memory leaves written, in time order: `writes.steps[k]` (step in the chunk, not decreasing), `writes.leaves[k]` (leaf
   * index, 0 to 2^27-1), and the 32 bytes of the whole leaf *after* the write at `values[32 k]`. A step may write several
   * leaves, in any order; of two writes of one leaf in one step the later counts. A write that changes nothing may be
   * listed. The arrays are exactly as long as there are writes.
   */
  readonly writes: {
    readonly steps: Uint32Array;
    readonly leaves: Uint32Array;
    readonly values: Uint8Array;
  };
  /**
   * Aligned subtrees set to zero, in time order: after the writes of step `zeros.steps[k]`, the 2^`pagesLog2[k]` pages
   * from `firstPages[k]` on (a multiple of that number; 0 to 20) become zero.
   */
  readonly zeros: {
    readonly steps: Uint32Array;
    readonly firstPages: Uint32Array;
    readonly pagesLog2: Uint8Array;
  };
}
