// A guest without a processor, for tests of system calls: sparse memory, the state variables, threads, and a hart on them
// that checks what every call promises, step by step: few leaves, arguments untouched until the end, nothing left behind.

import assert from 'node:assert/strict';
import { ENOSYS_CALL, SYSTEM_CALLS } from '../../../src/environment/linux/table.ts';
import { THREAD_SWITCH } from '../../../src/environment/linux/threadSwitch.ts';
import { buildSystemCall } from '../../../src/environment/systemCall.ts';
import { evaluate, type Hart, type Outcome } from '../../../src/semantics/evaluate.ts';
import { NEVER, THREAD_FIELDS } from '../../../src/semantics/layout.ts';

export const PAGE = 4096;
const BITMAP = 0xf000_0000;
const EVENTS = 0xf002_0000;
const DATA_LEAVES_MAX = 4;

/** Numbers of the calls by name, and the rows by number. */
const BY_NUMBER = new Map(SYSTEM_CALLS.map((call) => [call.number, call]));
const BY_NAME = new Map(SYSTEM_CALLS.map((call) => [call.name, call.number]));

export function numberOf(name: string): number {
  const number = BY_NAME.get(name);
  assert(number !== undefined, `no system call ${name}`);
  return number;
}

const THREAD_NUMBERS = THREAD_FIELDS.map(({ field }) => field.name).filter((name) => !/^x|^fpHash/.test(name));

/** A thread on a stack. */
interface Thread {
  readonly x: BigUint64Array;
  readonly state: ReadonlyMap<string, bigint>;
}

/** How a call ended: with a result (signed), or with the run. */
export type Ending =
  | { readonly kind: 'result'; readonly value: bigint }
  | Extract<Outcome, { readonly kind: 'trap' | 'halt' }>;

/** State variables that a call leaves zero when it is done. */
const LEFT_ZERO = ['callPhase', 'callPosition', 'callLength', 'threadDeadline', 'threadEpoch'];

export class Guest implements Hart {
  readonly state = new Map<string, bigint>();
  readonly x = new BigUint64Array(32);
  readonly preimages = new Map<string, Uint8Array>();
  readonly emitted: { fd: number; data: Uint8Array }[] = [];
  /** Steps of the last call. */
  steps = 0;
  readonly #pages = new Map<number, Uint8Array>();
  #leaves = new Set<number>();
  readonly #stacks: Readonly<Record<'left' | 'right', Thread[]>> = { left: [], right: [] };
  #zeroed = 0;
  #effects = 0;

  constructor(breakStart = 0x20_0000) {
    const initial = {
      pc: 0x1_0000,
      mmapCursor: 0x4000_0000 / PAGE,
      breakStart,
      programBreak: breakStart,
      threadId: 1,
      nextThreadId: 2,
      preemptStep: NEVER,
      reservationWidth: 8,
      reservationAddress: 0x5000,
    };
    for (const [name, value] of Object.entries(initial)) this.state.set(name, BigInt(value));
    for (let page = 0; page < 16; page++) this.setMapped(page, true);
    for (let address = BITMAP + 0xf0000 / 8; address < BITMAP + 0x10_0000 / 8; address++) this.setByte(address, 0xff);
  }

  /** Puts a call and its arguments in the registers. */
  prepare(name: string | number, args: readonly (number | bigint)[] = []): void {
    for (let i = 0; i < 6; i++) this.x[10 + i] = BigInt.asUintN(64, BigInt(args[i] ?? 0));
    this.x[17] = BigInt(typeof name === 'string' ? numberOf(name) : name);
  }

