// contracts/step/generated/Fetch.sol: how a step begins. The fetch, the rewriting of compressed instructions, and which
// group of instructions the word belongs to.

import type { DecodeTrees } from '../../src/isa/decode.ts';
import type { Row } from '../../src/isa/isa.ts';
import { emitBody } from '../../src/semantics/emitSolidity.ts';
import type { Program } from '../../src/semantics/program.ts';
import { decodeBody, NO_FIELDS, wordExpression } from './decoder.ts';
import { assembly, head, importedConstants } from './files.ts';
import { FRAME_CONSTANTS } from './frame.ts';
import { FLOAT_OPCODES } from './groups.ts';

/** Bit n: the major opcode n is one of floating point. */
const FLOAT_SET = FLOAT_OPCODES.reduce((set, opcode) => set | (1n << BigInt(opcode)), 0n);

/** Text of Fetch.sol. */
export function fetchFile(program: Program, halves: DecodeTrees['halves'], systemCall: Row): string {
  const fetch = `function fetch_() {\n${emitBody(program, NO_FIELDS, '  ')}\n}`;
  const expand = `function expand_(w) -> e {\n${decodeBody(halves, (row) => `e := ${wordExpression(row.expand)}`, '  ')}\n}`;
  const text = `/// @title Fetch of an instruction
library Fetch {
    /// @dev Fetches the instruction at pc into WORD and LENGTH, or sets status panic.
    function fetch() internal pure {
        assembly ("memory-safe") {
${assembly(fetch, 'fetch_()', '            ')}
        }
    }

    /// @dev The 32-bit word that a 16-bit instruction stands for; 0, which is illegal, for one that is reserved.
    function expand(uint256 half) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
${assembly(expand, 'word := expand_(half)', '            ')}
        }
    }

    /// @dev Whether the instruction word has a major opcode of floating point.
    function isFloat(uint256 word) internal pure returns (bool) {
        return (0x${FLOAT_SET.toString(16)} >> (word & 0x7f)) & 1 == 1;
    }

    /// @dev Whether the instruction word is a system call.
    function isSystemCall(uint256 word) internal pure returns (bool) {
        return word & 0x${systemCall.mask.toString(16)} == 0x${systemCall.match.toString(16)};
    }
}
`;
  return `${head('How a step begins: the fetch, compressed instructions, the group of instructions that goes on.')}
${importedConstants(FRAME_CONSTANTS, text)}
${text}`;
}
