// Names of addresses: from a program's symbol table (System V ABI, chapter 4, "Symbol Table"), and from Go's own table,
// which gives files and lines too. They only annotate what people read, so a file without a table, or with a damaged one,
// simply has no names; it is never refused for that.

import type { ElfImage } from './elf.ts';
import { type GoSymbols, readGoSymbols } from './goSymbols.ts';

const SECTIONS_MAX = 4096;
const SECTION_BYTES = 64;
const SYMBOLS_MAX = 1 << 20;
const SYMBOL_BYTES = 24;
const NAME_BYTES_MAX = 512;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHN_UNDEF = 0;
const STT_NOTYPE = 0;
const STT_OBJECT = 1;
const STT_FUNC = 2;

/** An address as people name it: `offset` bytes into `name`, compiled from `line` of `file`, where that is known. */
export interface NamedAddress {
  readonly name: string;
  readonly offset: number;
  readonly file?: string;
  readonly line?: number;
}

/** The names of a program's addresses. */
export interface SymbolTable {
  /** How many symbols it holds, or functions, if they are Go's. */
  readonly count: number;
  /** The function, object or label that holds `address`, or undefined if none is known. */
  symbolAt(address: number): NamedAddress | undefined;
}

interface Entry {
  readonly address: number;
  /** First address that the symbol does not name. */
  readonly end: number;
  /** Functions and objects before bare labels. */
  readonly rank: number;
  readonly nameOffset: number;
}

/** Reads the symbols of a program; an empty table if there are none. Does not throw. */
export function readSymbols(image: ElfImage): SymbolTable {
  const symbols = readSymbolTable(image);
  const go = readGoSymbols(image);
  if (!go) return symbols;
  return {
    count: symbols.count > 0 ? symbols.count : go.count,
    symbolAt: (address) => withGo(symbols.symbolAt(address), go, address),
  };
}

/** The name of the symbol table, if it has one, with the file and line of Go's table. */
function withGo(symbol: NamedAddress | undefined, go: GoSymbols, address: number): NamedAddress | undefined {
  const found = go.at(address);
  if (!found) return symbol;
  const { name, offset, file, line } = found;
  const place = file !== undefined && line !== undefined ? { file: printable(file), line } : {};
  return { ...(symbol ?? { name: printable(name), offset }), ...place };
}

function readSymbolTable(image: ElfImage): SymbolTable {
  const sections = readSections(image.bytes);
  const table = sections.find(({ type }) => type === SHT_SYMTAB);
  const strings = table && sections[table.link];
  if (!table || strings?.type !== SHT_STRTAB || table.size % SYMBOL_BYTES !== 0) return EMPTY;
  if (table.size / SYMBOL_BYTES > SYMBOLS_MAX) return EMPTY;
  const names = Buffer.from(image.bytes.buffer, image.bytes.byteOffset + strings.offset, strings.size);
  const entries = readEntries(image, table, names);
  return { count: entries.length, symbolAt: (address) => find(entries, names, address) };
}

const EMPTY: SymbolTable = { count: 0, symbolAt: () => undefined };

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** The section headers, without those that reach beyond the file (their type is 0). */
function readSections(bytes: Uint8Array): Section[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getBigUint64(40, true);
  const count = view.getUint16(60, true);
  if (count > SECTIONS_MAX || view.getUint16(58, true) !== SECTION_BYTES) return [];
  if (start + BigInt(count * SECTION_BYTES) > bytes.length) return [];
  return Array.from({ length: count }, (_, i) => {
    const at = Number(start) + i * SECTION_BYTES;
    const [offset, size] = [view.getBigUint64(at + 24, true), view.getBigUint64(at + 32, true)];
    if (offset + size > bytes.length) return { type: 0, offset: 0, size: 0, link: 0 };
    const [type, link] = [view.getUint32(at + 4, true), view.getUint32(at + 40, true)];
    return { type, offset: Number(offset), size: Number(size), link };
  });
}

function readEntries(image: ElfImage, table: Section, names: Buffer): Entry[] {
  const view = new DataView(image.bytes.buffer, image.bytes.byteOffset + table.offset, table.size);
  const entries: Entry[] = [];
  for (let at = 0; at < table.size; at += SYMBOL_BYTES) {
    const type = view.getUint8(at + 4) & 15;
    const nameOffset = view.getUint32(at, true);
    const isNamed =
      type === STT_FUNC || type === STT_OBJECT || (type === STT_NOTYPE && !isMappingSymbol(names, nameOffset));
    if (!isNamed || nameOffset === 0 || nameOffset >= names.length || view.getUint16(at + 6, true) === SHN_UNDEF)
      continue;
    const address = view.getBigUint64(at + 8, true) + BigInt(image.bias);
    const size = view.getBigUint64(at + 16, true);
    const segment = image.segments.find((s) => address >= s.address && address < s.address + s.memoryBytes);
    if (!segment) continue;
    const segmentEnd = segment.address + segment.memoryBytes;
    const end = size === 0n ? segmentEnd : Math.min(segmentEnd, Number(address + size));
    entries.push({ address: Number(address), end, rank: type === STT_NOTYPE ? 0 : 1, nameOffset });
  }
  return entries.sort((a, b) => a.address - b.address || a.rank - b.rank || b.nameOffset - a.nameOffset);
}

/** Assemblers mark code and data with `$x` and `$d`, and name their own labels `.L`: no names for people. */
function isMappingSymbol(names: Buffer, offset: number): boolean {
  return names[offset] === 0x24 || (names[offset] === 0x2e && names[offset + 1] === 0x4c);
}

function find(entries: readonly Entry[], names: Buffer, address: number): NamedAddress | undefined {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.address ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  const entry = entries[low - 1];
  if (!entry || address >= entry.end) return undefined;
  return { name: nameAt(names, entry.nameOffset), offset: address - entry.address };
}

function nameAt(names: Buffer, offset: number): string {
  const zero = names.indexOf(0, offset);
  return printable(names.subarray(offset, zero < 0 ? names.length : zero));
}

/** A name as it may be printed: bounded, without control or formatting characters, which could deceive a terminal. */
function printable(name: Buffer): string {
  return name.toString('utf8', 0, NAME_BYTES_MAX).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}
