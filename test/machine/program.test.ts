// The initial state, checked from the outside in: the stack is parsed as a program's startup code would parse it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keccak256 } from 'ethers';
import { bytesToHex } from '../../src/bytes.ts';
import { makeInputs } from '../../src/environment/inputs.ts';
import { PIE_BIAS, STACK_START } from '../../src/machine/elf.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { GUEST_END, MMAP_START, PAGE_BITMAP } from '../../src/machine/memoryMap.ts';
import { loadProgram, setInputs } from '../../src/machine/program.ts';
import { recordBytes } from '../../src/machine/record.ts';
import { FIELDS, NEVER, STATUS } from '../../src/semantics/layout.ts';
import { buildElf, smallElf } from './elfBuilder.ts';

const CODE = Buffer.alloc(64, 0x13);

/** What is on the stack from sp upwards. */
function readStack(machine: Machine) {
  let at = Number(machine.x(2));
  const word = () => {
    at += 8;
    return Number(machine.view.getBigUint64(at - 8, true));
  };
  const text = (address: number) => {
    const end = machine.bytes.indexOf(0, address);
    return Buffer.from(machine.bytes.subarray(address, end)).toString();
  };
  const list = () => {
    const texts: string[] = [];
    for (let address = word(); address !== 0; address = word()) texts.push(text(address));
    return texts;
  };
  const argc = word();
  const [argv, env] = [list(), list()];
  const auxv = new Map<number, number>();
  for (let type = word(); type !== 0; type = word()) auxv.set(type, word());
  assert.equal(word(), 0, 'AT_NULL has the value 0');
  return { argc, argv, env, auxv, end: at, text };
}

const mapped = (machine: Machine, page: number) =>
  ((machine.bytes[PAGE_BITMAP + (page >> 3)] ?? 0) & (1 << (page & 7))) !== 0;

