// An instruction or a system call as a function of its own, over a machine whose state is all in memory: the target of the
// exact interpreter. Everything is allowed here; one step at a time.

import { assert } from '../invariant.ts';
import type { Format } from '../isa/isa.ts';
import type { Push } from '../semantics/emitWasmOperators.ts';
import type { SubroutineIndex } from '../semantics/emitWasmSubroutines.ts';
import { F_ADDRESS, REASON, type Reason, STATUS, variable, X_ADDRESS } from '../semantics/layout.ts';
import type { AccessBytes, Register, StateName, Subroutine } from '../semantics/program.ts';
import type { WasmTarget } from '../semantics/wasmTarget.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import { Load, Op, Store, ValueType } from '../wasm/opcodes.ts';
import type { MemoryFunctions, RecordingGlobals } from './memoryFunctions.ts';
import { slotPlaces } from './slotFormat.ts';

/** What a step of the exact interpreter comes to. */
export const OUTCOME = {
  /** The step is done; the run goes on. */
  done: 0,
  /** The step is done, and with it the run: the status says how. */
  halted: 1,
  /** The step has not happened: the host lacks a preimage. */
  missingPreimage: 2,
  /** The step has not happened: there is a breakpoint. */
  breakpoint: 3,
} as const;

/** Parts of the record besides hot that a step changed, as bits. */
export const CHANGED = { cold: 1, fp: 2 } as const;

/** What the functions of the exact interpreter call. */
export interface ExactContext {
  readonly memory: MemoryFunctions;
  readonly globals: RecordingGlobals & {
    /** i32: bits of CHANGED, set by steps, cleared by the recorder. */
    readonly changed: number;
  };
  /** Imported functions of the host. */
  readonly host: {
    /** (address i32, log2 of pages i32). */
    readonly zeroPages: number;
    /** () -> i64: the length with its prefix, -1 if there is no such preimage. */
    readonly preimageLength: number;
    /** (address i32, offset i64, count i32). */
    readonly copyPreimage: number;
    /** (channel i64, address i32, length i32). */
    readonly emit: number;
    /** (right i32): the running thread onto a stack; the top of a stack becomes the running thread. */
    readonly pushThread: number;
    readonly popThread: number;
  };
  readonly wideDivision: () => number;
  readonly subroutine: SubroutineIndex;
}

/** Parameters of the function of an instruction: its slot; its length in bytes. The result is an OUTCOME. */
export const EXACT_PARAMETERS: readonly ValueType[] = [ValueType.i32, ValueType.i32];
const [SLOT, LENGTH] = [0, 1];

const addressOf = (name: StateName): number => variable(name).address;

/** Target of one program. */
export class ExactTarget implements WasmTarget {
  readonly code: CodeBuilder;
  readonly #context: ExactContext;
  readonly #format: Format | undefined;

  /** @param format of the instruction; a system call has no fields */
  constructor(code: CodeBuilder, context: ExactContext, format?: Format) {
    this.code = code;
    this.#context = context;
    this.#format = format;
  }

  local(type: ValueType): number {
    return this.code.local(type);
  }

  wideDivision(): number {
    return this.#context.wideDivision();
  }

  subroutine(subroutine: Subroutine): number {
    return this.#context.subroutine(subroutine);
  }

  field(name: string): void {
    if (name === 'length') this.code.localGet(LENGTH).op(Op.i64ExtendI32U);
    else {
      const { offset, kind } = this.#place(name);
      this.code.localGet(SLOT).load(kind === 'word' ? Load.i64From32S : Load.i64From8U, offset);
    }
  }

