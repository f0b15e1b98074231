// A one-step proof as a file: JSON that a person can read and that is complete in itself, so that it can be checked years
// later, on chain or off, without the machine, the program or the block.
//
//   { format, version, machine, machineVersion,
//     step, pre, post         steps executed before it; state hashes before and after it
//     proof                   the packed bytes (format.ts)
//     preimage                only if the proof shows a part of a large preimage: that preimage, whole
//     annotations }           what the step does, for people
//
// Annotations follow from the proof, but for `symbol`, which is the program's word for pc. On reading they are made again,
// and whatever differs is reported: nobody should be told a story that the proof does not tell.

import { bytesToHex, hexToBytes } from '../../bytes.ts';
import { ISA } from '../../engine/profile.ts';
import { PREIMAGE_BYTES_MAX } from '../../environment/preimageKey.ts';
import { InputError } from '../../errors.ts';
import { disassemble } from '../../isa/disassemble.ts';
import { MACHINE_VERSION } from '../../semantics/layout.ts';
import { type Hash, parseHash, parseStep, type Step } from '../../units.ts';
import { MAX_PROOF_BYTES } from './format.ts';
import type { MadeStepProof } from './make.ts';
import { type VerifiedStep, verifyStepProof } from './verify.ts';

const FORMAT = 'omo one-step proof';
const FORMAT_VERSION = 1;
const MACHINE = 'rv64';
/** Largest proof file, in bytes: a proof and a large preimage in hexadecimal, and 1 MiB of annotations. */
export const PROOF_FILE_BYTES_MAX = 2 * (MAX_PROOF_BYTES + PREIMAGE_BYTES_MAX) + 2 ** 20;

/** One access to memory: the bytes there before the step and after it. */
export interface AnnotatedAccess {
  readonly kind: 'fetch' | 'read' | 'write';
  readonly address: string;
  readonly bytes: number;
  readonly before: string;
  readonly after: string;
}

/** What a step does, in words. Numbers are text: addresses and registers hexadecimal. */
export interface Annotations {
  readonly pc?: string;
  /** Disassembly, or what kept the step from executing one. */
  readonly instruction: string;
  /** Name of the system call. */
  readonly call?: string;
  /** Function and offset of pc; from the program, so not checked. */
  readonly symbol?: string;
  /** Registers and other state variables that the step changes, by name: before and after. Not `step`, which it counts. */
  readonly changes: Readonly<Record<string, readonly [before: string, after: string]>>;
  readonly accesses: readonly AnnotatedAccess[];
}

/** A proof file, read but not yet checked. */
export interface ProofFile {
  readonly step: Step;
  readonly pre: Hash;
  readonly post: Hash;
  readonly proof: Uint8Array;
  readonly preimage: Uint8Array | undefined;
  readonly annotations: unknown;
}

/** The outcome of checking a proof file. */
export interface CheckedProofFile {
  readonly verified: VerifiedStep;
  readonly annotations: Annotations;
  /** Names of the annotations in the file that the proof does not bear out. */
  readonly mismatches: readonly string[];
}

/** The text of the file of a proof that was just made of step `step`. `symbol` names the function at pc. */
export function writeProofFile(
  made: MadeStepProof,
  step: Step,
  symbol?: string,
): { text: string; annotations: Annotations } {
  const { pre, post, proof, stored } = made;
  const verified = verifyStepProof(pre, proof, stored);
  const annotations = { ...annotate(verified), ...(symbol !== undefined && { symbol }) };
  const file = {
    format: FORMAT,
    version: FORMAT_VERSION,
    machine: MACHINE,
    machineVersion: MACHINE_VERSION,
    step: step.toString(),
    pre,
    post,
    proof: bytesToHex(proof),
    ...(stored && { preimage: bytesToHex(stored) }),
    annotations,
  };
  return { text: `${JSON.stringify(file, undefined, 2)}\n`, annotations };
}

/**
 * Reads a proof file. Throws an InputError (`PROOF_FILE`, `BAD_HEX`, `BAD_STEP`) naming the key that is not as it must be;
 * whether the proof holds is for `checkProofFile`.
 */
