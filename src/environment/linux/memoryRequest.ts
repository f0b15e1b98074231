// How the memory calls (memory.ts) begin: what their arguments ask for, which errors that is, and the first phase.

import { GUEST_END, GUEST_START, PAGE_BYTES } from '../../semantics/addressSpace.ts';
import type { Value, Variable } from '../../semantics/program.ts';
import type { Kernel } from '../systemCall.ts';
import { ERRNO, FD_COUNT } from './errno.ts';

/** The calls, by number. */
export const NUMBER = { brk: 214, munmap: 215, mremap: 216, mmap: 222, madvise: 233 } as const;

/** Values of callPhase: memory.ts says what each does. */
export const PHASE = { begin: 0, probe: 1, search: 2, searchAgain: 3, map: 4, unmap: 5, zero: 6 } as const;

const MAP_TYPE = 3;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
export const MAP_FIXED_NOREPLACE = 0x10_0000;
const MADV_DONTNEED = 4;
const MADV_FREE = 8;
const MREMAP_MAYMOVE = 1;

/** Base-2 logarithm of PAGE_BYTES. */
export const PAGE_SHIFT = 12;
const ADDRESS_SPACE = 2n ** 32n;

/** What a call asks for, from its arguments. All of it stays the same until the call ends. */
export interface Request {
  readonly isBrk: Value;
  readonly isMmap: Value;
  readonly isMunmap: Value;
  readonly isMremap: Value;
  /** The pages to map, unmap or zero: byte address of the first, byte length, count. */
  readonly first: Value;
  readonly bytes: Value;
  readonly pages: Value;
  /** The break or the mapping grows. */
  readonly grows: Value;
  /** The whole range that the arguments name, resized to the larger size, leaves the guest's memory. Not for brk. */
  readonly outside: Value;
  /** The same of the range before it is resized. */
  readonly oldOutside: Value;
}

/** Where the call stands after this step: `phase` 0 ends it with `result`. */
export interface Progress {
  readonly phase: Variable;
  readonly position: Variable;
  readonly length: Variable;
  readonly result: Variable;
}

/** Lengths beyond the address space all mean the same: too long. So no sum overflows. */
function roundUp(k: Kernel, value: Value): Value {
  const bounded = k.select(k.ltU(k.constant(ADDRESS_SPACE), value), k.constant(ADDRESS_SPACE), value);
  return k.and(k.add(bounded, PAGE_BYTES - 1), -PAGE_BYTES);
}

/** What the arguments of the call ask for. */
export function request(k: Kernel): Request {
  const number = k.number();
  const isBrk = k.eq(number, NUMBER.brk);
  const isMremap = k.eq(number, NUMBER.mremap);
  const [x10, x11, x12] = [k.argument(0), k.argument(1), k.argument(2)];
  const zero = k.constant(0);
  const base = k.select(isBrk, zero, k.and(x10, -PAGE_BYTES));
  const from = roundUp(k, k.select(isBrk, k.state('programBreak'), k.select(isMremap, x11, zero)));
  const to = roundUp(k, k.select(isBrk, x10, k.select(isMremap, x12, x11)));
  const grows = k.ltU(from, to);
  const low = k.select(grows, from, to);
  const high = k.select(grows, to, from);
  const bytes = k.sub(high, low);
  return {
    isBrk,
    isMmap: k.eq(number, NUMBER.mmap),
    isMunmap: k.eq(number, NUMBER.munmap),
    isMremap,
    first: k.add(base, low),
    bytes,
    pages: k.shrU(bytes, PAGE_SHIFT),
    grows,
    outside: k.outside(base, high),
    oldOutside: k.outside(base, from),
  };
}

/** Checks the arguments and chooses the first phase, or the result where there is nothing to do. */
export function begin(k: Kernel, asked: Request, next: Progress): void {
  k.when(
    asked.isBrk,
    () => beginBrk(k, asked, next),
    () =>
      k.when(
        asked.isMmap,
        () => beginMmap(k, asked, next),
        () => beginOther(k, asked, next),
      ),
  );
  const phase = k.get(next.phase);
  k.when(k.ne(phase, PHASE.begin), () => {
    const searching = k.eq(phase, PHASE.search);
    k.set(next.position, k.select(searching, k.state('mmapCursor'), k.shrU(asked.first, PAGE_SHIFT)));
    k.set(next.length, k.select(k.ltU(phase, PHASE.map), k.constant(0), asked.pages));
  });
}

