// The builder: the operators and effects over which every instruction and system call is written, once. A meaning is a
// function of a builder; running it records a Program (program.ts), which the readings evaluate or emit. Operands that
// are constants fold here, so that a program built with some fields known (rd = 0, a fixed immediate) is already
// specialised. A meaning never branches in TypeScript on a value: it uses `when` or `select`.
//
// Checked while building, for every reading at once: widths agree; nothing follows the end of a step; a trap or a host
// stop never comes after an effect on its path (faults have no partial effect).

import { assert } from '../invariant.ts';
import { GUEST_END, GUEST_START } from './addressSpace.ts';
import { type Reason, type RecordPart, STATUS, variable as stateVariable } from './layout.ts';
import { applyOperator, COMPARE, mask, type Operator, type Width } from './operators.ts';
import type {
  AccessBytes,
  Constant,
  FieldValue,
  Program,
  Register,
  Statement,
  StateName,
  Subroutine,
  Temporary,
  Value,
  Variable,
} from './program.ts';
import { walk } from './program.ts';
import { simplify } from './simplify.ts';

/** Values of instruction fields that are known when a program is built: register numbers and decoded words. */
export type KnownFields = Readonly<Record<string, bigint>>;

/** How far a path of a meaning has got. */
interface Path {
  statements: Statement[];
  /** An effect stands on this path: a trap may not follow. */
  effect: boolean;
  ended: boolean;
  /** It ended under a condition that folded: what follows is of paths that the known fields exclude, and is dropped. */
  unreachable: boolean;
}

function path(effect: boolean, unreachable = false): Path {
  return { statements: [], effect, ended: false, unreachable };
}

export class Builder {
  readonly #known: KnownFields;
  #path: Path = path(false);
  #temporaries = 0;
  #variables = 0;
  #inRepeat = false;

  /** `known` fields are constants of the program, the others are read from the instruction at run time. */
  constructor(known: KnownFields = {}) {
    this.#known = known;
  }

  // Operands

  /** The constant `value`, masked to `width` bits. */
  constant(value: bigint | number, width: Width = 64): Constant {
    return { kind: 'constant', width, value: BigInt.asUintN(width, BigInt(value)) };
  }

  /** The decoded word field `name` of the instruction, 64 bits. */
  field(name: string): Value {
    const known = this.#known[name];
    return known === undefined ? ({ kind: 'field', width: 64, name } satisfies FieldValue) : this.constant(known);
  }

  /** The register of `file` that the field `name` of the instruction numbers. */
  register(file: 'x' | 'f', name: string): Register {
    const known = this.#known[name];
    return { file, number: known === undefined ? { field: name } : Number(known) };
  }

  // Operators: operands of one width, unless said otherwise; plain numbers become constants of the other operand's width.

  add = (a: Value, b: Operand): Value => this.#binary('add', a, b);
  sub = (a: Value, b: Operand): Value => this.#binary('sub', a, b);
  mul = (a: Value, b: Operand): Value => this.#binary('mul', a, b);
  /** Unsigned quotient; all ones by zero. */
  divU = (a: Value, b: Operand): Value => this.#binary('divU', a, b);
  /** Signed quotient, towards zero; -1 by zero; the dividend for the least number by -1. */
  divS = (a: Value, b: Operand): Value => this.#binary('divS', a, b);
  /** Unsigned remainder; the dividend by zero. */
  remU = (a: Value, b: Operand): Value => this.#binary('remU', a, b);
  /** Signed remainder, with the dividend's sign; the dividend by zero; 0 for the least number by -1. */
  remS = (a: Value, b: Operand): Value => this.#binary('remS', a, b);
  and = (a: Value, b: Operand): Value => this.#binary('and', a, b);
  or = (a: Value, b: Operand): Value => this.#binary('or', a, b);
  xor = (a: Value, b: Operand): Value => this.#binary('xor', a, b);
  /** Shifts: the count has the value's width and is taken modulo it. */
  shl = (a: Value, b: Operand): Value => this.#binary('shl', a, b);
  shrU = (a: Value, b: Operand): Value => this.#binary('shrU', a, b);
  shrS = (a: Value, b: Operand): Value => this.#binary('shrS', a, b);
  /** Comparisons: width 1. */
  eq = (a: Value, b: Operand): Value => this.#binary('eq', a, b);
  ne = (a: Value, b: Operand): Value => this.#binary('ne', a, b);
  ltU = (a: Value, b: Operand): Value => this.#binary('ltU', a, b);
  ltS = (a: Value, b: Operand): Value => this.#binary('ltS', a, b);
  not = (a: Value): Value => this.#operate('not', [a], a.width);
  /** Count of leading, of trailing zeros: the width for 0; a result of the operand's width. */
  clz = (a: Value): Value => this.#operate('clz', [a], a.width);
  ctz = (a: Value): Value => this.#operate('ctz', [a], a.width);

