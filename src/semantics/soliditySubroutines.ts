// Subroutines in the Solidity reading: each a Yul function, defined when a program first calls it.

import { assert } from '../invariant.ts';
import { type FieldTexts, SolidityEmitter, type YulSubroutines } from './emitSolidity.ts';
import { type Statement, type Subroutine, walk } from './program.ts';

/** Yul variables that the function of a subroutine may hold at once, its parameters and results included: nothing else is on its stack. */
const MAX_VARIABLES = 11;

const NO_FIELDS: FieldTexts = {
  field: (name) => assert(false, `a subroutine reads field ${name}`) as never,
  register: (_, field) => assert(false, `a subroutine reads register ${field}`) as never,
};

interface Defined {
  readonly name: string;
  readonly text: string;
  /** Words of scratch memory below this are used by it or by what it calls. */
  readonly scratchEnd: number;
}

/**
 * The subroutines of a contract. No subroutine calls itself, so each has words of scratch memory of its own for what does
 * not fit the stack: above those of the ones that it calls.
 */
export class SubroutineFunctions implements YulSubroutines {
  readonly #known = new Map<Subroutine, Defined>();

  name(subroutine: Subroutine): string {
    return this.#define(subroutine).name;
  }

  scratchEnd(statements: readonly Statement[]): number {
    const calls = [...walk(statements)].filter((statement) => statement.kind === 'call');
    return Math.max(0, ...calls.map((call) => this.#define(call.subroutine).scratchEnd));
  }

  /** The functions that were asked for, those that are called before those that call them. */
  text(): string {
    return [...this.#known.values()].map(({ text }) => text).join('\n');
  }

  #define(subroutine: Subroutine): Defined {
    const known = this.#known.get(subroutine);
    if (known) return known;
    const { name, parameters, results } = subroutine;
    const emitter = new SolidityEmitter(subroutine, NO_FIELDS, '  ', this, MAX_VARIABLES);
    const body = emitter.subroutine(parameters, results);
    const parameterNames = parameters.map(({ id }) => `t${id}`).join(', ');
    const resultNames = [...results.keys()].map((i) => `r${i}`).join(', ');
    const text = `function ${name}(${parameterNames}) -> ${resultNames} {\n${body}\n}`;
    const defined = { name, text, scratchEnd: emitter.scratchEnd };
    this.#known.set(subroutine, defined);
    return defined;
  }
}
