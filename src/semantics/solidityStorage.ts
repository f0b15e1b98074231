// Where an emitted Yul function keeps its values: in Yul variables while the EVM's stack has room for them, then in words of
// scratch memory before the frame. What a block of statements takes is free again after it.

import { assert } from '../invariant.ts';
import { SCRATCH_ADDRESS, SCRATCH_WORDS, WORD_BYTES } from './solidityFrame.ts';

/** A place for one value. */
export interface YulPlace {
  /** The Yul expression that reads it. */
  readonly get: string;
  /** The statement that gives it its first value. */
  readonly initialise: (value: string) => string;
  /** The statement that changes it. */
  readonly set: (value: string) => string;
}

export class YulStorage {
  readonly #maxVariables: number;
  #variables = 0;
  #words: number;
  #end: number;

  /** At most `maxVariables` variables live at once; the first `usedWords` words of scratch memory belong to somebody else. */
  constructor(maxVariables: number, usedWords: number) {
    this.#maxVariables = maxVariables;
    this.#words = usedWords;
    this.#end = usedWords;
  }

  /** Words of scratch memory below this may be in use at some point of the function. */
  get end(): number {
    return this.#end;
  }

  /** Runs `body`; the places that it takes are free afterwards. */
  scope(body: () => void): void {
    const [variables, words] = [this.#variables, this.#words];
    body();
    [this.#variables, this.#words] = [variables, words];
  }

  /** Whether `count` more variables fit on the stack. */
  fits(count: number): boolean {
    return this.#variables + count <= this.#maxVariables;
  }

  /** Counts `count` variables that somebody else declares. */
  occupy(count: number): void {
    this.#variables += count;
  }

  /** A place for a value: the variable `name`, or a word. */
  take(name: string): YulPlace {
    if (!this.fits(1)) return this.word();
    this.occupy(1);
    return { get: name, initialise: (value) => `let ${name} := ${value}`, set: (value) => `${name} := ${value}` };
  }

  /** A word of scratch memory. */
  word(): YulPlace {
    assert(this.#words < SCRATCH_WORDS, 'a meaning holds more temporaries at once than there are words for them');
    const address = `0x${(SCRATCH_ADDRESS + WORD_BYTES * this.#words++).toString(16)}`;
    this.#end = Math.max(this.#end, this.#words);
    const set = (value: string): string => `mstore(${address}, ${value})`;
    return { get: `mload(${address})`, initialise: set, set };
  }
}
