// What a builder checks while a meaning is recorded, and that folding known fields leaves the meaning as it was.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRow, type Row } from '../../src/isa/isa.ts';
import { BASE } from '../../src/isa/riscv/base.ts';
import { Builder } from '../../src/semantics/builder.ts';
import { evaluate, type Hart } from '../../src/semantics/evaluate.ts';
import { type AccessBytes, type Program, walk } from '../../src/semantics/program.ts';

const x1 = { file: 'x', number: 1 } as const;

test('operands of two widths are refused', () => {
  const h = new Builder();
  assert.throws(() => h.add(h.constant(1, 32), h.constant(1, 64)), /add of widths 32 and 64/);
  assert.throws(() => h.zext(h.constant(1, 64), 32), /zext from 64 to 32/);
  assert.throws(() => h.trunc(h.constant(1, 32), 64), /trunc from 32 to 64/);
  assert.throws(() => h.when(h.constant(1, 8), () => {}), /condition of width 8/);
});

test('a trap after an effect on its path is refused: faults have no partial effect', () => {
  const h = new Builder();
  h.when(h.eq(h.x(1), 0), () => h.writeX(2, h.x(1)));
  assert.throws(() => h.trap('illegalInstruction'), /trap 'illegalInstruction' after an effect/);
});

test('a host stop after an effect is refused', () => {
  const h = new Builder();
  h.writeX(2, h.x(1));
  assert.throws(() => h.preimageLength(), /host stop after an effect/);
});

test('an effect on a path that ended does not forbid a trap on the other', () => {
  const h = new Builder();
  h.when(h.eq(h.x(1), 0), () => {
    h.writeX(2, h.x(1));
    h.jump(h.pc());
  });
  h.trap('illegalInstruction');
  assert.equal(h.finish().ends, true);
});

test('nothing follows the end of a step', () => {
  const h = new Builder();
  h.jump(h.pc());
  assert.throws(() => h.writeX(1, 0), /writeRegister after the end of the step/);
});

test('a step does not end inside a repeat', () => {
  const h = new Builder();
  assert.throws(() => h.repeat(2, () => h.jump(h.pc())), /jump inside a repeat/);
});

test('a state variable that the record does not have is refused', () => {
  const h = new Builder();
  assert.throws(() => h.state('pcc'), /no field 'pcc'/);
  assert.throws(() => h.state('preimageKey'), /name.0 to name.3/);
});

test('a program says which parts of the record it opens', () => {
  const h = new Builder();
  h.when(h.eq(h.state('preimageOffset'), 0), () => h.writeF({ file: 'f', number: 3 }, h.x(x1)));
  assert.deepEqual([...h.finish().opens].sort(), ['cold', 'fp']);
});

test('x0 reads as 0 and a write to it vanishes', () => {
  const h = new Builder({ rd: 0n, rs1: 0n });
  h.writeX(h.register('x', 'rd'), h.add(h.x(h.register('x', 'rs1')), 5));
  assert.equal(h.finish().statements.length, 0);
});

/** A hart of registers, pc and sparse bytes, for programs that have been folded and not. */
class ToyHart implements Hart {
  readonly x = new Map<number, bigint>();
  readonly memory = new Map<bigint, bigint>();
  readonly log: string[] = [];
  readRegister(_: 'x' | 'f', number: number): bigint {
    return number === 0 ? 0n : (this.x.get(number) ?? 0n);
  }
  writeRegister(_: 'x' | 'f', number: number, value: bigint): void {
    if (number !== 0) this.x.set(number, value);
  }
  readState(name: string): bigint {
    return name === 'pc' ? 0x20000n : 0n;
  }
  writeState(name: string, value: bigint): void {
    this.log.push(`${name}=${value}`);
  }
  readMemory(address: bigint, bytes: AccessBytes): bigint {
    this.log.push(`read ${address} ${bytes}`);
    let value = 0n;
    for (let i = 0n; i < BigInt(bytes); i++) value |= (this.memory.get(address + i) ?? 0xa5n) << (8n * i);
    return value;
  }
  writeMemory(address: bigint, bytes: AccessBytes, value: bigint): void {
    this.log.push(`write ${address} ${bytes}`);
    for (let i = 0n; i < BigInt(bytes); i++) this.memory.set(address + i, (value >> (8n * i)) & 0xffn);
  }
  zeroPages(): void {}
  pushThread(): void {}
  popThread(): void {}
  preimageLength(): bigint {
    return 8n;
  }
  copyPreimage(): void {}
  emit(): void {}
}

function run(program: Program, fields: Record<string, bigint>, registers: readonly bigint[]): unknown {
  const hart = new ToyHart();
  for (const [i, value] of registers.entries()) hart.writeRegister('x', i, value);
  const outcome = evaluate(program, fields, hart);
  return { outcome, x: [...hart.x], memory: [...hart.memory], log: hart.log };
}

const EDGES = [
  0n,
  1n,
  2n,
  31n,
  63n,
  64n,
  0x7fffffffn,
  0x80000000n,
  0x7fffffffffffffffn,
  1n << 63n,
  (1n << 64n) - 1n,
  0x20fffn,
];

function agreeWhenFolded(row: Row): void {
  const symbolic = buildRow(row);
  for (const rd of [0n, 1n, 5n])
    for (const rs1 of [0n, 1n])
      for (const imm of [0n, 0x20n, (1n << 64n) - 1n]) {
        const known = { rd, rs1, rs2: 2n, imm, shamt: imm & 63n, length: 4n };
        const folded = buildRow(row, known);
        for (const [i, a] of EDGES.entries()) {
          const registers = [0n, a, EDGES[(i * 7 + 3) % EDGES.length] ?? 0n];
          assert.deepEqual(
            run(folded, {}, registers),
            run(symbolic, known, registers),
            `${row.name} ${rd} ${rs1} ${imm} ${a}`,
          );
        }
      }
}

for (const row of BASE)
  test(`${row.name}: folded with its fields it does what it does with them read at run time`, () =>
    agreeWhenFolded(row));

test('a loop and its variable', () => {
  const h = new Builder();
  const sum = h.variable(h.constant(0));
  h.repeat(5, (i) => h.set(sum, h.add(h.get(sum), i)));
  h.writeX(1, h.get(sum));
  const program = h.finish();
  const hart = new ToyHart();
  evaluate(program, {}, hart);
  assert.equal(hart.x.get(1), 10n);
  assert.equal([...walk(program.statements)].filter((s) => s.kind === 'assign').length, 1);
});
