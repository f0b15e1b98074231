// Makes small ELF files byte by byte, from the System V ABI, so that tests can break each field of them.

/** One program header and the bytes it loads. */
export interface TestSegment {
  readonly type?: number;
  readonly flags?: number;
  readonly vaddr: bigint;
  readonly data?: Uint8Array;
  /** Instead of the size of `data`. */
  readonly fileSize?: bigint;
  readonly memorySize?: bigint;
}

export interface TestElf {
  readonly type?: number;
  readonly entry?: bigint;
  readonly segments: readonly TestSegment[];
  readonly symbols?: readonly { name: string; value: bigint; size?: bigint; type?: number; section?: number }[];
}

/** Header, program headers, segments' bytes from 0x1000 on, then, if there are symbols, .symtab, .strtab and sections. */
export function buildElf({ type = 2, entry = 0x10000n, segments, symbols }: TestElf): Buffer {
  const headers = Buffer.alloc(64 + 56 * segments.length);
  headers.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  headers.writeUInt16LE(type, 16);
  headers.writeUInt16LE(243, 18);
  headers.writeUInt32LE(1, 20);
  headers.writeBigUInt64LE(entry, 24);
  headers.writeBigUInt64LE(64n, 32);
  headers.writeUInt32LE(1, 48);
  headers.writeUInt16LE(64, 52);
  headers.writeUInt16LE(56, 54);
  headers.writeUInt16LE(segments.length, 56);
  headers.writeUInt16LE(64, 58);
  const parts: Buffer[] = [headers, Buffer.alloc(0x1000 - headers.length)];
  let offset = 0x1000;
  segments.forEach(({ type = 1, flags = 5, vaddr, data = Buffer.alloc(0), fileSize, memorySize }, i) => {
    const at = 64 + 56 * i;
    headers.writeUInt32LE(type, at);
    headers.writeUInt32LE(flags, at + 4);
    headers.writeBigUInt64LE(BigInt(offset), at + 8);
    headers.writeBigUInt64LE(vaddr, at + 16);
    headers.writeBigUInt64LE(fileSize ?? BigInt(data.length), at + 32);
    headers.writeBigUInt64LE(memorySize ?? BigInt(data.length), at + 40);
    parts.push(Buffer.from(data));
    offset += data.length;
  });
  if (symbols) {
    const names = Buffer.from(['', ...symbols.map(({ name }) => name), ''].join('\0'));
    const table = Buffer.alloc(24 * (symbols.length + 1));
    symbols.forEach(({ name, value, size = 0n, type: symbolType = 2, section = 1 }, i) => {
      const at = 24 * (i + 1);
      table.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, at);
      table[at + 4] = 0x10 | symbolType;
      table.writeUInt16LE(section, at + 6);
      table.writeBigUInt64LE(value, at + 8);
      table.writeBigUInt64LE(size, at + 16);
    });
    const sections = Buffer.alloc(3 * 64);
    const header = (index: number, sectionType: number, start: number, size: number, link: number) => {
      sections.writeUInt32LE(sectionType, 64 * index + 4);
      sections.writeBigUInt64LE(BigInt(start), 64 * index + 24);
      sections.writeBigUInt64LE(BigInt(size), 64 * index + 32);
      sections.writeUInt32LE(link, 64 * index + 40);
    };
    header(1, 2, offset, table.length, 2);
    header(2, 3, offset + table.length, names.length, 0);
    headers.writeBigUInt64LE(BigInt(offset + table.length + names.length), 40);
    headers.writeUInt16LE(3, 60);
    parts.push(table, names, sections);
  }
  return Buffer.concat(parts);
}

/** A program of one segment of code at 0x10000. */
export function smallElf(code: Uint8Array = Buffer.alloc(16, 0x13)): Buffer {
  return buildElf({ segments: [{ vaddr: 0x10000n, data: code }] });
}
