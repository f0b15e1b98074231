// One step of the machine by the evaluate reading: fetch, decode, meaning, and what a step does to pc, step and status; or,
// where a thread's turn is over, a thread switch.
// It runs on any hart: a whole machine (to make a proof), or the part of one that a proof opens (to check it). The
// interpreter and the contract are held against it.

import { THREAD_SWITCH } from '../environment/linux/threadSwitch.ts';
import type { SystemCall } from '../environment/systemCall.ts';
import { assert } from '../invariant.ts';
import { decode } from '../isa/decode.ts';
import { FETCH } from '../isa/fetch.ts';
import type { Row } from '../isa/isa.ts';
import { evaluate, type Hart, type Outcome } from '../semantics/evaluate.ts';
import { REASON, type Reason, STATUS } from '../semantics/layout.ts';
import type { Program } from '../semantics/program.ts';
import { ISA, rowProgram, SYSTEM_CALL_REGISTER, systemCall, systemCallProgram } from './profile.ts';

/** What one step did. */
export type ExecutedStep =
  /** The machine had halted: nothing happened, the step counter included. */
  | { readonly kind: 'halted' }
  /** The thread's turn is over: nothing was fetched. */
  | { readonly kind: 'switch'; readonly program: Program; readonly outcome: Outcome }
  /** The fetch trapped, or the word is no instruction. */
  | { readonly kind: 'fault'; readonly reason: Reason; readonly word?: number; readonly length?: 2 | 4 }
  /** An instruction executed (it may have trapped). `word` is its 16 or 32 bits as fetched. */
  | {
      readonly kind: 'instruction';
      readonly row: Row;
      readonly word: number;
      readonly length: 2 | 4;
      readonly call?: SystemCall;
      readonly program: Program;
      readonly outcome: Outcome;
    };

/**
 * Executes exactly one step. Faults are states: they set status panic and a reason, count as a step, and change nothing
 * else. `onFetched` is called between the fetch and what follows. Throws what the hart throws for a preimage that is not
 * there; then nothing has changed.
 */
export function executeStep(hart: Hart, onFetched: () => void = () => {}): ExecutedStep {
  if (hart.readState('status') !== BigInt(STATUS.running)) return { kind: 'halted' };
  if (hart.readState('step') >= hart.readState('preemptStep')) {
    onFetched();
    const outcome = evaluate(THREAD_SWITCH, {}, hart);
    settle(hart, outcome, 0n);
    return { kind: 'switch', program: THREAD_SWITCH, outcome };
  }
  const fetched = evaluate(FETCH, {}, hart);
  onFetched();
  if (fetched.kind !== 'execute') {
    assert(fetched.kind === 'trap', `a fetch ended with ${fetched.kind}`);
    return fault(hart, fetched.reason);
  }
  const word = Number(fetched.word);
  const length = fetched.length === 2n ? 2 : 4;
  const decoded = decode(ISA, word, length);
  if (!decoded) return fault(hart, 'illegalInstruction', word, length);
  const { row, fields } = decoded;
  const call = row.systemCall ? systemCall(hart.readRegister('x', SYSTEM_CALL_REGISTER)) : undefined;
  const program = call ? systemCallProgram(call) : rowProgram(row);
  const outcome = evaluate(program, fields, hart);
  settle(hart, outcome, BigInt(length));
  return { kind: 'instruction', row, word, length, program, outcome, ...(call && { call }) };
}

function fault(hart: Hart, reason: Reason, word?: number, length?: 2 | 4): ExecutedStep {
  settle(hart, { kind: 'trap', reason }, 0n);
  return { kind: 'fault', reason, ...(word !== undefined && { word }), ...(length && { length }) };
}

/** What every step does besides its meaning: the next pc or the end of the run, and one step counted. */
function settle(hart: Hart, outcome: Outcome, length: bigint): void {
  switch (outcome.kind) {
    case 'next':
      hart.writeState('pc', BigInt.asUintN(64, hart.readState('pc') + length));
      break;
    case 'jump':
      hart.writeState('pc', outcome.target);
      break;
    case 'trap':
      hart.writeState('status', BigInt(STATUS.panic));
      hart.writeState('reason', BigInt(REASON[outcome.reason]));
      break;
    case 'halt':
      hart.writeState('status', BigInt(outcome.status));
      break;
    default:
      assert(false, `an instruction ended with ${outcome.kind}`);
  }
  hart.writeState('step', hart.readState('step') + 1n);
}
