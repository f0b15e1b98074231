// `omo inspect`: the machine at one step of a run.

import { bytesToHex } from '../../bytes.ts';
import { UsageError } from '../../errors.ts';
import { defineCommand } from '../command.ts';
import { standing } from '../execute.ts';
import { GUEST_ARGUMENTS, type Guest, guestOptions, openGuest, stateHashOf, symbolName } from '../guest.ts';
import {
  codeText,
  hex,
  instructionAt,
  listCode,
  listLine,
  listRegisters,
  memoryAt,
  memoryText,
  registersText,
  threadsText,
} from '../listing.ts';
import { integer, list, mandatory, step, withDefault } from '../options.ts';
import { fields } from '../output.ts';
import { reach } from '../reach.ts';

const ADDRESS_END = 2 ** 32;
/** Largest piece of memory that is shown, in bytes. */
const MEMORY_BYTES_MAX = 65_536;

export const inspectCommand = defineCommand({
  name: 'inspect',
  summary: 'show the machine at a step',
  description:
    'Executes a program up to a step (from a snapshot, if the store has the run) and shows the machine there: status, the ' +
    'instruction that comes next with the code around it, registers, the thread that runs, and pieces of memory.',
  arguments: GUEST_ARGUMENTS,
  options: {
    ...guestOptions(),
    step: mandatory(step('--step <step>', 'the step, that is, how many steps come before')),
    around: withDefault(integer('--around <count>', 'instructions shown before and after pc', 0, 1_000), 6),
    memory: list('--memory <address:bytes>', `memory to show, at most ${MEMORY_BYTES_MAX} bytes a piece`, parseRange),
  },
  examples: [
    ['omo inspect executor.elf --block block.json --step 123456', 'the machine at a step'],
    ['omo inspect program.elf --step 5 --memory 0x10000:64', 'with 64 bytes of memory'],
  ],
  run: async (context, [elf, args], options) => {
    const opened = openGuest(elf, args, options);
    const guest = await reach(context, opened, elf, options.step).finally(opened.close);
    const json = inspect(guest, options.around, options.memory);
    return { json, text: describe(guest, options.around, options.memory) };
  },
});

interface Range {
  readonly address: number;
  readonly bytes: number;
}

function inspect(guest: Guest, around: number, ranges: readonly Range[]) {
  const { machine, program } = guest;
  const pc = Number(machine.get('pc'));
  return {
    step: machine.get('step'),
    ...standing(guest),
    pc: hex(pc),
    instruction: instructionAt(machine, pc)?.text,
    symbol: symbolName(program, pc),
    registers: listRegisters(machine),
    threads: listLine(machine),
    code: listCode(machine, program, around),
    memory: ranges.map(({ address, bytes }) => ({
      address: hex(address),
      bytes: bytesToHex(memoryAt(machine, address, bytes)),
    })),
    stateHash: stateHashOf(machine),
  };
}

function describe(guest: Guest, around: number, ranges: readonly Range[]): string {
  const { machine, program } = guest;
  const { status, reason } = standing(guest);
  const pc = Number(machine.get('pc'));
  const symbol = symbolName(program, pc);
  const head = fields([
    ['step', machine.get('step')],
    ['status', `${status}${reason === undefined ? '' : ` (${reason})`}`],
    ['pc', `${hex(pc)}${symbol === undefined ? '' : ` (${symbol})`}`],
    ['thread', threadsText(machine)],
  ]);
  const memory = ranges.map(({ address, bytes }) => memoryText(address, memoryAt(machine, address, bytes)));
  const code = codeText(listCode(machine, program, around));
  return [head, code, registersText(listRegisters(machine)), ...memory].filter((part) => part !== '').join('\n\n');
}

/** `0x10000:64` or `65536:64`. */
function parseRange(text: string): Range {
  const [start = '', size = ''] = text.split(':');
  const address = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(start) ? Number(start) : Number.NaN;
  const bytes = /^\d{1,5}$/.test(size) ? Number(size) : Number.NaN;
  if (!(bytes >= 1 && bytes <= MEMORY_BYTES_MAX && address + bytes <= ADDRESS_END))
    throw new UsageError(
      'BAD_RANGE',
      `expected an address and 1 to ${MEMORY_BYTES_MAX} bytes, found "${text.slice(0, 40)}"`,
    );
  return { address, bytes };
}
