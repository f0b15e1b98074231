// Zicsr and the counters (unprivileged manual, chapters "Zicsr" and "Zicntr"). The machine has three CSRs, which are
// read-only: cycle, time, instret. An instruction that would write one is illegal, and so is every other CSR. What is left
// are csrrs, csrrc (with rs1 = x0) and csrrsi, csrrci (with 0), which read and do not write: four encodings of one
// instruction for each counter, that differ in bits 12 and 14. It has the name that the manual gives the first of them.

import type { Builder } from '../../semantics/builder.ts';
import type { Value } from '../../semantics/program.ts';
import { nanoseconds } from '../../semantics/time.ts';
import type { Row } from '../isa.ts';
import { COUNTER } from './formats.ts';

/** CSR number, funct3 = x1x, rs1 = x0, opcode. */
const COUNTER_MASK = 0xffffa07f;

const counter = (name: string, csr: number, read: (h: Builder) => Value): Row => ({
  name,
  mask: COUNTER_MASK,
  match: ((csr << 20) | 0x2073) >>> 0,
  format: COUNTER,
  assembly: '{rd}',
  meaning: (h, { rd }) => h.writeX(rd, read(h)),
});

/** A step is a cycle, an instruction retired, and a nanosecond. A counter gives the steps before this one. */
export const COUNTERS: readonly Row[] = [
  counter('rdcycle', 0xc00, (h) => h.state('step')),
  counter('rdtime', 0xc01, (h) => nanoseconds(h)),
  counter('rdinstret', 0xc02, (h) => h.state('step')),
];
