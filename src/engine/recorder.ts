// Recording in WebAssembly: each step is executed exactly, its hot record is written, its stores are logged.

import { FIELDS, RECORD_BYTES, type StateField } from '../semantics/layout.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import { Load, Op, SimdMemory, SimdMemoryLane, Store, ValueType } from '../wasm/opcodes.ts';
import { RECORDS, RECORDS_MAX, WRITES_MAX } from './addresses.ts';
import type { ExactContext } from './exactTarget.ts';

/** Most leaves that one step writes: those of the widest store of a system call, twice over. */
const STEP_WRITES_MAX = 64;

interface Parts {
  readonly step: number;
  readonly hashParts: number;
  readonly globals: ExactContext['globals'];
}

/** Writes the body of `record`: (steps) -> OUTCOME of the last step. */
export function emitRecord(code: CodeBuilder, { step, hashParts, globals }: Parts): void {
  const steps = 0;
  const [outcome, record] = [code.local(ValueType.i32), code.local(ValueType.i32)];
  code.i32Const(1).globalSet(globals.recording);
  for (const global of [globals.step, globals.writes, globals.changed]) code.i32Const(0).globalSet(global);
  code.i32Const(RECORDS).localSet(record);
  const done = code.block();
  const loop = code.loop();
  code.globalGet(globals.step).localGet(steps).op(Op.i32GeU).brIf(done);
  code.globalGet(globals.step).i32Const(RECORDS_MAX).op(Op.i32GeU).brIf(done);
  code
    .globalGet(globals.writes)
    .i32Const(WRITES_MAX - STEP_WRITES_MAX)
    .op(Op.i32GeU)
    .brIf(done);
  code.i32Const(1).call(step).localTee(outcome).i32Const(2).op(Op.i32GeU).brIf(done);
  code.globalGet(globals.changed);
  code.if();
  code.globalGet(globals.changed).call(hashParts);
  code.i32Const(0).globalSet(globals.changed);
  code.end();
  for (const field of FIELDS) if (field.part === 'hot' && field.name !== 'memoryRoot') emitField(code, record, field);
  code.globalGet(globals.step).i32Const(1).op(Op.i32Add).globalSet(globals.step);
  code.localGet(record).i32Const(RECORD_BYTES.hot).op(Op.i32Add).localSet(record);
  code.localGet(outcome).op(Op.i32Eqz).brIf(loop);
  code.end();
  code.end();
  code.i32Const(0).globalSet(globals.recording);
  code.localGet(outcome);
}

const REVERSED = [7, 6, 5, 4, 3, 2, 1, 0, 8, 9, 10, 11, 12, 13, 14, 15];

/** Writes a field of the state block to its place in the record at the address in a local: numbers big-endian. */
function emitField(code: CodeBuilder, record: number, { kind, bytes, offset, address }: StateField): void {
  if (kind === 'bytes32') {
    for (const half of [0, 16]) {
      code
        .localGet(record)
        .i32Const(0)
        .simdMemory(SimdMemory.v128Load, address + half);
      code.simdMemory(SimdMemory.v128Store, offset + half);
    }
  } else if (bytes === 8) {
    code.localGet(record).i32Const(0).simdMemory(SimdMemory.v128Load64Zero, address);
    code.v128Const(new Uint8Array(16));
    code.i8x16Shuffle(REVERSED).simdMemoryLane(SimdMemoryLane.v128Store64, 0, offset);
  } else {
    // A small number is its slot's lowest byte: no field of the hot part has 2 to 7 bytes.
    code.localGet(record).i32Const(0).load(Load.i32From8U, address).store(Store.i32To8, offset);
  }
}
