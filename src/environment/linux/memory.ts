// brk, mmap, munmap, madvise, mremap: one meaning, since all of them are the same few phases over the page bitmap. What is
// mapped is what the bitmap says; mapped or not, every page that was given up or newly mapped is zero.
//
// A call is restartable, one phase at a time, each step at most two leaves of the bitmap or one leaf and one subtree:
//   probe    are `wanted` pages from a given one free? (a hint, MAP_FIXED_NOREPLACE, a break or mapping that grows)
//   search   next fit: from mmapCursor to the end of the guest's memory, then once more from MMAP_START
//   map, unmap, zero   the largest aligned run of 2^k pages, k <= 8, is zeroed and its bits are set, cleared, left
// callPosition is a page number; callLength the free pages found just before it (probe, search) or the pages left to do.
//
// Chosen where Linux leaves a choice or more than we model: mappings are private and anonymous (MAP_SHARED is EINVAL, a
// file ENODEV or EBADF); protections are ignored; the break grows while the pages after it are free; mremap never moves;
// MADV_FREE zeroes at once, other advice does nothing; MAP_FIXED out of the guest's memory is ENOMEM, munmap EINVAL.

import { GUEST_END, MMAP_START, PAGE_BITMAP, PAGE_BYTES } from '../../semantics/addressSpace.ts';
import type { Value } from '../../semantics/program.ts';
import type { Kernel, SystemCall } from '../systemCall.ts';
import { ERRNO } from './errno.ts';
import {
  begin,
  MAP_FIXED_NOREPLACE,
  NUMBER,
  PAGE_SHIFT,
  PHASE,
  type Progress,
  type Request,
  request,
} from './memoryRequest.ts';

const END_PAGE = GUEST_END / PAGE_BYTES;
/** Words of the bitmap that one step of a search looks at: at most two leaves. */
const SEARCH_WORDS = 4;
/** Base-2 logarithm of the most pages that one step maps or unmaps: those of one leaf of the bitmap. */
const UPDATE_LOG2 = 8;

function memory(k: Kernel): void {
  const asked = request(k);
  const phase = k.state('callPhase');
  const zero = k.constant(0);
  const next: Progress = {
    phase: k.variable(zero),
    position: k.variable(zero),
    length: k.variable(zero),
    result: k.variable(zero),
  };
  k.when(
    k.eq(phase, PHASE.begin),
    () => begin(k, asked, next),
    () =>
      k.when(
        k.ltU(phase, PHASE.map),
        () => search(k, asked, next, phase),
        () => update(k, asked, next, phase),
      ),
  );
  const nextPhase = k.get(next.phase);
  k.writeState('callPhase', nextPhase);
  k.writeState('callPosition', k.get(next.position));
  k.writeState('callLength', k.get(next.length));
  k.when(k.ne(nextPhase, PHASE.begin), () => k.again());
  const result = k.get(next.result);
  k.when(asked.isBrk, () => k.writeState('programBreak', result));
  k.returns(result);
}

/** Follows the bitmap over SEARCH_WORDS runs of mapped or free pages, none of which leaves its 64-bit word. */
function search(k: Kernel, asked: Request, next: Progress, phase: Value): void {
  const position = k.variable(k.state('callPosition'));
  const run = k.variable(k.state('callLength'));
  const blocked = k.variable(k.constant(0, 1));
  k.repeat(SEARCH_WORDS, () => {
    const page = k.get(position);
    const before = k.get(run);
    k.when(k.and(k.ltU(before, asked.pages), k.ltU(page, END_PAGE)), () => {
      const bit = k.and(page, 63);
      const word = k.shrU(k.read(bitmapAddress(k, page), 8), bit);
      const mapped = k.ctz(k.not(word));
      const free = minimum(k, k.ctz(word), k.sub(k.constant(64), bit));
      const isFree = k.eq(mapped, 0);
      k.when(k.not(isFree), () => k.set(blocked, 1));
      k.set(run, k.select(isFree, k.add(before, free), 0));
      k.set(position, k.add(page, k.select(isFree, free, mapped)));
    });
  });
  const probing = k.eq(phase, PHASE.probe);
  const page = k.get(position);
  const length = k.get(run);
  const start = k.sub(page, length);
  k.when(
    k.and(probing, k.get(blocked)),
    () => probeFailed(k, asked, next),
    () =>
      k.when(
        k.ltU(length, asked.pages),
        () => searchOn(k, next, phase, page, length),
        () => {
          k.set(next.phase, PHASE.map);
          k.set(next.position, start);
          k.set(next.length, asked.pages);
          k.when(k.not(probing), () => k.writeState('mmapCursor', k.add(start, asked.pages)));
        },
      ),
  );
}

