// The generated contracts that execute instructions: Core.sol (integer instructions), System.sol (system calls). Each takes
// a frame as its calldata and returns it as the step leaves it.

import type { SystemCall } from '../../src/environment/systemCall.ts';
import type { DecodeTrees } from '../../src/isa/decode.ts';
import type { Row } from '../../src/isa/isa.ts';
import { emitBody } from '../../src/semantics/emitSolidity.ts';
import { REASON } from '../../src/semantics/layout.ts';
import type { Program } from '../../src/semantics/program.ts';
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
let size := sub(FP_END, FRAME)
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

/** Core.sol: every row of the tree but system calls. */
export function coreFile(rows: readonly Row[], tree: DecodeTrees['words'], program: (row: Row) => Program): string {
  const fields = new FieldFunctions();
  const functions = rows
    .filter((row) => !row.systemCall)
    .map((row) =>
      programFunction(
        `row_${identifier(row.name)}`,
        'w',
        program(row),
        emitBody(program(row), fields.of(row.format), '  '),
      ),
    );
  const statement = (row: Row): string =>
    row.systemCall ? `trap(${REASON.illegalInstruction})` : `row_${identifier(row.name)}(w)`;
  const dispatch = `// Which row the word is: the decode tree.
function execute(w) {
${decodeBody(tree, statement, '  ')}
  opens(0)
  trap(${REASON.illegalInstruction})
}`;
  return contract(
    'Core',
    'Executes one integer instruction (RV64I, M, A, the counters of Zicsr, Zifencei) on a frame.',
    [dispatch, fields.text(), ...functions].join('\n\n'),
  );
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
  const dispatch = `// The number of the call is in a7. An unknown one fails with ENOSYS.
function execute(w) {
  switch mload(X17)
${cases}
  default { ${names.get(program(unknown))}() }
}`;
  return contract('System', 'Executes one system call on a frame.', [dispatch, ...functions].join('\n\n'));
}
