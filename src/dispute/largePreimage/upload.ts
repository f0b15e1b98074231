// How a preimage is brought into the preimage store (contracts/interfaces/IPreimageStore.sol): which blocks each call of
// `absorb` takes, in which states its streams start, and what it proves. A plan follows from the preimage and the limits of
// a transaction alone. So players who use the same limits continue each other's uploads, and where an upload stands is seen
// from which of its prefixes are proven.

import { keccak_256, keccakP } from '@noble/hashes/sha3.js';
import { LANES, RATE_BYTES, STATE_BYTES } from '../../commitment/keccakPermutation.ts';
import { keyOf, PREIMAGE_BYTES_MAX } from '../../environment/preimageKey.ts';
import { InputError, UsageError } from '../../errors.ts';
import { asHash, type Hash } from '../../units.ts';
import {
  chained,
  chunkHash,
  EMPTY_CHAIN,
  type FinishedPreimage,
  type Prefix,
  prefixId,
  preimageId,
  treeRoot,
} from './commitment.ts';
import { LANE_WORDS, SLICED_LANE_BYTES, STREAMS, slice } from './slices.ts';

/** Bytes of a block, and of a group: a block of each stream. */
export const BLOCK_BYTES = RATE_BYTES;
export const GROUP_BYTES = (BLOCK_BYTES / 8) * SLICED_LANE_BYTES;
/** Bytes of the length in front of a preimage, and of a part. */
export const PREFIX_BYTES = 8;
export const PART_BYTES = 32;

/** What a transaction may have. */
export interface UploadLimits {
  /** Gas: EIP-7825 allows 2^24. */
  readonly gas: number;
  /** Calldata in bytes: nodes relay transactions of at most 131,072. */
  readonly bytes: number;
}

/** Limits of Ethereum. Players who change them do not continue the uploads of those who do not. */
export const DEFAULT_LIMITS: UploadLimits = { gas: 2 ** 24, bytes: 120_000 };

/**
 * Gas that calls take at most, with the transaction and its calldata, under the present schedule and the coming one (whose
 * storage is dearer). Measured; the tests of the contract send with these limits.
 */
export const GAS = {
  store: { call: 300_000, byte: 64 },
  absorb: { call: 240_000, group: 93_000 },
  finish: { call: 200_000, block: 92_000 },
  provePart: { call: 280_000, opening: 60_000, byte: 64 },
} as const;

/** Calldata of `absorb` beside the groups: selector, prefix, states, result, and place and size of the groups. */
const ABSORB_BYTES = 4 + (2 + LANES * LANE_WORDS + 3) * 32;

/** One call of `absorb`. */
export interface Absorption {
  readonly prefix: Prefix;
  /** Groups of blocks: 8 blocks each. */
  readonly groups: number;
  /** The states in which the streams start, sliced: 1,600 bytes. */
  readonly streams: Uint8Array;
  /** keccak256 of each group. */
  readonly leaves: readonly Hash[];
  readonly chunk: Hash;
  /** Id of the prefix that the call proves. */
  readonly result: Hash;
}

/** A planned upload. */
export interface Upload {
  readonly preimage: Uint8Array;
  readonly absorptions: readonly Absorption[];
  /** The call of `finish`: the state before it, sliced, in stream 0. */
  readonly finalState: Uint8Array;
  readonly finished: FinishedPreimage;
  readonly id: Hash;
}

/**
 * Plans the upload of a preimage of 0 to 2^24 bytes.
 * @throws InputError `PREIMAGE_TOO_LARGE`; UsageError `LIMITS` if not even one group fits into a transaction
 */
