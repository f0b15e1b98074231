// Stores as the exact interpreter makes them: the pages become dirty and present, decoded code that they hit is dropped,
// and while a run is recorded the leaves are logged.

import {
  DECODED_MAP,
  DIRTY_COUNT,
  DIRTY_LIST,
  FLAG_CODE,
  FLAG_DIRTY,
  FLAG_PRESENT,
  LEAF_BYTES,
  PAGE_BYTES,
  PAGE_FLAGS,
} from '../machine/memoryMap.ts';
import type { AccessBytes } from '../semantics/program.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import type { FunctionBuilder, ModuleBuilder } from '../wasm/moduleBuilder.ts';
import { Load, Op, SimdMemory, Store, ValueType } from '../wasm/opcodes.ts';
import { WRITE_LEAVES, WRITE_STEPS, WRITE_VALUES } from './addresses.ts';
import { FUSED_MAX } from './fusion.ts';

const { i32, i64 } = ValueType;
const PAGE_SHIFT = 12;
const LEAF_SHIFT = 5;

/** Global variables of the module, by their indices. */
export interface RecordingGlobals {
  /** i32: 1 while a run is recorded. */
  readonly recording: number;
  /** i32: the step that is recorded, from 0. */
  readonly step: number;
  /** i32: leaves logged so far. */
  readonly writes: number;
}

/** The functions for memory, by their indices. */
export interface MemoryFunctions {
  /** (address i32, value i32 or i64): stores that many bytes. */
  readonly store: Readonly<Record<AccessBytes, number>>;
  /** (address i32, bytes i32): logs the leaves of what was written; only while a run is recorded. */
  readonly log: number;
  /** (from i32, to i32): drops decoded instructions that have a byte in a range of addresses. */
  readonly invalidate: number;
}

/** Defines the functions. */
export function defineMemoryFunctions(module: ModuleBuilder, globals: RecordingGlobals): MemoryFunctions {
  const touch = module.function([i32], [i32], 'touch');
  emitTouch(touch.code);
  const invalidate = module.function([i32, i32], [], 'invalidate');
  emitInvalidate(invalidate.code);
  const log = module.function([i32, i32], [], 'log');
  emitLog(log.code, globals);
  const store = (bytes: AccessBytes, opcode: Store): number => {
    const f = module.function([i32, bytes === 8 ? i64 : i32], [], `store${bytes}`);
    emitStore(f, bytes, opcode, { touch: touch.index, invalidate: invalidate.index, log: log.index }, globals);
    return f.index;
  };
  return {
    store: { 1: store(1, Store.i32To8), 2: store(2, Store.i32To16), 4: store(4, Store.i32), 8: store(8, Store.i64) },
    log: log.index,
    invalidate: invalidate.index,
  };
}

/** (page) -> its flags before: marks a page dirty and present. */
function emitTouch(code: CodeBuilder): void {
  const page = 0;
  const [flags, count] = [code.local(i32), code.local(i32)];
  code.localGet(page).i32Const(PAGE_FLAGS).op(Op.i32Add).load(Load.i32From8U).localTee(flags);
  code.i32Const(FLAG_DIRTY).op(Op.i32And).op(Op.i32Eqz);
  code.if();
  code.i32Const(0).load(Load.i32, DIRTY_COUNT).localTee(count);
  code.i32Const(2).op(Op.i32Shl).i32Const(DIRTY_LIST).op(Op.i32Add).localGet(page).store(Store.i32);
  code.i32Const(0).localGet(count).i32Const(1).op(Op.i32Add).store(Store.i32, DIRTY_COUNT);
  code.end();
  code.localGet(page).i32Const(PAGE_FLAGS).op(Op.i32Add);
  code
    .localGet(flags)
    .i32Const(FLAG_DIRTY | FLAG_PRESENT)
    .op(Op.i32Or)
    .store(Store.i32To8);
  code.localGet(flags);
}

