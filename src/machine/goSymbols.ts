// Functions, files and lines of a Go program, from the table that its runtime prints stack traces from (.gopclntab). The
// linker's options -s and -w leave it in, so a stripped program still has it. Formats of Go 1.18 to 1.26: Go's own reader
// is debug/gosym/pclntab.go, the structures are pcHeader, moduledata and _func in package runtime.
//
//   header     magic, 0, 0, instruction quantum, pointer size, number of functions, of files, unused (once the text's
//              address), then offsets from the header: names, compilation units, files, pc values, functions
//   functions  pairs of 32 bits, ascending: entry as an offset from the text, where its record is; an end behind the last
//   record     entry, name, 3 words, pc values of its files and of its lines, 1 word, its compilation unit
//   pc values  pairs of varints: change of the value (zigzag), number of quanta for which it holds
//
// The table is found by its magic, and the address of the text in the runtime's moduledata, whose first words point back
// to the table. All of it only annotates what people read: where something does not fit, there is no name.

import type { ElfImage, Segment } from './elf.ts';

/** Magics of Go 1.20 and on, and of 1.18: little-endian, the two zeros included. */
const HEADER_STARTS = [0xf1, 0xf0].map((magic) => Buffer.from([magic, 0xff, 0xff, 0xff, 0, 0]));
const HEADER_BYTES = 72;
/** Places with a magic that are looked at, and headers that look right for which moduledata is searched. */
const MAGICS_MAX = 1 << 16;
const HEADERS_MAX = 4;
const RECORD_BYTES = 36;
/** Offset of the text's address in moduledata: one pointer, six slices and three pointers before it. */
const MODULE_TEXT = 8 + 6 * 24 + 3 * 8;
/** Changes of a value in one function. */
const PC_VALUES_MAX = 1 << 20;
const VARINT_BYTES_MAX = 5;

/** Where an address is in a Go program. File and line are those of inlined code, if the address is in such. */
export interface GoAddress {
  /** As in the file: any bytes. */
  readonly name: Buffer;
  /** Bytes from the function's first instruction. */
  readonly offset: number;
  readonly file: Buffer | undefined;
  readonly line: number | undefined;
}

/** The functions of a Go program. */
export interface GoSymbols {
  /** How many functions it has. */
  readonly count: number;
  /** What holds `address`, or undefined if no function is known to. */
  at(address: number): GoAddress | undefined;
}

/** Reads the functions of a program; undefined if it is none of Go's. Does not throw. */
export function readGoSymbols(image: ElfImage): GoSymbols | undefined {
  let headers = 0;
  for (const { address, bytes } of magics(image)) {
    const table = readTable(bytes);
    if (table === undefined) continue;
    const text = textAddress(image, address, table.namesOffset);
    if (text !== undefined) return { count: table.functions.length / 8 - 1, at: (pc) => lookUp(table, pc - text) };
    if (++headers === HEADERS_MAX) break;
  }
  return undefined;
}

/** The places where a table may begin: their address, and the bytes up to the end of the segment. */
function* magics(image: ElfImage): Generator<{ address: number; bytes: Buffer }> {
  let count = 0;
  for (const segment of image.segments) {
    const bytes = contentOf(image, segment);
    for (const start of HEADER_STARTS)
      for (let at = bytes.indexOf(start); at >= 0; at = bytes.indexOf(start, at + 1)) {
        if (++count > MAGICS_MAX) return;
        yield { address: segment.address + at, bytes: bytes.subarray(at) };
      }
  }
}

/** The parts of the table, each ending where it must not be read beyond. */
interface Table {
  readonly quantum: number;
  /** Where the names begin, from the header. */
  readonly namesOffset: number;
  readonly names: Buffer;
  readonly units: Buffer;
  readonly files: Buffer;
  readonly pcValues: Buffer;
  readonly functions: Buffer;
  readonly records: Buffer;
}

function contentOf({ bytes }: ElfImage, { fileOffset, fileBytes }: Segment): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + fileOffset, fileBytes);
}

