// The address space of the machine `rv64` as its semantics see it: 4 GiB, of which the first 64 KiB and the last 256 MiB
// fault. The kernel keeps its own data in the upper hole: in the memory tree, out of the guest's reach.

/** First address that a guest may touch. */
export const GUEST_START = 0x0001_0000;
/** First address after the last that a guest may touch. */
export const GUEST_END = 0xf000_0000;
/** Size of a page, in bytes: the unit of mmap, of snapshots and of dirty tracking. */
export const PAGE_BYTES = 4096;
/** Pages of the whole address space. */
export const PAGE_COUNT = 1 << 20;
/** Size of a leaf of the memory tree, in bytes. */
export const LEAF_BYTES = 32;
/** Height of the memory tree: 2^27 leaves, so a path is 27 hashes. */
export const TREE_DEPTH = 27;

/** The kernel's data: in the memory tree, out of the guest's reach. */
export const KERNEL_START = 0xf000_0000;
export const KERNEL_END = 0xf010_0000;
/** Page bitmap: bit p % 8 of byte p / 8 is 1 while page p is mapped; a leaf holds 256 pages, 1 MiB. */
export const PAGE_BITMAP = 0xf000_0000;
/** The eventfd and the epoll set: one leaf (environment/linux/events.ts). */
export const KERNEL_EVENTS = 0xf002_0000;

/** Address where mmap begins to search for free pages, upwards: what is below is left to the program and its break. */
export const MMAP_START = 0x4000_0000;
