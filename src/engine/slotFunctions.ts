// Slots in WebAssembly: finding the slot of an address, filling slots ahead, joining them to fused ones, and starting over
// when the area of decoded pages is full.

import { DECODED_MAP, DECODED_START, FLAG_CODE, GUEST_END, PAGE_BYTES, PAGE_FLAGS } from '../machine/memoryMap.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import type { ModuleBuilder } from '../wasm/moduleBuilder.ts';
import { Load, Op, Store, ValueType } from '../wasm/opcodes.ts';
import {
  BREAKPOINTS,
  DECODED_END,
  FRAME_BYTES,
  FRAME_PAGE_OFFSET,
  SCRATCH_SLOT,
  SLOT_BYTES,
  SLOTS_IN_PAGE,
} from './addresses.ts';
import type { DecodeFunctions } from './decoder.ts';
import { emitFuse } from './fuser.ts';
import { SLOT_ID } from './variants.ts';

const { i32, i64 } = ValueType;
const PAGE_SHIFT = 12;

/** The functions for slots, by their indices. */
export interface SlotFunctions {
  /** (pc i64) -> i32: address of its slot if it is decoded, else 0. */
  readonly find: number;
  /** (pc i32) -> i32: decodes from an address on, where a fetch does not trap; its slot, whose id is 0 if illegal. */
  readonly decodeAhead: number;
  /** (pc i32) -> i32: decodes one instruction into the scratch slot, breakpoint or not; its address. */
  readonly decodeScratch: number;
  /** () drops all that was decoded. */
  readonly flush: number;
}

/** Globals of the slots, by their indices. */
export interface SlotGlobals {
  /** i32: address of the next decoded page. */
  readonly nextFrame: number;
  /** i32: count of breakpoints. */
  readonly breakpoints: number;
}

export function defineSlotFunctions(
  module: ModuleBuilder,
  decoder: DecodeFunctions,
  globals: SlotGlobals,
): SlotFunctions {
  const find = module.function([i64], [i32], 'find');
  emitFind(find.code);
  const flush = module.function([], [], 'flush');
  emitFlush(flush.code, globals);
  const frameOf = module.function([i32], [i32], 'frameOf');
  emitFrameOf(frameOf.code, flush.index, globals);
  const isBreakpoint = module.function([i32], [i32], 'isBreakpoint');
  emitIsBreakpoint(isBreakpoint.code, globals);
  const fuse = module.function([i32], [], 'fuse');
  emitFuse(fuse.code);
  const decodeAhead = module.function([i32], [i32], 'decodeAhead');
  const functions = { ...decoder, frameOf: frameOf.index, isBreakpoint: isBreakpoint.index, fuse: fuse.index };
  emitDecodeAhead(decodeAhead.code, functions);
  const decodeScratch = module.function([i32], [i32], 'decodeScratch');
  emitDecodeScratch(decodeScratch.code, decoder);
  return {
    find: find.index,
    decodeAhead: decodeAhead.index,
    decodeScratch: decodeScratch.index,
    flush: flush.index,
  };
}

/** Pushes the address of the word of DECODED_MAP for the page of the address in a local. */
function mapEntry(code: CodeBuilder, address: number): void {
  code.localGet(address).i32Const(PAGE_SHIFT).op(Op.i32ShrU).i32Const(2).op(Op.i32Shl);
  code.i32Const(DECODED_MAP).op(Op.i32Add);
}

function emitFind(code: CodeBuilder): void {
  const [pc, address, frame] = [0, code.local(i32), code.local(i32)];
  code.localGet(pc).i64Const(BigInt(GUEST_END)).op(Op.i64GeU);
  code.localGet(pc).op(Op.i32WrapI64).localTee(address).i32Const(1).op(Op.i32And).op(Op.i32Or);
  code.if();
  code.i32Const(0).op(Op.return);
  code.end();
  mapEntry(code, address);
  code.load(Load.i32).localTee(frame).op(Op.i32Eqz);
  code.if();
  code.i32Const(0).op(Op.return);
  code.end();
  code
    .localGet(address)
    .i32Const(PAGE_BYTES - 1)
    .op(Op.i32And)
    .i32Const(2)
    .op(Op.i32Shl);
  code.localGet(frame).op(Op.i32Add).localTee(frame);
  code.i32Const(0).localGet(frame).load(Load.i32From16U).op(Op.select);
}

/** Drops every decoded page: the pages hold no code then. */
function emitFlush(code: CodeBuilder, { nextFrame }: SlotGlobals): void {
  const [frame, page] = [code.local(i32), code.local(i32)];
  code.i32Const(DECODED_START).localSet(frame);
  const done = code.block();
  const loop = code.loop();
  code.localGet(frame).globalGet(nextFrame).op(Op.i32GeU).brIf(done);
  code.localGet(frame).load(Load.i32, FRAME_PAGE_OFFSET).localSet(page);
  code.localGet(page).i32Const(2).op(Op.i32Shl).i32Const(DECODED_MAP).op(Op.i32Add).i32Const(0).store(Store.i32);
  code.localGet(page).i32Const(PAGE_FLAGS).op(Op.i32Add);
  code.localGet(page).i32Const(PAGE_FLAGS).op(Op.i32Add).load(Load.i32From8U).i32Const(~FLAG_CODE).op(Op.i32And);
  code.store(Store.i32To8);
  code.localGet(frame).i32Const(FRAME_BYTES).op(Op.i32Add).localSet(frame).br(loop);
  code.end();
  code.end();
  code.i32Const(DECODED_START).globalSet(nextFrame);
}

