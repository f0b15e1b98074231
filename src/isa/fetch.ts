// How a step begins: the fetch, in the same semantics as the instructions. Two bytes, then two more if the first say that
// the instruction has 32 bits: the order in which the leaves are read is consensus.

import { Builder } from '../semantics/builder.ts';
import type { Program } from '../semantics/program.ts';

function fetch(h: Builder): void {
  const pc = h.pc();
  h.when(h.eq(h.and(pc, 1), 1), () => h.trap('misalignedPc'));
  h.when(h.outside(pc, 2), () => h.trap('fetchFault'));
  const low = h.zext(h.read(pc, 2), 32);
  h.when(
    h.ne(h.and(low, 3), 3),
    () => h.execute(low, h.constant(2)),
    () => {
      h.when(h.outside(pc, 4), () => h.trap('fetchFault'));
      const high = h.zext(h.read(h.add(pc, 2), 2), 32);
      h.execute(h.or(h.shl(high, 16), low), h.constant(4));
    },
  );
}

/** The program of the fetch. It ends with `execute`, or with a trap. */
export const FETCH: Program = (() => {
  const h = new Builder();
  fetch(h);
  return h.finish();
})();
