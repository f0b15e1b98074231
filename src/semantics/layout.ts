// The state record of the machine `rv64`, version 1: every state variable with its width, the part of the record that
// holds it (hot, cold, fp), its offset there in bytes, and its address in an engine's memory. Everything that reads or
// writes state (evaluate, WebAssembly, Solidity, state hashes, proofs) takes its offsets from here.
//
// hot is what every step hashes: three keccak blocks (at most 407 bytes). Fields that change least come first, so that
// the first block of most steps is the block of the step before. cold is opened by system calls and thread switches,
// fp by floating-point instructions; hot holds their hashes.

/** The three parts of the state record. */
export type RecordPart = 'hot' | 'cold' | 'fp';

/**
 * How a field is stored: `number` is an unsigned big-endian integer of `bytes` bytes, one 64-bit state variable;
 * `bytes32` is 32 raw bytes, seen by the semantics as four 64-bit variables `name.0` to `name.3`, each the little-endian
 * reading of 8 of the bytes (as a load from guest memory gives them).
 */
export type FieldKind = 'number' | 'bytes32';

/** One field of the state record. */
export interface StateField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly part: RecordPart;
  /** Size in the record, in bytes. */
  readonly bytes: number;
  /** Offset in its part of the record, in bytes. */
  readonly offset: number;
  /** Address of the field in the engine's private block: one little-endian 64-bit slot, four for `bytes32`. */
  readonly address: number;
}

/** Version of the machine: instruction set, system calls, record. It is the first byte of the hot record. */
export const MACHINE_VERSION = 1;

/** Status variable. The first byte of a state hash is this value, so it is what a contract reads first. */
export const STATUS = { valid: 0, invalid: 1, panic: 2, running: 3 } as const;

/** Why a machine is in status panic (variable `reason`); 0 in any other status. */
export const REASON = {
  none: 0,
  illegalInstruction: 1,
  fetchFault: 2,
  loadFault: 3,
  storeFault: 4,
  misalignedAtomic: 5,
  misalignedPc: 6,
  breakpoint: 7,
  deadlock: 8,
} as const;

/** Name of a reason for a panic. */
export type Reason = keyof typeof REASON;

/** `preemptStep` of a machine with one thread: no step number reaches it. */
export const NEVER = 0xffff_ffff_ffff_ffffn;

/** Address of the engine's private block: below the first guest address, outside the memory tree. */
export const STATE_ADDRESS = 0x1000;
/** Address of x0..x31 in the engine's block, 8 bytes each; x0 is always zero. */
export const X_ADDRESS = 0x1000;
/** Address of f0..f31 in the engine's block, 8 bytes each. */
export const F_ADDRESS = 0x1100;
const SCALARS_ADDRESS = 0x1200;

type Declaration = readonly [name: string, bytes: number];

/** A size of 32 declares a `bytes32` field, any other a number. */
const HOT: readonly Declaration[] = [
  ['version', 1],
  ['status', 1],
  ['reason', 1],
  ['reservationWidth', 1],
  ['reservationAddress', 8],
  ['coldHash', 32],
  ['fpHash', 32],
  ['memoryRoot', 32],
  ...Array.from({ length: 31 }, (_, i): Declaration => [`x${i + 1}`, 8]),
  ['pc', 8],
  ['preemptStep', 8],
  ['step', 8],
];

const COLD: readonly Declaration[] = [
  ['inputsHash', 32],
  ['output', 32],
  ['preimageKey', 32],
  ['preimageOffset', 8],
  ['exitCode', 8],
  // Memory management: the break (start fixed by the loader), the page where the next search begins, and the progress
  // of a system call that takes more than one step.
  ['breakStart', 8],
  ['programBreak', 8],
  ['mmapCursor', 8],
  ['callPhase', 8],
  ['callPosition', 8],
  ['callLength', 8],
  // Threads: the running one; the two stacks of the others with their sizes; what a switch goes by; virtual time.
  // environment/linux/threadSwitch.ts says what each means.
  ['threadId', 8],
  ['clearChildTid', 8],
  ['threadEpoch', 8],
  ['threadDeadline', 8],
  ['leftStack', 32],
  ['rightStack', 32],
  ['leftCount', 8],
  ['rightCount', 8],
  ['traverseRight', 1],
  ['nextThreadId', 8],
  ['wakeEpoch', 8],
  ['idleThreads', 8],
  ['leastDeadline', 8],
  ['skippedNanoseconds', 8],
];

