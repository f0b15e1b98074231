// contracts/step/generated/Frame.sol: where the machine is in the memory of the EVM, by name.

import { mask } from '../../src/semantics/operators.ts';
import {
  COLD,
  CONTROL_WORDS,
  FP,
  FRAME_ADDRESS,
  type FrameWord,
  HOT,
  SCRATCH_ADDRESS,
  SHELL_WORDS,
  THREAD_WORDS,
  WINDOW_ADDRESS,
} from '../../src/semantics/solidityFrame.ts';
import { head } from './files.ts';

const hex = (value: number): string => `0x${value.toString(16)}`;

const EXTRA: readonly FrameWord[] = [
  { name: 'SCRATCH', address: SCRATCH_ADDRESS, comment: 'Memory of each contract alone, up to the frame.' },
  ...SHELL_WORDS,
  { name: 'FRAME', address: FRAME_ADDRESS, comment: 'First word of the frame.' },
  ...CONTROL_WORDS,
  { name: 'HOT_START', address: HOT.address, comment: 'The hot part of the record.' },
  ...HOT.words,
  { name: 'HOT_END', address: HOT.end, comment: 'End of a frame without other parts.' },
  ...COLD.words,
  { name: 'COLD_END', address: COLD.end, comment: 'End of a frame with the cold part.' },
  ...FP.words,
  { name: 'FP_END', address: FP.end, comment: 'End of a frame with both parts; what may follow is a thread.' },
  ...THREAD_WORDS,
  {
    name: 'THREAD_END',
    address: WINDOW_ADDRESS,
    comment: 'End of a frame with a thread; what may follow is the preimage.',
  },
  { name: 'WINDOW', address: WINDOW_ADDRESS, comment: 'Bytes of the length-prefixed preimage, from WINDOW_START on.' },
];

/** Every constant of the frame, in order of address. */
export const FRAME_CONSTANTS: readonly string[] = [...EXTRA.map(({ name }) => name), 'M64', 'M128'];

/** Text of Frame.sol. */
export function frameFile(): string {
  const constants = EXTRA.map(
    ({ name, address, comment }) => `// ${comment}\nuint256 constant ${name} = ${hex(address)};`,
  ).join('\n');
  return `${head('The frame: the machine in the memory of the EVM while one step executes. One state variable is one word.')}
// Masks of 64 and 128 bits.
uint256 constant M64 = 0x${mask(64).toString(16)};
uint256 constant M128 = 0x${mask(128).toString(16)};

${constants}
`;
}
