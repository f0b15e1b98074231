// Reader of program files: ELF64, little-endian, RISC-V, static (System V ABI, chapters 4 and 5; RISC-V psABI, "ELF
// Object Files"). A position-independent executable is placed at PIE_BIAS; its own startup code applies its relative
// relocations, as under Linux. As Linux does, it reads the header and the program headers, and nothing else.
//
// The file comes from anybody: each number is bounded before it is used, and each refusal has a name.

import { InputError } from '../errors.ts';
import { GUEST_END, GUEST_START } from './memoryMap.ts';

/** Largest program file, in bytes. */
export const ELF_BYTES_MAX = 256 * 2 ** 20;
/** Most program headers of a file. */
export const PROGRAM_HEADERS_MAX = 64;
/** Size of a program header, in bytes. */
export const PROGRAM_HEADER_BYTES = 56;
/** What is added to the addresses of a position-independent executable (ET_DYN). */
export const PIE_BIAS = 0x0100_0000;
/** Size of the initial thread's stack, in bytes. */
export const STACK_BYTES = 8 * 2 ** 20;
/** The stack is the top of the guest's memory; no segment may reach into it. */
export const STACK_START = GUEST_END - STACK_BYTES;

const HEADER_BYTES = 64;
const ET_EXEC = 2;
const ET_DYN = 3;
const EM_RISCV = 243;
/** Embedded ABI with 16 registers, and total store order: bits of e_flags that this machine does not promise. */
const EF_RISCV_RVE = 8;
const PT_LOAD = 1;
const PT_INTERP = 3;
const PF_X = 1;

/** A part of the file that is copied to memory, followed by zeros. */
export interface Segment {
  /** First address, the bias included. */
  readonly address: number;
  /** Bytes in memory. */
  readonly memoryBytes: number;
  /** Where its bytes start in the file, and how many they are: at most `memoryBytes`. */
  readonly fileOffset: number;
  readonly fileBytes: number;
  readonly executable: boolean;
}

/** A program file, checked. */
export interface ElfImage {
  readonly bytes: Uint8Array;
  /** ET_DYN: a static position-independent executable. */
  readonly positionIndependent: boolean;
  /** What is added to each address in the file: 0 or PIE_BIAS. */
  readonly bias: number;
  /** Address of the first instruction. */
  readonly entry: number;
  /** Ascending, not overlapping, at least one. */
  readonly segments: readonly Segment[];
  /** Address of the program headers in memory (AT_PHDR), or 0 if no segment holds them. */
  readonly headersAddress: number;
  readonly headerCount: number;
}

/**
 * Reads a program file. `name` is what messages call it. Throws an InputError whose code starts with `ELF_`: the file is
 * too large, cut short, of another machine, dynamically linked, has an odd entry, or has segments that overlap or reach
 * outside of [GUEST_START, STACK_START).
 */
