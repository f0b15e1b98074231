// A machine as canonical bytes, and back: equal states give equal bytes, and no other bytes give that state.
//
//   16  "OMO snapshot v1\n"
//    .  hot, cold, fp parts of the state record; memoryRoot, coldHash, fpHash in hot are zero: they follow from the rest
//    4  count of pages, big-endian
//    .  each page that is not all zero, ascending: 4 bytes of page number, big-endian, and its 4,096 bytes
//   32  SHA-256 of all the above: tells damage from a state; it proves nothing to anybody

import { createHash } from 'node:crypto';
import { compare, concat, equal, readU32BE, writeU32BE } from '../bytes.ts';
import { InputError } from '../errors.ts';
import { FIELDS, field, MACHINE_VERSION, REASON, RECORD_BYTES, STATUS } from '../semantics/layout.ts';
import { inMemoryTree, Machine } from './machine.ts';
import { PAGE_BYTES, PAGE_COUNT } from './memoryMap.ts';
import { recordBytes, setRecordBytes } from './record.ts';

const MAGIC = new TextEncoder().encode('OMO snapshot v1\n');
const DIGEST_BYTES = 32;
const ENTRY_BYTES = 4 + PAGE_BYTES;
const RECORD = RECORD_BYTES.hot + RECORD_BYTES.cold + RECORD_BYTES.fp;
const HEAD_BYTES = MAGIC.length + RECORD + 4;
const DERIVED = FIELDS.filter(({ name }) => name === 'memoryRoot' || name === 'coldHash' || name === 'fpHash');
const ZERO_PAGE = new Uint8Array(PAGE_BYTES);

/** The canonical bytes of a machine: 4,132 bytes or fewer for each page that is not zero, and under 1,100 beside. */
export function writeSnapshot(machine: Machine): Uint8Array<ArrayBuffer> {
  const pages = machine.presentPages().filter((page) => compare(machine.page(page), ZERO_PAGE) !== 0);
  const hot = recordBytes(machine, 'hot');
  for (const { offset } of DERIVED) hot.fill(0, offset, offset + 32);
  const bytes = new Uint8Array(HEAD_BYTES + pages.length * ENTRY_BYTES + DIGEST_BYTES);
  bytes.set(concat([MAGIC, hot, recordBytes(machine, 'cold'), recordBytes(machine, 'fp')]));
  writeU32BE(bytes, HEAD_BYTES - 4, pages.length);
  pages.forEach((page, i) => {
    const at = HEAD_BYTES + i * ENTRY_BYTES;
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
  const fail = (code: string, message: string) => new InputError(code, `${name}: ${message}`);
  if (bytes.length < MAGIC.length || !equal(bytes.subarray(0, MAGIC.length), MAGIC))
    throw fail('SNAPSHOT_FORMAT', 'not a snapshot of this version');
  if (bytes.length < HEAD_BYTES + DIGEST_BYTES)
    throw fail('SNAPSHOT_LENGTH', `cut short: ${bytes.length} bytes, the least is ${HEAD_BYTES + DIGEST_BYTES}`);
  const count = readU32BE(bytes, HEAD_BYTES - 4);
  if (count > PAGE_COUNT) throw fail('SNAPSHOT_LENGTH', `expected at most ${PAGE_COUNT} pages, found ${count}`);
  const length = HEAD_BYTES + count * ENTRY_BYTES + DIGEST_BYTES;
  if (bytes.length !== length)
    throw fail('SNAPSHOT_LENGTH', `expected ${length} bytes for ${count} pages, found ${bytes.length}`);
  const end = length - DIGEST_BYTES;
  if (!equal(digest(bytes.subarray(0, end)), bytes.subarray(end)))
    throw fail('SNAPSHOT_DIGEST', 'damaged: its bytes do not have the SHA-256 at their end');

  const machine = new Machine();
  let at = MAGIC.length;
  for (const part of ['hot', 'cold', 'fp'] as const) {
    setRecordBytes(machine, part, bytes.subarray(at, at + RECORD_BYTES[part]));
    at += RECORD_BYTES[part];
  }
  checkRecord(machine, (message) => fail('SNAPSHOT_RECORD', message));
  let last = -1;
  for (at = HEAD_BYTES; at < end; at += ENTRY_BYTES) {
    const page = readU32BE(bytes, at);
    const data = bytes.subarray(at + 4, at + ENTRY_BYTES);
    if (page <= last) throw fail('SNAPSHOT_PAGE', `page ${page} follows page ${last}: not ascending`);
    if (!inMemoryTree(page, 1)) throw fail('SNAPSHOT_PAGE', `page ${page} is outside of the memory tree`);
    if (compare(data, ZERO_PAGE) === 0)
      throw fail('SNAPSHOT_PAGE', `page ${page} is all zero, so it has no place here`);
    machine.write(page * PAGE_BYTES, data);
    last = page;
  }
  return machine;
}

/** Fields that have fewer values than bits. */
function checkRecord(machine: Machine, fail: (message: string) => InputError): void {
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
    if (value < least || value > most) throw fail(`${name} is ${value}, expected ${least} to ${most}`);
  }
  if ((machine.get('reason') !== 0n) !== (machine.get('status') === BigInt(STATUS.panic)))
    throw fail(`reason ${machine.get('reason')} in status ${machine.get('status')}`);
  for (const { name } of DERIVED)
    if (machine.getBytes(name).some((byte) => byte !== 0)) throw fail(`${field(name).name} is not zero`);
}

function digest(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
