// A machine shown to a person: code around pc, registers, threads, memory.

import { readU32LE } from '../bytes.ts';
import { ISA } from '../engine/profile.ts';
import { disassemble } from '../isa/disassemble.ts';
import { inMemoryTree, type Machine } from '../machine/machine.ts';
import { GUEST_END, GUEST_START, PAGE_BYTES } from '../machine/memoryMap.ts';
import type { Program } from '../machine/program.ts';
import { listThreads, type ThreadStack, threadNumbers } from '../machine/threads.ts';
import { NEVER } from '../semantics/layout.ts';
import { symbolName } from './guest.ts';

/** A function longer than this before pc is not shown from its start, in bytes. */
const FUNCTION_BYTES = 4_096;

/** One instruction of a listing. */
export interface ListedInstruction {
  readonly address: string;
  /** The bytes as a number of 16 or 32 bits. */
  readonly word: string;
  readonly text: string;
  readonly symbol: string | undefined;
  /** Whether pc is here. */
  readonly current: boolean;
}

/** Hexadecimal with 0x. */
export const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/**
 * The instruction at pc with up to `around` before it and after it. Those before it are found from the start of the
 * function, since instructions of two lengths cannot be read backwards.
 */
export function listCode(machine: Machine, program: Program, around: number): ListedInstruction[] {
  const pc = Number(machine.get('pc'));
  const offset = program.symbols.symbolAt(pc)?.offset ?? 0;
  const start = offset <= FUNCTION_BYTES ? pc - offset : pc;
  const before: ListedInstruction[] = [];
  const after: ListedInstruction[] = [];
  for (let address = start; after.length <= around; ) {
    const found = instructionAt(machine, address);
    if (found === undefined) break;
    const symbol = symbolName(program, address);
    const listed = { address: hex(address), word: found.word, text: found.text, symbol, current: address === pc };
    (address < pc ? before : after).push(listed);
    // From a start that is no instruction's, pc may be jumped over: then the listing begins at pc.
    const next = address + found.length;
    if (address < pc && next > pc) before.length = 0;
    address = address < pc && next > pc ? pc : next;
  }
  return [...before.slice(Math.max(0, before.length - around)), ...after];
}

/** Memory as the program has it: zeros where it has none, though the engine keeps data of its own there. */
export function memoryAt(machine: Machine, address: number, bytes: number): Uint8Array {
  const copy = machine.bytes.slice(address, address + bytes);
  for (let i = 0; i < bytes; i++) if (!inMemoryTree(Math.floor((address + i) / PAGE_BYTES), 1)) copy[i] = 0;
  return copy;
}

/** The instruction at an address; undefined outside of the guest's memory. */
export function instructionAt(
  machine: Machine,
  address: number,
): { readonly word: string; readonly text: string; readonly length: 2 | 4 } | undefined {
  if (address < GUEST_START || address + 2 > GUEST_END || address % 2 !== 0) return undefined;
  const length = ((machine.bytes[address] ?? 0) & 3) === 3 ? 4 : 2;
  if (address + length > GUEST_END) return undefined;
  const bytes = new Uint8Array(4);
  bytes.set(machine.bytes.subarray(address, address + length));
  const word = readU32LE(bytes, 0);
  const digits = word.toString(16).padStart(2 * length, '0');
  return { word: `0x${digits}`, text: disassemble(ISA, word, length, BigInt(address)), length };
}

/** One thread of a listing. */
export interface ListedThread {
  readonly id: bigint;
  /** Whether it is the one that runs, or is looked at. */
  readonly current: boolean;
  readonly pc: string;
  /** Only of a thread that waits: until when, nanoseconds since 1970, or `wake` without a time limit. */
  readonly waitsUntil?: string;
}

/** The threads of a machine in their line: those on the left stack, the current one, those on the right stack. */
export function listLine(machine: Machine): ListedThread[] {
  const listed = (get: (name: string) => bigint, current: boolean): ListedThread => {
    const deadline = get('threadDeadline');
    const waitsUntil = deadline === NEVER ? 'wake' : `${deadline}`;
    return { id: get('threadId'), current, pc: hex(get('pc')), ...(deadline !== 0n && { waitsUntil }) };
  };
  const waiting = (stack: ThreadStack | undefined): ListedThread[] =>
    listThreads(stack).map((each) => {
      const numbers = threadNumbers(each);
      return listed((name) => numbers.get(name) ?? 0n, false);
    });
  const current = listed((name) => machine.get(name), true);
  return [...waiting(machine.leftThreads).reverse(), current, ...waiting(machine.rightThreads)];
}

/** The current thread and how many there are. */
export function threadsText(machine: Machine): string {
  return `${machine.get('threadId')} of ${listLine(machine).length}`;
}

/** x0 to x31 by their names in assembly. */
export function listRegisters(machine: Machine): Record<string, string> {
  return Object.fromEntries(ISA.registerNames.x.map((name, number) => [name, hex(machine.x(number))]));
}

/** Lines of a listing for people, pc marked by `=>`. */
export function codeText(listing: readonly ListedInstruction[]): string {
  const width = Math.max(0, ...listing.map(({ text }) => text.length));
  return listing
    .map(({ address, word, text, symbol, current }) => {
      const mark = current ? '=>' : '  ';
      return `${mark} ${address}  ${word.slice(2).padEnd(8)}  ${text.padEnd(width)}  ${symbol ?? ''}`.trimEnd();
    })
    .join('\n');
}

/** Registers in four columns. */
export function registersText(registers: Readonly<Record<string, string>>): string {
  const cells = Object.entries(registers).map(([name, value]) => `${name.padEnd(5)}${value.padEnd(20)}`);
  const rows = Math.ceil(cells.length / 4);
  return Array.from({ length: rows }, (_, row) =>
    [0, 1, 2, 3]
      .map((column) => cells[column * rows + row] ?? '')
      .join('')
      .trimEnd(),
  ).join('\n');
}

/** Bytes as lines of 16: address, hexadecimal, text. */
export function memoryText(address: number, bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const digits = Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const letters = Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${hex(address + at)}  ${digits.padEnd(47)}  ${letters}`);
  }
  return lines.join('\n');
}
