// A program made ready to run: the state that Linux would give it, with everything that Linux leaves to chance fixed.
//
//   0x00010000  first guest address; an ET_EXEC file has its own addresses, a PIE is placed at PIE_BIAS (0x01000000)
//               break: starts at the page after the last segment
//   0x40000000  MMAP_START: where mmap begins to search, upwards
//   0xEF800000  STACK_START: 8 MiB of stack; sp is just below the strings of argv and envp, which end at 0xF0000000
//
// On the stack, as the psABI and Linux have it, from sp upwards: argc, argv, 0, envp, 0, the auxiliary vector, then the
// 16 bytes of AT_RANDOM, then the strings. Registers but sp and pc are zero. argv[0] is always PROGRAM_NAME, since the
// name of a file on somebody's disk must not change the history.

import { hashInputs, type Inputs } from '../environment/inputs.ts';
import { UsageError } from '../errors.ts';
import { assert } from '../invariant.ts';
import { MACHINE_VERSION, NEVER, STATUS } from '../semantics/layout.ts';
import { type ElfImage, PROGRAM_HEADER_BYTES, readElf, type Segment, STACK_BYTES, STACK_START } from './elf.ts';
import { Machine } from './machine.ts';
import { GUEST_END, GUEST_START, MMAP_START, PAGE_BITMAP, PAGE_BYTES, PAGE_COUNT } from './memoryMap.ts';
import { readSymbols, type SymbolTable } from './symbols.ts';

/** argv[0] and AT_EXECFN of every program. */
export const PROGRAM_NAME = 'program';
/** Most strings of argv and envp together, argv[0] included. */
export const STRINGS_MAX = 1024;
/** Most bytes of their text together, the zero after each included. */
export const STRING_BYTES_MAX = 128 * 1024;
/** What AT_RANDOM points to: 16 bytes, the same for every program and run. */
export const AT_RANDOM_BYTES: Uint8Array = new TextEncoder().encode('OMO rv64 random.');
/** AT_HWCAP: bit n is the n-th letter of the alphabet: A, C, D, F, I, M. */
export const HWCAP = 0x112dn;

/** Identifiers of the auxiliary vector (Linux, include/uapi/linux/auxvec.h). */
const AT = {
  null: 0,
  phdr: 3,
  phent: 4,
  phnum: 5,
  pagesz: 6,
  base: 7,
  flags: 8,
  entry: 9,
  uid: 11,
  euid: 12,
  gid: 13,
  egid: 14,
  hwcap: 16,
  clktck: 17,
  secure: 23,
  random: 25,
  execfn: 31,
} as const;

/** Arguments and environment of a program. */
export interface ProgramOptions {
  /** argv[1] and on. */
  readonly args?: readonly string[];
  /** Strings `NAME=value`; none by default. */
  readonly env?: readonly string[];
}

/** A program, as it was loaded. */
export interface Program {
  readonly image: ElfImage;
  readonly symbols: SymbolTable;
  readonly args: readonly string[];
  readonly env: readonly string[];
}

/**
 * Loads a program file into a new machine, its inputs zero: the state before step 0, whose hash is the program root.
 * Throws an InputError (`ELF_...`) for a file that is refused, a UsageError (`BAD_ARGUMENTS`) for strings that are too
 * many, too long or hold a zero.
 */
export function loadProgram(
  elf: Uint8Array,
  options: ProgramOptions = {},
  name = 'program',
): { machine: Machine; program: Program } {
  const { args = [], env = [] } = options;
  const image = readElf(elf, name);
  const argv = [PROGRAM_NAME, ...args];
  checkStrings([...argv, ...env]);

  const machine = new Machine();
  for (const { address, fileOffset, fileBytes } of image.segments)
    machine.write(address, image.bytes.subarray(fileOffset, fileOffset + fileBytes));
  const last = image.segments.at(-1) as Segment;
  const breakStart = Math.ceil((last.address + last.memoryBytes) / PAGE_BYTES) * PAGE_BYTES;
  markPages(machine, image.segments);
  const sp = writeStack(machine, image, argv, env);

  machine.set('version', BigInt(MACHINE_VERSION));
  machine.set('status', BigInt(STATUS.running));
  machine.set('pc', BigInt(image.entry));
  machine.setX(2, BigInt(sp));
  machine.set('preemptStep', NEVER);
  machine.set('breakStart', BigInt(breakStart));
  machine.set('programBreak', BigInt(breakStart));
  machine.set('mmapCursor', BigInt(MMAP_START / PAGE_BYTES));
  machine.set('threadId', 1n);
  machine.set('nextThreadId', 2n);
  setInputs(
    machine,
    Array.from({ length: 6 }, () => new Uint8Array(32)),
  );
  return { machine, program: { image, symbols: readSymbols(image), args, env } };
}

