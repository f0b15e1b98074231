// A history: the binary keccak256 tree over the state hashes of a window. Leaf i is the state after (i + 1) strides of the
// window; the state it starts from is not a leaf. A run that ends early repeats its last leaf to the end of the tree,
// virtually: only real leaves, and the nodes that have one below them, are stored or computed.
//
// Nodes are stored in rows of 256: those of levels 0 (leaves), 8 and 16. What lies between is computed from a row when it
// is asked for, and checked against the row above: a damaged store is noticed before it is believed.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concat, equal } from '../bytes.ts';
import { InputError } from '../errors.ts';
import { assert } from '../invariant.ts';
import { HASH_BYTES } from './hasher.ts';
import { LevelHasher } from './levelHasher.ts';

/** Height of the tree of a whole run: a leaf every 2^20 steps, to 2^44. */
export const SPARSE_HEIGHT = 24;
/** Height of the tree of one window: a leaf each step, 2^20 of them. */
export const DENSE_HEIGHT = 20;
/** Levels between two stored ones. */
export const ROW_LEVELS = 8;
/** Most nodes of a row. */
export const ROW_NODES = 1 << ROW_LEVELS;
const CACHED_ROWS = 64;

/** Where the rows of a history are: in memory, in a store. */
export interface HistorySource {
  /** What messages call it: "window 7 of run 1 in omo.db". */
  readonly name?: string;
  /** Levels of the tree above its leaves: 20 or 24, at most 32. */
  readonly height: number;
  /** Real leaves: 1 to 2^height. Leaves from there on repeat the last. */
  readonly leafCount: number;
  /**
   * Row `index` of a level (0, 8, 16, ... below the height): nodes 256 index to 256 index + 255, 32 bytes each, without
   * those that have no real leaf below them (so a row is shorter at the end; the last node of a level may cover real and
   * repeated leaves). Only asked for rows that have nodes.
   */
  row(level: number, index: number): Uint8Array;
}

/** How many nodes of a level have a real leaf below them. */
export function realNodes(leafCount: number, level: number): number {
  return Math.ceil(leafCount / 2 ** level);
}

let sharedHasher: LevelHasher | undefined;

/** The nodes above `nodes` (32 bytes each); a last one without a neighbour is paired with `filler`. */
export function parents(nodes: Uint8Array, filler: Uint8Array): Uint8Array {
  sharedHasher ??= new LevelHasher();
  return sharedHasher.parents(nodes, filler);
}

/** Node i, for 0 to `height`: the root of a tree of height i whose leaves are all `leaf`. */
export function repeatedNodes(leaf: Uint8Array, height: number): Uint8Array[] {
  const nodes = [leaf];
  for (let level = 0; level < height; level++) {
    const node = nodes[level] as Uint8Array;
    nodes.push(parents(node, node));
  }
  return nodes;
}

/**
 * The rows of a history, from its real leaves: 32 bytes each, 1 to 2^height of them. Keeps `leaves`, does not copy it.
 * Throws an InvariantError for another shape.
 */
export function buildRows(leaves: Uint8Array, height: number): HistorySource {
  const leafCount = leaves.length / HASH_BYTES;
  assert(
    Number.isInteger(leafCount) && leafCount >= 1 && leafCount <= 2 ** height,
    () => `${leaves.length} bytes are not 1 to 2^${height} leaves`,
  );
  const repeated = repeatedNodes(leaves.slice(-HASH_BYTES), height);
  const stored = [leaves];
  let nodes = leaves;
  const lastStored = Math.floor((height - 1) / ROW_LEVELS) * ROW_LEVELS;
  for (let level = 0; level < lastStored; level++) {
    nodes = parents(nodes, repeated[level] as Uint8Array);
    if ((level + 1) % ROW_LEVELS === 0) stored.push(nodes);
  }
  return {
    height,
    leafCount,
    row(level, index) {
      const start = HASH_BYTES * ROW_NODES * index;
      const row = stored[level / ROW_LEVELS]?.subarray(start, start + HASH_BYTES * ROW_NODES);
      assert(
        row !== undefined && row.length > 0,
        () => `a history of ${leafCount} leaves has no row ${index} of level ${level}`,
      );
      return row;
    },
  };
}

/** A history over its stored rows. Computes what lies between them, and remembers the rows it used last. */
export class HistoryTree {
  readonly height: number;
  readonly leafCount: number;
  readonly #source: HistorySource;
  /** Expanded rows: their nodes, then the nodes above those, up to one. */
  readonly #rows = new Map<string, Uint8Array[]>();
  readonly #repeated: readonly Uint8Array[];

  /** Throws an InputError (`HISTORY_DAMAGED`) if the source's last row is not what it should be. */
  constructor(source: HistorySource) {
    const { height, leafCount } = source;
    assert(Number.isInteger(height) && height >= 1 && height <= 32, () => `a history of height ${height}`);
    assert(
      Number.isInteger(leafCount) && leafCount >= 1 && leafCount <= 2 ** height,
      () => `a history of height ${height} with ${leafCount} leaves`,
    );
    this.height = height;
    this.leafCount = leafCount;
    this.#source = source;
    const lastRow = this.#read(0, Math.floor((leafCount - 1) / ROW_NODES));
    this.#repeated = repeatedNodes(lastRow.slice(-HASH_BYTES), height);
  }

