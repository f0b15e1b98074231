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
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concat, equal } from '../bytes.ts';
import { InputError } from '../errors.ts';
import { assert } from '../invariant.ts';
import { LEAF_BYTES, TREE_DEPTH } from '../machine/memoryMap.ts';
import { HASH_BYTES } from './hasher.ts';
import { PAGE_HEIGHT } from './memoryTree.ts';
import { zeroHash } from './zeroHashes.ts';

/** Most leaves in one proof: 2 fetched and 4 of data, or a thread's; 8 leaves and a subtree never need 256 entries. */
export const MAX_PROOF_LEAVES = 8;
/** Most entries of a proof. */
const MAX_ENTRIES = 256;
/** Most bytes of a proof. */
export const MAX_MULTIPROOF_BYTES = 1 + MAX_ENTRIES / 8 + HASH_BYTES * MAX_ENTRIES;

/** The subtree node of a proof: height 7 to 27, and its index at that height. */
export interface ProofSubtree {
  readonly height: number;
  readonly index: number;
}

/** A leaf of a proof with its 32 bytes before and after the step. */
export interface ProofLeaf {
  readonly index: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** The roots that a proof leads to, 32 bytes each. */
export interface ProvenRoots {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** Where nodes are read from to make a proof: a MemoryTree, for one. */
export interface NodeSource {
  node(height: number, index: number): Uint8Array;
}

/**
 * The proof of some leaves of `tree` (strictly ascending, at most MAX_PROOF_LEAVES) and at most one subtree node, as the
 * tree is before the step. Throws an InputError (`MULTIPROOF_NODES`) if the nodes are not of that form.
 */
export function makeMultiproof(tree: NodeSource, leaves: readonly number[], subtree?: ProofSubtree): Uint8Array {
  checkNodes(leaves, subtree);
  const bitmap: number[] = [];
  const hashes: Uint8Array[] = [];
  let entries = 0;
  const pairs = leaves.map((index) => ({ index, value: null }));
  walk<null>(pairs, subtree, {
    entry(height, index) {
      const hash = tree.node(height, index);
      const zero = equal(hash, zeroHash(height));
      if (entries % 8 === 0) bitmap.push(0);
      if (zero) bitmap[bitmap.length - 1] = (bitmap.at(-1) as number) | (0x80 >> (entries % 8));
      else hashes.push(hash);
      entries++;
      return null;
    },
    parent: () => null,
    zeroed: () => null,
  });
  assert(entries <= MAX_ENTRIES, () => `a multiproof of ${entries} entries`);
  return concat([Uint8Array.of(bitmap.length, ...bitmap), ...hashes]);
}

/**
 * The roots before and after a step that `proof` leads to. Whoever calls compares them with what it knows: a proof that
 * is well formed but not of this tree gives another root.
 * @throws InputError `MULTIPROOF_NODES` (nodes not of the form above), `MULTIPROOF_LENGTH`, `MULTIPROOF_BITMAP`,
 * `MULTIPROOF_PADDING`, `MULTIPROOF_EXPLICIT_ZERO` (the proof is not the canonical one)
 */
export function checkMultiproof(proof: Uint8Array, leaves: readonly ProofLeaf[], subtree?: ProofSubtree): ProvenRoots {
  checkNodes(
    leaves.map((leaf) => leaf.index),
    subtree,
  );
  const reader = new EntryReader(proof);
  const pairs = leaves.map(({ index, before, after }) => {
    assert(before.length === LEAF_BYTES && after.length === LEAF_BYTES, () => `leaf ${index} is not of 32 bytes`);
    return { index, value: { before, after } };
  });
  const roots = walk<ProvenRoots>(pairs, subtree, {
    entry(height) {
      const hash = reader.next(height);
      return { before: hash, after: hash };
    },
    parent(left, right) {
      const before = keccak_256(concat([left.before, right.before]));
      const changed = left.before !== left.after || right.before !== right.after;
      return { before, after: changed ? keccak_256(concat([left.after, right.after])) : before };
    },
    zeroed: (height, { before }) => ({ before, after: zeroHash(height) }),
  });
  reader.finish();
  return roots;
}

/** An entry of the walk's queue. */
interface Pair<Value> {
  readonly index: number;
  readonly value: Value;
}

/** What maker and checker each do at the points of the walk. */
interface Walker<Value> {
  /** The next entry: the node that the walk needs. */
  entry(height: number, index: number): Value;
  parent(left: Value, right: Value): Value;
  /** The subtree node, whose hash after the step is that of the zero subtree. */
  zeroed(height: number, value: Value): Value;
}

/** The walk of the head of this file; returns the root's value. */
function walk<Value>(leaves: readonly Pair<Value>[], subtree: ProofSubtree | undefined, walker: Walker<Value>): Value {
  let queue = leaves;
  for (let height = 0; ; height++) {
    if (height === subtree?.height) queue = withSubtree(queue, subtree, walker);
    if (height === TREE_DEPTH) break;
    const above: Pair<Value>[] = [];
    for (let i = 0; i < queue.length; i++) {
      const { index, value } = queue[i] as Pair<Value>;
      const next = queue[i + 1];
      const paired = next !== undefined && next.index === (index ^ 1);
      const sibling = paired ? next.value : walker.entry(height, index ^ 1);
      if (paired) i++;
      above.push({
        index: index >>> 1,
        value: index % 2 === 0 ? walker.parent(value, sibling) : walker.parent(sibling, value),
      });
    }
    queue = above;
  }
  assert(queue.length === 1 && queue[0]?.index === 0, 'the walk ends at the root');
  return (queue[0] as Pair<Value>).value;
}

function withSubtree<Value>(
  queue: readonly Pair<Value>[],
  { height, index }: ProofSubtree,
  walker: Walker<Value>,
): readonly Pair<Value>[] {
  const below = queue.find((pair) => pair.index === index);
  const value = walker.zeroed(height, below ? below.value : walker.entry(height, index));
  const before = queue.filter((pair) => pair.index < index);
  return [...before, { index, value }, ...queue.filter((pair) => pair.index > index)];
}

function checkNodes(leaves: readonly number[], subtree: ProofSubtree | undefined): void {
  const wrong = (found: string) =>
    new InputError(
      'MULTIPROOF_NODES',
      `nodes of a multiproof: expected ascending leaves and one aligned subtree, found ${found}`,
    );
  if (leaves.length === 0 && !subtree) throw wrong('nothing');
  if (leaves.length > MAX_PROOF_LEAVES) throw wrong(`${leaves.length} leaves, more than ${MAX_PROOF_LEAVES}`);
  let last = -1;
  for (const leaf of leaves) {
    if (!Number.isInteger(leaf) || leaf >= 2 ** TREE_DEPTH) throw wrong(`leaf ${leaf}`);
    if (leaf <= last) throw wrong(last < 0 ? `leaf ${leaf}` : `leaf ${leaf} after leaf ${last}`);
    last = leaf;
  }
  if (!subtree) return;
  const { height, index } = subtree;
  const known = Number.isInteger(height) && height >= PAGE_HEIGHT && height <= TREE_DEPTH && Number.isInteger(index);
  if (!known || index < 0 || index >= 2 ** (TREE_DEPTH - height))
    throw wrong(`a subtree of height ${height} and index ${index}`);
}

/** `expected` goes on after the word "expected" of the message. */
function refused(what: 'LENGTH' | 'BITMAP' | 'PADDING' | 'EXPLICIT_ZERO', expected: string): InputError {
  return new InputError(`MULTIPROOF_${what}`, `multiproof: expected ${expected}`);
}

/** Reads the entries of a proof in order and refuses every form but the canonical one. */
class EntryReader {
  readonly #proof: Uint8Array;
  readonly #bitmapBytes: number;
  #entries = 0;
  #position: number;

