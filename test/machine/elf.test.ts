// Program files: good ones read as the System V ABI says, each bound broken once and refused by name, symbols.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ELF_BYTES_MAX, PIE_BIAS, readElf, STACK_START } from '../../src/machine/elf.ts';
import { readSymbols } from '../../src/machine/symbols.ts';
import { buildElf, smallElf, type TestElf, type TestSegment } from './elfBuilder.ts';

const CODE = Buffer.alloc(64, 0x13);
const TEXT: TestSegment = { vaddr: 0x10000n, data: CODE };

/** Asserts that the file is refused with this code and a message that names the file. */
function refused(file: Uint8Array, code: string, message?: RegExp): void {
  assert.throws(
    () => readElf(file, 'a.elf'),
    (error: Error & { code?: string }) =>
      error.name === 'InputError' &&
      error.code === code &&
      error.message.startsWith('a.elf: ') &&
      (message?.test(error.message) ?? true),
    code,
  );
}

function patched(change: (file: Buffer) => void, elf: TestElf = { segments: [TEXT] }): Buffer {
  const file = buildElf(elf);
  change(file);
  return file;
}

describe('ELF files', () => {
  it('that are executable are read as they are', () => {
    const image = readElf(
      buildElf({ segments: [{ vaddr: 0x20000n, data: CODE, flags: 6, memorySize: 0x5000n }, TEXT], entry: 0x10004n }),
    );
    assert.deepEqual([image.bias, image.positionIndependent, image.entry, image.headerCount], [0, false, 0x10004, 2]);
    assert.deepEqual(image.segments, [
      { address: 0x10000, memoryBytes: 64, fileOffset: 0x1040, fileBytes: 64, executable: true },
      { address: 0x20000, memoryBytes: 0x5000, fileOffset: 0x1000, fileBytes: 64, executable: false },
    ]);
    assert.equal(image.headersAddress, 0);
  });

  it('that are position-independent are moved by the documented bias', () => {
    const file = buildElf({ type: 3, entry: 2n, segments: [{ vaddr: 0n, data: CODE }] });
    file.writeBigUInt64LE(0n, 64 + 8);
    const image = readElf(file);
    assert.deepEqual([image.bias, image.entry, image.segments[0]?.address], [PIE_BIAS, PIE_BIAS + 2, PIE_BIAS]);
    assert.equal(image.headersAddress, 0, 'only 64 bytes of the file are loaded');
    file.writeBigUInt64LE(120n, 64 + 32);
    file.writeBigUInt64LE(120n, 64 + 40);
    assert.equal(readElf(file).headersAddress, PIE_BIAS + 64);
  });

  it('may end just below the stack, and have empty and unknown headers', () => {
    const memorySize = BigInt(STACK_START) - 0x20000n;
    const segments = [
      TEXT,
      { vaddr: 0x20000n, memorySize },
      { vaddr: 0n },
      { vaddr: 0n, type: 0x7000_0003, data: CODE },
    ];
    assert.equal(readElf(buildElf({ segments })).segments.length, 2);
    refused(
      buildElf({ segments: [TEXT, { vaddr: 0x20000n, memorySize: memorySize + 1n }] }),
      'ELF_ADDRESS',
      /segment 1/,
    );
  });

  it('of other kinds are refused by name', () => {
    refused(Buffer.alloc(0), 'ELF_MAGIC');
    refused(Buffer.from('#!/bin/sh\nexit 0\n'), 'ELF_MAGIC');
    refused(new Uint8Array(ELF_BYTES_MAX + 1), 'ELF_TOO_LARGE');
    refused(
      patched((file) => file.writeUInt8(1, 4)),
      'ELF_CLASS',
      /expected class 2 .* found 1/,
    );
    refused(
      patched((file) => file.writeUInt8(2, 5)),
      'ELF_BYTE_ORDER',
    );
    refused(
      patched((file) => file.writeUInt8(0, 6)),
      'ELF_VERSION',
    );
    refused(
      patched((file) => file.writeUInt32LE(2, 20)),
      'ELF_VERSION',
    );
    refused(
      patched((file) => file.writeUInt16LE(1, 16)),
      'ELF_TYPE',
      /found type 1/,
    );
    refused(
      patched((file) => file.writeUInt16LE(62, 18)),
      'ELF_MACHINE',
      /found 62/,
    );
    refused(
      patched((file) => file.writeUInt32LE(8, 48)),
      'ELF_FLAGS',
    );
    refused(
      buildElf({ segments: [TEXT, { type: 3, vaddr: 0n, data: Buffer.from('/lib/ld.so\0') }] }),
      'ELF_INTERPRETER',
    );
  });

  it('whose headers are out of bounds are refused by name', () => {
    refused(
      patched((file) => file.writeUInt16LE(32, 54)),
      'ELF_HEADERS',
      /found 32/,
    );
    refused(
      patched((file) => file.writeUInt16LE(0, 56)),
      'ELF_HEADERS',
    );
    refused(
      patched((file) => file.writeUInt16LE(65, 56)),
      'ELF_HEADERS',
      /found 65/,
    );
    refused(
      patched((file) => file.writeUInt16LE(0xffff, 56)),
      'ELF_HEADERS',
    );
    refused(
      patched((file) => file.writeBigUInt64LE(0x2000n, 32)),
      'ELF_TRUNCATED',
    );
    refused(
      patched((file) => file.writeBigUInt64LE(2n ** 64n - 1n, 32)),
      'ELF_TRUNCATED',
    );
  });

  it('whose segments are out of bounds are refused by name', () => {
    refused(buildElf({ segments: [{ ...TEXT, memorySize: 63n }] }), 'ELF_SEGMENT_SIZE', /segment 0: 64 .* only 63/);
    refused(buildElf({ segments: [{ ...TEXT, fileSize: 65n, memorySize: 65n }] }), 'ELF_TRUNCATED', /segment 0/);
    refused(
      patched((file) => file.writeBigUInt64LE(2n ** 64n - 1n, 72)),
      'ELF_TRUNCATED',
    );
    for (const vaddr of [
      0n,
      0xffffn,
      BigInt(STACK_START) - 63n,
      0xf000_0000n,
      0xffff_ffffn,
      1n << 32n,
      2n ** 64n - 64n,
    ])
      refused(buildElf({ segments: [{ ...TEXT, vaddr }] }), 'ELF_ADDRESS', /expected inside of 0x10000 to 0xef800000/);
    refused(buildElf({ segments: [TEXT, { vaddr: 0x20000n, memorySize: 2n ** 64n - 1n }] }), 'ELF_ADDRESS');
    refused(buildElf({ segments: [TEXT, { vaddr: 0x1003fn, data: CODE }] }), 'ELF_OVERLAP', /at 0x1003f/);
    refused(buildElf({ segments: [TEXT, TEXT] }), 'ELF_OVERLAP');
    refused(buildElf({ segments: [{ type: 4, vaddr: 0n, data: CODE }] }), 'ELF_NO_SEGMENT');
  });

  it('whose entry is odd, or not code, are refused by name', () => {
    const data: TestSegment = { vaddr: 0x20000n, data: CODE, flags: 6 };
    refused(buildElf({ segments: [TEXT], entry: 0n }), 'ELF_ENTRY', /no entry point/);
    refused(buildElf({ type: 3, segments: [{ vaddr: 0n, data: CODE }], entry: 0n }), 'ELF_ENTRY', /no entry point/);
    for (const entry of [2n, 0x10040n, 0x20000n, 2n ** 64n - 2n])
      refused(buildElf({ segments: [TEXT, data], entry }), 'ELF_ENTRY', /no executable segment/);
    refused(buildElf({ segments: [TEXT], entry: 0x10001n }), 'ELF_ENTRY', /odd/);
  });

  it('cut short anywhere are refused by name, or were only cut behind their segments', () => {
    const whole = buildElf({ segments: [TEXT], symbols: [{ name: 'main', value: 0x10000n }] });
    for (let length = 0; length < 0x1040; length += length < 200 ? 1 : 97)
      refused(whole.subarray(0, length), length < 4 ? 'ELF_MAGIC' : 'ELF_TRUNCATED');
    for (let length = 0x1040; length <= whole.length; length++) readSymbols(readElf(whole.subarray(0, length)));
  });

  it('with any byte of the header changed are read or refused by name, and their symbols never throw', () => {
    const whole = buildElf({
      segments: [TEXT, { vaddr: 0x20000n, data: CODE, flags: 6 }],
      symbols: [{ name: 'main', value: 0x10000n, size: 8n }],
    });
    const positions = [
      ...Array(64 + 112).keys(),
      ...Array.from({ length: whole.length - 0x1080 }, (_, i) => 0x1080 + i),
    ];
    for (const position of positions)
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const file = Buffer.from(whole);
        file[position] = value;
        try {
          readSymbols(readElf(file)).symbolAt(0x10000);
        } catch (error) {
          assert.match((error as { code?: string }).code ?? String(error), /^ELF_[A-Z_]+$/);
        }
      }
  });
});