  /** The root: 32 bytes, as all nodes. */
  root(): Uint8Array {
    return this.node(this.height, 0);
  }

  /** Leaf `index`, 0 to 2^height - 1: the state after index + 1 strides. */
  leaf(index: number): Uint8Array {
    return this.node(0, index);
  }

  /**
   * Node `index` of a level, 0 (a leaf) to `height` (the root). Throws an InputError (`HISTORY_DAMAGED`) if a row of the
   * source does not have the hash that the row above says.
   */
  node(level: number, index: number): Uint8Array {
    assert(
      Number.isInteger(level) && level >= 0 && level <= this.height && index >= 0 && index < 2 ** (this.height - level),
      () => `a history of height ${this.height} has no node ${index} at level ${level}`,
    );
    if (index >= realNodes(this.leafCount, level)) return this.#repeated[level] as Uint8Array;
    const rowLevel = Math.floor(Math.min(level, this.height - 1) / ROW_LEVELS) * ROW_LEVELS;
    const up = level - rowLevel;
    const width = ROW_NODES / 2 ** up;
    const nodes = this.#row(rowLevel, Math.floor(index / width))[up] as Uint8Array;
    const start = HASH_BYTES * (index % width);
    return nodes.slice(start, start + HASH_BYTES);
  }

  /** Nodes `first` to `first + count - 1` of a level. */
  nodes(level: number, first: number, count: number): Uint8Array[] {
    return Array.from({ length: count }, (_, i) => this.node(level, first + i));
  }

  /** A stored row, checked: as HistorySource.row, so that a tree is a source too. */
  row(level: number, index: number): Uint8Array {
    return (this.#row(level, index)[0] as Uint8Array).slice();
  }

  /** The siblings on the path of a leaf, from its neighbour up: `height` of them. */
  prove(leaf: number): Uint8Array[] {
    return Array.from({ length: this.height }, (_, level) => {
      const index = Math.floor(leaf / 2 ** level);
      return this.node(level, index % 2 === 0 ? index + 1 : index - 1);
    });
  }

  #row(level: number, index: number): Uint8Array[] {
    const key = `${level}/${index}`;
    const known = this.#rows.get(key);
    if (known) return known;
    const levels = [this.#read(level, index)];
    for (let up = 0; up < Math.min(ROW_LEVELS, this.height - level); up++)
      levels.push(parents(levels[up] as Uint8Array, this.#repeated[level + up] as Uint8Array));
    if (level + ROW_LEVELS < this.height) {
      const expected = this.node(level + ROW_LEVELS, index);
      if (!equal(levels[ROW_LEVELS] as Uint8Array, expected))
        throw this.#damaged(
          level,
          index,
          `the hash ${bytesToHex(expected)}`,
          bytesToHex(levels[ROW_LEVELS] as Uint8Array),
        );
    }
    if (this.#rows.size >= CACHED_ROWS) this.#rows.delete(this.#rows.keys().next().value as string);
    this.#rows.set(key, levels);
    return levels;
  }

  #read(level: number, index: number): Uint8Array {
    const row = this.#source.row(level, index);
    const count = Math.min(ROW_NODES, realNodes(this.leafCount, level) - ROW_NODES * index);
    if (row.length !== HASH_BYTES * count)
      throw this.#damaged(level, index, `${count} nodes of 32 bytes`, `${row.length} bytes`);
    return row.slice();
  }

  #damaged(level: number, index: number, expected: string, found: string): InputError {
    return new InputError(
      'HISTORY_DAMAGED',
      `row ${index} of level ${level} of ${this.#source.name ?? 'a history'}: expected ${expected}, found ${found}`,
      { hint: 'It was changed or damaged since it was written. Make the trace again.' },
    );
  }
}

/** The root that a leaf at `index` leads to with the siblings of its path, from its neighbour up. */
export function historyRoot(leaf: Uint8Array, index: number, siblings: readonly Uint8Array[]): Uint8Array {
  return siblings.reduce((hash, sibling, level) => {
    const right = Math.floor(index / 2 ** level) % 2 === 1;
    return keccak_256(concat(right ? [sibling, hash] : [hash, sibling]));
  }, leaf);
}

/** Index of the first leaf in which two histories of one height differ; undefined if they are equal. Searches, never scans. */
export function firstDifference(a: HistoryTree, b: HistoryTree): number | undefined {
  assert(a.height === b.height, () => `histories of heights ${a.height} and ${b.height}`);
  if (equal(a.root(), b.root())) return undefined;
  let index = 0;
  for (let level = a.height - 1; level >= 0; level--) {
    index *= 2;
    if (equal(a.node(level, index), b.node(level, index))) index++;
  }
  return index;
}
