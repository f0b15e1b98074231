// The preimage store on a chain (contracts/interfaces/IPreimageStore.sol): finds out where an upload stands, and sends what
// is missing. Uploads belong to nobody, so it does not matter who sent what is there already.

import { Contract, type ContractRunner, Interface, isCallException, type Signer } from 'ethers';
import { checkOffset, type PartProof, provePart } from '../dispute/largePreimage/opening.ts';
import {
  type Absorption,
  BLOCK_BYTES,
  DEFAULT_LIMITS,
  GAS,
  groupBytes,
  planUpload,
  tailBytes,
  type Upload,
  type UploadLimits,
} from '../dispute/largePreimage/upload.ts';
import { keyOf } from '../environment/preimageKey.ts';
import { ChainError } from '../errors.ts';
import { asHash, type Hash } from '../units.ts';
import { contract } from './contracts.ts';

/** A transaction of an upload. */
export interface UploadCall {
  /** Which function of the store. */
  readonly name: 'store' | 'absorb' | 'finish' | 'provePart';
  /** What it does, for people. */
  readonly what: string;
  readonly data: string;
  readonly gasLimit: bigint;
}

/** What an upload took. */
export interface UploadResult {
  readonly key: Hash;
  readonly transactions: number;
  readonly gasUsed: bigint;
}

/** The interface of the store. */
export function preimageStoreInterface(): Interface {
  return Interface.from(contract('PreimageStore').abi as never);
}

/**
 * The transactions that are still missing until the part at `offset` of the preimage is proven, in order: none if it is.
 * @throws InputError as `planUpload` and `provePart` do; ChainError `PREIMAGE_STORE` if the store does not answer
 */
export async function missingCalls(
  runner: ContractRunner,
  address: string,
  preimage: Uint8Array,
  offset: number,
  limits: UploadLimits = DEFAULT_LIMITS,
): Promise<readonly UploadCall[]> {
  checkOffset(preimage.length, offset);
  const store = new Contract(address, preimageStoreInterface(), runner);
  if (await isPartProven(store, asHash(keyOf(preimage)), offset)) return [];
  if (preimage.length <= limits.bytes) return [storeCall(preimage, offset)];
  const upload = planUpload(preimage, limits);
  const proof = provePartCall(upload, provePart(upload, offset));
  if (await holds(store, 'isPreimage', upload.id)) return [proof];
  const done = await provenAbsorptions(store, upload);
  const absorbs = upload.absorptions.slice(done).map((absorption) => absorbCall(upload, absorption));
  return [...absorbs, finishCall(upload), proof];
}

/**
 * Proves the part at `offset` of a preimage, whatever of it is proven already, and waits until it is.
 * @param onCall told of each transaction before it is sent, with the number of those that remain with it
 * @throws what `missingCalls` throws; ChainError `UPLOAD` if a transaction fails
 */
export async function proveLargePart(
  signer: Signer,
  address: string,
  preimage: Uint8Array,
  offset: number,
  limits: UploadLimits = DEFAULT_LIMITS,
  onCall: (call: UploadCall, remaining: number) => void = () => undefined,
): Promise<UploadResult> {
  const calls = await missingCalls(signer, address, preimage, offset, limits);
  let gasUsed = 0n;
  for (const [i, call] of calls.entries()) {
    onCall(call, calls.length - i);
    gasUsed += await send(signer, address, call);
  }
  return { key: asHash(keyOf(preimage)), transactions: calls.length, gasUsed };
}

/** Sends one transaction and waits for it; the gas that it used. */
async function send(signer: Signer, address: string, { what, data, gasLimit }: UploadCall): Promise<bigint> {
  try {
    const sent = await signer.sendTransaction({ to: address, data, gasLimit });
    const receipt = await sent.wait();
    if (receipt?.status === 1) return receipt.gasUsed;
    throw new Error(`transaction ${sent.hash} was not successful`);
  } catch (cause) {
    throw new ChainError('UPLOAD', `preimage store ${address}: ${what}: ${(cause as Error).message}`, {
      hint: 'Run it again: what is proven already stays, and the upload goes on from there.',
      cause,
    });
  }
}

async function isPartProven(store: Contract, key: Hash, offset: number): Promise<boolean> {
  try {
    await store.getFunction('part').staticCall(key, offset);
    return true;
  } catch (cause) {
    if (isCallException(cause) && cause.revert?.name === 'UnknownPart') return false;
    throw await noAnswer(store, cause);
  }
}

async function holds(store: Contract, question: 'isPrefix' | 'isPreimage', id: Hash): Promise<boolean> {
  try {
    return (await store.getFunction(question).staticCall(id)) as boolean;
  } catch (cause) {
    throw await noAnswer(store, cause);
  }
}

async function noAnswer(store: Contract, cause: unknown): Promise<ChainError> {
  const message = `the preimage store ${await store.getAddress()} does not answer: ${(cause as Error).message}`;
  return new ChainError('PREIMAGE_STORE', message, { cause });
}

/** How many calls of `absorb` have their result proven: each proves that all before it are, so search by halves. */
async function provenAbsorptions(store: Contract, { absorptions }: Upload): Promise<number> {
  let [proven, open] = [0, absorptions.length];
  while (proven < open) {
    const middle = Math.ceil((proven + open) / 2);
    const { result } = absorptions[middle - 1] as Absorption;
    if (await holds(store, 'isPrefix', result)) proven = middle;
    else open = middle - 1;
  }
  return proven;
}

function call(name: UploadCall['name'], what: string, gas: number, args: readonly unknown[]): UploadCall {
  const data = preimageStoreInterface().encodeFunctionData(name, args);
  const perByte = name === 'store' || name === 'provePart' ? GAS[name].byte : 0;
  return { name, what, data, gasLimit: BigInt(gas + (perByte * (data.length - 2)) / 2) };
}

/** Words as a list, as the encoder wants a fixed array. */
function words(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
}

function storeCall(preimage: Uint8Array, offset: number): UploadCall {
  return call('store', `part ${offset} of ${preimage.length} bytes`, GAS.store.call, [preimage, offset]);
}

function absorbCall(upload: Upload, absorption: Absorption): UploadCall {
  const { prefix, groups, streams, result } = absorption;
  const from = prefix.blocks * BLOCK_BYTES;
  const gas = GAS.absorb.call + GAS.absorb.group * groups;
  const groupData = groupBytes(upload, absorption);
  return call('absorb', `bytes from ${from}`, gas, [prefix, words(streams), groupData, result]);
}

function finishCall(upload: Upload): UploadCall {
  const { blocks, chain, key } = upload.finished;
  const tail = tailBytes(upload);
  const gas = GAS.finish.call + GAS.finish.block * (Math.floor(tail.length / BLOCK_BYTES) + 1);
  return call('finish', 'the end', gas, [{ blocks, chain }, words(upload.finalState), tail, key]);
}

function provePartCall({ finished }: Upload, { offset, tail, openings }: PartProof): UploadCall {
  const gas = GAS.provePart.call + GAS.provePart.opening * openings.length;
  return call('provePart', `part ${offset}`, gas, [finished, offset, tail, openings]);
}
