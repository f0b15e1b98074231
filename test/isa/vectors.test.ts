// The vectors of every row in the evaluate reading, and that every row has enough of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { executeStep } from '../../src/engine/step.ts';
import { decode } from '../../src/isa/decode.ts';
import { buildRow } from '../../src/isa/isa.ts';
import { RV64 } from '../../src/isa/riscv/rv64.ts';
import { evaluate, type Hart } from '../../src/semantics/evaluate.ts';
import { NEVER, REASON, STATUS } from '../../src/semantics/layout.ts';
import type { Program } from '../../src/semantics/program.ts';
import { loadVectors, type Vector, type VectorState } from './vectors.ts';

/** Field rm of an instruction that rounds as frm says. */
const DYNAMIC = 7n;
/** Legal draws that every row owns. */
const ENOUGH = 100;

const vectors = loadVectors();

/** A hart of a vector's registers, state and memory: it counts as zero what was never written. */
class VectorHart implements Hart {
  readonly x: bigint[];
  readonly f: bigint[];
  readonly state = new Map<string, bigint>();
  readonly memory = new Map<number, number>();

  constructor(vector: Vector) {
    const { before } = vector;
    this.x = [...before.x];
    this.f = [...before.f];
    for (const { address, bytes } of before.memory)
      for (const [i, byte] of bytes.entries()) this.memory.set(address + i, byte);
    this.state.set('status', BigInt(STATUS.running));
    this.state.set('pc', before.pc);
    this.state.set('step', vector.step);
    this.state.set('preemptStep', NEVER);
    this.state.set('skippedNanoseconds', vector.skippedNanoseconds);
    this.state.set('reservationAddress', before.reservationAddress);
    this.state.set('reservationWidth', before.reservationWidth);
    this.state.set('fcsr', before.fcsr);
  }

  readRegister(file: 'x' | 'f', number: number): bigint {
    return file === 'f' ? this.f[number]! : number === 0 ? 0n : this.x[number]!;
  }

  writeRegister(file: 'x' | 'f', number: number, value: bigint): void {
    if (file === 'f') this.f[number] = value;
    else if (number !== 0) this.x[number] = value;
  }

  readState(name: string): bigint {
    return this.state.get(name) ?? 0n;
  }

  writeState(name: string, value: bigint): void {
    this.state.set(name, value);
  }

  readMemory(address: bigint, bytes: number): bigint {
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.memory.get(Number(address) + i) ?? 0);
    return value;
  }

  writeMemory(address: bigint, bytes: number, value: bigint): void {
    for (let i = 0; i < bytes; i++) this.memory.set(Number(address) + i, Number((value >> BigInt(8 * i)) & 0xffn));
  }

  zeroPages(): void {
    assert.fail('no instruction zeroes pages');
  }

  pushThread(): void {
    assert.fail('no instruction switches threads');
  }

  popThread(): void {
    assert.fail('no instruction switches threads');
  }

  preimageLength(): bigint {
    assert.fail('no instruction reads a preimage');
  }

  copyPreimage(): void {
    assert.fail('no instruction reads a preimage');
  }

  emit(): void {
    assert.fail('no instruction emits');
  }
}

/** What of a state a vector says, with memory as the bytes that are not zero. */
function observable(state: VectorState, status: number, reason: number) {
  const memory = state.memory.flatMap(({ address, bytes }) =>
    [...bytes].map((byte, i) => [address + i, byte] as const),
  );
  const { pc, x, f, fcsr, reservationAddress, reservationWidth } = state;
  return {
    pc,
    x,
    f,
    fcsr,
    reservationAddress,
    reservationWidth,
    status: BigInt(status),
    reason: BigInt(reason),
    memory: new Map(memory.filter(([, byte]) => byte !== 0).sort(([a], [b]) => a - b)),
  };
}

function observed(hart: VectorHart) {
  return {
    pc: hart.readState('pc'),
    x: hart.x,
    f: hart.f,
    fcsr: hart.readState('fcsr'),
    reservationAddress: hart.readState('reservationAddress'),
    reservationWidth: hart.readState('reservationWidth'),
    status: hart.readState('status'),
    reason: hart.readState('reason'),
    memory: new Map([...hart.memory].filter(([, byte]) => byte !== 0).sort(([a], [b]) => a - b)),
  };
}

const fieldsOf = ({ word, length }: Vector) => decode(RV64, word, length)!.fields;

/** Asserts that enough vectors of a list meet a condition. */
function meeting(list: readonly Vector[]) {
  return (what: string, condition: (vector: Vector) => boolean, least = 20): void => {
    const count = list.filter(condition).length;
    assert.ok(count >= least, `${what}: ${count} vectors`);
  };
}

