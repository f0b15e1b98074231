// The text of a meaning: what a builder records and what the readings (evaluate, WebAssembly, Solidity) read. A program is
// a list of statements in single-assignment form: each operator result has its own temporary, mutable variables are
// explicit, effects stand in the order in which they happen. The order of memory accesses is consensus.

import type { Reason, RecordPart, STATUS } from './layout.ts';
import type { Operator, Width } from './operators.ts';

/** The value of a field of the instruction word, decoded: a 64-bit word (an immediate, a CSR number, a length). */
export interface FieldValue {
  readonly kind: 'field';
  readonly width: 64;
  readonly name: string;
}

/** A word known when the program was built. */
export interface Constant {
  readonly kind: 'constant';
  readonly width: Width;
  readonly value: bigint;
}

/** The result of a statement. Ids are dense, from 0, unique in a program. */
export interface Temporary {
  readonly kind: 'temporary';
  readonly width: Width;
  readonly id: number;
}

/** A canonical (zero-extended) word of a declared width. */
export type Value = FieldValue | Constant | Temporary;

/** A mutable local of a meaning. Ids are dense, from 0, unique in a program. */
export interface Variable {
  readonly kind: 'variable';
  readonly width: Width;
  readonly id: number;
}

/** A register: of a file, numbered by a field of the instruction word or by a constant. x0 reads 0, ignores writes. */
export interface Register {
  readonly file: 'x' | 'f';
  readonly number: number | { readonly field: string };
}

/** Name of a 64-bit state variable of layout.ts. */
export type StateName = string;

/** Bytes of a memory access. */
export type AccessBytes = 1 | 2 | 4 | 8;

/**
 * A pure function of words that several meanings share: emitted once, called where it is needed. It reads no state, has no
 * effect, and does not end a step.
 */
export interface Subroutine {
  readonly name: string;
  /** Its arguments: the temporaries 0, 1, ... of its own numbering. */
  readonly parameters: readonly Temporary[];
  readonly statements: readonly Statement[];
  readonly results: readonly Value[];
  readonly temporaries: number;
  readonly variables: number;
}

export type Statement =
  | {
      readonly kind: 'call';
      readonly subroutine: Subroutine;
      readonly args: readonly Value[];
      readonly results: readonly Temporary[];
    }
  | { readonly kind: 'let'; readonly result: Temporary; readonly operator: Operator; readonly args: readonly Value[] }
  | { readonly kind: 'declare'; readonly variable: Variable; readonly value: Value }
  | { readonly kind: 'assign'; readonly variable: Variable; readonly value: Value }
  | { readonly kind: 'readVariable'; readonly result: Temporary; readonly variable: Variable }
  | { readonly kind: 'readRegister'; readonly result: Temporary; readonly register: Register }
  | { readonly kind: 'writeRegister'; readonly register: Register; readonly value: Value }
  | { readonly kind: 'readState'; readonly result: Temporary; readonly name: StateName }
  | { readonly kind: 'writeState'; readonly name: StateName; readonly value: Value }
  /** Reads or writes little-endian bytes without a range check: a builder puts the check in front. */
  | { readonly kind: 'readMemory'; readonly result: Temporary; readonly bytes: AccessBytes; readonly address: Value }
  | { readonly kind: 'writeMemory'; readonly bytes: AccessBytes; readonly address: Value; readonly value: Value }
  /** Replaces the aligned subtree of 2^log2Pages pages at a page address (64 bits) by zeros. */
  | { readonly kind: 'zeroPages'; readonly address: Value; readonly log2Pages: Value }
  /** Length in bytes (64 bits), its 8-byte prefix included, of the preimage of the key in the state; a host stop without it. */
  | { readonly kind: 'preimageLength'; readonly result: Temporary }
  /** Copies `count` (1 to 32) bytes of that preimage from `offset` to `address`, all inside one leaf. */
  | { readonly kind: 'copyPreimage'; readonly address: Value; readonly offset: Value; readonly count: Value }
  /** Bytes handed to the host, without effect on the state: a hint, or output on a file descriptor (fd). */
  | { readonly kind: 'emit'; readonly channel: Value; readonly address: Value; readonly length: Value }
  /** Puts the thread as it is now on the right (1) or left (0) stack of threads. Its fields keep their values. */
  | { readonly kind: 'pushThread'; readonly right: Value }
  /** Takes the last thread from a stack, which is not empty: its fields (THREAD_FIELDS of layout.ts) become the state's. */
  | { readonly kind: 'popThread'; readonly right: Value }
  | {
      readonly kind: 'when';
      readonly condition: Value;
      readonly consequence: readonly Statement[];
      readonly alternative: readonly Statement[];
    }
  /** Runs the body `count` times with `index` 0, 1, ... (64 bits). */
  | { readonly kind: 'repeat'; readonly count: number; readonly index: Temporary; readonly body: readonly Statement[] }
  /** Goes on as the instruction that was fetched: its 16 or 32 bits (width 32) and its length, 2 or 4 (64 bits). */
  | { readonly kind: 'execute'; readonly word: Value; readonly length: Value }
  /** The three ways to end a step but by falling to the next instruction. Nothing follows them. */
  | { readonly kind: 'jump'; readonly target: Value }
  | { readonly kind: 'trap'; readonly reason: Reason }
  | { readonly kind: 'halt'; readonly status: Value };

/** Value of a `halt`: a status of layout.ts. */
export type HaltStatus = (typeof STATUS)['valid' | 'invalid'];

/** A meaning, recorded. */
export interface Program {
  readonly statements: readonly Statement[];
  readonly temporaries: number;
  readonly variables: number;
  /** Parts of the record, besides hot, that the program may read or write on some path: they are opened by a proof. */
  readonly opens: ReadonlySet<Exclude<RecordPart, 'hot'>>;
  /** It has a statement that touches memory. */
  readonly touchesMemory: boolean;
  /** Its last statement ends the step on every path, so that it never falls to the next instruction. */
  readonly ends: boolean;
}

/** Every statement of a list, nested ones included, in order. */
export function* walk(statements: readonly Statement[]): Generator<Statement> {
  for (const statement of statements) {
    yield statement;
    if (statement.kind === 'when') {
      yield* walk(statement.consequence);
      yield* walk(statement.alternative);
    } else if (statement.kind === 'repeat') yield* walk(statement.body);
  }
}
