// The threads of a machine that do not run: two stacks (semantics/layout.ts, environment/linux/threadSwitch.ts). A stack is
// an immutable list, so that forks share it and what is below a thread stays what it was when that thread was put there;
// the hashes of a list are computed when a state is committed to, and only once (commitment/threadStacks.ts).

import { assert } from '../invariant.ts';
import { field, RECORD_BYTES, THREAD_BYTES, THREAD_FIELDS } from '../semantics/layout.ts';
import type { Machine } from './machine.ts';
import { recordBytes, setRecordBytes } from './record.ts';

/** A stack of threads that is not empty: its top, and the rest. */
export interface ThreadStack {
  /** THREAD_BYTES bytes: the record of the thread, but for fpHash, which is zero: it follows from `fp`. */
  readonly thread: Uint8Array;
  /** RECORD_BYTES.fp bytes: its floating-point registers. */
  readonly fp: Uint8Array;
  readonly below: ThreadStack | undefined;
}

/** Size of a thread in a snapshot, in bytes: `thread` and `fp`. */
export const WAITING_THREAD_BYTES = THREAD_BYTES + RECORD_BYTES.fp;

const FP_HASH_OFFSET = THREAD_FIELDS.find(({ field: { name } }) => name === 'fpHash')?.offset ?? 0;

/** The running thread on top of `below`. */
export function captureThread(machine: Machine, below: ThreadStack | undefined): ThreadStack {
  const thread = new Uint8Array(THREAD_BYTES);
  const view = new DataView(thread.buffer);
  for (const { field: each, offset } of THREAD_FIELDS)
    if (each.kind === 'number') view.setBigUint64(offset, machine.view.getBigUint64(each.address, true));
  return { thread, fp: recordBytes(machine, 'fp'), below };
}

/** Makes the thread on top of a stack the running one. */
export function restoreThread(machine: Machine, { thread, fp }: ThreadStack): void {
  const view = new DataView(thread.buffer, thread.byteOffset, THREAD_BYTES);
  for (const { field: each, offset } of THREAD_FIELDS)
    if (each.kind === 'number') machine.view.setBigUint64(each.address, view.getBigUint64(offset), true);
  setRecordBytes(machine, 'fp', fp);
}

/** The record of the thread on top of a stack, as a state commits to it: THREAD_BYTES bytes. `fpHash` is keccak256 of `fp`. */
export function threadRecord({ thread }: ThreadStack, fpHash: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = Uint8Array.from(thread);
  record.set(fpHash, FP_HASH_OFFSET);
  return record;
}

/** A stack of threads from their bytes in a snapshot, the lowest first: WAITING_THREAD_BYTES each. */
export function readThreads(bytes: Uint8Array): ThreadStack | undefined {
  assert(bytes.length % WAITING_THREAD_BYTES === 0, () => `${bytes.length} bytes are not whole threads`);
  let stack: ThreadStack | undefined;
  for (let at = 0; at < bytes.length; at += WAITING_THREAD_BYTES) {
    const fp = at + THREAD_BYTES;
    stack = { thread: bytes.slice(at, fp), fp: bytes.slice(fp, at + WAITING_THREAD_BYTES), below: stack };
  }
  return stack;
}

/** The bytes of a stack in a snapshot: the inverse of `readThreads`. */
export function threadBytes(stack: ThreadStack | undefined): Uint8Array<ArrayBuffer> {
  const threads = listThreads(stack);
  const bytes = new Uint8Array(threads.length * WAITING_THREAD_BYTES);
  threads.reverse().forEach(({ thread, fp }, i) => {
    bytes.set(thread, i * WAITING_THREAD_BYTES);
    bytes.set(fp, i * WAITING_THREAD_BYTES + THREAD_BYTES);
  });
  return bytes;
}

/** Whether `thread` and `fp` are bytes that `threadBytes` may write. */
export function isThread(thread: Uint8Array, fp: Uint8Array): boolean {
  const fcsr = fp.subarray(field('fcsr').offset, RECORD_BYTES.fp - 1);
  return [...thread.subarray(FP_HASH_OFFSET, FP_HASH_OFFSET + 32), ...fcsr].every((byte) => byte === 0);
}

/** The stacks that a stack consists of: itself, without its top, and so on to the last thread. */
export function listThreads(stack: ThreadStack | undefined): ThreadStack[] {
  const threads: ThreadStack[] = [];
  for (let rest = stack; rest; rest = rest.below) threads.push(rest);
  return threads;
}

/** The numbers of the record of the thread on top of a stack, by name: x1 to x31, pc, threadId... */
export function threadNumbers({ thread }: ThreadStack): ReadonlyMap<string, bigint> {
  const view = new DataView(thread.buffer, thread.byteOffset, THREAD_BYTES);
  const numbers = THREAD_FIELDS.filter(({ field: { kind } }) => kind === 'number');
  return new Map(numbers.map(({ field: { name }, offset }) => [name, view.getBigUint64(offset)]));
}

for (const { field: each } of THREAD_FIELDS)
  assert(each.bytes === 8 || each === field('fpHash'), () => `${each.name} of a thread is not of 8 bytes`);