function emitStore(
  { code }: FunctionBuilder,
  bytes: AccessBytes,
  opcode: Store,
  functions: { readonly touch: number; readonly invalidate: number; readonly log: number },
  globals: RecordingGlobals,
): void {
  const [address, value, flags] = [0, 1, code.local(i32)];
  const pageOf = (offset: number) => {
    code.localGet(address);
    if (offset > 0) code.i32Const(offset).op(Op.i32Add);
    code.i32Const(PAGE_SHIFT).op(Op.i32ShrU);
  };
  pageOf(0);
  code.call(functions.touch).localSet(flags);
  if (bytes > 1) {
    pageOf(0);
    pageOf(bytes - 1);
    code.op(Op.i32Ne);
    code.if();
    pageOf(bytes - 1);
    code.call(functions.touch).localGet(flags).op(Op.i32Or).localSet(flags);
    code.end();
  }
  code.localGet(address).localGet(value).store(opcode);
  code.localGet(flags).i32Const(FLAG_CODE).op(Op.i32And);
  code.if();
  code.localGet(address).localGet(address).i32Const(bytes).op(Op.i32Add).call(functions.invalidate);
  code.end();
  code.globalGet(globals.recording);
  code.if();
  code.localGet(address).i32Const(bytes).call(functions.log);
  code.end();
}

/** Empties the slots from the first of which a fused sequence may reach `from`, up to `to`. */
function emitInvalidate(code: CodeBuilder): void {
  const [from, to] = [0, 1];
  const frame = code.local(i32);
  code
    .localGet(from)
    .i32Const(4 * FUSED_MAX - 2)
    .op(Op.i32Sub)
    .i32Const(-2)
    .op(Op.i32And)
    .localSet(from);
  const loop = code.loop();
  code.localGet(from).i32Const(PAGE_SHIFT).op(Op.i32ShrU).i32Const(2).op(Op.i32Shl).i32Const(DECODED_MAP).op(Op.i32Add);
  code.load(Load.i32).localTee(frame);
  code.if();
  code
    .localGet(from)
    .i32Const(PAGE_BYTES - 1)
    .op(Op.i32And)
    .i32Const(2)
    .op(Op.i32Shl)
    .localGet(frame)
    .op(Op.i32Add);
  code.i32Const(0).store(Store.i32To16);
  code.end();
  code.localGet(from).i32Const(2).op(Op.i32Add).localTee(from).localGet(to).op(Op.i32LtU).brIf(loop);
  code.end();
}

/** Appends each leaf from the first to the last byte written: step, index, its 32 bytes as they are now. */
function emitLog(code: CodeBuilder, { step, writes }: RecordingGlobals): void {
  const [address, bytes] = [0, 1];
  const [leaf, last, count] = [code.local(i32), code.local(i32), code.local(i32)];
  code.localGet(address).localGet(bytes).op(Op.i32Add).i32Const(1).op(Op.i32Sub);
  code.i32Const(LEAF_SHIFT).op(Op.i32ShrU).localSet(last);
  code.localGet(address).i32Const(LEAF_SHIFT).op(Op.i32ShrU).localSet(leaf);
  code.globalGet(writes).localSet(count);
  const loop = code.loop();
  code.localGet(count).i32Const(2).op(Op.i32Shl).i32Const(WRITE_STEPS).op(Op.i32Add).globalGet(step).store(Store.i32);
  code.localGet(count).i32Const(2).op(Op.i32Shl).i32Const(WRITE_LEAVES).op(Op.i32Add).localGet(leaf).store(Store.i32);
  for (const half of [0, LEAF_BYTES / 2]) {
    code.localGet(count).i32Const(LEAF_SHIFT).op(Op.i32Shl).i32Const(WRITE_VALUES).op(Op.i32Add);
    code.localGet(leaf).i32Const(LEAF_SHIFT).op(Op.i32Shl).simdMemory(SimdMemory.v128Load, half);
    code.simdMemory(SimdMemory.v128Store, half);
  }
  code.localGet(count).i32Const(1).op(Op.i32Add).localSet(count);
  code.localGet(leaf).i32Const(1).op(Op.i32Add).localTee(leaf).localGet(last).op(Op.i32LeU).brIf(loop);
  code.end();
  code.localGet(count).globalSet(writes);
}
