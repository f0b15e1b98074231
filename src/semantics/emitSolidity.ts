// The Solidity reading: writes a program as the body of a Yul function over the frame (solidityFrame.ts). A temporary that is
// used once is written where it is used; one that is used more often is a Yul variable, or, where too many live already
// for the EVM's stack, a word of memory. What an expression reads is never moved behind something that changes it.

import { assert, unreachable } from '../invariant.ts';
import { REASON } from './layout.ts';
import type { Program, Register, Statement, Temporary, Value, Variable } from './program.ts';
import { walk } from './program.ts';
import { clean, cleanText, conditionText, literal, type Yul, yulOperator } from './solidityExpression.ts';
import { SCRATCH_ADDRESS, SCRATCH_WORDS, stateConstant, WORD_BYTES } from './solidityFrame.ts';

/** Yul variables that a function may hold at once; the EVM reaches 16 words, expressions and the return address need some. */
const MAX_LIVE = 8;
/** Operators that an expression may nest before a part of it gets a name. */
const MAX_DEPTH = 6;

/** How a program reads its instruction: Yul expressions over the parameter of the function. */
export interface FieldTexts {
  /** The 64 bits of a word field. */
  readonly field: (name: string) => string;
  /** Address in the frame of the register that a field numbers. */
  readonly register: (file: 'x' | 'f', field: string) => string;
}

/** The body of the function: statements one a line, indented by `indent`, without the braces around them. */
export function emitBody(program: Program, fields: FieldTexts, indent = ''): string {
  return new Emitter(program, fields, indent).run();
}

/**
 * An expression without effects: operators on fields, each temporary written where it is used. Gives clean Yul text. A
 * field is known to fit the width that it is truncated to.
 */
export function emitExpression(
  expression: { readonly statements: readonly Statement[]; readonly result: Value },
  field: (name: string) => string,
): string {
  const values = new Map<number, Yul>();
  const text = (value: Value): Yul => {
    if (value.kind === 'constant') return literal(value.value);
    if (value.kind === 'field') return clean(field(value.name));
    const found = values.get(value.id);
    assert(found !== undefined, () => `temporary ${value.id} is used before it is computed`);
    return found;
  };
  for (const statement of expression.statements) {
    assert(statement.kind === 'let', () => `an expression has a statement ${statement.kind}`);
    const { operator, args, result } = statement;
    const width = args.at(-1)?.width ?? result.width;
    const value = yulOperator(operator, args.map(text), width, result.width);
    values.set(result.id, operator === 'trunc' && args[0]?.kind === 'field' ? clean(value.text) : value);
  }
  return cleanText(text(expression.result), expression.result.width);
}

/** What an expression reads, or a statement changes: registers, state variables, locals, memory. */
type Places = ReadonlySet<string>;

interface Pending {
  readonly value: Yul;
  readonly width: Temporary['width'];
  readonly reads: Places;
}

class Emitter {
  readonly #program: Program;
  readonly #fields: FieldTexts;
  readonly #uses: readonly number[];
  /** Writes of registers after which one is read whose number is not known. */
  readonly #readLater: ReadonlySet<Statement>;
  readonly #lines: string[] = [];
  /** Temporaries that have a name. */
  readonly #named = new Map<number, Yul>();
  /** Temporaries to be written where they are used. */
  readonly #pending = new Map<number, Pending>();
  readonly #variables = new Map<number, { readonly get: string; readonly set: (value: string) => string }>();
  #indent: string;
  #live = 0;
  #spilled = 0;

  constructor(program: Program, fields: FieldTexts, indent: string) {
    this.#program = program;
    this.#fields = fields;
    this.#indent = indent;
    this.#uses = countUses(program);
    this.#readLater = writesReadLater(program);
  }

  run(): string {
    this.#block(this.#program.statements, true);
    return this.#lines.join('\n');
  }

