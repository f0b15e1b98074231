// Histories in a store: the sparse one of a run, and the dense ones of its windows. Their rows come back through
// HistoryTree, which checks each against the row above it; the topmost is checked against the root here.

import { bytesToHex, equal } from '../bytes.ts';
import { HASH_BYTES } from '../commitment/hasher.ts';
import { DENSE_HEIGHT, type HistorySource, HistoryTree, SPARSE_HEIGHT } from '../commitment/history.ts';
import { appendLeaves } from '../commitment/historyAppend.ts';
import type { WindowIndex } from '../units.ts';
import type { Connection, Row } from './connection.ts';
import { SPARSE_WINDOW } from './schema.ts';
import { damagedStore } from './storeErrors.ts';

/** A history in a store: of a window, or of the whole run (`sparse`). */
export type HistoryName = WindowIndex | 'sparse';

/** Rows of the tables histories and history_rows. */
export class Histories {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** A history, if it is there. Throws an InputError (`STORE_DAMAGED`, `HISTORY_DAMAGED`) if its rows do not give its root. */
  tree(run: number, name: HistoryName): HistoryTree | undefined {
    const row = this.#find(run, name);
    if (!row) return undefined;
    const source = this.#source(row, run, name);
    const tree = new HistoryTree(source);
    const root = row['root'] as Uint8Array;
    if (!equal(tree.root(), root))
      throw damagedStore(
        this.#connection.path,
        `${nameOf(run, name)}: its rows have the root ${bytesToHex(tree.root())}, expected ${bytesToHex(root)}`,
      );
    return tree;
  }

  /** The windows of which a run has a dense history, ascending. */
  windows(run: number): WindowIndex[] {
    return this.#connection
      .all('SELECT window FROM histories WHERE run = ? AND window >= 0 ORDER BY window', run)
      .map((row) => Number(row['window']) as WindowIndex);
  }

  /** Appends leaves (32 bytes each, at least one) to a history, or begins it with them. Call it in a transaction. */
  append(run: number, name: HistoryName, leaves: Uint8Array): void {
    const row = this.#find(run, name);
    const source = row && this.#source(row, run, name);
    const grown = appendLeaves(source, heightOf(name), leaves);
    const id = this.#set(row, run, name, grown.leafCount, grown.root);
    for (const { level, index, nodes } of grown.rows)
      this.#connection.run(
        `INSERT INTO history_rows (history, level, row, nodes) VALUES (?, ?, ?, ?)
         ON CONFLICT (history, level, row) DO UPDATE SET nodes = excluded.nodes`,
        id,
        level,
        index,
        nodes,
      );
  }

  #set(found: Row | undefined, run: number, name: HistoryName, leafCount: number, root: Uint8Array): number {
    if (!found)
      return this.#connection.insert(
        'INSERT INTO histories (run, window, leaf_count, root) VALUES (?, ?, ?, ?)',
        run,
        windowColumn(name),
        leafCount,
        root,
      );
    const id = Number(found['id']);
    this.#connection.run('UPDATE histories SET leaf_count = ?, root = ? WHERE id = ?', leafCount, root, id);
    return id;
  }

  #find(run: number, name: HistoryName): Row | undefined {
    return this.#connection.get('SELECT * FROM histories WHERE run = ? AND window = ?', run, windowColumn(name));
  }

  #source(row: Row, run: number, name: HistoryName): HistorySource {
    const height = heightOf(name);
    const leafCount = Number(row['leaf_count']);
    const root = row['root'];
    if (!(leafCount >= 1 && leafCount <= 2 ** height) || !(root instanceof Uint8Array) || root.length !== HASH_BYTES)
      throw damagedStore(this.#connection.path, `${nameOf(run, name)} has ${leafCount} leaves`);
    const id = Number(row['id']);
    return {
      name: `${nameOf(run, name)} in store ${this.#connection.path}`,
      height,
      leafCount,
      row: (level, index) => {
        const nodes = this.#row(id, level, index);
        if (nodes) return nodes;
        throw damagedStore(this.#connection.path, `${nameOf(run, name)} lacks row ${index} of level ${level}`);
      },
    };
  }

  #row(history: number, level: number, index: number): Uint8Array | undefined {
    const row = this.#connection.get(
      'SELECT nodes FROM history_rows WHERE history = ? AND level = ? AND row = ?',
      history,
      level,
      index,
    );
    const nodes = row?.['nodes'];
    return nodes instanceof Uint8Array ? nodes : undefined;
  }
}

function heightOf(name: HistoryName): number {
  return name === 'sparse' ? SPARSE_HEIGHT : DENSE_HEIGHT;
}

function windowColumn(name: HistoryName): number {
  return name === 'sparse' ? SPARSE_WINDOW : name;
}

function nameOf(run: number, name: HistoryName): string {
  return name === 'sparse' ? `the sparse history of run ${run}` : `the history of window ${name} of run ${run}`;
}
