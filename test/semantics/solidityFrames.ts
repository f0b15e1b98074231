// For tests of emitted Solidity: programs as functions of one contract, frames in and out of it.

import { bigintToBytes, bytesToBigint } from '../../src/bytes.ts';
import { emitBody, type FieldTexts } from '../../src/semantics/emitSolidity.ts';
import type { Program } from '../../src/semantics/program.ts';
import { FRAME_ADDRESS, frameAddress, WINDOW_ADDRESS, WORD_BYTES } from '../../src/semantics/solidityFrame.ts';
import { assembly } from '../../tools/solidity/files.ts';
import { frameFile } from '../../tools/solidity/frame.ts';

/** A contract that runs the program whose number is in WORD on the frame that is its calldata, and returns the frame. */
export function programsSource(programs: readonly Program[], fields: FieldTexts): string {
  const functions = programs.map((program, i) => `function program${i}() {\n${emitBody(program, fields, '  ')}\n}`);
  const main = `mstore(0x40, add(WINDOW, calldatasize()))
calldatacopy(FRAME, 0, calldatasize())
switch mload(WORD)
${programs.map((_, i) => `case ${i} { program${i}() }`).join('\n')}
mstore(X, 0)
return(FRAME, sub(WINDOW, FRAME))`;
  return `${frameFile()}
contract Programs {
  fallback() external {
    assembly ("memory-safe") {
${assembly(functions.join('\n'), main, '      ')}
    }
  }
}`;
}

/** A frame: words by the names of their constants, with an index for the words of an array. */
export class Frame {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array = new Uint8Array(WINDOW_ADDRESS - FRAME_ADDRESS)) {
    this.bytes = bytes;
  }

  get(name: string, index = 0): bigint {
    const at = frameAddress(name) - FRAME_ADDRESS + WORD_BYTES * index;
    return bytesToBigint(this.bytes.subarray(at, at + WORD_BYTES));
  }

  set(name: string, value: bigint, index = 0): void {
    this.bytes.set(bigintToBytes(value, WORD_BYTES), frameAddress(name) - FRAME_ADDRESS + WORD_BYTES * index);
  }
}
