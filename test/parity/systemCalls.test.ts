// A freestanding C program that makes system calls, on our machine step by step and under qemu-riscv64: the same output
// and the same exit code. This goes the whole way: ecall, arguments, memory, restarted calls, the instruction after.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { evaluateStep } from '../../src/engine/machineHart.ts';
import { createHost } from '../../src/environment/host.ts';
import { makeInputs } from '../../src/environment/inputs.ts';
import { loadProgram, setInputs } from '../../src/machine/program.ts';
import { STATUS } from '../../src/semantics/layout.ts';

const COMPILER = 'riscv64-linux-gnu-gcc';
const EMULATOR = 'qemu-riscv64';
const STEPS_MAX = 200_000;

/** Prints what each call gives; addresses only as what they are relative to one another. */
const SOURCE = `
typedef unsigned long u64;
static long call(long n, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  register long a0 asm("a0") = a; register long a1 asm("a1") = b; register long a2 asm("a2") = c;
  register long a3 asm("a3") = d; register long a4 asm("a4") = e; register long a5 asm("a5") = f;
  register long a7 asm("a7") = n;
  asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
  return a0;
}
static void show(const char *what, long value) {
  char line[80]; int at = 80; u64 rest = value < 0 ? -value : value;
  line[--at] = '\\n';
  do line[--at] = '0' + rest % 10; while (rest /= 10);
  if (value < 0) line[--at] = '-';
  line[--at] = ' ';
  int length = 0; while (what[length]) length++;
  struct { const void *base; u64 length; } vectors[3] = { { 0, 0 }, { what, length }, { line + at, 80 - at } };
  long done = call(66, 1, (u64)vectors, 3, 0, 0, 0);
  if (done <= length) call(64, 1, (u64)(line + at), 80 - at, 0, 0, 0);
}
static char sink[1024];
void _start(void) {
  const int private = 0x22, fixed = 0x10;
  u64 start = call(214, 0, 0, 0, 0, 0, 0), end = start + 5 * 4096 + 100;
  show("brk grows", call(214, end, 0, 0, 0, 0, 0) == end);
  ((volatile char *)end)[-1] = 7; ((volatile char *)start)[99] = 9;
  show("brk shrinks", call(214, start + 100, 0, 0, 0, 0, 0) == start + 100);
  show("brk grows again", call(214, end, 0, 0, 0, 0, 0) == end);
  show("given up", ((volatile char *)end)[-1]); show("kept", ((volatile char *)start)[99]);
  volatile char *map = (char *)call(222, 0, 600 * 4096, 3, private, -1, 0);
  show("aligned", (u64)map & 4095);
  map[0] = 1; map[300 * 4096] = 2; map[599 * 4096 + 4095] = 3; map[17 * 4096] = 4;
  show("forget", call(233, (u64)(map + 299 * 4096), 3 * 4096, 4, 0, 0, 0));
  show("forgotten", map[300 * 4096]); show("first", map[0]); show("last", map[599 * 4096 + 4095]);
  show("unmap part", call(215, (u64)(map + 10 * 4096), 20 * 4096 - 1, 0, 0, 0, 0));
  show("hint", call(222, (u64)(map + 15 * 4096), 4096, 3, private, -1, 0) - (long)map);
  show("fixed", call(222, (u64)(map + 5 * 4096), 30 * 4096, 3, private | fixed, -1, 0) - (long)map);
  show("zero", map[17 * 4096]); show("still", map[0]);
  map[599 * 4096] = 5;
  show("shrink", call(216, (u64)(map + 590 * 4096), 10 * 4096, 4096, 0, 0, 0) - (long)map - 590 * 4096);
  show("grow", call(216, (u64)(map + 590 * 4096), 4096, 3 * 4096, 0, 0, 0) - (long)map - 590 * 4096);
  show("protect", call(226, (u64)map, 4096, 1, 0, 0, 0));
  show("unmap", call(215, (u64)map, 600 * 4096, 0, 0, 0, 0));
  show("open", call(56, -100, (u64)"/no/such/file", 0, 0, 0, 0));
  show("link", call(78, -100, (u64)"/no/such/file", (u64)sink, 64, 0, 0));
  show("write nowhere", call(64, 1, -4096, 1, 0, 0, 0));
  show("write closed", call(64, 77, (u64)sink, 1, 0, 0, 0));
  show("read", call(63, 0, (u64)sink, 8, 0, 0, 0));
  show("seek", call(62, 1, 0, 0, 0, 0, 0));
  show("terminal", call(29, 1, 0x5413, (u64)sink, 0, 0, 0));
  show("random", call(278, (u64)sink + 3, 100, 0, 0, 0, 0));
  show("name", call(160, (u64)sink, 0, 0, 0, 0, 0)); show("L", sink[0]); show("4", sink[4 * 65 + 6]);
  show("clock", call(113, 1, (u64)sink, 0, 0, 0, 0)); show("no clock", call(113, 99, (u64)sink, 0, 0, 0, 0));
  u64 pause[2] = { 0, 1000 }; show("sleep", call(101, (u64)pause, 0, 0, 0, 0, 0));
  u64 long_pause[2] = { 0, 2000000000 }; show("bad sleep", call(101, (u64)long_pause, 0, 0, 0, 0, 0));
  int word = 5; show("wake", call(98, (u64)&word, 129, 1, 0, 0, 0)); show("again", call(98, (u64)&word, 128, 6, 0, 0, 0));
  show("timed out", call(98, (u64)&word, 128, 5, (u64)pause, 0, 0));
  struct { int fd; short events, revents; } polled[3] = { { 1, 4, 0 }, { -1, 1, 9 }, { 77, 1, 0 } };
  show("poll", call(73, (u64)polled, 3, (u64)pause, 0, 8, 0));
  show("0", polled[0].revents); show("1", polled[1].revents); show("2", polled[2].revents);
  show("unknown", call(1234, 1, 2, 3, 4, 5, 6));
  call(94, 3, 0, 0, 0, 0, 0);
}
`;

