// Files that commands read and write: checked and bounded before they are read, complete or absent after they are written.

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { decompress } from '../compression.ts';
import { InputError } from '../errors.ts';

/** What a file is, for messages (`ELF program`), and how large it may be, as it is and unpacked. */
export interface FileBounds {
  readonly what: string;
  readonly maxBytes: number;
}

/**
 * All bytes of the regular file at `path`, unpacked if it is compressed (gzip, zstd, or brotli by the name `.br`). Throws
 * an InputError: FILE_MISSING, NOT_A_FILE, FILE_TOO_LARGE (before anything is read, or before too much comes out),
 * FILE_DAMAGED or FILE_UNREADABLE.
 */
export function readInput(path: string, { what, maxBytes }: FileBounds): Uint8Array<ArrayBuffer> {
  return withFile(path, what, (descriptor, size) => {
    if (size <= maxBytes) return decompress(readAll(descriptor, size), { name: `${what} ${path}`, maxBytes });
    throw new InputError('FILE_TOO_LARGE', `${what} ${path}: expected at most ${maxBytes} bytes, found ${size}`);
  });
}

function withFile<T>(path: string, what: string, read: (descriptor: number, size: number) => T): T {
  const descriptor = open(path, what);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new InputError('NOT_A_FILE', `${what} ${path}: expected a regular file`);
    return read(descriptor, status.size);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('FILE_UNREADABLE', `${what} ${path}: ${(error as Error).message}`, { cause: error });
  } finally {
    closeSync(descriptor);
  }
}

/** The first bytes of a file, at most `count`: what kind of file it is. Throws as `readInput` does. */
export function readStart(path: string, what: string, count: number): Uint8Array {
  return withFile(path, what, (descriptor, size) => readAll(descriptor, Math.min(size, count)));
}

function open(path: string, what: string): number {
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new InputError('FILE_MISSING', `${what} ${path}: no such file`, { cause });
    throw new InputError('FILE_UNREADABLE', `${what} ${path}: ${message}`, { cause });
  }
}

/** Reads `size` bytes, fewer if the file shrank meanwhile; never more, even if it grew. */
function readAll(descriptor: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const count = readSync(descriptor, bytes, filled, size - filled, filled);
    if (count === 0) return bytes.slice(0, filled);
    filled += count;
  }
  return bytes;
}

/**
 * Writes `data` to `path`, making its folder if needed. The file appears complete or not at all: it is written beside its
 * place, synchronised, and renamed. Throws an InputError (FILE_UNWRITABLE).
 */
export function writeOutput(path: string, data: string | Uint8Array): void {
  const partial = `${path}.${process.pid}.partial`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const descriptor = openSync(partial, 'w');
    try {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(partial, path);
  } catch (cause) {
    discard(partial);
    throw new InputError('FILE_UNWRITABLE', `cannot write ${path}: ${(cause as Error).message}`, {
      hint: 'Name another file, or make room for this one.',
      cause,
    });
  }
}

/** Removes what was begun, if it was. That it cannot be removed adds nothing to the error already known. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}