export function planUpload(preimage: Uint8Array, limits: UploadLimits = DEFAULT_LIMITS): Upload {
  if (preimage.length > PREIMAGE_BYTES_MAX) {
    const expected = `at most ${PREIMAGE_BYTES_MAX} bytes`;
    throw new InputError('PREIMAGE_TOO_LARGE', `a preimage to upload: expected ${expected}, found ${preimage.length}`);
  }
  const sizes = chunkSizes(preimage.length, groupsPerCall(limits));
  const sponge = new Sponge(preimage);
  let prefix: Prefix = { blocks: 0, chain: EMPTY_CHAIN };
  const absorptions = sizes.map((groups) => {
    const streams = Array.from({ length: STREAMS }, (_, k) => sponge.stateAfter(prefix.blocks + k * groups));
    const leaves = Array.from({ length: groups }, (_, t) =>
      asHash(keccak_256(sliceGroup(preimage, prefix.blocks, groups, t))),
    );
    const chunk = chunkHash(prefix.blocks, groups, treeRoot(leaves));
    const next = { blocks: prefix.blocks + STREAMS * groups, chain: chained(prefix.chain, chunk) };
    const result = prefixId(next, slice([sponge.stateAfter(next.blocks)]));
    const absorption = { prefix, groups, streams: slice(streams), leaves, chunk, result };
    prefix = next;
    return absorption;
  });
  const tail = asHash(keccak_256(preimage.subarray(prefix.blocks * BLOCK_BYTES)));
  const finished = { key: asHash(keyOf(preimage)), length: preimage.length, ...prefix, tail };
  const finalState = slice([sponge.stateAfter(prefix.blocks)]);
  return { preimage, absorptions, finalState, finished, id: preimageId(finished) };
}

/** Groups that one call of `absorb` takes. */
function groupsPerCall({ gas, bytes }: UploadLimits): number {
  const byGas = Math.floor((gas - GAS.absorb.call) / GAS.absorb.group);
  const byBytes = Math.floor((bytes - ABSORB_BYTES) / GROUP_BYTES);
  const groups = Math.min(byGas, byBytes);
  if (groups >= 1) return groups;
  const needed = `${GAS.absorb.call + GAS.absorb.group} gas and ${ABSORB_BYTES + GROUP_BYTES} bytes`;
  throw new UsageError('LIMITS', `a transaction of an upload: expected at least ${needed}, found ${gas} and ${bytes}`);
}

/** Groups of each call: as many as fit, then what is left but for less than a group. */
function chunkSizes(length: number, most: number): number[] {
  const groups = Math.floor(length / GROUP_BYTES);
  const sizes = new Array<number>(Math.floor(groups / most)).fill(most);
  return groups % most === 0 ? sizes : [...sizes, groups % most];
}

/** Group `t` of a chunk: block t of each of the eight runs into which its blocks are cut, sliced. */
export function sliceGroup(preimage: Uint8Array, firstBlock: number, groups: number, t: number): Uint8Array {
  const blocks = Array.from({ length: STREAMS }, (_, k) => {
    const start = (firstBlock + k * groups + t) * BLOCK_BYTES;
    return preimage.subarray(start, start + BLOCK_BYTES);
  });
  return slice(blocks);
}

/** All groups of a call: what its calldata carries. */
export function groupBytes({ preimage }: Upload, { prefix, groups }: Absorption): Uint8Array {
  const bytes = new Uint8Array(groups * GROUP_BYTES);
  for (let t = 0; t < groups; t++) bytes.set(sliceGroup(preimage, prefix.blocks, groups, t), t * GROUP_BYTES);
  return bytes;
}

/** The bytes of a preimage after the blocks that are absorbed in streams: what `finish` takes. */
export function tailBytes({ preimage, finished }: Upload): Uint8Array {
  return preimage.subarray(finished.blocks * BLOCK_BYTES);
}

/** Keccak's sponge over a preimage, of which states are asked for in ascending order. */
class Sponge {
  readonly #preimage: Uint8Array;
  readonly #state = new Uint32Array(STATE_BYTES / 4);
  #blocks = 0;

  constructor(preimage: Uint8Array) {
    this.#preimage = preimage;
  }

  /** The state, 200 bytes, after so many blocks. */
  stateAfter(blocks: number): Uint8Array {
    const bytes = new Uint8Array(this.#state.buffer);
    for (; this.#blocks < blocks; this.#blocks++) {
      const start = this.#blocks * BLOCK_BYTES;
      for (let i = 0; i < BLOCK_BYTES; i++) bytes[i] = (bytes[i] ?? 0) ^ (this.#preimage[start + i] ?? 0);
      keccakP(this.#state);
    }
    return bytes.slice();
  }
}
