// Programs with threads as compilers make them, unmodified, by the engine and under qemu-riscv64: the same output, exit
// code 0. C with glibc and with musl, Go with one and with several threads for goroutines. What a toolchain is missing
// for is skipped.

import assert from 'node:assert/strict';
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { Engine } from '../../src/engine/engine.ts';
import { createHost } from '../../src/environment/host.ts';
import { makeInputs } from '../../src/environment/inputs.ts';
import { loadProgram, setInputs } from '../../src/machine/program.ts';
import { STATUS } from '../../src/semantics/layout.ts';

const EMULATOR = 'qemu-riscv64';
const STEPS_MAX = 50_000_000n;
const source = (name: string) => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

/** A command that compiles `source` to `program`, and how to see that it is there. */
interface Toolchain {
  readonly name: string;
  readonly version: readonly string[];
  readonly command: (program: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const C = ['-O2', '-static', '-pthread', source('threads.c'), '-lm', '-o'];
const GLIBC: Toolchain = {
  name: 'riscv64-linux-gnu-gcc',
  version: ['riscv64-linux-gnu-gcc', '--version'],
  command: (program) => ['riscv64-linux-gnu-gcc', ...C, program],
};
const GO: Toolchain = {
  name: 'Go',
  version: ['go', 'version'],
  command: (program) => ['go', 'build', '-trimpath', '-ldflags=-s -w', '-o', program, source('threads.go')],
  env: { CGO_ENABLED: '0', GOOS: 'linux', GOARCH: 'riscv64', GOFLAGS: '' },
};

function run(command: readonly string[], options: SpawnSyncOptions = {}) {
  const [program = '', ...args] = command;
  return spawnSync(program, args, { encoding: 'utf8', input: '', ...options });
}

function runOurs(elf: Uint8Array, env: readonly string[]): { output: string; threads: bigint } {
  const inputs = makeInputs();
  let output = '';
  const host = createHost({
    inputs,
    output: (_, data) => {
      output += Buffer.from(data).toString();
    },
  });
  const { machine } = loadProgram(elf, { env });
  setInputs(machine, inputs);
  const stop = new Engine(machine, host).run(STEPS_MAX);
  assert.equal(stop.kind, 'halted', `after ${machine.get('step')} steps; it wrote:\n${output}`);
  const standing = `status ${machine.get('status')}, reason ${machine.get('reason')}; it wrote:\n${output}`;
  assert.equal(machine.get('status'), BigInt(STATUS.valid), standing);
  return { output, threads: machine.get('nextThreadId') - 1n };
}

/** Whether all commands run; if not, the test is skipped. */
function installed(
  t: TestContext,
  commands: readonly (readonly [name: string, command: readonly string[]])[],
): boolean {
  const missing = commands.find(([, command]) => run(command).status !== 0);
  if (missing) t.skip(`${missing[0]} is not installed`);
  return !missing;
}

const WITNESS = [EMULATOR, [EMULATOR, '--version']] as const;

function compare(file: string, env: readonly string[], threads: bigint): void {
  const theirs = run([EMULATOR, file], { env: { ...process.env, ...Object.fromEntries(env.map(split)) } });
  assert.equal(theirs.status, 0, `${theirs.stderr}`);
  const ours = runOurs(readFileSync(file), env);
  assert.equal(ours.output, `${theirs.stdout}`);
  assert.ok(ours.threads >= threads, `${ours.threads} threads`);
}

function buildAndCompare(t: TestContext, toolchain: Toolchain, env: readonly string[], threads: bigint): void {
  if (!installed(t, [[toolchain.name, toolchain.version], WITNESS])) return;
  inFolder((folder) => {
    const program = join(folder, 'program');
    const built = run(toolchain.command(program), { env: { ...process.env, ...toolchain.env } });
    assert.equal(built.status, 0, `${built.stderr}`);
    compare(program, env, threads);
  });
}

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'omo-threads-'));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const split = (setting: string): [string, string] => setting.split('=') as [string, string];

test('POSIX threads of glibc', (t) => buildAndCompare(t, GLIBC, [], 6n));

// python -m ziglang cc -target riscv64-linux-musl -O2 -s -static -pthread threads.c -lm (ziglang 0.17.0), brotli. Built
// beforehand: the first build of the C library takes minutes.
test('POSIX threads of musl', (t) => {
  if (!installed(t, [WITNESS])) return;
  inFolder((folder) => {
    const program = join(folder, 'program');
    writeFileSync(program, brotliDecompressSync(readFileSync(source('threads.musl.br'))), { mode: 0o755 });
    compare(program, [], 6n);
  });
});

test('goroutines, timers, garbage collection of Go', (t) => buildAndCompare(t, GO, [], 4n));

test('the same with four threads for goroutines', (t) => buildAndCompare(t, GO, ['GOMAXPROCS=4'], 5n));
