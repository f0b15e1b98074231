// What the builders of guests share: the form in which a program is committed.

import { createHash } from 'node:crypto';
import { brotliCompressSync, constants } from 'node:zlib';

/** SHA-256 in hexadecimal. */
export const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** A program as brotli. Another release of Node may write other bytes, so it is what they unpack to that is compared. */
export function compress(elf: Uint8Array): Uint8Array {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: elf.length };
  return brotliCompressSync(elf, { params });
}
