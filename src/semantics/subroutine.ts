// Subroutines: pure functions of words, written over the same builder as the meanings that call them and emitted once in
// each reading. Soft-float is made of them.

import { assert } from '../invariant.ts';
import { Builder } from './builder.ts';
import type { Width } from './operators.ts';
import { type Subroutine, type Value, walk } from './program.ts';

/** Statements that a subroutine may consist of. */
const PURE = ['let', 'call', 'declare', 'assign', 'readVariable', 'when', 'repeat'];

/**
 * Records a subroutine. `body` gets one value for each of `widths` and returns the results. Throws an InvariantError if it
 * reads or writes anything but its locals.
 */
export function subroutine(
  name: string,
  widths: readonly Width[],
  body: (h: Builder, ...parameters: Value[]) => Value[],
): Subroutine {
  const h = new Builder();
  const parameters = h.parameters(widths);
  const results = body(h, ...parameters);
  const { statements, temporaries, variables, ends } = h.finish();
  assert(!ends, `subroutine ${name} ends a step`);
  for (const { kind } of walk(statements)) assert(PURE.includes(kind), `${kind} in subroutine ${name}`);
  return { name, parameters, statements, results, temporaries, variables };
}
