// The WebAssembly reading: emits the code of a program. Operators are emitted here, the same for every purpose; what an
// effect does to a machine is the target's: an interpreter's handler, a decoder, a translator.
//
// A temporary that is used once is emitted where it is used, if nothing between changes what it reads; any other gets a
// local. Words of up to 32 bits are i32, of 64 i64, of 128 two i64, all zero-extended.

import { assert, unreachable } from '../invariant.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import { Load, Op, ValueType } from '../wasm/opcodes.ts';
import { countUses, overlaps, type Place, readsOf, usedIn, valuesOf, writesOf } from './dataflow.ts';
import { emitConstant, emitConversion, emitOperator, type Push, typeOf } from './emitWasmOperators.ts';
import {
  emitWide,
  emitWideCompare,
  keepWide,
  selectWide,
  type Wide,
  type WideContext,
  withConstant,
} from './emitWasmWide.ts';
import { COMPARE, type Operator, type Width } from './operators.ts';
import { type Statement, type Temporary, type Value, walk } from './program.ts';
import type { WasmTarget } from './wasmTarget.ts';

/** A list of statements whose temporaries and variables have ids of their own: a program, or an expression. */
interface Statements {
  readonly statements: readonly Statement[];
}

/** A statement that gives a temporary its value. */
export type Definition = Extract<Statement, { readonly result: unknown }>;
type Let = Extract<Statement, { kind: 'let' }>;
type Call = Extract<Statement, { kind: 'call' }>;
type Effect = Exclude<Statement, Let | Call | { kind: `read${string}` | 'repeat' }>;

/** A temporary that is not computed yet: it will be emitted at its only use, with the operands that are part of it. */
interface Pending {
  readonly statement: Definition;
  readonly parts: ReadonlyMap<number, Pending>;
  readonly reads: ReadonlySet<Place>;
}

type Parts = ReadonlyMap<number, Pending>;

const LOADS = { 1: Load.i32From8U, 2: Load.i32From16U, 4: Load.i32, 8: Load.i64 } as const;
const EXTENDING_LOADS = {
  sext: { 1: Load.i64From8S, 2: Load.i64From16S, 4: Load.i64From32S, 8: Load.i64 },
  zext: { 1: Load.i64From8U, 2: Load.i64From16U, 4: Load.i64From32U, 8: Load.i64 },
} as const;

/** Emits one program, or the value of one expression. */
export class WasmEmitter {
  readonly #target: WasmTarget;
  readonly #code: CodeBuilder;
  readonly #statements: readonly Statement[];
  readonly #uses: Map<number, number>;
  readonly #definitions = new Map<number, Definition>();
  readonly #pending = new Map<number, Pending>();
  /** Where temporaries and variables are; of 128 bits in `wide`. */
  readonly #locals = new Map<number, number>();
  readonly #variables = new Map<number, number>();
  readonly #wides = new Map<number, Wide>();
  readonly #wideVariables = new Map<number, readonly [low: number, high: number]>();
  readonly #context: WideContext;

