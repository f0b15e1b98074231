// Eight Keccak streams side by side in 256-bit words: how contracts/oracle computes them, and so how the calldata of an
// upload is laid out. The 64-bit lanes are cut into bits; bit z of a lane in stream k is
//
//   bit 8 floor(z / 2) + k of word z mod 2,        a word being 32 bytes, big-endian
//
// so a lane of all streams is two words, and a rotation of all eight lanes is a rotation of these words by whole bytes:
// by r / 2 if r is even; else the words change places, one rotated by (r - 1) / 2 and the other by (r + 1) / 2.

import { assert } from '../../invariant.ts';

/** Sponges computed side by side. */
export const STREAMS = 8;
/** Words of a lane of all streams. */
export const LANE_WORDS = 2;
/** Bytes of a lane, and of a lane of all streams. */
export const LANE_BYTES = 8;
export const SLICED_LANE_BYTES = 32 * LANE_WORDS;

/** For each byte its bits 0, 2, 4, 6, and 1, 3, 5, 7, as the lowest bits of the four bytes of a number. */
const EVEN_BITS = bitTable(0);
const ODD_BITS = bitTable(1);

function bitTable(first: number): Uint32Array {
  const spread = (byte: number) =>
    [0, 1, 2, 3].reduce((sum, i) => sum + ((byte >> (2 * i + first)) & 1) * 2 ** (8 * i), 0);
  return Uint32Array.from({ length: 256 }, (_, byte) => spread(byte));
}

/**
 * Slices lanes of up to eight streams.
 * @param streams the lanes of each stream as bytes, little-endian as Keccak has them; all of the same length, a multiple of
 * 8 bytes; missing streams are zero
 * @returns two 32-byte words a lane
 */
export function slice(streams: readonly Uint8Array[]): Uint8Array {
  const size = streams[0]?.length ?? 0;
  assert(streams.length <= STREAMS && size % LANE_BYTES === 0, 'streams that cannot be sliced');
  const words = new Uint8Array((size / LANE_BYTES) * SLICED_LANE_BYTES);
  const view = new DataView(words.buffer);
  for (let i = 0; i < size; i++) {
    let even = 0;
    let odd = 0;
    for (let k = 0; k < streams.length; k++) {
      const byte = streams[k]?.[i] ?? 0;
      even |= (EVEN_BITS[byte] ?? 0) << k;
      odd |= (ODD_BITS[byte] ?? 0) << k;
    }
    // The byte's bits are four bytes of each word; the lowest bits are last.
    const at = Math.floor(i / LANE_BYTES) * SLICED_LANE_BYTES + 28 - 4 * (i % LANE_BYTES);
    view.setUint32(at, even);
    view.setUint32(at + 32, odd);
  }
  return words;
}

/** The lanes of stream `stream` (0 to 7) of sliced words, as bytes: what `slice` was given. */
export function unslice(words: Uint8Array, stream: number): Uint8Array {
  const lanes = new Uint8Array(words.length / LANE_WORDS / 4);
  for (let z = 0; z < 8 * lanes.length; z++) {
    const bit = z % 64;
    const at = Math.floor(z / 64) * SLICED_LANE_BYTES + 32 * (bit % 2) + 31 - Math.floor(bit / 2);
    const value = ((words[at] ?? 0) >> stream) & 1;
    const index = Math.floor(z / 8);
    lanes[index] = (lanes[index] ?? 0) | (value << (z % 8));
  }
  return lanes;
}

/** Where half `word` (0 even, 1 odd bits) of a lane rotated left by `bits` comes from: a half, and bytes to rotate it by. */
export function rotatedFrom(bits: number, word: number): { readonly word: number; readonly bytes: number } {
  if (bits % 2 === 0) return { word, bytes: bits / 2 };
  return word === 0 ? { word: 1, bytes: ((bits + 1) / 2) % 32 } : { word: 0, bytes: (bits - 1) / 2 };
}
