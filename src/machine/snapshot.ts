// A machine as canonical bytes, and back: equal states give equal bytes, and no other bytes give that state.
//
//   16  "OMO snapshot v1\n"
//    .  the state (state.ts); the hashes in it, memoryRoot, coldHash, fpHash, leftStack, rightStack and the fpHash of
//       threads, are zero: they follow from the rest
//    4  count of pages, big-endian
//    .  each page that is not all zero, ascending: 4 bytes of page number, big-endian, and its 4,096 bytes
//   32  SHA-256 of all the above: tells damage from a state; it proves nothing to anybody

import { createHash } from 'node:crypto';
import { compare, concat, equal, readU32BE, writeU32BE } from '../bytes.ts';
import { InputError } from '../errors.ts';
import { FIELDS, MACHINE_VERSION, REASON, RECORD_BYTES, STATUS } from '../semantics/layout.ts';
import { inMemoryTree, Machine } from './machine.ts';
import { PAGE_BYTES, PAGE_COUNT } from './memoryMap.ts';
import { setStateBytes, stateBytes, stateSize } from './state.ts';
import { isThread, listThreads } from './threads.ts';

const MAGIC = new TextEncoder().encode('OMO snapshot v1\n');
const DIGEST_BYTES = 32;
const ENTRY_BYTES = 4 + PAGE_BYTES;
/** Fields that follow from others: hashes. */
const DERIVED = FIELDS.filter(({ name }) =>
  ['memoryRoot', 'coldHash', 'fpHash', 'leftStack', 'rightStack'].includes(name),
);
const ZERO_PAGE = new Uint8Array(PAGE_BYTES);

/** The canonical bytes of a machine: 4,132 bytes or fewer for each page that is not zero, under 1,100 beside, 580 a thread. */
export function writeSnapshot(machine: Machine): Uint8Array<ArrayBuffer> {
  const pages = machine.presentPages().filter((page) => compare(machine.page(page), ZERO_PAGE) !== 0);
  const state = stateBytes(machine);
  for (const { part, offset } of DERIVED) {
    const at = (part === 'hot' ? 0 : RECORD_BYTES.hot) + offset;
    state.fill(0, at, at + 32);
  }
  const head = concat([MAGIC, state]);
  const bytes = new Uint8Array(head.length + 4 + pages.length * ENTRY_BYTES + DIGEST_BYTES);
  bytes.set(head);
  writeU32BE(bytes, head.length, pages.length);
  pages.forEach((page, i) => {
    const at = head.length + 4 + i * ENTRY_BYTES;
    writeU32BE(bytes, at, page);
    bytes.set(machine.page(page), at + 4);
  });
  const end = bytes.length - DIGEST_BYTES;
  bytes.set(digest(bytes.subarray(0, end)), end);
  return bytes;
}

/**
 * A new machine in the state of a snapshot; its pages are all dirty, its derived hashes zero. `name` is what messages
 * call it. Throws an InputError: `SNAPSHOT_FORMAT`, `SNAPSHOT_LENGTH`, `SNAPSHOT_DIGEST` (damaged), `SNAPSHOT_RECORD` or
 * `SNAPSHOT_PAGE` (bytes that no machine writes).
 */
export function readSnapshot(bytes: Uint8Array, name = 'snapshot'): Machine {
  const fail: Fail = (code, message) => new InputError(`SNAPSHOT_${code}`, `${name}: ${message}`);
  if (bytes.length < MAGIC.length || !equal(bytes.subarray(0, MAGIC.length), MAGIC))
    throw fail('FORMAT', 'not a snapshot of this version');
  const { pages, end } = places(bytes, fail);
  if (!equal(digest(bytes.subarray(0, end)), bytes.subarray(end)))
    throw fail('DIGEST', 'damaged: its bytes do not have the SHA-256 at their end');

  const machine = new Machine();
  setStateBytes(machine, bytes.subarray(MAGIC.length, pages - 4));
  checkRecord(machine, fail);
  let last = -1;
  for (let at = pages; at < end; at += ENTRY_BYTES) {
    const page = readU32BE(bytes, at);
    const data = bytes.subarray(at + 4, at + ENTRY_BYTES);
    if (page <= last) throw fail('PAGE', `page ${page} follows page ${last}: not ascending`);
    if (!inMemoryTree(page, 1)) throw fail('PAGE', `page ${page} is outside of the memory tree`);
    if (compare(data, ZERO_PAGE) === 0) throw fail('PAGE', `page ${page} is all zero, so it has no place here`);
    machine.write(page * PAGE_BYTES, data);
    last = page;
  }
  return machine;
}

type Fail = (code: string, message: string) => InputError;

/** Where the pages are, from the counts in the bytes, which must have that length. */
function places(bytes: Uint8Array, fail: Fail): { pages: number; end: number } {
  const state = stateSize(bytes.subarray(MAGIC.length));
  const pages = MAGIC.length + (state ?? 0) + 4;
  if (state === undefined || bytes.length < pages + DIGEST_BYTES)
    throw fail('LENGTH', `cut short: ${bytes.length} bytes, or more threads than a machine has`);
  const count = readU32BE(bytes, pages - 4);
  if (count > PAGE_COUNT) throw fail('LENGTH', `expected at most ${PAGE_COUNT} pages, found ${count}`);
  const end = pages + count * ENTRY_BYTES;
  if (bytes.length !== end + DIGEST_BYTES)
    throw fail('LENGTH', `expected ${end + DIGEST_BYTES} bytes for ${count} pages, found ${bytes.length}`);
  return { pages, end };
}

/** Fields that have fewer values than bits. */
function checkRecord(machine: Machine, fail: Fail): void {
  const limits: readonly (readonly [name: string, least: number, most: number])[] = [
    ['version', MACHINE_VERSION, MACHINE_VERSION],
    ['status', 0, STATUS.running],
    ['reason', 0, Math.max(...Object.values(REASON))],
    ['reservationWidth', 0, 8],
    ['traverseRight', 0, 1],
    ['fcsr', 0, 0xff],
  ];
  for (const [name, least, most] of limits) {
    const value = machine.get(name);
    if (value < least || value > most) throw fail('RECORD', `${name} is ${value}, expected ${least} to ${most}`);
  }
  if ((machine.get('reason') !== 0n) !== (machine.get('status') === BigInt(STATUS.panic)))
    throw fail('RECORD', `reason ${machine.get('reason')} in status ${machine.get('status')}`);
  for (const { name } of DERIVED)
    if (machine.getBytes(name).some((byte) => byte !== 0)) throw fail('RECORD', `${name} is not zero`);
  for (const { thread, fp } of [...listThreads(machine.leftThreads), ...listThreads(machine.rightThreads)])
    if (!isThread(thread, fp)) throw fail('RECORD', 'a thread has an fcsr or a hash that no machine writes');
}

function digest(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
