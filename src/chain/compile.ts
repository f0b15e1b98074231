// Compiles contracts/ with the one pinned compiler, solc 0.8.37 from npm (WebAssembly): nothing is downloaded.

import { createRequire } from 'node:module';
import { ChainError } from '../errors.ts';

/** The version of solc that the contracts are written for. */
export const SOLC_VERSION = '0.8.37';

/** Settings of the compiler: those of hardhat.config.ts too. */
export const COMPILER_SETTINGS = {
  viaIR: true,
  optimizer: { enabled: true, runs: 200 },
  evmVersion: 'osaka',
} as const;

/** A compiled contract. */
export interface CompiledContract {
  /** Its interface, in the JSON form that ethers takes. */
  readonly abi: readonly object[];
  /** Code that deploys it, then the code that is deployed with its immutables left zero: 0x and digits. */
  readonly bytecode: string;
  readonly deployedBytecode: string;
}

interface SolcOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, SolcContract>>>>;
}

interface SolcContract {
  readonly abi: readonly object[];
  readonly evm: {
    readonly bytecode: { readonly object: string };
    readonly deployedBytecode: { readonly object: string };
  };
}

/** The outcome of compiling. */
export interface Compilation {
  /** The contracts by name. */
  readonly contracts: Readonly<Record<string, CompiledContract>>;
  /** What the compiler warns of; nothing, where all is well. */
  readonly warnings: readonly string[];
}

/**
 * Compiles source files, given by path. Throws a ChainError (`SOLC_MISSING`,
 * `SOLC_VERSION`, `SOLIDITY`) if the compiler is not there, is another, or finds an error.
 */
export function compile(sources: Readonly<Record<string, string>>): Compilation {
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(Object.entries(sources).map(([path, content]) => [path, { content }])),
    settings: {
      ...COMPILER_SETTINGS,
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
    },
  };
  const output = JSON.parse(loadSolc().compile(JSON.stringify(input))) as SolcOutput;
  const error = output.errors?.find(({ severity }) => severity === 'error');
  if (error) throw new ChainError('SOLIDITY', `the contracts do not compile: ${error.formattedMessage}`);
  const contracts: Record<string, CompiledContract> = {};
  for (const file of Object.values(output.contracts ?? {}))
    for (const [name, { abi, evm }] of Object.entries(file))
      if (evm.bytecode.object !== '')
        contracts[name] = {
          abi,
          bytecode: `0x${evm.bytecode.object}`,
          deployedBytecode: `0x${evm.deployedBytecode.object}`,
        };
  return { contracts, warnings: (output.errors ?? []).map(({ formattedMessage }) => formattedMessage) };
}

interface Solc {
  version(): string;
  compile(input: string): string;
}

function loadSolc(): Solc {
  const require = createRequire(import.meta.url);
  let solc: Solc;
  try {
    solc = require('solc') as Solc;
  } catch (cause) {
    throw new ChainError('SOLC_MISSING', 'the contracts are not compiled, and the package solc is not installed', {
      hint: `Install solc ${SOLC_VERSION} beside omo, or use a release of omo, which brings the contracts compiled.`,
      cause,
    });
  }
  if (!solc.version().startsWith(`${SOLC_VERSION}+`))
    throw new ChainError('SOLC_VERSION', `the contracts need solc ${SOLC_VERSION}, found ${solc.version()}`);
  return solc;
}
