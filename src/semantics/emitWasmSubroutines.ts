// Subroutines in the WebAssembly reading: each a function of the module, defined when a program first calls it.

import { assert } from '../invariant.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import type { ModuleBuilder } from '../wasm/moduleBuilder.ts';
import { ValueType } from '../wasm/opcodes.ts';
import { WasmEmitter } from './emitWasm.ts';
import { typeOf } from './emitWasmOperators.ts';
import type { Subroutine } from './program.ts';
import type { WasmTarget } from './wasmTarget.ts';

/** Index of the function of a subroutine in the module. */
export type SubroutineIndex = (subroutine: Subroutine) => number;

/** The subroutines of a module. `wideDivision` is the module's function that divides 128-bit words. */
export function defineSubroutines(module: ModuleBuilder, wideDivision: () => number): SubroutineIndex {
  const known = new Map<Subroutine, number>();
  const indexOf: SubroutineIndex = (subroutine) => {
    const defined = known.get(subroutine);
    if (defined !== undefined) return defined;
    const { parameters, results, name } = subroutine;
    const f = module.function(types(parameters), types(results), name);
    known.set(subroutine, f.index);
    const emitter = new WasmEmitter(subroutine, pureTarget(f.code, indexOf, wideDivision));
    emitter.parameters(parameters);
    emitter.results(results);
    return f.index;
  };
  return indexOf;
}

/** A word of 128 bits is two i64, the low one first. */
function types(values: readonly { readonly width: number }[]): ValueType[] {
  return values.flatMap(({ width }) =>
    width === 128 ? [ValueType.i64, ValueType.i64] : [typeOf(width as Parameters<typeof typeOf>[0])],
  );
}

function pureTarget(code: CodeBuilder, subroutine: SubroutineIndex, wideDivision: () => number): WasmTarget {
  const refuse = (): never => assert(false, 'a subroutine has no state and no effect') as never;
  return {
    code,
    local: (type) => code.local(type),
    wideDivision,
    subroutine,
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
