// The part of a machine that a one-step proof opens, as a hart: what the contract sees. A step that asks for more than the
// proof gives is refused, and so is, in the end, a proof that gives more than the step asked for.

import { equal, readU64LE, writeU64LE } from '../../bytes.ts';
import { type Access, PREIMAGE_PREFIX_BYTES, preimageBytes } from '../../engine/machineHart.ts';
import { hashInputs } from '../../environment/inputs.ts';
import { keyOf, localIndex } from '../../environment/preimageKey.ts';
import { InputError } from '../../errors.ts';
import { assert } from '../../invariant.ts';
import type { Hart } from '../../semantics/evaluate.ts';
import type { StepProof } from './format.ts';
import { checkThread, pushThread } from './thread.ts';

/** What a step does to a leaf. */
export interface OpenedLeaf {
  readonly index: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  used: boolean;
}

const refuse = (code: string, message: string): InputError => new InputError(`PROOF_${code}`, `step proof: ${message}`);

export class ProofHart implements Hart {
  readonly #proof: StepProof;
  readonly #state: Map<string, bigint>;
  readonly #leaves: OpenedLeaf[];
  readonly #preimage: { readonly length: bigint; copy(offset: bigint, count: number): Uint8Array } | undefined;
  readonly #accesses: Access[] = [];
  #fetching = true;
  #fpHash: Uint8Array | undefined;
  #zeroed = false;
  #popped = false;
  #looked = false;

