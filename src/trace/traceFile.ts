// A trace as one file, to be given to somebody: which run it is, its sparse history, and some dense ones. Canonical: one
// trace and choice of windows gives one file. Integers are big-endian.
//
//   12  "OMO trace v1"
//    4  size of the header that follows, up to its digest
//    4  version of the machine
//   32  program root    32  hash of the inputs    32  state hash before the first step
//    8  position    1  ended (0, 1)
//    1  kind of fault (0 none, 1 register, 2 leaf)    8  its step (0 for none)
//   32  keccak256 of the ELF file
//    4  size of the next    .  JSON: arguments    4  size of the next    .  JSON: environment
//    4  count of histories, the sparse one first, then windows, ascending; 40 bytes for each:
//         4  window (0xffffffff: sparse)    4  leaves    32  root
//   32  SHA-256 of all the above: tells damage from a lie
//    .  for each history the rows of level 0, then 8, then 16: 32 bytes a node
//
// Rows are checked against the roots as they are used; an import checks all.

import { createHash } from 'node:crypto';
import { concat, writeU32BE, writeU64BE } from '../bytes.ts';
import { HASH_BYTES } from '../commitment/hasher.ts';
import { type HistoryTree, ROW_LEVELS, ROW_NODES, realNodes } from '../commitment/history.ts';
import { InputError, UsageError } from '../errors.ts';
import type { ProgramRecord } from '../store/runs.ts';
import { hashToBytes, type WindowIndex } from '../units.ts';
import { parseFault } from './fault.ts';
import type { TraceView } from './traceView.ts';

/** Largest file, in bytes: 30 dense windows. */
export const TRACE_FILE_BYTES_MAX = 2 ** 30;
/** First bytes of a file. */
export const MAGIC = new TextEncoder().encode('OMO trace v1');
export const DIGEST_BYTES = 32;
/** Largest header, in bytes. */
export const MAX_HEADER_BYTES = 2 ** 20;
/** What stands for the window of the sparse history. */
export const SPARSE = 0xffff_ffff;
/** Kinds of faults by their number. */
export const FAULT_KINDS = [undefined, 'register', 'leaf'] as const;

/** A trace with what a store keeps of its program. */
export interface ProgramTrace extends TraceView {
  readonly program: ProgramRecord;
}

/** One history in a file. */
interface Entry {
  /** Undefined for the sparse one. */
  readonly window: WindowIndex | undefined;
  readonly tree: HistoryTree;
}

/**
 * The file of a trace with the dense histories of `windows` (by default all that are there). Throws an InputError
 * (`TRACE_EMPTY`, `WINDOW_MISSING`), or a UsageError (`TRACE_TOO_LARGE`).
 */
export function encodeTrace(view: ProgramTrace, windows: readonly WindowIndex[] = view.windows): Uint8Array {
  if (!view.sparse) throw new InputError('TRACE_EMPTY', `${view.name}: nothing is committed yet`);
  const entries: Entry[] = [{ window: undefined, tree: view.sparse }];
  for (const window of [...new Set(windows)].sort((a, b) => a - b)) {
    const tree = view.window(window);
    if (!tree)
      throw new InputError('WINDOW_MISSING', `${view.name}: window ${window} has no dense history`, {
        hint: `Make it: ${view.command(window)}`,
      });
    entries.push({ window, tree });
  }
  const header = encodeHeader(view, entries);
  const size = header.length + entries.reduce((sum, { tree }) => sum + rowsBytes(tree.height, tree.leafCount), 0);
  if (size > TRACE_FILE_BYTES_MAX)
    throw new UsageError(
      'TRACE_TOO_LARGE',
      `${view.name}: a file of ${size} bytes, the most is ${TRACE_FILE_BYTES_MAX}`,
      {
        hint: 'Export fewer windows.',
      },
    );
  const file = new Uint8Array(size);
  file.set(header);
  let at = header.length;
  for (const { tree } of entries)
    for (const level of storedLevels(tree.height))
      for (let first = 0; first < realNodes(tree.leafCount, level); first += ROW_NODES) {
        const row = tree.row(level, first / ROW_NODES);
        file.set(row, at);
        at += row.length;
      }
  return file;
}

function encodeHeader(view: ProgramTrace, entries: readonly Entry[]): Uint8Array {
  const fault = view.fault === '' ? undefined : parseFault(view.fault);
  const texts = [view.program.args, view.program.env].map((list) => new TextEncoder().encode(JSON.stringify(list)));
  const body = concat([
    u32(view.machineVersion),
    hashToBytes(view.programRoot),
    hashToBytes(view.inputsHash),
    hashToBytes(view.startHash),
    u64(view.position),
    Uint8Array.of(view.ended ? 1 : 0),
    Uint8Array.of(FAULT_KINDS.indexOf(fault?.kind)),
    u64(fault?.step ?? 0n),
    hashToBytes(view.program.elfHash),
    ...texts.flatMap((text) => [u32(text.length), text]),
    u32(entries.length),
    ...entries.flatMap(({ window, tree }) => [u32(window ?? SPARSE), u32(tree.leafCount), tree.root()]),
  ]);
  const head = concat([MAGIC, u32(body.length), body]);
  return concat([head, digest(head)]);
}

/** Levels of a history that a file holds the rows of. */
export function storedLevels(height: number): number[] {
  return Array.from({ length: Math.ceil(height / ROW_LEVELS) }, (_, i) => i * ROW_LEVELS);
}

/** Size of a history's rows, in bytes. */
export function rowsBytes(height: number, leafCount: number): number {
  return storedLevels(height).reduce((sum, level) => sum + HASH_BYTES * realNodes(leafCount, level), 0);
}

/** SHA-256. */
export function digest(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeU32BE(bytes, 0, value);
  return bytes;
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  writeU64BE(bytes, 0, value);
  return bytes;
}