  /** Runs a call of the only thread to its end, at most `limit` steps. */
  end(name: string | number, args: readonly (number | bigint)[] = [], limit = 20_000): Ending {
    this.prepare(name, args);
    const before = this.x.slice();
    const pc = this.#get('pc');
    for (this.steps = 1; this.steps <= limit; this.steps++) {
      const outcome = this.step();
      if (outcome.kind === 'trap' || outcome.kind === 'halt') return outcome;
      assert(outcome.kind === 'jump', `a call ended with ${outcome.kind}`);
      assert.equal(this.#get('reservationWidth'), 0n, 'a call clears the reservation');
      assert.deepEqual(this.x.slice(11), before.slice(11), 'a call leaves x11 and on alone');
      if (outcome.target === pc + 4n) {
        for (const name of LEFT_ZERO) assert.equal(this.#get(name), 0n, name);
        return { kind: 'result', value: BigInt.asIntN(64, this.x[10] ?? 0n) };
      }
      assert.equal(outcome.target, pc, 'a call that goes on stays on its ecall');
      assert.equal(this.x[10], before[10], 'x10 is written at the end only');
    }
    assert.fail(`${name} does not end within ${limit} steps`);
  }

  /** The result of a call that returns. */
  call(name: string | number, ...args: (number | bigint)[]): number {
    const ending = this.end(name, args);
    assert(ending.kind === 'result', `${name} ended with ${ending.kind}`);
    return Number(ending.value);
  }

  /** Whether the next step is a thread switch. */
  get switches(): boolean {
    return this.#get('step') >= this.#get('preemptStep');
  }

  /** Executes one step: the call in the registers, or a thread switch. pc stays where the call is. */
  step(): Outcome {
    this.#leaves = new Set();
    this.#zeroed = 0;
    this.#effects = 0;
    const number = Number(this.x[17]);
    const name = this.switches ? 'the thread switch' : `call ${number}`;
    const program = this.switches ? THREAD_SWITCH : buildSystemCall(BY_NUMBER.get(number) ?? ENOSYS_CALL);
    const outcome = evaluate(program, {}, this);
    assert(this.#leaves.size <= DATA_LEAVES_MAX, `${name} touches ${this.#leaves.size} leaves in a step`);
    assert(this.#zeroed <= 1, `${name} zeroes ${this.#zeroed} subtrees in a step`);
    if (outcome.kind === 'trap') assert.equal(this.#effects, 0, 'a trap has no effect');
    this.state.set('step', this.#get('step') + 1n);
    for (const side of ['left', 'right'] as const)
      assert.equal(this.#get(`${side}Count`), BigInt(this.#stacks[side].length), `${side}Count`);
    return outcome;
  }

  #get(name: string): bigint {
    return this.state.get(name) ?? 0n;
  }

  // Memory, for tests

  byte(address: number): number {
    return this.#pages.get(Math.floor(address / PAGE))?.[address % PAGE] ?? 0;
  }

  setByte(address: number, value: number): void {
    const page = Math.floor(address / PAGE);
    const bytes = this.#pages.get(page) ?? new Uint8Array(PAGE);
    bytes[address % PAGE] = value;
    this.#pages.set(page, bytes);
  }

  bytes(address: number, length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, i) => this.byte(address + i));
  }

  setBytes(address: number, bytes: Iterable<number>): void {
    let at = address;
    for (const byte of bytes) this.setByte(at++, byte);
  }

  word(address: number, bytes = 8): bigint {
    return this.bytes(address, bytes).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  setWord(address: number, value: bigint | number, bytes = 8): void {
    const word = BigInt.asUintN(64, BigInt(value));
    for (let i = 0; i < bytes; i++) this.setByte(address + i, Number((word >> BigInt(8 * i)) & 0xffn));
  }

  mapped(page: number): boolean {
    return ((this.byte(BITMAP + (page >> 3)) >> (page & 7)) & 1) === 1;
  }

  setMapped(page: number, mapped: boolean): void {
    const at = BITMAP + (page >> 3);
    const bit = 1 << (page & 7);
    this.setByte(at, mapped ? this.byte(at) | bit : this.byte(at) & ~bit);
  }

  /** The 32 bytes of a field of the record. */
  field(name: string): Uint8Array {
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < 4; i++) view.setBigUint64(8 * i, this.#get(`${name}.${i}`), true);
    return bytes;
  }

  setField(name: string, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let i = 0; i < 4; i++) this.state.set(`${name}.${i}`, view.getBigUint64(8 * i, true));
  }

  // Hart

  readRegister(_: 'x' | 'f', number: number): bigint {
    return this.x[number] ?? 0n;
  }

  writeRegister(_: 'x' | 'f', number: number, value: bigint): void {
    this.#effects++;
    this.x[number] = value;
  }

  readState(name: string): bigint {
    return this.#get(name);
  }

  writeState(name: string, value: bigint): void {
    this.#effects++;
    this.state.set(name, value);
  }

  readMemory(address: bigint, bytes: number): bigint {
    return this.word(this.#touch(address, bytes), bytes);
  }

  writeMemory(address: bigint, bytes: number, value: bigint): void {
    this.#effects++;
    this.setWord(this.#touch(address, bytes), value, bytes);
  }

  zeroPages(address: bigint, log2Pages: number): void {
    this.#effects++;
    this.#zeroed++;
    const count = 2 ** log2Pages;
    const first = Number(address) / PAGE;
    assert(Number.isInteger(first) && first % count === 0, `2^${log2Pages} pages at ${address.toString(16)}`);
    assert(first >= 16 && first + count <= 0xf0000, 'only pages of the guest are zeroed');
    for (let page = first; page < first + count; page++) this.#pages.delete(page);
  }

  pushThread(right: boolean): void {
    this.#effects++;
    const state = new Map(THREAD_NUMBERS.map((name) => [name, this.#get(name)]));
    this.#stacks[right ? 'right' : 'left'].push({ x: this.x.slice(), state });
  }

  popThread(right: boolean): void {
    this.#effects++;
    const thread = this.#stacks[right ? 'right' : 'left'].pop();
    assert(thread, 'a thread is taken from an empty stack');
    this.x.set(thread.x);
    for (const [name, value] of thread.state) this.state.set(name, value);
  }

  preimageLength(): bigint {
    const key = Buffer.from(this.field('preimageKey')).toString('hex');
    const found = this.preimages.get(key);
    if (!found) throw new Error(`no preimage of ${key}`);
    return BigInt(8 + found.length);
  }

  copyPreimage(address: bigint, offset: bigint, count: number): void {
    this.#effects++;
    const data = this.preimages.get(Buffer.from(this.field('preimageKey')).toString('hex')) ?? new Uint8Array();
    const prefixed = new Uint8Array(8 + data.length);
    new DataView(prefixed.buffer).setBigUint64(0, BigInt(data.length));
    prefixed.set(data, 8);
    const at = this.#touch(address, count);
    assert(count >= 1 && count <= 32 && (at % 32) + count <= 32, `${count} bytes at ${at} leave their leaf`);
    assert(Number(offset) + count <= prefixed.length, 'a copy stays inside of the preimage');
    this.setBytes(at, prefixed.subarray(Number(offset), Number(offset) + count));
  }

  emit(channel: bigint, address: bigint, length: bigint): void {
    this.emitted.push({ fd: Number(channel), data: this.bytes(Number(address), Number(length)) });
  }

  #touch(address: bigint, bytes: number): number {
    const at = Number(address);
    const guest = at >= 0x1_0000 && at + bytes <= 0xf000_0000;
    const bitmap = at >= BITMAP && at + bytes <= BITMAP + 0x2_0000;
    const events = at >= EVENTS && at + bytes <= EVENTS + 32;
    assert(guest || bitmap || events, `${bytes} bytes at 0x${address.toString(16)} are nobody's`);
    for (let leaf = Math.floor(at / 32); leaf <= Math.floor((at + bytes - 1) / 32); leaf++) this.#leaves.add(leaf);
    return at;
  }
}
