// The frame: the machine in the memory of the EVM while a contract executes one step, at fixed addresses. The shell of the
// step verifier fills it from a proof, hands it to the contract that knows the instruction, and reads it back. One state
// variable is one 32-byte word; the leaves that the proof opens stand side by side, so that an access across two
// neighbours reads their bytes as they lie. Addresses come from layout.ts and are generated into Solidity by name.

import { TREE_DEPTH } from './addressSpace.ts';
import { FIELDS, type RecordPart, type StateField, THREAD_FIELDS } from './layout.ts';

/** Bytes of a word of the EVM. */
export const WORD_BYTES = 32;
/** Leaves that a frame has room for: as many as a multiproof. */
export const FRAME_LEAVES = 8;
/** Memory before the frame that is never handed on: where a row keeps temporaries that do not fit the stack, and the shell hashes. */
export const SCRATCH_ADDRESS = 0x300;
/** Words of it. */
export const SCRATCH_WORDS = 76;
const QUEUE_ADDRESS = SCRATCH_ADDRESS + (TREE_DEPTH + 1) * WORD_BYTES;
/** Nodes of the walk of a multiproof, three words each: as many as leaves, one for a subtree, and the index of none. */
const RECORD_ADDRESS = QUEUE_ADDRESS + 3 * (FRAME_LEAVES + 2) * WORD_BYTES;

/** What the shell keeps there. */
export const SHELL_WORDS: readonly FrameWord[] = [
  { name: 'ZERO_HASHES', address: SCRATCH_ADDRESS, comment: 'Shell: hashes of the zero subtrees of height 0 to 27.' },
  { name: 'ZERO_HASHES_END', address: QUEUE_ADDRESS - WORD_BYTES, comment: 'Shell: that of height 27.' },
  {
    name: 'QUEUE',
    address: QUEUE_ADDRESS,
    comment: "Shell: nodes in a multiproof's walk, with their index and hashes.",
  },
  {
    name: 'RECORD',
    address: RECORD_ADDRESS,
    comment: 'Shell: a part of the record that is put together to be hashed.',
  },
];

/** Address of the frame. */
export const FRAME_ADDRESS = SCRATCH_ADDRESS + SCRATCH_WORDS * WORD_BYTES;

/** One named word of the frame, or the first of several. */
export interface FrameWord {
  /** Name of the constant in Solidity. */
  readonly name: string;
  readonly address: number;
  readonly comment: string;
}

type Control = readonly [name: string, words: number, comment: string];

const CONTROL: readonly Control[] = [
  [
    'WORD',
    1,
    'Instruction word, 32 bits; a 16-bit instruction is rewritten to its 32-bit form before a group sees it.',
  ],
  ['LENGTH', 1, 'Bytes that the instruction has in memory: 2 or 4.'],
  ['NEXT_PC', 1, 'pc after the step: pc + length until a row says otherwise.'],
  [
    'PARTS',
    1,
    'Parts of the record that the proof gives: bit 0 cold, bit 1 fp. A group refuses any but what the row opens.',
  ],
  ['LEAF_COUNT', 1, 'Leaves that the proof gives.'],
  ['LEAVES_USED', 1, 'Bit i: leaf i was accessed.'],
  ['ZEROED', 1, 'Subtree that the proof lets the step zero: height << 32 | index, 0 for none.'],
  ['ZEROED_USED', 1, '1: it was.'],
  ['PREIMAGE_GIVEN', 1, '1: the proof gives the preimage of the key in the record.'],
  ['PREIMAGE_USED', 1, '1: the step looked at it.'],
  ['PREIMAGE_LENGTH', 1, 'Its length in bytes, with the 8-byte prefix.'],
  ['FP_HASH', 1, 'Hash of the floating-point registers: that of the thread that runs, where the fp part is not given.'],
  ['WINDOW_START', 1, 'First byte of the length-prefixed preimage that the frame holds, and the end of what it holds.'],
  ['WINDOW_END', 1, ''],
  [
    'LEAF_INDEX',
    FRAME_LEAVES + 1,
    'Index of each leaf, ascending. One word more: the last always has a neighbour, 0, that is not the next.',
  ],
  [
    'LEAF_VALUE',
    FRAME_LEAVES + 1,
    'The 32 bytes of each leaf. One word more, so that an access near the end of the last may read past it.',
  ],
];

