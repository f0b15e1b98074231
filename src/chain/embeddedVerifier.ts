// The step verifier on an L1 of our own, made for one question.

import { ChainError } from '../errors.ts';
import type { Hash } from '../units.ts';
import { startEmbeddedL1 } from './embeddedL1.ts';
import { deployVerifier, stepOnChain, verifierInterface } from './verifier.ts';

/** What the EVM says about a proof. */
export interface EmbeddedStep {
  readonly post: Hash;
  /** Gas of a whole transaction that does nothing but this call. */
  readonly gasUsed: bigint;
  /** Which EVM: `anvil` or `hardhat`. */
  readonly kind: string;
}

/**
 * Starts an L1, deploys the verifier, and has it execute the step in a transaction. Throws an InputError
 * (`PROOF_REFUSED`) naming the contract's error, or a ChainError.
 */
export async function stepInEvm(pre: Hash, proof: Uint8Array): Promise<EmbeddedStep> {
  const l1 = await startEmbeddedL1();
  try {
    const signer = await l1.signer(0);
    const { verifier } = await deployVerifier(signer);
    const post = await stepOnChain(signer, verifier, pre, proof);
    const data = verifierInterface().encodeFunctionData('step', [pre, proof]);
    const receipt = await (await signer.sendTransaction({ to: verifier, data })).wait();
    if (receipt?.status !== 1) throw new ChainError('VERIFIER', 'the transaction of the step failed, its call did not');
    return { post, gasUsed: receipt.gasUsed, kind: l1.kind };
  } finally {
    l1.stop();
  }
}
