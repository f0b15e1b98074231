// The canonical bytes of the state record, as they are hashed and as the contracts read them: the fields of a part in the
// order of semantics/layout.ts, numbers big-endian, 32-byte fields as they are, without padding.

import { assert } from '../invariant.ts';
import { FIELDS, RECORD_BYTES, type RecordPart, type StateField } from '../semantics/layout.ts';
import type { Machine } from './machine.ts';

const PARTS: Readonly<Record<RecordPart, readonly StateField[]>> = {
  hot: FIELDS.filter((field) => field.part === 'hot'),
  cold: FIELDS.filter((field) => field.part === 'cold'),
  fp: FIELDS.filter((field) => field.part === 'fp'),
};

/**
 * The bytes of one part of the record, from the machine's variables: RECORD_BYTES[part] of them. In the hot part,
 * memoryRoot, coldHash and fpHash are what the commitment layer last wrote there.
 */
export function recordBytes(machine: Machine, part: RecordPart): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(RECORD_BYTES[part]);
  for (const { kind, bytes, offset, address } of PARTS[part]) {
    if (kind === 'bytes32') record.set(machine.bytes.subarray(address, address + 32), offset);
    else for (let i = 0; i < bytes; i++) record[offset + i] = machine.bytes[address + bytes - 1 - i] ?? 0;
  }
  return record;
}

/** Sets the variables of one part of the record from its bytes: the inverse of `recordBytes`. */
export function setRecordBytes(machine: Machine, part: RecordPart, record: Uint8Array): void {
  assert(record.length === RECORD_BYTES[part], () => `${record.length} bytes are not the ${part} part of a record`);
  for (const { kind, bytes, offset, address } of PARTS[part]) {
    if (kind === 'bytes32') machine.bytes.set(record.subarray(offset, offset + 32), address);
    else {
      machine.view.setBigUint64(address, 0n, true);
      for (let i = 0; i < bytes; i++) machine.bytes[address + bytes - 1 - i] = record[offset + i] ?? 0;
    }
  }
}
