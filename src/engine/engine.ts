// The engine, tier 0: runs a machine by the interpreter that is generated from the semantics. It stops on exactly the step
// that it is told, whatever the program does, and its states are those of the evaluate reading (step.ts).

import { keccak_256 } from '@noble/hashes/sha3.js';
import type { DenseChunk } from '../commitment/denseChunk.ts';
import { commitThreads } from '../commitment/threadStacks.ts';
import type { Host } from '../environment/host.ts';
import { assert } from '../invariant.ts';
import type { Machine } from '../machine/machine.ts';
import { DECODED_MAP, FLAG_CODE, GUEST_END, PAGE_BYTES, PAGE_COUNT, PAGE_FLAGS } from '../machine/memoryMap.ts';
import { recordBytes } from '../machine/record.ts';
import { STATUS } from '../semantics/layout.ts';
import { BREAKPOINTS, MAX_BREAKPOINTS } from './addresses.ts';
import { CHANGED, OUTCOME } from './exactTarget.ts';
import { writeTables } from './fuser.ts';
import { InterpreterCode, type InterpreterExports, type InterpreterImports } from './interpreterModule.ts';
import { HINT_CHANNEL, PREIMAGE_PREFIX_BYTES, preimageBytes } from './machineHart.ts';
import { Recording } from './recording.ts';

/** Why a run stopped. */
export type Stop =
  /** The step was reached: that many steps have been executed. */
  | { readonly kind: 'step' }
  /** The machine has halted: its status says how. */
  | { readonly kind: 'halted' }
  /** The next step needs a preimage that the host does not have. It has not happened. */
  | { readonly kind: 'missingPreimage'; readonly key: Uint8Array }
  /** The instruction at a breakpoint is next. Running on executes it. */
  | { readonly kind: 'breakpoint'; readonly pc: number }
  /** The caller's `isOver` said so. */
  | { readonly kind: 'limit' };

export interface EngineOptions {
  /** Asked every few million steps, about ten times a second: true ends the run with 'limit'. A caller's clock, a key. */
  readonly isOver?: () => boolean;
  /** An interpreter with other fused sequences, to try a table of them. */
  readonly code?: InterpreterCode;
}

/** What was recorded, and why recording stopped: at 'step' there may be more to record. */
export interface Recorded {
  /** Undefined if not even one step was executed. Its arrays are views that the next `record` overwrites. */
  readonly chunk: DenseChunk | undefined;
  readonly stop: Stop;
}

/**
 * Steps between returns from generated code. V8 replaces code only when it is entered anew, so that the first slices are
 * short: the optimised code is entered as soon as it is there.
 */
const FIRST_SLICE = 1 << 20;
const LAST_SLICE = 1 << 25;

let sharedCode: InterpreterCode | undefined;

/** Generated and compiled on first use. */
function defaultCode(): InterpreterCode {
  sharedCode ??= new InterpreterCode();
  return sharedCode;
}

/** Runs one machine. A machine has one engine at a time: a new one takes it over. */
export class Engine {
  readonly machine: Machine;
  readonly #host: Host;
  readonly #isOver: () => boolean;
  readonly #exports: InterpreterExports;
  readonly #recording: Recording;
  readonly #onCodeWrite: (page: number) => void;
  #preimage: { readonly key: Uint8Array; readonly data: Uint8Array | undefined } | undefined;
  #slice = FIRST_SLICE;
  #atBreakpoint: bigint | undefined;

