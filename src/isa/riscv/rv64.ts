// The instruction set of the machine `rv64`: RV64GC: IMAFDC, Zicsr with the counters, Zifencei.

import { checkIsa } from '../check.ts';
import type { Isa } from '../isa.ts';
import { ATOMIC } from './atomic.ts';
import { BASE } from './base.ts';
import { COMPRESSED } from './compressed.ts';
import { COUNTERS } from './csr.ts';
import { FLOAT_CONTROL } from './float/control.ts';
import { FLOAT } from './float/rows.ts';
import { MULTIPLY } from './multiply.ts';

/** Names of the registers in the calling convention (psABI), x0 to x31 and f0 to f31. */
const NAMES = {
  x: 'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(' '),
  f: 'ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11'.split(
    ' ',
  ),
};

/** RV64GC with Zicntr, checked when this module is loaded. */
export const RV64: Isa = checkIsa({
  name: 'rv64',
  version: 1,
  rows: [...BASE, ...MULTIPLY, ...ATOMIC, ...COUNTERS, ...FLOAT, ...FLOAT_CONTROL],
  compressed: COMPRESSED,
  registerNames: NAMES,
});
