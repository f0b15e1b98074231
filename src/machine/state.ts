// The state of a machine without its memory, as bytes: the three parts of the record, then the threads that do not run,
// those of the left stack and those of the right one, the lowest first: leftCount and rightCount of them.

import { concat, readU64BE } from '../bytes.ts';
import { assert } from '../invariant.ts';
import { field, RECORD_BYTES, type RecordPart, THREADS_MAX } from '../semantics/layout.ts';
import type { Machine } from './machine.ts';
import { recordBytes, setRecordBytes } from './record.ts';
import { readThreads, threadBytes, WAITING_THREAD_BYTES } from './threads.ts';

/** The parts of the record, in order. */
export const PARTS: readonly RecordPart[] = ['hot', 'cold', 'fp'];
/** Size of the record, in bytes. */
const RECORD = PARTS.reduce((sum, part) => sum + RECORD_BYTES[part], 0);
/** Largest state, in bytes. */
export const MAX_STATE_BYTES = RECORD + (THREADS_MAX - 1) * WAITING_THREAD_BYTES;

/** The bytes of a machine's state, as its variables are. */
export function stateBytes(machine: Machine): Uint8Array {
  const threads = [machine.leftThreads, machine.rightThreads].map(threadBytes);
  return concat([...PARTS.map((part) => recordBytes(machine, part)), ...threads]);
}

/**
 * Size of the state that `bytes` begins with, from the counts of threads in it: at most MAX_STATE_BYTES. Undefined if they
 * are more than a machine may have, or `bytes` end before.
 */
export function stateSize(bytes: Uint8Array): number | undefined {
  if (bytes.length < RECORD) return undefined;
  const [left, right] = counts(bytes);
  if (left + right >= BigInt(THREADS_MAX)) return undefined;
  const size = RECORD + Number(left + right) * WAITING_THREAD_BYTES;
  return bytes.length < size ? undefined : size;
}

/** Sets a machine's state: the inverse of `stateBytes`. `bytes` have the size that they say. */
export function setStateBytes(machine: Machine, bytes: Uint8Array): void {
  assert(stateSize(bytes) === bytes.length, () => `${bytes.length} bytes are not a state`);
  let at = 0;
  for (const part of PARTS) {
    setRecordBytes(machine, part, bytes.subarray(at, at + RECORD_BYTES[part]));
    at += RECORD_BYTES[part];
  }
  const right = RECORD + Number(counts(bytes)[0]) * WAITING_THREAD_BYTES;
  machine.leftThreads = readThreads(bytes.subarray(RECORD, right));
  machine.rightThreads = readThreads(bytes.subarray(right));
}

function counts(bytes: Uint8Array): readonly [left: bigint, right: bigint] {
  const count = (name: string) => readU64BE(bytes, RECORD_BYTES.hot + field(name).offset);
  return [count('leftCount'), count('rightCount')];
}
