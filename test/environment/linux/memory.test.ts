// brk, mmap, munmap, madvise, mremap against a model that knows nothing of bitmaps, leaves or steps: a set of pages and a
// byte in each. Then their errors, one by one, as the Linux manual has them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../commitment/random.ts';
import { Guest, PAGE } from './guest.ts';

const EXIST = -17;
const NOMEM = -12;
const INVAL = -22;
const FAULT = -14;
const PRIVATE_ANONYMOUS = 0x22;
const FIXED = 0x10;
const NOREPLACE = 0x10_0000;
const DONTNEED = 4;
const START = 0x4000_0000 / PAGE;
const END = 0xf000_0000 / PAGE;

/** What Linux would do to the pages, page by page. */
class Model {
  readonly mapped = new Set<number>();
  readonly contents = new Map<number, number>();
  cursor = START;
  readonly breakStart: number;
  programBreak: number;

  constructor(breakStart: number) {
    this.breakStart = breakStart;
    this.programBreak = breakStart;
  }

  free(first: number, count: number): boolean {
    for (let page = first; page < first + count; page++) if (this.mapped.has(page)) return false;
    return true;
  }

  set(first: number, count: number, mapped: boolean): void {
    for (let page = first; page < first + count; page++) {
      if (mapped) this.mapped.add(page);
      else this.mapped.delete(page);
      this.contents.delete(page);
    }
  }

  find(count: number): number | undefined {
    for (const from of [this.cursor, START]) {
      let run = 0;
      for (let page = from; page < END; page++) {
        run = this.mapped.has(page) ? 0 : run + 1;
        if (run === count) return page - count + 1;
      }
    }
    return undefined;
  }

  mmap(hint: number, count: number, flags: number): number {
    const [first, fixed] = [Math.floor(hint / PAGE), (flags & (FIXED | NOREPLACE)) !== 0];
    const inside = first >= 16 && first + count <= END;
    if (fixed && !inside) return NOMEM;
    if (flags & NOREPLACE && !this.free(first, count)) return EXIST;
    let start: number | undefined = first;
    if (!fixed && !(hint !== 0 && inside && this.free(first, count))) {
      start = this.find(count);
      if (start === undefined) return NOMEM;
      this.cursor = start + count;
    }
    this.set(start, count, true);
    return start * PAGE;
  }

  mremap(first: number, from: number, to: number): number {
    if (to > from) {
      if (first + to > END || !this.free(first + from, to - from)) return NOMEM;
      this.set(first + from, to - from, true);
    } else this.set(first + to, from - to, false);
    return first * PAGE;
  }

  brk(target: number): number {
    if (target < this.breakStart || target > END * PAGE) return this.programBreak;
    const [from, to] = [Math.ceil(this.programBreak / PAGE), Math.ceil(target / PAGE)];
    if (to > from && !this.free(from, to - from)) return this.programBreak;
    if (to > from) this.set(from, to - from, true);
    else this.set(to, from - to, false);
    this.programBreak = target;
    return target;
  }
}

/** A guest and its model, in which only `window` pages below `end` are free. */
function pair(window: number, end: number, breakStart: number): { guest: Guest; model: Model } {
  const guest = new Guest(breakStart);
  const model = new Model(breakStart);
  for (let page = 0; page < 16; page++) model.mapped.add(page);
  guest.state.set('mmapCursor', BigInt(end - window));
  model.cursor = end - window;
  const fill = (first: number, last: number) => {
    for (let page = first; page < last; page++) model.mapped.add(page);
    for (let page = first; page < last; page += 8) guest.setByte(0xf000_0000 + page / 8, 0xff);
  };
  fill(START, end - window);
  fill(end, END);
  return { guest, model };
}

