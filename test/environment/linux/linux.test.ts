// Linux itself as the witness: the same calls made by a C program on this machine's kernel and by our guest have the same
// results. Errors of bad calls one by one; then random mappings in one region, page by page. (Not under qemu-riscv64, which
// passes calls on to the same kernel, but aborts on some bad ones and loses MAP_FIXED_NOREPLACE in older versions.)

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Random } from '../../commitment/random.ts';
import { Guest, PAGE } from './guest.ts';

const COMPILER = 'cc';

/** The lines that a C program prints here; undefined, said aloud, where this is not Linux or has no C compiler. */
function runOnLinux(t: TestContext, source: string): string[] | undefined {
  if (platform() !== 'linux' || spawnSync(COMPILER, ['--version']).error) {
    t.skip(`needs Linux and a C compiler (${COMPILER})`);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'omo-linux-'));
  try {
    writeFileSync(join(folder, 'calls.c'), source);
    const built = spawnSync(COMPILER, ['-w', '-O1', '-o', 'calls', 'calls.c'], { cwd: folder, encoding: 'utf8' });
    assert.equal(built.status, 0, built.stderr);
    const run = spawnSync(join(folder, 'calls'), [], { encoding: 'utf8', input: '' });
    assert.equal(run.status, 0, `${run.signal} ${run.stderr}`);
    return run.stdout.trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `call` gives the result as the kernel does: the negative error number. */
const PRELUDE = `
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
typedef unsigned long u64;
static long call(long n, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  long result = syscall(n, a, b, c, d, e, f);
  return result == -1 ? -errno : result;
}
`;

const literal = (value: number | bigint) => `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}ul`;

/** A buffer of zeros in both programs; `BUFFER` in a case stands for its address. */
const BUFFER = 'buffer';
const GUEST_BUFFER = 0x20_0000;
/** Not mapped in a process of Linux, outside of our guest's memory. */
const BAD = -4096n;
const CLOSED = 100;
const PRIVATE_ANONYMOUS = 0x22;

const CASES: readonly (readonly [name: string, ...args: (number | bigint | typeof BUFFER)[]])[] = [
  ['write', CLOSED, BUFFER, 1],
  ['write', 1, BAD, 1],
  ['write', 1, BUFFER, 0],
  ['write', 1, 0, 0],
  ['read', 0, BUFFER, 8],
  ['read', CLOSED, BUFFER, 1],
  ['read', CLOSED, BUFFER, 0],
  ['writev', 1, BUFFER, 2],
  ['writev', 1, BUFFER, 0],
  ['writev', 1, BUFFER, -1],
  ['writev', 1, BUFFER, 1025],
  ['writev', 1, BAD, 1],
  ['writev', CLOSED, BUFFER, 1],
  ['lseek', 1, 0, 0],
  ['lseek', CLOSED, 0, 0],
  ['pread64', CLOSED, BUFFER, 1, 0],
  ['close', CLOSED],
  ['close', -1],
  ['dup', CLOSED],
  ['ioctl', 1, 0x5413, BUFFER],
  ['ioctl', CLOSED, 0x5413, BUFFER],
  ['fcntl', 1, 1],
  ['fcntl', 1, 99],
  ['fcntl', CLOSED, 3],
  ['fsync', 1],
  ['fsync', CLOSED],
  ['fstat', CLOSED, BUFFER],
  ['fstat', 1, BAD],
  ['mmap', 0, 0, 3, PRIVATE_ANONYMOUS, -1, 0],
  ['mmap', 0, PAGE, 3, 0x20, -1, 0],
  ['mmap', 0, PAGE, 3, 2, CLOSED, 0],
  ['mmap', 0, PAGE, 3, 2, 1, 0],
  ['mmap', 0, 2n ** 63n, 3, PRIVATE_ANONYMOUS, -1, 0],
  ['mmap', 0x5000_0001, PAGE, 3, PRIVATE_ANONYMOUS | 0x10, -1, 0],
  ['mmap', BAD, 2 * PAGE, 3, PRIVATE_ANONYMOUS | 0x10, -1, 0],
  ['munmap', 0x5000_0001, PAGE],
  ['munmap', 0x5000_0000, 0],
  ['munmap', BAD, PAGE],
  ['munmap', 0x5000_0000, -1],
  ['madvise', 0x5000_0001, PAGE, 4],
  ['madvise', 0x5000_0000, 0, 4],
  ['mremap', 0x5000_0001, PAGE, PAGE, 0],
  ['mremap', 0x5000_0000, PAGE, 0, 0],
  ['clock_gettime', 99, BUFFER],
  ['clock_gettime', 1, BAD],
  ['clock_getres', 99, 0],
  ['clock_getres', 1, 0],
  ['clock_getres', 1, BUFFER],
  ['gettimeofday', 0, 0],
  ['gettimeofday', BAD, 0],
  ['nanosleep', BAD, 0],
  ['clock_nanosleep', 99, 0, BUFFER, 0],
  ['clock_nanosleep', 1, 0, BAD, 0],
  ['clock_nanosleep', 1, 1, BUFFER, 0],
  ['getrandom', BUFFER, 7, 0],
  ['getrandom', BUFFER, 64, 1],
  ['getrandom', BUFFER, 8, 8],
  ['getrandom', BAD, 8, 0],
  ['getrandom', BUFFER, 0, 0],
  ['uname', BUFFER],
  ['uname', BAD],
  ['sched_getaffinity', 0, 4, BUFFER],
  ['sched_getaffinity', 0, 12, BUFFER],
  ['sched_getaffinity', 0, 128, BAD],
  ['prlimit64', 0, 16, 0, BUFFER],
  ['prlimit64', 0, 3, 0, BUFFER],
  ['prlimit64', 0, 3, 0, BAD],
  ['prlimit64', 0, 3, 0, 0],
  ['rt_sigaction', 0, 0, BUFFER, 8],
  ['rt_sigaction', 65, 0, BUFFER, 8],
  ['rt_sigaction', 10, 0, BUFFER, 4],
  ['rt_sigaction', 10, 0, BUFFER, 8],
  ['rt_sigaction', 10, 0, 0, 8],
  ['rt_sigprocmask', 0, 0, BUFFER, 8],
  ['rt_sigprocmask', 0, 0, BUFFER, 4],
  ['rt_sigprocmask', 0, 0, BAD, 8],
  ['sigaltstack', 0, BUFFER],
  ['sigaltstack', 0, BAD],
  ['sigaltstack', 0, 0],
  ['futex', BUFFER, 1, 1, 0, 0, 0],
  ['futex', BUFFER, 0, 1, 0, 0, 0],
  ['futex', BUFFER, 128, 7, BUFFER, 0, 0],
  ['futex', BUFFER, 0, 0, BUFFER, 0, 0],
  ['futex', BUFFER, 9, 0, BUFFER, 0, 0],
  ['futex', BUFFER, 9, 0, BUFFER, 0, -1],
  ['futex', BAD, 0, 0, 0, 0, 0],
  ['ppoll', 0, 0, BUFFER, 0, 8],
  ['ppoll', BAD, 1, BUFFER, 0, 8],
  ['set_robust_list', BUFFER, 24],
  ['mprotect', BUFFER, 0, 3],
  ['sched_yield'],
  ['prctl', 15, BUFFER],
  ['membarrier', 16, 0],
];

test('the errors of bad calls are those of Linux', (t) => {
  const rows = CASES.map(([name, ...args]) => {
    const words = Array.from({ length: 6 }, (_, i) => {
      const arg = args[i] ?? 0;
      return arg === BUFFER ? '(u64)buffer' : literal(arg);
    });
    return `memset(buffer, 0, sizeof buffer); printf("%ld\\n", call(SYS_${name}, ${words.join(', ')}));`;
  });
  const lines = runOnLinux(
    t,
    `${PRELUDE}static char buffer[32768] __attribute__((aligned(4096)));
int main(void) { ${rows.join('\n')} return 0; }`,
  );
  if (!lines) return;
  for (const [i, [name, ...args]] of CASES.entries()) {
    const guest = new Guest();
    const ours = guest.call(name, ...args.map((arg) => (arg === BUFFER ? GUEST_BUFFER : arg)));
    assert.equal(ours, Number(lines[i]), `${name}(${args.map((arg) => arg.toString()).join(', ')})`);
  }
});

const REGION = 0x5000_0000;
const REGION_PAGES = 96;

/** An operation on the region: pages are counted from its start. */
type Operation =
  | { readonly kind: 'map'; readonly first: number; readonly count: number; readonly flags: number }
  | { readonly kind: 'unmap' | 'forget'; readonly first: number; readonly count: number }
  | { readonly kind: 'resize'; readonly first: number; readonly count: number; readonly to: number }
  | { readonly kind: 'poke' | 'peek'; readonly page: number };

/** Random operations of which none reads, writes, forgets or resizes what is not mapped: that would end a process. */
function operations(random: Random, count: number): Operation[] {
  const list: Operation[] = [];
  const mapped = new Set<number>();
  const all = (first: number, pages: number) => [...Array(pages).keys()].every((i) => mapped.has(first + i));
  const none = (first: number, pages: number) => ![...Array(pages).keys()].some((i) => mapped.has(first + i));
  const mark = (first: number, pages: number, value: boolean) => {
    for (let page = first; page < first + pages; page++) value ? mapped.add(page) : mapped.delete(page);
  };
  while (list.length < count) {
    const first = random.below(REGION_PAGES - 1);
    const pages = 1 + random.below(Math.min(24, REGION_PAGES - first));
    const kind = random.pick(['map', 'map', 'unmap', 'forget', 'resize', 'poke', 'poke', 'peek', 'peek'] as const);
    if (kind === 'map') {
      const flags = random.pick([0x10, 0x10_0000, 0]);
      list.push({ kind, first, count: pages, flags });
      if (flags === 0x10 || none(first, pages)) mark(first, pages, true);
    } else if (kind === 'unmap') {
      list.push({ kind, first, count: pages });
      mark(first, pages, false);
    } else if (kind === 'forget') {
      if (all(first, pages)) list.push({ kind, first, count: pages });
    } else if (kind === 'resize') {
      const to = 1 + random.below(Math.min(30, REGION_PAGES - first));
      // Linux resizes what one mmap made; we know pages only. So it is freshly made.
      list.push({ kind: 'map', first, count: pages, flags: 0x10 });
      mark(first, pages, true);
      list.push({ kind: 'poke', page: first });
      list.push({ kind, first, count: pages, to });
      if (to < pages) mark(first + to, pages - to, false);
      else if (none(first + pages, to - pages)) mark(first + pages, to - pages, true);
    } else if (mapped.has(first)) list.push({ kind, page: first });
  }
  return list;
}

const REGION_PROGRAM = `${PRELUDE}
static u64 R;
static void show(long result) { printf("%ld\\n", result < 0 && result > -4096 ? result : result - (long)R); }
static void map(long first, long count, long flags) {
  u64 at = R + first * 4096; long got = call(SYS_mmap, at, count * 4096, 3, 0x22 | flags, -1, 0);
  if (flags || got == (long)at) { show(got); return; }
  call(SYS_munmap, got, count * 4096, 0, 0, 0, 0); puts("elsewhere");
}
static void unmap(long first, long count) { printf("%ld\\n", call(SYS_munmap, R + first * 4096, count * 4096, 0, 0, 0, 0)); }
static void forget(long first, long count) { printf("%ld\\n", call(SYS_madvise, R + first * 4096, count * 4096, 4, 0, 0, 0)); }
static void resize(long first, long count, long to) { show(call(SYS_mremap, R + first * 4096, count * 4096, to * 4096, 0, 0, 0)); }
static void poke(long page, int value) { ((volatile unsigned char *)R)[page * 4096 + 99] = value; puts("0"); }
static void peek(long page) { printf("%d\\n", ((volatile unsigned char *)R)[page * 4096 + 99]); }
int main(void) {
  R = call(SYS_mmap, 0, ${REGION_PAGES * PAGE}, 3, 0x22, -1, 0);
  call(SYS_munmap, R, ${REGION_PAGES * PAGE}, 0, 0, 0, 0);
`;

/** What our guest's operation gives, in the words of the C program. */
function operate(guest: Guest, operation: Operation, value: number): string {
  const at = (page: number) => REGION + page * PAGE;
  const relative = (result: number) => `${result < 0 ? result : result - REGION}`;
  switch (operation.kind) {
    case 'map': {
      const [address, bytes] = [at(operation.first), operation.count * PAGE];
      const got = guest.call('mmap', address, bytes, 3, PRIVATE_ANONYMOUS | operation.flags, -1, 0);
      if (operation.flags !== 0 || got === address) return relative(got);
      guest.call('munmap', got, bytes);
      return 'elsewhere';
    }
    case 'unmap':
      return `${guest.call('munmap', at(operation.first), operation.count * PAGE)}`;
    case 'forget':
      return `${guest.call('madvise', at(operation.first), operation.count * PAGE, 4)}`;
    case 'resize': {
      const { first, count, to } = operation;
      return relative(guest.call('mremap', at(first), count * PAGE, to * PAGE, 0));
    }
    case 'poke':
      guest.setByte(at(operation.page) + 99, value);
      return '0';
    case 'peek':
      return `${guest.byte(at(operation.page) + 99)}`;
  }
}

test('mappings in a region: fixed, not replacing, hinted, unmapped in part, forgotten, resized', (t) => {
  const list = operations(new Random('mappings'), 1_500);
  const statements = list.map((operation, i) => {
    const { kind, ...numbers } = operation;
    const args = kind === 'poke' ? [...Object.values(numbers), 1 + (i % 255)] : Object.values(numbers);
    return `  ${kind}(${args.join(', ')});`;
  });
  const lines = runOnLinux(t, `${REGION_PROGRAM}${statements.join('\n')}\n  return 0;\n}\n`);
  if (!lines) return;
  const guest = new Guest();
  for (const [i, operation] of list.entries()) {
    const ours = operate(guest, operation, 1 + (i % 255));
    assert.equal(ours, lines[i], `operation ${i}: ${JSON.stringify(operation)}`);
  }
});
