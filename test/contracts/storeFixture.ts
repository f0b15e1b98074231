// A preimage store on a chain of our own, its calls as plain arguments that a test may change, and its refusals by name.

import {
  concat,
  type Interface,
  isCallException,
  type JsonRpcApiProvider,
  keccak256,
  type Signer,
  toBeHex,
} from 'ethers';
import { deploy } from '../../src/chain/deploy.ts';
import { startEmbeddedL1 } from '../../src/chain/embeddedL1.ts';
import { preimageStoreInterface } from '../../src/chain/preimageStore.ts';
import type { PartProof } from '../../src/dispute/largePreimage/opening.ts';
import { type Absorption, groupBytes, tailBytes, type Upload } from '../../src/dispute/largePreimage/upload.ts';
import type { Hash } from '../../src/units.ts';

/** Gas of every transaction and call: what one may have at most. */
const GAS = 2n ** 24n;
/** Slot of the mapping of proven prefixes. */
const PREFIXES_SLOT = 0;

export type Arguments = readonly unknown[];

/** What a transaction did. */
export interface Sent {
  readonly gasUsed: number;
  readonly events: readonly string[];
  /** Calldata in bytes, and those of them that are not zero. */
  readonly bytes: number;
  readonly nonZeroBytes: number;
}

export class StoreFixture {
  readonly provider: JsonRpcApiProvider;
  readonly address: string;
  readonly signers: readonly Signer[];
  readonly stop: () => void;
  readonly #interface: Interface = preimageStoreInterface();

  private constructor(provider: JsonRpcApiProvider, address: string, signers: readonly Signer[], stop: () => void) {
    this.provider = provider;
    this.address = address;
    this.signers = signers;
    this.stop = stop;
  }

  static async start(): Promise<StoreFixture> {
    const l1 = await startEmbeddedL1();
    const signers = await Promise.all([0, 1].map((i) => l1.signer(i)));
    const address = await deploy(signers[0]!, 'PreimageStore');
    return new StoreFixture(l1.provider, address, signers, l1.stop);
  }

  /** Sends a transaction, which must be successful. */
  async send(name: string, args: Arguments, signer = this.signers[0]!): Promise<Sent> {
    const data = this.#interface.encodeFunctionData(name, args);
    const refused = await this.#refusal(data);
    if (refused) throw new Error(`${name}: ${refused}`);
    const sent = await signer.sendTransaction({ to: this.address, data, gasLimit: GAS });
    const receipt = (await sent.wait())!;
    const events = receipt.logs.map((log) => this.#interface.parseLog(log)!.name);
    const bytes = Buffer.from(data.slice(2), 'hex');
    const nonZeroBytes = bytes.filter((byte) => byte !== 0).length;
    return { gasUsed: Number(receipt.gasUsed), events, bytes: bytes.length, nonZeroBytes };
  }

  /** The error with which a call is refused, with its arguments: `WrongKey(0x02.., 0x02..)`; undefined if it is not. */
  async refusal(name: string, args: Arguments): Promise<string | undefined> {
    return this.#refusal(this.#interface.encodeFunctionData(name, args));
  }

  /** The same of calldata; `unnamed` for a revert without an error, as the decoder of arguments gives. */
  async #refusal(data: string): Promise<string | undefined> {
    try {
      await this.provider.call({ to: this.address, data, gasLimit: GAS });
      return undefined;
    } catch (error) {
      if (!isCallException(error)) throw error;
      const named = error.data && error.data !== '0x' ? this.#interface.parseError(error.data) : null;
      return named ? `${named.name}(${named.args.map(String).join(', ')})` : 'unnamed';
    }
  }

  /** The refusal of calldata that was changed at one byte. */
  async corruptedRefusal(name: string, args: Arguments, index: number, byte: number): Promise<string | undefined> {
    const data = Buffer.from(this.#interface.encodeFunctionData(name, args).slice(2), 'hex');
    data[index] = byte;
    return this.#refusal(`0x${data.toString('hex')}`);
  }

  /** Bytes of a call. */
  calldata(name: string, args: Arguments): Uint8Array {
    return Buffer.from(this.#interface.encodeFunctionData(name, args).slice(2), 'hex');
  }

  /** A proven part: the length and the 32 bytes as hexadecimal. */
  async part(key: Hash, offset: number): Promise<{ readonly length: number; readonly data: string }> {
    const [length, data] = await this.#question('part', [key, offset]);
    return { length: Number(length), data: data as string };
  }

  async isPrefix(id: Hash): Promise<boolean> {
    return (await this.#question('isPrefix', [id]))[0] as boolean;
  }

  async isPreimage(id: Hash): Promise<boolean> {
    return (await this.#question('isPreimage', [id]))[0] as boolean;
  }

  /** What a view returns. By place, for a name like `length` is the list's own. */
  async #question(name: string, args: Arguments): Promise<readonly unknown[]> {
    const data = this.#interface.encodeFunctionData(name, args);
    return this.#interface.decodeFunctionResult(name, await this.provider.call({ to: this.address, data }));
  }

  /** Makes a prefix proven that never was, to try what no test can upload. */
  async plantPrefix(id: Hash): Promise<void> {
    const slot = keccak256(concat([id, toBeHex(PREFIXES_SLOT, 32)]));
    await this.provider.send('hardhat_setStorageAt', [this.address, slot, toBeHex(1, 32)]);
  }
}

/** Words as a list. */
export const words = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));

export const absorbArguments = (upload: Upload, { prefix, streams, ...rest }: Absorption): Arguments => [
  prefix,
  words(streams),
  groupBytes(upload, { prefix, streams, ...rest }),
  rest.result,
];

export const finishArguments = (upload: Upload): Arguments => {
  const { blocks, chain, key } = upload.finished;
  return [{ blocks, chain }, words(upload.finalState), tailBytes(upload), key];
};

export const partArguments = (upload: Upload, { offset, tail, openings }: PartProof): Arguments => [
  upload.finished,
  offset,
  tail,
  openings,
];

/** Uploads all of it, but for the parts. */
export async function uploadAll(store: StoreFixture, upload: Upload): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  for (const absorption of upload.absorptions)
    sent.push(await store.send('absorb', absorbArguments(upload, absorption)));
  sent.push(await store.send('finish', finishArguments(upload)));
  return sent;
}

/** The part at `offset`, from the definition, as hexadecimal. */
export function expectedPart(preimage: Uint8Array, offset: number): string {
  const prefixed = Buffer.alloc(8 + preimage.length + 32);
  prefixed.writeBigUInt64BE(BigInt(preimage.length));
  prefixed.set(preimage, 8);
  return `0x${prefixed.subarray(offset, offset + 32).toString('hex')}`;
}
