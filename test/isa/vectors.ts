// The test vectors of the instruction rows: one line each, below the name of its row, from a source that is not our
// semantics (the head of the file says which). Every reading (evaluate, interpreter, contract) runs all of them.
//
//   add:
//   00c58533@20042 x11=5 x12=-1 > x10=4
//
// The instruction word (4 or 8 digits, so 2 or 4 bytes) at its address; the state before; `>`; what is different after.
// Numbers are hexadecimal, `-` meaning two's complement, `s` a single-precision number in a 64-bit register (ones above it).
// Before: `xN=`, `fN=`, registers; `fcsr=`; `[address]=`, bytes of memory; `r=address/width`, the reservation; `step=`,
// `skipped=`, state variables. A register that is not given holds N times 0x0101010101010101; memory is zero but for the
// instruction; the rest is 0. After: the same, `pc=` unless the next instruction follows, and `trap=reason` for a panic.
import { readdirSync, readFileSync } from 'node:fs';
import type { Reason } from '../../src/semantics/layout.ts';

/** Bytes at an address. */
export interface Piece {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The part of the machine that an instruction acts upon. */
export interface VectorState {
  readonly pc: bigint;
  /** x0 to x31. */
  readonly x: readonly bigint[];
  /** f0 to f31. */
  readonly f: readonly bigint[];
  readonly fcsr: bigint;
  /** All memory that is not zero, and all that is zero but was not before or will not be after: the same addresses in both. */
  readonly memory: readonly Piece[];
  readonly reservationAddress: bigint;
  /** 0 without a reservation, else 4 or 8. */
  readonly reservationWidth: bigint;
}

/** One step. */
export interface Vector {
  /** The row that owns it: the compressed one if the instruction has 2 bytes. */
  readonly row: string;
  /** Its line in the file. */
  readonly text: string;
  readonly word: number;
  readonly length: 2 | 4;
  readonly step: bigint;
  readonly skippedNanoseconds: bigint;
  readonly before: VectorState;
  readonly after: VectorState;
  /** Reason of the panic that the step ends in; then nothing but status, reason and step has changed. */
  readonly trap?: Reason;
}

/** The upper half of a register that holds a single-precision number. */
export const BOX = 0xffff_ffffn << 32n;

const FOLDER = new URL('./vectors/', import.meta.url);

/** Value of a register, of either file, that a vector does not give. */
export function defaultRegister(number: number): bigint {
  return BigInt(number) * 0x0101_0101_0101_0101n;
}

let loaded: readonly Vector[] | undefined;

/** All vectors of all rows. */
export function loadVectors(): readonly Vector[] {
  loaded ??= readdirSync(FOLDER)
    .sort()
    .flatMap((name) => parseFile(readFileSync(new URL(name, FOLDER), 'utf8')));
  return loaded;
}

function parseFile(text: string): Vector[] {
  const vectors: Vector[] = [];
  let row = '';
  for (const line of text.split('\n')) {
    if (line.endsWith(':')) row = line.slice(0, -1);
    else if (line !== '' && !line.startsWith('#')) vectors.push(parseVector(row, line));
  }
  return vectors;
}

/** One side of a line. */
interface Side {
  readonly x: Map<number, bigint>;
  readonly f: Map<number, bigint>;
  readonly memory: Piece[];
  readonly named: Map<string, string>;
}

/** Reads a line; throws an Error that shows it if it is not one. */
export function parseVector(row: string, text: string): Vector {
  const [head = '', rest = ''] = splitOnce(text, ' ');
  const [, digits = '', at = ''] = /^([0-9a-f]{4}|[0-9a-f]{8})@([0-9a-f]+)$/.exec(head) ?? [];
  if (digits === '') throw new Error(`vector of ${row} begins with no instruction: ${text}`);
  const word = Number.parseInt(digits, 16);
  const length = digits.length === 4 ? 2 : 4;
  const pc = BigInt(`0x${at}`);
  const [first = '', second = ''] = splitOnce(` ${rest} `, ' > ');
  const [before, after] = [parseSide(first, text), parseSide(second, text)];
  const code = { address: Number(pc), bytes: littleEndian(word, length) };
  const x = Array.from({ length: 32 }, (_, i) => before.x.get(i) ?? defaultRegister(i));
  const f = Array.from({ length: 32 }, (_, i) => before.f.get(i) ?? defaultRegister(i));
  const fcsr = number(before.named.get('fcsr') ?? '0');
  const earlier = [code, ...before.memory];
  const trap = after.named.get('trap') as Reason | undefined;
  const next = trap ? pc : pc + BigInt(length);
  return {
    row,
    text,
    word,
    length,
    step: number(before.named.get('step') ?? '0'),
    skippedNanoseconds: number(before.named.get('skipped') ?? '0'),
    before: {
      pc,
      x,
      f,
      fcsr,
      memory: overlay(earlier, after.memory, 'before'),
      ...reservation(before.named.get('r') ?? '0/0'),
    },
    after: {
      pc: after.named.has('pc') ? number(after.named.get('pc') ?? '') : next,
      x: x.map((value, i) => after.x.get(i) ?? value),
      f: f.map((value, i) => after.f.get(i) ?? value),
      fcsr: after.named.has('fcsr') ? number(after.named.get('fcsr') ?? '') : fcsr,
      memory: overlay(earlier, after.memory, 'after'),
      ...reservation(after.named.get('r') ?? before.named.get('r') ?? '0/0'),
    },
    ...(trap && { trap }),
  };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function parseSide(text: string, line: string): Side {
  const side: Side = { x: new Map(), f: new Map(), memory: [], named: new Map() };
  for (const token of text.split(' ').filter((each) => each !== '')) {
    const [name, value] = splitOnce(token, '=');
    const [, file, register] = /^([xf])([0-9]+)$/.exec(name) ?? [];
    const [, address] = /^\[([0-9a-f]+)\]$/.exec(name) ?? [];
    if (register !== undefined) (file === 'x' ? side.x : side.f).set(Number(register), number(value));
    else if (address !== undefined)
      side.memory.push({ address: Number.parseInt(address, 16), bytes: new Uint8Array(Buffer.from(value, 'hex')) });
    else if (/^(r|pc|trap|step|skipped|fcsr)$/.test(name) && value !== '') side.named.set(name, value);
    else throw new Error(`'${token}' has no meaning in the vector ${line}`);
  }
  return side;
}

function number(text: string): bigint {
  const [, prefix, digits] = /^([-s]?)([0-9a-f]+)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`'${text}' is no number of a vector`);
  const value = BigInt(`0x${digits}`);
  return prefix === 's' ? BOX | value : BigInt.asUintN(64, prefix === '-' ? -value : value);
}

function reservation(text: string): Pick<VectorState, 'reservationAddress' | 'reservationWidth'> {
  const [address, width] = splitOnce(text, '/');
  return { reservationAddress: number(address), reservationWidth: number(width) };
}

function littleEndian(word: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => word >>> (8 * i));
}

/** The bytes of `earlier`, then (if after) those of `later`, at all their addresses, in ascending pieces. */
function overlay(earlier: readonly Piece[], later: readonly Piece[], side: 'before' | 'after'): readonly Piece[] {
  const bytes = new Map<number, number>();
  for (const { address, bytes: piece } of later) for (const i of piece.keys()) bytes.set(address + i, 0);
  for (const { address, bytes: piece } of side === 'after' ? [...earlier, ...later] : earlier)
    for (const [i, byte] of piece.entries()) bytes.set(address + i, byte);
  const pieces: { address: number; bytes: number[] }[] = [];
  for (const [address, byte] of [...bytes].sort(([a], [b]) => a - b)) {
    const last = pieces.at(-1);
    if (last && last.address + last.bytes.length === address) last.bytes.push(byte);
    else pieces.push({ address, bytes: [byte] });
  }
  return pieces.map((piece) => ({ address: piece.address, bytes: Uint8Array.from(piece.bytes) }));
}
