// Emits the body of one WebAssembly function. Methods append one instruction each and return the builder, so that code
// reads as it runs: `code.localGet(a).localGet(b).op(Op.i64Add).localSet(c)`.
import { ByteWriter } from './byteWriter.ts';
import { localDeclarations } from './localDeclarations.ts';
import {
  type Load,
  type Op,
  type Simd,
  type SimdLane,
  type SimdMemory,
  type SimdMemoryLane,
  type Store,
  Structured,
  type ValueType,
} from './opcodes.ts';

/** An open `block`, `loop` or `if`, as a target of branches: its nesting depth, 0 being the function's own body. */
export type Label = number & { readonly __label: never };

/** What a block leaves on the stack: nothing, one value, or the index of a function type. */
export type BlockType = 'none' | ValueType | { readonly typeIndex: number };

const BLOCK_NONE = 0x40;
const scratch64 = new BigInt64Array(1);
const scratch32 = new Int32Array(scratch64.buffer);

/** Writer of one function's locals and code. */
export class CodeBuilder {
  /** Leaves the function: a branch to it returns. */
  readonly body = 0 as Label;
  readonly #code = new ByteWriter();
  readonly #locals: ValueType[] = [];
  readonly #parameterCount: number;
  #depth = 0;
  #finished = false;

  /** @param parameterCount parameters of the function: they are locals 0 to parameterCount - 1 */
  constructor(parameterCount: number) {
    this.#parameterCount = parameterCount;
  }

  /** Bytes of code so far, without the declaration of locals. */
  get length(): number {
    return this.#code.length;
  }

  /** A new local variable, zero at entry; returns its index. */
  local(type: ValueType): number {
    return this.#parameterCount + this.#locals.push(type) - 1;
  }

  /** An instruction without immediates. */
  op(opcode: Op): this {
    this.#code.byte(opcode);
    return this;
  }

  /** Pushes a 32-bit constant: -2^31 to 2^32 - 1. */
  i32Const(value: number): this {
    this.#code.byte(Structured.i32Const);
    this.#code.signed32(value);
    return this;
  }

  /** Pushes a 64-bit constant, taken modulo 2^64; a number must be an integer of at most 32 bits, signed. */
  i64Const(value: bigint | number): this {
    this.#code.byte(Structured.i64Const);
    if (typeof value === 'number') {
      if (value !== (value | 0))
        throw new RangeError(`i64Const: ${value} is not a signed 32-bit integer: pass a bigint`);
      this.#code.signed32(value);
      return this;
    }
    scratch64[0] = value;
    this.#code.signed64(scratch32[0] as number, scratch32[1] as number);
    return this;
  }

  localGet(index: number): this {
    return this.#indexed(Structured.localGet, index);
  }
  localSet(index: number): this {
    return this.#indexed(Structured.localSet, index);
  }
  localTee(index: number): this {
    return this.#indexed(Structured.localTee, index);
  }
  globalGet(index: number): this {
    return this.#indexed(Structured.globalGet, index);
  }
  globalSet(index: number): this {
    return this.#indexed(Structured.globalSet, index);
  }

  /** Loads from (address on the stack) + `offset`; `alignLog2` is a promise for speed only, 0 promises nothing. */
  load(opcode: Load, offset = 0, alignLog2 = 0): this {
    return this.#memory(opcode, offset, alignLog2);
  }
  /** Stores the value on the stack at (address below it) + `offset`. */
  store(opcode: Store, offset = 0, alignLog2 = 0): this {
    return this.#memory(opcode, offset, alignLog2);
  }
  /** Pushes the size of the memory, in pages of 64 KiB. */
  memorySize(): this {
    return this.#indexed(Structured.memorySize, 0);
  }
  memoryGrow(): this {
    return this.#indexed(Structured.memoryGrow, 0);
  }
  /** Copies: destination, source, length in bytes on the stack; the ranges may overlap. */
  memoryCopy(): this {
    this.#code.byte(Structured.prefixBulk);
    this.#code.byte(10);
    this.#code.byte(0);
    this.#code.byte(0);
    return this;
  }
  /** Fills: destination, byte, length in bytes on the stack. */
  memoryFill(): this {
    this.#code.byte(Structured.prefixBulk);
    this.#code.byte(11);
    this.#code.byte(0);
    return this;
  }