  constructor(machine: Machine, host: Host, { isOver = () => false, code }: EngineOptions = {}) {
    this.machine = machine;
    this.#host = host;
    this.#isOver = isOver;
    forgetDecodedCode(machine);
    const { module, fusions } = code ?? defaultCode();
    writeTables(machine, fusions);
    const instance = new WebAssembly.Instance(module, {
      machine: { memory: machine.memory },
      host: { ...this.#imports() },
    });
    this.#exports = instance.exports as unknown as InterpreterExports;
    this.#recording = new Recording(machine, this.#exports);
    this.#onCodeWrite = (page) => this.#exports.invalidate(page * PAGE_BYTES, page * PAGE_BYTES + 1);
    machine.onCodeWrite = this.#onCodeWrite;
  }

  /**
   * Executes until `untilStep` steps have been executed in all, or until the run stops for another reason. What a source
   * of preimages throws comes through; the machine is then as before the step that asked.
   */
  run(untilStep: bigint): Stop {
    for (;;) {
      const left = this.#begin(untilStep);
      if (typeof left === 'object') return left;
      const steps = Math.min(left, this.#slice);
      const outcome = this.#exports.run(steps, this.#takeBreakpoint());
      if (outcome !== OUTCOME.done) return this.#stop(outcome);
      if (steps === this.#slice) this.#slice = Math.min(2 * this.#slice, LAST_SLICE);
      if (steps < left && this.#isOver()) return { kind: 'limit' };
    }
  }

  /**
   * Executes at most `steps` steps and records them, fewer where the recorder's memory is full. Breakpoints do not count.
   * The hashes of the cold and fp parts in the machine's state are kept right, the memory root is not.
   */
  record(steps: number): Recorded {
    const left = this.#begin(this.machine.get('step') + BigInt(steps));
    if (typeof left === 'object') return { chunk: undefined, stop: left };
    this.#hashParts(CHANGED.cold | CHANGED.fp);
    this.#recording.begin();
    try {
      const outcome = this.#exports.record(left);
      return {
        chunk: this.#recording.chunk(),
        stop: outcome === OUTCOME.done ? { kind: 'step' } : this.#stop(outcome),
      };
    } finally {
      this.#recording.end();
    }
  }

  /** Sets the addresses before which `run` stops, instead of those that were set before: at most 4096. */
  setBreakpoints(addresses: readonly number[]): void {
    assert(addresses.length <= MAX_BREAKPOINTS, () => `${addresses.length} breakpoints`);
    for (const [i, address] of addresses.entries()) this.machine.view.setUint32(BREAKPOINTS + 4 * i, address, true);
    this.#exports.breakpoints.value = addresses.length;
    this.#exports.flush();
  }

  /** Steps that may be executed now, at most 2^30, or why none may. */
  #begin(untilStep: bigint): number | Stop {
    const { machine } = this;
    assert(machine.onCodeWrite === this.#onCodeWrite, 'another engine has taken the machine over');
    if (machine.get('status') !== BigInt(STATUS.running)) return { kind: 'halted' };
    const step = machine.get('step');
    if (step >= untilStep) return { kind: 'step' };
    const left = untilStep - step;
    return left > 1n << 30n ? 2 ** 30 : Number(left);
  }

  /** 1 if the machine stands at the breakpoint where the last run stopped. */
  #takeBreakpoint(): number {
    const ignored = this.#atBreakpoint === this.machine.get('step') ? 1 : 0;
    this.#atBreakpoint = undefined;
    return ignored;
  }

  #stop(outcome: number): Stop {
    switch (outcome) {
      case OUTCOME.halted:
        return { kind: 'halted' };
      case OUTCOME.missingPreimage:
        return { kind: 'missingPreimage', key: this.machine.getBytes('preimageKey') };
      default:
        assert(outcome === OUTCOME.breakpoint, () => `the interpreter stopped with ${outcome}`);
        this.#atBreakpoint = this.machine.get('step');
        return { kind: 'breakpoint', pc: Number(this.machine.get('pc')) };
    }
  }

  #imports(): InterpreterImports {
    const { machine } = this;
    return {
      zeroPages: (address, log2Pages) => {
        const firstPage = (address >>> 0) / PAGE_BYTES;
        machine.zeroPages(firstPage, 2 ** log2Pages);
        this.#recording.zero(firstPage, log2Pages);
      },
      preimageLength: () => {
        const key = machine.getBytes('preimageKey');
        const data = this.#host.preimage(key);
        this.#preimage = { key, data };
        return data === undefined ? -1n : BigInt(PREIMAGE_PREFIX_BYTES + data.length);
      },
      copyPreimage: (address, offset, count) => {
        const data = this.#preimage?.data;
        assert(data !== undefined, 'a preimage is copied after its length was asked for');
        machine.write(address >>> 0, preimageBytes(data, Number(offset), count));
      },
      emit: (channel, address, length) => {
        const data = machine.bytes.slice(address >>> 0, (address >>> 0) + length);
        if (channel === HINT_CHANNEL) this.#host.hint(data);
        else this.#host.output(Number(channel), data);
      },
      pushThread: (right) => machine.pushThread(right === 1),
      popThread: (right) => machine.popThread(right === 1),
      hashParts: (changed) => this.#hashParts(changed),
    };
  }

  #hashParts(changed: number): void {
    if (changed & CHANGED.cold) commitThreads(this.machine);
    if (changed & CHANGED.cold) this.machine.setBytes('coldHash', keccak_256(recordBytes(this.machine, 'cold')));
    if (changed & CHANGED.fp) this.machine.setBytes('fpHash', keccak_256(recordBytes(this.machine, 'fp')));
  }
}

/** Forgets what an engine before this one decoded. */
function forgetDecodedCode(machine: Machine): void {
  const flags = machine.bytes.subarray(PAGE_FLAGS, PAGE_FLAGS + PAGE_COUNT);
  const words = new BigUint64Array(machine.memory.buffer, PAGE_FLAGS, PAGE_COUNT / 8);
  const code = BigInt(FLAG_CODE) * 0x0101_0101_0101_0101n;
  for (let i = 0; i < GUEST_END / PAGE_BYTES / 8; i++) {
    if (((words[i] ?? 0n) & code) === 0n) continue;
    for (let page = 8 * i; page < 8 * i + 8; page++) {
      flags[page] = (flags[page] ?? 0) & ~FLAG_CODE;
      machine.view.setUint32(DECODED_MAP + 4 * page, 0, true);
    }
  }
}