test('random calls leave the pages that a page-by-page model has, and its results', () => {
  const random = new Random('memory calls');
  const [window, end] = [1024, END - 2048];
  const breakStart = 0x30_0000;
  const { guest, model } = pair(window, end, breakStart);
  const pages = [...Array(window + 64).keys()].map((i) => end - window - 32 + i);
  const somewhere = () => end - window - 32 + random.below(window + 40);
  const size = () => (random.below(4) === 0 ? 1 + random.below(700) : 1 + random.below(24));
  const seen = new Map<string, number>();
  for (let round = 0; round < 500; round++) {
    const first = somewhere();
    const count = Math.min(size(), END - first);
    const bytes = count * PAGE - random.below(PAGE);
    let [ours, theirs]: [number, number] = [0, 0];
    let name = '';
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2: {
        const flags = [0, 0, FIXED, NOREPLACE, FIXED | NOREPLACE][random.below(5)] ?? 0;
        const hint = flags === 0 && random.below(2) === 0 ? 0 : first * PAGE;
        name = `mmap flags ${flags} ${hint === 0 ? '' : 'hint'}`;
        ours = guest.call('mmap', hint, bytes, 3, PRIVATE_ANONYMOUS | flags, -1, 0);
        theirs = model.mmap(hint, count, flags);
        break;
      }
      case 3:
      case 4:
        name = 'munmap';
        ours = guest.call('munmap', first * PAGE, bytes);
        model.set(first, count, false);
        break;
      case 5:
        name = 'madvise';
        ours = guest.call('madvise', first * PAGE, bytes, DONTNEED);
        for (let page = first; page < first + count; page++) model.contents.delete(page);
        break;
      case 6: {
        const target = breakStart + random.below(400 * PAGE);
        name = 'brk';
        ours = guest.call('brk', target);
        theirs = model.brk(target);
        break;
      }
      default: {
        const to = 1 + random.below(40);
        const from = Math.min(count, 40);
        name = 'mremap';
        ours = guest.call('mremap', first * PAGE, from * PAGE, to * PAGE - 5, 1);
        theirs = model.mremap(first, from, to);
      }
    }
    assert.equal(ours, theirs, `round ${round}: ${name} of ${count} pages at page ${first}`);
    assert.equal(guest.state.get('mmapCursor'), BigInt(model.cursor));
    seen.set(`${name}${ours < 0 ? ours : ''}`, 1);
    for (let i = 0; i < 20; i++) {
      const page = somewhere();
      if (!model.mapped.has(page)) continue;
      const value = 1 + random.below(255);
      guest.setByte(page * PAGE + 17, value);
      model.contents.set(page, value);
    }
    for (const page of pages) {
      assert.equal(guest.mapped(page), model.mapped.has(page), `round ${round}: page ${page}`);
      assert.equal(guest.byte(page * PAGE + 17), model.contents.get(page) ?? 0, `round ${round}: byte of ${page}`);
    }
  }
  for (let page = breakStart / PAGE; page < breakStart / PAGE + 410; page++)
    assert.equal(guest.mapped(page), model.mapped.has(page), `page ${page} of the break`);
  for (const kind of [
    `mmap flags 0 ${NOMEM}`,
    `mmap flags 0 hint`,
    `mmap flags ${NOREPLACE} hint${EXIST}`,
    `mremap${NOMEM}`,
  ])
    assert(seen.has(kind), `the random calls never came to: ${kind}, only to ${[...seen.keys()].join(', ')}`);
});

test('64 reservations of 64 MiB, each given back, as the Go runtime makes before main', () => {
  const guest = new Guest();
  const starts = new Set<number>();
  for (let i = 0; i < 64; i++) {
    const start = guest.call('mmap', 0xc0_0000_0000 + i * 2 ** 40, 2 ** 26, 0, PRIVATE_ANONYMOUS, -1, 0);
    assert(start > 0, `${start}`);
    starts.add(start);
    assert.equal(guest.call('munmap', start, 2 ** 26), 0);
  }
  assert.equal(guest.call('mmap', 0, 2 ** 26, 0, PRIVATE_ANONYMOUS, -1, 0) % PAGE, 0);
});

test('what is asked for and cannot be is ENOMEM, after two passes over the bitmap', () => {
  const guest = new Guest();
  const all = 0xf000_0000 - 0x4000_0000;
  assert.equal(guest.call('mmap', 0, all + PAGE, 3, PRIVATE_ANONYMOUS, -1, 0), NOMEM);
  assert.equal(guest.call('mmap', 0, all, 3, PRIVATE_ANONYMOUS, -1, 0), 0x4000_0000);
  assert.equal(guest.call('mmap', 0, 1, 3, PRIVATE_ANONYMOUS, -1, 0), NOMEM);
  assert.equal(guest.call('munmap', 0x7fff_f000, PAGE), 0);
  assert.equal(guest.call('mmap', 0, PAGE + 1, 3, PRIVATE_ANONYMOUS, -1, 0), NOMEM);
  assert.equal(guest.call('mmap', 0, PAGE, 3, PRIVATE_ANONYMOUS, -1, 0), 0x7fff_f000);
});

test('an mmap of one page takes three steps, of 64 MiB one a 256 pages', () => {
  const guest = new Guest();
  guest.call('mmap', 0, 1, 3, PRIVATE_ANONYMOUS, -1, 0);
  assert.equal(guest.steps, 3);
  guest.call('mmap', 0x5000_0000, 2 ** 26, 3, PRIVATE_ANONYMOUS, -1, 0);
  assert.equal(guest.steps, 1 + 64 + 64);
});

test('pages come zeroed even where a program wrote before they were its own', () => {
  const guest = new Guest();
  guest.setByte(0x4000_0800, 7);
  assert.equal(guest.call('mmap', 0, PAGE, 3, PRIVATE_ANONYMOUS, -1, 0), 0x4000_0000);
  assert.equal(guest.byte(0x4000_0800), 0);
});

