// The WebAssembly reading against the definition of the operators: each operator at each width over edge values, through
// a generated module; and the order of effects where a value is emitted later than it was recorded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Builder } from '../../src/semantics/builder.ts';
import { WasmEmitter } from '../../src/semantics/emitWasm.ts';
import { emitWideDivision, WIDE_DIVISION } from '../../src/semantics/emitWasmWide.ts';
import { applyOperator, BINARY, COMPARE, type Operator, UNARY, type Width } from '../../src/semantics/operators.ts';
import type { Program, Value } from '../../src/semantics/program.ts';
import type { WasmTarget } from '../../src/semantics/wasmTarget.ts';
import { type FunctionBuilder, ModuleBuilder } from '../../src/wasm/moduleBuilder.ts';
import { Load, Store, ValueType } from '../../src/wasm/opcodes.ts';

const WIDTHS: readonly Width[] = [1, 8, 16, 32, 64, 128];
/** Registers are 64-bit words in memory at 8 x number; fields are the function's parameters. */
const FIELDS = ['a0', 'a1', 'b0', 'b1', 'c0', 'c1'] as const;

/** A module of programs that act on registers in its memory. */
class Programs {
  readonly #module = new ModuleBuilder();
  readonly #bodies: [FunctionBuilder, Program][] = [];
  #division: number | undefined;

  add(meaning: (h: Builder) => void): string {
    const h = new Builder();
    meaning(h);
    const name = `f${this.#bodies.length}`;
    const f = this.#module.function(
      FIELDS.map(() => ValueType.i64),
      [],
    );
    this.#module.export(name, 'function', f.index);
    this.#bodies.push([f, h.finish()]);
    return name;
  }

  instantiate(): { call: (name: string, args: readonly bigint[]) => void; registers: BigUint64Array } {
    this.#module.export('memory', 'memory', this.#module.memory({ minimum: 1 }));
    for (const [f, program] of this.#bodies) new WasmEmitter(program, this.#target(f)).program();
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(this.#module.toBytes()));
    const registers = new BigUint64Array((exports['memory'] as WebAssembly.Memory).buffer, 0, 32);
    return { call: (name, args) => (exports[name] as (...args: bigint[]) => void)(...args), registers };
  }

  #wideDivision(): number {
    if (this.#division === undefined) {
      const f = this.#module.function(WIDE_DIVISION.parameters, WIDE_DIVISION.results);
      emitWideDivision(f.code);
      this.#division = f.index;
    }
    return this.#division;
  }

  #target({ code }: FunctionBuilder): WasmTarget {
    const number = (register: { number: unknown }) => 8 * (register.number as number);
    const unused = () => assert.fail('not used here');
    return {
      code,
      local: (type) => code.local(type),
      subroutine: unused,
      pushThread: unused,
      popThread: unused,
      wideDivision: () => this.#wideDivision(),
      field: (name) => void code.localGet(FIELDS.indexOf(name as 'a0')),
      readRegister: (register) => void code.i32Const(number(register)).load(Load.i64),
      writeRegister: (register, value) => {
        code.i32Const(number(register));
        value();
        code.store(Store.i64);
      },
      readState: unused,
      writeState: unused,
      writeMemory: (_, address, value) => {
        address();
        code.op(0xa7);
        value();
        code.store(Store.i64);
      },
      zeroPages: unused,
      preimageLength: unused,
      copyPreimage: unused,
      emit: unused,
      execute: unused,
      jump: unused,
      trap: unused,
      trapIf: unused,
      halt: unused,
    };
  }
}

const low = (value: bigint) => BigInt.asUintN(64, value);

function edges(width: Width): bigint[] {
  const top = 1n << BigInt(width);
  const half = top >> 1n;
  const around = [0n, 1n, 2n, half - 1n, half, half + 1n, top - 2n, top - 1n, BigInt(width), BigInt(width) - 1n];
  const mixed = [7n, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210n, 0xffff_ffffn << 32n, 1n << 64n, (1n << 64n) - 1n];
  return [...new Set([...around, ...mixed, mixed[1]! << 3n].map((value) => BigInt.asUintN(width, value)))];
}

/** The operand `name` as a word of the width, from its two fields. */
function operand(h: Builder, name: 'a' | 'b' | 'c', width: Width): Value {
  const word = h.field(`${name}0`);
  if (width !== 128) return h.trunc(word, width);
  return h.or(h.zext(word, 128), h.shl(h.zext(h.field(`${name}1`), 128), 64));
}

function result(h: Builder, value: Value): void {
  h.writeX(1, value.width === 128 ? h.trunc(value, 64) : h.zext(value, 64));
  if (value.width === 128) h.writeX(2, h.trunc(h.shrU(value, 64), 64));
}

interface Case {
  readonly name: string;
  readonly operator: Operator;
  readonly width: Width;
  readonly to: Width;
}