  /** Throws an InputError (`PROOF_PREIMAGE`) for a preimage that does not have the key in the record. */
  constructor(proof: StepProof, stored: Uint8Array | undefined) {
    this.#proof = proof;
    this.#state = new Map(proof.state);
    this.#fpHash = proof.hashes.get('fp');
    this.#leaves = proof.leaves.map(({ index, value }) => ({
      index,
      before: value,
      after: Uint8Array.from(value),
      used: false,
    }));
    this.#preimage = this.#openPreimage(stored);
  }

  /** The state variables after the step. */
  get state(): ReadonlyMap<string, bigint> {
    return this.#state;
  }

  /** The hash of the fp part after the step, if that is not given: it goes with its thread. */
  get fpHash(): Uint8Array | undefined {
    return this.#fpHash;
  }

  get leaves(): readonly OpenedLeaf[] {
    return this.#leaves;
  }

  /** The accesses to memory, in order. */
  get accesses(): readonly Access[] {
    return this.#accesses;
  }

  /** From here on a read is not part of the fetch. */
  fetched(): void {
    this.#fetching = false;
  }

  /** Refuses a proof of which the step did not use everything. `opens` are the parts that the step's program opens. */
  finish(opens: ReadonlySet<'cold' | 'fp'>): void {
    for (const part of ['cold', 'fp'] as const)
      if (opens.has(part) !== this.#proof.parts.has(part))
        throw refuse('PARTS', `the step ${opens.has(part) ? 'opens' : 'does not open'} the ${part} part`);
    const unused = this.#leaves.find((leaf) => !leaf.used);
    if (unused) throw refuse('LEAF_UNUSED', `the step does not access leaf ${unused.index}`);
    if (this.#proof.zeroed && !this.#zeroed) throw refuse('ZEROED', 'the step does not zero pages');
    if (this.#proof.thread && !this.#popped) throw refuse('THREAD', 'the step takes no thread from a stack');
    if (this.#preimage && !this.#looked) throw refuse('PREIMAGE', 'the step does not look at the preimage');
  }

  readRegister(file: 'x' | 'f', number: number): bigint {
    return file === 'x' && number === 0 ? 0n : this.readState(`${file}${number}`);
  }

  writeRegister(file: 'x' | 'f', number: number, value: bigint): void {
    if (file === 'f' || number !== 0) this.writeState(`${file}${number}`, value);
  }

  readState(name: string): bigint {
    const value = this.#state.get(name);
    if (value === undefined) throw refuse('PARTS', `the step reads ${name}, which is not given`);
    return value;
  }

  writeState(name: string, value: bigint): void {
    this.readState(name);
    this.#state.set(name, value);
  }

  readMemory(address: bigint, bytes: number): bigint {
    this.#record(this.#fetching ? 'fetch' : 'read', address, bytes);
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) {
      const { leaf, offset } = this.#at(address + BigInt(i));
      value = (value << 8n) | BigInt(leaf.after[offset] ?? 0);
    }
    return value;
  }

  writeMemory(address: bigint, bytes: number, value: bigint): void {
    this.#record('write', address, bytes);
    for (let i = 0; i < bytes; i++) {
      const { leaf, offset } = this.#at(address + BigInt(i));
      leaf.after[offset] = Number((value >> BigInt(8 * i)) & 0xffn);
    }
  }

  zeroPages(address: bigint, log2Pages: number): void {
    const { zeroed } = this.#proof;
    const height = 7 + log2Pages;
    const index = Number(address >> BigInt(height + 5));
    if (zeroed?.height !== height || zeroed.index !== index || this.#zeroed)
      throw refuse('ZEROED', `the step zeroes the subtree of height ${height} and index ${index}, which is not given`);
    this.#zeroed = true;
  }

  pushThread(right: boolean): void {
    assert(this.#fpHash !== undefined, 'a step that opens the fp part switches no threads');
    const stack = stackName(right);
    this.#setBytes32(stack, pushThread(this.#bytes32(stack), this.#state, this.#fpHash));
  }

  popThread(right: boolean): void {
    const { thread } = this.#proof;
    if (!thread) throw refuse('THREAD', 'the step takes a thread from a stack, which is not given');
    checkThread(this.#bytes32(stackName(right)), thread);
    this.#setBytes32(stackName(right), thread.below);
    for (const [name, value] of thread.numbers) this.#state.set(name, value);
    this.#fpHash = thread.fpHash;
    this.#popped = true;
  }

  preimageLength(): bigint {
    if (!this.#preimage) throw refuse('PREIMAGE', 'the step looks at the preimage, which is not given');
    this.#looked = true;
    return this.#preimage.length;
  }

  copyPreimage(address: bigint, offset: bigint, count: number): void {
    if (!this.#preimage) throw refuse('PREIMAGE', 'the step copies the preimage, which is not given');
    this.#record('write', address, count);
    this.#preimage.copy(offset, count).forEach((byte, i) => {
      const { leaf, offset: at } = this.#at(address + BigInt(i));
      leaf.after[at] = byte;
    });
  }

  emit(): void {}

  #record(kind: Access['kind'], address: bigint, bytes: number): void {
    this.#accesses.push({ kind, address: Number(address), bytes });
  }

  #at(address: bigint): { readonly leaf: OpenedLeaf; readonly offset: number } {
    const index = Number(address >> 5n);
    const leaf = this.#leaves.find((each) => each.index === index);
    if (!leaf) throw refuse('LEAF_MISSING', `the step accesses leaf ${index}, which is not given`);
    leaf.used = true;
    return { leaf, offset: Number(address & 31n) };
  }

  #bytes32(name: string): Uint8Array {
    const bytes = new Uint8Array(32);
    for (let word = 0; word < 4; word++) writeU64LE(bytes, 8 * word, this.readState(`${name}.${word}`));
    return bytes;
  }

  #setBytes32(name: string, bytes: Uint8Array): void {
    for (let word = 0; word < 4; word++) this.#state.set(`${name}.${word}`, readU64LE(bytes, 8 * word));
  }

  #openPreimage(stored: Uint8Array | undefined) {
    const { preimage } = this.#proof;
    if (!preimage) return undefined;
    const key = this.#bytes32('preimageKey');
    if (preimage.kind === 'inputs') {
      const words = Array.from({ length: 6 }, (_, i) => preimage.words.slice(32 * i, 32 * i + 32));
      const index = localIndex(key);
      if (index === undefined || !equal(hashInputs(words), this.#bytes32('inputsHash')))
        throw refuse('PREIMAGE', 'the input words do not have the hash in the record, or its key is not a local one');
      return whole(words[index - 1] ?? new Uint8Array());
    }
    const data = preimage.kind === 'whole' ? preimage.data : stored;
    if (!data)
      throw refuse('PREIMAGE', 'the preimage is one of the preimage store, and it was not given beside the proof');
    if (!equal(keyOf(data), key)) throw refuse('PREIMAGE', 'the preimage does not have the key in the record');
    return whole(data);
  }
}

const stackName = (right: boolean): string => (right ? 'rightStack' : 'leftStack');

function whole(data: Uint8Array) {
  const length = BigInt(data.length + PREIMAGE_PREFIX_BYTES);
  return {
    length,
    copy(offset: bigint, count: number): Uint8Array {
      if (offset + BigInt(count) > length)
        throw refuse('PREIMAGE', `the step copies ${count} bytes from offset ${offset} of ${length}`);
      return preimageBytes(data, Number(offset), count);
    },
  };
}