function build(t: TestContext, folder: string): string | undefined {
  for (const program of [COMPILER, EMULATOR])
    if (spawnSync(program, ['--version']).error) {
      t.skip(`${program} is not installed`);
      return undefined;
    }
  writeFileSync(join(folder, 'calls.c'), SOURCE);
  const options = ['-static', '-nostdlib', '-ffreestanding', '-march=rv64imac', '-mabi=lp64', '-O1', '-fno-builtin'];
  const built = spawnSync(COMPILER, [...options, '-o', 'calls', 'calls.c'], { cwd: folder, encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  return join(folder, 'calls');
}

function runOurs(file: string): { output: string; exitCode: bigint } {
  const inputs = makeInputs();
  let output = '';
  const host = createHost({
    inputs,
    output: (_, data) => {
      output += Buffer.from(data).toString();
    },
  });
  const { machine } = loadProgram(readFileSync(file));
  setInputs(machine, inputs);
  for (let step = 0; machine.get('status') === BigInt(STATUS.running); step++) {
    assert(step < STEPS_MAX, `the program does not end within ${STEPS_MAX} steps; it wrote:\n${output}`);
    evaluateStep(machine, host);
  }
  assert.equal(machine.get('status'), BigInt(STATUS.invalid), `reason ${machine.get('reason')}; it wrote:\n${output}`);
  return { output, exitCode: machine.get('exitCode') };
}

test('a program of system calls writes and returns what it does under qemu', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'omo-calls-'));
  try {
    const file = build(t, folder);
    if (!file) return;
    const theirs = spawnSync(EMULATOR, [file], { encoding: 'utf8', input: '' });
    const ours = runOurs(file);
    assert.equal(ours.output, theirs.stdout);
    assert.equal(ours.exitCode, BigInt(theirs.status ?? -1));
    assert.match(ours.output, /\nunknown -38\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
