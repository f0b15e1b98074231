// What a reading of programs as WebAssembly is for: the effects of a program on the machine at hand. Interpreters, decoders
// and translators have one each; the emitter of operators is common to them (emitWasm.ts).

import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import type { ValueType } from '../wasm/opcodes.ts';
import type { WasmEmitter } from './emitWasm.ts';
import type { Push } from './emitWasmOperators.ts';
import type { Reason } from './layout.ts';
import type { AccessBytes, Register, StateName, Subroutine, Value } from './program.ts';

/** What the emitted code acts upon. Values and addresses come as code that pushes them: i64, unless said otherwise. */
export interface WasmTarget {
  readonly code: CodeBuilder;
  /** A local that is free until the program ends. */
  local(type: ValueType): number;
  /** The module's function of `emitWideDivision`; only asked for by programs that divide 128-bit words. */
  wideDivision(): number;
  /** The module's function of a subroutine (emitWasmSubroutines.ts); only asked for by programs that call one. */
  subroutine(subroutine: Subroutine): number;
  /** Pushes a field of the instruction. */
  field(name: string): void;
  readRegister(register: Register): void;
  writeRegister(register: Register, value: Push): void;
  readState(name: StateName): void;
  writeState(name: StateName, value: Push): void;
  /** `value` pushes an i64 for 8 bytes, else an i32. */
  writeMemory(bytes: AccessBytes, address: Push, value: Push): void;
  zeroPages(address: Push, log2Pages: Push): void;
  preimageLength(): void;
  copyPreimage(address: Push, offset: Push, count: Push): void;
  emit(channel: Push, address: Push, length: Push): void;
  /** `right` pushes an i32. */
  pushThread(right: Push): void;
  popThread(right: Push): void;
  /** `word` pushes an i32. */
  execute(word: Push, length: Push): void;
  /** The ways to end a step: each leaves the program. The target of a jump is given as it was recorded, too. */
  jump(target: Push, value: Value, emitter: WasmEmitter): void;
  trap(reason: Reason): void;
  /** A trap if the i32 that `condition` pushes is not 0. */
  trapIf(condition: Push, reason: Reason): void;
  halt(status: Push): void;
}
