// The fast loop of tier 0: one WebAssembly function with a handler for each variant and each fused sequence, that calls
// nothing, so that V8 keeps its four locals in registers. Its steps are counted where the code jumps: the caller keeps
// back as many steps as straight code may take without a jump.

import { DECODED_MAP, PAGE_BYTES } from '../machine/memoryMap.ts';
import { GUEST_END } from '../semantics/addressSpace.ts';
import { WasmEmitter } from '../semantics/emitWasm.ts';
import { variable } from '../semantics/layout.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import { Load, Op, Store, ValueType } from '../wasm/opcodes.ts';
import { SLOTS_IN_PAGE } from './addresses.ts';
import { type FastLoop, FastTarget, type SequenceState } from './fastTarget.ts';
import { type Element, type Fusion, resultOffset } from './fusion.ts';
import { SLOT_ID, VARIANTS } from './variants.ts';

const { i32, i64 } = ValueType;

/** Parameters: address of the first slot; its pc minus a quarter of that; steps to do. */
export const FAST_PARAMETERS: readonly ValueType[] = [i32, i32, i32];
/** The steps that are left: negative, if straight code went on. The state variable pc is that of the next step. */
export const FAST_RESULTS: readonly ValueType[] = [i32];
/** Most steps that the loop takes more than it was told. */
export const FAST_OVERRUN = SLOTS_IN_PAGE;

const PC = variable('pc').address;

/** Gives out locals that are used again by the next handler. */
class Scratch {
  readonly #code: CodeBuilder;
  readonly #locals: Record<number, number[]> = { [i32]: [], [i64]: [] };
  readonly #used: Record<number, number> = { [i32]: 0, [i64]: 0 };

  constructor(code: CodeBuilder) {
    this.#code = code;
  }

  take(type: ValueType): number {
    const position = this.#used[type] ?? 0;
    this.#used[type] = position + 1;
    const locals = this.#locals[type] as number[];
    locals[position] ??= this.#code.local(type);
    return locals[position];
  }

  release(): void {
    this.#used[i32] = 0;
    this.#used[i64] = 0;
  }
}

/** Writes the body of the fast loop. */
export function emitFastLoop(code: CodeBuilder, fusions: readonly Fusion[]): void {
  const handlers = new Map<number, readonly Element[]>();
  for (const variant of VARIANTS) handlers.set(variant.id, [{ variant, offset: 0, links: {} }]);
  for (const { id, elements } of fusions) handlers.set(id, elements);
  const ids = [...handlers.keys()];

  const scratch = new Scratch(code);
  const [ip, bias, fuel] = [0, 1, 2];
  const target = code.local(i64);
  const next = code.loop();
  const leave = code.block();
  const jump = code.block();
  const nextPage = code.block();
  const labels = new Map(ids.toReversed().map((id) => [id, code.block()]));
  code.localGet(ip).load(Load.i32From16U, 0, 1);
  const table = Array.from({ length: Math.max(...ids) + 1 }, (_, id) => labels.get(id) ?? leave);
  table[SLOT_ID.nextPage] = nextPage;
  code.brTable(table, leave);
  const loop: FastLoop = {
    code,
    ip,
    bias,
    fuel,
    target,
    next,
    leave,
    jump,
    scratch: (type) => scratch.take(type),
  };
  for (const elements of handlers.values()) {
    code.end();
    emitHandler(loop, elements);
    scratch.release();
  }
  code.end();
  emitNextPage(loop);
  code.end();
  emitJump(loop);
  code.end();
  emitPc(loop);
  code.i32Const(0).localGet(target).store(Store.i64, PC, 3);
  code.localGet(fuel).op(Op.return).end();
  code.op(Op.unreachable);
}

/** target := pc of the slot. */
function emitPc({ code, ip, bias, target }: FastLoop): void {
  code.localGet(ip).i32Const(2).op(Op.i32ShrU).localGet(bias).op(Op.i32Add).op(Op.i64ExtendI32U).localSet(target);
}

function emitHandler(loop: FastLoop, elements: readonly Element[]): void {
  const results = new Map<number, number>();
  const resultOffsets = new Map<number, number>();
  const overwritten = new Map<number, number>();
  for (const [position, { variant, links }] of elements.entries())
    for (const [field, source] of Object.entries(links)) {
      if (!results.has(source)) results.set(source, loop.scratch(i64));
      const { variant: writer, offset } = elements[source] as Element;
      resultOffsets.set(source, offset + (resultOffset(writer) ?? 0));
      if (variant.nonzero.includes(field)) overwritten.set(source, position);
    }
  const sequence: SequenceState = { results, resultOffsets, overwritten };
  let last: FastTarget | undefined;
  for (const [position, element] of elements.entries()) {
    last = new FastTarget(loop, element, position, sequence);
    new WasmEmitter(element.variant.program, last).program();
  }
  if (!elements.at(-1)?.variant.program.ends) last?.end();
}

/** Straight code has come to the end of its page. */
function emitNextPage(loop: FastLoop): void {
  emitPc(loop);
}

/** Finds the slot of the pc in `target`; leaves the loop if it is not decoded, or out of the guest's memory, or odd. */
function emitJump({ code, ip, bias, fuel, target, next, leave }: FastLoop): void {
  const away = code.block();
  code.localGet(target).i64Const(BigInt(GUEST_END)).op(Op.i64GeU).brIf(away);
  code.localGet(target).op(Op.i32WrapI64).localSet(bias);
  code.localGet(bias).i32Const(1).op(Op.i32And).brIf(away);
  code.localGet(bias).i32Const(12).op(Op.i32ShrU).i32Const(2).op(Op.i32Shl).i32Const(DECODED_MAP).op(Op.i32Add);
  code.load(Load.i32, 0, 2).localTee(ip).op(Op.i32Eqz).brIf(away);
  code
    .localGet(bias)
    .i32Const(PAGE_BYTES - 1)
    .op(Op.i32And)
    .i32Const(2)
    .op(Op.i32Shl);
  code.localGet(ip).op(Op.i32Add).localSet(ip);
  code.localGet(bias).localGet(ip).i32Const(2).op(Op.i32ShrU).op(Op.i32Sub).localSet(bias);
  code.localGet(fuel).i32Const(0).op(Op.i32GtS).brIf(next).br(leave);
  code.end();
  code.i32Const(0).localGet(target).store(Store.i64, PC, 3);
  code.localGet(fuel).op(Op.return);
}
