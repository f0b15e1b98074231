// What the demo's parties argue about: balance and nonce of an account before a block, which guests/account computes from
// the block's witness.

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeRlp } from 'ethers/utils';
import { bytesToHex } from '../../bytes.ts';
import type { Block } from '../../environment/block.ts';
import { keccakKey } from '../../environment/preimageKey.ts';
import { InputError } from '../../errors.ts';
import { asStep, LAST_STEP } from '../../units.ts';
import { execute } from '../execute.ts';
import { openBlock, openGuest } from '../guest.ts';
import type { Invocation } from '../invocation.ts';

/** The block that OMO brings along, and the program. */
const OWN_BLOCK = fileURLToPath(new URL('../../../traces/blocks/accounts.json', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../../guests/account/account.elf', import.meta.url));
/** An account of that block. */
const OWN_ADDRESS = '0x3ea17de45664ce21f6e28e0a26f3652335796938';

/** A question with its true answer, and the program that answers it. */
export interface Question {
  readonly invocation: Invocation;
  readonly blockNumber: bigint;
  readonly chainId: bigint;
  readonly address: string;
  /** In wei. */
  readonly balance: string;
  readonly nonce: string;
}

/**
 * The question about an account (by default one of the block's own: its miner) before the block of a file (by default the
 * one that OMO brings along). Throws an InputError (`NO_ANSWER`) if the block's witness does not tell.
 */
export async function poseQuestion(blockPath: string | undefined, address: string | undefined): Promise<Question> {
  const path = blockPath ?? shown(OWN_BLOCK);
  const block = openBlock(path);
  const asked = address?.toLowerCase() ?? (blockPath === undefined ? OWN_ADDRESS : minerOf(block));
  const { balance, nonce } = await answer(path, asked);
  const elf = shown(PROGRAM);
  const invocation = { elf, args: [asked, balance, nonce], options: { block: [path] } };
  return { invocation, blockNumber: block.number, chainId: block.chainId, address: asked, balance, nonce };
}

/** A path as a person would type it here. */
function shown(path: string): string {
  const here = relative(process.cwd(), path);
  return here.startsWith('..') ? path : here;
}

/** The account that a block pays, whose state it therefore reads. */
function minerOf(block: Block): string {
  const header = block.preimages.get(bytesToHex(keccakKey(block.hash)));
  const fields = header === undefined ? [] : decodeRlp(header);
  return String(fields[2]);
}

/** Asks the program itself: given a claim, it prints what it found. */
async function answer(blockPath: string, address: string): Promise<{ balance: string; nonce: string }> {
  let printed = '';
  const options = { block: blockPath, local: [], preimages: undefined };
  const guest = openGuest(PROGRAM, [address, '0', '0'], options, (_fd, data) => {
    printed += Buffer.from(data).toString();
  });
  await execute(guest, asStep(LAST_STEP), () => {});
  const [, balance, nonce] = /balance (\d+).*nonce (\d+)/.exec(printed) ?? [];
  if (balance === undefined || nonce === undefined)
    throw new InputError('NO_ANSWER', `${blockPath}: the program does not find account ${address}: ${printed.trim()}`);
  return { balance, nonce };
}