  readRegister(register: Register): void {
    this.#registerBase(register);
    this.code.load(Load.i64, this.#registerOffset(register));
  }

  writeRegister(register: Register, value: Push): void {
    const { code } = this;
    this.#registerBase(register);
    value();
    code.store(Store.i64, this.#registerOffset(register));
    if (register.file === 'f') this.#setChanged(CHANGED.fp);
    else if (typeof register.number !== 'number') code.i32Const(0).i64Const(0).store(Store.i64, X_ADDRESS);
  }

  readState(name: StateName): void {
    this.code.i32Const(0).load(Load.i64, addressOf(name));
  }

  writeState(name: StateName, value: Push): void {
    this.code.i32Const(0);
    value();
    this.code.store(Store.i64, addressOf(name));
    const { part } = variable(name).field;
    if (part !== 'hot') this.#setChanged(CHANGED[part]);
  }

  writeMemory(bytes: AccessBytes, address: Push, value: Push): void {
    address();
    this.code.op(Op.i32WrapI64);
    value();
    this.code.call(this.#context.memory.store[bytes]);
  }

  zeroPages(address: Push, log2Pages: Push): void {
    address();
    this.code.op(Op.i32WrapI64);
    log2Pages();
    this.code.op(Op.i32WrapI64).call(this.#context.host.zeroPages);
  }

  preimageLength(): void {
    const { code } = this;
    const length = code.local(ValueType.i64);
    code.call(this.#context.host.preimageLength).localTee(length).i64Const(-1).op(Op.i64Eq);
    code.if();
    code.i32Const(OUTCOME.missingPreimage).op(Op.return);
    code.end();
    code.localGet(length);
  }

  copyPreimage(address: Push, offset: Push, count: Push): void {
    const { code } = this;
    const [at, bytes] = [code.local(ValueType.i32), code.local(ValueType.i32)];
    address();
    code.op(Op.i32WrapI64).localTee(at);
    offset();
    count();
    code.op(Op.i32WrapI64).localTee(bytes).call(this.#context.host.copyPreimage);
    code.globalGet(this.#context.globals.recording);
    code.if();
    code.localGet(at).localGet(bytes).call(this.#context.memory.log);
    code.end();
  }

  emit(channel: Push, address: Push, length: Push): void {
    channel();
    address();
    this.code.op(Op.i32WrapI64);
    length();
    this.code.op(Op.i32WrapI64).call(this.#context.host.emit);
  }

  pushThread(right: Push): void {
    right();
    this.code.call(this.#context.host.pushThread);
    this.#setChanged(CHANGED.cold);
  }

  popThread(right: Push): void {
    right();
    this.code.call(this.#context.host.popThread);
    this.#setChanged(CHANGED.cold);
    this.#setChanged(CHANGED.fp);
  }

  execute(): never {
    return assert(false, 'only a fetch executes') as never;
  }

  jump(target: Push): void {
    this.code.i32Const(0);
    target();
    this.code.store(Store.i64, addressOf('pc')).i32Const(OUTCOME.done).op(Op.return);
  }

  trap(reason: Reason): void {
    emitTrap(this.code, reason);
    this.code.op(Op.return);
  }

  trapIf(condition: Push, reason: Reason): void {
    condition();
    this.code.if();
    this.trap(reason);
    this.code.end();
  }

  halt(status: Push): void {
    this.code.i32Const(0);
    status();
    this.code.store(Store.i64, addressOf('status')).i32Const(OUTCOME.halted).op(Op.return);
  }

  /** Ends the function where the program falls to the next instruction. */
  next(): void {
    const pc = addressOf('pc');
    const { code } = this;
    code.i32Const(0).i32Const(0).load(Load.i64, pc).localGet(LENGTH).op(Op.i64ExtendI32U).op(Op.i64Add);
    code.store(Store.i64, pc).i32Const(OUTCOME.done);
  }

  #place(field: string): { readonly offset: number; readonly kind: 'register' | 'byte' | 'word' } {
    const place = this.#format && slotPlaces(this.#format).get(field);
    assert(place !== undefined, () => `no field ${field} in this slot`);
    return place;
  }

  #registerBase({ number }: Register): void {
    if (typeof number === 'number') this.code.i32Const(0);
    else this.code.localGet(SLOT).load(Load.i32From8U, this.#place(number.field).offset);
  }

  #registerOffset({ file, number }: Register): number {
    return (file === 'x' ? X_ADDRESS : F_ADDRESS) + (typeof number === 'number' ? 8 * number : 0);
  }

  #setChanged(bit: number): void {
    const { changed } = this.#context.globals;
    this.code.globalGet(changed).i32Const(bit).op(Op.i32Or).globalSet(changed);
  }
}

/** Sets status panic with a reason; pushes the outcome. */
export function emitTrap(code: CodeBuilder, reason: Reason): void {
  code.i32Const(0).i64Const(STATUS.panic).store(Store.i64, addressOf('status'));
  code.i32Const(0).i64Const(REASON[reason]).store(Store.i64, addressOf('reason')).i32Const(OUTCOME.halted);
}