export function readProofFile(bytes: Uint8Array, name: string): ProofFile {
  const fail = (message: string) => new InputError('PROOF_FILE', `${name}: ${message}`);
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new InputError('PROOF_FILE', `${name}: expected a proof file, which is JSON`, { cause });
  }
  if (typeof json !== 'object' || json === null || json['format'] !== FORMAT)
    throw fail(`expected the key format to be "${FORMAT}"`);
  const expected = { version: FORMAT_VERSION, machine: MACHINE, machineVersion: MACHINE_VERSION };
  for (const [key, value] of Object.entries(expected))
    if (json[key] !== value) throw fail(`expected ${key} ${value}, found ${String(json[key]).slice(0, 40)}`);
  const text = (key: string): string => {
    const value = json[key];
    if (typeof value !== 'string') throw fail(`expected ${key} to be text`);
    return value;
  };
  const hex = (key: string, maxBytes: number) => hexToBytes(text(key), { what: `${name}: ${key}`, maxBytes });
  return {
    step: parseStep(text('step'), `${name}: step`),
    pre: parseHash(text('pre'), `${name}: pre`),
    post: parseHash(text('post'), `${name}: post`),
    proof: hex('proof', MAX_PROOF_BYTES),
    preimage: json['preimage'] === undefined ? undefined : hex('preimage', PREIMAGE_BYTES_MAX),
    annotations: json['annotations'],
  };
}

/**
 * Checks a proof file. Throws an InputError (`PROOF_...`, `MULTIPROOF_...`) if the proof is rejected: it is not one of
 * `pre`, does not lead to `post`, or is not of step `step`.
 */
export function checkProofFile(file: ProofFile): CheckedProofFile {
  const verified = verifyStepProof(file.pre, file.proof, file.preimage);
  if (verified.post !== file.post)
    throw new InputError('PROOF_POST_STATE', `step proof: it leads to ${verified.post}, the file says ${file.post}`);
  const step = verified.before.get('step');
  // A halted state is the same at every later step.
  if (step !== undefined && step !== file.step)
    throw new InputError('PROOF_STEP', `step proof: it is of step ${step}, the file says ${file.step}`);
  const annotations = annotate(verified);
  return { verified, annotations, mismatches: differences(annotations, file.annotations) };
}

/** What the step does, from nothing but the proof. */
function annotate({ executed, before, after, leaves, accesses }: VerifiedStep): Annotations {
  const hex = (value: bigint | number) => `0x${value.toString(16)}`;
  const pc = before.get('pc');
  const changes: Record<string, readonly [string, string]> = {};
  for (const [name, value] of before) {
    const now = after.get(name) ?? 0n;
    if (now !== value && name !== 'step') changes[variableName(name)] = [hex(value), hex(now)];
  }
  const bytesAt = (side: 'before' | 'after', address: number, bytes: number) =>
    bytesToHex(
      Uint8Array.from({ length: bytes }, (_, i) => {
        const leaf = leaves.find(({ index }) => index === Math.floor((address + i) / 32));
        return leaf?.[side][(address + i) % 32] ?? 0;
      }),
    );
  return {
    ...(pc !== undefined && { pc: hex(pc) }),
    instruction: instructionOf(executed, pc ?? 0n),
    ...(executed.kind === 'instruction' && executed.call && { call: executed.call.name }),
    changes,
    accesses: accesses.map(({ kind, address, bytes }) => ({
      kind,
      address: hex(address),
      bytes,
      before: bytesAt('before', address, bytes),
      after: bytesAt('after', address, bytes),
    })),
  };
}

function instructionOf(executed: VerifiedStep['executed'], pc: bigint): string {
  if (executed.kind === 'halted') return 'none: the machine has halted';
  if (executed.kind === 'switch')
    return executed.outcome.kind === 'trap'
      ? `none: thread switch (${executed.outcome.reason})`
      : 'none: thread switch';
  const { word, length } = executed;
  const text = word === undefined || length === undefined ? undefined : disassemble(ISA, word, length, pc);
  if (executed.kind === 'fault') return `none: ${executed.reason}${text === undefined ? '' : ` (${text})`}`;
  const { outcome } = executed;
  return outcome.kind === 'trap' ? `${text} (${outcome.reason})` : `${text}`;
}

/** A state variable as people name it: x10 is a0. */
export function variableName(variable: string): string {
  const [, file, number] = /^([xf])(\d+)$/.exec(variable) ?? [];
  return ISA.registerNames[file as 'x' | 'f']?.[Number(number)] ?? variable;
}

function differences(ours: Annotations, theirs: unknown): string[] {
  const given = typeof theirs === 'object' && theirs !== null ? (theirs as Record<string, unknown>) : {};
  const keys = new Set([...Object.keys(ours), ...Object.keys(given)]);
  keys.delete('symbol');
  const text = (value: unknown) => JSON.stringify(value);
  return [...keys].filter((key) => text(ours[key as keyof Annotations]) !== text(given[key]));
}
