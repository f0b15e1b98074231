// The step verifier on an L1 of our own, made for a few questions and gone afterwards.

import { ChainError } from '../errors.ts';
import type { Hash } from '../units.ts';
import { startEmbeddedL1 } from './embeddedL1.ts';
import { proveLargePart, type UploadResult } from './preimageStore.ts';
import { deployVerifier, stepOnChain, type VerifierAddresses, verifierInterface } from './verifier.ts';

/** What the EVM says about a proof. */
export interface EmbeddedStep {
  readonly post: Hash;
  /** Gas of a whole transaction that does nothing but this call. */
  readonly gasUsed: bigint;
}

/** A verifier that can be asked. */
export interface EmbeddedVerifier {
  /** Which EVM: `anvil` or `hardhat`. */
  readonly kind: string;
  readonly addresses: VerifierAddresses;
  /** Shows the preimage store a large preimage, as a step at this offset of it needs. */
  show(preimage: Uint8Array, offset: bigint): Promise<UploadResult>;
  /** Has the step executed in a transaction. Throws an InputError (`PROOF_REFUSED`) naming the contract's error. */
  step(pre: Hash, proof: Uint8Array): Promise<EmbeddedStep>;
}

/** Starts an L1, deploys the verifier, does `work` with it, and ends the L1 whatever happens. Throws a ChainError. */
export async function withEmbeddedVerifier<T>(work: (verifier: EmbeddedVerifier) => Promise<T>): Promise<T> {
  const l1 = await startEmbeddedL1();
  try {
    const signer = await l1.signer(0);
    const addresses = await deployVerifier(signer);
    const step = async (pre: Hash, proof: Uint8Array): Promise<EmbeddedStep> => {
      const post = await stepOnChain(signer, addresses.verifier, pre, proof);
      const data = verifierInterface().encodeFunctionData('step', [pre, proof]);
      const receipt = await (await signer.sendTransaction({ to: addresses.verifier, data })).wait();
      if (receipt?.status !== 1)
        throw new ChainError('VERIFIER', 'the transaction of the step failed, its call did not');
      return { post, gasUsed: receipt.gasUsed };
    };
    const show = (preimage: Uint8Array, offset: bigint) =>
      proveLargePart(signer, addresses.store, preimage, Number(offset));
    return await work({ kind: l1.kind, addresses, show, step });
  } finally {
    l1.stop();
  }
}
