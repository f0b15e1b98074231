// One floating-point instruction on given operands, evaluated and in the interpreter: for cases that are written by hand.
import assert from 'node:assert/strict';
import { Engine } from '../../src/engine/engine.ts';
import { evaluateStep } from '../../src/engine/machineHart.ts';
import type { Host } from '../../src/environment/host.ts';
import { RV64 } from '../../src/isa/riscv/rv64.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { REASON, type Reason, STATUS } from '../../src/semantics/layout.ts';
import { vectorMachine } from './vectorMachine.ts';
import { BOX } from './vectors.ts';

const CODE = 0x2_0000;
const MODES = ['rne', 'rtz', 'rdn', 'rup', 'rmm', '5', '6', 'dyn'];
const FLAGS: Readonly<Record<string, bigint>> = { NV: 16n, DZ: 8n, OF: 4n, UF: 2n, NX: 1n };
/** rd is number 10 of its file, the operands numbers 11 to 13 of theirs. */
const [RD, OPERANDS] = [10, { rs1: 11, rs2: 12, rs3: 13 }];
const host: Host = { preimage: () => undefined, hint: () => {}, output: () => {} };

const view = new DataView(new ArrayBuffer(8));

/** The bits of a double. */
export function d(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** A register that holds a single. */
export function s(value: number): bigint {
  view.setFloat32(0, value);
  return boxed(view.getUint32(0));
}

/** A register that holds the 32 bits of a single. */
export function boxed(bits: number): bigint {
  return BOX | BigInt(bits >>> 0);
}

/** What an instruction left: register rd of its file, fcsr, and why it panicked if it did. */
export interface Outcome {
  readonly result: bigint;
  readonly fcsr: bigint;
  readonly trap: Reason | undefined;
}

const evaluated = vectorMachine();
const engine = new Engine(vectorMachine(), host);

/**
 * Executes an instruction such as `fadd.d rup` (the mode is rne where it is not given) on the contents of its operand
 * registers. Asserts that the interpreter does the same.
 */
export function execute(instruction: string, operands: readonly bigint[], fcsr = 0n): Outcome {
  const [name = '', mode = 'rne'] = instruction.split(' ');
  const row = RV64.rows.find((each) => each.name === name);
  assert.ok(row, `no instruction ${name}`);
  const { fields } = row.format;
  let word = row.match;
  const given: [file: 'x' | 'f', number: number, value: bigint][] = [];
  for (const [field, number] of Object.entries({ rd: RD, ...OPERANDS })) {
    const definition = fields[field];
    if (definition?.kind !== 'register') continue;
    word |= number << definition.low;
    if (field !== 'rd')
      given.push([definition.file, number, operands[given.length] ?? assert.fail(`${field} of ${name}`)]);
  }
  assert.equal(given.length, operands.length, `operands of ${name}`);
  if ('rm' in fields) word |= MODES.indexOf(mode) << 12;
  for (const machine of [evaluated, engine.machine]) {
    machine.set('status', BigInt(STATUS.running));
    machine.set('pc', BigInt(CODE));
    machine.set('fcsr', fcsr);
    machine.write(
      CODE,
      Uint8Array.from({ length: 4 }, (_, i) => word >>> (8 * i)),
    );
    for (const [file, number, value] of given) (file === 'x' ? setX : setF)(machine, number, value);
  }
  evaluateStep(evaluated, host);
  engine.run(engine.machine.get('step') + 1n);
  const rd = fields['rd'];
  const [found, interpreted] = [evaluated, engine.machine].map((machine) => outcome(machine, rd));
  assert.deepEqual(interpreted, found, `${instruction} in the interpreter`);
  return found as Outcome;
}

const setX = (machine: Machine, number: number, value: bigint): void => machine.setX(number, BigInt.asUintN(64, value));
const setF = (machine: Machine, number: number, value: bigint): void => machine.setF(number, value);

function outcome(machine: Machine, rd: { readonly kind: string } | undefined): Outcome {
  const panic = machine.get('status') === BigInt(STATUS.panic);
  const reasons = Object.entries(REASON) as [Reason, number][];
  return {
    result: rd && 'file' in rd && rd.file === 'f' ? machine.f(RD) : machine.x(RD),
    fcsr: machine.get('fcsr'),
    trap: panic ? reasons.find(([, code]) => BigInt(code) === machine.get('reason'))?.[0] : undefined,
  };
}

/** Asserts what an instruction gives, and the exception flags that it raises (`NX UF`), all being clear before. */
export function gives(instruction: string, operands: readonly bigint[], result: bigint, flags = ''): void {
  const found = execute(instruction, operands);
  const names = Object.keys(FLAGS).filter((name) => (found.fcsr & (FLAGS[name] ?? 0n)) !== 0n);
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  assert.deepEqual(
    [found.trap, hex(found.result), names.join(' ')],
    [undefined, hex(BigInt.asUintN(64, result)), flags],
    `${instruction} ${operands.map(hex).join(' ')}`,
  );
}
