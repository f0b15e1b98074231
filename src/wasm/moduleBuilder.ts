// Builds the binary form of a WebAssembly module (core specification, section 5.5): types, imports, functions, tables,
// memory, globals, exports, elements, data and function names.
import { ByteWriter } from './byteWriter.ts';
import { CodeBuilder } from './codeBuilder.ts';
import { Structured, ValueType } from './opcodes.ts';

/** Sizes of a memory, in pages of 64 KiB, or of a table, in entries. A shared memory needs a maximum. */
export interface Limits {
  readonly minimum: number;
  readonly maximum?: number;
  readonly shared?: boolean;
}

/** A function being built: `index` names it in calls, elements and exports at once; fill `code` before `toBytes`. */
export interface FunctionBuilder {
  readonly index: number;
  readonly code: CodeBuilder;
}

const EXTERNAL = { function: 0, table: 1, memory: 2, global: 3 } as const;
type External = keyof typeof EXTERNAL;

/** Declarations may come in any order, except that imports of a kind come before definitions of that kind. */
export class ModuleBuilder {
  readonly #types: ByteWriter[] = [];
  readonly #typeIndex = new Map<string, number>();
  readonly #imports: ByteWriter[] = [];
  readonly #importCount = { function: 0, table: 0, memory: 0, global: 0 };
  readonly #functions: { typeIndex: number; code: CodeBuilder }[] = [];
  readonly #tables: ByteWriter[] = [];
  readonly #memories: ByteWriter[] = [];
  readonly #globals: ByteWriter[] = [];
  readonly #exports: ByteWriter[] = [];
  readonly #elements: ByteWriter[] = [];
  readonly #data: ByteWriter[] = [];
  readonly #names: (readonly [index: number, name: string])[] = [];

