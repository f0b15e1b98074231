// keccak256 in a WebAssembly memory of its own. Data that are hashed again and again (trees, records) live in that memory
// and are hashed where they lie, two at a time; other bytes are hashed in one call.
import { InputError } from '../errors.ts';
import { assert } from '../invariant.ts';
import type { BatchFunction } from './keccakBatch.ts';
import { keccakModule } from './keccakModule.ts';
import { RATE_BYTES, STATE_BYTES } from './keccakPermutation.ts';

/** Size of a hash, in bytes. */
export const HASH_BYTES = 32;
/** Size of a pair job, in u32 words: addresses of the left and the right 32 bytes, and of the result. */
export const PAIR_JOB_WORDS = 3;

const WASM_PAGE = 0x1_0000;
const MEMORY_END = 2 ** 32;
/** Batch functions read up to 7 bytes behind a message: nothing is allocated there. */
const GUARD_BYTES = 16;

// Memory below the arena: the module's constants, the state of the one-call hash, and the blocks that it absorbs.
const STATE_ADDRESS = 0x400;
const STAGING_ADDRESS = 0x1000;
const STAGING_BYTES = 120 * RATE_BYTES * 4;
const ARENA_ADDRESS = 0x2_0000;

const PAIRS: BatchFunction = {
  name: 'pairs',
  jobWords: PAIR_JOB_WORDS,
  message: [
    { word: 0, bytes: HASH_BYTES },
    { word: 1, bytes: HASH_BYTES },
  ],
  result: { word: 2, kind: 'hash' },
};

type Absorb = (state: number, data: number, blocks: number) => void;
type Batch = (jobs: number, count: number) => void;

/** A compiled hashing module; many hashers may share one. */
export class HasherCode {
  readonly module: WebAssembly.Module;

  /** @param functions batch functions beside the pair function that every hasher has */
  constructor(functions: readonly BatchFunction[] = []) {
    this.module = new WebAssembly.Module(keccakModule([PAIRS, ...functions]));
  }
}

let plainCode: HasherCode | undefined;

/** A memory with an arena of allocated areas, and the functions that hash in it. */
export class Hasher {
  readonly #code: HasherCode;
  readonly #memory: WebAssembly.Memory;
  readonly #exports: Record<string, unknown>;
  readonly #absorb: Absorb;
  readonly #pairs: Batch;
  #bytes: Uint8Array;
  #words: Uint32Array;
  #end = ARENA_ADDRESS;

  /** @param code a module with more batch functions; by default one with the pair function only */
  constructor(code?: HasherCode) {
    plainCode ??= new HasherCode();
    this.#code = code ?? plainCode;
    this.#memory = new WebAssembly.Memory({
      initial: (2 * ARENA_ADDRESS) / WASM_PAGE,
      maximum: MEMORY_END / WASM_PAGE,
    });
    this.#exports = new WebAssembly.Instance(this.#code.module, { env: { memory: this.#memory } }).exports;
    this.#absorb = this.#exports['absorb'] as Absorb;
    this.#pairs = this.#exports['pairs'] as Batch;
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer);
  }

  /** The whole memory. Invalid after the next `allocate`: take it anew. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The whole memory as little-endian u32 words; word i is at address 4 i. Invalid after the next `allocate`. */
  get words(): Uint32Array {
    return this.#words;
  }

  /** Address after the last allocated area, in bytes. */
  get end(): number {
    return this.#end;
  }

  /** A hasher with a copy of this memory: every address means the same in both. */
  fork(): Hasher {
    const copy = new Hasher(this.#code);
    copy.allocate(this.#end - copy.#end, 1);
    copy.#bytes.set(this.#bytes.subarray(0, this.#end));
    return copy;
  }

  /**
   * Reserves `size` zero bytes at a multiple of `alignment` (a power of two); returns the address. Areas are never given
   * back. Throws an InputError (`COMMITMENT_MEMORY_FULL`) when the 4 GiB of a WebAssembly memory are used up.
   */
  allocate(size: number, alignment = 16): number {
    const address = Math.ceil(this.#end / alignment) * alignment;
    const end = address + size;
    if (end + GUARD_BYTES > this.#bytes.length) this.#grow(end + GUARD_BYTES);
    this.#end = end;
    return address;
  }

  /** keccak256 of `data`, any length: 32 new bytes. */
  hash(data: Uint8Array): Uint8Array {
    const bytes = this.#bytes;
    bytes.fill(0, STATE_ADDRESS, STATE_ADDRESS + STATE_BYTES);
    let position = 0;
    for (; data.length - position >= STAGING_BYTES; position += STAGING_BYTES) {
      bytes.set(data.subarray(position, position + STAGING_BYTES), STAGING_ADDRESS);
      this.#absorb(STATE_ADDRESS, STAGING_ADDRESS, STAGING_BYTES / RATE_BYTES);
    }
    const rest = data.length - position;
    const blocks = Math.floor(rest / RATE_BYTES) + 1;
    const padded = STAGING_ADDRESS + blocks * RATE_BYTES;
    bytes.set(position === 0 ? data : data.subarray(position), STAGING_ADDRESS);
    bytes.fill(0, STAGING_ADDRESS + rest, padded);
    bytes[STAGING_ADDRESS + rest] = 0x01;
    bytes[padded - 1] = (bytes[padded - 1] as number) | 0x80;
    this.#absorb(STATE_ADDRESS, STAGING_ADDRESS, blocks);
    return bytes.slice(STATE_ADDRESS, STATE_ADDRESS + HASH_BYTES);
  }

  /**
   * Hashes `count` pairs of 32 bytes: at `jobs` (a multiple of 4) are `count` triples of u32 addresses (left, right,
   * result). Two are hashed at a time: a job must not read what another job of the same call writes.
   */
  hashPairs(jobs: number, count: number): void {
    if (count > 0) this.#pairs(jobs, count);
  }

  /** A batch function of the module that this hasher was made with, as (address of the jobs, count of jobs). */
  batch(name: string): Batch {
    const run = this.#exports[name] as Batch | undefined;
    assert(run !== undefined, `the hashing module has no function '${name}'`);
    return (jobs, count) => {
      if (count > 0) run(jobs, count);
    };
  }

  #grow(needed: number): void {
    const wanted = Math.min(Math.max(needed, 1.5 * this.#bytes.length), MEMORY_END);
    const grown = needed <= MEMORY_END && (this.#tryGrow(wanted) || this.#tryGrow(needed));
    if (!grown)
      throw new InputError(
        'COMMITMENT_MEMORY_FULL',
        `committing memory needs ${needed} bytes, of 4294967296 that a commitment can hold`,
        {
          hint: 'The program touches too much memory to be committed to (about 2 GiB), or the machine has too little.',
        },
      );
  }

  #tryGrow(size: number): boolean {
    const pages = Math.ceil((size - this.#bytes.length) / WASM_PAGE);
    try {
      this.#memory.grow(pages);
    } catch {
      return false;
    }
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer);
    return true;
  }
}
