// The machine: its 4 GiB memory, its state variables, and which pages were written. It has no policy: engines execute on
// it, the commitment layer reads its dirty pages, the loader fills it.
//
// The whole machine is one WebAssembly memory, reserved at once and touched lazily (the host gives a page of real memory
// to what is written, nothing to the rest). State variables live in the private block below the guest's first address,
// at the addresses that semantics/layout.ts gives them, so that generated code and this class share one copy.

import { InputError } from '../errors.ts';
import { assert } from '../invariant.ts';
import { F_ADDRESS, FIELDS, field, type StateVariable, variable, X_ADDRESS } from '../semantics/layout.ts';
import {
  DECODED_MAP,
  DIRTY_COUNT,
  DIRTY_LIST,
  FLAG_CODE,
  FLAG_DIRTY,
  FLAG_PRESENT,
  GUEST_END,
  GUEST_START,
  KERNEL_END,
  KERNEL_START,
  PAGE_BYTES,
  PAGE_COUNT,
  PAGE_FLAGS,
} from './memoryMap.ts';
import { captureThread, restoreThread, type ThreadStack } from './threads.ts';

const WASM_PAGES = 65_536;
const U64_END = 1n << 64n;

/** Whether `count` pages from page `first` are all in the guest's memory or all in the kernel's. */
export function inMemoryTree(first: number, count: number): boolean {
  const start = first * PAGE_BYTES;
  const end = start + count * PAGE_BYTES;
  return (start >= GUEST_START && end <= GUEST_END) || (start >= KERNEL_START && end <= KERNEL_END);
}

/** A machine `rv64`: memory and state variables, all zero when made. */
export class Machine {
  /** The 4 GiB that generated code runs on: guest addresses are its addresses. It never grows. */
  readonly memory: WebAssembly.Memory;
  /** All of `memory`. Writing guest memory through it goes unseen by `takeDirtyPages`: use `write`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** All of `memory`; its integers are little-endian. */
  readonly view: DataView<ArrayBuffer>;
  /** Called with the number of a page of which the engine held decoded code, before `write` or `zeroPages` changes it. */
  onCodeWrite: ((page: number) => void) | undefined;
  /** The threads that do not run; as many on each as the state variables leftCount and rightCount say between steps. */
  leftThreads: ThreadStack | undefined;
  rightThreads: ThreadStack | undefined;
  readonly #flags: Uint8Array<ArrayBuffer>;
  readonly #variables = new Map<string, StateVariable>();

  /** Throws an InputError (`NO_ADDRESS_SPACE`) where the host refuses to reserve the memory. */
  constructor() {
    this.memory = reserveMemory();
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.#flags = this.bytes.subarray(PAGE_FLAGS, PAGE_FLAGS + PAGE_COUNT);
  }