  /** Index of a function type; equal types share one. */
  type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${parameters.join()}:${results.join()}`;
    const known = this.#typeIndex.get(key);
    if (known !== undefined) return known;
    const entry = new ByteWriter(16);
    entry.byte(0x60);
    for (const types of [parameters, results]) {
      entry.unsigned(types.length);
      for (const type of types) entry.byte(type);
    }
    const index = this.#types.push(entry) - 1;
    this.#typeIndex.set(key, index);
    return index;
  }

  /** Imports a function; returns its index. */
  importFunction(
    module: string,
    name: string,
    parameters: readonly ValueType[],
    results: readonly ValueType[],
  ): number {
    return this.#import('function', this.#functions.length, module, name, (entry) =>
      entry.unsigned(this.type(parameters, results)),
    );
  }

  importMemory(module: string, name: string, limits: Limits): number {
    return this.#import('memory', this.#memories.length, module, name, (entry) => writeLimits(entry, limits));
  }

  /** Imports a table of functions. */
  importTable(module: string, name: string, limits: Limits): number {
    return this.#import('table', this.#tables.length, module, name, (entry) => {
      entry.byte(ValueType.funcref);
      writeLimits(entry, limits);
    });
  }

  importGlobal(module: string, name: string, type: ValueType, mutable: boolean): number {
    return this.#import('global', this.#globals.length, module, name, (entry) => {
      entry.byte(type);
      entry.byte(mutable ? 1 : 0);
    });
  }

  /** A new function; `name` is what stack traces and profiles show. */
  function(parameters: readonly ValueType[], results: readonly ValueType[], name?: string): FunctionBuilder {
    const code = new CodeBuilder(parameters.length);
    const position = this.#functions.push({ typeIndex: this.type(parameters, results), code }) - 1;
    const index = this.#importCount.function + position;
    if (name !== undefined) this.#names.push([index, name]);
    return { index, code };
  }

  memory(limits: Limits): number {
    return this.#define('memory', this.#memories, (entry) => writeLimits(entry, limits));
  }

  table(limits: Limits): number {
    return this.#define('table', this.#tables, (entry) => {
      entry.byte(ValueType.funcref);
      writeLimits(entry, limits);
    });
  }

  /** A global variable with its first value; a 64-bit one takes a bigint. */
  global(type: 'i32' | 'i64', mutable: boolean, initial: number | bigint): number {
    return this.#define('global', this.#globals, (entry) => {
      entry.byte(ValueType[type]);
      entry.byte(mutable ? 1 : 0);
      const value = BigInt.asIntN(64, BigInt(initial));
      entry.byte(type === 'i32' ? Structured.i32Const : Structured.i64Const);
      if (type === 'i32') entry.signed32(Number(initial));
      else entry.signed64(Number(BigInt.asIntN(32, value)), Number(value >> 32n));
      entry.byte(Structured.end);
    });
  }

  export(name: string, kind: External, index: number): void {
    const entry = new ByteWriter(32);
    entry.name(name);
    entry.byte(EXTERNAL[kind]);
    entry.unsigned(index);
    this.#exports.push(entry);
  }

  /** Fills table entries from `offset` on with functions, when the module is instantiated. */
  elements(table: number, offset: number, functionIndices: readonly number[]): void {
    const entry = new ByteWriter(16 + 3 * functionIndices.length);
    entry.byte(2);
    entry.unsigned(table);
    writeOffset(entry, offset);
    entry.byte(0);
    entry.unsigned(functionIndices.length);
    for (const index of functionIndices) entry.unsigned(index);
    this.#elements.push(entry);
  }

  /** Writes bytes into memory 0 at `offset`, when the module is instantiated. */
  data(offset: number, bytes: Uint8Array): void {
    const entry = new ByteWriter(16 + bytes.length);
    entry.byte(0);
    writeOffset(entry, offset);
    entry.unsigned(bytes.length);
    entry.append(bytes);
    this.#data.push(entry);
  }

  /** The module's bytes, for `new WebAssembly.Module`. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter(4096);
    out.append(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    section(out, 1, this.#types);
    section(out, 2, this.#imports);
    section(
      out,
      3,
      this.#functions.map(({ typeIndex }) => {
        const entry = new ByteWriter(4);
        entry.unsigned(typeIndex);
        return entry;
      }),
    );
    section(out, 4, this.#tables);
    section(out, 5, this.#memories);
    section(out, 6, this.#globals);
    section(out, 7, this.#exports);
    section(out, 9, this.#elements);
    section(
      out,
      10,
      this.#functions.map(({ code }) => {
        const entry = new ByteWriter(code.length + 32);
        code.writeTo(entry);
        return entry;
      }),
    );
    section(out, 11, this.#data);
    this.#writeNames(out);
    return out.view().slice() as Uint8Array<ArrayBuffer>;
  }

  #import(kind: External, defined: number, module: string, name: string, describe: (w: ByteWriter) => void): number {
    if (defined > 0) throw new RangeError(`import of ${kind} ${module}.${name} after a ${kind} was defined`);
    const entry = new ByteWriter(64);
    entry.name(module);
    entry.name(name);
    entry.byte(EXTERNAL[kind]);
    describe(entry);
    this.#imports.push(entry);
    return this.#importCount[kind]++;
  }

  #define(kind: External, list: ByteWriter[], describe: (w: ByteWriter) => void): number {
    const entry = new ByteWriter(16);
    describe(entry);
    return this.#importCount[kind] + list.push(entry) - 1;
  }

  #writeNames(out: ByteWriter): void {
    if (this.#names.length === 0) return;
    const map = new ByteWriter();
    map.unsigned(this.#names.length);
    for (const [index, name] of this.#names) {
      map.unsigned(index);
      map.name(name);
    }
    const custom = new ByteWriter(map.length + 16);
    custom.name('name');
    custom.byte(1);
    custom.unsigned(map.length);
    custom.append(map.view());
    out.byte(0);
    out.unsigned(custom.length);
    out.append(custom.view());
  }
}

function section(out: ByteWriter, id: number, entries: readonly ByteWriter[]): void {
  if (entries.length === 0) return;
  const body = new ByteWriter(entries.reduce((sum, entry) => sum + entry.length, 8));
  body.unsigned(entries.length);
  for (const entry of entries) body.append(entry.view());
  out.byte(id);
  out.unsigned(body.length);
  out.append(body.view());
}

function writeLimits(out: ByteWriter, { minimum, maximum, shared }: Limits): void {
  if (shared && maximum === undefined) throw new RangeError('a shared memory needs a maximum size');
  out.byte((maximum === undefined ? 0 : 1) | (shared ? 2 : 0));
  out.unsigned(minimum);
  if (maximum !== undefined) out.unsigned(maximum);
}

function writeOffset(out: ByteWriter, offset: number): void {
  out.byte(Structured.i32Const);
  out.signed32(offset);
  out.byte(Structured.end);
}