/** Gives a loaded machine the inputs of a run, before its first step: sets inputsHash. */
export function setInputs(machine: Machine, inputs: Inputs): void {
  machine.setBytes('inputsHash', hashInputs(inputs));
}

function checkStrings(strings: readonly string[]): void {
  const bytes = strings.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
  const found = `found ${strings.length} strings of ${bytes} bytes`;
  if (strings.length > STRINGS_MAX || bytes > STRING_BYTES_MAX)
    throw new UsageError(
      'BAD_ARGUMENTS',
      `arguments and environment: expected at most ${STRINGS_MAX} strings and ${STRING_BYTES_MAX} bytes, ${found}`,
    );
  if (strings.some((text) => text.includes('\0')))
    throw new UsageError('BAD_ARGUMENTS', 'arguments and environment: a string holds a zero character');
}

/** Marks the pages of the segments, of the stack and of the two holes as mapped, so that mmap never gives them. */
function markPages(machine: Machine, segments: readonly Segment[]): void {
  const bitmap = new Uint8Array(PAGE_COUNT / 8);
  const mark = (start: number, end: number) => {
    for (let page = Math.floor(start / PAGE_BYTES); page < Math.ceil(end / PAGE_BYTES); page++)
      bitmap[page >> 3] = (bitmap[page >> 3] ?? 0) | (1 << (page & 7));
  };
  mark(0, GUEST_START);
  for (const { address, memoryBytes } of segments) mark(address, address + memoryBytes);
  mark(STACK_START, STACK_START + STACK_BYTES);
  mark(GUEST_END, 2 ** 32);
  for (let at = 0; at < bitmap.length; at += PAGE_BYTES) {
    const part = bitmap.subarray(at, at + PAGE_BYTES);
    if (part.some((byte) => byte !== 0)) machine.write(PAGE_BITMAP + at, part);
  }
}

/** Writes the strings and vectors of the initial stack; returns sp, a multiple of 16. */
function writeStack(machine: Machine, image: ElfImage, argv: readonly string[], env: readonly string[]): number {
  const texts = [...argv, ...env, PROGRAM_NAME].map((text) => Buffer.from(`${text}\0`));
  let at = GUEST_END - 8 - texts.reduce((sum, text) => sum + text.length, 0);
  const random = at - (at % 16) - AT_RANDOM_BYTES.length;
  const addresses = texts.map((text) => {
    machine.write(at, text);
    at += text.length;
    return at - text.length;
  });
  machine.write(random, AT_RANDOM_BYTES);
  const execfn = addresses.at(-1) ?? 0;
  const words = [
    argv.length,
    ...addresses.slice(0, argv.length),
    0,
    ...addresses.slice(argv.length, -1),
    0,
    ...auxiliaryVector(image, random, execfn),
  ].map(BigInt);
  const sp = random - Math.ceil((8 * words.length) / 16) * 16;
  assert(sp >= STACK_START, 'the bounds on arguments keep them inside of the stack');
  const vector = new DataView(new ArrayBuffer(8 * words.length));
  words.forEach((word, i) => {
    vector.setBigUint64(8 * i, word, true);
  });
  machine.write(sp, new Uint8Array(vector.buffer));
  return sp;
}

function auxiliaryVector(image: ElfImage, random: number, execfn: number): (number | bigint)[] {
  return [
    [AT.hwcap, HWCAP],
    [AT.pagesz, PAGE_BYTES],
    [AT.clktck, 100],
    [AT.phdr, image.headersAddress],
    [AT.phent, PROGRAM_HEADER_BYTES],
    [AT.phnum, image.headerCount],
    [AT.base, 0],
    [AT.flags, 0],
    [AT.entry, image.entry],
    [AT.uid, 0],
    [AT.euid, 0],
    [AT.gid, 0],
    [AT.egid, 0],
    [AT.secure, 0],
    [AT.random, random],
    [AT.execfn, execfn],
    [AT.null, 0],
  ].flat();
}
