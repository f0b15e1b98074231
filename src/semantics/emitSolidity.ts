// The Solidity reading: writes a program as the body of a Yul function over the frame (solidityFrame.ts). A temporary that is
// used once is written where it is used; one that is used more often is a Yul variable, or, where too many live already
// for the EVM's stack, a word of memory. What an expression reads is never moved behind something that changes it.

import { assert, unreachable } from '../invariant.ts';
import { countUses, overlaps, type Place, readsAfterWrite, readsOf, usedIn, writesOf } from './dataflow.ts';
import { REASON } from './layout.ts';
import type { Program, Register, Statement, Subroutine, Temporary, Value, Variable } from './program.ts';
import { clean, cleanText, conditionText, literal, type Yul, yulOperator } from './solidityExpression.ts';
import { stateConstant } from './solidityFrame.ts';
import { type YulPlace, YulStorage } from './solidityStorage.ts';

/** Yul variables that a function may hold at once; the EVM reaches 16 words, expressions and the return address need some. */
const MAX_VARIABLES = 8;
/** Parameters that a subroutine leaves on the stack: with more, all are put into memory. */
const MAX_STACK_PARAMETERS = 5;

/** How a program reads its instruction: Yul expressions over the parameter of the function. */
export interface FieldTexts {
  /** The 64 bits of a word field. */
  readonly field: (name: string) => string;
  /** Address in the frame of the register that a field numbers. */
  readonly register: (file: 'x' | 'f', field: string) => string;
}

/** The Yul functions of subroutines: soliditySubroutines.ts. */
export interface YulSubroutines {
  /** Name of the function of a subroutine. */
  name(subroutine: Subroutine): string;
  /** Words of scratch memory below this are used by the subroutines that the statements call. */
  scratchEnd(statements: readonly Statement[]): number;
}

const NO_SUBROUTINES: YulSubroutines = {
  name: ({ name }) => assert(false, `a call of the subroutine ${name} where there are none`) as never,
  scratchEnd: () => 0,
};

/**
 * The body of the function: statements one a line, indented by `indent`, without the braces around them. The subroutines
 * that it calls become functions of `subroutines`.
 */
export function emitBody(
  program: Program,
  fields: FieldTexts,
  indent = '',
  subroutines: YulSubroutines = NO_SUBROUTINES,
): string {
  return new SolidityEmitter(program, fields, indent, subroutines).run();
}

/** A temporary that is written where it is used: its expression, and what that reads. */
interface Pending {
  readonly value: Yul;
  readonly width: Temporary['width'];
  readonly reads: ReadonlySet<Place>;
}

/** Emits one function: a program, or a subroutine. */
export class SolidityEmitter {
  readonly #statements: readonly Statement[];
  readonly #fields: FieldTexts;
  readonly #subroutines: YulSubroutines;
  readonly #storage: YulStorage;
  readonly #uses: Map<number, number>;
  readonly #lines: string[] = [];
  /** Temporaries that have a name. */
  readonly #named = new Map<number, Yul>();
  /** Temporaries to be written where they are used. */
  readonly #pending = new Map<number, Pending>();
  readonly #variables = new Map<number, YulPlace>();
  readonly #readsAfterWrite: boolean;
  #indent: string;

  constructor(
    program: Pick<Program, 'statements'> & Partial<Pick<Subroutine, 'results'>>,
    fields: FieldTexts,
    indent: string,
    subroutines: YulSubroutines,
    maxVariables = MAX_VARIABLES,
  ) {
    this.#statements = program.statements;
    this.#fields = fields;
    this.#indent = indent;
    this.#subroutines = subroutines;
    this.#storage = new YulStorage(maxVariables, subroutines.scratchEnd(program.statements));
    this.#uses = countUses(program.statements, program.results);
    this.#readsAfterWrite = readsAfterWrite(program.statements);
  }

  /** The body of a program's function. */
  run(): string {
    this.#block(this.#statements, true);
    return this.#lines.join('\n');
  }

  /** The body of a subroutine with these parameters, that ends with the results in r0, r1, ... */
  subroutine(parameters: readonly Temporary[], results: readonly Value[]): string {
    this.#storage.occupy(results.length);
    const onStack = parameters.length <= MAX_STACK_PARAMETERS;
    if (onStack) this.#storage.occupy(parameters.length);
    for (const { id } of parameters) {
      if (onStack) this.#named.set(id, clean(`t${id}`));
      else this.#keep(id, this.#storage.word(), `t${id}`);
    }
    this.#block(this.#statements, false);
    for (const [i, result] of results.entries()) this.#line(`r${i} := ${this.#clean(result)}`);
    return this.#lines.join('\n');
  }

  /** Words of scratch memory below this are used by it or by what it calls. */
  get scratchEnd(): number {
    return this.#storage.end;
  }

