// The file of a store: known before it is opened, made whole or not at all, checked, and written by one process at a time.
//
//   omo.db        the store; SQLite keeps omo.db-wal and omo.db-shm beside it while it is open
//   omo.db-lock   empty; locked by whoever writes. The lock is the operating system's, so it ends with its process
//   omo.db-new    a store being made; renamed when it is complete

import { closeSync, constants, fstatSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readU32BE } from '../bytes.ts';
import { InputError, UsageError } from '../errors.ts';
import { type Connect, Connection, connect } from './connection.ts';
import { APPLICATION_ID, SCHEMA, STORE_VERSION } from './schema.ts';
import { busyStore, damagedStore, missingStore, notAStore, translateError } from './storeErrors.ts';

/** Size of the header of an SQLite file, in bytes. */
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
/** Stores up to this size are checked whole when they are opened, larger ones in the tables that say what is where. */
export const WHOLE_CHECK_BYTES = 2 ** 30;
const SMALL_TABLES = ['writer', 'programs', 'runs', 'progress', 'histories', 'snapshots'];
/** A log that grew larger is cut when it is empty again, in bytes. */
const LOG_BYTES = 64 * 2 ** 20;

/** How to open a store. */
export interface StoreOptions {
  /** `read` takes no lock: another process may write meanwhile, and what is read is all of the moment of opening. */
  readonly mode: 'read' | 'write';
  /** What a process that finds the store locked is told: `omo trace (process 1234)`. For mode `write`. */
  readonly owner?: string;
  /** Whether to make the store if it is not there; by default yes for `write`. Never for `read`. */
  readonly create?: boolean;
  /** Opens SQLite; for tests. */
  readonly connect?: Connect;
}

/** An open and checked store, and what to call when done. */
export interface OpenFile {
  readonly connection: Connection;
  close(): void;
}

/**
 * Opens the store at `path`. Throws an InputError: `STORE_MISSING`, `NOT_A_STORE` (a foreign file, never changed),
 * `STORE_VERSION`, `STORE_DAMAGED`, `STORE_BUSY`, `STORE_UNREADABLE`, `STORE_READ_ONLY`, `DISK_FULL`, `STORE_IO`; a UsageError
 * (`BAD_STORE_NAME`).
 */
export function openStoreFile(path: string, options: StoreOptions): OpenFile {
  const open = options.connect ?? connect;
  // SQLite's binding would open another file than the one that is looked at here.
  if (path !== path.trim()) throw new UsageError('BAD_STORE_NAME', `store "${path}": a name with a space at its end`);
  if (options.mode === 'read') {
    if (!inspect(path)) throw missingStore(path);
    const connection = new Connection(resolve(path), { readonly: true, fileMustExist: true }, open);
    const setUp = () => {
      prepare(path, connection);
      // What is read until `close` is of one moment, whatever is written meanwhile.
      connection.execute('BEGIN');
      connection.get('SELECT owner FROM writer');
    };
    return closing(connection, setUp, []);
  }
  const exists = inspect(path);
  if (!exists && options.create === false) throw missingStore(path);
  if (!exists) makeFolder(path);
  const lock = takeLock(path, open);
  const ready = () => {
    // Somebody else may have made it between the look and the lock.
    if (!inspect(path)) create(path, open);
  };
  const connection = closingOnError([lock], () => {
    ready();
    return new Connection(resolve(path), { fileMustExist: true }, open);
  });
  return closing(connection, () => {
    prepare(path, connection);
    connection.pragma('synchronous = NORMAL');
    connection.pragma(`journal_size_limit = ${LOG_BYTES}`);
    connection.run('INSERT OR REPLACE INTO writer (id, owner) VALUES (1, ?)', options.owner ?? 'another process');
  }, [lock]);
}

function closingOnError<T>(open: readonly Connection[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    for (const each of open) each.close();
    throw error;
  }
}

function closing(connection: Connection, setUp: () => void, others: readonly Connection[]): OpenFile {
  const all = [connection, ...others];
  closingOnError(all, setUp);
  return {
    connection,
    close: () => {
      for (const each of all) each.close();
    },
  };
}

/** Reads the header of the file. False if there is none, or an empty one. Throws if it is not a store of this version. */
function inspect(path: string): boolean {
  let descriptor: number;
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    throw new InputError('STORE_UNREADABLE', `store ${path}: ${message}`, { cause });
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw notAStore(path, status.isDirectory() ? 'a folder' : 'no regular file');
    if (status.size === 0) return false;
    const header = new Uint8Array(HEADER_BYTES);
    const count = readSync(descriptor, header, 0, HEADER_BYTES, 0);
    checkHeader(path, header.subarray(0, count), status.size);
    return true;
  } finally {
    closeSync(descriptor);
  }
}

