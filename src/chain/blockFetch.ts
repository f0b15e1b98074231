// A block with its witness, from a node that has debug_getRawBlock, debug_getRawHeader and debug_executionWitness (geth,
// reth and others). What the node says is put into the form of a block file and read back through the same checks as any
// block file, so a node can withhold but not invent.

import { decodeRlp } from 'ethers/utils';
import { bytesToHex, hexToBytes } from '../bytes.ts';
import { BLOCK_BYTES_MAX, type Block, readBlock, WITNESS_ITEMS_MAX } from '../environment/block.ts';
import { keccakKey } from '../environment/preimageKey.ts';
import { CannotKnowError, ChainError } from '../errors.ts';
import type { JsonRpc } from './jsonRpc.ts';

/** Root of a trie without entries: the one state whose witness has no node. */
const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
/** Ancestors that BLOCKHASH can reach, the parent among them. */
const ANCESTORS_MAX = 256;
/** Largest header, in bytes. */
const HEADER_BYTES_MAX = 4_096;

/** A block file, as text and as what was read from it. */
export interface FetchedBlock {
  readonly text: string;
  readonly block: Block;
}

/**
 * Gets block `number` with its witness. Throws a ChainError if the node fails or contradicts itself, an InputError if what
 * it sends is not a block, and a CannotKnowError if the witness lacks the state it starts from or the block was replaced
 * meanwhile.
 */
export async function fetchBlock(rpc: JsonRpc, number: bigint): Promise<FetchedBlock> {
  const tag = `0x${number.toString(16)}`;
  const chainId = BigInt(textOf(await rpc.call('eth_chainId'), rpc, 'eth_chainId'));
  const rawBlock = await rawBlockOf(rpc, tag);
  const witness = witnessOf(await call(rpc, 'debug_executionWitness', [tag]), rpc);
  const headers = await ancestors(rpc, number, witness.headers);
  if ((await rawBlockOf(rpc, tag)) !== rawBlock)
    throw new CannotKnowError('BLOCK_REPLACED', `${rpc.name}: block ${number} was replaced while it was read`, {
      hint: 'Fetch it again, or wait until the chain has settled on it.',
    });
  const { state, codes } = witness;
  const file = {
    chainId: Number(chainId),
    number: Number(number),
    block: rawBlock,
    witness: { state, codes, headers },
  };
  const found = readBlock(Buffer.from(JSON.stringify(file)), `${rpc.name}: block ${number}`);
  requireStateRoot(found, rpc);
  return { text: blockFile(found, file), block: found };
}

/** The file with what a reader wants to see first. */
function blockFile(block: Block, file: { chainId: number; number: number; block: string; witness: unknown }): string {
  const summary = {
    chainId: file.chainId,
    number: file.number,
    blockHash: bytesToHex(block.hash),
    preStateRoot: bytesToHex(block.preStateRoot),
    postStateRoot: bytesToHex(block.postStateRoot),
  };
  return `${JSON.stringify({ ...summary, block: file.block, witness: file.witness })}\n`;
}

/** A witness without the root node of the state is of no use, and nodes that prune state send such. */
function requireStateRoot(block: Block, rpc: JsonRpc): void {
  const root = bytesToHex(block.preStateRoot);
  if (root === EMPTY_ROOT || block.preimages.has(bytesToHex(keccakKey(block.preStateRoot)))) return;
  throw new CannotKnowError(
    'WITNESS_INCOMPLETE',
    `${rpc.name}: the witness of block ${block.number} lacks the node of the state root ${root} before it`,
    { hint: 'The node may have pruned that state: ask an archive node.' },
  );
}

async function call(rpc: JsonRpc, method: string, params: readonly unknown[]): Promise<unknown> {
  try {
    return await rpc.call(method, params);
  } catch (error) {
    if (!(error instanceof ChainError) || error.code !== 'RPC_NO_METHOD') throw error;
    const hint = `${method} is needed: geth and reth have it when their debug API is switched on (--http.api debug).`;
    throw new ChainError(error.code, error.message, { hint, cause: error });
  }
}

async function rawBlockOf(rpc: JsonRpc, tag: string): Promise<string> {
  const text = textOf(await call(rpc, 'debug_getRawBlock', [tag]), rpc, 'debug_getRawBlock');
  return bytesToHex(hexToBytes(text, { what: `${rpc.name}: block`, maxBytes: BLOCK_BYTES_MAX }));
}

interface Witness {
  readonly state: readonly string[];
  readonly codes: readonly string[];
  readonly headers: readonly unknown[];
}

function witnessOf(value: unknown, rpc: JsonRpc): Witness {
  const bad = (what: string) => new ChainError('RPC_FAILED', `${rpc.name}: debug_executionWitness: expected ${what}`);
  if (typeof value !== 'object' || value === null) throw bad('a witness');
  const lists = value as Record<string, unknown>;
  // Early versions of geth give a record by hash where others give a list.
  const listOf = (key: string): unknown[] => {
    const list = lists[key] ?? [];
    const items = typeof list === 'object' ? Object.values(list) : [];
    if (items.length > WITNESS_ITEMS_MAX) throw bad(`at most ${WITNESS_ITEMS_MAX} items in ${key}`);
    return items;
  };
  const texts = (key: string) => listOf(key).map((item) => textOf(item, rpc, `debug_executionWitness: ${key}`));
  return { state: texts('state'), codes: texts('codes'), headers: listOf('headers') };
}

/**
 * Raw headers from the parent back as far as the witness names them: nodes name ancestors by raw headers or by decoded
 * ones, and some leave the parent out.
 */
async function ancestors(rpc: JsonRpc, number: bigint, named: readonly unknown[]): Promise<string[]> {
  const oldest = named.reduce<bigint>((least, header) => {
    const found = headerNumber(header, rpc);
    return found < least ? found : least;
  }, number - 1n);
  if (number < 1n || number - oldest > ANCESTORS_MAX)
    throw new ChainError('RPC_FAILED', `${rpc.name}: the witness of block ${number} names header ${oldest}`);
  const given = new Map(
    named.filter((header) => typeof header === 'string').map((raw) => [headerNumber(raw, rpc), raw]),
  );
  const headers: string[] = [];
  for (let n = number - 1n; n >= oldest; n--) {
    const raw = given.get(n) ?? (await call(rpc, 'debug_getRawHeader', [`0x${n.toString(16)}`]));
    headers.push(textOf(raw, rpc, 'debug_getRawHeader'));
  }
  return headers;
}

function headerNumber(header: unknown, rpc: JsonRpc): bigint {
  const bad = () => new ChainError('RPC_FAILED', `${rpc.name}: debug_executionWitness: headers: expected headers`);
  const digits = (text: unknown) => {
    if (typeof text !== 'string' || !/^0x[0-9a-f]{0,16}$/i.test(text)) throw bad();
    return text === '0x' ? 0n : BigInt(text);
  };
  if (typeof header !== 'string') return digits((header as { number?: unknown } | null)?.number);
  hexToBytes(header, { what: `${rpc.name}: header`, maxBytes: HEADER_BYTES_MAX });
  try {
    return digits(decodeRlp(header)[8]);
  } catch {
    throw bad();
  }
}

function textOf(value: unknown, rpc: JsonRpc, what: string): string {
  if (typeof value === 'string') return value;
  throw new ChainError('RPC_FAILED', `${rpc.name}: ${what}: expected hexadecimal text, found ${typeof value}`);
}