test('the break keeps the rest of its last page, and loses the pages that it gives up', () => {
  const guest = new Guest(0x20_0000);
  assert.equal(guest.call('brk', 0), 0x20_0000);
  assert.equal(guest.call('brk', 0x20_3001), 0x20_3001);
  guest.setByte(0x20_1800, 1);
  guest.setByte(0x20_0801, 2);
  assert.equal(guest.call('brk', 0x20_0800), 0x20_0800);
  assert.deepEqual([guest.byte(0x20_1800), guest.byte(0x20_0801)], [0, 2]);
  assert.deepEqual(
    [0x200, 0x201, 0x203].map((page) => guest.mapped(page)),
    [true, false, false],
  );
});

test('the break stops before what is mapped, and where the guest ends', () => {
  const guest = new Guest(0x20_0000);
  guest.call('mmap', 0x20_4000, PAGE, 3, PRIVATE_ANONYMOUS | FIXED, -1, 0);
  assert.equal(guest.call('brk', 0x20_4001), 0x20_0000);
  assert.equal(guest.call('brk', 0x20_4000), 0x20_4000);
  for (const target of [0x1f_ffff, 0xf000_0001, 2n ** 64n - 1n]) assert.equal(guest.call('brk', target), 0x20_4000);
});

test('errors, as the manual has them', () => {
  const guest = new Guest();
  const huge = 2n ** 64n - 1n;
  const at = 0x5000_0000;
  const cases: readonly [string, readonly (number | bigint)[], number][] = [
    ['mmap', [0, 0, 3, PRIVATE_ANONYMOUS, -1, 0], INVAL],
    ['mmap', [0, PAGE, 3, 0x20, -1, 0], INVAL],
    ['mmap', [0, PAGE, 3, 0x21, -1, 0], INVAL],
    ['mmap', [0, PAGE, 3, 2, -1, 0], -9],
    ['mmap', [0, PAGE, 3, 2, 1, 0], -19],
    ['mmap', [0, huge, 3, PRIVATE_ANONYMOUS, -1, 0], NOMEM],
    ['mmap', [0, 2n ** 63n, 3, PRIVATE_ANONYMOUS, -1, 0], NOMEM],
    ['mmap', [at + 1, PAGE, 3, PRIVATE_ANONYMOUS | FIXED, -1, 0], INVAL],
    ['mmap', [0, PAGE, 3, PRIVATE_ANONYMOUS | FIXED, -1, 0], NOMEM],
    ['mmap', [0xefff_f000, 2 * PAGE, 3, PRIVATE_ANONYMOUS | FIXED, -1, 0], NOMEM],
    ['mmap', [-PAGE, PAGE, 3, PRIVATE_ANONYMOUS | FIXED, -1, 0], NOMEM],
    ['mmap', [-PAGE, 2 * PAGE, 3, PRIVATE_ANONYMOUS | NOREPLACE, -1, 0], NOMEM],
    ['munmap', [at, 0], INVAL],
    ['munmap', [at + 8, PAGE], INVAL],
    ['munmap', [at, huge], INVAL],
    ['munmap', [-PAGE, PAGE], INVAL],
    ['munmap', [0xefff_f000, PAGE + 1], INVAL],
    ['madvise', [at + 1, PAGE, DONTNEED], INVAL],
    ['madvise', [at, 0, DONTNEED], 0],
    ['madvise', [0xf000_0000, PAGE, DONTNEED], NOMEM],
    ['madvise', [-PAGE, huge, DONTNEED], NOMEM],
    ['madvise', [at, PAGE, 14], 0],
    ['mremap', [at + 1, PAGE, PAGE, 0], INVAL],
    ['mremap', [at, PAGE, 0, 0], INVAL],
    ['mremap', [at, 0, PAGE, 1], INVAL],
    ['mremap', [at, PAGE, PAGE, 3, at], INVAL],
    ['mremap', [0xf000_0000, PAGE, 2 * PAGE, 1], FAULT],
    ['mremap', [-PAGE, PAGE, 2 * PAGE, 1], FAULT],
    ['mremap', [0xefff_f000, PAGE, 2 * PAGE, 1], NOMEM],
    ['mremap', [at, PAGE, huge, 1], NOMEM],
    ['mprotect', [at, PAGE, 0], 0],
  ];
  const pages = () => [0, 1, 2].map((i) => guest.mapped(at / PAGE + i)).join();
  for (const [name, args, expected] of cases) {
    const before = pages();
    assert.equal(guest.call(name, ...args), expected, `${name}(${args.join(', ')})`);
    assert.equal(pages(), before);
  }
});
