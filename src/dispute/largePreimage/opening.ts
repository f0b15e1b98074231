// The proof of a part of an uploaded preimage: what `provePart` of the preimage store takes
// (contracts/interfaces/IPreimageStore.sol).

import { InputError } from '../../errors.ts';
import { assert } from '../../invariant.ts';
import type { Hash } from '../../units.ts';
import { treePath } from './commitment.ts';
import { STREAMS } from './slices.ts';
import { BLOCK_BYTES, PART_BYTES, PREFIX_BYTES, sliceGroup, tailBytes, type Upload } from './upload.ts';

/** Shows one group of a chain. */
export interface Opening {
  /** The chain before the group's chunk, and the blocks before it. */
  readonly chain: Hash;
  readonly firstBlock: number;
  /** Groups of the chunk. */
  readonly groups: number;
  /** The group: 1,088 bytes. */
  readonly group: Uint8Array;
  /** Its path in the chunk's tree, from the bottom. */
  readonly siblings: readonly Hash[];
  /** The chunks after it. */
  readonly later: readonly Hash[];
}

/** What shows a part. */
export interface PartProof {
  readonly offset: number;
  /** The tail if the part reaches into it, else nothing. */
  readonly tail: Uint8Array;
  /** An opening for each of the part's blocks before the tail. */
  readonly openings: readonly Opening[];
}

/** Throws an InputError (`OFFSET_BEYOND_END`) unless a part may begin at `offset`: from 0 to the length and its 8 bytes. */
export function checkOffset(length: number, offset: number): void {
  if (Number.isInteger(offset) && offset >= 0 && offset <= length + PREFIX_BYTES) return;
  const expected = `an offset from 0 to ${length + PREFIX_BYTES}`;
  throw new InputError(
    'OFFSET_BEYOND_END',
    `a part of a preimage of ${length} bytes: expected ${expected}, found ${offset}`,
  );
}

/**
 * The proof of the part at `offset` of the preimage with its length in front.
 * @throws InputError `OFFSET_BEYOND_END` if the offset is above the length and its 8 bytes
 */
export function provePart(upload: Upload, offset: number): PartProof {
  const { length, blocks } = upload.finished;
  checkOffset(length, offset);
  const start = Math.max(offset - PREFIX_BYTES, 0);
  const end = Math.min(offset - PREFIX_BYTES + PART_BYTES, length);
  const needed: number[] = [];
  for (let block = Math.floor(start / BLOCK_BYTES); block * BLOCK_BYTES < end; block++) needed.push(block);
  return {
    offset,
    tail: needed.some((block) => block >= blocks) ? tailBytes(upload) : new Uint8Array(0),
    openings: needed.filter((block) => block < blocks).map((block) => openBlock(upload, block)),
  };
}

function openBlock({ preimage, absorptions }: Upload, block: number): Opening {
  const index = absorptions.findLastIndex(({ prefix }) => prefix.blocks <= block);
  const absorption = absorptions[index];
  assert(absorption !== undefined, `block ${block} is in no chunk`);
  const { prefix, groups, leaves } = absorption;
  const t = (block - prefix.blocks) % groups;
  assert(block < prefix.blocks + STREAMS * groups, `block ${block} is after all chunks`);
  return {
    chain: prefix.chain,
    firstBlock: prefix.blocks,
    groups,
    group: sliceGroup(preimage, prefix.blocks, groups, t),
    siblings: treePath(leaves, t),
    later: absorptions.slice(index + 1).map(({ chunk }) => chunk),
  };
}
