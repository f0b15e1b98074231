// A connection to SQLite: statements by their text, transactions, and SQLite's errors as ours.

import Database from 'better-sqlite3';
import { translateError } from './storeErrors.ts';

/** What SQLite stores in a column of our tables. Integers are below 2^53: the largest is a step, at most 2^44. */
export type Value = number | string | Uint8Array;
/** A row, by the names of its columns. */
export type Row = Readonly<Record<string, Value | null>>;

/** How a database is opened. A test puts a failing one in its place. */
export type Connect = (path: string, options: Database.Options) => Database.Database;

export const connect: Connect = (path, options) => new Database(path, options);

/** How long one statement waits for another process, in milliseconds: checkpoints and recovery are short. */
export const BUSY_MILLISECONDS = 5_000;

/** One open database. Every error of SQLite leaves it as an InputError that names the file. */
export class Connection {
  readonly path: string;
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(path: string, options: Database.Options, open: Connect = connect) {
    this.path = path;
    this.#database = this.#checked(() => open(path, { timeout: BUSY_MILLISECONDS, ...options }));
  }

  /** Runs a statement that changes something. */
  run(sql: string, ...values: readonly Value[]): void {
    this.#checked(() => this.#statement(sql).run(...values));
  }

  /** Inserts a row and returns its rowid. */
  insert(sql: string, ...values: readonly Value[]): number {
    return Number(this.#checked(() => this.#statement(sql).run(...values)).lastInsertRowid);
  }

  /** The first row of a query. */
  get(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.#checked(() => this.#statement(sql).get(...values)) as Row | undefined;
  }

  /** All rows of a query. */
  all(sql: string, ...values: readonly Value[]): Row[] {
    return this.#checked(() => this.#statement(sql).all(...values)) as Row[];
  }

  /** The rows of a query, one after the other. Nothing else may be asked of this connection meanwhile. */
  *iterate(sql: string, ...values: readonly Value[]): Generator<Row> {
    try {
      yield* this.#statement(sql).iterate(...values) as IterableIterator<Row>;
    } catch (error) {
      throw translateError(this.path, error);
    }
  }

  /** Runs statements without values. */
  execute(sql: string): void {
    this.#checked(() => this.#database.exec(sql));
  }

  /** Value of a pragma, or of the pragma after setting it. */
  pragma(text: string): unknown {
    return this.#checked(() => this.#database.pragma(text, { simple: true }));
  }

  /**
   * Does `work` whole or not at all: if it throws, nothing of it is in the store. With `durable` it is also on the disk
   * when this returns, power cut or not; without, a power cut may take back the last transactions, never half of one.
   */
  transaction<T>(work: () => T, durable = false): T {
    return this.#checked(() => {
      if (durable) this.#database.pragma('synchronous = FULL');
      try {
        return this.#database.transaction(work).immediate();
      } finally {
        if (durable) this.#database.pragma('synchronous = NORMAL');
      }
    });
  }

  close(): void {
    this.#checked(() => this.#database.close());
  }

  #statement(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const made = this.#database.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  #checked<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw translateError(this.path, error);
    }
  }
}
