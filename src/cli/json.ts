// The one way from OMO's values to JSON on stdout. Big integers become decimal strings and bytes hexadecimal ones, so a
// program in any language reads them without loss.

import { bytesToHex } from '../bytes.ts';

/** Version of the shape of every object that `--json` prints; raised when a key changes its meaning or goes away. */
export const SCHEMA_VERSION = 1;

/** Something a command may answer with: keys in lower camel case, bigints and bytes allowed at any depth. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** One line of JSON: `schemaVersion` and the keys of `value`. */
export function toJsonLine(value: JsonObject): string {
  return JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...value }, (_key, item: unknown) => {
    if (typeof item === 'bigint') return item.toString();
    if (item instanceof Uint8Array) return bytesToHex(item);
    return item;
  });
}
