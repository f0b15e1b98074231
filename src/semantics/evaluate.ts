// The evaluate reading: runs a program on BigInt words against a hart. It defines what a meaning means; the other readings
// are held against it.

import { assert, unreachable } from '../invariant.ts';
import type { Reason } from './layout.ts';
import { applyOperator } from './operators.ts';
import type { Program, Register, Statement, StateName, Value } from './program.ts';

/** What a program acts upon: a machine, or the part of one that a proof opens. All words are unsigned. */
export interface Hart {
  /** Register `number` of a file; x0 is 0. */
  readRegister(file: 'x' | 'f', number: number): bigint;
  /** A write to x0 has no effect. */
  writeRegister(file: 'x' | 'f', number: number, value: bigint): void;
  readState(name: StateName): bigint;
  writeState(name: StateName, value: bigint): void;
  /** `bytes` little-endian bytes at `address`, which is inside guest memory or the kernel's data. */
  readMemory(address: bigint, bytes: number): bigint;
  writeMemory(address: bigint, bytes: number, value: bigint): void;
  zeroPages(address: bigint, log2Pages: number): void;
  /** The thread as it is now goes on a stack; the last one of a stack, which is not empty, becomes the thread. */
  pushThread(right: boolean): void;
  popThread(right: boolean): void;
  /** Length of the current preimage with its prefix; throws (a MissingPreimage) where the host does not have it. */
  preimageLength(): bigint;
  copyPreimage(address: bigint, offset: bigint, count: number): void;
  emit(channel: bigint, address: bigint, length: bigint): void;
}

/** How a program ended: it fell to the next instruction, jumped, trapped, or halted with a status. */
export type Outcome =
  | { readonly kind: 'next' }
  | { readonly kind: 'execute'; readonly word: bigint; readonly length: bigint }
  | { readonly kind: 'jump'; readonly target: bigint }
  | { readonly kind: 'trap'; readonly reason: Reason }
  | { readonly kind: 'halt'; readonly status: number };

/** Runs `program` on `hart`. `fields` gives the decoded fields of the instruction that were not known when it was built. */
export function evaluate(program: Program, fields: Readonly<Record<string, bigint>>, hart: Hart): Outcome {
  return new Evaluation(program, fields, hart).run(program.statements) ?? { kind: 'next' };
}

type Large = 'zeroPages' | 'pushThread' | 'popThread' | 'preimageLength' | 'copyPreimage' | 'emit';

class Evaluation {
  readonly #fields: Readonly<Record<string, bigint>>;
  readonly #hart: Hart;
  readonly #temporaries: bigint[];
  readonly #variables: bigint[];

  constructor(
    program: Pick<Program, 'temporaries' | 'variables'>,
    fields: Readonly<Record<string, bigint>>,
    hart: Hart,
  ) {
    this.#fields = fields;
    this.#hart = hart;
    this.#temporaries = new Array<bigint>(program.temporaries);
    this.#variables = new Array<bigint>(program.variables);
  }

  run(statements: readonly Statement[]): Outcome | undefined {
    for (const statement of statements) {
      const outcome = this.#execute(statement);
      if (outcome) return outcome;
    }
    return undefined;
  }

