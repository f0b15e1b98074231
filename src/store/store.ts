// A store: the traces of any number of runs in one SQLite file. See schema.ts for what is in it, storeFile.ts for how it
// is opened.

import type { Connection } from './connection.ts';
import { Histories } from './histories.ts';
import { Runs } from './runs.ts';
import { Snapshots } from './snapshots.ts';
import { openStoreFile, type StoreOptions } from './storeFile.ts';

/** An open store. Close it when done. */
export class Store {
  /** The file, as it was given. */
  readonly path: string;
  readonly runs: Runs;
  readonly histories: Histories;
  readonly snapshots: Snapshots;
  readonly #connection: Connection;
  readonly #close: () => void;

  private constructor(path: string, connection: Connection, close: () => void) {
    this.path = path;
    this.#connection = connection;
    this.#close = close;
    this.runs = new Runs(connection);
    this.histories = new Histories(connection);
    this.snapshots = new Snapshots(connection);
  }

  /** Opens the store at `path`, or makes it. Throws as `openStoreFile` does. */
  static open(path: string, options: StoreOptions): Store {
    const { connection, close } = openStoreFile(path, options);
    return new Store(path, connection, close);
  }

  /**
   * Does `work` whole or not at all. With `durable`, it is on the disk when this returns, power cut or not: for what
   * others are promised. Without, a power cut may take back the last transactions, never half of one.
   */
  transaction<T>(work: () => T, { durable = false } = {}): T {
    return this.#connection.transaction(work, durable);
  }

  close(): void {
    this.#close();
  }
}