  /** `condition` (width 1) ? a : b. Both are evaluated: an effect goes under `when` instead. */
  select(condition: Value, a: Value, b: Operand): Value {
    const other = this.#operand(b, a.width);
    assert(
      condition.width === 1 && a.width === other.width,
      `select of widths ${condition.width}, ${a.width}, ${other.width}`,
    );
    return this.#operate('select', [condition, a, other], a.width);
  }

  /** Extends with zeros to `width` bits. */
  zext(a: Value, width: Width): Value {
    assert(width >= a.width, `zext from ${a.width} to ${width}`);
    return width === a.width ? a : this.#operate('zext', [a], width);
  }

  /** Extends with the sign to `width` bits. */
  sext(a: Value, width: Width): Value {
    assert(width >= a.width, `sext from ${a.width} to ${width}`);
    return width === a.width ? a : this.#operate('sext', [a], width);
  }

  /** The low `width` bits. */
  trunc(a: Value, width: Width): Value {
    assert(width <= a.width, `trunc from ${a.width} to ${width}`);
    return width === a.width ? a : this.#operate('trunc', [a], width);
  }

  /** Bits `high` to `low` of `a`, both included, moved down to bit 0, in the width of `a`. */
  bits(a: Value, high: number, low: number): Value {
    assert(high >= low && high < a.width, `bits ${high}..${low} of ${a.width}`);
    const shifted = low === 0 ? a : this.shrU(a, low);
    return high === a.width - 1 ? shifted : this.and(shifted, mask(high - low + 1));
  }

  // Subroutines

