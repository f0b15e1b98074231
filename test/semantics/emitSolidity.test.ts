// The Solidity reading against the evaluate reading: random programs of everything that a meaning may say (operators,
// locals, registers, state, memory, conditions, loops, ends of a step), each compiled by solc and executed in an EVM.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex, hexToBytes } from '../../src/bytes.ts';
import { type EmbeddedL1, startEmbeddedL1 } from '../../src/chain/embeddedL1.ts';
import { Builder } from '../../src/semantics/builder.ts';
import type { FieldTexts } from '../../src/semantics/emitSolidity.ts';
import { evaluate, type Hart, type Outcome } from '../../src/semantics/evaluate.ts';
import { REASON, STATUS } from '../../src/semantics/layout.ts';
import { BINARY, COMPARE, type Width } from '../../src/semantics/operators.ts';
import type { AccessBytes, Program, Value, Variable } from '../../src/semantics/program.ts';
import { walk } from '../../src/semantics/program.ts';
import { stateConstant } from '../../src/semantics/solidityFrame.ts';
import { deploySource } from '../contracts/evm.ts';
import { Random, seed } from '../engine/randomCode.ts';
import { Frame, programsSource } from './solidityFrames.ts';

/** Programs that fit one contract, contracts, and frames that each program is run on. */
const PROGRAMS = 14;
const CONTRACTS = 4;
const DRAWS = 12;
const WIDTHS: readonly Width[] = [1, 8, 16, 32, 64, 128];
const STATE = ['reservationAddress', 'callLength', 'mmapCursor', 'pc', 'step'] as const;
const WRITTEN = ['reservationAddress', 'callLength', 'mmapCursor'] as const;
/** Four leaves: two neighbours, and two alone. */
const LEAVES = [4096, 4097, 5000, 70_000];
/** Where the fields of a test's instruction are in the frame: words that no program uses otherwise. */
const FIELD_WORDS: Readonly<Record<string, string>> = {
  rd: 'THREAD_ID',
  rs1: 'LEFT_COUNT',
  rs2: 'NEXT_THREAD_ID',
  rs3: 'CLEAR_CHILD_TID',
  imm: 'WAKE_EPOCH',
  length: 'LENGTH',
};

/** Makes a random program by the builder, as a meaning would. */
class Maker {
  readonly #random: Random;
  readonly #h = new Builder();
  readonly #values: Value[];
  readonly #variables: Variable[] = [];

  constructor(random: Random) {
    this.#random = random;
    this.#values = [this.#h.field('imm'), this.#h.constant(random.word64()), this.#h.x(this.#h.register('x', 'rs1'))];
  }

  make(): Program {
    this.#statements(6 + this.#random.below(20), 0);
    if (this.#random.chance(0.5)) this.#end();
    return this.#h.finish();
  }

  #value(width: Width): Value {
    const found = this.#random.pick(this.#values);
    if (found.width === width) return found;
    const h = this.#h;
    if (found.width > width) return h.trunc(found, width);
    return this.#random.chance(0.5) ? h.sext(found, width) : h.zext(found, width);
  }

  /** A few statements of one scope: what they define is gone after it. */
  #statements(count: number, depth: number): void {
    const [values, variables] = [this.#values.length, this.#variables.length];
    for (let i = 0; i < count; i++) this.#statement(depth);
    if (depth > 0) {
      this.#values.length = values;
      this.#variables.length = variables;
    }
  }

