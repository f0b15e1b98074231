// What the recorder left in the engine's area of a machine's memory, as a chunk for dense commitments.

import { DENSE_RECORD_BYTES, type DenseChunk } from '../commitment/denseChunk.ts';
import type { Machine } from '../machine/machine.ts';
import { LEAF_BYTES } from '../machine/memoryMap.ts';
import { RECORDS, WRITE_LEAVES, WRITE_STEPS, WRITE_VALUES } from './addresses.ts';
import type { InterpreterExports } from './interpreterModule.ts';

interface Zeroing {
  readonly step: number;
  readonly firstPage: number;
  readonly pagesLog2: number;
}

/** The recording of one chunk. */
export class Recording {
  readonly #machine: Machine;
  readonly #exports: InterpreterExports;
  #zeros: Zeroing[] | undefined;

  constructor(machine: Machine, exports: InterpreterExports) {
    this.#machine = machine;
    this.#exports = exports;
  }

  begin(): void {
    this.#zeros = [];
  }

  end(): void {
    this.#zeros = undefined;
  }

  /** Notes that the step which is being executed zeroed pages; nothing while no chunk is recorded. */
  zero(firstPage: number, pagesLog2: number): void {
    this.#zeros?.push({ step: Number(this.#exports.recordedSteps.value), firstPage, pagesLog2 });
  }

  /** What was recorded since `begin`, or undefined if no step was. */
  chunk(): DenseChunk | undefined {
    const zeros = this.#zeros ?? [];
    const steps = Number(this.#exports.recordedSteps.value);
    if (steps === 0) return undefined;
    const count = Number(this.#exports.recordedWrites.value);
    const { bytes, memory } = this.#machine;
    return {
      steps,
      records: bytes.subarray(RECORDS, RECORDS + DENSE_RECORD_BYTES * steps),
      writes: {
        steps: new Uint32Array(memory.buffer, WRITE_STEPS, count),
        leaves: new Uint32Array(memory.buffer, WRITE_LEAVES, count),
        values: bytes.subarray(WRITE_VALUES, WRITE_VALUES + LEAF_BYTES * count),
      },
      zeros: {
        steps: Uint32Array.from(zeros, ({ step }) => step),
        firstPages: Uint32Array.from(zeros, ({ firstPage }) => firstPage),
        pagesLog2: Uint8Array.from(zeros, ({ pagesLog2 }) => pagesLog2),
      },
    };
  }
}