describe('a loaded program', () => {
  const segments = [
    { vaddr: 0x10000n, data: CODE },
    { vaddr: 0x12f00n, data: Buffer.from('data'), memorySize: 0x2101n, flags: 6 },
  ];
  const { machine, program } = loadProgram(buildElf({ segments, entry: 0x10008n }), {
    args: ['0xabc', '', 'é'],
    env: ['A=1', 'B='],
  });

  it('has its segments in memory and zeros behind them', () => {
    assert.deepEqual(Buffer.from(machine.bytes.subarray(0x10000, 0x10040)), CODE);
    assert.equal(Buffer.from(machine.bytes.subarray(0x12f00, 0x12f08)).toString('latin1'), 'data\0\0\0\0');
  });

  it('starts at its entry with sp and nothing else in the registers', () => {
    assert.equal(machine.get('pc'), 0x10008n);
    for (let i = 0; i < 32; i++) if (i !== 2) assert.equal(machine.x(i), 0n);
    const expected: Record<string, bigint> = {
      version: 1n,
      status: BigInt(STATUS.running),
      pc: 0x10008n,
      preemptStep: NEVER,
      breakStart: 0x16000n,
      programBreak: 0x16000n,
      mmapCursor: BigInt(MMAP_START / 4096),
      threadId: 1n,
      leftCount: 0n,
      rightCount: 0n,
      nextThreadId: 2n,
    };
    for (const { name, kind } of FIELDS)
      if (kind === 'number' && name !== 'x2') assert.equal(machine.get(name), expected[name] ?? 0n, name);
  });

  it('finds argc, argv, envp and the auxiliary vector on its stack, as Linux gives them', () => {
    const sp = Number(machine.x(2));
    assert.ok(sp % 16 === 0 && sp > STACK_START && sp < GUEST_END);
    const { argc, argv, env, auxv, end, text } = readStack(machine);
    assert.deepEqual([argc, argv, env], [4, ['program', '0xabc', '', 'é'], ['A=1', 'B=']]);
    const random = auxv.get(25) ?? 0;
    assert.ok(random >= end && random % 16 === 0);
    assert.equal(Buffer.from(machine.bytes.subarray(random, random + 16)).toString(), 'OMO rv64 random.');
    assert.equal(text(auxv.get(31) ?? 0), 'program');
    assert.deepEqual(
      [6, 17, 16, 9, 4, 5, 3, 23, 11, 12, 13, 14, 7, 8].map((type) => auxv.get(type)),
      [4096, 100, 0x112d, 0x10008, 56, 2, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    assert.deepEqual(machine.bytes.subarray(GUEST_END - 8, GUEST_END), new Uint8Array(8));
  });

  it('has its segments, its stack and the two holes marked as mapped, and nothing else', () => {
    const pages = Array.from({ length: 1 << 20 }, (_, page) => page).filter((page) => mapped(machine, page));
    const range = (start: number, end: number) =>
      Array.from({ length: (end - start) / 4096 }, (_, i) => start / 4096 + i);
    const expected = [
      ...range(0, 0x10000),
      0x10,
      ...range(0x12000, 0x16000),
      ...range(STACK_START, GUEST_END),
      ...range(GUEST_END, 2 ** 32),
    ];
    assert.deepEqual(pages, expected);
  });

  it('keeps only what is not zero in memory', () => {
    const [text, data, stack, ...kernel] = machine.presentPages();
    assert.deepEqual([text, data, stack], [0x10, 0x12, 0xeffff]);
    // Bitmap pages of the low segments, of the stack (its last 8 MiB) and of the upper hole.
    assert.deepEqual(kernel, [0xf0000, 0xf001d, 0xf001e, 0xf001f]);
  });

  it('is the same every time, and depends on arguments and environment', () => {
    const bytes = (options: object) => {
      const other = loadProgram(smallElf(), options).machine;
      const pages = [...other.presentPages()].map((page) => Buffer.from(other.page(page)));
      return keccak256(Buffer.concat([recordBytes(other, 'hot'), recordBytes(other, 'cold'), ...pages]));
    };
    assert.equal(bytes({ args: ['a'] }), bytes({ args: ['a'], env: [] }));
    assert.equal(new Set([bytes({}), bytes({ args: ['a'] }), bytes({ env: ['a'] })]).size, 3);
  });

  it('has the hash of zero inputs until it is given others', () => {
    assert.equal(bytesToHex(machine.getBytes('inputsHash')), keccak256(new Uint8Array(192)));
    const inputs = makeInputs({ inputHash: new Uint8Array(32).fill(7), blockNumber: 0x1234n, chainId: 1n });
    setInputs(machine, inputs);
    const words = ['00'.repeat(64), '07'.repeat(32), '1234'.padStart(64, '0'), '01'.padStart(64, '0'), '00'.repeat(32)];
    assert.equal(bytesToHex(machine.getBytes('inputsHash')), keccak256(`0x${words.join('')}`));
  });

  it('carries its symbols', () => {
    const file = buildElf({ segments: [{ vaddr: 0x10000n, data: CODE }], symbols: [{ name: 'f', value: 0x10000n }] });
    assert.equal(loadProgram(file).program.symbols.symbolAt(0x10004)?.name, 'f');
    assert.equal(program.symbols.count, 0);
  });

  it('that is position-independent starts with the break behind its moved segments', () => {
    const file = buildElf({ type: 3, entry: 2n, segments: [{ vaddr: 0n, data: CODE }] });
    const { machine: pie } = loadProgram(file);
    assert.equal(pie.get('breakStart'), BigInt(PIE_BIAS + 0x1000));
    assert.deepEqual(Buffer.from(pie.bytes.subarray(PIE_BIAS, PIE_BIAS + 64)), CODE);
  });
});

describe('arguments', () => {
  const refused = (options: object, message: RegExp) =>
    assert.throws(
      () => loadProgram(smallElf(), options),
      (error: Error & { code?: string }) => error.code === 'BAD_ARGUMENTS' && message.test(error.message),
    );

  it('are bounded in number and in bytes, argv[0] counted', () => {
    loadProgram(smallElf(), { args: Array(1000).fill('x'), env: Array(23).fill('y') });
    refused({ args: Array(1000).fill('x'), env: Array(24).fill('y') }, /found 1025 strings/);
    const rest = 128 * 1024 - 'program\0'.length - 1;
    const { machine } = loadProgram(smallElf(), { args: ['x'.repeat(rest)] });
    assert.equal(readStack(machine).argv[1]?.length, rest);
    refused({ args: ['x'.repeat(rest + 1)] }, /found 2 strings of 131073 bytes/);
    refused({ env: [`${'é'.repeat((rest - 1) / 2)}xx`] }, /131073 bytes/);
  });

  it('hold no zero', () => refused({ args: ['a\0b'] }, /zero character/));
});
