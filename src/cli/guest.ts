// What commands run: a program file with its arguments, on a block or on inputs and preimages given one by one. The same
// options on every command that executes something.

import { statSync } from 'node:fs';
import { bytesToHex, hexToBytes } from '../bytes.ts';
import { MemoryTree } from '../commitment/memoryTree.ts';
import { commitMachine } from '../commitment/stateHash.ts';
import { BLOCK_FILE_BYTES_MAX, type Block, blockInputs, readBlock } from '../environment/block.ts';
import { createHost, type Host, type PreimageSource } from '../environment/host.ts';
import { INPUT_NAMES, type InputName, type Inputs, makeInputs } from '../environment/inputs.ts';
import { blockSource } from '../environment/sources/blockSource.ts';
import { folderSource } from '../environment/sources/folderSource.ts';
import { processSource } from '../environment/sources/processSource.ts';
import { UsageError } from '../errors.ts';
import { ELF_BYTES_MAX } from '../machine/elf.ts';
import type { Machine } from '../machine/machine.ts';
import { loadProgram, type Program, setInputs } from '../machine/program.ts';
import type { Hash } from '../units.ts';
import { readInput } from './files.ts';
import type { GuestWords } from './invocation.ts';
import { list, type OptionValues, text } from './options.ts';

/** The positional arguments of every command that executes a program. */
export const GUEST_ARGUMENTS = [
  ['<elf>', 'a static ELF program for 64-bit RISC-V Linux'],
  ['[args...]', 'its arguments (after --, if they start with a dash)'],
] as const;

/** The options that say what a program runs on. */
export const guestOptions = () => ({
  block: text('--block <file>', 'run on this block: its inputs and preimages'),
  local: list('--local <key=value>', 'an input, by key 1 to 6 or by name: 0x and 64 digits, or a number', parseLocal),
  preimages: text(
    '--preimages <folder|command>',
    'preimages by keccak256: a folder whose files are named by key, or a command that serves them',
  ),
});

/** The values of `guestOptions` that these words stand for. */
export function guestValues({ block, local, preimages }: GuestWords): GuestValues {
  return { block: block?.[0], local: (local ?? []).map(parseLocal), preimages: preimages?.[0] };
}

/** The words that `guestOptions` has these values for. */
export function guestWords({ block, local, preimages }: GuestValues): GuestWords {
  const word = ([name, value]: readonly [InputName, Uint8Array | bigint]) =>
    `${name}=${typeof value === 'bigint' ? value : bytesToHex(value)}`;
  return {
    ...(block !== undefined && { block: [block] }),
    ...(local.length > 0 && { local: local.map(word) }),
    ...(preimages !== undefined && { preimages: [preimages] }),
  };
}

/** Values of `guestOptions`. */
export type GuestValues = OptionValues<ReturnType<typeof guestOptions>>;

/** A program ready to run. */
export interface Guest {
  readonly machine: Machine;
  readonly program: Program;
  readonly host: Host;
  readonly inputs: Inputs;
  readonly block: Block | undefined;
  /** Ends what its preimages come from. */
  close(): void;
}

/** Loads a program file, its inputs zero. */
export function openProgram(path: string, args: readonly string[]): { machine: Machine; program: Program } {
  return loadProgram(readInput(path, { what: 'program', maxBytes: ELF_BYTES_MAX }), { args }, path);
}

/** The state hash of a machine, which stays as it is. Before the first step with all inputs zero, it is the program root. */
export function stateHashOf(machine: Machine): Hash {
  return commitMachine(machine.fork(), new MemoryTree()).hash;
}

/** Loads a program and all that it runs on. `output` takes what the program prints. */
export function openGuest(
  path: string,
  args: readonly string[],
  options: GuestValues,
  output: (fd: number, data: Uint8Array) => void = () => {},
): Guest {
  if (options.block !== undefined && options.local.length > 0)
    throw new UsageError('CONFLICTING_OPTION', 'option --local cannot be used with --block', {
      hint: 'A block fixes all inputs of its run.',
    });
  const { machine, program } = openProgram(path, args);
  const block = options.block === undefined ? undefined : openBlock(options.block);
  const inputs = block === undefined ? makeInputs(Object.fromEntries(options.local)) : blockInputs(block);
  setInputs(machine, inputs);
  const sources: PreimageSource[] = [];
  if (block !== undefined) sources.push(blockSource(block, options.block ?? ''));
  if (options.preimages !== undefined) sources.push(openPreimages(options.preimages));
  const host = createHost({ inputs, sources, output });
  const close = () => {
    for (const source of sources) source.close?.();
  };
  return { machine, program, host, inputs, block, close };
}

/** The root of a guest's program. The guest must not have executed a step. */
export function programRootOf({ machine }: Guest): Hash {
  const blank = machine.fork();
  setInputs(blank, makeInputs());
  return stateHashOf(blank);
}

/** Reads a block file. */
export function openBlock(path: string): Block {
  return readBlock(readInput(path, { what: 'block', maxBytes: BLOCK_FILE_BYTES_MAX }), path);
}

/** A folder if there is one of this name, else a command. */
function openPreimages(place: string): PreimageSource {
  return isFolder(place) ? folderSource(place) : processSource(place);
}

/** Whether --preimages means a folder; otherwise it is a command that will be run. */
export function isFolder(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** An input by key or name: `4=17`, `chainId=1`, `1=0x...`. */
function parseLocal(text: string): readonly [InputName, Uint8Array | bigint] {
  const [, key = text, value = ''] = /^([^=]*)=(.*)$/.exec(text) ?? [];
  const name = INPUT_NAMES.find((each, index) => each === key || `${index + 1}` === key);
  if (name === undefined)
    throw new UsageError('BAD_LOCAL', `expected a key from 1 to 6 or one of ${INPUT_NAMES.join(', ')}, found "${key}"`);
  if (/^\d{1,77}$/.test(value)) return [name, BigInt(value)];
  return [name, hexToBytes(value, { what: `input ${name}`, bytes: 32 })];
}

/** Function and offset of an address, and its source line where that is known: `main.main+12 at main.go:7`. */
export function symbolName(program: Program, address: number): string | undefined {
  const symbol = program.symbols.symbolAt(address);
  if (symbol === undefined) return undefined;
  const { name, offset, file, line } = symbol;
  return `${name}${offset === 0 ? '' : `+${offset}`}${file === undefined ? '' : ` at ${file}:${line}`}`;
}
