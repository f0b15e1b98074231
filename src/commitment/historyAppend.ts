// A history that grows: which stored rows change when leaves are appended, and what they become. After every append the
// rows are those of a whole history, its tail repeated virtually, so that a run may be stopped and looked at anywhere.

import { concat } from '../bytes.ts';
import { assert } from '../invariant.ts';
import { HASH_BYTES } from './hasher.ts';
import { type HistorySource, parents, ROW_LEVELS, ROW_NODES, realNodes, repeatedNodes } from './history.ts';

/** One row to be stored, in place of what was there. */
export interface HistoryRow {
  readonly level: number;
  readonly index: number;
  /** 1 to 256 nodes of 32 bytes. A view: copy it to keep it. */
  readonly nodes: Uint8Array;
}

/** What an append makes of a history. */
export interface AppendedHistory {
  readonly leafCount: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** The rows that changed or are new, bottom level first. All other rows stay. */
  readonly rows: readonly HistoryRow[];
}

/**
 * Appends `leaves` (32 bytes each, at least one) to `history`, or begins one with them. Costs the new leaves and, for
 * each stored level, the last row before them. Throws an InvariantError for more than 2^height leaves in all.
 */
export function appendLeaves(history: HistorySource | undefined, height: number, leaves: Uint8Array): AppendedHistory {
  const before = history?.leafCount ?? 0;
  const leafCount = before + leaves.length / HASH_BYTES;
  assert(
    Number.isInteger(leafCount) && leafCount > before && leafCount <= 2 ** height,
    () => `${leaves.length} bytes of leaves after ${before} in a history of height ${height}`,
  );
  const repeated = repeatedNodes(leaves.slice(-HASH_BYTES), height);
  const rows: HistoryRow[] = [];
  // The first node that changes, and all from there on. A node over the last leaf before had a repeated tail until now.
  let first = before;
  let changed = leaves;
  for (let level = 0; ; level += ROW_LEVELS) {
    const index = Math.floor(first / ROW_NODES);
    const kept = first % ROW_NODES;
    // `concat` is for a row that was begun before; 32 MiB of new leaves are not copied.
    const start = history && kept > 0 ? history.row(level, index).subarray(0, HASH_BYTES * kept) : new Uint8Array(0);
    const nodes = start.length === 0 ? changed : concat([start, changed]);
    assert(
      nodes.length === HASH_BYTES * (realNodes(leafCount, level) - ROW_NODES * index),
      () => `${nodes.length} bytes of level ${level} from row ${index} on, for ${leafCount} leaves`,
    );
    pushRows(rows, level, index, nodes);
    const above = hashUp(nodes, repeated, level, Math.min(level + ROW_LEVELS, height));
    if (level + ROW_LEVELS >= height) return { leafCount, root: above, rows };
    first = index;
    changed = above;
  }
}

function pushRows(rows: HistoryRow[], level: number, firstIndex: number, nodes: Uint8Array): void {
  const rowBytes = HASH_BYTES * ROW_NODES;
  for (let start = 0, index = firstIndex; start < nodes.length; start += rowBytes, index++)
    rows.push({ level, index, nodes: nodes.subarray(start, start + rowBytes) });
}

/** The nodes of level `to` above all nodes of level `from` from an even multiple on to the last. */
function hashUp(nodes: Uint8Array, repeated: readonly Uint8Array[], from: number, to: number): Uint8Array {
  let level = nodes;
  for (let up = from; up < to; up++) level = parents(level, repeated[up] as Uint8Array);
  return level;
}
