// The machine `rv64` put together: its instructions, its system calls, and the program of each, built once. Engines, the
// step evaluation and the contracts' generator take them from here.

import { ENOSYS_CALL, SYSTEM_CALLS } from '../environment/linux/table.ts';
import { buildSystemCall, type SystemCall } from '../environment/systemCall.ts';
import { buildRow, type Isa, type Row } from '../isa/isa.ts';
import { RV64 } from '../isa/riscv/rv64.ts';
import type { Program } from '../semantics/program.ts';

/** Register that selects the system call: a7. */
export const SYSTEM_CALL_REGISTER = 17;

/** The instruction set of the machine. */
export const ISA: Isa = RV64;

const rows = new Map<Row, Program>();
const calls = new Map<SystemCall, Program>();
const byNumber = new Map(SYSTEM_CALLS.map((call) => [BigInt(call.number), call]));

/** The program of an instruction, its fields read at run time. */
export function rowProgram(row: Row): Program {
  const known = rows.get(row);
  if (known) return known;
  const built = buildRow(row);
  rows.set(row, built);
  return built;
}

/** The system call of this number; the one that fails with ENOSYS where the number is unknown. */
export function systemCall(number: bigint): SystemCall {
  return byNumber.get(number) ?? ENOSYS_CALL;
}

/** The program of a system call. */
export function systemCallProgram(call: SystemCall): Program {
  const known = calls.get(call);
  if (known) return known;
  const built = buildSystemCall(call);
  calls.set(call, built);
  return built;
}
