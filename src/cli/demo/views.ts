// What two parties say about one step: the registers of their machines after it, and a proof that tells the liar's story.

import { bytesToBigint, bytesToHex } from '../../bytes.ts';
import { decodeStepProof, encodeStepProof } from '../../dispute/stepProof/codec.ts';
import { variableName } from '../../dispute/stepProof/proofFile.ts';
import { FIELDS } from '../../semantics/layout.ts';

/** A field of the hot record on which two machines differ, by its name in assembly. */
export interface Disagreement {
  readonly name: string;
  readonly ours: string;
  readonly theirs: string;
}

/** The fields on which two hot records differ, both without derived hashes. */
export function disagreements(ours: Uint8Array, theirs: Uint8Array): Disagreement[] {
  return FIELDS.filter(({ part }) => part === 'hot').flatMap(({ name, offset, bytes }) => {
    const [a, b] = [ours, theirs].map((record) => bytesToBigint(record.subarray(offset, offset + bytes)));
    if (a === b) return [];
    return [{ name: variableName(name), ours: `0x${a?.toString(16)}`, theirs: `0x${b?.toString(16)}` }];
  });
}

/**
 * A proof bent towards another story: the same one with bit 0 of a register of the agreed state inverted, as the liar would
 * need it. It is well-formed, so that only its hash can give it away.
 */
export function bend(proof: Uint8Array): Uint8Array {
  const opened = decodeStepProof(proof);
  const state = new Map(opened.state);
  const liar = 'x8';
  state.set(liar, (state.get(liar) ?? 0n) ^ 1n);
  return encodeStepProof({ ...opened, state });
}

/** The first bytes of a hash, enough to tell two apart by eye. */
export function short(hash: string | Uint8Array): string {
  return `${(typeof hash === 'string' ? hash : bytesToHex(hash)).slice(0, 14)}…`;
}