  #line(text: string): void {
    this.#lines.push(`${this.#indent}${text}`);
  }

  /** Statements of one scope; `last` if the function ends with it. */
  #block(statements: readonly Statement[], last: boolean): void {
    const [live, spilled] = [this.#live, this.#spilled];
    statements.forEach((statement, i) => {
      this.#statement(statement, last && i === statements.length - 1);
    });
    [this.#live, this.#spilled] = [live, spilled];
  }

  #statement(statement: Statement, last: boolean): void {
    switch (statement.kind) {
      case 'let':
        this.#let(statement);
        break;
      case 'declare':
        this.#declare(statement.variable, this.#clean(statement.value));
        break;
      case 'readVariable': {
        const variable = this.#variable(statement.variable);
        this.#define(statement.result, clean(variable.get), new Set([place(statement.variable)]));
        break;
      }
      case 'readRegister':
        this.#define(
          statement.result,
          clean(`mload(${this.#register(statement.register)})`),
          new Set([registerPlace(statement.register)]),
        );
        break;
      case 'readState':
        this.#define(statement.result, clean(`mload(${stateConstant(statement.name)})`), new Set([statement.name]));
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
    this.#flush(changes([statement]));
    if (text) this.#line(text);
  }

  #effectText(statement: Effect): string | undefined {
    switch (statement.kind) {
      case 'assign':
        return this.#variable(statement.variable).set(this.#clean(statement.value));
      case 'writeRegister':
        return `mstore(${this.#register(statement.register)}, ${this.#clean(statement.value)})${this.#resetX0(statement)}`;
      case 'writeState':
        assert(statement.name !== 'pc', 'a meaning jumps, it does not write pc');
        return `mstore(${stateConstant(statement.name)}, ${this.#clean(statement.value)})`;
      case 'writeMemory':
        return this.#call('write', [statement.address, statement.bytes, statement.value]);
      case 'zeroPages':
        return this.#call('zeroPages', [statement.address, statement.log2Pages]);
      case 'copyPreimage':
        return this.#call('copyPreimage', [statement.address, statement.offset, statement.count]);
      case 'emit':
        // Nothing of it is state; its operands are dropped.
        for (const operand of [statement.channel, statement.address, statement.length]) this.#value(operand);
        return undefined;
      default:
        return unreachable(statement);
    }
  }

  /** A write of x0 lasts to the end of the function, where it is undone, unless a register may be read before. */
  #resetX0(statement: Extract<Statement, { kind: 'writeRegister' }>): string {
    const { file, number } = statement.register;
    return file === 'x' && typeof number === 'object' && this.#readLater.has(statement) ? ' mstore(X, 0)' : '';
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
    this.#flush(changes([...consequence, ...alternative]));
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
    this.#flush(changes(body), usedIn(body));
    this.#live++;
    const name = `t${index.id}`;
    this.#named.set(index.id, clean(name));
    this.#arm(`for { let ${name} := 0 } lt(${name}, ${count}) { ${name} := add(${name}, 1) }`, body, false);
    this.#live--;
  }

  #let({ result, operator, args }: Extract<Statement, { kind: 'let' }>): void {
    if (!this.#uses[result.id]) return;
    const reads = new Set(args.flatMap((arg) => [...this.#reads(arg)]));
    const width = args.at(-1)?.width ?? result.width;
    const values = args.map((arg) => this.#value(arg));
    const depth = 1 + Math.max(...values.map((value) => value.depth ?? 0));
    this.#define(result, { ...yulOperator(operator, values, width, result.width), depth }, reads);
  }

  #declare(variable: Variable, initial: string): void {
    if (this.#live < MAX_LIVE) {
      const name = `v${variable.id}`;
      this.#live++;
      this.#variables.set(variable.id, { get: name, set: (value) => `${name} := ${value}` });
      this.#line(`let ${name} := ${initial}`);
    } else {
      const address = this.#spill();
      this.#variables.set(variable.id, { get: `mload(${address})`, set: (value) => `mstore(${address}, ${value})` });
      this.#line(`mstore(${address}, ${initial})`);
    }
  }

  /** Names a result, or keeps its expression for the one place that uses it. */
  #define(result: Temporary, value: Yul, reads: Places): void {
    const uses = this.#uses[result.id] ?? 0;
    if (uses === 1 && (value.depth ?? 0) < MAX_DEPTH)
      this.#pending.set(result.id, { value, width: result.width, reads });
    else if (uses > 0) this.#bind(result, cleanText(value, result.width));
  }

  /** Computes a result here and gives it a name, or a word of memory. */
  #bind(result: Temporary, text: string): void {
    if (!this.#uses[result.id]) this.#line(`pop(${text})`);
    else if (this.#live < MAX_LIVE) {
      this.#live++;
      this.#named.set(result.id, clean(`t${result.id}`));
      this.#line(`let t${result.id} := ${text}`);
    } else {
      const address = this.#spill();
      this.#named.set(result.id, clean(`mload(${address})`));
      this.#line(`mstore(${address}, ${text})`);
    }
  }

  #spill(): string {
    assert(this.#spilled < SCRATCH_WORDS, 'a meaning holds more temporaries at once than there are words for them');
    return `0x${(SCRATCH_ADDRESS + WORD_BYTES * this.#spilled++).toString(16)}`;
  }

  /** Computes now what reads one of `places`, and the temporaries `also`, since what follows would come before them. */
  #flush(places: Places, also: ReadonlySet<number> = new Set()): void {
    for (const [id, { value, width, reads }] of [...this.#pending]) {
      if (!also.has(id) && ![...places].some((changed) => [...reads].some((read) => overlap(changed, read)))) continue;
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

  #reads(value: Value): Places {
    return (value.kind === 'temporary' && this.#pending.get(value.id)?.reads) || new Set();
  }

  #call(name: string, args: readonly (Value | number)[]): string {
    return `${name}(${args.map((arg) => (typeof arg === 'number' ? arg : this.#clean(arg))).join(', ')})`;
  }

  #variable(variable: Variable): { readonly get: string; readonly set: (value: string) => string } {
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
  { kind: 'assign' | 'writeRegister' | 'writeState' | 'writeMemory' | 'zeroPages' | 'copyPreimage' | 'emit' }
>;

/** Whether a list of statements ends the step on every path. */
function endsStep(statements: readonly Statement[]): boolean {
  const last = statements.at(-1);
  if (last?.kind === 'when') return endsStep(last.consequence) && endsStep(last.alternative);
  return last !== undefined && ['execute', 'jump', 'trap', 'halt'].includes(last.kind);
}

const place = (variable: Variable): string => `local ${variable.id}`;

function registerPlace({ file, number }: Register): string {
  return typeof number === 'number' ? `register ${file}${number}` : `register ${file}`;
}

/** What the statements may change, of what an expression may read. Memory is not among it: a read of it is computed at once. */
function changes(statements: readonly Statement[]): Places {
  const places = new Set<string>();
  for (const statement of walk(statements)) {
    if (statement.kind === 'assign') places.add(place(statement.variable));
    else if (statement.kind === 'writeState') places.add(statement.name);
    else if (statement.kind === 'writeRegister') places.add(registerPlace(statement.register));
  }
  return places;
}

/** Whether two places may be one: a register that a field numbers may be any of its file. */
function overlap(a: string, b: string): boolean {
  return a === b || (a.startsWith('register ') && b.startsWith('register ') && (b.startsWith(a) || a.startsWith(b)));
}

/** Writes of registers after which, on some path, a register is read whose number an instruction field gives. */
function writesReadLater(program: Program): ReadonlySet<Statement> {
  const writes = new Set<Statement>();
  const found = new Set<Statement>();
  const visit = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      if (statement.kind === 'writeRegister') writes.add(statement);
      if (statement.kind === 'readRegister' && typeof statement.register.number === 'object')
        for (const write of writes) found.add(write);
      if (statement.kind === 'when') for (const arm of [statement.consequence, statement.alternative]) visit(arm);
      // What the body reads comes after what it writes, one round later.
      if (statement.kind === 'repeat') for (const round of [statement.body, statement.body]) visit(round);
    }
  };
  visit(program.statements);
  return found;
}

function operandsOf(statement: Statement): readonly Value[] {
  if (statement.kind === 'let') return statement.args;
  return Object.values(statement).filter(
    (each): each is Value =>
      typeof each === 'object' && 'kind' in each && ['temporary', 'constant', 'field'].includes(each.kind),
  );
}

function usedIn(statements: readonly Statement[]): ReadonlySet<number> {
  const ids = new Set<number>();
  for (const statement of walk(statements))
    for (const operand of operandsOf(statement)) if (operand.kind === 'temporary') ids.add(operand.id);
  return ids;
}

function countUses(program: Program): readonly number[] {
  const uses = new Array<number>(program.temporaries).fill(0);
  for (const statement of walk(program.statements))
    for (const operand of operandsOf(statement))
      if (operand.kind === 'temporary' && !('result' in statement && statement.result === operand))
        uses[operand.id] = (uses[operand.id] ?? 0) + 1;
  return uses;
}