/** An address that the break cannot take leaves it where it is; the result is the break after the call. */
function beginBrk(k: Kernel, asked: Request, next: Progress): void {
  const target = k.argument(0);
  const refused = k.or(k.ltU(target, k.state('breakStart')), k.ltU(k.constant(GUEST_END), target));
  k.set(next.result, k.select(refused, k.state('programBreak'), target));
  const phase = k.select(asked.grows, k.constant(PHASE.probe), PHASE.unmap);
  k.when(k.not(k.or(refused, k.eq(asked.pages, 0))), () => k.set(next.phase, phase));
}

function beginMmap(k: Kernel, asked: Request, next: Progress): void {
  const flags = k.argument(3);
  const hint = k.argument(0);
  const has = (flag: number) => k.ne(k.and(flags, flag), 0);
  const noReplace = has(MAP_FIXED_NOREPLACE);
  const fixed = k.or(has(MAP_FIXED), noReplace);
  const unaligned = k.ne(k.and(hint, PAGE_BYTES - 1), 0);
  const invalid = k.or(k.or(k.eq(asked.pages, 0), k.ne(k.and(flags, MAP_TYPE), MAP_PRIVATE)), k.and(fixed, unaligned));
  const noFile = k.select(k.ltU(k.descriptor(4), FD_COUNT), k.constant(ERRNO.ENODEV), ERRNO.EBADF);
  const tooLong = k.or(k.ltU(k.constant(GUEST_END - GUEST_START), asked.bytes), k.and(fixed, asked.outside));
  const errno = k.firstOf(
    [
      [invalid, ERRNO.EINVAL],
      [k.not(has(MAP_ANONYMOUS)), noFile],
      [tooLong, ERRNO.ENOMEM],
    ],
    0,
  );
  const usable = k.and(k.ne(hint, 0), k.not(asked.outside));
  k.when(
    k.ne(errno, 0),
    () => k.set(next.result, k.sub(k.constant(0), errno)),
    () =>
      k.set(
        next.phase,
        k.firstOf(
          [
            [noReplace, PHASE.probe],
            [fixed, PHASE.map],
            [usable, PHASE.probe],
          ],
          PHASE.search,
        ),
      ),
  );
}

/** munmap, madvise, mremap. */
function beginOther(k: Kernel, asked: Request, next: Progress): void {
  const { isMunmap, isMremap, grows } = asked;
  const address = k.argument(0);
  const advice = k.argument(2);
  const zeroLength = k.or(k.eq(k.argument(1), 0), k.and(isMremap, k.eq(k.argument(2), 0)));
  const moves = k.and(isMremap, k.ne(k.and(k.argument(3), ~MREMAP_MAYMOVE), 0));
  const invalid = k.or(
    k.or(k.ne(k.and(address, PAGE_BYTES - 1), 0), moves),
    k.and(zeroLength, k.or(isMunmap, isMremap)),
  );
  const zeroes = k.or(k.eq(advice, MADV_DONTNEED), k.eq(advice, MADV_FREE));
  const idle = k.or(k.eq(asked.pages, 0), k.not(k.or(k.or(isMunmap, isMremap), zeroes)));
  const phase = k.firstOf(
    [
      [isMunmap, PHASE.unmap],
      [isMremap, k.select(grows, k.constant(PHASE.probe), PHASE.unmap)],
    ],
    PHASE.zero,
  );
  const errno = k.firstOf(
    [
      [invalid, ERRNO.EINVAL],
      [k.and(isMremap, asked.oldOutside), ERRNO.EFAULT],
      [k.and(asked.outside, k.not(idle)), k.select(isMunmap, k.constant(ERRNO.EINVAL), ERRNO.ENOMEM)],
    ],
    0,
  );
  k.set(
    next.result,
    k.firstOf(
      [
        [k.ne(errno, 0), k.sub(k.constant(0), errno)],
        [isMremap, address],
      ],
      0,
    ),
  );
  k.when(k.not(k.or(k.ne(errno, 0), idle)), () => k.set(next.phase, phase));
}
