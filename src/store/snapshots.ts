// Snapshots in a store: points from which a run goes on. A snapshot lists the pages that changed since the one before;
// contents are kept once, by their node in the memory tree, whatever run or snapshot they are of.

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { inMemoryTree } from '../machine/machine.ts';
import { PAGE_BYTES } from '../machine/memoryMap.ts';
import { MAX_STATE_BYTES } from '../machine/state.ts';
import { asStep, type Step } from '../units.ts';
import type { Connection } from './connection.ts';
import { damagedStore } from './storeErrors.ts';

/** A page of 4,096 bytes with its node in the memory tree. */
export interface SnapshotPage {
  readonly page: number;
  /** Node at height 7 over the page's 128 leaves: 32 bytes. */
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** A state of a run, or what of it changed since the snapshot before. */
export interface Snapshot {
  readonly step: Step;
  /** The state without memory (machine/state.ts), all hashes filled in. */
  readonly record: Uint8Array;
  readonly pages: Iterable<SnapshotPage>;
}

/** Fastest useful compression: about 34 microseconds a page. Level 3 takes a fifth more for 3 % less. */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Compressed pages larger than this are stored as they are, in bytes: reading them back is not worth the gain. */
const WORTHWHILE_BYTES = (PAGE_BYTES * 7) / 8;

/** Rows of the tables snapshots, snapshot_pages and pages. */
export class Snapshots {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Adds a snapshot of a run: its pages are those that changed since the run's last one. Call it in a transaction. */
  add(run: number, { step, record, pages }: Snapshot): void {
    this.#connection.run('INSERT INTO snapshots (run, step, record) VALUES (?, ?, ?)', run, Number(step), record);
    for (const { page, hash, bytes } of pages)
      this.#connection.run(
        'INSERT INTO snapshot_pages (run, page, step, content) VALUES (?, ?, ?, ?)',
        run,
        page,
        Number(step),
        this.#content(hash, bytes),
      );
  }

  /** Step of the run's last snapshot at or before `step`. */
  stepBefore(run: number, step: Step): Step | undefined {
    const row = this.#connection.get(
      'SELECT step FROM snapshots WHERE run = ? AND step <= ? ORDER BY step DESC LIMIT 1',
      run,
      Number(step),
    );
    return row && asStep(BigInt(Number(row['step'])));
  }

  /**
   * The whole state at a snapshot of a run. Its pages are read as they are iterated over, ascending, once; nothing else may
   * be asked of the store meanwhile. Their bytes are as they are in the store: whoever loads them checks their hashes.
   * Throws an InputError (`STORE_DAMAGED`).
   */
  read(run: number, step: Step): Snapshot {
    const row = this.#connection.get('SELECT record FROM snapshots WHERE run = ? AND step = ?', run, Number(step));
    const record = row?.['record'];
    if (!(record instanceof Uint8Array) || record.length > MAX_STATE_BYTES)
      throw damagedStore(this.#connection.path, `run ${run} has no state record at step ${step}`);
    return { step, record, pages: this.#pages(run, step) };
  }

  *#pages(run: number, step: Step): Generator<SnapshotPage> {
    // With max(), SQLite takes the other columns from the row that has it: the latest content of each page.
    const rows = this.#connection.iterate(
      `SELECT page, hash, bytes FROM
         (SELECT page, content, max(step) FROM snapshot_pages WHERE run = ? AND step <= ? GROUP BY page)
       LEFT JOIN pages ON pages.id = content ORDER BY page`,
      run,
      Number(step),
    );
    for (const { page, hash, bytes } of rows) {
      if (!(hash instanceof Uint8Array) || !(bytes instanceof Uint8Array))
        throw damagedStore(this.#connection.path, `page ${page} of run ${run} at step ${step} is not there`);
      if (!inMemoryTree(Number(page), 1))
        throw damagedStore(this.#connection.path, `page ${page} of run ${run} is outside of the memory tree`);
      yield { page: Number(page), hash, bytes: this.#expanded(Number(page), bytes) };
    }
  }

  /** Row of a page's content, added if it is new. */
  #content(hash: Uint8Array, bytes: Uint8Array): number {
    const found = this.#connection.get('SELECT id FROM pages WHERE hash = ?', hash);
    if (found) return Number(found['id']);
    const compressed = zstdCompressSync(bytes, COMPRESSION);
    const stored = compressed.length <= WORTHWHILE_BYTES ? compressed : bytes;
    return this.#connection.insert('INSERT INTO pages (hash, bytes) VALUES (?, ?)', hash, stored);
  }

  #expanded(page: number, stored: Uint8Array): Uint8Array {
    if (stored.length === PAGE_BYTES) return stored;
    try {
      const bytes = zstdDecompressSync(stored, { maxOutputLength: PAGE_BYTES });
      if (bytes.length === PAGE_BYTES) return bytes;
    } catch {}
    throw damagedStore(this.#connection.path, `the stored bytes of page ${page} do not expand to ${PAGE_BYTES} bytes`);
  }
}