  #variable(name: string): StateVariable {
    const known = this.#variables.get(name);
    if (known) return known;
    const found = variable(name);
    this.#variables.set(name, found);
    return found;
  }

  /** Value of a state variable: a number field, or word `name.0` to `name.3` of a 32-byte field. RangeError if unknown. */
  get(name: string): bigint {
    return this.view.getBigUint64(this.#variable(name).address, true);
  }

  /** Sets a state variable; the value must fit the field. x0 is not one of them. */
  set(name: string, value: bigint): void {
    const { address, bits } = this.#variable(name);
    assert(value >= 0n && value < 1n << BigInt(bits), () => `${name} = ${value} does not fit ${bits} bits`);
    this.view.setBigUint64(address, value, true);
  }

  /** A copy of a 32-byte field. */
  getBytes(name: string): Uint8Array<ArrayBuffer> {
    const { kind, address } = field(name);
    assert(kind === 'bytes32', () => `${name} is not a field of 32 bytes`);
    return this.bytes.slice(address, address + 32);
  }

  /** Sets a 32-byte field. */
  setBytes(name: string, value: Uint8Array): void {
    const { kind, address } = field(name);
    assert(kind === 'bytes32' && value.length === 32, () => `${name} does not take ${value.length} bytes`);
    this.bytes.set(value, address);
  }

  /** Register x0 to x31. */
  x(index: number): bigint {
    return this.view.getBigUint64(X_ADDRESS + 8 * register(index), true);
  }

  /** Sets register x1 to x31; x0 stays zero. */
  setX(index: number, value: bigint): void {
    assert(value >= 0n && value < U64_END, () => `x${index} = ${value} does not fit 64 bits`);
    if (register(index) !== 0) this.view.setBigUint64(X_ADDRESS + 8 * index, value, true);
  }

  /** Floating-point register f0 to f31, as its 64 bits. */
  f(index: number): bigint {
    return this.view.getBigUint64(F_ADDRESS + 8 * register(index), true);
  }

  /** Sets floating-point register f0 to f31 to 64 bits. */
  setF(index: number, value: bigint): void {
    assert(value >= 0n && value < U64_END, () => `f${index} = ${value} does not fit 64 bits`);
    this.view.setBigUint64(F_ADDRESS + 8 * register(index), value, true);
  }

  /** Puts the running thread, as it is now, on the right or left stack. */
  pushThread(right: boolean): void {
    if (right) this.rightThreads = captureThread(this, this.rightThreads);
    else this.leftThreads = captureThread(this, this.leftThreads);
  }

  /** Takes the last thread from the right or left stack, which must have one: it is the running one now. */
  popThread(right: boolean): void {
    const top = right ? this.rightThreads : this.leftThreads;
    assert(top !== undefined, () => `no thread on the ${right ? 'right' : 'left'} stack`);
    restoreThread(this, top);
    if (right) this.rightThreads = top.below;
    else this.leftThreads = top.below;
  }

  /** Writes guest or kernel memory; the pages become present and dirty, and code decoded from them is dropped. */
  write(address: number, data: Uint8Array): void {
    if (data.length === 0) return;
    const first = Math.floor(address / PAGE_BYTES);
    const last = Math.floor((address + data.length - 1) / PAGE_BYTES);
    assert(Number.isSafeInteger(address) && inMemoryTree(first, last - first + 1), () => outside(address, data.length));
    for (let page = first; page <= last; page++) this.#touch(page);
    this.bytes.set(data, address);
  }

  /** Fills `count` pages from page `first` with zeros. Pages that were never written are left untouched. */
  zeroPages(first: number, count: number): void {
    assert(Number.isInteger(first) && inMemoryTree(first, count), () =>
      outside(first * PAGE_BYTES, count * PAGE_BYTES),
    );
    for (let page = first; page < first + count; page++) {
      if (!((this.#flags[page] ?? 0) & FLAG_PRESENT)) continue;
      this.#touch(page);
      this.bytes.fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
    }
  }

  /** Marks a page present and dirty and drops what the engine decoded of it. */
  #touch(page: number): void {
    const flags = this.#flags[page] ?? 0;
    if (flags & FLAG_CODE) {
      this.onCodeWrite?.(page);
      this.view.setUint32(DECODED_MAP + 4 * page, 0, true);
    }
    if (!(flags & FLAG_DIRTY)) {
      const count = this.view.getUint32(DIRTY_COUNT, true);
      this.view.setUint32(DIRTY_LIST + 4 * count, page, true);
      this.view.setUint32(DIRTY_COUNT, count + 1, true);
    }
    this.#flags[page] = (flags & ~FLAG_CODE) | FLAG_DIRTY | FLAG_PRESENT;
  }

  /** Numbers of the pages written since the last call, ascending. They are clean afterwards. */
  takeDirtyPages(): Uint32Array<ArrayBuffer> {
    const pages = this.#dirtyPages().sort();
    for (const page of pages) this.#flags[page] = (this.#flags[page] ?? 0) & ~FLAG_DIRTY;
    this.view.setUint32(DIRTY_COUNT, 0, true);
    return pages;
  }

  #dirtyPages(): Uint32Array<ArrayBuffer> {
    const count = this.view.getUint32(DIRTY_COUNT, true);
    assert(count <= PAGE_COUNT, () => `${count} dirty pages`);
    return new Uint32Array(this.memory.buffer, DIRTY_LIST, count).slice();
  }

  /** Numbers of the pages that were ever written, ascending: every other page is zero. */
  presentPages(): Uint32Array<ArrayBuffer> {
    const pages: number[] = [];
    const words = new BigUint64Array(this.memory.buffer, PAGE_FLAGS, PAGE_COUNT / 8);
    for (let word = 0; word < words.length; word++) {
      if (words[word] === 0n) continue;
      for (let page = 8 * word; page < 8 * word + 8; page++)
        if ((this.#flags[page] ?? 0) & FLAG_PRESENT) pages.push(page);
    }
    return Uint32Array.from(pages);
  }

  /** The bytes of one page, not a copy. */
  page(page: number): Uint8Array<ArrayBuffer> {
    assert(Number.isInteger(page) && page >= 0 && page < PAGE_COUNT, () => `${page} is not a page`);
    return this.bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
  }

  /**
   * An independent copy: state variables, threads, present pages, and which of them are dirty. Costs the pages that are
   * present, not the 4 GiB. What the engine decoded is not copied, nor is the hook.
   */
  fork(): Machine {
    const copy = new Machine();
    for (const { address, kind } of FIELDS) {
      const end = address + (kind === 'bytes32' ? 32 : 8);
      copy.bytes.set(this.bytes.subarray(address, end), address);
    }
    copy.leftThreads = this.leftThreads;
    copy.rightThreads = this.rightThreads;
    for (const page of this.presentPages()) {
      copy.page(page).set(this.page(page));
      copy.#flags[page] = (this.#flags[page] ?? 0) & ~FLAG_CODE;
    }
    const dirty = this.#dirtyPages();
    new Uint32Array(copy.memory.buffer, DIRTY_LIST, dirty.length).set(dirty);
    copy.view.setUint32(DIRTY_COUNT, dirty.length, true);
    return copy;
  }
}

function register(index: number): number {
  assert(Number.isInteger(index) && index >= 0 && index < 32, () => `${index} is not a register number`);
  return index;
}

function outside(address: number, length: number): string {
  return `${length} bytes at 0x${address.toString(16)} are outside of the memory tree`;
}

function reserveMemory(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: WASM_PAGES, maximum: WASM_PAGES });
  } catch (cause) {
    throw new InputError('NO_ADDRESS_SPACE', "a machine's 4 GiB of address space: the host refused to reserve them", {
      hint: 'Only what a program touches becomes real memory. Lift the limit on virtual memory (ulimit -v unlimited).',
      cause,
    });
  }
}