  #execute(statement: Statement): Outcome | undefined {
    const hart = this.#hart;
    switch (statement.kind) {
      case 'let': {
        const { operator, args, result } = statement;
        const width = args.at(-1)?.width ?? result.width;
        this.#define(
          result,
          applyOperator(
            operator,
            args.map((arg) => this.#value(arg)),
            width,
            result.width,
          ),
        );
        return undefined;
      }
      case 'call':
        this.#call(statement);
        return undefined;
      case 'declare':
      case 'assign':
        this.#variables[statement.variable.id] = this.#value(statement.value);
        return undefined;
      case 'readVariable':
        this.#define(statement.result, this.#variables[statement.variable.id]);
        return undefined;
      case 'readRegister':
        this.#define(statement.result, hart.readRegister(statement.register.file, this.#number(statement.register)));
        return undefined;
      case 'writeRegister':
        hart.writeRegister(statement.register.file, this.#number(statement.register), this.#value(statement.value));
        return undefined;
      case 'readState':
        this.#define(statement.result, hart.readState(statement.name));
        return undefined;
      case 'writeState':
        hart.writeState(statement.name, this.#value(statement.value));
        return undefined;
      case 'readMemory':
        this.#define(statement.result, hart.readMemory(this.#value(statement.address), statement.bytes));
        return undefined;
      case 'writeMemory':
        hart.writeMemory(this.#value(statement.address), statement.bytes, this.#value(statement.value));
        return undefined;
      case 'zeroPages':
      case 'pushThread':
      case 'popThread':
      case 'preimageLength':
      case 'copyPreimage':
      case 'emit':
        this.#large(statement);
        return undefined;
      default:
        return this.#control(statement);
    }
  }

  /** What only system calls and thread switches do. */
  #large(statement: Extract<Statement, { kind: Large }>): void {
    const hart = this.#hart;
    switch (statement.kind) {
      case 'zeroPages':
        hart.zeroPages(this.#value(statement.address), Number(this.#value(statement.log2Pages)));
        break;
      case 'pushThread':
        hart.pushThread(this.#value(statement.right) === 1n);
        break;
      case 'popThread':
        hart.popThread(this.#value(statement.right) === 1n);
        break;
      case 'preimageLength':
        this.#define(statement.result, hart.preimageLength());
        break;
      case 'copyPreimage':
        hart.copyPreimage(
          this.#value(statement.address),
          this.#value(statement.offset),
          Number(this.#value(statement.count)),
        );
        break;
      case 'emit':
        hart.emit(this.#value(statement.channel), this.#value(statement.address), this.#value(statement.length));
        break;
      default:
        unreachable(statement);
    }
  }

  #call({ subroutine, args, results }: Extract<Statement, { kind: 'call' }>): void {
    const callee = new Evaluation(subroutine, {}, this.#hart);
    for (const [i, parameter] of subroutine.parameters.entries()) callee.#define(parameter, this.#value(args[i]));
    callee.run(subroutine.statements);
    for (const [i, result] of results.entries()) this.#define(result, callee.#value(subroutine.results[i]));
  }

  #control(
    statement: Extract<Statement, { kind: 'when' | 'repeat' | 'execute' | 'jump' | 'trap' | 'halt' }>,
  ): Outcome | undefined {
    switch (statement.kind) {
      case 'when':
        return this.run(this.#value(statement.condition) === 1n ? statement.consequence : statement.alternative);
      case 'repeat':
        for (let i = 0; i < statement.count; i++) {
          this.#define(statement.index, BigInt(i));
          this.run(statement.body);
        }
        return undefined;
      case 'execute':
        return { kind: 'execute', word: this.#value(statement.word), length: this.#value(statement.length) };
      case 'jump':
        return { kind: 'jump', target: this.#value(statement.target) };
      case 'trap':
        return { kind: 'trap', reason: statement.reason };
      case 'halt':
        return { kind: 'halt', status: Number(this.#value(statement.status)) };
      default:
        return unreachable(statement);
    }
  }

  #value(value: Value | undefined): bigint {
    assert(value !== undefined, 'a value that is not there');
    if (value.kind === 'constant') return value.value;
    const found = value.kind === 'field' ? this.#fields[value.name] : this.#temporaries[value.id];
    assert(
      found !== undefined,
      `${value.kind === 'field' ? `field ${value.name}` : `temporary ${value.id}`} has no value`,
    );
    return found;
  }

  #define(result: { readonly id: number; readonly width: number }, value: bigint | undefined): void {
    assert(
      value !== undefined && value >= 0n && value >> BigInt(result.width) === 0n,
      `${value} is no ${result.width}-bit word`,
    );
    this.#temporaries[result.id] = value;
  }

  #number(register: Register): number {
    if (typeof register.number === 'number') return register.number;
    const found = this.#fields[register.number.field];
    assert(found !== undefined && found < 32n, `field ${register.number.field} is no register number: ${found}`);
    return Number(found);
  }
}
