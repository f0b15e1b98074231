// Builds a Merkle-Patricia trie (Ethereum yellow paper, appendix D) from all its entries at once, for blocks and tests of
// our own making.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { encodeRlp, type RlpStructuredDataish } from 'ethers/utils';
import { bytesToHex } from '../src/bytes.ts';

/** Key and value. The keys of one trie are distinct, and none is the beginning of another. */
export interface TrieEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A trie, as its root and the nodes that are referred to by hash. */
export interface Trie {
  readonly root: Uint8Array;
  /** RLP of each node, the root's first. */
  readonly nodes: readonly Uint8Array[];
}

interface Leaf {
  readonly nibbles: readonly number[];
  readonly value: Uint8Array;
}

/** The trie of these entries. */
export function buildTrie(entries: readonly TrieEntry[]): Trie {
  const nodes: Uint8Array[] = [];
  const leaves = entries.map(({ key, value }) => ({ nibbles: toNibbles(key), value }));
  const root = rlp(leaves.length === 0 ? '0x' : nodeOf(leaves, 0, nodes));
  return { root: keccak_256(root), nodes: leaves.length === 0 ? [] : [root, ...nodes] };
}

/** The node of all leaves that agree up to `depth`; nodes below it that are named by hash are added to `nodes`. */
function nodeOf(leaves: readonly Leaf[], depth: number, nodes: Uint8Array[]): RlpStructuredDataish {
  const [first] = leaves;
  if (!first) return '0x';
  if (leaves.length === 1) return [hexPrefix(first.nibbles.slice(depth), true), bytesToHex(first.value)];
  let shared = depth;
  while (leaves.every(({ nibbles }) => nibbles[shared] === first.nibbles[shared])) shared++;
  const children = Array.from({ length: 16 }, (_, nibble) =>
    referenceTo(
      nodeOf(
        leaves.filter(({ nibbles }) => nibbles[shared] === nibble),
        shared + 1,
        nodes,
      ),
      nodes,
    ),
  );
  const branch = [...children, '0x'];
  if (shared === depth) return branch;
  return [hexPrefix(first.nibbles.slice(depth, shared), false), referenceTo(branch, nodes)];
}

/** A node under 32 bytes stands in its parent itself, any other by its hash. */
function referenceTo(node: RlpStructuredDataish, nodes: Uint8Array[]): RlpStructuredDataish {
  const bytes = rlp(node);
  if (node === '0x' || bytes.length < 32) return node;
  nodes.push(bytes);
  return bytesToHex(keccak_256(bytes));
}

/** Nibbles as bytes, in front of them the flags: 2 for a leaf, 1 for an odd number. */
export function hexPrefix(nibbles: readonly number[], isLeaf: boolean): string {
  const isOdd = nibbles.length % 2 === 1;
  const flags = (isLeaf ? 2 : 0) + (isOdd ? 1 : 0);
  const all = isOdd ? [flags, ...nibbles] : [flags, 0, ...nibbles];
  return `0x${all.map((nibble) => nibble.toString(16)).join('')}`;
}

/** High nibble first. */
export function toNibbles(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

/** RLP of any structure, as bytes. */
export function rlp(data: RlpStructuredDataish): Uint8Array {
  return Uint8Array.from(Buffer.from(encodeRlp(data).slice(2), 'hex'));
}
