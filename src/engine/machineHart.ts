// A whole machine as a hart that records what a step touches: the accesses in order, and every leaf of the memory tree
// before and after. From this record a one-step proof is made.

import { bytesToHex } from '../bytes.ts';
import type { Host } from '../environment/host.ts';
import { assert } from '../invariant.ts';
import type { Machine } from '../machine/machine.ts';
import { LEAF_BYTES, PAGE_BYTES } from '../machine/memoryMap.ts';
import type { ThreadStack } from '../machine/threads.ts';
import type { Hart } from '../semantics/evaluate.ts';
import { asLeafIndex, type LeafIndex } from '../units.ts';
import { type ExecutedStep, executeStep } from './step.ts';

/** One access to memory, as the semantics made it. A step's first accesses are its fetch. */
export interface Access {
  readonly kind: 'fetch' | 'read' | 'write';
  readonly address: number;
  readonly bytes: number;
}

/** An aligned run of 2^log2Pages pages that a step replaced by zeros. */
export interface ZeroedPages {
  readonly address: number;
  readonly log2Pages: number;
}

/** The thread that a step took from a stack: on top of the list, as it waited there; what is below it is what is left. */
export interface PoppedThread {
  readonly right: boolean;
  readonly stack: ThreadStack;
}

/** What a step of a machine did, and all that it opened. */
export interface StepRecord {
  /** Steps executed before it. */
  readonly step: bigint;
  readonly pc: bigint;
  readonly executed: ExecutedStep;
  readonly accesses: readonly Access[];
  /** The 32 bytes of each leaf that an access touched, before and after the step, by index. */
  readonly leaves: ReadonlyMap<LeafIndex, { readonly before: Uint8Array; readonly after: Uint8Array }>;
  readonly zeroed?: ZeroedPages;
  readonly popped?: PoppedThread;
  /** The preimage that the step looked at: its key and its bytes without the length prefix. */
  readonly preimage?: { readonly key: Uint8Array; readonly data: Uint8Array };
}

/** Thrown by a step that needs a preimage which the host does not have: the step has not happened. */
export class MissingPreimage extends Error {
  readonly key: Uint8Array;
  constructor(key: Uint8Array) {
    super(`no preimage of ${bytesToHex(key)}`);
    this.name = 'MissingPreimage';
    this.key = key;
  }
}

/**
 * Executes one step of `machine` by the evaluate reading and records it. The machine is changed as the step says. Throws
 * MissingPreimage, the machine unchanged, where `host` lacks the preimage that the step reads.
 */
export function evaluateStep(machine: Machine, host: Host): StepRecord {
  const hart = new MachineHart(machine, host);
  const step = machine.get('step');
  const pc = machine.get('pc');
  const executed = executeStep(hart, () => hart.fetched());
  return { step, pc, executed, ...hart.record() };
}

/** Bytes of the big-endian length in front of a preimage. */
export const PREIMAGE_PREFIX_BYTES = 8;

class MachineHart implements Hart {
  readonly #machine: Machine;
  readonly #host: Host;
  readonly #accesses: Access[] = [];
  readonly #before = new Map<LeafIndex, Uint8Array>();
  #fetching = true;
  #zeroed: ZeroedPages | undefined;
  #popped: PoppedThread | undefined;
  #preimage: { key: Uint8Array; data: Uint8Array } | undefined;

  constructor(machine: Machine, host: Host) {
    this.#machine = machine;
    this.#host = host;
  }

