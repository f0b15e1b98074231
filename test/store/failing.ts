// Connections to SQLite that fail on purpose: at the n-th write, or when a disk of so many pages is full.
import Database from 'better-sqlite3';
import type { Connect } from '../../src/store/connection.ts';

/** The failure of a test: nothing in OMO knows it, so it comes out as it went in. */
export class Injected extends Error {}

/** Counts what changes a database (statements that write, transactions that commit), and fails at one of them. */
export class WriteFaults {
  writes = 0;
  readonly #failAt: number;
  /** After the failure nothing works any more, as when the process is gone. */
  #broken = false;

  /** @param failAt the write that fails, from 1; 0 for none */
  constructor(failAt: number) {
    this.#failAt = failAt;
  }

  readonly connect: Connect = (path, options) => this.#wrap(new Database(path, options));

  #write(): void {
    if (!this.#broken && ++this.writes !== this.#failAt) return;
    this.#broken = true;
    throw new Injected(`write ${this.#failAt}`);
  }

  #wrap(database: Database.Database): Database.Database {
    const write = () => this.#write();
    return new Proxy(database, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name === 'exec')
          return (sql: string) => {
            write();
            return target.exec(sql);
          };
        if (name === 'prepare')
          return (sql: string) => {
            const statement = target.prepare(sql);
            const run = statement.run.bind(statement);
            statement.run = (...values: unknown[]) => {
              write();
              return run(...values);
            };
            return statement;
          };
        if (name === 'transaction')
          return (work: () => unknown) =>
            target.transaction(() => {
              const result = work();
              write(); // instead of the commit
              return result;
            });
        return value.bind(target);
      },
    });
  }
}

/** SQLite on a disk with room for so many pages of 4,096 bytes. */
export function smallDisk(pages: number): Connect {
  return (path, options) => {
    const database = new Database(path, options);
    if (!path.endsWith('-lock')) database.pragma(`max_page_count = ${pages}`);
    return database;
  };
}