  /** A SIMD instruction without immediates. */
  simd(opcode: Simd): this {
    this.#simdOpcode(opcode);
    return this;
  }
  simdMemory(opcode: SimdMemory, offset = 0, alignLog2 = 0): this {
    this.#simdOpcode(opcode);
    this.#code.unsigned(alignLog2);
    this.#code.unsigned(offset);
    return this;
  }
  simdMemoryLane(opcode: SimdMemoryLane, lane: number, offset = 0, alignLog2 = 0): this {
    this.simdMemory(opcode as number as SimdMemory, offset, alignLog2);
    this.#code.byte(lane);
    return this;
  }
  simdLane(opcode: SimdLane, lane: number): this {
    this.#simdOpcode(opcode);
    this.#code.byte(lane);
    return this;
  }
  /** Pushes 16 bytes. */
  v128Const(bytes: Uint8Array): this {
    if (bytes.length !== 16) throw new RangeError(`v128Const: expected 16 bytes, got ${bytes.length}`);
    this.#simdOpcode(12);
    this.#code.append(bytes);
    return this;
  }
  /** Picks 16 bytes of the two operands: lane numbers 0 to 31. */
  i8x16Shuffle(lanes: readonly number[]): this {
    if (lanes.length !== 16) throw new RangeError(`i8x16Shuffle: expected 16 lanes, got ${lanes.length}`);
    this.#simdOpcode(13);
    for (const lane of lanes) this.#code.byte(lane);
    return this;
  }

  block(type: BlockType = 'none'): Label {
    return this.#open(Structured.block, type);
  }
  loop(type: BlockType = 'none'): Label {
    return this.#open(Structured.loop, type);
  }
  if(type: BlockType = 'none'): Label {
    return this.#open(Structured.if, type);
  }
  else(): this {
    this.#code.byte(Structured.else);
    return this;
  }
  /** Closes the innermost open block. */
  end(): this {
    if (this.#depth === 0) throw new RangeError('end: no block is open');
    this.#depth--;
    this.#code.byte(Structured.end);
    return this;
  }
  br(label: Label): this {
    return this.#indexed(Structured.br, this.#distance(label));
  }
  brIf(label: Label): this {
    return this.#indexed(Structured.brIf, this.#distance(label));
  }
  /** Jumps to `labels[index on the stack]`, or to `otherwise` when the index is beyond them. */
  brTable(labels: readonly Label[], otherwise: Label): this {
    this.#indexed(Structured.brTable, labels.length);
    for (const label of labels) this.#code.unsigned(this.#distance(label));
    this.#code.unsigned(this.#distance(otherwise));
    return this;
  }
  call(functionIndex: number): this {
    return this.#indexed(Structured.call, functionIndex);
  }
  returnCall(functionIndex: number): this {
    return this.#indexed(Structured.returnCall, functionIndex);
  }
  /** Calls the table's entry whose index is on the stack; traps if its type differs. */
  callIndirect(typeIndex: number, table = 0): this {
    this.#indexed(Structured.callIndirect, typeIndex);
    this.#code.unsigned(table);
    return this;
  }
  returnCallIndirect(typeIndex: number, table = 0): this {
    this.#indexed(Structured.returnCallIndirect, typeIndex);
    this.#code.unsigned(table);
    return this;
  }

  /** Appends code made elsewhere: bytes of whole instructions whose branches do not leave them. */
  append(bytes: Uint8Array): this {
    this.#code.append(bytes);
    return this;
  }

  /** Writes the finished body (locals, code, end) with its length; throws if a block is still open. */
  writeTo(out: ByteWriter): void {
    if (this.#depth !== 0) throw new RangeError(`function body ends with ${this.#depth} open blocks`);
    if (!this.#finished) this.#code.byte(Structured.end);
    this.#finished = true;
    const declarations = localDeclarations(this.#locals);
    out.unsigned(declarations.length + this.#code.length);
    out.append(declarations.view());
    out.append(this.#code.view());
  }

  #indexed(opcode: number, index: number): this {
    this.#code.byte(opcode);
    this.#code.unsigned(index);
    return this;
  }
  #memory(opcode: number, offset: number, alignLog2: number): this {
    this.#code.byte(opcode);
    this.#code.unsigned(alignLog2);
    this.#code.unsigned(offset);
    return this;
  }
  #simdOpcode(opcode: number): void {
    this.#code.byte(Structured.prefixSimd);
    this.#code.unsigned(opcode);
  }
  #open(opcode: number, type: BlockType): Label {
    this.#code.byte(opcode);
    if (type === 'none') this.#code.byte(BLOCK_NONE);
    else if (typeof type === 'number') this.#code.byte(type);
    else this.#code.signed32(type.typeIndex);
    return ++this.#depth as Label;
  }
  #distance(label: Label): number {
    if (label > this.#depth) throw new RangeError(`branch to block ${label}, which is not open (depth ${this.#depth})`);
    return this.#depth - label;
  }
}