/** A page that had to be free is mapped: only a mere hint may be answered elsewhere. */
function probeFailed(k: Kernel, asked: Request, next: Progress): void {
  const noReplace = k.ne(k.and(k.argument(3), MAP_FIXED_NOREPLACE), 0);
  k.when(
    k.and(asked.isMmap, k.not(noReplace)),
    () => {
      k.set(next.phase, PHASE.search);
      k.set(next.position, k.state('mmapCursor'));
    },
    () =>
      k.set(
        next.result,
        k.firstOf(
          [
            [asked.isBrk, k.state('programBreak')],
            [asked.isMmap, -ERRNO.EEXIST],
          ],
          -ERRNO.ENOMEM,
        ),
      ),
  );
}

/** Nothing found yet: goes on, once more from the start of the window, or gives up. */
function searchOn(k: Kernel, next: Progress, phase: Value, page: Value, run: Value): void {
  k.when(
    k.ltU(page, END_PAGE),
    () => {
      k.set(next.phase, phase);
      k.set(next.position, page);
      k.set(next.length, run);
    },
    () => {
      k.set(next.result, -ERRNO.ENOMEM);
      k.when(k.eq(phase, PHASE.search), () => {
        k.set(next.phase, PHASE.searchAgain);
        k.set(next.position, MMAP_START / PAGE_BYTES);
      });
    },
  );
}

/** Maps, unmaps or zeroes the largest aligned run of pages that the rest of the range begins with. */
function update(k: Kernel, asked: Request, next: Progress, phase: Value): void {
  const page = k.state('callPosition');
  const left = k.state('callLength');
  const alignment = minimum(k, k.ctz(page), k.constant(UPDATE_LOG2));
  const log2Pages = minimum(k, alignment, k.sub(k.constant(63), k.clz(left)));
  const count = k.shl(k.constant(1), log2Pages);
  k.zeroPages(k.shl(page, PAGE_SHIFT), log2Pages);
  k.when(k.ne(phase, PHASE.zero), () => {
    const inWord = minimum(k, count, k.constant(64));
    const bits = k.shl(k.shrU(k.constant(-1), k.sub(k.constant(64), inWord)), k.and(page, 63));
    const maps = k.eq(phase, PHASE.map);
    k.repeat(4, (index) =>
      k.when(k.ltU(k.shl(index, 6), count), () => {
        const address = k.add(bitmapAddress(k, page), k.shl(index, 3));
        const word = k.read(address, 8);
        k.write(address, 8, k.select(maps, k.or(word, bits), k.and(word, k.not(bits))));
      }),
    );
  });
  const rest = k.sub(left, count);
  const end = k.add(page, count);
  k.when(
    k.ne(rest, 0),
    () => {
      k.set(next.phase, phase);
      k.set(next.position, end);
      k.set(next.length, rest);
    },
    () =>
      k.set(
        next.result,
        k.firstOf(
          [
            [asked.isMmap, k.shl(k.sub(end, asked.pages), PAGE_SHIFT)],
            [k.or(asked.isBrk, asked.isMremap), k.argument(0)],
          ],
          0,
        ),
      ),
  );
}

/** Address of the 64-bit word of the bitmap that holds the bit of `page`. */
function bitmapAddress(k: Kernel, page: Value): Value {
  return k.add(k.shl(k.shrU(page, 6), 3), PAGE_BITMAP);
}

function minimum(k: Kernel, a: Value, b: Value): Value {
  return k.select(k.ltU(a, b), a, b);
}

/** brk, munmap, mremap, mmap, madvise. */
export const MEMORY_CALLS: readonly SystemCall[] = Object.entries(NUMBER).map(([name, number]) => ({
  number,
  name,
  meaning: memory,
}));
