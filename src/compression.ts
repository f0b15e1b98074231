// Files may be compressed wherever one is read: gzip and zstd, known by how they start, and brotli, which has no mark and
// is known by its name. What comes out is bounded before it is made.

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { InputError } from './errors.ts';

/** What is unpacked: what messages call it, ending in its file name, and the most bytes that may come out. */
export interface Unpacked {
  readonly name: string;
  readonly maxBytes: number;
}

type Decompress = (file: Uint8Array, options: { maxOutputLength: number }) => Uint8Array<ArrayBuffer>;

/**
 * The content of a file: itself, unless it is compressed. Throws an InputError: FILE_TOO_LARGE (more than `maxBytes` come
 * out) or FILE_DAMAGED (not the compression that it starts or is named like, or cut short).
 */
export function decompress<T extends Uint8Array>(file: T, unpacked: Unpacked): T | Uint8Array<ArrayBuffer> {
  const { name, maxBytes } = unpacked;
  const start = file.length < 4 ? 0 : new DataView(file.buffer, file.byteOffset).getUint32(0, false);
  if (start >>> 16 === 0x1f8b) return run('gzip', gunzipSync, file, unpacked);
  if (start === 0x28b5_2ffd) return run('zstd', zstdDecompressSync, file, unpacked);
  if (name.endsWith('.br')) return run('brotli', brotliDecompressSync, file, unpacked);
  if (file.length > maxBytes) throw tooLarge(unpacked, `found ${file.length}`);
  return file;
}

function run(format: string, unpack: Decompress, file: Uint8Array, unpacked: Unpacked): Uint8Array<ArrayBuffer> {
  try {
    return unpack(file, { maxOutputLength: unpacked.maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(unpacked, `found more in its ${file.length} bytes of ${format}`);
    throw new InputError('FILE_DAMAGED', `${unpacked.name}: ${format} is damaged or cut short`, { cause });
  }
}

function tooLarge({ name, maxBytes }: Unpacked, found: string): InputError {
  return new InputError('FILE_TOO_LARGE', `${name}: expected at most ${maxBytes} bytes, ${found}`);
}