  record(): Omit<StepRecord, 'step' | 'pc' | 'executed'> {
    const leaves = new Map<LeafIndex, { before: Uint8Array; after: Uint8Array }>();
    for (const [leaf, before] of [...this.#before].sort(([a], [b]) => a - b))
      leaves.set(leaf, { before, after: this.#leaf(leaf) });
    return {
      accesses: this.#accesses,
      leaves,
      ...(this.#zeroed && { zeroed: this.#zeroed }),
      ...(this.#popped && { popped: this.#popped }),
      ...(this.#preimage && { preimage: this.#preimage }),
    };
  }

  /** From here on a read is not part of the fetch. */
  fetched(): void {
    this.#fetching = false;
  }

  readRegister(file: 'x' | 'f', number: number): bigint {
    return file === 'x' ? this.#machine.x(number) : this.#machine.f(number);
  }

  writeRegister(file: 'x' | 'f', number: number, value: bigint): void {
    if (file === 'x') this.#machine.setX(number, value);
    else this.#machine.setF(number, value);
  }

  readState(name: string): bigint {
    return this.#machine.get(name);
  }

  writeState(name: string, value: bigint): void {
    this.#machine.set(name, value);
  }

  readMemory(address: bigint, bytes: number): bigint {
    const at = this.#access(this.#fetching ? 'fetch' : 'read', address, bytes);
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#machine.bytes[at + i] ?? 0);
    return value;
  }

  writeMemory(address: bigint, bytes: number, value: bigint): void {
    const at = this.#access('write', address, bytes);
    const data = Uint8Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
    this.#machine.write(at, data);
  }

  zeroPages(address: bigint, log2Pages: number): void {
    const bytes = PAGE_BYTES * 2 ** log2Pages;
    assert(
      log2Pages >= 0 && log2Pages <= 20 && Number(address) % bytes === 0,
      () => `zeroing 2^${log2Pages} pages at ${address}`,
    );
    assert(this.#zeroed === undefined, 'a step zeroes one subtree at the most');
    this.#zeroed = { address: Number(address), log2Pages };
    this.#machine.zeroPages(Number(address) / PAGE_BYTES, 2 ** log2Pages);
  }

  pushThread(right: boolean): void {
    this.#machine.pushThread(right);
  }

  popThread(right: boolean): void {
    const stack = right ? this.#machine.rightThreads : this.#machine.leftThreads;
    this.#machine.popThread(right);
    this.#popped = stack && { right, stack };
  }

  preimageLength(): bigint {
    const key = this.#machine.getBytes('preimageKey');
    const data = this.#host.preimage(key);
    if (!data) throw new MissingPreimage(key);
    this.#preimage = { key, data };
    return BigInt(PREIMAGE_PREFIX_BYTES + data.length);
  }

  copyPreimage(address: bigint, offset: bigint, count: number): void {
    assert(this.#preimage !== undefined, 'a preimage is copied before its length is asked for');
    const at = this.#access('write', address, count);
    this.#machine.write(at, preimageBytes(this.#preimage.data, Number(offset), count));
  }

  emit(channel: bigint, address: bigint, length: bigint): void {
    const bytes = this.#machine.bytes.slice(Number(address), Number(address + length));
    if (channel === HINT_CHANNEL) this.#host.hint(bytes);
    else this.#host.output(Number(channel), bytes);
  }

  #access(kind: Access['kind'], address: bigint, bytes: number): number {
    const at = Number(address);
    this.#accesses.push({ kind, address: at, bytes });
    const last = Math.floor((at + bytes - 1) / LEAF_BYTES);
    for (let leaf = Math.floor(at / LEAF_BYTES); leaf <= last; leaf++) {
      const index = asLeafIndex(leaf);
      if (!this.#before.has(index)) this.#before.set(index, this.#leaf(index));
    }
    return at;
  }

  #leaf(index: LeafIndex): Uint8Array {
    return this.#machine.bytes.slice(index * LEAF_BYTES, (index + 1) * LEAF_BYTES);
  }
}

/** File descriptor of hints: what is written there goes to the host's preimage source. */
export const HINT_CHANNEL = 4n;

/** `count` bytes from `offset` of a preimage with its 8-byte big-endian length in front. */
export function preimageBytes(data: Uint8Array, offset: number, count: number): Uint8Array {
  const prefixed = new Uint8Array(count);
  const length = BigInt(data.length);
  for (let i = 0; i < count; i++) {
    const at = offset + i;
    prefixed[i] =
      at < PREIMAGE_PREFIX_BYTES
        ? Number((length >> BigInt(8 * (7 - at))) & 0xffn)
        : (data[at - PREIMAGE_PREFIX_BYTES] ?? 0);
  }
  return prefixed;
}
