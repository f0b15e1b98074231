// Where tier 0 keeps its own data in a machine's memory: in the engine's private area, out of the memory tree. The areas
// that a machine knows itself (page flags, dirty list, map of decoded pages) are in machine/memoryMap.ts.

import { DECODED_START } from '../machine/memoryMap.ts';

/** Row of each slot id: u16 an id. */
export const ROW_OF_ID = 0xf900_0000;
/** Variant of each slot id, of a fused one that of its first instruction; 0 where nothing may be fused: u16 an id. */
export const VARIANT_OF_ID = 0xf902_0000;
/** Slot ids are below this. */
export const MAX_IDS = 0x1_0000;
/** Hash table of fusions, and lists of candidates (fusionTable.ts). */
export const FUSION_HASH = 0xf904_0000;
export const FUSION_CANDIDATES = 0xf908_0000;
/** Addresses at which a run stops: u32 each, ascending. */
export const BREAKPOINTS = 0xf910_0000;
export const MAX_BREAKPOINTS = 4096;
/** A slot in which an instruction is decoded that has a breakpoint on it. */
export const SCRATCH_SLOT = 0xf920_0000;

/**
 * A decoded page: a slot for each 2 bytes, then two slots that lead on to the next page (a 4-byte instruction may end
 * there), then the page's number, u32.
 */
export const SLOT_BYTES = 8;
export const SLOTS_IN_PAGE = 2048;
export const FRAME_PAGE_OFFSET = SLOT_BYTES * (SLOTS_IN_PAGE + 2);
/** Size of a decoded page: not a power of two, so that equal offsets of pages do not share cache sets. */
export const FRAME_BYTES = 16448;
/** Decoded pages end here: code of 16 MiB. When the area is full, all of it is dropped. */
export const DECODED_END = DECODED_START + 4096 * FRAME_BYTES;

/** Recorded steps: hot records, then the writes, in three arrays. */
export const RECORDS = 0xfe10_0000;
export const RECORDS_MAX = 1 << 16;
export const WRITES_MAX = 120_000;
export const WRITE_STEPS = 0xff90_0000;
export const WRITE_LEAVES = WRITE_STEPS + 4 * WRITES_MAX;
export const WRITE_VALUES = WRITE_LEAVES + 4 * WRITES_MAX;
