// The errors of a store, one function each: what was found in which file, and what to do about it. SQLite's own errors
// are turned into these, so that nobody ever reads "database disk image is malformed".

import Database from 'better-sqlite3';
import { InputError } from '../errors.ts';

/** What to do about a damaged store. */
const REMAKE = 'Delete the file, or restore it from a copy, and make its traces again: nothing else is lost.';

/** The file was changed or cut, or the disk returns something else than was written. */
export function damagedStore(path: string, found: string, cause?: unknown): InputError {
  return new InputError('STORE_DAMAGED', `store ${path}: ${found}`, { hint: REMAKE, cause });
}

/** The file is something else. */
export function notAStore(path: string, found: string): InputError {
  return new InputError('NOT_A_STORE', `store ${path}: expected a store of OMO, found ${found}`, {
    hint: 'It was left as it is. Name another file with --store.',
  });
}

/** No such file, and none may be made. */
export function missingStore(path: string): InputError {
  return new InputError('STORE_MISSING', `store ${path}: no such file`, {
    hint: 'Make one with omo trace, or name another file with --store.',
  });
}

/** Somebody else writes. */
export function busyStore(path: string, owner: string | undefined): InputError {
  return new InputError('STORE_BUSY', `store ${path}: being written by ${owner ?? 'another process'}`, {
    hint: 'Wait until it is done or end it, or write to another file with --store.',
  });
}

/** Errors of SQLite by the start of their name: code, what was found, what to do. */
const TRANSLATED: readonly (readonly [prefix: string, code: string, found: string, hint: string])[] = [
  [
    'SQLITE_FULL',
    'DISK_FULL',
    'the disk is full',
    'Free some space and repeat the command: it goes on from its last finished part.',
  ],
  ['SQLITE_CORRUPT', 'STORE_DAMAGED', 'damaged', REMAKE],
  ['SQLITE_NOTADB', 'STORE_DAMAGED', 'damaged: not a database', REMAKE],
  ['SQLITE_BUSY', 'STORE_BUSY', 'in use by another process', 'Wait until it is done or end it.'],
  [
    'SQLITE_READONLY',
    'STORE_READ_ONLY',
    'must not be written to',
    'Change the permissions of the file and its folder, or name another file with --store.',
  ],
  [
    'SQLITE_CANTOPEN',
    'STORE_UNREADABLE',
    'cannot be opened',
    'Check the permissions of the file and its folder (SQLite keeps two more files beside it).',
  ],
  ['SQLITE_PERM', 'STORE_UNREADABLE', 'cannot be opened', 'Check the permissions of the file and its folder.'],
  [
    'SQLITE_IOERR',
    'STORE_IO',
    'the disk failed',
    'Check the disk and repeat the command: it goes on from its last finished part.',
  ],
];

/** An error of SQLite's as one of ours; anything else as it is. */
export function translateError(path: string, error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  for (const [prefix, code, found, hint] of TRANSLATED)
    if (error.code.startsWith(prefix))
      return new InputError(code, `store ${path}: ${found} (${error.code}: ${error.message})`, { hint, cause: error });
  return error;
}