test('every operator at every width gives what applyOperator gives, over edge values', () => {
  const programs = new Programs();
  const cases: Case[] = [];
  const add = (operator: Operator, width: Width, to: Width, build: (h: Builder) => Value) =>
    cases.push({ name: programs.add((h) => result(h, build(h))), operator, width, to });
  for (const width of WIDTHS) {
    for (const operator of BINARY)
      add(operator, width, width, (h) => h[operator](operand(h, 'a', width), operand(h, 'b', width)));
    for (const operator of COMPARE)
      add(operator, width, 1, (h) => h[operator](operand(h, 'a', width), operand(h, 'b', width)));
    for (const operator of UNARY) add(operator, width, width, (h) => h[operator](operand(h, 'a', width)));
    add('select', width, width, (h) => h.select(operand(h, 'a', 1), operand(h, 'b', width), operand(h, 'c', width)));
    for (const to of WIDTHS)
      for (const operator of ['zext', 'sext', 'trunc'] as const)
        if (operator === 'trunc' ? to < width : to > width)
          add(operator, width, to, (h) => h[operator](operand(h, 'a', width), to));
  }
  const { call, registers } = programs.instantiate();
  let checked = 0;
  for (const { name, operator, width, to } of cases)
    for (const a of edges(operator === 'select' ? 1 : width))
      for (const b of edges(width)) {
        const c = b ^ 1n;
        call(name, [low(a), a >> 64n, low(b), b >> 64n, low(c), c >> 64n]);
        const found = registers[1]! | (to === 128 ? registers[2]! << 64n : 0n);
        const expected = applyOperator(operator, [a, b, c], width, to);
        assert.equal(found, expected, `${operator} of ${width} bits, to ${to}: ${a}, ${b}`);
        checked++;
      }
  assert.ok(checked > 20_000);
});

test('every operator with a constant operand, at every width', () => {
  const programs = new Programs();
  const cases: { name: string; operator: Operator; width: Width; b: bigint; to: Width }[] = [];
  for (const width of WIDTHS)
    for (const operator of [...BINARY, ...COMPARE])
      for (const b of edges(width).slice(0, 8))
        cases.push({
          name: programs.add((h) => result(h, h[operator](operand(h, 'a', width), b))),
          operator,
          width,
          b,
          to: (COMPARE as readonly Operator[]).includes(operator) ? 1 : width,
        });
  const { call, registers } = programs.instantiate();
  for (const { name, operator, width, b, to } of cases)
    for (const a of edges(width)) {
      call(name, [low(a), a >> 64n, 0n, 0n, 0n, 0n]);
      const found = registers[1]! | (to === 128 ? registers[2]! << 64n : 0n);
      assert.equal(found, applyOperator(operator, [a, b], width, to), `${operator} of ${width} bits: ${a}, ${b}`);
    }
});

test('a value keeps what was read before a write to the same register, memory or variable', () => {
  const programs = new Programs();
  const name = programs.add((h) => {
    const before = h.add(h.x(1), 5);
    const memory = h.read(h.constant(160), 8);
    const variable = h.variable(h.constant(1));
    const first = h.get(variable);
    h.writeX(1, h.field('a0'));
    h.write(h.constant(160), 8, h.constant(9));
    h.when(h.eq(h.field('a0'), 7), () => h.set(variable, 2));
    h.writeX(2, before);
    h.writeX(3, memory);
    h.writeX(4, h.add(first, h.get(variable)));
  });
  const loop = programs.add((h) => {
    const total = h.variable(h.zext(h.x(1), 128));
    const step = h.add(h.x(1), 1);
    h.repeat(5, (index) => {
      h.set(total, h.add(h.get(total), h.zext(h.mul(index, step), 128)));
      h.writeX(1, index);
    });
    h.writeX(2, h.trunc(h.get(total), 64));
  });
  const { call, registers } = programs.instantiate();
  registers.set([0n, 100n], 0);
  registers[20] = 77n;
  call(name, [7n, 0n, 0n, 0n, 0n, 0n]);
  assert.deepEqual([...registers.slice(1, 5), registers[20]], [7n, 105n, 77n, 3n, 9n]);
  registers[1] = 10n;
  call(loop, [0n, 0n, 0n, 0n, 0n, 0n]);
  assert.deepEqual([...registers.slice(1, 3)], [4n, 10n + 11n * 10n]);
});

test('a value that is used after a loop does not depend on whether the loop ran', () => {
  const programs = new Programs();
  const name = programs.add((h) => {
    const before = h.add(h.x(1), 5);
    const total = h.variable(h.constant(0));
    h.when(h.eq(h.field('a0'), 7), () => h.repeat(3, (index) => h.set(total, h.add(h.get(total), index))));
    h.writeX(2, before);
    h.writeX(3, h.get(total));
  });
  const { call, registers } = programs.instantiate();
  registers[1] = 10n;
  for (const [condition, total] of [
    [7n, 3n],
    [8n, 0n],
  ] as const) {
    call(name, [condition, 0n, 0n, 0n, 0n, 0n]);
    assert.deepEqual([...registers.slice(2, 4)], [15n, total]);
  }
});