function checkHeader(path: string, header: Uint8Array, size: number): void {
  if (Buffer.from(header.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC) throw notAStore(path, 'another file');
  if (header.length < HEADER_BYTES) throw damagedStore(path, `cut short: ${size} bytes`);
  const application = readU32BE(header, 68);
  if (application !== APPLICATION_ID)
    throw notAStore(path, `an SQLite database of another program (application_id 0x${application.toString(16)})`);
  const version = readU32BE(header, 60);
  if (version !== STORE_VERSION)
    throw new InputError(
      'STORE_VERSION',
      `store ${path}: expected version ${STORE_VERSION}, found version ${version}`,
      {
        hint: 'It was made by another version of OMO: use that one, or make the traces again in another file.',
      },
    );
  const pages = readU32BE(header, 28);
  const pageBytes = ((header[16] ?? 0) << 8) | (header[17] ?? 0);
  // What is in the log is not yet in the file, so the file may be shorter than its header says while there is one.
  if (size < pages * pageBytes && !hasLog(path))
    throw damagedStore(path, `cut short: expected ${pages * pageBytes} bytes, found ${size}`);
}

function hasLog(path: string): boolean {
  try {
    const descriptor = openSync(`${path}-wal`, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return fstatSync(descriptor).size > 0;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(resolve(path)), { recursive: true });
  } catch (cause) {
    throw new InputError('STORE_UNREADABLE', `store ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Takes the lock of a writer, by an SQLite transaction on an empty file: its locks are tested on every system. */
function takeLock(path: string, open: Connect): Connection {
  const lock = new Connection(`${resolve(path)}-lock`, { timeout: 0 }, open);
  try {
    lock.execute('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (error instanceof InputError && error.code === 'STORE_BUSY') throw busyStore(path, ownerOf(path, open));
    throw error;
  }
}

/** What the writer of a store called itself, if it can be told. */
function ownerOf(path: string, open: Connect): string | undefined {
  let connection: Connection | undefined;
  try {
    connection = new Connection(resolve(path), { readonly: true, fileMustExist: true, timeout: 0 }, open);
    return String(connection.get('SELECT owner FROM writer')?.['owner']);
  } catch {
    return undefined;
  } finally {
    connection?.close();
  }
}

/** Makes an empty store beside its place and renames it: it is there complete, or not at all. */
function create(path: string, open: Connect): void {
  const made = `${resolve(path)}-new`;
  try {
    // A log whose database was deleted would be taken for that of the new one.
    for (const base of [made, resolve(path)])
      for (const end of ['-journal', '-wal', '-shm']) rmSync(`${base}${end}`, { force: true });
    rmSync(made, { force: true });
    const connection = new Connection(made, {}, open);
    closingOnError([connection], () => {
      connection.transaction(() => {
        connection.pragma(`application_id = ${APPLICATION_ID}`);
        connection.pragma(`user_version = ${STORE_VERSION}`);
        for (const statement of SCHEMA) connection.execute(statement);
      });
      connection.pragma('journal_mode = WAL');
    });
    connection.close();
    renameSync(made, resolve(path));
    synchronizeFolder(path);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw translateError(path, error);
    throw new InputError('STORE_UNREADABLE', `store ${path}: ${message}`, { cause: error });
  }
}

/** Makes the new name last a power cut. Some systems cannot, and do not need it. */
function synchronizeFolder(path: string): void {
  try {
    const descriptor = openSync(dirname(resolve(path)), constants.O_RDONLY);
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {}
}

/** Checks an opened store and guards against what a file made by an enemy could do. */
function prepare(path: string, connection: Connection): void {
  connection.pragma('trusted_schema = OFF');
  connection.pragma('cell_size_check = ON');
  connection.pragma('foreign_keys = ON');
  const found = connection
    .all('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid')
    .map((row) => row['sql']);
  if (found.length !== SCHEMA.length || found.some((sql, i) => sql !== SCHEMA[i]))
    throw damagedStore(path, 'its tables are not those of a store of this version');
  if (connection.pragma('journal_mode') !== 'wal') throw damagedStore(path, 'it is not in WAL mode');
  const bytes = Number(connection.pragma('page_count')) * Number(connection.pragma('page_size'));
  const checks = bytes <= WHOLE_CHECK_BYTES ? ['quick_check(1)'] : SMALL_TABLES.map((each) => `quick_check(${each})`);
  for (const check of checks) {
    const answer = connection.pragma(check);
    if (answer !== 'ok') throw damagedStore(path, `damaged: ${answer}`);
  }
}
