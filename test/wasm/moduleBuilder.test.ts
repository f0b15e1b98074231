// The WebAssembly writer, judged by V8: what it writes must validate and compute what was asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModuleBuilder } from '../../src/wasm/moduleBuilder.ts';
import { Load, Op, Simd, SimdLane, SimdMemory, Store, ValueType } from '../../src/wasm/opcodes.ts';

const { i32, i64 } = ValueType;

function instantiate(module: ModuleBuilder, imports: WebAssembly.Imports = {}) {
  return new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), imports).exports as Record<
    string,
    (...args: (number | bigint)[]) => number | bigint
  >;
}

test('constants of every length come back', () => {
  const values: bigint[] = [0n, 1n, -1n, 63n, 64n, -64n, -65n, 2n ** 63n - 1n, -(2n ** 63n)];
  for (let bit = 6n; bit < 63n; bit++) values.push(1n << bit, (1n << bit) - 1n, -(1n << bit), -(1n << bit) - 1n);
  const module = new ModuleBuilder();
  values.forEach((value, i) => {
    const wide = module.function([], [i64]);
    wide.code.i64Const(value);
    module.export(`w${i}`, 'function', wide.index);
    const narrow = module.function([], [i32]);
    narrow.code.i32Const(Number(BigInt.asIntN(32, value)));
    module.export(`n${i}`, 'function', narrow.index);
    const global = module.global('i64', false, value);
    const get = module.function([], [i64]);
    get.code.globalGet(global);
    module.export(`g${i}`, 'function', get.index);
  });
  const functions = instantiate(module);
  values.forEach((value, i) => {
    assert.equal(functions[`w${i}`]?.(), value);
    assert.equal(functions[`g${i}`]?.(), value);
    assert.equal(functions[`n${i}`]?.(), Number(BigInt.asIntN(32, value)));
  });
  assert.throws(() => module.function([], []).code.i64Const(2 ** 31), RangeError);
});

test('every instruction without operands is one that V8 knows, with the operand types of its name', () => {
  for (const [name, opcode] of Object.entries(Op)) {
    if (['unreachable', 'nop', 'return', 'drop', 'select'].includes(name)) continue;
    const type = name.startsWith('i32') ? i32 : i64;
    const operand = name === 'i32WrapI64' ? i64 : name.startsWith('i64ExtendI32') ? i32 : type;
    const compares = /(Eqz?|Ne|[LG][te][SU]|[LG][TE][SU])$/i.test(name.slice(3));
    const unary = /Eqz|Clz|Ctz|Popcnt|Extend|Wrap/.test(name);
    const module = new ModuleBuilder();
    const { code, index } = module.function([operand, operand], [compares ? i32 : type]);
    code.localGet(0);
    if (!unary) code.localGet(1);
    code.op(opcode);
    module.export(name, 'function', index);
    assert.ok(WebAssembly.validate(module.toBytes()), name);
  }
});

test('control flow: labels, tables, loops, tail calls', () => {
  const module = new ModuleBuilder();
  // sum(n) = n + (n-1) + ... by a loop
  const sum = module.function([i32], [i32], 'sum');
  const total = sum.code.local(i32);
  const done = sum.code.block();
  const again = sum.code.loop();
  sum.code.localGet(0).op(Op.i32Eqz).brIf(done);
  sum.code.localGet(total).localGet(0).op(Op.i32Add).localSet(total);
  sum.code.localGet(0).i32Const(1).op(Op.i32Sub).localSet(0).br(again).end().end().localGet(total);
  module.export('sum', 'function', sum.index);
  // pick(k) by br_table
  const pick = module.function([i32], [i32]);
  const other = pick.code.block();
  const one = pick.code.block();
  const zero = pick.code.block();
  pick.code.localGet(0).brTable([zero, one], other);
  pick.code.end().i32Const(100).op(Op.return).end().i32Const(101).op(Op.return).end().i32Const(-1);
  module.export('pick', 'function', pick.index);
  // Tail calls to itself through a table, a million deep.
  const type = module.type([i32, i32], [i32]);
  const count = module.function([i32, i32], [i32]);
  count.code.localGet(0).op(Op.i32Eqz);
  count.code.if();
  count.code.localGet(1).op(Op.return).end();
  count.code.localGet(0).i32Const(1).op(Op.i32Sub).localGet(1).i32Const(3).op(Op.i32Add);
  count.code.i32Const(2).returnCallIndirect(type);
  module.table({ minimum: 3, maximum: 3 });
  module.elements(0, 2, [count.index]);
  module.export('count', 'function', count.index);
  const functions = instantiate(module);
  assert.equal(functions['sum']?.(100), 5050);
  assert.deepEqual(
    [0, 1, 2, 77].map((k) => functions['pick']?.(k)),
    [100, 101, -1, -1],
  );
  assert.equal(functions['count']?.(1_000_000, 0), 3_000_000);
});

test('memory: loads, stores, bulk, data, imports, SIMD', () => {
  const module = new ModuleBuilder();
  const twice = module.importFunction('host', 'twice', [i32], [i32]);
  module.importMemory('host', 'memory', { minimum: 1, maximum: 1 });
  const data = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
  module.data(16, data);
  const { code, index } = module.function([i32], [i64]);
  code.i32Const(64).i32Const(16).i32Const(32).memoryCopy().i32Const(96).i32Const(7).i32Const(4).memoryFill();
  code.i32Const(128).i32Const(16).simdMemory(SimdMemory.v128Load).i32Const(32).simdMemory(SimdMemory.v128Load);
  code.simd(Simd.v128Xor).simdMemory(SimdMemory.v128Store);
  code.i32Const(0).localGet(0).call(twice).store(Store.i32To8, 200);
  code.i32Const(0).v128Const(data.subarray(0, 16)).v128Const(data.subarray(16));
  code.i8x16Shuffle(Array.from({ length: 16 }, (_, i) => 2 * i)).simdMemory(SimdMemory.v128Store, 208);
  code.i32Const(120).load(Load.i64From8S, 8).i32Const(64).simdMemory(SimdMemory.v128Load);
  code.simdLane(SimdLane.i64x2Extract, 1).op(Op.i64Add);
  module.export('run', 'function', index);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const result = instantiate(module, { host: { memory, twice: (n: number) => 2 * n } })['run']?.(21);
  const bytes = new Uint8Array(memory.buffer);
  assert.deepEqual(bytes.slice(64, 96), data);
  assert.deepEqual([...bytes.slice(95, 101)], [0x9f, 7, 7, 7, 7, 0]);
  assert.deepEqual([...bytes.slice(128, 144)], Array(16).fill(0x10));
  assert.equal(bytes[200], 42);
  assert.deepEqual(
    [...bytes.slice(208, 224)],
    Array.from({ length: 16 }, (_, i) => 0x80 + 2 * i),
  );
  assert.equal(result, BigInt.asIntN(64, 0x8f8e8d8c8b8a8988n + 0x10n));
});

test('misuse is refused', () => {
  const module = new ModuleBuilder();
  const { code } = module.function([], []);
  assert.throws(() => module.importFunction('a', 'b', [], []), /after a function was defined/);
  assert.throws(() => code.end(), /no block is open/);
  const label = code.block();
  code.end();
  assert.throws(() => code.br(label), /not open/);
  code.block();
  assert.throws(() => module.toBytes(), /open blocks/);
});