const FP: readonly Declaration[] = [...Array.from({ length: 32 }, (_, i): Declaration => [`f${i}`, 8]), ['fcsr', 4]];

function place(): readonly StateField[] {
  const fields: StateField[] = [];
  let scalar = SCALARS_ADDRESS;
  for (const [part, declarations] of [
    ['hot', HOT],
    ['cold', COLD],
    ['fp', FP],
  ] as const) {
    let offset = 0;
    for (const [name, bytes] of declarations) {
      const register = /^([xf])(\d+)$/.exec(name);
      const base = register?.[1] === 'x' ? X_ADDRESS : F_ADDRESS;
      const address = register ? base + 8 * Number(register[2]) : scalar;
      if (!register) scalar += bytes === 32 ? 32 : 8;
      fields.push({ name, kind: bytes === 32 ? 'bytes32' : 'number', part, bytes, offset, address });
      offset += bytes;
    }
  }
  return fields;
}

/** All fields, hot then cold then fp, in record order. */
export const FIELDS: readonly StateField[] = place();

/** Size of each part of the record, in bytes. */
export const RECORD_BYTES: Readonly<Record<RecordPart, number>> = {
  hot: partBytes('hot'),
  cold: partBytes('cold'),
  fp: partBytes('fp'),
};

function partBytes(part: RecordPart): number {
  return FIELDS.filter((field) => field.part === part).reduce((sum, field) => sum + field.bytes, 0);
}

/**
 * What makes a thread: the fields that a thread switch exchanges, in the order of the record of a thread that does not run.
 * Floating-point registers go with it by their hash, so a switch does not open them.
 */
const THREAD: readonly string[] = [
  ...Array.from({ length: 31 }, (_, i) => `x${i + 1}`),
  'pc',
  'fpHash',
  'threadId',
  'clearChildTid',
  'threadEpoch',
  'threadDeadline',
];

/** A field of the record of a thread. */
export interface ThreadField {
  readonly field: StateField;
  /** Offset in the record of a thread, in bytes. */
  readonly offset: number;
}

/** The fields of the record of a thread; numbers are big-endian, and nothing is between them. */
export const THREAD_FIELDS: readonly ThreadField[] = (() => {
  let offset = 0;
  return THREAD.map((name) => {
    const found = FIELDS.find((each) => each.name === name) as StateField;
    offset += found.bytes;
    return { field: found, offset: offset - found.bytes };
  });
})();

/** Most threads of a machine, the running one included: what an engine must be able to keep. */
export const THREADS_MAX = 1 << 16;

/** Size of the record of a thread, in bytes: three keccak blocks. */
export const THREAD_BYTES = THREAD_FIELDS.reduce((sum, { field: { bytes } }) => sum + bytes, 0);

const BY_NAME = new Map(FIELDS.map((field) => [field.name, field]));

/** The field of this name; throws a RangeError for a name that the record does not have. */
export function field(name: string): StateField {
  const found = BY_NAME.get(name);
  if (!found) throw new RangeError(`the state record has no field '${name}'`);
  return found;
}

/** A 64-bit state variable: a `number` field, or one of the four words of a `bytes32` field. */
export interface StateVariable {
  readonly name: string;
  readonly field: StateField;
  /** Word 0 to 3 of a `bytes32` field; 0 for a number. */
  readonly word: number;
  /** Largest value, from the size in the record. */
  readonly bits: number;
  /** Address of its 64-bit little-endian slot in the engine's block. */
  readonly address: number;
}

/** The state variable `name` or `name.0` to `name.3`. Throws a RangeError for an unknown name. */
export function variable(name: string): StateVariable {
  const [base = '', word] = name.split('.');
  const found = field(base);
  if ((found.kind === 'bytes32') !== (word !== undefined) || (word !== undefined && !/^[0-3]$/.test(word)))
    throw new RangeError(`'${name}' is not a state variable: write name.0 to name.3 for 32 bytes, name for a number`);
  const index = Number(word ?? 0);
  const bits = found.kind === 'bytes32' ? 64 : 8 * found.bytes;
  return { name, field: found, word: index, bits, address: found.address + 8 * index };
}
