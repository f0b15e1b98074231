// Where an engine keeps its own data in a machine's 4 GiB WebAssembly memory. Guest addresses are WebAssembly addresses;
// the two holes of the guest's address space hold the kernel's data (in the memory tree) and the engine's (not in it).

export * from '../semantics/addressSpace.ts';

/** One flag byte a page, 2^20 of them. */
export const PAGE_FLAGS = 0xf800_0000;
/** Numbers of the pages that became dirty since they were last taken, u32 each. */
export const DIRTY_LIST = 0xf820_0000;
/** Count of entries in the dirty list, u32: a word of the engine's block. */
export const DIRTY_COUNT = 0x0800;
/** Decoded form of each page, u32: 0 or the address of its decoded slots. */
export const DECODED_MAP = 0xf880_0000;
/** Decoded pages. */
export const DECODED_START = 0xfa00_0000;

/** Bits of a page's flag byte: written since last taken; holds decoded code; ever written. */
export const FLAG_DIRTY = 1;
export const FLAG_CODE = 2;
export const FLAG_PRESENT = 4;