  #statement(depth: number): void {
    const [h, random] = [this.#h, this.#random];
    const register = () => h.register('x', random.pick(['rd', 'rs1', 'rs2']));
    switch (random.below(depth < 3 ? 16 : 13)) {
      case 0:
        this.#values.push(h.x(random.chance(0.5) ? register() : random.below(32)));
        break;
      case 1:
        h.writeX(random.chance(0.5) ? register() : random.below(32), this.#value(64));
        break;
      case 2:
        this.#values.push(h.state(random.pick(STATE)));
        break;
      case 3:
        h.writeState(random.pick(WRITTEN), this.#value(64));
        break;
      case 4:
        this.#variables.push(h.variable(this.#value(random.pick(WIDTHS))));
        break;
      case 5:
        if (this.#variables.length > 0) this.#values.push(h.get(random.pick(this.#variables)));
        break;
      case 6: {
        const variable = this.#variables.length > 0 ? random.pick(this.#variables) : undefined;
        if (variable) h.set(variable, this.#value(variable.width));
        break;
      }
      case 7:
        this.#values.push(h.read(this.#address(), random.pick<AccessBytes>([1, 2, 4, 8])));
        break;
      case 8: {
        const bytes = random.pick<AccessBytes>([1, 2, 4, 8]);
        h.write(this.#address(), bytes, this.#value((8 * bytes) as Width));
        break;
      }
      case 9:
        this.#values.push(h.select(this.#value(1), this.#value(32), this.#value(32)));
        break;
      case 10: {
        const file = h.register('f', 'rs3');
        if (random.chance(0.5)) h.writeF(file, this.#value(64));
        else this.#values.push(h.f(file));
        break;
      }
      case 11:
      case 12: {
        const width = random.pick(WIDTHS);
        this.#values.push(h[random.pick([...BINARY, ...COMPARE])](this.#value(width), this.#value(width)));
        break;
      }
      case 13:
      case 14: {
        const condition = this.#value(1);
        // A path that is known to be taken must not end, nor may both arms: statements follow.
        const mayEnd = condition.kind !== 'constant';
        const otherwise = random.chance(0.5) ? () => this.#arm(depth, false) : undefined;
        h.when(condition, () => this.#arm(depth, mayEnd), otherwise);
        break;
      }
      default:
        this.#repeat(depth);
    }
  }

  #repeat(depth: number): void {
    this.#h.repeat(1 + this.#random.below(4), (index) => {
      this.#values.push(index);
      this.#inRepeat++;
      this.#statements(1 + this.#random.below(4), depth + 1);
      this.#inRepeat--;
      this.#values.splice(this.#values.indexOf(index), 1);
    });
  }

  #inRepeat = 0;

  #arm(depth: number, mayEnd: boolean): void {
    this.#statements(1 + this.#random.below(5), depth + 1);
    if (mayEnd && this.#inRepeat === 0 && this.#random.chance(0.25)) this.#end();
  }

  #end(): void {
    const h = this.#h;
    if (this.#random.chance(0.7)) h.jump(this.#value(64));
    else h.exit(this.#value(64));
  }

  /** An address in one of the leaves, or across the two neighbours. */
  #address(): Value {
    const h = this.#h;
    const leaf = this.#random.pick(LEAVES);
    const offset = h.and(this.#value(64), leaf === 4096 ? 31 : 15);
    return h.add(h.constant(32 * leaf), offset);
  }
}

/** The frame as a hart: what the program does to it by the evaluate reading. */
class FrameHart implements Hart {
  readonly frame: Frame;

  constructor(frame: Frame) {
    this.frame = frame;
  }

  readRegister(file: 'x' | 'f', number: number): bigint {
    return file === 'x' && number === 0 ? 0n : this.frame.get(file.toUpperCase(), number);
  }

  writeRegister(file: 'x' | 'f', number: number, value: bigint): void {
    if (file === 'f' || number !== 0) this.frame.set(file.toUpperCase(), value, number);
  }

  readState(name: string): bigint {
    return this.frame.get(stateConstant(name));
  }

  writeState(name: string, value: bigint): void {
    this.frame.set(stateConstant(name), value);
  }

  readMemory(address: bigint, bytes: number): bigint {
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | this.#byte(Number(address) + i);
    return value;
  }

  writeMemory(address: bigint, bytes: number, value: bigint): void {
    for (let i = 0; i < bytes; i++) this.#byte(Number(address) + i, (value >> BigInt(8 * i)) & 0xffn);
  }

  /** A byte of a leaf, which counts as used; with `value` it is replaced. */
  #byte(address: number, value?: bigint): bigint {
    const leaf = LEAVES.indexOf(Math.floor(address / 32));
    assert.ok(leaf >= 0, `address ${address}`);
    this.frame.set('LEAVES_USED', this.frame.get('LEAVES_USED') | (1n << BigInt(leaf)));
    const shift = BigInt(8 * (31 - (address % 32)));
    const word = this.frame.get('LEAF_VALUE', leaf);
    if (value !== undefined) this.frame.set('LEAF_VALUE', (word & ~(0xffn << shift)) | (value << shift), leaf);
    return (word >> shift) & 0xffn;
  }

  zeroPages(): void {}
  preimageLength = (): bigint => 0n;
  copyPreimage(): void {}
  pushThread(): void {}
  popThread(): void {}
  emit(): void {}
}

function randomFrame(random: Random, program: number): Frame {
  const frame = new Frame();
  frame.set('WORD', BigInt(program));
  frame.set('LENGTH', 4n);
  frame.set('STATUS', BigInt(STATUS.running));
  const word = () => (random.chance(0.3) ? BigInt(random.below(300)) : random.word64());
  for (let i = 1; i < 32; i++) frame.set('X', word(), i);
  for (let i = 0; i < 32; i++) frame.set('F', word(), i);
  for (const name of STATE) frame.set(stateConstant(name), word());
  for (const field of ['rd', 'rs1', 'rs2', 'rs3']) frame.set(FIELD_WORDS[field]!, BigInt(random.below(32)));
  frame.set('WAKE_EPOCH', word());
  frame.set('NEXT_PC', 1234n);
  frame.set('LEAF_COUNT', BigInt(LEAVES.length));
  LEAVES.forEach((leaf, i) => {
    frame.set('LEAF_INDEX', BigInt(leaf), i);
    frame.set(
      'LEAF_VALUE',
      [0n, 64n, 128n, 192n].reduce((all, shift) => all | (random.word64() << shift), 0n),
      i,
    );
  });
  return frame;
}

function settle(frame: Frame, outcome: Outcome): void {
  if (outcome.kind === 'jump') frame.set('NEXT_PC', outcome.target);
  else if (outcome.kind === 'next') return;
  else {
    assert.ok(outcome.kind === 'halt' || outcome.kind === 'trap');
    frame.set('STATUS', BigInt(outcome.kind === 'halt' ? outcome.status : STATUS.panic));
    if (outcome.kind === 'trap') frame.set('REASON', BigInt(REASON[outcome.reason]));
    frame.set('NEXT_PC', frame.get('PC'));
  }
}

const FIELD_TEXTS: FieldTexts = {
  field: (name) => `mload(${FIELD_WORDS[name]})`,
  register: (file, name) => `add(${file.toUpperCase()}, shl(5, mload(${FIELD_WORDS[name]})))`,
};

/** Runs each program of one contract on random frames, both ways. */
async function compare(l1: EmbeddedL1, programs: readonly Program[], random: Random): Promise<void> {
  const text = programsSource(programs, FIELD_TEXTS);
  const file = new URL('Programs.sol', import.meta.url);
  const [address] = await deploySource(await l1.signer(0), file, 'Programs', text);
  for (const [number, program] of programs.entries()) {
    const frames = Array.from({ length: DRAWS }, () => randomFrame(random, number));
    const calls = frames.map(({ bytes }) => l1.provider.call({ to: address, data: bytesToHex(bytes) }));
    for (const [i, answer] of (await Promise.all(calls)).entries()) {
      const frame = frames[i]!;
      const expected = new Frame(Uint8Array.from(frame.bytes));
      const fields = Object.fromEntries(Object.entries(FIELD_WORDS).map(([name, word]) => [name, frame.get(word)]));
      settle(expected, evaluate(program, fields, new FrameHart(expected)));
      const found = hexToBytes(answer, { what: 'frame', bytes: frame.bytes.length });
      assert.deepEqual(found, expected.bytes, `program ${number}: ${JSON.stringify(program.statements, bigints)}`);
    }
  }
}

test('random programs do to a frame in the EVM what they do by the evaluate reading', async (t) => {
  const random = new Random(seed());
  t.diagnostic(`seed ${random.seed}`);
  const all = Array.from({ length: CONTRACTS * PROGRAMS }, () => new Maker(random).make());
  const kinds = new Set(all.flatMap((program) => [...walk(program.statements)].map(({ kind }) => kind)));
  for (const kind of ['assign', 'readMemory', 'writeMemory', 'repeat', 'when', 'jump', 'halt'] as const)
    assert.ok(kinds.has(kind), `no program has a statement ${kind}`);
  const l1 = await startEmbeddedL1();
  try {
    for (let i = 0; i < all.length; i += PROGRAMS) await compare(l1, all.slice(i, i + PROGRAMS), random);
  } finally {
    l1.stop();
  }
});

const bigints = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);
