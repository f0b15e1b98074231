// The one-step proof: what a verifier needs to execute one step of a machine of which it knows only the state hash.
//
// BYTES, in this order; integers are big-endian:
//   header        1   bits 7-6 width of the reservation: 0, 1, 2 for 0, 4, 8 bytes; bit 5 the cold part is given, bit 4 the
//                     fp part, bit 3 a zeroed subtree; bits 2-1 what is given of the preimage (PREIMAGE); bit 0 a
//                     thread
//   codes        18   36 codes of 4 bits: the count of leaves, then one for each hot number
//   hot numbers       reservationAddress, x1 to x31, pc, preemptStep, step
//   cold              the cold part if it is given, else its hash
//   fp                the fp part if it is given, else its hash
//   thread            if given: the one that the step takes from a stack (thread.ts)
//   preimage          if given, see below
//   leaf indices      4 bytes each, strictly ascending
//   leaf values       32 bytes each, in the same order
//   zeroed        4   if given: height (7 to 27), then the index at that height in 3 bytes
//   memory            the multiproof (commitment/multiproof.ts); without leaves the memory root, 32 bytes
// The proof ends there.
//
// A PART (cold, fp) is one code for each field in record order, 4 bits each, filled up with 0 to whole bytes, then the
// fields. A number of code 0 to 8 is its 0 to 8 lowest bytes, the first of them not 0; a number of code 9 + n is its n (0
// to 6) lowest bytes, the first not 255, all bytes above being 255. Every number has exactly one code: the shortest. A
// 32-byte field has code 0 if it is zero, else 1 and its bytes.
//
// IMPLIED: the version, status running and reason 0 (a halted machine needs no proof: a step leaves it as it is, and its
// state hash shows that it halted), and the memory root, to which the multiproof leads.
//
// PREIMAGE: `whole` is its size, 3 bytes, and its bytes, at most 120,000. `inputs` is the six input words, 192 bytes, for a
// local key. `stored` is nothing: the verifier asks the preimage store (contracts/oracle) for the 32 bytes from
// preimageOffset on, prefix included.
//
// CANONICAL: a step has one proof but for the choice between `whole` and `stored`. A part, thread or preimage that the step
// does not open, a leaf that it does not access, and one byte too many are refused like a missing one.

import { MAX_MULTIPROOF_BYTES, MAX_PROOF_LEAVES } from '../../commitment/multiproof.ts';
import { field, RECORD_BYTES, type RecordPart } from '../../semantics/layout.ts';
import { frameFields } from '../../semantics/solidityFrame.ts';
import { MAX_THREAD_BYTES, type ProofThread } from './thread.ts';

/** What a proof gives of a preimage: values of bits 2-1 of the header. */
export const PREIMAGE = { none: 0, whole: 1, inputs: 2, stored: 3 } as const;

/** Largest preimage that a proof carries whole, in bytes. A larger one goes through the preimage store first. */
export const MAX_WHOLE_PREIMAGE_BYTES = 120_000;
/** Names of the hot numbers of a proof, in its order. */
export const HOT_NUMBERS: readonly string[] = frameFields('hot')
  .map(({ name }) => name)
  .filter((name) => !['status', 'reason', 'reservationWidth'].includes(name));

/** The fields of a part, in order. */
export const PART_FIELDS: Readonly<Record<'cold' | 'fp', ReturnType<typeof frameFields>>> = {
  cold: frameFields('cold'),
  fp: frameFields('fp'),
};

/** Largest proof, in bytes. */
export const MAX_PROOF_BYTES =
  1 +
  18 +
  RECORD_BYTES.hot +
  2 * 32 +
  RECORD_BYTES.cold +
  RECORD_BYTES.fp +
  MAX_THREAD_BYTES +
  64 +
  36 * MAX_PROOF_LEAVES +
  4 +
  MAX_MULTIPROOF_BYTES +
  MAX_WHOLE_PREIMAGE_BYTES;

/** A preimage as a proof gives it. */
export type ProofPreimage =
  | { readonly kind: 'whole'; readonly data: Uint8Array }
  /** The six input words, 192 bytes. */
  | { readonly kind: 'inputs'; readonly words: Uint8Array }
  /** In the preimage store, not in the proof. */
  | { readonly kind: 'stored' };

/** A one-step proof of a running machine, taken apart. */
export interface StepProof {
  /** Values of the state variables of hot and of the parts given. 32-byte fields are four words, as in layout.ts. */
  readonly state: ReadonlyMap<string, bigint>;
  /** The parts of the record that are given. */
  readonly parts: ReadonlySet<Exclude<RecordPart, 'hot'>>;
  /** Hashes of the parts that are not given. */
  readonly hashes: ReadonlyMap<Exclude<RecordPart, 'hot'>, Uint8Array>;
  readonly leaves: readonly { readonly index: number; readonly value: Uint8Array }[];
  readonly thread?: ProofThread;
  readonly zeroed?: { readonly height: number; readonly index: number };
  /** The multiproof, or the 32 bytes of the memory root where there are no leaves. */
  readonly memory: Uint8Array;
  readonly preimage?: ProofPreimage;
}

/** Widths of a reservation, by their code in the header. */
export const RESERVATION_WIDTHS: readonly bigint[] = [0n, 4n, 8n];

/** Size of a field in the record, in bytes. */
export const bytesOf = (name: string): number => field(name).bytes;
