// Makes traces/blocks/accounts.json: a block of our own in the format of block files (src/environment/block.ts), so that
// a demonstration needs nobody else's data. It is the first block after the genesis of a chain of its own (Paris rules,
// no transactions, so its state is its parent's), with the whole state in the witness: a few dozen accounts, some of
// which were searched for so that their keys share up to five nibbles and the trie has extensions and deep branches.
//
//   node tools/makeAccountBlock.ts            writes the file
//   node tools/makeAccountBlock.ts --check    compares it, exits 1 if it is out of date

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { type RlpStructuredDataish, toBeArray, toBeHex } from 'ethers/utils';
import { bytesToHex } from '../src/bytes.ts';
import { buildTrie, rlp } from './stateTrie.ts';

/** Where the block is, from the root of the repository. */
export const ACCOUNT_BLOCK_PATH = 'traces/blocks/accounts.json';

const CHAIN_ID = 20_250;
const ORDINARY_ACCOUNTS = 48;
/** Numbers of accounts whose keys begin with the same four or five nibbles as that of account 0. */
const NEIGHBOURS = [66_513, 222_802, 390_068, 482_145];
/** Code of account 3: stores 1 in slot 0. */
const CODE = Uint8Array.of(0x60, 0x01, 0x5f, 0x55, 0x00);
const GENESIS_BASE_FEE = 1_000_000_000n;
const GENESIS_TIME = 1_700_000_000n;

const EMPTY_ROOT = bytesToHex(keccak_256(rlp('0x')));
const EMPTY_LIST_HASH = bytesToHex(keccak_256(rlp([])));
const EMPTY_CODE_HASH = bytesToHex(keccak_256(new Uint8Array(0)));

/** An account of the block's state. */
export interface Account {
  readonly address: string;
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly codeHash: string;
}

/** The accounts of the block's state. */
export function accounts(): Account[] {
  const numbers = [...Array(ORDINARY_ACCOUNTS).keys(), ...NEIGHBOURS];
  const special = new Map([
    [1, { balance: 2n ** 256n - 1n, nonce: 2n ** 64n - 1n }],
    [2, { balance: 0n, nonce: 1n }],
    [3, { balance: 5n, nonce: 1n }],
    [4, { balance: 1n, nonce: 0n }],
  ]);
  return numbers.map((number) => {
    const hash = keccak_256(new TextEncoder().encode(`account ${number}`));
    const ordinary = { balance: BigInt(number + 1) * 10n ** 18n + BigInt(hash[0] ?? 0), nonce: BigInt(number % 7) };
    const codeHash = number === 3 ? bytesToHex(keccak_256(CODE)) : EMPTY_CODE_HASH;
    return { address: bytesToHex(hash.subarray(12)), ...(special.get(number) ?? ordinary), codeHash };
  });
}

/** A header of the Paris fork (EIP-3675) of a block without transactions. */
function header(parentHash: string, stateRoot: string, number: bigint, baseFee: bigint): RlpStructuredDataish[] {
  return [
    parentHash,
    EMPTY_LIST_HASH,
    `0x${'00'.repeat(20)}`,
    stateRoot,
    EMPTY_ROOT,
    EMPTY_ROOT,
    `0x${'00'.repeat(256)}`,
    '0x',
    toBeArray(number),
    toBeArray(30_000_000n),
    '0x',
    toBeArray(GENESIS_TIME + 12n * number),
    bytesToHex(new TextEncoder().encode('OMO')),
    toBeHex(number, 32),
    `0x${'00'.repeat(8)}`,
    toBeArray(baseFee),
  ];
}

/** The whole file. */
export function accountBlock(): string {
  const state = accounts();
  const trie = buildTrie(
    state.map(({ address, nonce, balance, codeHash }) => ({
      key: keccak_256(Buffer.from(address.slice(2), 'hex')),
      value: rlp([toBeArray(nonce), toBeArray(balance), EMPTY_ROOT, codeHash]),
    })),
  );
  const root = bytesToHex(trie.root);
  const genesis = rlp(header(`0x${'00'.repeat(32)}`, root, 0n, GENESIS_BASE_FEE));
  // EIP-1559: an empty parent lowers the base fee by an eighth.
  const child = header(bytesToHex(keccak_256(genesis)), root, 1n, (GENESIS_BASE_FEE * 7n) / 8n);
  const block = {
    id: 'omo-accounts',
    chainId: CHAIN_ID,
    fork: 'paris',
    number: 1,
    blockHash: bytesToHex(keccak_256(rlp(child))),
    preStateRoot: root,
    postStateRoot: root,
    receiptsRoot: EMPTY_ROOT,
    gasUsed: 0,
    txs: 0,
    block: bytesToHex(rlp([child, [], []])),
    witness: { state: trie.nodes.map(bytesToHex), codes: [bytesToHex(CODE)], headers: [bytesToHex(genesis)] },
    accounts: state.map(({ address, balance, nonce }) => ({ address, balance: `${balance}`, nonce: `${nonce}` })),
  };
  return `${JSON.stringify(block, undefined, 1)}\n`;
}

function main(): void {
  const path = join(dirname(fileURLToPath(import.meta.url)), '..', ACCOUNT_BLOCK_PATH);
  const text = accountBlock();
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`${ACCOUNT_BLOCK_PATH} is out of date: run node tools/makeAccountBlock.ts`);
    process.exitCode = 1;
  }
}

if (import.meta.main) main();
