// `omo program`: loads a program and prints what the contracts know it by.

import { MACHINE_VERSION } from '../../semantics/layout.ts';
import { defineCommand } from '../command.ts';
import { GUEST_ARGUMENTS, openProgram, stateHashOf, symbolName } from '../guest.ts';
import { fields } from '../output.ts';

/** The instruction set of every program, as --json names it. */
const ISA_NAME = 'rv64';

export const programCommand = defineCommand({
  name: 'program',
  summary: 'load a program and print its root',
  description:
    'Loads a program and prints its root: the hash of the state before the first step, all inputs zero. Contracts know ' +
    'a program by it. It depends on the file and the arguments, and on nothing else.',
  arguments: GUEST_ARGUMENTS,
  options: {},
  examples: [
    ['omo program executor.elf', 'the root of a program'],
    ['omo program executor.elf --json', 'the same for a script'],
  ],
  run: (_context, [elf, args]) => {
    const { machine, program } = openProgram(elf, args);
    const symbol = symbolName(program, program.image.entry);
    const entry = `0x${program.image.entry.toString(16)}`;
    const answer = {
      programRoot: stateHashOf(machine),
      entry,
      pages: machine.presentPages().length,
      isa: ISA_NAME,
      version: MACHINE_VERSION,
      symbols: program.symbols.count,
    };
    const text = fields([
      ['program root', answer.programRoot],
      ['entry', `${entry}${symbol === undefined ? '' : ` (${symbol})`}`],
      ['pages', answer.pages],
      ['isa', `${answer.isa}, version ${answer.version}`],
      ['symbols', answer.symbols],
    ]);
    return { json: answer, text };
  },
});
