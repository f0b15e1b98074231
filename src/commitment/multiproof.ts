// One proof for several nodes of the memory tree. It gives the root before a step from the nodes' values before it, and
// the root after it from their values after it, with the same siblings: one format, read by TypeScript here and by the
// Solidity verifier.
//
// THE NODES are told apart from the proof (a one-step proof lists them):
//   - leaves (height 0), at most MAX_PROOF_LEAVES, by strictly ascending leaf index;
//   - at most one subtree: the node (height H, index S) with H from 7 to 27, an aligned group of 2^(H-7) pages. It has no
//     value of its own in the step: its hash after the step is always that of the zero subtree (system calls that zero
//     memory do nothing else to it). Leaves may lie below it: they are read before it is zeroed, their values after are
//     then without effect.
//   There is at least one node: a step that opens no memory carries no multiproof.
//
// THE WALK that maker and checker share. A queue of (index, hash) pairs starts as the leaves, in order. For each height
// h = 0, 1, ... 26:
//   1. if h = H and no pair has index S, the pair (S, next entry) is inserted in its place;
//      [after the step: the pair with index S takes the zero hash of height H, whether inserted or not]
//   2. the pairs are taken in order. If the next pair's index is index ^ 1, both are consumed; otherwise the sibling is
//      the next entry. (index >> 1, keccak256(left, right)) is a pair of height h + 1.
// H = 27 is handled as step 1 at the root. What is left is one pair: index 0 and the root.
//
// ENTRIES, numbered from 0 in the order in which the walk asks for them, are hashes of height h (a leaf's 32 raw bytes at
// height 0). An entry that equals the zero subtree's hash of its height is a 1 bit of the bitmap and nothing else; any
// other is a 0 bit and 32 bytes. There are at most 256 entries, so that the bitmap is one EVM word.
//
// BYTES:
//   offset  size       field
//   0       1          B: size of the bitmap in bytes = ceil(entries / 8), 0 to 32
//   1       B          bitmap: entry i is bit 7 - i % 8 of byte i / 8 (so the first entry is the word's highest bit);
//                      the bits after the last entry are 0
//   1 + B   32 x zeros(bitmap)   the hashes of the entries whose bit is 0, in order
//   the proof ends there.
//
// CANONICAL: for given nodes and values there is exactly one accepted proof. Refused: leaves not strictly ascending or
// out of range, a subtree that is not aligned or of a wrong height, B other than ceil(entries / 8), a 1 in the padding, an
// entry given as 32 bytes that equals the zero hash of its height, too few bytes, bytes left over.

/** Most leaves in one proof: 2 fetched and 4 of data, or a thread's; 8 leaves and a subtree never need 256 entries. */
export const MAX_PROOF_LEAVES = 8;