  constructor(program: Statements, target: WasmTarget) {
    this.#target = target;
    this.#code = target.code;
    this.#statements = program.statements;
    this.#uses = countUses(program.statements);
    for (const statement of walk(program.statements))
      if ('result' in statement) this.#definitions.set(statement.result.id, statement);
    this.#context = {
      code: target.code,
      locals: (type) => target.local(type),
      division: () => target.wideDivision(),
    };
  }

  /** The statement that gives a value, if it is a temporary. */
  definition(value: Value): Definition | undefined {
    return value.kind === 'temporary' ? this.#definitions.get(value.id) : undefined;
  }

  /** Emits the statements. Where they do not end the step, the code after them is what follows. */
  program(): void {
    this.#run(this.#statements);
  }

  /** Takes the first locals of the function as the parameters of a subroutine: two for 128 bits, the low half first. */
  parameters(parameters: readonly Temporary[]): void {
    let local = 0;
    for (const { id, width } of parameters) {
      const index = local++;
      if (width !== 128) this.#locals.set(id, index);
      else {
        const high = local++;
        this.#wides.set(id, { low: () => this.#code.localGet(index), high: () => this.#code.localGet(high) });
      }
    }
  }

  /** Emits a subroutine: its statements, then its results, which are pushed. */
  results(results: readonly Value[]): void {
    for (const result of results)
      if (result.kind === 'temporary') this.#uses.set(result.id, (this.#uses.get(result.id) ?? 0) + 1);
    this.#run(this.#statements);
    for (const result of results) this.#pushWhole(result);
  }

  /** Emits an expression: its statements, then its result (not of 128 bits), which is pushed. */
  expression(result: Value): void {
    if (result.kind === 'temporary') this.#uses.set(result.id, (this.#uses.get(result.id) ?? 0) + 1);
    this.#run(this.#statements);
    this.#value(result)();
  }

  #run(statements: readonly Statement[]): void {
    for (const statement of statements) {
      if ('result' in statement && statement.kind !== 'preimageLength') this.#define(statement);
      else if (statement.kind === 'repeat') this.#repeat(statement);
      else if (statement.kind === 'call') this.#call(statement);
      else {
        // The operands are taken first: what they read is read before the statement changes it.
        const operands = valuesOf(statement).map((value) => this.#value(value));
        this.#settle(writesOf([statement]));
        this.#effect(statement as Effect, operands as [Push, Push, Push]);
      }
    }
  }

  #effect(statement: Effect, [a, b, c]: readonly [Push, Push, Push]): void {
    const target = this.#target;
    switch (statement.kind) {
      case 'declare':
      case 'assign':
        this.#assign(statement.variable, statement.value, a);
        break;
      case 'writeRegister':
        target.writeRegister(statement.register, a);
        break;
      case 'writeState':
        target.writeState(statement.name, a);
        break;
      case 'writeMemory':
        target.writeMemory(statement.bytes, a, b);
        break;
      case 'zeroPages':
        target.zeroPages(a, b);
        break;
      case 'preimageLength':
        target.preimageLength();
        this.#keep(statement.result.id, ValueType.i64);
        break;
      case 'copyPreimage':
        target.copyPreimage(a, b, c);
        break;
      case 'emit':
        target.emit(a, b, c);
        break;
      case 'pushThread':
        target.pushThread(a);
        break;
      case 'popThread':
        target.popThread(a);
        break;
      case 'when':
        this.#when(statement, a);
        break;
      case 'execute':
        target.execute(a, b);
        break;
      case 'jump':
        target.jump(a, statement.target, this);
        break;
      case 'trap':
        target.trap(statement.reason);
        break;
      case 'halt':
        target.halt(a);
        break;
      default:
        unreachable(statement);
    }
  }

  #when({ consequence, alternative }: Extract<Statement, { kind: 'when' }>, condition: Push): void {
    const [only] = consequence;
    if (only?.kind === 'trap' && alternative.length === 0) {
      this.#target.trapIf(condition, only.reason);
      return;
    }
    condition();
    this.#code.if();
    this.#run(consequence);
    if (alternative.length > 0) {
      this.#code.else();
      this.#run(alternative);
    }
    this.#code.end();
  }

  /** A subroutine changes nothing, so that nothing pending has to be computed before it is called. */
  #call({ subroutine, args, results }: Call): void {
    for (const arg of args) this.#pushWhole(arg);
    this.#code.call(this.#target.subroutine(subroutine));
    for (const { id, width } of [...results].reverse()) {
      if (width !== 128) this.#keep(id, typeOf(width));
      else {
        const high = this.#keptWord(ValueType.i64);
        this.#wides.set(id, { low: this.#keptWord(ValueType.i64), high });
      }
    }
  }

  /** Pushes a value of any width: the low half first. */
  #pushWhole(value: Value): void {
    if (value.width !== 128) this.#value(value)();
    else {
      const { low, high } = this.#wide(value);
      low();
      high();
    }
  }

  #repeat({ count, index, body }: Extract<Statement, { kind: 'repeat' }>): void {
    // What only the body uses would be computed in every round. What others use is not touched: where the loop stands under
    // a condition, it would be computed under that condition alone.
    this.#settle(writesOf(body));
    for (const id of usedIn(body)) if (this.#pending.has(id)) this.#compute(id);
    const code = this.#code;
    const local = this.#target.local(ValueType.i64);
    this.#locals.set(index.id, local);
    code.i64Const(0).localSet(local);
    const loop = code.loop();
    this.#run(body);
    code.localGet(local).i64Const(1).op(Op.i64Add).localTee(local).i64Const(count).op(Op.i64LtU).brIf(loop).end();
  }

  #assign({ id, width }: { readonly id: number; readonly width: Width }, value: Value, push: Push): void {
    if (width === 128) {
      const { low, high } = this.#wide(value);
      const [lowLocal, highLocal] = this.#wideVariable(id);
      low();
      high();
      this.#code.localSet(highLocal).localSet(lowLocal);
    } else {
      push();
      this.#code.localSet(this.#variable(id, width));
    }
  }

  #variable(id: number, width: Width): number {
    const known = this.#variables.get(id) ?? this.#target.local(typeOf(width));
    this.#variables.set(id, known);
    return known;
  }

  #wideVariable(id: number): readonly [number, number] {
    const local = () => this.#target.local(ValueType.i64);
    const known = this.#wideVariables.get(id) ?? ([local(), local()] as const);
    this.#wideVariables.set(id, known);
    return known;
  }

  // Temporaries

  /** Takes up the statement of a temporary: it stays pending if it is used once, and is computed now if more often. */
  #define(statement: Definition): void {
    const { id, width } = statement.result;
    const uses = this.#uses.get(id) ?? 0;
    if (uses === 0) return;
    if (width === 128) {
      this.#wides.set(id, this.#wideResult(statement));
      return;
    }
    const reads = new Set(readsOf(statement));
    const parts = new Map<number, Pending>();
    for (const value of valuesOf(statement)) {
      const part = value.kind === 'temporary' ? this.#take(value.id) : undefined;
      if (value.kind !== 'temporary' || !part) continue;
      parts.set(value.id, part);
      for (const place of part.reads) reads.add(place);
    }
    this.#pending.set(id, { statement, parts, reads });
    if (uses > 1 || valuesOf(statement).some((value) => value.width === 128)) this.#compute(id);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** Computes the pending temporaries that read a place which is about to change. */
  #settle(places: ReadonlySet<Place>): void {
    if (places.size === 0) return;
    for (const [id, { reads }] of [...this.#pending]) if (overlaps(places, reads)) this.#compute(id);
  }

  /** Computes a pending temporary into a local. */
  #compute(id: number): void {
    const pending = this.#take(id);
    assert(pending !== undefined, () => `temporary ${id} is not pending`);
    this.#pushPending(pending);
    this.#keep(id, typeOf(pending.statement.result.width));
  }

  /** What is on the stack becomes the value of a temporary. */
  #keep(id: number, type: ValueType): void {
    const local = this.#target.local(type);
    this.#locals.set(id, local);
    this.#code.localSet(local);
  }

  /** Code that pushes a value, up to 64 bits. A pending temporary is taken: it is emitted once. */
  #value(value: Value, parts?: Parts): Push {
    switch (value.kind) {
      case 'constant':
        return () => emitConstant(this.#code, value.value, value.width);
      case 'field':
        return () => this.#target.field(value.name);
      default: {
        if (value.width === 128) return () => assert(false, 'a word of 128 bits is not pushed');
        const pending = parts?.get(value.id) ?? this.#take(value.id);
        if (pending) return () => this.#pushPending(pending);
        const local = this.#locals.get(value.id);
        assert(local !== undefined, () => `temporary ${value.id} is used before its definition, or twice`);
        return () => this.#code.localGet(local);
      }
    }
  }

  #pushPending({ statement, parts }: Pending): void {
    switch (statement.kind) {
      case 'let':
        this.#operator(statement, parts);
        return;
      case 'readVariable':
        this.#code.localGet(this.#variable(statement.variable.id, statement.variable.width));
        return;
      case 'readRegister':
        this.#target.readRegister(statement.register);
        return;
      case 'readState':
        this.#target.readState(statement.name);
        return;
      case 'readMemory':
        this.#load(statement.address, parts, LOADS[statement.bytes]);
        return;
      default:
        assert(false, `${statement.kind} is never pending`);
    }
  }

  #load(address: Value, parts: Parts, load: Load): void {
    this.#value(address, parts)();
    this.#code.op(Op.i32WrapI64).load(load);
  }

  #operator({ operator, args, result }: Let, parts: Parts): void {
    const code = this.#code;
    const push = (value: Value): Push => this.#value(value, parts);
    const [a, b] = args as readonly [Value, Value];
    const { width } = args.at(-1) as Value;
    switch (operator) {
      case 'zext':
      case 'sext':
      case 'trunc':
        if (width === 128) {
          this.#wide(a).low();
          emitConversion(code, 'trunc', 64, result.width);
        } else if (!this.#extendingLoad(operator, a, result.width, parts)) {
          push(a)();
          emitConversion(code, operator, width, result.width);
        }
        return;
      case 'select':
        for (const value of [...args.slice(1), a]) push(value)();
        code.op(Op.select);
        return;
      default:
        if (width === 128) emitWideCompare(this.#context, comparison(operator), this.#wide(a), this.#wide(b));
        else emitOperator(code, operator, width, b ? [push(a), push(b)] : [push(a)], this.#context.locals);
    }
  }

  /** A load that is extended to 64 bits is one instruction. False if `value` is no pending load. */
  #extendingLoad(operator: 'zext' | 'sext' | 'trunc', value: Value, width: Width, parts: Parts): boolean {
    const pending = value.kind === 'temporary' ? parts.get(value.id) : undefined;
    if (operator === 'trunc' || width !== 64 || pending?.statement.kind !== 'readMemory') return false;
    const { address, bytes } = pending.statement;
    this.#load(address, pending.parts, EXTENDING_LOADS[operator][bytes]);
    return true;
  }

  // 128 bits

  #wide(value: Value): Wide {
    if (value.kind === 'constant') {
      const half = (shift: bigint) => () => void this.#code.i64Const(BigInt.asUintN(64, value.value >> shift));
      return { low: half(0n), high: half(64n) };
    }
    const known = value.kind === 'temporary' ? this.#wides.get(value.id) : undefined;
    assert(known !== undefined, 'a word of 128 bits is used before its definition');
    return known;
  }

  #wideResult(statement: Definition): Wide {
    const code = this.#code;
    if (statement.kind === 'readVariable') {
      const [low, high] = this.#wideVariable(statement.variable.id);
      const push = (local: number) => () => void code.localGet(local);
      return keepWide(this.#context, push(low), push(high));
    }
    assert(statement.kind === 'let', `${statement.kind} gives no word of 128 bits`);
    const { operator, args } = statement;
    const [a, b = a, c = b] = args as readonly [Value, Value?, Value?];
    switch (operator) {
      case 'select':
        return selectWide(this.#context, this.#kept(a), this.#wide(b), this.#wide(c));
      case 'zext':
      case 'sext': {
        this.#value(a)();
        emitConversion(code, operator, a.width, 64);
        const low = this.#keptWord(ValueType.i64);
        const sign = withConstant(code, low, 63, Op.i64ShrS);
        return keepWide(this.#context, low, operator === 'sext' ? sign : () => void code.i64Const(0));
      }
      default:
        return emitWide(this.#context, wideOperator(operator), this.#wide(a), this.#wide(b));
    }
  }

  #kept(value: Value): Push {
    this.#value(value)();
    return this.#keptWord(typeOf(value.width));
  }

  #keptWord(type: ValueType): Push {
    const local = this.#target.local(type);
    this.#code.localSet(local);
    return () => void this.#code.localGet(local);
  }
}

type Comparison = (typeof COMPARE)[number];
type Conversion = 'zext' | 'sext' | 'trunc' | 'select';

function comparison(operator: Operator): Comparison {
  assert((COMPARE as readonly Operator[]).includes(operator), `${operator} of 128 bits gives 128 bits`);
  return operator as Comparison;
}

function wideOperator(operator: Operator): Exclude<Operator, Comparison | Conversion> {
  assert(!(COMPARE as readonly Operator[]).includes(operator) && operator !== 'trunc', `${operator} gives fewer bits`);
  return operator as Exclude<Operator, Comparison | Conversion>;
}
