// One instruction inside a handler of the fast loop: where its fields, registers and effects are. The loop keeps the
// address of the slot, not pc; state of the machine is in memory, but for what the loop carries in locals.
//
// Whatever is out of the ordinary (a trap, a store that is not to a plain dirty page) leaves the loop before the
// instruction, as if it had never begun: the exact interpreter executes it. A program that is emitted here has no effect
// before such a place (variants.ts sees to it).

import { assert, unreachable } from '../invariant.ts';
import { FLAG_DIRTY, FLAG_PRESENT, PAGE_FLAGS } from '../machine/memoryMap.ts';
import type { WasmEmitter } from '../semantics/emitWasm.ts';
import type { Push } from '../semantics/emitWasmOperators.ts';
import { variable, X_ADDRESS } from '../semantics/layout.ts';
import type { AccessBytes, Register, Statement, StateName, Value } from '../semantics/program.ts';
import type { WasmTarget } from '../semantics/wasmTarget.ts';
import type { CodeBuilder, Label } from '../wasm/codeBuilder.ts';
import { Load, Op, Store, ValueType } from '../wasm/opcodes.ts';
import type { Element } from './fusion.ts';
import { slotPlaces } from './slotFormat.ts';
import { relativeField } from './variants.ts';

/** The loop around the handlers. */
export interface FastLoop {
  readonly code: CodeBuilder;
  /** Local i32: address of the slot to execute. */
  readonly ip: number;
  /** Local i32: pc - ip / 4, modulo 2^32. */
  readonly bias: number;
  /** Local i32: steps left; it is looked at where the code jumps, so that it may go below zero. */
  readonly fuel: number;
  /** Local i64: where to jump, for the label `jump`. */
  readonly target: number;
  /** Executes the slot at `ip`. */
  readonly next: Label;
  /** Leaves the loop before the slot at `ip`. */
  readonly leave: Label;
  /** Goes on at the pc in `target`. */
  readonly jump: Label;
  /** A local that is free until the handler ends. */
  readonly scratch: (type: ValueType) => number;
}

const STORES = { 1: Store.i32To8, 2: Store.i32To16, 4: Store.i32, 8: Store.i64 } as const;
const PAGE_SHIFT = 12;
const SLOT_PER_BYTE_SHIFT = 2;

/** What a handler knows of its sequence beyond its elements: results that stay in locals for a while. */
export interface SequenceState {
  /** Local of the result register of each element, where a later one takes it. */
  readonly results: Map<number, number>;
  /** Where the register number of such a result is, from the sequence's first slot. */
  readonly resultOffsets: ReadonlyMap<number, number>;
  /** Elements whose result is not stored, each with the first later element that overwrites it. */
  readonly overwritten: ReadonlyMap<number, number>;
}

/** One element of a handler's sequence, as the target of its program. */
export class FastTarget implements WasmTarget {
  readonly code: CodeBuilder;
  readonly #loop: FastLoop;
  readonly #element: Element;
  readonly #position: number;
  readonly #sequence: SequenceState;

  /** @param position of the element in the sequence: the count of instructions before it */
  constructor(loop: FastLoop, element: Element, position: number, sequence: SequenceState) {
    this.code = loop.code;
    this.#loop = loop;
    this.#element = element;
    this.#position = position;
    this.#sequence = sequence;
  }

  local(type: ValueType): number {
    return this.#loop.scratch(type);
  }

  wideDivision(): number {
    return assert(false, 'the fast loop calls nothing') as never;
  }

  pushThread(): never {
    return assert(false, 'the fast loop switches no threads') as never;
  }

  popThread(): never {
    return this.pushThread();
  }

  subroutine(): number {
    return assert(false, 'the fast loop calls nothing') as never;
  }

  field(name: string): void {
    const { code, ip } = this.#loop;
    const { offset, kind } = this.#place(name);
    code.localGet(ip).load(kind === 'word' ? Load.i64From32S : Load.i64From8U, offset);
  }

