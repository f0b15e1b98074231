// Deploying contracts of this repository.

import { ContractFactory, Interface, type Signer } from 'ethers';
import { ChainError } from '../errors.ts';
import { contract } from './contracts.ts';

/** Deploys a contract by its name and returns its address. Throws a ChainError (`DEPLOY`). */
export async function deploy(signer: Signer, name: string, args: readonly unknown[] = []): Promise<string> {
  const { abi, bytecode } = contract(name);
  try {
    const deployed = await new ContractFactory(Interface.from(abi as never), bytecode, signer).deploy(...args);
    await deployed.waitForDeployment();
    return await deployed.getAddress();
  } catch (cause) {
    throw new ChainError('DEPLOY', `the contract ${name} could not be deployed: ${(cause as Error).message}`, {
      cause,
    });
  }
}
