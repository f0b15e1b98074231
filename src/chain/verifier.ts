// The step verifier on a chain: deployed, called, and its refusals named.

import { Contract, type ContractRunner, Interface, isCallException, type Provider, type Signer } from 'ethers';
import { ChainError, InputError } from '../errors.ts';
import { asHash, type Hash } from '../units.ts';
import { contract } from './contracts.ts';
import { deploy } from './deploy.ts';

/** Addresses of the contracts that execute a step. */
export interface VerifierAddresses {
  readonly store: string;
  readonly core: string;
  readonly float: string;
  readonly system: string;
  readonly verifier: string;
}

/** Deploys the step verifier with all that it calls: five transactions. */
export async function deployVerifier(signer: Signer): Promise<VerifierAddresses> {
  const store = await deploy(signer, 'PreimageStore');
  const core = await deploy(signer, 'Core');
  const float = await deploy(signer, 'Float');
  const system = await deploy(signer, 'System');
  const verifier = await deploy(signer, 'StepVerifier', [core, float, system, store]);
  return { store, core, float, system, verifier };
}

/** The interface of the step verifier. */
export function verifierInterface(): Interface {
  return Interface.from(contract('StepVerifier').abi as never);
}

/**
 * The state hash after the step, as the verifier at `address` computes it.
 * @throws InputError `PROOF_REFUSED`, naming the contract's error; ChainError `VERIFIER` if the call failed otherwise
 */
export async function stepOnChain(
  runner: ContractRunner | Provider,
  address: string,
  pre: Hash,
  proof: Uint8Array,
): Promise<Hash> {
  const verifier = new Contract(address, verifierInterface(), runner);
  try {
    return asHash((await verifier.getFunction('step').staticCall(pre, proof)) as string);
  } catch (cause) {
    throw refusal(address, cause);
  }
}

/** What a failed call of the verifier means. */
function refusal(address: string, cause: unknown): Error {
  if (isCallException(cause)) {
    const { revert } = cause;
    if (revert) {
      const args = revert.args.map(String).join(', ');
      return new InputError('PROOF_REFUSED', `the verifier ${address} refuses the proof: ${revert.name}(${args})`, {
        cause,
      });
    }
  }
  return new ChainError('VERIFIER', `the verifier ${address} could not be called: ${(cause as Error).message}`, {
    cause,
  });
}