describe('symbols', () => {
  const symbols = [
    { name: '$xrv64i2p1', value: 0x10008n, type: 0 },
    { name: '.L2', value: 0x1000an, type: 0 },
    { name: 'main', value: 0x10000n, size: 16n },
    { name: 'alias', value: 0x10000n, type: 0 },
    { name: 'undefined', value: 0x10004n, section: 0 },
    { name: 'label', value: 0x10020n, type: 0 },
    { name: 'table', value: 0x10030n, size: 8n, type: 1 },
    { name: 'far', value: 0x20000n, size: 8n },
    { name: 'e\u001b[31mvil', value: 0x10018n, size: 4n },
    { name: 'crypto/sha256.(*digest)·Sum', value: 0x1001cn, size: 4n },
  ];
  const table = readSymbols(readElf(buildElf({ segments: [TEXT], symbols })));

  it('name the addresses that they hold', () => {
    assert.equal(table.count, 6);
    assert.deepEqual(table.symbolAt(0x10000), { name: 'main', offset: 0 });
    assert.deepEqual(table.symbolAt(0x1000a), { name: 'main', offset: 10 });
    assert.equal(table.symbolAt(0x10010), undefined);
    assert.deepEqual(table.symbolAt(0x10024), { name: 'label', offset: 4 });
    assert.deepEqual(table.symbolAt(0x10037), { name: 'table', offset: 7 });
    for (const address of [0, 0xffff, 0x10038, 0x20000, 2 ** 40]) assert.equal(table.symbolAt(address), undefined);
    assert.deepEqual(table.symbolAt(0x1001e), { name: 'crypto/sha256.(*digest)·Sum', offset: 2 });
  });

  it('are printable whatever the file says', () => {
    assert.deepEqual(table.symbolAt(0x10018), { name: 'e?[31mvil', offset: 0 });
    const long = buildElf({ segments: [TEXT], symbols: [{ name: 'x'.repeat(5000), value: 0x10000n, size: 4n }] });
    assert.equal(readSymbols(readElf(long)).symbolAt(0x10000)?.name.length, 512);
  });

  it('of a stripped file are none', () => {
    assert.equal(readSymbols(readElf(smallElf())).count, 0);
  });

  it('move with a position-independent executable', () => {
    const file = buildElf({
      type: 3,
      entry: 2n,
      segments: [{ vaddr: 0n, data: CODE }],
      symbols: [{ name: 'f', value: 4n, size: 4n }],
    });
    assert.deepEqual(readSymbols(readElf(file)).symbolAt(PIE_BIAS + 6), { name: 'f', offset: 2 });
  });
});
