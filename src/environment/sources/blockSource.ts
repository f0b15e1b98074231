// Preimages out of a block file.

import { bytesToHex } from '../../bytes.ts';
import type { Block } from '../block.ts';
import type { PreimageSource } from '../host.ts';

/** A source of everything that the block file holds. */
export function blockSource(block: Block, name: string): PreimageSource {
  return { name, preimage: (key) => block.preimages.get(bytesToHex(key)) };
}
