// The floating-point control and status register (unprivileged manual, chapter "F"): fflags (CSR 1, the exception flags), frm
// (CSR 2, the rounding mode), fcsr (CSR 3, both), each read and written by the six CSR instructions.

import type { Builder } from '../../../semantics/builder.ts';
import type { Value } from '../../../semantics/program.ts';
import type { Row } from '../../isa.ts';
import { CSR, CSRI } from '../formats.ts';

/** CSR number, name, lowest bit and number of bits in fcsr. */
const REGISTERS = [
  [1, 'fflags', 0, 5],
  [2, 'frm', 5, 3],
  [3, 'fcsr', 0, 8],
] as const;

type Update = (h: Builder, old: Value, operand: Value) => Value;

/** Mnemonic, funct3 of the register form (the immediate form has bit 2 set), new value. */
const OPERATIONS: readonly (readonly [string, number, Update])[] = [
  ['csrrw', 1, (_, __, operand) => operand],
  ['csrrs', 2, (h, old, operand) => h.or(old, operand)],
  ['csrrc', 3, (h, old, operand) => h.and(old, h.not(operand))],
];

const CSR_MASK = 0xfff0707f;

/** The CSR instructions on fflags, frm and fcsr. Bits that a register does not have read 0 and ignore writes. */
export const FLOAT_CONTROL: readonly Row[] = REGISTERS.flatMap(([number, csr, low, bits]) => {
  const ones = (1n << BigInt(bits)) - 1n;
  const access = (h: Builder, rd: Parameters<Builder['writeX']>[0], operand: Value, update: Update): void => {
    const state = h.state('fcsr');
    const old = h.and(h.shrU(state, low), ones);
    const fresh = h.and(update(h, old, operand), ones);
    h.writeX(rd, old);
    h.writeState('fcsr', h.or(h.and(state, 0xffn & ~(ones << BigInt(low))), h.shl(fresh, low)));
  };
  return OPERATIONS.flatMap(([name, funct3, update]): Row[] => [
    {
      name: `${name}.${csr}`,
      mnemonic: name,
      mask: CSR_MASK,
      match: (number << 20) | (funct3 << 12) | 0x73,
      format: CSR,
      assembly: `{rd},${csr},{rs1}`,
      meaning: (h, { rd, rs1 }) => access(h, rd, h.x(rs1), update),
    },
    {
      name: `${name}i.${csr}`,
      mnemonic: `${name}i`,
      mask: CSR_MASK,
      match: (number << 20) | ((funct3 | 4) << 12) | 0x73,
      format: CSRI,
      assembly: `{rd},${csr},{uimm}`,
      meaning: (h, { rd, uimm }) => access(h, rd, uimm, update),
    },
  ]);
});
