// The exact interpreter: a function for each instruction and each system call, and the function that executes one step of
// a machine whose state is all in memory. It is what the fast loop falls back to, and what records.

import { ENOSYS_CALL, SYSTEM_CALLS } from '../environment/linux/table.ts';
import { THREAD_SWITCH } from '../environment/linux/threadSwitch.ts';
import { WasmEmitter } from '../semantics/emitWasm.ts';
import { variable, X_ADDRESS } from '../semantics/layout.ts';
import type { Program } from '../semantics/program.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import type { ModuleBuilder } from '../wasm/moduleBuilder.ts';
import { Load, Op, Store, ValueType } from '../wasm/opcodes.ts';
import { ROW_OF_ID } from './addresses.ts';
import { emitFetch } from './decoder.ts';
import { EXACT_PARAMETERS, type ExactContext, ExactTarget, emitTrap, OUTCOME } from './exactTarget.ts';
import { ISA, rowProgram, SYSTEM_CALL_REGISTER, systemCallProgram } from './profile.ts';
import type { SlotFunctions } from './slotFunctions.ts';
import { SLOT_ID } from './variants.ts';

const { i32, i64 } = ValueType;
const PC = variable('pc').address;
const STEP = variable('step').address;
const PREEMPT_STEP = variable('preemptStep').address;

/** Defines the function of one step: (ignoreBreakpoint i32) -> OUTCOME. The machine is running. */
export function defineExactStep(module: ModuleBuilder, context: ExactContext, slots: SlotFunctions): number {
  const rows = defineRows(module, context);
  const table = module.table({ minimum: rows.length, maximum: rows.length });
  module.elements(table, 0, rows);
  const fetch = module.function([], [i32], 'fetchExact');
  emitFetchExact(fetch.code, slots);
  const switches = module.function(EXACT_PARAMETERS, [i32], 'threadSwitch');
  emitProgram(switches.code, THREAD_SWITCH, new ExactTarget(switches.code, context));
  const step = module.function([i32], [i32], 'step');
  emitStep(step.code, {
    fetch: fetch.index,
    rowType: module.type(EXACT_PARAMETERS, [i32]),
    table,
    slots,
    threadSwitch: switches.index,
  });
  return step.index;
}

/** A function (slot, length) -> OUTCOME for each row, in the order of the table. */
function defineRows(module: ModuleBuilder, context: ExactContext): number[] {
  const systemCall = defineSystemCalls(module, context);
  return ISA.rows.map((row) => {
    if (row.systemCall) return systemCall;
    const { index, code } = module.function(EXACT_PARAMETERS, [i32], `exact ${row.name}`);
    const target = new ExactTarget(code, context, row.format);
    emitProgram(code, rowProgram(row), target);
    return index;
  });
}

function emitProgram(code: CodeBuilder, program: Program, target: ExactTarget): void {
  new WasmEmitter(program, target).program();
  if (program.ends) code.op(Op.unreachable);
  else target.next();
}

/** The function of the ecall: goes on as the system call whose number is in its register. */
function defineSystemCalls(module: ModuleBuilder, context: ExactContext): number {
  const functions = new Map<Program, number>();
  const functionOf = (program: Program, name: string): number => {
    const known = functions.get(program);
    if (known !== undefined) return known;
    const { index, code } = module.function(EXACT_PARAMETERS, [i32], `call ${name}`);
    functions.set(program, index);
    emitProgram(code, program, new ExactTarget(code, context));
    return index;
  };
  const calls = SYSTEM_CALLS.map((call) => ({
    number: call.number,
    index: functionOf(systemCallProgram(call), call.name),
  }));
  const unknown = functionOf(systemCallProgram(ENOSYS_CALL), ENOSYS_CALL.name);
  const { index, code } = module.function(EXACT_PARAMETERS, [i32], 'exact ecall');
  const number = code.local(i64);
  code
    .i32Const(0)
    .load(Load.i64, X_ADDRESS + 8 * SYSTEM_CALL_REGISTER)
    .localSet(number);
  for (const call of calls) {
    code.localGet(number).i64Const(call.number).op(Op.i64Eq);
    code.if();
    code.localGet(0).localGet(1).call(call.index).op(Op.return);
    code.end();
  }
  code.localGet(0).localGet(1).call(unknown);
  return index;
}

/**
 * (-> i32) fetches at pc by the book and decodes what is there: the address of the slot, or 0 after a trap, which has set
 * the status.
 */
function emitFetchExact(code: CodeBuilder, { decodeAhead }: SlotFunctions): void {
  const slot = code.local(i32);
  const word = code.block(i64);
  emitFetch(
    code,
    () => code.i32Const(0).load(Load.i64, PC),
    (reason) => {
      emitTrap(code, reason);
      code.op(Op.drop).i32Const(0).op(Op.return);
    },
    () => code.br(word),
  );
  code.end();
  code.op(Op.drop);
  code.i32Const(0).load(Load.i32, PC).call(decodeAhead).localTee(slot);
  code.load(Load.i32From16U).op(Op.i32Eqz);
  code.if();
  emitTrap(code, 'illegalInstruction');
  code.op(Op.drop).i32Const(0).op(Op.return);
  code.end();
  code.localGet(slot);
}

interface StepParts {
  readonly fetch: number;
  readonly rowType: number;
  readonly table: number;
  readonly threadSwitch: number;
  readonly slots: SlotFunctions;
}

function emitStep(code: CodeBuilder, { fetch, rowType, table, slots, threadSwitch }: StepParts): void {
  const ignoreBreakpoint = 0;
  const [slot, id, outcome] = [code.local(i32), code.local(i32), code.local(i32)];
  const executed = code.block();
  code.i32Const(0).load(Load.i64, STEP).i32Const(0).load(Load.i64, PREEMPT_STEP).op(Op.i64GeU);
  code.if();
  // A length of 0: what falls to the next instruction stays at this one.
  code.i32Const(0).i32Const(0).call(threadSwitch).localSet(outcome).br(executed);
  code.end();
  code.i32Const(0).load(Load.i64, PC).call(slots.find).localTee(slot).op(Op.i32Eqz);
  code.if();
  code.i32Const(OUTCOME.halted).localSet(outcome);
  code.call(fetch).localTee(slot).op(Op.i32Eqz).brIf(executed);
  code.end();
  code.localGet(slot).load(Load.i32From16U).localTee(id).i32Const(SLOT_ID.breakpoint).op(Op.i32Eq);
  code.if();
  code.localGet(ignoreBreakpoint).op(Op.i32Eqz);
  code.if();
  code.i32Const(OUTCOME.breakpoint).op(Op.return);
  code.end();
  code.i32Const(0).load(Load.i32, PC).call(slots.decodeScratch).localTee(slot).load(Load.i32From16U).localSet(id);
  code.end();
  code.localGet(slot);
  // The length is that of the instruction in memory: its lowest two bits say it.
  code.i32Const(4).i32Const(2);
  code.i32Const(0).load(Load.i32, PC).load(Load.i32From8U).i32Const(3).op(Op.i32And).i32Const(3).op(Op.i32Eq);
  code.op(Op.select);
  code.localGet(id).i32Const(1).op(Op.i32Shl).load(Load.i32From16U, ROW_OF_ID);
  code.callIndirect(rowType, table).localTee(outcome).i32Const(OUTCOME.missingPreimage).op(Op.i32Eq);
  code.if();
  code.localGet(outcome).op(Op.return);
  code.end();
  code.end();
  code.i32Const(0).i32Const(0).load(Load.i64, STEP).i64Const(1).op(Op.i64Add).store(Store.i64, STEP);
  code.localGet(outcome);
}
