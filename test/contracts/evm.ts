// An EVM for tests: a chain of our own with the contracts on it, and many calls of a contract in one.

import { readFileSync } from 'node:fs';
import { ContractFactory, Interface, type JsonRpcApiProvider, type Signer } from 'ethers';
import { bytesToHex } from '../../src/bytes.ts';
import { compile } from '../../src/chain/compile.ts';
import { startEmbeddedL1 } from '../../src/chain/embeddedL1.ts';
import { preimageStoreInterface } from '../../src/chain/preimageStore.ts';
import { deployVerifier, type VerifierAddresses, verifierInterface } from '../../src/chain/verifier.ts';
import type { Hash } from '../../src/units.ts';

/** What one call of a batch did. */
export interface CallResult {
  readonly ok: boolean;
  /** Gas of its execution, everything that it calls being warm. */
  readonly gasUsed: number;
  /** What it returned, or the error with which it reverted. */
  readonly data: string;
}

/** Most bytes of calldata in one eth_call, and most calls. */
const BATCH_BYTES = 400_000;
const BATCH_CALLS = 200;
/** What the batch contract itself spends between its two looks at the gas: a warm call of an empty contract. */
const CALL_OVERHEAD = 127;

export class Evm {
  readonly provider: JsonRpcApiProvider;
  readonly signer: Signer;
  readonly addresses: VerifierAddresses;
  readonly stop: () => void;
  readonly #batch: string;
  readonly #batchInterface: Interface;

  private constructor(
    provider: JsonRpcApiProvider,
    signer: Signer,
    addresses: VerifierAddresses,
    batch: readonly [string, Interface],
    stop: () => void,
  ) {
    this.provider = provider;
    this.signer = signer;
    this.addresses = addresses;
    [this.#batch, this.#batchInterface] = batch;
    this.stop = stop;
  }

  /** Starts a chain and deploys the step verifier. */
  static async start(): Promise<Evm> {
    const l1 = await startEmbeddedL1();
    try {
      const signer = await l1.signer(0);
      const batch = await deploySource(signer, new URL('Batch.sol', import.meta.url), 'Batch');
      return new Evm(l1.provider, signer, await deployVerifier(signer), batch, () => l1.stop());
    } catch (error) {
      l1.stop();
      throw error;
    }
  }

  /** Calls `target` with each of `calls` as its calldata, in as few requests as it takes. */
  async calls(target: string, calls: readonly (Uint8Array | string)[]): Promise<CallResult[]> {
    const results: CallResult[] = [];
    let batch: string[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      if (batch.length > 0) results.push(...(await this.#run(target, batch)));
      batch = [];
      bytes = 0;
    };
    for (const call of calls) {
      const hex = typeof call === 'string' ? call : bytesToHex(call);
      if (batch.length === BATCH_CALLS || bytes + hex.length / 2 > BATCH_BYTES) await flush();
      batch.push(hex);
      bytes += hex.length / 2;
    }
    await flush();
    return results;
  }

  /** The verifier's answer to each proof. */
  steps(proofs: readonly { readonly pre: Hash; readonly proof: Uint8Array }[]): Promise<CallResult[]> {
    const verifier = verifierInterface();
    const calls = proofs.map(({ pre, proof }) => verifier.encodeFunctionData('step', [pre, proof]));
    return this.calls(this.addresses.verifier, calls);
  }

  async #run(target: string, calls: readonly string[]): Promise<CallResult[]> {
    const warm = [target, ...Object.values(this.addresses)];
    const data = this.#batchInterface.encodeFunctionData('run', [target, warm, calls]);
    const answer = await this.provider.call({ to: this.#batch, data });
    const [results] = this.#batchInterface.decodeFunctionResult('run', answer);
    return [...results].map(([ok, gasUsed, returned]) => ({
      ok,
      gasUsed: Number(gasUsed) - CALL_OVERHEAD,
      data: returned,
    }));
  }
}

/** Compiles a source file of the tests, deploys its contract, and returns the address and the interface. */
export async function deploySource(
  signer: Signer,
  file: URL,
  name: string,
  text?: string,
): Promise<[string, Interface]> {
  const compiled = compile({ [file.pathname]: text ?? readFileSync(file, 'utf8') }).contracts[name];
  if (!compiled) throw new Error(`${file.pathname} has no contract ${name}`);
  const abi = Interface.from(compiled.abi as never);
  const deployed = await new ContractFactory(abi, compiled.bytecode, signer).deploy();
  await deployed.waitForDeployment();
  return [await deployed.getAddress(), abi];
}

/** Name and arguments of the error with which the verifier, or the preimage store below it, reverted: `LeafMissing(5)`. */
export function errorName(data: string): string {
  const known = [verifierInterface(), preimageStoreInterface()];
  const error =
    data.length >= 10 ? known.map((each) => each.parseError(data)).find((each) => each !== null) : undefined;
  return error ? `${error.name}(${error.args.map(String).join(', ')})` : `no named error: ${data.slice(0, 74)}`;
}