export function readElf(bytes: Uint8Array, name = 'program'): ElfImage {
  const fail = (code: string, message: string, hint = '') => new InputError(code, `${name}: ${message}`, { hint });
  if (bytes.length > ELF_BYTES_MAX)
    throw fail('ELF_TOO_LARGE', `expected at most ${ELF_BYTES_MAX} bytes, found ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkHeader(view, fail);

  const positionIndependent = view.getUint16(16, true) === ET_DYN;
  const bias = positionIndependent ? PIE_BIAS : 0;
  const headersOffset = view.getBigUint64(32, true);
  const headerCount = view.getUint16(56, true);
  if (view.getUint16(54, true) !== PROGRAM_HEADER_BYTES)
    throw fail('ELF_HEADERS', `expected program headers of 56 bytes, found ${view.getUint16(54, true)}`);
  if (headerCount < 1 || headerCount > PROGRAM_HEADERS_MAX)
    throw fail('ELF_HEADERS', `expected 1 to ${PROGRAM_HEADERS_MAX} program headers, found ${headerCount}`);
  if (headersOffset + BigInt(headerCount * PROGRAM_HEADER_BYTES) > bytes.length)
    throw fail('ELF_TRUNCATED', `program headers end at ${headersOffset}, beyond the file's ${bytes.length} bytes`);

  const segments: Segment[] = [];
  for (let i = 0; i < headerCount; i++) {
    const at = Number(headersOffset) + i * PROGRAM_HEADER_BYTES;
    const type = view.getUint32(at, true);
    if (type === PT_INTERP)
      throw fail('ELF_INTERPRETER', 'needs a dynamic loader', 'Link it statically: -static or -static-pie.');
    if (type === PT_LOAD) {
      const segment = readSegment(view, at, bias, (code, message) => fail(code, `segment ${i}: ${message}`));
      if (segment.memoryBytes > 0) segments.push(segment);
    }
  }
  segments.sort((a, b) => a.address - b.address);
  checkSegments(segments, fail);
  return {
    bytes,
    positionIndependent,
    bias,
    entry: readEntry(view, bias, segments, fail),
    segments,
    headersAddress: addressOfHeaders(Number(headersOffset), headerCount, segments),
    headerCount,
  };
}

type Fail = (code: string, message: string, hint?: string) => InputError;

function checkHeader(view: DataView, fail: Fail): void {
  if (view.byteLength < 4 || view.getUint32(0, false) !== 0x7f45_4c46)
    throw fail('ELF_MAGIC', 'not an ELF file', 'A program is a static ELF executable for 64-bit RISC-V Linux.');
  if (view.byteLength < HEADER_BYTES)
    throw fail('ELF_TRUNCATED', `${view.byteLength} bytes are less than an ELF header`);
  const [fileClass, order, version] = [view.getUint8(4), view.getUint8(5), view.getUint8(6)];
  if (fileClass !== 2) throw fail('ELF_CLASS', `expected class 2 (64 bits), found ${fileClass}`);
  if (order !== 1) throw fail('ELF_BYTE_ORDER', `expected byte order 1 (little-endian), found ${order}`);
  if (version !== 1 || view.getUint32(20, true) !== 1) throw fail('ELF_VERSION', 'expected ELF version 1');
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN)
    throw fail('ELF_TYPE', `expected an executable (type 2 or 3), found type ${type}`, 'Object files must be linked.');
  const machine = view.getUint16(18, true);
  if (machine !== EM_RISCV) throw fail('ELF_MACHINE', `expected machine 243 (RISC-V), found ${machine}`);
  const flags = view.getUint32(48, true);
  if (flags & EF_RISCV_RVE) throw fail('ELF_FLAGS', 'built for the embedded ABI of 16 registers (RV64E)');
}

function readSegment(view: DataView, at: number, bias: number, fail: Fail): Segment {
  const u64 = (offset: number) => view.getBigUint64(at + offset, true);
  const [offset, fileBytes, memoryBytes] = [u64(8), u64(32), u64(40)];
  const address = u64(16) + BigInt(bias);
  if (fileBytes > memoryBytes)
    throw fail('ELF_SEGMENT_SIZE', `${fileBytes} bytes in the file, only ${memoryBytes} in memory`);
  if (offset + fileBytes > view.byteLength)
    throw fail('ELF_TRUNCATED', `ends at byte ${offset + fileBytes} of a file of ${view.byteLength}`);
  if (memoryBytes > 0n && (address < GUEST_START || address + memoryBytes > STACK_START)) {
    const range = `0x${address.toString(16)} to 0x${(address + memoryBytes).toString(16)}`;
    const expected = `0x${GUEST_START.toString(16)} to 0x${STACK_START.toString(16)}`;
    throw fail('ELF_ADDRESS', `at ${range}, expected inside of ${expected}`);
  }
  return {
    address: Number(address),
    memoryBytes: Number(memoryBytes),
    fileOffset: Number(offset),
    fileBytes: Number(fileBytes),
    executable: (view.getUint32(at + 4, true) & PF_X) !== 0,
  };
}

function checkSegments(segments: readonly Segment[], fail: Fail): void {
  if (segments.length === 0) throw fail('ELF_NO_SEGMENT', 'nothing to load: no PT_LOAD segment');
  let end = 0;
  for (const { address, memoryBytes } of segments) {
    if (address < end) throw fail('ELF_OVERLAP', `two segments overlap at 0x${address.toString(16)}`);
    end = address + memoryBytes;
  }
}

function readEntry(view: DataView, bias: number, segments: readonly Segment[], fail: Fail): number {
  const offset = view.getBigUint64(24, true);
  const entry = offset + BigInt(bias);
  if (offset === 0n) throw fail('ELF_ENTRY', 'has no entry point', 'A library is not a program.');
  if (entry % 2n !== 0n) throw fail('ELF_ENTRY', `entry 0x${entry.toString(16)} is odd`);
  const inside = ({ address, memoryBytes, executable }: Segment) =>
    executable && entry >= address && entry < address + memoryBytes;
  if (!segments.some(inside)) throw fail('ELF_ENTRY', `entry 0x${entry.toString(16)} is in no executable segment`);
  return Number(entry);
}

function addressOfHeaders(offset: number, count: number, segments: readonly Segment[]): number {
  const end = offset + count * PROGRAM_HEADER_BYTES;
  const holder = segments.find(({ fileOffset, fileBytes }) => fileOffset <= offset && end <= fileOffset + fileBytes);
  return holder ? holder.address + offset - holder.fileOffset : 0;
}
