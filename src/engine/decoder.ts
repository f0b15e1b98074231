// Decoding in WebAssembly: the decode trees and field extractions of the instruction set, emitted; and the filling of
// slots from an address on, up to the end of the straight code there.

import { assert } from '../invariant.ts';
import { type DecodeTree, decodeTrees, type Pattern } from '../isa/decode.ts';
import { type Expression, expressionOf } from '../isa/expression.ts';
import { FETCH } from '../isa/fetch.ts';
import type { Format, Row } from '../isa/isa.ts';
import { WasmEmitter } from '../semantics/emitWasm.ts';
import type { Push } from '../semantics/emitWasmOperators.ts';
import type { Reason } from '../semantics/layout.ts';
import type { WasmTarget } from '../semantics/wasmTarget.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import type { ModuleBuilder } from '../wasm/moduleBuilder.ts';
import { Load, Op, Store, ValueType } from '../wasm/opcodes.ts';
import { ISA } from './profile.ts';
import { slotPlaces } from './slotFormat.ts';
import { rowId, type Variant, variantsOf } from './variants.ts';

const { i32, i64 } = ValueType;

/** The functions of the decoder, by their indices. */
export interface DecodeFunctions {
  /**
   * (pc i32) -> i64: the instruction word at an even address, plus its length in bits 32 and up; 0 if the fetch traps.
   * It reads memory and changes nothing.
   */
  readonly fetch: number;
  /** (word i32, length i32, slot i32, pc i32) -> id i32: fills the operands of the slot. 0 for an illegal word. */
  readonly decode: number;
}

export function defineDecodeFunctions(module: ModuleBuilder): DecodeFunctions {
  const fetch = module.function([i32], [i64], 'fetch');
  emitFetch(
    fetch.code,
    () => fetch.code.localGet(0).op(Op.i64ExtendI32U),
    () => fetch.code.i64Const(0).op(Op.return),
    () => fetch.code.op(Op.return),
  );
  const packs = definePacks(module);
  const word = module.function([i32, i32, i32, i32], [i32], 'decodeWord');
  emitTree(word.code, decodeTrees(ISA).words, (row) => emitRow(word.code, row, packs));
  const decode = module.function([i32, i32, i32, i32], [i32], 'decode');
  const { code } = decode;
  code.localGet(1).i32Const(4).op(Op.i32Eq);
  code.if();
  for (const parameter of [0, 1, 2, 3]) code.localGet(parameter);
  code.call(word.index).op(Op.return);
  code.end();
  code.localGet(0).i32Const(0xffff).op(Op.i32And).localSet(0);
  emitTree(code, decodeTrees(ISA).halves, ({ expand }) => {
    emitExpression(code, expressionOf(expand));
    for (const parameter of [1, 2, 3]) code.localGet(parameter);
    code.call(word.index).op(Op.return);
  });
  return { fetch: fetch.index, decode: decode.index };
}

/**
 * Emits the fetch. `pc` pushes the address (i64); `trapped` is emitted where it faults, `fetched` where the word with its
 * length in bits 32 and up is on the stack (i64); both leave the code.
 */
export function emitFetch(code: CodeBuilder, pc: Push, trapped: (reason: Reason) => void, fetched: Push): void {
  const target: WasmTarget = {
    ...pureTarget(code),
    readState: (name) => {
      assert(name === 'pc', 'a fetch depends on pc alone');
      pc();
    },
    trap: trapped,
    trapIf: (condition, reason) => {
      condition();
      code.if();
      trapped(reason);
      code.end();
    },
    execute: (word, length) => {
      length();
      code.i64Const(32).op(Op.i64Shl);
      word();
      code.op(Op.i64ExtendI32U).op(Op.i64Or);
      fetched();
    },
  };
  new WasmEmitter(FETCH, target).program();
  code.op(Op.unreachable);
}

/** A target of which only values are asked: nothing that has an effect. */
function pureTarget(code: CodeBuilder): WasmTarget {
  const refuse = (): never => assert(false, 'decoding has no effects') as never;
  return {
    code,
    local: (type) => code.local(type),
    wideDivision: refuse,
    subroutine: refuse,
    field: refuse,
    readRegister: refuse,
    writeRegister: refuse,
    readState: refuse,
    writeState: refuse,
    writeMemory: refuse,
    zeroPages: refuse,
    preimageLength: refuse,
    copyPreimage: refuse,
    emit: refuse,
    pushThread: refuse,
    popThread: refuse,
    execute: refuse,
    jump: refuse,
    trap: refuse,
    trapIf: refuse,
    halt: refuse,
  };
}