function readTable(bytes: Buffer): Table | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const [quantum, pointerBytes] = [bytes.readUInt8(6), bytes.readUInt8(7)];
  if (![1, 2, 4].includes(quantum) || pointerBytes !== 8) return undefined;
  const word = (index: number) => Number(bytes.readBigUInt64LE(8 + 8 * index));
  const count = word(0);
  const [names = 0, units = 0, files = 0, pcValues = 0, functions = 0] = [3, 4, 5, 6, 7].map(word);
  const order = [HEADER_BYTES, names, units, files, pcValues, functions, functions + 8 * (count + 1), bytes.length];
  if (order.some((offset, i) => i > 0 && offset < (order[i - 1] ?? 0))) return undefined;
  return {
    quantum,
    namesOffset: names,
    names: bytes.subarray(names, units),
    units: bytes.subarray(units, files),
    files: bytes.subarray(files, pcValues),
    pcValues: bytes.subarray(pcValues, functions),
    functions: bytes.subarray(functions, functions + 8 * (count + 1)),
    records: bytes.subarray(functions),
  };
}

/**
 * The address of the text, which entries of functions are relative to: from moduledata, which begins with the addresses of
 * the table and of the table's names.
 */
function textAddress(image: ElfImage, table: number, names: number): number | undefined {
  const start = Buffer.alloc(16);
  start.writeBigUInt64LE(BigInt(table - image.bias), 0);
  start.writeBigUInt64LE(BigInt(table - image.bias + names), 8);
  for (const segment of image.segments) {
    const bytes = contentOf(image, segment);
    const at = bytes.indexOf(start);
    if (at < 0 || at + MODULE_TEXT + 8 > bytes.length) continue;
    return Number(bytes.readBigUInt64LE(at + MODULE_TEXT)) + image.bias;
  }
  return undefined;
}

/** What is `target` bytes from the text's start. */
function lookUp(table: Table, target: number): GoAddress | undefined {
  const { functions, records } = table;
  const entry = (index: number) => functions.readUInt32LE(8 * index);
  let [low, high] = [0, functions.length / 8];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entry(middle) <= target) low = middle + 1;
    else high = middle;
  }
  // None, or the end behind the last.
  if (low === 0 || low === functions.length / 8) return undefined;
  const offset = target - entry(low - 1);
  const at = functions.readUInt32LE(8 * (low - 1) + 4);
  if (at + RECORD_BYTES > records.length) return undefined;
  const field = (index: number) => records.readUInt32LE(at + 4 * index);
  const name = textAt(table.names, field(1));
  if (name === undefined || name.length === 0) return undefined;
  const unitFile = pcValue(table, field(5), offset);
  const line = pcValue(table, field(6), offset);
  return { name, offset, file: unitFile === undefined ? undefined : fileOf(table, field(8) + unitFile), line };
}

/** The value at `offset` bytes into the function whose pc values begin at `start`. */
function pcValue({ pcValues, quantum }: Table, start: number, offset: number): number | undefined {
  let at = start;
  const varint = (): number | undefined => {
    let value = 0;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = pcValues[at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  let [value, end] = [-1, 0];
  for (let i = 0; i < PC_VALUES_MAX; i++) {
    const change = varint();
    const quanta = varint();
    if (change === undefined || quanta === undefined || (change === 0 && i > 0)) return undefined;
    value += change % 2 === 1 ? -(change + 1) / 2 : change / 2;
    end += quanta * quantum;
    if (offset < end) return value < 0 ? undefined : value;
  }
  return undefined;
}

function fileOf({ units, files }: Table, index: number): Buffer | undefined {
  return 4 * index + 4 > units.length ? undefined : textAt(files, units.readUInt32LE(4 * index));
}

/** The bytes from `offset` up to the next zero. */
function textAt(bytes: Buffer, offset: number): Buffer | undefined {
  const end = offset < bytes.length ? bytes.indexOf(0, offset) : -1;
  return end < 0 ? undefined : bytes.subarray(offset, end);
}