  #line(text: string): void {
    this.#lines.push(`${this.#indent}${text}`);
  }

  /** Statements of one scope; `last` if the function ends with it. */
  #block(statements: readonly Statement[], last: boolean): void {
    this.#storage.scope(() => {
      for (const [i, statement] of statements.entries())
        this.#statement(statement, last && i === statements.length - 1);
    });
  }

  #statement(statement: Statement, last: boolean): void {
    switch (statement.kind) {
      case 'let':
        this.#let(statement);
        break;
      case 'call':
        this.#callSubroutine(statement);
        break;
      case 'declare':
        this.#declare(statement.variable, this.#clean(statement.value));
        break;
      case 'readVariable':
        this.#define(statement, clean(this.#variable(statement.variable).get));
        break;
      case 'readRegister':
        this.#define(statement, clean(`mload(${this.#register(statement.register)})`));
        break;
      case 'readState':
        this.#define(statement, clean(`mload(${stateConstant(statement.name)})`));
        break;
      case 'readMemory':
        this.#bind(statement.result, `read(${this.#clean(statement.address)}, ${statement.bytes})`);
        break;
      case 'preimageLength':
        this.#bind(statement.result, 'preimageLength()');
        break;
      case 'when':
      case 'repeat':
      case 'execute':
      case 'jump':
      case 'trap':
      case 'halt':
        this.#control(statement, last);
        break;
      default:
        this.#effect(statement);
        break;
    }
  }

  #effect(statement: Effect): void {
    // Its operands are read before it changes anything, so they may be written in place.
    const text = this.#effectText(statement);
    this.#flush(writesOf([statement]));
    if (text) this.#line(text);
  }

  #effectText(statement: Effect): string | undefined {
    switch (statement.kind) {
      case 'assign':
        return this.#variable(statement.variable).set(this.#clean(statement.value));
      case 'writeRegister':
        return `mstore(${this.#register(statement.register)}, ${this.#clean(statement.value)})${this.#resetX0(statement.register)}`;
      case 'writeState':
        return `mstore(${stateConstant(statement.name)}, ${this.#clean(statement.value)})`;
      case 'writeMemory':
        return this.#call('write', [statement.address, statement.bytes, statement.value]);
      case 'zeroPages':
        return this.#call('zeroPages', [statement.address, statement.log2Pages]);
      case 'copyPreimage':
        return this.#call('copyPreimage', [statement.address, statement.offset, statement.count]);
      case 'pushThread':
      case 'popThread':
        return this.#call(statement.kind, [statement.right]);
      case 'emit':
        // Nothing of it is state; its operands are dropped.
        for (const operand of [statement.channel, statement.address, statement.length]) this.#value(operand);
        return undefined;
      default:
        return unreachable(statement);
    }
  }

  /** The word of x0 is reset after a row; at once, if the row may read it after it wrote a register that may be x0. */
  #resetX0({ file, number }: Register): string {
    return file === 'x' && typeof number === 'object' && this.#readsAfterWrite ? ' mstore(X, 0)' : '';
  }

  #control(statement: Control, last: boolean): void {
    const leave = last ? '' : ' leave';
    switch (statement.kind) {
      case 'when':
        this.#when(statement, last);
        break;
      case 'repeat':
        this.#repeat(statement);
        break;
      case 'jump':
        this.#line(`mstore(NEXT_PC, ${this.#clean(statement.target)})${leave}`);
        break;
      case 'trap':
        this.#line(`trap(${REASON[statement.reason]})${leave}`);
        break;
      case 'halt':
        this.#line(`halt(${this.#clean(statement.status)})${leave}`);
        break;
      case 'execute': {
        const [word, length] = [this.#clean(statement.word), this.#clean(statement.length)];
        this.#line(`mstore(WORD, ${word}) mstore(LENGTH, ${length})${leave}`);
        break;
      }
      default:
        unreachable(statement);
    }
  }

  #when({ condition, consequence, alternative }: Extract<Statement, { kind: 'when' }>, last: boolean): void {
    const test = this.#value(condition);
    this.#flush(writesOf([...consequence, ...alternative]));
    const arms = [consequence, alternative].map((arm) => arm.length > 0);
    if (!arms[0]) {
      if (arms[1]) this.#arm(`if ${conditionText(yulOperator('not', [test], 1, 1))}`, alternative, last);
    } else if (!arms[1]) this.#arm(`if ${conditionText(test)}`, consequence, last);
    else if (endsStep(consequence)) {
      this.#arm(`if ${conditionText(test)}`, consequence, false);
      this.#block(alternative, last);
    } else {
      this.#line(`switch ${cleanText(test, 1)}`);
      this.#arm('case 0', alternative, last);
      this.#arm('default', consequence, last);
    }
  }

  #arm(head: string, statements: readonly Statement[], last: boolean): void {
    const indent = this.#indent;
    this.#line(`${head} {`);
    this.#indent += '  ';
    this.#block(statements, last);
    this.#indent = indent;
    this.#line('}');
  }

  #repeat({ count, index, body }: Extract<Statement, { kind: 'repeat' }>): void {
    // A pending expression used inside would be computed in every round.
    this.#flush(writesOf(body), new Set(usedIn(body)));
    this.#storage.scope(() => {
      this.#storage.occupy(1);
      const name = `t${index.id}`;
      this.#named.set(index.id, clean(name));
      this.#arm(`for { let ${name} := 0 } lt(${name}, ${count}) { ${name} := add(${name}, 1) }`, body, false);
    });
  }

  #let(statement: Extract<Statement, { kind: 'let' }>): void {
    const { result, operator, args } = statement;
    if (!this.#uses.has(result.id)) return;
    const reads = new Set(args.flatMap((arg) => [...this.#reads(arg)]));
    const width = args.at(-1)?.width ?? result.width;
    const values = args.map((arg) => this.#value(arg));
    this.#define(statement, yulOperator(operator, values, width, result.width), reads);
  }

  #callSubroutine({ subroutine, args, results }: Extract<Statement, { kind: 'call' }>): void {
    const call = `${this.#subroutines.name(subroutine)}(${args.map((arg) => this.#clean(arg)).join(', ')})`;
    const declaration = `let ${results.map(({ id }) => `t${id}`).join(', ')} := ${call}`;
    if (this.#storage.fits(results.length)) {
      this.#storage.occupy(results.length);
      for (const { id } of results) this.#named.set(id, clean(`t${id}`));
      this.#line(declaration);
      return;
    }
    const stores = results.map(({ id }) => {
      const word = this.#storage.word();
      this.#named.set(id, clean(word.get));
      return word.set(`t${id}`);
    });
    this.#line(`{ ${declaration} ${stores.join(' ')} }`);
  }

  #declare(variable: Variable, initial: string): void {
    const place = this.#storage.take(`v${variable.id}`);
    this.#variables.set(variable.id, place);
    this.#line(place.initialise(initial));
  }

  /** Names the result of a statement, or keeps its expression for the one place that uses it. */
  #define(
    statement: Extract<Statement, { readonly result: Temporary }>,
    value: Yul,
    reads: ReadonlySet<Place> = new Set(readsOf(statement)),
  ): void {
    const { result } = statement;
    const uses = this.#uses.get(result.id) ?? 0;
    if (uses === 1) this.#pending.set(result.id, { value, width: result.width, reads });
    else if (uses > 1) this.#bind(result, cleanText(value, result.width));
  }

  /** Computes a result here and gives it a place. */
  #bind({ id }: Temporary, text: string): void {
    if (this.#uses.has(id)) this.#keep(id, this.#storage.take(`t${id}`), text);
    else this.#line(`pop(${text})`);
  }

  /** Puts the value of a temporary into a place. */
  #keep(id: number, place: YulPlace, text: string): void {
    this.#named.set(id, clean(place.get));
    this.#line(place.initialise(text));
  }

  /** Computes now what reads one of `places`, and the temporaries `also`, since what follows would come before them. */
  #flush(changed: ReadonlySet<Place>, also: ReadonlySet<number> = new Set()): void {
    for (const [id, { value, width, reads }] of [...this.#pending]) {
      if (!also.has(id) && !overlaps(changed, reads)) continue;
      this.#pending.delete(id);
      this.#bind({ kind: 'temporary', id, width }, cleanText(value, width));
    }
  }

  /** The expression of an operand. A pending one is used up. */
  #value(value: Value): Yul {
    if (value.kind === 'constant') return literal(value.value);
    if (value.kind === 'field') return clean(this.#fields.field(value.name));
    const pending = this.#pending.get(value.id);
    if (pending) this.#pending.delete(value.id);
    const found = pending?.value ?? this.#named.get(value.id);
    assert(found !== undefined, () => `temporary ${value.id} is used before it is computed`);
    return found;
  }

  #clean(value: Value): string {
    return cleanText(this.#value(value), value.width);
  }

  #reads(value: Value): ReadonlySet<Place> {
    return (value.kind === 'temporary' && this.#pending.get(value.id)?.reads) || new Set();
  }

  #call(name: string, args: readonly (Value | number)[]): string {
    return `${name}(${args.map((arg) => (typeof arg === 'number' ? arg : this.#clean(arg))).join(', ')})`;
  }

  #variable(variable: Variable): YulPlace {
    const found = this.#variables.get(variable.id);
    assert(found !== undefined, () => `variable ${variable.id} is used before it is declared`);
    return found;
  }

  #register({ file, number }: Register): string {
    return typeof number === 'number' ? `${file.toUpperCase()}${number}` : this.#fields.register(file, number.field);
  }
}

type Control = Extract<Statement, { kind: 'when' | 'repeat' | 'execute' | 'jump' | 'trap' | 'halt' }>;
type Effect = Extract<
  Statement,
  {
    kind:
      | 'assign'
      | 'writeRegister'
      | 'writeState'
      | 'writeMemory'
      | 'zeroPages'
      | 'copyPreimage'
      | 'pushThread'
      | 'popThread'
      | 'emit';
  }
>;

/** Whether a list of statements ends the step on every path. */
function endsStep(statements: readonly Statement[]): boolean {
  const last = statements.at(-1);
  if (last?.kind === 'when') return endsStep(last.consequence) && endsStep(last.alternative);
  return last !== undefined && ['execute', 'jump', 'trap', 'halt'].includes(last.kind);
}