/** Pushes the value of an expression of the word in parameter 0. */
function emitExpression(code: CodeBuilder, expression: Expression): void {
  const target: WasmTarget = { ...pureTarget(code), field: () => void code.localGet(0).op(Op.i64ExtendI32U) };
  new WasmEmitter(expression, target).expression(expression.result);
}

/** For each format a function (word, slot) that writes the fields into the slot. */
function definePacks(module: ModuleBuilder): ReadonlyMap<Format, number> {
  const packs = new Map<Format, number>();
  for (const { format } of ISA.rows) {
    if (packs.has(format)) continue;
    const { index, code } = module.function([i32, i32], [], `pack${format.name}`);
    packs.set(format, index);
    for (const [name, { offset, kind }] of slotPlaces(format)) {
      const field = format.fields[name];
      assert(field !== undefined, 'a place is of a field');
      code.localGet(1);
      if (field.kind === 'register') {
        code.localGet(0).i32Const(field.low).op(Op.i32ShrU).i32Const(31).op(Op.i32And).i32Const(3).op(Op.i32Shl);
        code.store(Store.i32To8, offset);
      } else {
        emitExpression(code, expressionOf(field.extract));
        code.store(kind === 'word' ? Store.i64To32 : Store.i64To8, offset);
      }
    }
  }
  return packs;
}

/** Walks a tree over the word in parameter 0; `found` leaves the function. Ends with 0: illegal. */
function emitTree<P extends Pattern>(code: CodeBuilder, tree: DecodeTree<P>, found: (pattern: P) => void): void {
  const illegal = code.block();
  const walk = (node: DecodeTree<P>): void => {
    if (node.kind === 'rows') {
      for (const pattern of node.rows) {
        code.localGet(0).i32Const(pattern.mask).op(Op.i32And).i32Const(pattern.match).op(Op.i32Eq);
        code.if();
        found(pattern);
        code.end();
      }
      return;
    }
    const cases = [...node.cases];
    const labels = new Map(cases.toReversed().map(([value]) => [value, code.block()]));
    const size = 2 ** node.bits;
    code
      .localGet(0)
      .i32Const(node.low)
      .op(Op.i32ShrU)
      .i32Const(size - 1)
      .op(Op.i32And);
    code.brTable(
      Array.from({ length: size }, (_, value) => labels.get(value) ?? illegal),
      illegal,
    );
    for (const [, child] of cases) {
      code.end();
      walk(child);
      code.br(illegal);
    }
  };
  walk(tree);
  code.end();
  code.i32Const(0);
}

/** Fills the slot of a row and returns the id of the most special variant that it fits, else that of the row. */
function emitRow(code: CodeBuilder, row: Row, packs: ReadonlyMap<Format, number>): void {
  const [WORD, LENGTH, SLOT] = [0, 1, 2];
  code
    .localGet(WORD)
    .localGet(SLOT)
    .call(packs.get(row.format) as number);
  for (const variant of variantsOf(row)) {
    code.localGet(LENGTH).i32Const(variant.length).op(Op.i32Eq);
    for (const condition of conditions(code, variant)) {
      code.if();
      condition();
    }
    code.if();
    code.i32Const(variant.id).op(Op.return);
    code.end();
    for (const _ of conditions(code, variant)) code.end();
  }
  code.i32Const(rowId(row)).op(Op.return);
}

/** What the slot of an instruction must hold for a variant: each pushes an i32. */
function conditions(code: CodeBuilder, { row, known, nonzero, near }: Variant): Push[] {
  const [SLOT, PC] = [2, 3];
  const load = (name: string): { kind: string } => {
    const place = slotPlaces(row.format).get(name);
    assert(place !== undefined, () => `${row.name} has no field ${name}`);
    code.localGet(SLOT).load(place.kind === 'word' ? Load.i32 : Load.i32From8U, place.offset);
    return place;
  };
  const pushes: Push[] = [];
  for (const [name, value] of Object.entries(known))
    pushes.push(() => {
      const { kind } = load(name);
      const found = Number(BigInt.asIntN(32, value)) * (kind === 'register' ? 8 : 1);
      code.i32Const(found).op(Op.i32Eq);
    });
  for (const name of nonzero) pushes.push(() => void load(name));
  // The target of a near jump is even and in the instruction's own page.
  if (near !== undefined)
    pushes.push(() => {
      load(near);
      code.localGet(PC).op(Op.i32Add).localGet(PC).op(Op.i32Xor).i32Const(0xffff_f001).op(Op.i32And).op(Op.i32Eqz);
    });
  return pushes;
}
