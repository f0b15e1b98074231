// Reads the file of a trace that somebody else made: nothing in it is believed. See traceFile.ts for the format.

import { bytesToHex, equal, readU32BE, readU64BE } from '../bytes.ts';
import { HASH_BYTES } from '../commitment/hasher.ts';
import { DENSE_HEIGHT, HistoryTree, ROW_NODES, realNodes, SPARSE_HEIGHT } from '../commitment/history.ts';
import { InputError, OmoError } from '../errors.ts';
import { asHash, asStep, type Hash, LAST_STEP, type Step, WINDOW_STEPS, type WindowIndex } from '../units.ts';
import { checkEnd } from './diff.ts';
import { faultText, parseFault } from './fault.ts';
import {
  DIGEST_BYTES,
  digest,
  FAULT_KINDS,
  MAGIC,
  MAX_HEADER_BYTES,
  type ProgramTrace,
  rowsBytes,
  SPARSE,
  storedLevels,
} from './traceFile.ts';
import { leavesAt, windowStart } from './windows.ts';

type Header = Omit<ProgramTrace, 'name' | 'origin' | 'sparse' | 'windows' | 'window' | 'command'> & {
  readonly entries: readonly EntryHeader[];
};

interface EntryHeader {
  /** Undefined for the sparse history. */
  readonly window: WindowIndex | undefined;
  readonly leafCount: number;
  readonly root: Uint8Array;
}

/**
 * Reads a trace file. Its rows are checked against the roots as they are used. `name` is what messages call it. Throws an
 * InputError: `NOT_A_TRACE`, `TRACE_FILE_LENGTH` (cut, or too long), `TRACE_FILE_DAMAGED`, `TRACE_FILE_INVALID` (bytes that
 * OMO does not write), `HISTORY_DAMAGED`, `TRACE_INCONSISTENT` (a window does not end in its sparse commitment).
 */
export function decodeTrace(file: Uint8Array, name: string): ProgramTrace {
  const where = `trace file ${name}`;
  if (file.length < MAGIC.length + 4 || !equal(file.subarray(0, MAGIC.length), MAGIC))
    throw new InputError('NOT_A_TRACE', `${where}: expected a trace of OMO, version 1, found another file`);
  const bodyBytes = readU32BE(file, MAGIC.length);
  const bodyEnd = MAGIC.length + 4 + bodyBytes;
  if (bodyBytes > MAX_HEADER_BYTES)
    throw new InputError(
      'TRACE_FILE_DAMAGED',
      `${where}: a header of ${bodyBytes} bytes, the most is ${MAX_HEADER_BYTES}`,
    );
  if (file.length < bodyEnd + DIGEST_BYTES) throw wrongLength(where, `at least ${bodyEnd + DIGEST_BYTES}`, file.length);
  if (!equal(digest(file.subarray(0, bodyEnd)), file.subarray(bodyEnd, bodyEnd + DIGEST_BYTES)))
    throw new InputError('TRACE_FILE_DAMAGED', `${where}: damaged: its header does not have the digest behind it`);
  const header = readHeader(new Cursor(where, file.subarray(MAGIC.length + 4, bodyEnd)));
  const trees = readHistories(where, file, bodyEnd + DIGEST_BYTES, header.entries);
  const sparse = trees.get(undefined) as HistoryTree;
  const windows = header.entries.flatMap(({ window }) => (window === undefined ? [] : [window]));
  for (const window of windows) checkEnd({ sparse, name: where }, window, trees.get(window) as HistoryTree);
  return {
    ...header,
    name: where,
    origin: bytesToHex(sparse.root()),
    sparse,
    windows,
    window: (index) => trees.get(index),
    command: (window) =>
      `(${where}: ask whoever made it for ${window === undefined ? 'the rest' : `window ${window}`})`,
  };
}

/** Checks every row of a trace, not only those that a question needs. Throws an InputError (`HISTORY_DAMAGED`). */
export function checkAllRows(tree: HistoryTree): void {
  for (const level of storedLevels(tree.height))
    for (let index = 0; index < realNodes(tree.leafCount, level) / ROW_NODES; index++) tree.row(level, index);
}

function wrongLength(where: string, expected: string, found: number): InputError {
  return new InputError('TRACE_FILE_LENGTH', `${where}: expected ${expected} bytes, found ${found}`, {
    hint: 'It was not copied whole, or something was added to it.',
  });
}

function readHistories(
  where: string,
  file: Uint8Array,
  start: number,
  entries: readonly EntryHeader[],
): Map<WindowIndex | undefined, HistoryTree> {
  const trees = new Map<WindowIndex | undefined, HistoryTree>();
  const heightOf = ({ window }: EntryHeader) => (window === undefined ? SPARSE_HEIGHT : DENSE_HEIGHT);
  const size = entries.reduce((sum, entry) => sum + rowsBytes(heightOf(entry), entry.leafCount), start);
  if (file.length !== size) throw wrongLength(where, String(size), file.length);
  let at = start;
  for (const entry of entries) {
    const { window, leafCount, root } = entry;
    const height = heightOf(entry);
    const levels = new Map<number, Uint8Array>();
    for (const level of storedLevels(height)) {
      const end = at + HASH_BYTES * realNodes(leafCount, level);
      levels.set(level, file.subarray(at, end));
      at = end;
    }
    const name = `${window === undefined ? 'the sparse history' : `window ${window}`} of ${where}`;
    const rowBytes = HASH_BYTES * ROW_NODES;
    const row = (level: number, index: number) =>
      (levels.get(level) as Uint8Array).subarray(rowBytes * index, rowBytes * (index + 1));
    const tree = new HistoryTree({ name, height, leafCount, row });
    if (!equal(tree.root(), root))
      throw new InputError(
        'HISTORY_DAMAGED',
        `${name}: expected the root ${bytesToHex(root)}, found ${bytesToHex(tree.root())}`,
      );
    trees.set(window, tree);
  }
  return trees;
}

