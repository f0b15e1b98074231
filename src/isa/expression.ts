// Pure expressions over an instruction word: what the word fields of a format and the rewriting of compressed instructions
// are made of. Recorded once, so that TypeScript, WebAssembly and Solidity read the same text.

import { assert } from '../invariant.ts';
import { Builder } from '../semantics/builder.ts';
import { applyOperator } from '../semantics/operators.ts';
import type { Statement, Value } from '../semantics/program.ts';

/** Computes a value from an instruction word (a value of width 32) with the operators of the builder. */
export type Definition = (h: Builder, word: Value) => Value;

/** A statement of an expression: an operator on values that stand before it. */
export type Assignment = Extract<Statement, { kind: 'let' }>;

/** A definition, recorded. Its only input is the field `word`: 64 bits, of which the low 32 are the instruction word. */
export interface Expression {
  readonly statements: readonly Assignment[];
  readonly result: Value;
  /** Ids of temporaries are below this. */
  readonly temporaries: number;
}

/** Name of the field that is the input of an expression; no format has a field of this name. */
export const WORD = 'word';

const RECORDED = new WeakMap<Definition, Expression>();

/** The expression of a definition, recorded on first use; one definition gives one object. */
export function expressionOf(definition: Definition): Expression {
  const known = RECORDED.get(definition);
  if (known) return known;
  const h = new Builder();
  const result = definition(h, h.trunc(h.field(WORD), 32));
  const { statements, temporaries } = h.finish();
  const assignments = statements.map((statement) => {
    assert(statement.kind === 'let', `a field of an instruction word is a pure expression, not a ${statement.kind}`);
    for (const arg of statement.args)
      assert(arg.kind !== 'field' || arg.name === WORD, () => `a field is read from the word alone: ${String(arg)}`);
    return statement;
  });
  const expression = { statements: assignments, result, temporaries };
  RECORDED.set(definition, expression);
  return expression;
}

/** What an expression gives for an instruction word of 32 unsigned bits: an unsigned word of the result's width. */
export function evaluateExpression(expression: Expression, word: bigint): bigint {
  const temporaries = new Array<bigint>(expression.temporaries);
  const value = (operand: Value): bigint => {
    if (operand.kind === 'constant') return operand.value;
    const found = operand.kind === 'field' ? word : temporaries[operand.id];
    assert(found !== undefined, 'an expression uses a temporary before its assignment');
    return found;
  };
  for (const { operator, args, result } of expression.statements)
    temporaries[result.id] = applyOperator(operator, args.map(value), args.at(-1)?.width ?? result.width, result.width);
  return value(expression.result);
}
