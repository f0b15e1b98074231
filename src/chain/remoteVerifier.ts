// The step verifier of a chain, asked through a node: nothing is sent, nothing is signed.

import { ChainError, InputError } from '../errors.ts';
import { type Hash, isHash } from '../units.ts';
import type { JsonRpc } from './jsonRpc.ts';
import { verifierInterface } from './verifier.ts';

/** What the verifier of a chain says about a proof. */
export interface RemoteStep {
  readonly post: Hash;
  /** Gas of a transaction that does nothing but this call, as the node estimates it. */
  readonly gasUsed: bigint;
}

/**
 * The state hash after the step, as the verifier at `address` computes it, and its gas. Throws an InputError
 * (`PROOF_REFUSED`) naming the contract's error, or a ChainError (`NO_VERIFIER`, or what the node fails with).
 */
export async function askVerifier(rpc: JsonRpc, address: string, pre: Hash, proof: Uint8Array): Promise<RemoteStep> {
  const abi = verifierInterface();
  const call = { to: address, data: abi.encodeFunctionData('step', [pre, proof]) };
  const post = await ask(rpc, 'eth_call', [call, 'latest'], address);
  if (!isHash(post))
    throw new ChainError('NO_VERIFIER', `${rpc.name}: ${address} does not answer as a step verifier does`, {
      hint: 'Check the address and the chain.',
    });
  const gas = await ask(rpc, 'eth_estimateGas', [call], address);
  if (!/^0x[0-9a-f]{1,16}$/.test(gas)) throw new ChainError('RPC_FAILED', `${rpc.name}: eth_estimateGas: not a number`);
  return { post, gasUsed: BigInt(gas) };
}

async function ask(rpc: JsonRpc, method: string, params: readonly unknown[], address: string): Promise<string> {
  try {
    const answer = await rpc.call(method, params);
    if (typeof answer === 'string') return answer;
    throw new ChainError('RPC_FAILED', `${rpc.name}: ${method}: expected text`);
  } catch (error) {
    const refusal = error instanceof ChainError ? refusalOf(error.cause) : undefined;
    if (refusal === undefined) throw error;
    throw new InputError('PROOF_REFUSED', `the verifier ${address} refuses the proof: ${refusal}`, { cause: error });
  }
}

/** The contract's own error in a node's error: nodes give its bytes as `data`, some one level deeper. */
function refusalOf(nodeError: unknown): string | undefined {
  const { data } = (nodeError ?? {}) as { data?: unknown };
  const bytes = typeof data === 'object' && data !== null ? (data as { data?: unknown }).data : data;
  if (typeof bytes !== 'string' || !/^0x([0-9a-f]{2}){4,10000}$/i.test(bytes)) return undefined;
  const error = verifierInterface().parseError(bytes);
  return error === null ? `with ${bytes.slice(0, 74)}` : `${error.name}(${error.args.map(String).join(', ')})`;
}
