// Names of Go programs: what Go's own tools say of the same program, for each toolchain that is here, and tables that no
// linker makes, which must neither throw nor take long.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { decompress } from '../../src/compression.ts';
import { type ElfImage, readElf } from '../../src/machine/elf.ts';
import { type GoAddress, readGoSymbols } from '../../src/machine/goSymbols.ts';
import { readSymbols } from '../../src/machine/symbols.ts';
import { Random } from '../commitment/random.ts';
import { buildElf } from './elfBuilder.ts';

const EVM = new URL('../../guests/evm/evm.elf.br', import.meta.url).pathname;
const evm = readElf(decompress(readFileSync(EVM), { name: EVM, maxBytes: 1 << 26 }), EVM);

const SOURCE = `package main
import ("encoding/json"; "fmt"; "os"; "regexp")
func main() {
  text, _ := json.Marshal(map[string]int{"a": len(os.Args)})
  fmt.Println(string(text), regexp.MustCompile("a+").FindString(os.Args[0]))
}
`;
const folder = mkdtempSync(join(tmpdir(), 'omo-test-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs a release of Go. Its output, or undefined if it is not to be had. */
function go(release: string, args: string[], options: { input?: string; target?: boolean } = {}): string | undefined {
  const target = options.target ? { GOOS: 'linux', GOARCH: 'riscv64', CGO_ENABLED: '0' } : {};
  const { error, status, stdout } = spawnSync('go', args, {
    cwd: folder,
    env: { ...process.env, GOTOOLCHAIN: release, GOFLAGS: '', GOWORK: 'off', ...target },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...(options.input !== undefined && { input: options.input }),
  });
  return error || status !== 0 ? undefined : stdout;
}

/** As `go tool addr2line` prints it, in one line. */
const printed = (found: GoAddress | undefined) =>
  found && `${found.name} ${found.file === undefined ? '?' : `${found.file}:${found.line}`}`;

describe('symbols of a Go program', () => {
  // What is installed, and the releases that OMO_TEST_GO names, like go1.18.10,go1.24.9: each compiles a library first.
  for (const release of ['local', ...(process.env['OMO_TEST_GO']?.split(',') ?? [])]) {
    const skip = go(release, ['version']) === undefined && `${release} of Go is not installed`;

    it(`are what Go's tools print: ${release}`, { skip }, () => {
      writeFileSync(join(folder, 'main.go'), SOURCE);
      const full = join(folder, `${release}.full`);
      const stripped = join(folder, `${release}.stripped`);
      for (const [path, flags] of [
        [full, ''],
        [stripped, '-s -w'],
      ] as const)
        assert.ok(go(release, ['build', `-ldflags=${flags}`, '-o', path, 'main.go'], { target: true }) !== undefined);
      const symbols = readGoSymbols(readElf(readFileSync(stripped))) ?? assert.fail('no table found');
      const random = new Random('addresses');
      const functions = [
        ...(go(release, ['tool', 'nm', '-n', '-size', full]) ?? '').matchAll(/^ *(\w+) +(\d+) [tT] /gm),
      ];
      assert.ok(functions.length > 1000 && symbols.count > 1000);
      const addresses = functions.flatMap(([, start = '', size]) =>
        Number(size) === 0
          ? []
          : [0, random.below(Number(size))].map((offset) => Number.parseInt(start, 16) + (offset & ~1)),
      );
      const input = addresses.map((address) => `0x${address.toString(16)}\n`).join('');
      const lines = (go(release, ['tool', 'addr2line', full], { input }) ?? '').split('\n');
      addresses.forEach((address, i) => {
        // The linker's own trampolines have no line: -1 and below.
        const expected = `${lines[2 * i]} ${lines[2 * i + 1]?.replace(/^.*:-\d+$/, '?')}`;
        assert.equal(printed(symbols.at(address)), expected, `0x${address.toString(16)}`);
      });
      const main = readSymbols(readElf(readFileSync(full)));
      const entry = addresses[addresses.length >> 1] ?? 0;
      assert.equal(main.symbolAt(entry)?.line, symbols.at(entry)?.line, 'beside an ELF symbol table');
    });
  }

  it('are found in a stripped program, and give the line of the first instruction', () => {
    assert.deepEqual(readSymbols(evm).symbolAt(evm.entry + 4), {
      name: '_rt0_riscv64_linux',
      offset: 4,
      file: 'runtime/rt0_linux_riscv64.s',
      line: 10,
    });
    assert.ok(readSymbols(evm).count > 5_000);
  });

  it('of a damaged program are some or none, and never an error', () => {
    const random = new Random('damage');
    const at = Buffer.from(evm.bytes.buffer, evm.bytes.byteOffset).indexOf(Buffer.from('f1ffffff0000', 'hex'));
    const tableBytes = 0x333000;
    const bytes = Uint8Array.from(evm.bytes);
    const image: ElfImage = { ...evm, bytes };
    for (let round = 0; round < 150; round++) {
      const positions = Array.from(
        { length: 1 + random.below(6) },
        () => at + random.below([72, 4096, tableBytes][round % 3] ?? 1),
      );
      for (const position of positions) bytes[position] = random.below(256);
      const symbols = readSymbols(image);
      for (let i = 0; i < 40; i++) symbols.symbolAt(0x10000 + random.below(0x3a0000));
      for (const position of positions) bytes[position] = evm.bytes[position] ?? 0;
    }
    assert.ok(readSymbols(image).count > 5_000);
  });
});

/** Parts of a table, each of which a test may replace. */
interface TestTable {
  magic?: number;
  quantum?: number;
  pointerBytes?: number;
  count?: bigint;
  /** Entries and record offsets, the end last. */
  functions?: number[];
  record?: number[];
  names?: Buffer;
  units?: number[];
  files?: Buffer;
  pcValues?: Buffer;
  /** What moduledata says of the text and of the table. */
  text?: bigint;
  table?: bigint;
}

const TEXT = 0x10000n;
const TABLE = 0x100000n;

/** A program whose table has two functions: `first` at 0x10000, `main.second` at 0x10010, lines 7 and 8, then 20. */
function goProgram(change: TestTable = {}): ElfImage {
  const names = change.names ?? Buffer.from('first\0main.second\0');
  const units = Buffer.from(Uint32Array.from(change.units ?? [0, 4]).buffer);
  const files = change.files ?? Buffer.from('a.go\0b/c.go\0');
  // From 1: file 0 for 16 bytes. From 4: line 7 for 4 bytes, 8 for 12. From 9: line 20 for 16.
  const pcValues = change.pcValues ?? Buffer.from([0, 2, 8, 0, 16, 2, 2, 6, 0, 42, 8, 0]);
  const records = [change.record ?? [0, 0, 0, 0, 0, 1, 4, 0, 0], [0x10, 6, 0, 0, 0, 1, 9, 0, 0]];
  const recordsAt = 24;
  const functions = change.functions ?? [0, recordsAt, 0x10, recordsAt + 36, 0x20];
  const words = Buffer.from(Uint32Array.from([...functions, 0, ...records.flat()]).buffer);
  const parts = [names, units, files, pcValues, words];
  const header = Buffer.alloc(72);
  header.writeUInt32LE(change.magic ?? 0xffff_fff1, 0);
  header[6] = change.quantum ?? 2;
  header[7] = change.pointerBytes ?? 8;
  header.writeBigUInt64LE(change.count ?? 2n, 8);
  parts.reduce((offset, part, i) => {
    header.writeBigUInt64LE(BigInt(offset), 8 + 8 * (3 + i));
    return offset + part.length;
  }, header.length);
  const moduledata = Buffer.alloc(184);
  moduledata.writeBigUInt64LE(change.table ?? TABLE, 0);
  moduledata.writeBigUInt64LE((change.table ?? TABLE) + 72n, 8);
  moduledata.writeBigUInt64LE(change.text ?? TEXT, 176);
  return readElf(
    buildElf({
      segments: [
        { vaddr: TEXT, data: Buffer.alloc(0x40, 0x13) },
        { vaddr: TABLE, data: Buffer.concat([header, ...parts]), flags: 4 },
        { vaddr: 0x800000n, data: moduledata, flags: 6 },
      ],
    }),
  );
}

const at = (change: TestTable, address: number) => readSymbols(goProgram(change)).symbolAt(address);

describe("Go's table", () => {
  it('names each byte of each function, and nothing else', () => {
    assert.deepEqual(at({}, 0x10000), { name: 'first', offset: 0, file: 'a.go', line: 7 });
    assert.deepEqual(at({}, 0x10004), { name: 'first', offset: 4, file: 'a.go', line: 8 });
    assert.deepEqual(at({}, 0x1001f), { name: 'main.second', offset: 15, file: 'a.go', line: 20 });
    assert.deepEqual(at({ magic: 0xffff_fff0 }, 0x10010)?.name, 'main.second');
    assert.deepEqual(at({ units: [4 + 1, 4] }, 0x10010)?.file, 'b/c.go');
    for (const address of [0, 0xffff, 0x10020, 2 ** 40, -1]) assert.equal(at({}, address), undefined);
    assert.equal(readSymbols(goProgram()).count, 2);
  });

  it('is none if its header or moduledata does not fit', () => {
    const none: TestTable[] = [
      { magic: 0xffff_fffa },
      { quantum: 3 },
      { pointerBytes: 4 },
      { count: 100n },
      { count: 2n ** 64n - 1n },
      { table: TABLE + 8n },
    ];
    for (const change of none) assert.equal(readGoSymbols(goProgram(change)), undefined);
  });

  it('names nothing, or no line, where a part of it does not fit', () => {
    assert.equal(at({ text: 2n ** 64n - 1n }, 0x10000), undefined);
    assert.equal(at({ functions: [0, 0xffff_fff0, 0x10, 60, 0x20] }, 0x10000), undefined);
    assert.equal(at({ record: [0, 0xffff_ffff, 0, 0, 0, 1, 4, 0, 0] }, 0x10000), undefined);
    assert.equal(at({ names: Buffer.from('no zero') }, 0x10000), undefined);
    const bare = { name: 'first', offset: 0 };
    assert.deepEqual(at({ record: [0, 0, 0, 0, 0, 0xffff_ffff, 4, 0, 0] }, 0x10000), bare);
    assert.deepEqual(at({ record: [0, 0, 0, 0, 0, 1, 0xffff_ffff, 0, 0] }, 0x10000), bare);
    assert.deepEqual(at({ record: [0, 0, 0, 0, 0, 1, 4, 0, 0xffff_ffff] }, 0x10000), bare);
    assert.deepEqual(at({ units: [0xffff_ffff] }, 0x10000), bare);
    assert.deepEqual(at({ pcValues: Buffer.alloc(4000, 0xff) }, 0x10000), bare);
    assert.deepEqual(at({ pcValues: Buffer.alloc(1 << 22, 1) }, 0x1000f), { name: 'first', offset: 15 });
  });

  it('is printable whatever it says', () => {
    const found = at(
      { names: Buffer.from(`\u001b[31m${'x'.repeat(9000)}\0main\0`), files: Buffer.from('\u202ea\0') },
      0x10000,
    );
    assert.deepEqual([found?.name.slice(0, 6), found?.name.length, found?.file], ['?[31mx', 512, '?a']);
  });

  it('is given up among very many that look like one', () => {
    const magics = Buffer.alloc(6 << 20);
    for (let i = 0; i < magics.length; i += 6) magics.writeUInt32LE(0xffff_fff1, i);
    const segments = [
      { vaddr: TEXT, data: Buffer.alloc(16, 0x13) },
      { vaddr: TABLE, data: magics },
    ];
    assert.equal(readGoSymbols(readElf(buildElf({ segments }))), undefined);
  });
});
