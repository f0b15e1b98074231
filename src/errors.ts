// The errors that OMO reports to the person who runs it. Three kinds are kept apart, and a program that drives OMO tells
// them by exit code: wrong use (2), what was read is bad, damaged or missing (3), and a broken invariant, which is our
// own bug (70, src/invariant.ts). Beside them the outside world may fail (4), or not yet know (5).
//
// A message names what was read, where, what was expected and what was found; the hint says what to do about it.

/** Exit codes of the command line: the contract of every command. */
export const EXIT = {
  done: 0,
  /** The answer is no: roots differ, a proof is rejected, the guest did not halt valid. Not an error. */
  no: 1,
  usage: 2,
  input: 3,
  chain: 4,
  cannotKnow: 5,
  /** A broken invariant: EX_SOFTWARE of sysexits.h. */
  bug: 70,
} as const;

/** What every OmoError carries beside its message. */
export interface ErrorDetails {
  /** What to do about it, one sentence or two. */
  readonly hint?: string;
  /** The error underneath, where there is one. */
  readonly cause?: unknown;
}

/** An error with a stable name (`code`, upper case, for programs), a message and a hint (for people) and an exit code. */
export abstract class OmoError extends Error {
  /** Short, upper case, stable: `FILE_MISSING`. A program may depend on it; on a message it may not. */
  readonly code: string;
  /** What to do about it; empty where there is nothing to say. */
  readonly hint: string;
  /** The exit code of a command that ends with this error. */
  abstract readonly exitCode: number;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint ?? '';
  }
}

/** Wrong use of the command line or of a public function's options. */
export class UsageError extends OmoError {
  override readonly exitCode = EXIT.usage;
}

/** Something that was read (a file, a store, a proof, a preimage) is bad, damaged, too large or missing. */
export class InputError extends OmoError {
  override readonly exitCode = EXIT.input;
}

/** A chain or the network failed: no answer, a wrong answer, a transaction that did not go through. */
export class ChainError extends OmoError {
  override readonly exitCode = EXIT.chain;
}

/**
 * The question has an answer, but not one that can be known from here and now: a source lacks data, or sources disagree.
 * It is neither yes nor no, and nobody may put money on it.
 */
export class CannotKnowError extends OmoError {
  override readonly exitCode = EXIT.cannotKnow;
}