  readRegister(register: Register): void {
    const { code, ip } = this.#loop;
    assert(register.file === 'x', 'the fast loop has no floating point');
    if (typeof register.number === 'number') {
      code.i32Const(0).load(Load.i64, X_ADDRESS + 8 * register.number, 3);
      return;
    }
    const source = this.#element.links[register.number.field];
    const local = source === undefined ? undefined : this.#sequence.results.get(source);
    if (local !== undefined) code.localGet(local);
    else code.localGet(ip).load(Load.i32From8U, this.#place(register.number.field).offset).load(Load.i64, X_ADDRESS, 3);
  }

  writeRegister(register: Register, value: Push): void {
    const { code } = this.#loop;
    const { results, overwritten } = this.#sequence;
    assert(typeof register.number === 'object', 'a variant writes a register that a field numbers');
    const local = results.get(this.#position);
    if (local !== undefined) {
      value();
      code.localSet(local);
      if (!overwritten.has(this.#position)) this.#store(register.number.field, () => void code.localGet(local));
    } else this.#store(register.number.field, value);
  }

  readState(name: StateName): void {
    const { code, ip, bias } = this.#loop;
    if (name === 'pc') {
      const { offset } = this.#element;
      code.localGet(ip).i32Const(SLOT_PER_BYTE_SHIFT).op(Op.i32ShrU).localGet(bias).op(Op.i32Add);
      if (offset > 0) code.i32Const(offset >> SLOT_PER_BYTE_SHIFT).op(Op.i32Add);
      code.op(Op.i64ExtendI32U);
    } else code.i32Const(0).load(Load.i64, variable(name).address, 3);
  }

  writeState(name: StateName, value: Push): void {
    assert(name !== 'pc', 'pc is written by jumps alone');
    this.code.i32Const(0);
    value();
    this.code.store(Store.i64, variable(name).address, 3);
  }

  /** Plain: aligned, so inside of a page, and the page is dirty and present and holds no code. */
  writeMemory(bytes: AccessBytes, address: Push, value: Push): void {
    const { code, scratch } = this.#loop;
    const at = scratch(ValueType.i32);
    address();
    code.op(Op.i32WrapI64).localSet(at);
    if (bytes > 1)
      this.#leaveIf(
        () =>
          void code
            .localGet(at)
            .i32Const(bytes - 1)
            .op(Op.i32And),
      );
    this.#leaveIf(() => {
      code.localGet(at).i32Const(PAGE_SHIFT).op(Op.i32ShrU).i32Const(PAGE_FLAGS).op(Op.i32Add).load(Load.i32From8U);
      code.i32Const(FLAG_DIRTY | FLAG_PRESENT).op(Op.i32Ne);
    });
    code.localGet(at);
    value();
    code.store(STORES[bytes]);
  }

  /** A jump inside of the page moves in its slots, any other looks its page up. */
  jump(target: Push, value: Value, emitter: WasmEmitter): void {
    const { code, ip, fuel, next, leave, jump } = this.#loop;
    const { near } = this.#element.variant;
    if (near === undefined) {
      target();
      code.localSet(this.#loop.target);
      this.#restore(this.#position + 1);
      code
        .localGet(fuel)
        .i32Const(this.#position + 1)
        .op(Op.i32Sub)
        .localSet(fuel)
        .br(jump);
      return;
    }
    const definition = (id: number): Statement | undefined => emitter.definition({ kind: 'temporary', width: 64, id });
    assert(relativeField(value, definition) === near, 'a near jump goes to pc plus its field');
    this.#restore(this.#position + 1);
    const { offset } = this.#element;
    code.localGet(ip).load(Load.i32, this.#place(near).offset, 2).i32Const(SLOT_PER_BYTE_SHIFT).op(Op.i32Shl);
    code.localGet(ip).op(Op.i32Add);
    if (offset > 0) code.i32Const(offset).op(Op.i32Add);
    code.localSet(ip);
    code
      .localGet(fuel)
      .i32Const(this.#position + 1)
      .op(Op.i32Sub)
      .localTee(fuel);
    code.i32Const(0).op(Op.i32GtS).brIf(next).br(leave);
  }

  trap(): void {
    this.#leave();
  }

  trapIf(condition: Push): void {
    this.#leaveIf(condition);
  }

  zeroPages(): never {
    return this.#refuse();
  }
  preimageLength(): never {
    return this.#refuse();
  }
  copyPreimage(): never {
    return this.#refuse();
  }
  emit(): never {
    return this.#refuse();
  }
  execute(): never {
    return this.#refuse();
  }
  halt(): never {
    return this.#refuse();
  }

  /** Ends the handler after the last element: goes on behind the sequence. */
  end(): void {
    const { code, ip, fuel, next } = this.#loop;
    const { offset, variant } = this.#element;
    code
      .localGet(fuel)
      .i32Const(this.#position + 1)
      .op(Op.i32Sub)
      .localSet(fuel);
    code
      .localGet(ip)
      .i32Const(offset + 4 * variant.length)
      .op(Op.i32Add)
      .localSet(ip)
      .br(next);
  }

  #refuse(): never {
    return unreachable('not an instruction of the fast loop' as never);
  }

  /** Where the slot of this element has a field, from the sequence's first slot. */
  #place(field: string): { readonly offset: number; readonly kind: 'register' | 'byte' | 'word' } {
    const place = slotPlaces(this.#element.variant.row.format).get(field);
    assert(place !== undefined, () => `${this.#element.variant.name} has no field ${field} in its slot`);
    return { offset: this.#element.offset + place.offset, kind: place.kind };
  }

  #store(field: string, value: Push): void {
    this.code.localGet(this.#loop.ip).load(Load.i32From8U, this.#place(field).offset);
    value();
    this.code.store(Store.i64, X_ADDRESS, 3);
  }

  #leaveIf(condition: Push): void {
    const { code, leave } = this.#loop;
    condition();
    if (this.#position === 0) code.brIf(leave);
    else {
      code.if();
      this.#leave();
      code.end();
    }
  }

  /** Leaves the loop before this element: what stands before it has been executed. */
  #leave(): void {
    const { code, ip, fuel, leave } = this.#loop;
    this.#restore(this.#position);
    if (this.#position > 0) {
      code.localGet(ip).i32Const(this.#element.offset).op(Op.i32Add).localSet(ip);
      code.localGet(fuel).i32Const(this.#position).op(Op.i32Sub).localSet(fuel);
    }
    code.br(leave);
  }

  /** Stores the results of elements before `end` that an element from `end` on would have overwritten. */
  #restore(end: number): void {
    const { code, ip } = this.#loop;
    const { results, resultOffsets, overwritten } = this.#sequence;
    for (const [position, by] of overwritten) {
      if (position >= end || by < end) continue;
      const [local, offset] = [results.get(position), resultOffsets.get(position)];
      assert(local !== undefined && offset !== undefined, 'a result that is not stored is in a local');
      code.localGet(ip).load(Load.i32From8U, offset).localGet(local).store(Store.i64, X_ADDRESS, 3);
    }
  }
}
