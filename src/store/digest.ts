// The digest beside a row: SQLite does not notice a changed byte in a value, this does. It proves nothing to anybody.

import { createHash } from 'node:crypto';
import { bytesToHex, equal } from '../bytes.ts';
import type { Row, Value } from './connection.ts';
import { damagedStore } from './storeErrors.ts';

/** SHA-256 of the table's name and some values of a row, in order. */
export function digestOf(table: string, values: readonly Value[]): Uint8Array {
  const texts = values.map((value) => (value instanceof Uint8Array ? bytesToHex(value) : value));
  return createHash('sha256')
    .update(JSON.stringify([table, ...texts]))
    .digest();
}

/** Throws an InputError (`STORE_DAMAGED`) unless the row's column `digest` is that of its `columns`. */
export function checkDigest(path: string, table: string, row: Row, columns: readonly string[]): void {
  const values = columns.map((column) => row[column] ?? '');
  const digest = row['digest'];
  if (digest instanceof Uint8Array && equal(digest, digestOf(table, values))) return;
  throw damagedStore(path, `a row of table ${table} was changed: it does not have its digest`);
}