/** Name of a state variable's constant: `pc` is PC, `preimageKey.0` is PREIMAGE_KEY_0. */
export function stateConstant(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace('.', '_')
    .toUpperCase();
}

/** Fields that the shell alone handles: no row reads or writes them. */
const SHELL_FIELDS: readonly string[] = ['version', 'coldHash', 'fpHash', 'memoryRoot'];

/** Fields of a part of the record that have words in the frame, in record order. */
export function frameFields(part: RecordPart): readonly StateField[] {
  return FIELDS.filter((field) => field.part === part && !SHELL_FIELDS.includes(field.name));
}

interface Part {
  readonly part: RecordPart;
  readonly address: number;
  readonly words: readonly FrameWord[];
  readonly end: number;
}

function placeWords(controls: readonly Control[], start: number): readonly FrameWord[] {
  let address = start;
  return controls.map(([name, words, comment]) => {
    const placed = { name, address, comment };
    address += words * WORD_BYTES;
    return placed;
  });
}

/** Control words and leaves. */
export const CONTROL_WORDS: readonly FrameWord[] = placeWords(CONTROL, FRAME_ADDRESS);

function placePart(part: RecordPart, start: number): Part {
  const words: FrameWord[] = [];
  let address = start;
  for (const { name, kind, bytes } of frameFields(part)) {
    // x0 has a place before x1: a row may write it, and it is set to zero again after the row.
    if (name === 'x1') words.push({ name: 'X', address, comment: 'x0, then x1 to x31' });
    if (name === 'x1') address += WORD_BYTES;
    if (name === 'f0') words.push({ name: 'F', address, comment: 'f0 to f31' });
    const names = kind === 'bytes32' ? [0, 1, 2, 3].map((word) => `${name}.${word}`) : [name];
    for (const each of names) {
      words.push({
        name: stateConstant(each),
        address,
        comment: `${part} ${each}, ${kind === 'bytes32' ? 8 : bytes} bytes`,
      });
      address += WORD_BYTES;
    }
  }
  return { part, address: start, words, end: address };
}

const LEAVES_END = FRAME_ADDRESS + CONTROL.reduce((sum, [, words]) => sum + words, 0) * WORD_BYTES;

/** Words of the hot, cold and fp parts: the frame ends after the last part that the proof gives, or after the window. */
export const HOT: Part = placePart('hot', LEAVES_END);
export const COLD: Part = placePart('cold', HOT.end);
export const FP: Part = placePart('fp', COLD.end);

const THREAD: readonly Control[] = [
  ['THREAD_GIVEN', 1, '1: the proof gives the thread on top of a stack, which a step takes from there.'],
  ['THREAD_USED', 1, '1: it was.'],
  ['THREAD_NUMBERS', THREAD_FIELDS.length - 1, 'Its numbers, in the order of its record; its fp hash stands apart.'],
  ['THREAD_FP_HASH', 1, 'Hash of its floating-point registers.'],
  ['THREAD_BELOW', 1, 'Hash of the stack without it.'],
];

/** Words of the thread that a proof gives: with it the frame ends after them. */
export const THREAD_WORDS: readonly FrameWord[] = placeWords(THREAD, FP.end);
const THREAD_END = FP.end + THREAD.reduce((sum, [, words]) => sum + words, 0) * WORD_BYTES;

/** Where the frame holds bytes of the length-prefixed preimage. */
export const WINDOW_ADDRESS = THREAD_END;

const ADDRESSES = new Map(
  [...CONTROL_WORDS, ...HOT.words, ...COLD.words, ...FP.words, ...THREAD_WORDS].map(({ name, address }) => [
    name,
    address,
  ]),
);

/** Address of a constant of the frame. Throws a RangeError for an unknown name. */
export function frameAddress(name: string): number {
  const address = ADDRESSES.get(name);
  if (address === undefined) throw new RangeError(`the frame has no word '${name}'`);
  return address;
}