/** The fields of a header, one after the other. */
class Cursor {
  readonly #where: string;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(where: string, bytes: Uint8Array) {
    this.#where = where;
    this.#bytes = bytes;
  }

  take(count: number): Uint8Array {
    const end = this.#at + count;
    this.require(end <= this.#bytes.length, () => `its header ends within a field, after ${this.#bytes.length} bytes`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  u8 = (): number => this.take(1)[0] as number;
  u32 = (): number => readU32BE(this.take(4), 0);
  u64 = (): bigint => readU64BE(this.take(8), 0);
  hash = (): Hash => asHash(this.take(32));

  /** A list of strings as the one JSON text that it has. */
  texts(): readonly string[] {
    const bytes = this.take(this.u32());
    let value: unknown;
    let text = '';
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      value = JSON.parse(text);
    } catch {}
    const isList = Array.isArray(value) && value.every((each) => typeof each === 'string');
    this.require(
      isList && JSON.stringify(value) === text,
      () => 'its header holds something else than a list of texts',
    );
    return value as readonly string[];
  }

  end(): void {
    this.require(
      this.#at === this.#bytes.length,
      () => `${this.#bytes.length - this.#at} bytes after its header's end`,
    );
  }

  require(condition: boolean, message: () => string): void {
    if (!condition) throw new InputError('TRACE_FILE_INVALID', `${this.#where}: ${message()}`);
  }
}

function readHeader(cursor: Cursor): Header {
  const machineVersion = cursor.u32();
  const [programRoot, inputsHash, startHash] = [cursor.hash(), cursor.hash(), cursor.hash()];
  const position = cursor.u64();
  const ended = cursor.u8();
  cursor.require(ended <= 1, () => `expected ended to be 0 or 1, found ${ended}`);
  const isPosition = position <= LAST_STEP && (ended === 1 || (position > 0n && position % WINDOW_STEPS === 0n));
  cursor.require(isPosition, () => `no trace is at position ${position}${ended === 1 ? '' : ' and goes on'}`);
  const fault = readFault(cursor);
  const elfHash = cursor.hash();
  const [args, env] = [cursor.texts(), cursor.texts()];
  const entries = readEntries(cursor, asStep(position), ended === 1);
  cursor.end();
  return {
    machineVersion,
    programRoot,
    inputsHash,
    startHash,
    position: asStep(position),
    ended: ended === 1,
    fault,
    program: { root: programRoot, elfHash, args, env },
    entries,
  };
}

function readFault(cursor: Cursor): string {
  const number = cursor.u8();
  const step = cursor.u64();
  const kind = FAULT_KINDS[number];
  if (kind === undefined) {
    cursor.require(number === 0 && step === 0n, () => `no fault has kind ${number} and step ${step}`);
    return '';
  }
  try {
    return faultText(parseFault(`${step}${kind === 'leaf' ? ':leaf' : ''}`));
  } catch (error) {
    if (!(error instanceof OmoError)) throw error;
    cursor.require(false, () => error.message);
    throw error;
  }
}

function readEntries(cursor: Cursor, position: Step, ended: boolean): EntryHeader[] {
  const count = cursor.u32();
  const entries: EntryHeader[] = [];
  for (let i = 0; i < count; i++) {
    const window = cursor.u32();
    const leafCount = cursor.u32();
    const root = cursor.take(HASH_BYTES);
    const last = entries.at(-1)?.window ?? -1;
    const inOrder = i === 0 ? window === SPARSE : window > last && window < 2 ** SPARSE_HEIGHT;
    cursor.require(inOrder, () => `history ${i} is of window ${window}: the sparse one comes first, windows ascend`);
    const expected = i === 0 ? Math.max(1, leavesAt(position)) : denseLeaves(window as WindowIndex, position, ended);
    cursor.require(leafCount === expected, () => `history ${i} has ${leafCount} leaves, expected ${expected}`);
    entries.push({ window: i === 0 ? undefined : (window as WindowIndex), leafCount, root });
  }
  cursor.require(entries.length > 0, () => 'it holds no history');
  return entries;
}

/** How many real leaves the dense history of a window has; 0 if there can be none yet. */
function denseLeaves(window: WindowIndex, position: Step, ended: boolean): number {
  const steps = position - windowStart(window);
  if (steps >= WINDOW_STEPS) return Number(WINDOW_STEPS);
  if (!ended) return 0;
  return steps < 1n ? 1 : Number(steps);
}
