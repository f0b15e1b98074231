// An L1 of our own for demonstrations and tests: anvil as a child process on a free loopback port, or hardhat's simulated
// network inside this process where there is no anvil binary. Both run the rules of the Osaka fork.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { BrowserProvider, type Eip1193Provider, type JsonRpcApiProvider, JsonRpcProvider, type Signer } from 'ethers';
import { ChainError } from '../errors.ts';

const CHAIN_ID = 31337;
const HARDFORK = 'osaka';
/** Gas of a block: a transaction may use 2^24 of it (EIP-7825), several fit. */
const BLOCK_GAS_LIMIT = 60_000_000;
const START_TIMEOUT_MILLISECONDS = 20_000;
/** Start-up messages kept for an error, in characters. */
const OUTPUT_KEPT = 4_096;

/** A running L1 with funded, unlocked accounts. */
export interface EmbeddedL1 {
  /** `anvil` or `hardhat`. */
  readonly kind: string;
  readonly provider: JsonRpcApiProvider;
  /** The account number `index` (0 to 9), which signs through the node. */
  signer(index: number): Promise<Signer>;
  /** Ends it; safe to call twice. */
  stop(): void;
}

/**
 * Starts an L1: anvil where its binary is installed, else hardhat, or the one asked for. Throws a ChainError
 * (`EMBEDDED_L1`) naming what failed.
 */
export async function startEmbeddedL1(kind?: 'anvil' | 'hardhat'): Promise<EmbeddedL1> {
  const binary = kind === 'hardhat' ? undefined : anvilBinary();
  return binary ? startAnvil(binary) : startHardhat();
}

function anvilBinary(): string | undefined {
  const require = createRequire(import.meta.url);
  for (const platform of ['linux-amd64', 'linux-arm64', 'darwin-arm64', 'darwin-amd64']) {
    try {
      const binary = join(dirname(require.resolve(`@foundry-rs/anvil-${platform}/package.json`)), 'bin', 'anvil');
      if (existsSync(binary)) return binary;
    } catch (error) {
      // A package for another platform is not installed: that is the ordinary case.
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return undefined;
}

async function startAnvil(binary: string): Promise<EmbeddedL1> {
  const options = ['--host', '127.0.0.1', '--port', '0', '--hardfork', HARDFORK, '--gas-limit', `${BLOCK_GAS_LIMIT}`];
  const child = spawn(binary, options, { stdio: ['ignore', 'pipe', 'pipe'] });
  // A node that outlives its parent would keep its port.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const url = await listening(child, binary);
  const provider = new JsonRpcProvider(url, CHAIN_ID, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 20 });
  return {
    kind: 'anvil',
    provider,
    signer: (index) => provider.getSigner(index),
    stop: () => {
      provider.destroy();
      process.removeListener('exit', kill);
      kill();
    },
  };
}

/** Waits for the line that names the port. */
function listening(child: ChildProcess, binary: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(
        new ChainError('EMBEDDED_L1', `the embedded L1 (${binary}) ${why}. It printed: ${output.trim() || 'nothing'}`, {
          hint: 'Run the binary by hand to see why, or remove it: without it hardhat is used.',
        }),
      );
    };
    const timer = setTimeout(() => fail('did not start within 20 s'), START_TIMEOUT_MILLISECONDS);
    const read = (data: Buffer): void => {
      output = (output + data.toString()).slice(-OUTPUT_KEPT);
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
      if (!port) return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      // Read on, so that a full pipe never blocks the node, but keep nothing.
      child.stdout?.removeListener('data', read).resume();
      child.stderr?.removeListener('data', read).resume();
      resolve(`http://127.0.0.1:${port}`);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', (error) => fail(`could not be run: ${error.message}`));
    child.once('exit', (code, signal) => fail(`ended at once (${signal ?? `exit code ${code}`})`));
  });
}

async function startHardhat(): Promise<EmbeddedL1> {
  const { network } = await hardhat();
  const { provider, close } = await network.connect();
  const browser = new BrowserProvider(provider, CHAIN_ID, { staticNetwork: true, cacheTimeout: -1, polling: true });
  browser.pollingInterval = 5;
  return {
    kind: 'hardhat',
    provider: browser,
    signer: (index) => browser.getSigner(index),
    stop: () => {
      browser.destroy();
      void close();
    },
  };
}

interface Hardhat {
  network: { connect(): Promise<{ provider: Eip1193Provider; close(): Promise<void> }> };
}

async function hardhat(): Promise<Hardhat> {
  try {
    return (await import('hardhat')) as unknown as Hardhat;
  } catch (cause) {
    throw new ChainError('EMBEDDED_L1', 'an embedded L1 needs anvil or hardhat; neither is installed', {
      hint: 'Install the package @foundry-rs/anvil-<platform> or hardhat 3 beside omo.',
      cause,
    });
  }
}
