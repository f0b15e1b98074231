// Preimages out of a folder: one file each, named by the key's 64 hexadecimal digits, lower case, with or without 0x.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex } from '../../bytes.ts';
import { InputError } from '../../errors.ts';
import type { PreimageSource } from '../host.ts';
import { PREIMAGE_BYTES_MAX } from '../preimageKey.ts';

/**
 * A source of the files in a folder. Throws an InputError (`FOLDER_MISSING`) if it is not one; `preimage` throws
 * (`PREIMAGE_TOO_LARGE`, `PREIMAGE_UNREADABLE`) for a file that cannot be a preimage.
 */
export function folderSource(folder: string): PreimageSource {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new InputError('FOLDER_MISSING', `${folder}: expected a folder of preimages, found none`, {
      hint: 'Each preimage is a file named by the 64 hexadecimal digits of its key.',
    });
  return {
    name: folder,
    preimage(key) {
      const name = bytesToHex(key);
      return readPreimage(join(folder, name)) ?? readPreimage(join(folder, name.slice(2)));
    },
  };
}

function readPreimage(path: string): Uint8Array | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if (!stat.isFile()) throw new InputError('PREIMAGE_UNREADABLE', `${path}: expected a file`);
  if (stat.size > PREIMAGE_BYTES_MAX)
    throw new InputError(
      'PREIMAGE_TOO_LARGE',
      `${path}: expected at most ${PREIMAGE_BYTES_MAX} bytes, found ${stat.size}`,
    );
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new InputError('PREIMAGE_UNREADABLE', `${path}: cannot be read`, { cause });
  }
}