  constructor(proof: Uint8Array) {
    if (proof.length > MAX_MULTIPROOF_BYTES)
      throw refused('LENGTH', `at most ${MAX_MULTIPROOF_BYTES} bytes, found ${proof.length}`);
    this.#proof = proof;
    this.#bitmapBytes = proof[0] ?? 0;
    this.#position = 1 + this.#bitmapBytes;
    if (proof.length < this.#position)
      throw refused(
        'LENGTH',
        `a bitmap of ${this.#bitmapBytes} bytes after the first, found ${Math.max(proof.length - 1, 0)}`,
      );
    if (proof.length === 0) throw refused('LENGTH', 'at least 1 byte, found none');
  }

  next(height: number): Uint8Array {
    const number = this.#entries++;
    if (number >= 8 * this.#bitmapBytes)
      throw refused('BITMAP', `a bit for entry ${number}, found a bitmap of ${this.#bitmapBytes} bytes`);
    if (this.#bit(number)) return zeroHash(height);
    const end = this.#position + HASH_BYTES;
    if (end > this.#proof.length)
      throw refused(
        'LENGTH',
        `32 bytes at offset ${this.#position} for entry ${number}, found ${this.#proof.length - this.#position}`,
      );
    const hash = this.#proof.slice(this.#position, end);
    if (equal(hash, zeroHash(height)))
      throw refused(
        'EXPLICIT_ZERO',
        `a bit for entry ${number}, a zero subtree of height ${height}, found its hash at offset ${this.#position}`,
      );
    this.#position = end;
    return hash;
  }

  finish(): void {
    if (this.#bitmapBytes !== Math.ceil(this.#entries / 8))
      throw refused('BITMAP', `a bitmap for ${this.#entries} entries, found one of ${this.#bitmapBytes} bytes`);
    for (let i = this.#entries; i < 8 * this.#bitmapBytes; i++)
      if (this.#bit(i))
        throw refused('PADDING', `zeros after entry ${this.#entries - 1} in the bitmap, found bit ${i}`);
    if (this.#position !== this.#proof.length)
      throw refused(
        'LENGTH',
        `the end at offset ${this.#position}, found ${this.#proof.length - this.#position} more bytes`,
      );
  }

  #bit(number: number): boolean {
    return (((this.#proof[1 + (number >>> 3)] as number) << (number & 7)) & 0x80) !== 0;
  }
}
