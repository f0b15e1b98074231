// Tier 0 as a WebAssembly module, generated from the semantics: the fast loop, the exact interpreter, the decoder, the
// recorder, and the function that drives them.

import { DECODED_START } from '../machine/memoryMap.ts';
import { defineSubroutines } from '../semantics/emitWasmSubroutines.ts';
import { emitWideDivision, WIDE_DIVISION } from '../semantics/emitWasmWide.ts';
import { variable } from '../semantics/layout.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import { ModuleBuilder } from '../wasm/moduleBuilder.ts';
import { Load, Op, Store, ValueType } from '../wasm/opcodes.ts';
import { defineDecodeFunctions } from './decoder.ts';
import { defineExactStep } from './exactFunctions.ts';
import { type ExactContext, OUTCOME } from './exactTarget.ts';
import { emitFastLoop, FAST_OVERRUN, FAST_PARAMETERS, FAST_RESULTS } from './fastLoop.ts';
import { type Fusion, parseFusions } from './fusion.ts';
import { FUSIONS } from './fusions.ts';
import { defineMemoryFunctions } from './memoryFunctions.ts';
import { emitRecord } from './recorder.ts';
import { defineSlotFunctions, type SlotFunctions } from './slotFunctions.ts';

const { i32, i64 } = ValueType;
const WASM_PAGES = 65_536;
const PC = variable('pc').address;
const STEP = variable('step').address;
const PREEMPT_STEP = variable('preemptStep').address;

/** What the module's instance imports from `host`. */
export interface InterpreterImports {
  zeroPages(address: number, log2Pages: number): void;
  /** Length of the current preimage with its prefix; -1 if the host does not have it. */
  preimageLength(): bigint;
  copyPreimage(address: number, offset: bigint, count: number): void;
  emit(channel: bigint, address: number, length: number): void;
  pushThread(right: number): void;
  popThread(right: number): void;
  /** Only while recording: the step changed parts of the record (bits of CHANGED), so that their hashes are to be made. */
  hashParts(changed: number): void;
}

/** What the module's instance exports. Numbers are i32: unsigned addresses come signed. */
export interface InterpreterExports {
  /**
   * Executes `steps` steps of a running machine (at most 2^30), or fewer: an OUTCOME, `done` if all were executed. The
   * first of them may ignore a breakpoint.
   */
  run(steps: number, ignoreBreakpoint: number): number;
  /** Executes and records at most `steps` steps; the OUTCOME of the last. `recordedSteps` and `recordedWrites` say how many. */
  record(steps: number): number;
  /** Drops decoded instructions that have a byte in a range of addresses. */
  invalidate(from: number, to: number): void;
  /** Drops everything decoded. */
  flush(): void;
  readonly breakpoints: WebAssembly.Global;
  readonly recordedSteps: WebAssembly.Global;
  readonly recordedWrites: WebAssembly.Global;
}

/** The compiled interpreter: any number of engines may share one. */
export class InterpreterCode {
  readonly module: WebAssembly.Module;
  readonly fusions: readonly Fusion[];

  /** @param names sequences to fuse, as fusion.ts reads them; by default those that were measured to be worth it */
  constructor(names: readonly string[] = FUSIONS) {
    this.fusions = parseFusions(names);
    this.module = new WebAssembly.Module(interpreterBytes(this.fusions));
  }
}

/** The bytes of the module. */
export function interpreterBytes(fusions: readonly Fusion[]): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const host = {
    zeroPages: module.importFunction('host', 'zeroPages', [i32, i32], []),
    preimageLength: module.importFunction('host', 'preimageLength', [], [i64]),
    copyPreimage: module.importFunction('host', 'copyPreimage', [i32, i64, i32], []),
    emit: module.importFunction('host', 'emit', [i64, i32, i32], []),
    pushThread: module.importFunction('host', 'pushThread', [i32], []),
    popThread: module.importFunction('host', 'popThread', [i32], []),
  };
  const hashParts = module.importFunction('host', 'hashParts', [i32], []);
  module.importMemory('machine', 'memory', { minimum: WASM_PAGES, maximum: WASM_PAGES });
  const global = (initial = 0) => module.global('i32', true, initial);
  const globals = {
    recording: global(),
    step: global(),
    writes: global(),
    changed: global(),
    nextFrame: global(DECODED_START),
    breakpoints: global(),
  };
  const memory = defineMemoryFunctions(module, globals);
  const division = wideDivision(module);
  const subroutine = defineSubroutines(module, division);
  const context: ExactContext = { memory, globals, host, wideDivision: division, subroutine };
  const slots = defineSlotFunctions(module, defineDecodeFunctions(module), globals);
  const step = defineExactStep(module, context, slots);
  const fast = module.function(FAST_PARAMETERS, FAST_RESULTS, 'fast');
  emitFastLoop(fast.code, fusions);
  const run = module.function([i32, i32], [i32], 'run');
  emitRun(run.code, { slots, step, fast: fast.index, recording: globals.recording });
  const record = module.function([i32], [i32], 'record');
  emitRecord(record.code, { step, hashParts, globals });
  module.export('run', 'function', run.index);
  module.export('record', 'function', record.index);
  module.export('invalidate', 'function', memory.invalidate);
  module.export('flush', 'function', slots.flush);
  module.export('breakpoints', 'global', globals.breakpoints);
  module.export('recordedSteps', 'global', globals.step);
  module.export('recordedWrites', 'global', globals.writes);
  return module.toBytes();
}

