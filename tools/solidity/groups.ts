// The generated contracts that execute instructions: Core.sol (integer instructions), System.sol (system calls). Each takes
// a frame as its calldata and returns it as the step leaves it.

import { THREAD_SWITCH } from '../../src/environment/linux/threadSwitch.ts';
import type { SystemCall } from '../../src/environment/systemCall.ts';
import { decodeTree } from '../../src/isa/decode.ts';
import type { Row } from '../../src/isa/isa.ts';
import { emitBody } from '../../src/semantics/emitSolidity.ts';
import { REASON } from '../../src/semantics/layout.ts';
import type { Program } from '../../src/semantics/program.ts';
import { SubroutineFunctions } from '../../src/semantics/soliditySubroutines.ts';
import { decodeBody, FieldFunctions, NO_FIELDS } from './decoder.ts';
import { assembly, head, importedConstants } from './files.ts';
import { FRAME_CONSTANTS } from './frame.ts';

const identifier = (name: string): string => name.replace(/[^a-z0-9]/gi, '_');

/** The function of a program: it opens what it must, then does what it means. */
function programFunction(name: string, parameter: string, program: Program, body: string): string {
  const mask = (program.opens.has('cold') ? 1 : 0) | (program.opens.has('fp') ? 2 : 0);
  return `function ${name}(${parameter}) {\n  opens(${mask})\n${body}${body ? '\n' : ''}}`;
}

const MAIN = `if gt(mload(0x40), SCRATCH) { invalid() }
mstore(0x40, add(WINDOW, calldatasize()))
calldatacopy(FRAME, 0, calldatasize())
execute(mload(WORD))
// A row may have written x0.
mstore(X, 0)
// The frame as it came, but for the preimage.
let size := sub(THREAD_END, FRAME)
return(FRAME, select(lt(calldatasize(), size), calldatasize(), size))`;

function contract(name: string, what: string, functions: string): string {
  const text = `/// @title ${what}
contract ${name} {
    /// The calldata is a frame, and so is what is returned.
    fallback() external {
        assembly ("memory-safe") {
${assembly(functions, MAIN, '            ')}
        }
    }
}
`;
  return `${head(what)}
${importedConstants(FRAME_CONSTANTS, text)}
${text}`;
}

/** Which contract executes an instruction that is no system call. */
export type Group = 'Core' | 'Float';

const GROUPS: Readonly<Record<Group, string>> = {
  Core: 'Executes one integer instruction (RV64I, M, A, Zicsr, Zifencei) on a frame.',
  Float: 'Executes one floating-point instruction (F, D) on a frame.',
};

/** Major opcodes, bits 6 to 0, of the instructions with floating-point operands: loads, stores, fused, other. */
export const FLOAT_OPCODES: readonly number[] = [0x07, 0x27, 0x43, 0x47, 0x4b, 0x4f, 0x53];

/** The group of a row. */
export function groupOf({ match }: Row): Group {
  return FLOAT_OPCODES.includes(match & 0x7f) ? 'Float' : 'Core';
}

/** Core.sol or Float.sol: the rows of a group, and the decode tree that finds them. */
export function groupFile(group: Group, rows: readonly Row[], program: (row: Row) => Program): string {
  const fields = new FieldFunctions();
  const subroutines = new SubroutineFunctions();
  const members = rows.filter((row) => !row.systemCall && groupOf(row) === group);
  const functions = members.map((row) => {
    const body = emitBody(program(row), fields.of(row.format), '  ', subroutines);
    return programFunction(`row_${identifier(row.name)}`, 'w', program(row), body);
  });
  const dispatch = `// Which row the word is: the decode tree.
function execute(w) {
${decodeBody(decodeTree(members), (row) => `row_${identifier(row.name)}(w)`, '  ')}
  opens(0)
  trap(${REASON.illegalInstruction})
}`;
  const parts = [dispatch, fields.text(), subroutines.text(), ...functions];
  return contract(group, GROUPS[group], parts.filter((part) => part !== '').join('\n\n'));
}

/** System.sol: the system calls, by the number in x17. */
export function systemFile(
  calls: readonly SystemCall[],
  unknown: SystemCall,
  program: (call: SystemCall) => Program,
): string {
  const names = new Map<Program, string>();
  for (const call of [...calls, unknown])
    if (!names.has(program(call))) names.set(program(call), `call_${identifier(call.name)}`);
  const functions = [...names].map(([each, name]) => {
    const sharing = calls.filter((call) => program(call) === each).map((call) => call.name);
    const comment = sharing.length > 1 ? `// ${sharing.join(', ')}\n` : '';
    return comment + programFunction(name, '', each, emitBody(each, NO_FIELDS, '  '));
  });
  const cases = calls.map((call) => `  case ${call.number} { ${names.get(program(call))}() }`).join('\n');
  const dispatch = `// Without an instruction it is a thread switch. The number of a call is in a7; an unknown one fails with ENOSYS.
function execute(w) {
  if iszero(mload(LENGTH)) { threadSwitch() leave }
  switch mload(X17)
${cases}
  default { ${names.get(program(unknown))}() }
}`;
  const threadSwitch = programFunction('threadSwitch', '', THREAD_SWITCH, emitBody(THREAD_SWITCH, NO_FIELDS, '  '));
  return contract(
    'System',
    'Executes one system call or thread switch on a frame.',
    [dispatch, threadSwitch, ...functions].join('\n\n'),
  );
}