test('every row owns vectors, and a vector belongs to its row', () => {
  const names = [...RV64.rows, ...RV64.compressed].map((row) => row.name);
  const counts = new Map(names.map((name) => [name, 0]));
  for (const { row, word, length, trap, text } of vectors) {
    const decoded = decode(RV64, word, length);
    assert.equal(
      (decoded?.compressed ?? decoded?.row)?.name,
      row,
      `a vector of ${row} is another instruction: ${text}`,
    );
    if (trap === undefined || trap === 'breakpoint') counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  const tooFew = [...counts].filter(([, count]) => count < ENOUGH);
  assert.deepEqual(tooFew, [], `rows with fewer than ${ENOUGH} legal vectors`);
});

test('the vectors meet the edges: rd = 0, aliases, leaves crossed by fetch and data, both ends of memory, own code', () => {
  const met = meeting(vectors);
  const data = ({ after, before }: Vector) =>
    [...after.memory, ...before.memory].filter(({ address }) => address !== Number(before.pc));
  met('rd = 0', (vector) => fieldsOf(vector)['rd'] === 0n);
  met('rd = rs1 = rs2', (vector) => {
    const { rd, rs1, rs2 } = fieldsOf(vector);
    return rd !== undefined && rd !== 0n && rd === rs1 && rd === rs2;
  });
  met('fetch across leaves', ({ before, length }) => length === 4 && Number(before.pc) % 32 === 30);
  met('data across leaves', (vector) =>
    data(vector).some(({ address, bytes }) => address >>> 5 !== (address + bytes.length - 1) >>> 5),
  );
  met('first bytes of guest memory', (vector) => data(vector).some(({ address }) => address < 0x1_0020));
  met('last bytes of guest memory', (vector) =>
    data(vector).some(({ address, bytes }) => address + bytes.length > 0xefff_ffe0),
  );
  met('a store into its own leaf', ({ before, after }) =>
    after.memory.some(({ address, bytes }, i) => {
      const old = before.memory[i]!.bytes;
      return [...bytes].some((byte, j) => byte !== old[j] && (address + j) >>> 5 === Number(before.pc) >>> 5);
    }),
  );
  for (const trap of ['loadFault', 'storeFault', 'misalignedAtomic', 'breakpoint'] as const)
    met(trap, (vector) => vector.trap === trap);
});

test('the vectors of every row that rounds meet all modes, static and dynamic, and the reserved ones', () => {
  for (const row of RV64.rows.filter(({ format }) => 'rm' in format.fields)) {
    const legal = new Set<string>();
    const illegal = new Set<string>();
    for (const vector of vectors.filter((each) => each.row === row.name)) {
      const mode = fieldsOf(vector)['rm'];
      (vector.trap === 'illegalInstruction' ? illegal : legal).add(
        mode === DYNAMIC ? `frm ${vector.before.fcsr >> 5n}` : `${mode}`,
      );
    }
    const modes = ['0', '1', '2', '3', '4', 'frm 0', 'frm 1', 'frm 2', 'frm 3', 'frm 4'];
    assert.deepEqual([...legal].sort(), modes, row.name);
    for (const mode of ['5', '6']) assert.ok(illegal.delete(mode), `${row.name} with the static mode ${mode}`);
    assert.ok(
      illegal.size > 0 && [...illegal].every((mode) => /^frm [567]$/.test(mode)),
      `${row.name}: ${[...illegal]}`,
    );
  }
});

test('the vectors of floating point meet the edges', () => {
  const met = meeting(vectors.filter(({ row }) => /^f(?!ence)|csr|c\.f/.test(row)));
  const raised = ({ before, after }: Vector) => after.fcsr & ~before.fcsr;
  for (const [flag, bit] of Object.entries({ NX: 1n, UF: 2n, OF: 4n, DZ: 8n, NV: 16n }))
    met(`flag ${flag} raised`, (vector) => (raised(vector) & bit) !== 0n);
  met(
    'a flag raised beside one that was there',
    (vector) => raised(vector) !== 0n && (vector.before.fcsr & 31n) !== 0n,
  );
  met('a static mode while frm is reserved', (vector) => {
    const mode = fieldsOf(vector)['rm'];
    return mode !== undefined && mode !== DYNAMIC && vector.before.fcsr >> 5n > 4n && vector.trap === undefined;
  });
  met('an operand that is not boxed', (vector) => {
    const { rs1 } = fieldsOf(vector);
    const value = vector.before.f[Number(rs1)] ?? 0n;
    return (
      /^f(m?add|sub|mul|div|sqrt|m(in|ax)|sgnj|eq|cvt\.[wld]).*\.s$/.test(vector.row) && value >> 32n !== 0xffff_ffffn
    );
  });
  met('the canonical NaN', ({ before, after }) =>
    after.f.some((value, i) => value !== before.f[i] && value === 0x7ff8_0000_0000_0000n),
  );
  met('the boxed canonical NaN', ({ before, after }) =>
    after.f.some((value, i) => value !== before.f[i] && value === 0xffff_ffff_7fc0_0000n),
  );
});

test('the vectors tell every row from any other of its format', () => {
  const same = new Set(['fence fence.i', 'fence.i fence', 'rdcycle rdinstret', 'rdinstret rdcycle']);
  const long = vectors.filter(({ length }) => length === 4);
  for (const row of RV64.rows.filter((each) => !each.systemCall))
    for (const other of RV64.rows.filter((each) => each.format === row.format && each !== row)) {
      const program = buildRow(other);
      const noticed = long.some((vector) => vector.row === row.name && !holds(vector, program));
      assert.equal(noticed, !same.has(`${row.name} ${other.name}`), `${row.name} with the meaning of ${other.name}`);
    }
});

/** Whether a 32-bit vector holds with this program as the meaning of its instruction. */
function holds(vector: Vector, program: Program): boolean {
  const hart = new VectorHart(vector);
  const outcome = evaluate(program, decode(RV64, vector.word, vector.length)!.fields, hart);
  if ((outcome.kind === 'trap' ? outcome.reason : undefined) !== vector.trap) return false;
  const next = outcome.kind === 'jump' ? outcome.target : vector.before.pc + (outcome.kind === 'next' ? 4n : 0n);
  hart.writeState('pc', next);
  return isDeepStrictEqual(observed(hart), observable(vector.after, STATUS.running, REASON.none));
}

test('every vector holds in the evaluate reading', () => {
  for (const vector of vectors) {
    const hart = new VectorHart(vector);
    executeStep(hart);
    const status = vector.trap ? STATUS.panic : STATUS.running;
    const expected = observable(vector.after, status, vector.trap ? REASON[vector.trap] : REASON.none);
    assert.deepEqual(observed(hart), expected, `${vector.row}: ${vector.text}`);
    assert.equal(hart.readState('step'), vector.step + 1n);
  }
});
