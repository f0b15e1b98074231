// The hashes of the two stacks of threads that do not run. An empty stack is 32 zero bytes; a thread on a stack is
// keccak256(hash of what is below it ++ keccak256(record of the thread)). So whoever shows one record and one hash has
// shown the thread on top and what the stack is without it.
//
// A machine keeps threads as they are, and they are hashed here when a state is committed to: each once, however often
// states are, since a list of threads never changes.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { concat } from '../bytes.ts';
import type { Machine } from '../machine/machine.ts';
import { type ThreadStack, threadRecord } from '../machine/threads.ts';

const EMPTY = new Uint8Array(32);
const hashes = new WeakMap<ThreadStack, Uint8Array>();

/** The hash of a stack: 32 bytes. */
export function stackHash(stack: ThreadStack | undefined): Uint8Array {
  const unknown: ThreadStack[] = [];
  let rest = stack;
  for (; rest && !hashes.has(rest); rest = rest.below) unknown.push(rest);
  let hash = rest ? (hashes.get(rest) ?? EMPTY) : EMPTY;
  for (const each of unknown.reverse()) {
    hash = pushedHash(hash, committedThread(each));
    hashes.set(each, hash);
  }
  return hash;
}

/** The hash of a stack with a thread on top: `below` is the hash of the stack without it, `record` that of the thread. */
export function pushedHash(below: Uint8Array, record: Uint8Array): Uint8Array {
  return keccak_256(concat([below, keccak_256(record)]));
}

/** The record of the thread on top of a stack, complete: THREAD_BYTES bytes. */
export function committedThread(stack: ThreadStack): Uint8Array<ArrayBuffer> {
  return threadRecord(stack, committedFpHash(stack));
}

/** The hash of the floating-point registers of the thread on top of a stack: 32 bytes. */
export function committedFpHash(stack: ThreadStack): Uint8Array {
  return keccak_256(stack.fp);
}

/** Fills the fields leftStack and rightStack of a machine's record. They are not kept up while it runs. */
export function commitThreads(machine: Machine): void {
  machine.setBytes('leftStack', stackHash(machine.leftThreads));
  machine.setBytes('rightStack', stackHash(machine.rightThreads));
}