/** The function that divides 128-bit words, defined if somebody asks for it. */
function wideDivision(module: ModuleBuilder): () => number {
  let index: number | undefined;
  return () => {
    if (index === undefined) {
      const f = module.function(WIDE_DIVISION.parameters, WIDE_DIVISION.results, 'wideDivision');
      emitWideDivision(f.code);
      index = f.index;
    }
    return index;
  };
}

interface Parts {
  readonly slots: SlotFunctions;
  readonly step: number;
  readonly fast: number;
  readonly recording: number;
}

/**
 * Runs the fast loop as long as there are more steps to do than it may take too many; what it leaves at, and the last
 * steps, are executed one by one.
 */
function emitRun(code: CodeBuilder, { slots, step, fast, recording }: Parts): void {
  const [steps, ignoreBreakpoint] = [0, 1];
  const [slot, left, outcome, quota] = [code.local(i32), code.local(i32), code.local(i32), code.local(i32)];
  // A host that throws leaves a recording unfinished.
  code.i32Const(0).globalSet(recording);
  const loop = code.loop();
  code.localGet(steps).i32Const(0).op(Op.i32LeS);
  code.if();
  code.i32Const(OUTCOME.done).op(Op.return);
  code.end();
  const exact = code.block();
  emitQuota(code, steps);
  code.localTee(quota).i32Const(FAST_OVERRUN).op(Op.i32LeS).brIf(exact);
  code.localGet(ignoreBreakpoint).brIf(exact);
  code.i32Const(0).load(Load.i64, PC).call(slots.find).localTee(slot).op(Op.i32Eqz).brIf(exact);
  code.localGet(slot);
  code.i32Const(0).load(Load.i32, PC).localGet(slot).i32Const(2).op(Op.i32ShrU).op(Op.i32Sub);
  code.localGet(quota).i32Const(FAST_OVERRUN).op(Op.i32Sub);
  code.call(fast).i32Const(FAST_OVERRUN).op(Op.i32Add).localSet(left);
  code.i32Const(0).i32Const(0).load(Load.i64, STEP);
  code.localGet(quota).localGet(left).op(Op.i32Sub).op(Op.i64ExtendI32U).op(Op.i64Add).store(Store.i64, STEP);
  code.localGet(steps).localGet(quota).localGet(left).op(Op.i32Sub).op(Op.i32Sub).localSet(steps);
  code.localGet(left).i32Const(FAST_OVERRUN).op(Op.i32LeS).brIf(loop);
  code.end();
  code.localGet(ignoreBreakpoint).call(step).localTee(outcome);
  code.if();
  code.localGet(outcome).op(Op.return);
  code.end();
  code.i32Const(0).localSet(ignoreBreakpoint);
  code.localGet(steps).i32Const(1).op(Op.i32Sub).localSet(steps).br(loop);
  code.end();
  code.op(Op.unreachable);
}

/** Pushes how many of `steps` the running thread may still execute: the next step may be a thread switch. */
function emitQuota(code: CodeBuilder, steps: number): void {
  const turn = code.local(i64);
  // A machine that stands at preemptStep has 0 left; none is ever beyond it.
  code.i32Const(0).load(Load.i64, PREEMPT_STEP).i32Const(0).load(Load.i64, STEP).op(Op.i64Sub).localTee(turn);
  code.localGet(steps).op(Op.i64ExtendI32U).op(Op.i64LtU);
  code.if(i32);
  code.localGet(turn).op(Op.i32WrapI64);
  code.else();
  code.localGet(steps);
  code.end();
}
