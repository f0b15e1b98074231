// The thread that a one-step proof opens: the one that the step takes from a stack of threads. Its bytes in a proof:
//
//   codes        18   36 codes of 4 bits, one for each number of its record
//   numbers           x1 to x31, pc, threadId, clearChildTid, threadEpoch, threadDeadline
//   fp hash      32   hash of its floating-point registers: a step that switches threads does not open them
//   below        32   hash of the stack without it
//
// Numbers are written as in the rest of a proof (format.ts).

import { bigintToBytes, concat, equal } from '../../bytes.ts';
import { pushedHash } from '../../commitment/threadStacks.ts';
import { InputError } from '../../errors.ts';
import { assert } from '../../invariant.ts';
import { THREAD_BYTES, THREAD_FIELDS } from '../../semantics/layout.ts';
import { encodeNumbers, type ProofReader, packCodes } from './numbers.ts';

const NUMBERS = THREAD_FIELDS.filter(({ field }) => field.kind === 'number').map(({ field }) => field.name);

/** Most bytes of a thread in a proof. */
export const MAX_THREAD_BYTES = NUMBERS.length / 2 + THREAD_BYTES + 32;

/** A thread as a proof gives it. */
export interface ProofThread {
  /** The numbers of its record, by name. */
  readonly numbers: ReadonlyMap<string, bigint>;
  readonly fpHash: Uint8Array;
  /** Hash of the stack without it. */
  readonly below: Uint8Array;
}

/** The bytes of a thread in a proof. */
export function encodeThread({ numbers, fpHash, below }: ProofThread): Uint8Array {
  const encoded = encodeNumbers(NUMBERS.map((name) => numberOf(numbers, name)));
  return concat([packCodes(encoded.codes), encoded.bytes, fpHash, below]);
}

/** Reads a thread from a proof. Throws an InputError (`PROOF_LENGTH`, `PROOF_NUMBER`). */
export function readThread(reader: ProofReader): ProofThread {
  const codes = reader.codes(NUMBERS.length, 'the thread');
  const numbers = new Map<string, bigint>();
  NUMBERS.forEach((name, i) => {
    numbers.set(name, reader.number(codes[i] ?? 0, 8, name));
  });
  return {
    numbers,
    fpHash: reader.bytes(32, 'the fp hash of the thread'),
    below: reader.bytes(32, 'the stack without it'),
  };
}

/** The hash of a stack after the thread with these numbers was put on it. */
export function pushThread(stack: Uint8Array, numbers: ReadonlyMap<string, bigint>, fpHash: Uint8Array): Uint8Array {
  const record = THREAD_FIELDS.map(({ field: { name, kind, bytes } }) =>
    kind === 'number' ? bigintToBytes(numberOf(numbers, name), bytes) : fpHash,
  );
  return pushedHash(stack, concat(record));
}

/** Refuses a thread that is not on top of the stack with this hash. */
export function checkThread(stack: Uint8Array, { numbers, fpHash, below }: ProofThread): void {
  if (!equal(pushThread(below, numbers, fpHash), stack))
    throw new InputError('PROOF_THREAD', 'step proof: the thread is not the one on top of its stack');
}

function numberOf(numbers: ReadonlyMap<string, bigint>, name: string): bigint {
  const found = numbers.get(name);
  assert(found !== undefined, () => `a thread without ${name}`);
  return found;
}