/** (address) -> the decoded page of its page, made if it is not there. */
function emitFrameOf(code: CodeBuilder, flush: number, { nextFrame }: SlotGlobals): void {
  const [address, frame] = [0, code.local(i32)];
  mapEntry(code, address);
  code.load(Load.i32).localTee(frame);
  code.if();
  code.localGet(frame).op(Op.return);
  code.end();
  code.globalGet(nextFrame).i32Const(DECODED_END).op(Op.i32GeU);
  code.if();
  code.call(flush);
  code.end();
  code.globalGet(nextFrame).localTee(frame).i32Const(FRAME_BYTES).op(Op.i32Add).globalSet(nextFrame);
  code.localGet(frame).i32Const(0).i32Const(FRAME_BYTES).memoryFill();
  mapEntry(code, address);
  code.localGet(frame).store(Store.i32);
  for (const slot of [SLOTS_IN_PAGE, SLOTS_IN_PAGE + 1])
    code
      .localGet(frame)
      .i32Const(SLOT_ID.nextPage)
      .store(Store.i32To16, SLOT_BYTES * slot);
  code.localGet(frame).localGet(address).i32Const(PAGE_SHIFT).op(Op.i32ShrU).store(Store.i32, FRAME_PAGE_OFFSET);
  code.localGet(frame);
}

function emitIsBreakpoint(code: CodeBuilder, { breakpoints }: SlotGlobals): void {
  const [pc, i] = [0, code.local(i32)];
  code.globalGet(breakpoints).localSet(i);
  const done = code.block();
  const loop = code.loop();
  code.localGet(i).op(Op.i32Eqz).brIf(done);
  code.localGet(i).i32Const(1).op(Op.i32Sub).localTee(i).i32Const(2).op(Op.i32Shl).load(Load.i32, BREAKPOINTS);
  code.localGet(pc).op(Op.i32Ne).brIf(loop);
  code.i32Const(1).op(Op.return);
  code.end();
  code.end();
  code.i32Const(0);
}

interface AheadFunctions extends DecodeFunctions {
  readonly frameOf: number;
  readonly isBreakpoint: number;
  readonly fuse: number;
}

/**
 * Fills slots from `pc` on, as far as they are empty, the fetch does not trap, the words are legal and the page goes; then
 * fuses them. Pages from which a byte was decoded are marked as holding code.
 */
function emitDecodeAhead(code: CodeBuilder, functions: AheadFunctions): void {
  const [pc, at, length, id] = [0, code.local(i32), code.local(i32), code.local(i32)];
  const [first, slot, fetched] = [code.local(i32), code.local(i32), code.local(i64)];
  code.localGet(pc).call(functions.frameOf);
  code
    .localGet(pc)
    .i32Const(PAGE_BYTES - 1)
    .op(Op.i32And)
    .i32Const(2)
    .op(Op.i32Shl)
    .op(Op.i32Add)
    .localTee(first);
  code.localSet(slot);
  code.localGet(pc).localSet(at);
  const done = code.block();
  const loop = code.loop();
  code.localGet(slot).load(Load.i32From16U).brIf(done);
  code.localGet(at).call(functions.fetch).localTee(fetched).op(Op.i64Eqz).brIf(done);
  code.localGet(fetched).op(Op.i32WrapI64);
  code.localGet(fetched).i64Const(32).op(Op.i64ShrU).op(Op.i32WrapI64).localTee(length);
  code.localGet(slot).localGet(at).call(functions.decode).localTee(id).op(Op.i32Eqz).brIf(done);
  code.localGet(at).call(functions.isBreakpoint);
  code.if();
  code.i32Const(SLOT_ID.breakpoint).localSet(id);
  code.end();
  code.localGet(slot).localGet(id).store(Store.i32To16);
  markCode(code, () => code.localGet(at));
  code.localGet(at).localGet(length).op(Op.i32Add).localSet(at);
  markCode(code, () => code.localGet(at).i32Const(1).op(Op.i32Sub));
  code.localGet(slot).localGet(length).i32Const(2).op(Op.i32Shl).op(Op.i32Add).localSet(slot);
  code.localGet(at).localGet(pc).op(Op.i32Xor).i32Const(PAGE_SHIFT).op(Op.i32ShrU).op(Op.i32Eqz).brIf(loop);
  code.end();
  code.end();
  // From the last to the first would do as well: what a slot is fused with are variants, fused or not.
  code.localGet(first).localSet(length);
  const fusing = code.loop();
  code.localGet(length).localGet(slot).op(Op.i32LtU);
  code.if();
  code.localGet(length).call(functions.fuse);
  code.localGet(length).i32Const(SLOT_BYTES).op(Op.i32Add).localSet(length);
  code.br(fusing);
  code.end();
  code.end();
  code.localGet(first);
}

function markCode(code: CodeBuilder, address: () => void): void {
  const flags = code.local(i32);
  address();
  code.i32Const(PAGE_SHIFT).op(Op.i32ShrU).i32Const(PAGE_FLAGS).op(Op.i32Add).localTee(flags);
  code.localGet(flags).load(Load.i32From8U).i32Const(FLAG_CODE).op(Op.i32Or).store(Store.i32To8);
}

function emitDecodeScratch(code: CodeBuilder, { fetch, decode }: DecodeFunctions): void {
  const [pc, fetched] = [0, code.local(i64)];
  code.i32Const(SCRATCH_SLOT);
  code.localGet(pc).call(fetch).localTee(fetched).op(Op.i32WrapI64);
  code.localGet(fetched).i64Const(32).op(Op.i64ShrU).op(Op.i32WrapI64);
  code.i32Const(SCRATCH_SLOT).localGet(pc).call(decode);
  code.store(Store.i32To16);
  code.i32Const(SCRATCH_SLOT);
}
