// Random numbers for tests: seeded, so that a failure repeats. OMO_TEST_SEED sets the seed.
import { randomInt } from 'node:crypto';

/** A generator of its own seed, which it prints. */
export class Random {
  #state: number;

  /** `fixed` is for files that are generated: the same seed always. */
  constructor(what: string, fixed?: number) {
    const given = fixed ?? process.env['OMO_TEST_SEED'];
    const seed = given === undefined ? randomInt(2 ** 31) : Number(given);
    console.log(`${what}: seed ${seed} (OMO_TEST_SEED)`);
    this.#state = seed >>> 0;
  }

  /** 0 to `end` - 1. */
  below(end: number): number {
    // splitmix32, twice for more than 32 bits
    return Math.floor(((this.#next() * 2 ** 20 + (this.#next() >>> 12)) / 2 ** 52) * end);
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next() & 0xff);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }
}
