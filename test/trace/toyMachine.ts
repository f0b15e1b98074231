// A toy machine for tests of store and trace: 32 registers and 16 pages, millions of steps a second in plain JavaScript,
// deterministic, with a stand-in for hashes (32 bytes that depend on everything). It halts where it is told to.
import assert from 'node:assert/strict';
import type { Snapshot, SnapshotPage } from '../../src/store/snapshots.ts';
import { damagedStore } from '../../src/store/storeErrors.ts';
import type { MachineSource, TraceMachine } from '../../src/trace/traceMachine.ts';
import { asHash, asStep, type Hash, type Step } from '../../src/units.ts';

const PAGES = 16;
/** The first 16 pages of the address space are in no memory tree. */
const FIRST_PAGE = 16;
const PAGE_BYTES = 4096;

export interface ToyOptions {
  /** Steps to the halt. */
  readonly halt: number;
  /** Another program. */
  readonly seed?: number;
  /** Only every so manieth step does more than count: whole windows pass at once. */
  readonly idle?: number;
  /** The step that reads a preimage which is not there. */
  readonly missingAt?: number;
  /** A machine whose register 27 is odd at this step halts there: a lie changes the length of the run. */
  readonly oddHaltAt?: number;
}

/** 32 bytes that depend on all of `words`. */
function mix(words: Uint32Array): Uint8Array {
  const out = new Uint32Array(8);
  let a = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    a = Math.imul(a ^ (words[i] as number), 0x85ebca6b);
    a = (a ^ (a >>> 13)) >>> 0;
    out[i & 7] = Math.imul((out[i & 7] as number) ^ a, 0xc2b2ae35);
  }
  for (let i = 0; i < 8; i++) {
    a = Math.imul(a ^ (out[i] as number) ^ (a >>> 15), 0x2c1b3c6d);
    out[i] = a;
  }
  return new Uint8Array(out.buffer);
}

export class ToyMachine implements TraceMachine {
  readonly #options: ToyOptions;
  /** Registers 0 to 31, then the step, then the sum of all words of memory, then 1 if halted. */
  #state = new Uint32Array(35);
  #memory = new Uint32Array((PAGES * PAGE_BYTES) / 4);
  #changed = new Set<number>(Array.from({ length: PAGES }, (_, i) => i));
  missing: Hash | undefined;

  constructor(options: ToyOptions) {
    this.#options = options;
    for (let i = 1; i < 32; i++) this.#state[i] = Math.imul(i + (options.seed ?? 0), 0x9e3779b1);
  }

  get #step(): number {
    return this.#state[32] as number;
  }

  get position(): Step {
    return asStep(BigInt(this.#step));
  }

  get ended(): boolean {
    return this.#state[34] === 1 || this.#step >= this.#options.halt;
  }

  get changedPages(): number {
    return this.#changed.size;
  }

  run(until: Step): void {
    const end = Number(until);
    const { idle = 1, halt } = this.#options;
    while (this.#step < end && !this.ended && this.missing === undefined) {
      const next = this.#step - (this.#step % idle) + idle;
      if (this.#step % idle === 0) this.#execute();
      else this.#state[32] = Math.min(next, end, halt);
    }
  }

  #execute(): void {
    const state = this.#state;
    const step = this.#step;
    if (step === this.#options.missingAt) {
      this.missing = asHash(new Uint8Array(32).fill(7));
      return;
    }
    // x10 to x15 are overwritten in turn from x5, x6 and memory; x18 to x27 are left alone, but x27 flows into memory.
    const target = 10 + (step % 6);
    const word = Math.imul(step ^ (state[6] as number), 0x9e3779b1) >>> 18;
    const value = (Math.imul(state[5] as number, 1664525) + 1013904223 + (this.#memory[word] as number)) >>> 0;
    state[5] = value;
    state[target] = value ^ (state[6] as number);
    if (step % 16 === 3) {
      const before = this.#memory[word] as number;
      const after = (value + (state[27] as number)) >>> 0;
      this.#memory[word] = after;
      state[33] = (state[33] as number) + Math.imul(after - before, 2 * word + 1);
      this.#changed.add(word >>> 10);
    }
    state[32] = step + 1;
    if (step === this.#options.oddHaltAt && (state[27] as number) % 2 === 1) state[34] = 1;
  }

  stateHash(): Uint8Array {
    return mix(this.#state);
  }

  denseHashes(until: Step): Uint8Array {
    const count = Number(until) - this.#step;
    const hashes = new Uint8Array(32 * count);
    for (let i = 0; i < count; i++) {
      this.run(asStep(BigInt(this.#step + 1)));
      if (this.#step === Number(until) - count + i) return hashes.slice(0, 32 * i);
      hashes.set(this.stateHash(), 32 * i);
    }
    return hashes;
  }

  save(): Snapshot {
    const pages = [...this.#changed].sort((a, b) => a - b).map((page) => this.#page(page));
    this.#changed.clear();
    return { step: this.position, record: new Uint8Array(this.#state.buffer).slice(), pages };
  }

  #page(page: number): SnapshotPage {
    const words = this.#memory.slice(page * 1024, (page + 1) * 1024);
    return { page: FIRST_PAGE + page, hash: mix(words), bytes: new Uint8Array(words.buffer) };
  }

  static load(options: ToyOptions, { record, pages }: Snapshot): ToyMachine {
    const machine = new ToyMachine(options);
    if (record.length !== machine.#state.byteLength) throw damagedStore('toy', 'the record has another length');
    new Uint8Array(machine.#state.buffer).set(record);
    for (const { page: number, bytes, hash } of pages) {
      const page = number - FIRST_PAGE;
      if (page < 0 || page >= PAGES) throw damagedStore('toy', `there is no page ${number}`);
      machine.#memory.set(new Uint32Array(Uint8Array.from(bytes).buffer), page * 1024);
      if (Buffer.compare(mix(machine.#memory.slice(page * 1024, (page + 1) * 1024)), hash) !== 0)
        throw damagedStore('toy', `page ${page} does not have its hash`);
    }
    machine.#changed.clear();
    return machine;
  }

  fork(): TraceMachine {
    const copy = new ToyMachine(this.#options);
    copy.#state = this.#state.slice();
    copy.#memory = this.#memory.slice();
    copy.#changed = new Set(this.#changed);
    return copy;
  }

  registers(): Uint8Array {
    return new Uint8Array(this.#state.buffer, 0, 4 * 32).slice();
  }

  flipRegister(register: number): void {
    assert.ok(register > 0 && register < 32);
    this.#state[register] = (this.#state[register] as number) ^ 1;
  }
}

/** Toy machines of one run. */
export function toySource(options: ToyOptions): MachineSource {
  return { start: () => new ToyMachine(options), load: (snapshot) => ToyMachine.load(options, snapshot) };
}
