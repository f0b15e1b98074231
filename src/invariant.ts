// Assertions about OMO itself. They stay on in production: money depends on a wrong state being noticed where it arises.
// Nothing that comes from outside (files, chains, calldata, command lines) may be checked with these: see src/errors.ts.

import { EXIT } from './errors.ts';

/** A broken invariant: OMO contradicts itself, which is our bug whatever the input was. */
export class InvariantError extends Error {
  readonly code = 'INVARIANT';
  readonly hint = 'This is a bug in OMO. Nothing was decided; please report it with the command and its input.';
  readonly exitCode = EXIT.bug;
  override readonly name = 'InvariantError';
}

/**
 * Throws an InvariantError unless `condition` holds. A message that is costly to make is given as a function.
 */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantError(typeof message === 'string' ? message : message());
}

/** Marks a place that no value reaches: the compiler checks that every case is handled, this throws if one was not. */
export function unreachable(value: never): never {
  throw new InvariantError(
    `unreachable value ${typeof value === 'bigint' ? `${value as bigint}n` : JSON.stringify(value)}`,
  );
}
