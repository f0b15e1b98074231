// The M extension (unprivileged manual, chapter "M"): products, quotients and remainders. Division by zero and overflow are
// those of the operators, which are the manual's.

import type { Builder } from '../../semantics/builder.ts';
import type { Value } from '../../semantics/program.ts';
import type { Row } from '../isa.ts';
import { op, opW } from './base.ts';

type Extension = 'sext' | 'zext';

/** The upper 64 bits of the product of two registers, each extended in its own way. */
const highProduct =
  (extend1: Extension, extend2: Extension) =>
  (h: Builder, a: Value, b: Value): Value =>
    h.trunc(h.shrU(h.mul(h[extend1](a, 128), h[extend2](b, 128)), 64), 64);

/** RV64M. */
export const MULTIPLY: readonly Row[] = [
  op('mul', 0x02000033, (h, a, b) => h.mul(a, b)),
  op('mulh', 0x02001033, highProduct('sext', 'sext')),
  op('mulhsu', 0x02002033, highProduct('sext', 'zext')),
  op('mulhu', 0x02003033, highProduct('zext', 'zext')),
  op('div', 0x02004033, (h, a, b) => h.divS(a, b)),
  op('divu', 0x02005033, (h, a, b) => h.divU(a, b)),
  op('rem', 0x02006033, (h, a, b) => h.remS(a, b)),
  op('remu', 0x02007033, (h, a, b) => h.remU(a, b)),
  opW('mulw', 0x0200003b, (h, a, b) => h.mul(a, b)),
  opW('divw', 0x0200403b, (h, a, b) => h.divS(a, b)),
  opW('divuw', 0x0200503b, (h, a, b) => h.divU(a, b)),
  opW('remw', 0x0200603b, (h, a, b) => h.remS(a, b)),
  opW('remuw', 0x0200703b, (h, a, b) => h.remU(a, b)),
];
