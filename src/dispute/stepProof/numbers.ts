// The numbers of a one-step proof: each has a code of 4 bits and as few bytes as it needs (format.ts).

import { bigintToBytes, bytesToBigint, concat } from '../../bytes.ts';
import { InputError } from '../../errors.ts';

const ONES = 9;
const U64_END = 1n << 64n;

/** Bytes of a 64-bit number without leading zeros. */
function size(value: bigint): number {
  return Math.ceil(value.toString(2).length / 8) * (value === 0n ? 0 : 1);
}

/** The code and the bytes of a number of 64 bits. */
export function encodeNumber(value: bigint): { readonly code: number; readonly bytes: Uint8Array } {
  const below = size(U64_END - 1n - value);
  if (below <= 6) return { code: ONES + below, bytes: bigintToBytes(BigInt.asUintN(8 * below, value), below) };
  const bytes = size(value);
  return { code: bytes, bytes: bigintToBytes(value, bytes) };
}

/** Codes of 4 bits as bytes, the first in the upper half, filled up with 0. */
export function packCodes(codes: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: Math.ceil(codes.length / 2) }, (_, i) => {
    return ((codes[2 * i] ?? 0) << 4) | (codes[2 * i + 1] ?? 0);
  });
}

/** Reads a proof from its start, refusing what is not canonical. Offsets in messages are those of the proof. */
export class ProofReader {
  readonly #proof: Uint8Array;
  #position = 0;

  constructor(proof: Uint8Array) {
    this.#proof = proof;
  }

  get position(): number {
    return this.#position;
  }

  get left(): number {
    return this.#proof.length - this.#position;
  }

  /** The next `count` bytes; `what` they are is for the message. */
  bytes(count: number, what: string): Uint8Array {
    if (this.left < count)
      throw new InputError(
        'PROOF_LENGTH',
        `step proof: expected ${count} bytes of ${what} at offset ${this.#position}, found ${this.left}`,
      );
    this.#position += count;
    return this.#proof.slice(this.#position - count, this.#position);
  }

  /** `count` codes; the half byte after an odd count must be 0. */
  codes(count: number, what: string): number[] {
    const packed = this.bytes(Math.ceil(count / 2), `codes of ${what}`);
    const codes = [...packed].flatMap((byte) => [byte >> 4, byte & 15]);
    if (codes.length > count && codes.pop() !== 0)
      throw new InputError('PROOF_PADDING', `step proof: expected 0 after the codes of ${what}`);
    return codes;
  }

  /** The number of a code, at most `maxBytes` long. */
  number(code: number, maxBytes: number, what: string): bigint {
    const ones = code >= ONES;
    const bytes = this.bytes(ones ? code - ONES : code, what);
    const low = bytesToBigint(bytes);
    const value = ones ? U64_END - (1n << BigInt(8 * bytes.length)) + low : low;
    if (encodeNumber(value).code !== code)
      throw new InputError('PROOF_NUMBER', `step proof: ${what} = ${value} is not written in its shortest form`);
    if (value >> BigInt(8 * maxBytes) !== 0n)
      throw new InputError('PROOF_NUMBER', `step proof: ${what} = ${value} does not fit ${maxBytes} bytes`);
    return value;
  }
}

/** The proof's bytes of several numbers: the codes, and the numbers themselves. */
export function encodeNumbers(values: readonly bigint[]): { readonly codes: number[]; readonly bytes: Uint8Array } {
  const encoded = values.map(encodeNumber);
  return { codes: encoded.map(({ code }) => code), bytes: concat(encoded.map(({ bytes }) => bytes)) };
}