  /** Calls a subroutine (subroutine.ts): its results, in order. */
  call(subroutine: Subroutine, ...args: readonly Value[]): Value[] {
    const { name, parameters } = subroutine;
    assert(args.length === parameters.length, `${name} called with ${args.length} arguments`);
    for (const [i, parameter] of parameters.entries())
      assert(args[i]?.width === parameter.width, `argument ${i} of ${name} has width ${args[i]?.width}`);
    const results = subroutine.results.map((result) => this.#temporary(result.width));
    this.#push({ kind: 'call', subroutine, args, results });
    return results;
  }

  /** The parameters of a subroutine that this builder records. */
  parameters(widths: readonly Width[]): Temporary[] {
    assert(this.#temporaries === 0, 'parameters come first');
    return widths.map((width) => this.#temporary(width));
  }

  // Locals

  /** A mutable local that starts as `initial`: how a `when` or `repeat` hands out a result. */
  variable(initial: Value): Variable {
    const declared: Variable = { kind: 'variable', width: initial.width, id: this.#variables++ };
    this.#push({ kind: 'declare', variable: declared, value: initial });
    return declared;
  }

  /** The variable's value now. */
  get(variable: Variable): Value {
    const result = this.#temporary(variable.width);
    this.#push({ kind: 'readVariable', result, variable });
    return result;
  }

  set(variable: Variable, value: Operand): void {
    const operand = this.#operand(value, variable.width);
    assert(operand.width === variable.width, `set of width ${operand.width} to a variable of ${variable.width}`);
    this.#push({ kind: 'assign', variable, value: operand });
  }

  // State

  /** Integer register `x` as a 64-bit word: by a register field or a number. x0 is 0. */
  x(register: Register | number): Value {
    return this.#read(typeof register === 'number' ? { file: 'x', number: register } : register);
  }

  /** Writes an integer register. A write to x0 has no effect. */
  writeX(register: Register | number, value: Operand): void {
    this.#write(typeof register === 'number' ? { file: 'x', number: register } : register, value);
  }

  /** Floating-point register, 64 bits raw. */
  f(register: Register): Value {
    return this.#read(register);
  }

  writeF(register: Register, value: Value): void {
    this.#write(register, value);
  }

  /** The state variable `name` of layout.ts, zero-extended to 64 bits. */
  state(name: StateName): Value {
    stateVariable(name);
    const result = this.#temporary(64);
    this.#push({ kind: 'readState', result, name });
    return result;
  }

  /** Sets a state variable; `value` (64 bits) must fit the variable's size in the record. */
  writeState(name: StateName, value: Operand): void {
    stateVariable(name);
    const operand = this.#operand(value, 64);
    assert(operand.width === 64, `state variable ${name} written with width ${operand.width}`);
    this.#effect({ kind: 'writeState', name, value: operand });
  }

  /** Address of this instruction. */
  pc(): Value {
    return this.state('pc');
  }

  /** Address of the instruction after this one: pc + the field `length` (2 or 4). */
  nextPc(): Value {
    return this.add(this.pc(), this.field('length'));
  }

  // Memory

  /** Whether an access of `bytes` at `address` leaves the guest's memory. */
  outside(address: Value, bytes: number | Value): Value {
    const offset = this.sub(address, GUEST_START);
    if (typeof bytes === 'number') return this.ltU(this.constant(GUEST_END - GUEST_START - bytes), offset);
    const room = this.constant(GUEST_END - GUEST_START);
    return this.or(this.ltU(room, bytes), this.ltU(this.sub(room, bytes), offset));
  }

  /** Loads `bytes` little-endian from guest memory, as a word of that width; a hole is a load fault. */
  load(address: Value, bytes: AccessBytes): Value {
    this.when(this.outside(address, bytes), () => this.trap('loadFault'));
    return this.read(address, bytes);
  }

  /** Stores a word of 8 x `bytes` bits little-endian to guest memory; a hole is a store fault. */
  store(address: Value, bytes: AccessBytes, value: Value): void {
    this.when(this.outside(address, bytes), () => this.trap('storeFault'));
    this.write(address, bytes, value);
  }

  /** Reads memory without a range check: the kernel's data, or guest memory already checked. */
  read(address: Value, bytes: AccessBytes): Value {
    assert(address.width === 64, `address of width ${address.width}`);
    const result = this.#temporary((8 * bytes) as Width);
    this.#push({ kind: 'readMemory', result, bytes, address });
    return result;
  }

  /** Writes memory without a range check: the kernel's data, or guest memory already checked. */
  write(address: Value, bytes: AccessBytes, value: Value): void {
    assert(address.width === 64 && value.width === 8 * bytes, `write of width ${value.width} in ${bytes} bytes`);
    this.#effect({ kind: 'writeMemory', bytes, address, value });
  }

  /** Zeroes the 2^log2Pages pages at `address`, aligned to their size, by replacing their subtree. */
  zeroPages(address: Value, log2Pages: Value): void {
    this.#effect({ kind: 'zeroPages', address, log2Pages });
  }

  // Threads

  /** Puts the thread as it is now on the right stack (`right`, width 1, is 1) or the left one (0). */
  pushThread(right: Value): void {
    assert(right.width === 1 && !this.#inRepeat, `pushThread of width ${right.width}, or inside a repeat`);
    this.#effect({ kind: 'pushThread', right });
  }

  /** Goes on with the thread on top of the right or left stack, which must not be empty: its registers, its pc. */
  popThread(right: Value): void {
    assert(right.width === 1 && !this.#inRepeat, `popThread of width ${right.width}, or inside a repeat`);
    this.#effect({ kind: 'popThread', right });
  }

  // Host

  /** Length in bytes of the current preimage with its 8-byte prefix; the step does not happen while the host lacks it. */
  preimageLength(): Value {
    assert(!this.#path.effect || this.#path.unreachable, 'a host stop after an effect');
    const result = this.#temporary(64);
    this.#push({ kind: 'preimageLength', result });
    return result;
  }

  /** Copies `count` (1 to 32) bytes of the length-prefixed preimage from `offset` to `address`, inside one leaf. */
  copyPreimage(address: Value, offset: Value, count: Value): void {
    this.#effect({ kind: 'copyPreimage', address, offset, count });
  }

  /** Hands `length` bytes at `address` to the host as written to `channel` (a file descriptor); the state does not change. */
  emit(channel: Value, address: Value, length: Value): void {
    this.#effect({ kind: 'emit', channel, address, length });
  }

  // Control

  /** Runs `then` if `condition` (width 1) holds, else `otherwise`. */
  when(condition: Value, then: () => void, otherwise: () => void = () => {}): void {
    assert(condition.width === 1, `condition of width ${condition.width}`);
    if (condition.kind === 'constant') {
      (condition.value === 1n ? then : otherwise)();
      this.#path.unreachable ||= this.#path.ended;
      return;
    }
    const outer = this.#path;
    const arms = [then, otherwise].map((arm) => {
      this.#path = path(outer.effect, outer.unreachable);
      arm();
      return this.#path;
    });
    this.#path = outer;
    const [yes, no] = arms as [Path, Path];
    this.#push({ kind: 'when', condition, consequence: yes.statements, alternative: no.statements });
    outer.effect = arms.some((arm) => arm.effect && !arm.ended) || outer.effect;
    outer.ended ||= yes.ended && no.ended;
    outer.unreachable ||= outer.ended && (yes.unreachable || no.unreachable);
  }

  /** Runs `body` `count` times, `index` being 0, 1, ... (64 bits). It cannot end the step. */
  repeat(count: number, body: (index: Value) => void): void {
    const outer = this.#path;
    const nested = this.#inRepeat;
    const index = this.#temporary(64);
    this.#path = path(outer.effect, outer.unreachable);
    this.#inRepeat = true;
    body(index);
    const inner = this.#path;
    this.#path = outer;
    this.#inRepeat = nested;
    this.#push({ kind: 'repeat', count, index, body: inner.statements });
    outer.effect ||= inner.effect;
  }

  /** Goes on as the fetched instruction `word` (width 32; its low half if `length` is 2). Only a fetch does this. */
  execute(word: Value, length: Value): void {
    assert(word.width === 32 && length.width === 64, `execute of width ${word.width}, ${length.width}`);
    this.#end({ kind: 'execute', word, length });
  }

  /** Ends the step; the next instruction is at `target` (64 bits). */
  jump(target: Value): void {
    assert(target.width === 64, `jump to width ${target.width}`);
    this.#end({ kind: 'jump', target });
  }

  /** Ends the step and the run in status panic, pc unchanged. Nothing on the path may have taken effect. */
  trap(reason: Reason): void {
    assert(!this.#path.effect || this.#path.unreachable, `trap '${reason}' after an effect`);
    this.#end({ kind: 'trap', reason });
  }

  /** Ends the step and the run with a 64-bit exit code: valid for 0, invalid for any other. pc stays. */
  exit(code: Value): void {
    this.writeState('exitCode', code);
    this.#end({ kind: 'halt', status: this.select(this.eq(code, 0), this.constant(STATUS.valid), STATUS.invalid) });
  }

  /** The recorded program. The builder is used up. */
  finish(): Program {
    const { statements, ended } = this.#path;
    const opens = new Set<Exclude<RecordPart, 'hot'>>();
    let touchesMemory = false;
    for (const statement of walk(statements)) {
      for (const part of partsOf(statement)) opens.add(part);
      touchesMemory ||= ['readMemory', 'writeMemory', 'zeroPages', 'copyPreimage'].includes(statement.kind);
    }
    checkThreads(statements, opens);
    return {
      statements,
      temporaries: this.#temporaries,
      variables: this.#variables,
      opens,
      touchesMemory,
      ends: ended,
    };
  }

  #temporary(width: Width): Temporary {
    return { kind: 'temporary', width, id: this.#temporaries++ };
  }

  #operand(value: Operand, width: Width): Value {
    return typeof value === 'object' ? value : this.constant(value, width);
  }

  #binary(operator: Operator, a: Value, b: Operand): Value {
    const other = this.#operand(b, a.width);
    assert(a.width === other.width, `${operator} of widths ${a.width} and ${other.width}`);
    return this.#operate(operator, [a, other], (COMPARE as readonly Operator[]).includes(operator) ? 1 : a.width);
  }

  #operate(operator: Operator, args: readonly Value[], width: Width): Value {
    const operandWidth = args.at(-1)?.width ?? width;
    if (args.every((arg) => arg.kind === 'constant'))
      return this.constant(
        applyOperator(
          operator,
          args.map((arg) => arg.value),
          operandWidth,
          width,
        ),
        width,
      );
    const simpler = simplify(operator, args, width);
    if (simpler) return simpler;
    const result = this.#temporary(width);
    this.#push({ kind: 'let', result, operator, args });
    return result;
  }

  #read(register: Register): Value {
    if (register.file === 'x' && register.number === 0) return this.constant(0);
    const result = this.#temporary(64);
    this.#push({ kind: 'readRegister', result, register });
    return result;
  }

  #write(register: Register, value: Operand): void {
    const operand = this.#operand(value, 64);
    assert(operand.width === 64, `register written with width ${operand.width}`);
    if (register.file === 'x' && register.number === 0) return;
    this.#effect({ kind: 'writeRegister', register, value: operand });
  }

  #effect(statement: Statement): void {
    this.#push(statement);
    this.#path.effect = true;
  }

  #end(statement: Statement): void {
    assert(!this.#inRepeat, `${statement.kind} inside a repeat`);
    this.#push(statement);
    this.#path.ended = true;
  }

  #push(statement: Statement): void {
    if (this.#path.unreachable) return;
    assert(!this.#path.ended, `${statement.kind} after the end of the step`);
    this.#path.statements.push(statement);
  }
}

/** A value, or a number that becomes a constant of the width at hand. */
export type Operand = Value | number | bigint;

function partsOf(statement: Statement): Exclude<RecordPart, 'hot'>[] {
  switch (statement.kind) {
    case 'readState':
    case 'writeState': {
      const { part } = stateVariable(statement.name).field;
      return part === 'hot' ? [] : [part];
    }
    case 'readRegister':
    case 'writeRegister':
      return statement.register.file === 'f' ? ['fp'] : [];
    case 'preimageLength':
    case 'copyPreimage':
    case 'pushThread':
    case 'popThread':
      return ['cold'];
    default:
      return [];
  }
}

/** A proof opens one thread, and floating-point registers change by a switch though nothing opens them. */
function checkThreads(statements: readonly Statement[], opens: Program['opens']): void {
  for (const kind of ['pushThread', 'popThread']) {
    const count = [...walk(statements)].filter((statement) => statement.kind === kind).length;
    assert(count <= 1, `${count} times ${kind} in one meaning`);
    assert(count === 0 || !opens.has('fp'), `${kind} in a meaning that touches floating-point registers`);
  }
}
