// The A extension (unprivileged manual, chapter "A"): load-reserved, store-conditional, atomic memory operations. One hart,
// so that aq and rl order nothing. An address that is not a multiple of the size is a fault, which comes before the range
// check. The reservation is an address and a width: a store-conditional succeeds iff both are its own, and clears it either
// way; the hart's own stores leave it.

import type { Builder } from '../../semantics/builder.ts';
import type { Register, Value } from '../../semantics/program.ts';
import type { Row } from '../isa.ts';
import { AMO, LR } from './formats.ts';

type AtomicBytes = 4 | 8;

/** The address in rs1, aligned and inside guest memory, else a fault. */
function atomicAddress(h: Builder, rs1: Register, bytes: AtomicBytes, fault: 'loadFault' | 'storeFault'): Value {
  const address = h.x(rs1);
  h.when(h.ne(h.and(address, bytes - 1), 0), () => h.trap('misalignedAtomic'));
  h.when(h.outside(address, bytes), () => h.trap(fault));
  return address;
}

const operandWidth = (bytes: AtomicBytes): 32 | 64 => (bytes === 4 ? 32 : 64);

const loadReserved = (name: string, match: number, bytes: AtomicBytes): Row => ({
  name,
  mask: 0xf9f0707f,
  match,
  format: LR,
  assembly: '{rd},({rs1})',
  meaning: (h, { rd, rs1 }) => {
    const address = atomicAddress(h, rs1, bytes, 'loadFault');
    const value = h.read(address, bytes);
    h.writeState('reservationAddress', address);
    h.writeState('reservationWidth', bytes);
    h.writeX(rd, h.sext(value, 64));
  },
});

/** rd becomes 0 on success, 1 on failure; the range is checked even if it fails, since nothing depends on luck here. */
const storeConditional = (name: string, match: number, bytes: AtomicBytes): Row => ({
  name,
  mask: 0xf800707f,
  match,
  format: AMO,
  assembly: '{rd},{rs2},({rs1})',
  meaning: (h, { rd, rs1, rs2 }) => {
    const address = atomicAddress(h, rs1, bytes, 'storeFault');
    const value = h.trunc(h.x(rs2), operandWidth(bytes));
    const success = h.and(h.eq(h.state('reservationAddress'), address), h.eq(h.state('reservationWidth'), bytes));
    h.when(success, () => h.write(address, bytes, value));
    h.writeState('reservationAddress', 0);
    h.writeState('reservationWidth', 0);
    h.writeX(rd, h.zext(h.not(success), 64));
  },
});

/** Memory becomes f(memory, rs2), rd what memory was: both operands are read before either is written. */
const atomic = (
  name: string,
  match: number,
  bytes: AtomicBytes,
  f: (h: Builder, memory: Value, operand: Value) => Value,
): Row => ({
  name,
  mask: 0xf800707f,
  match,
  format: AMO,
  assembly: '{rd},{rs2},({rs1})',
  meaning: (h, { rd, rs1, rs2 }) => {
    const address = atomicAddress(h, rs1, bytes, 'storeFault');
    const memory = h.read(address, bytes);
    h.write(address, bytes, f(h, memory, h.trunc(h.x(rs2), operandWidth(bytes))));
    h.writeX(rd, h.sext(memory, 64));
  },
});

/** The atomics of one size: funct3 is 2 for words, 3 for doublewords. */
const sized = (suffix: 'w' | 'd', funct3: number, bytes: AtomicBytes): readonly Row[] => [
  loadReserved(`lr.${suffix}`, 0x1000002f | funct3, bytes),
  storeConditional(`sc.${suffix}`, 0x1800002f | funct3, bytes),
  atomic(`amoswap.${suffix}`, 0x0800002f | funct3, bytes, (_, __, b) => b),
  atomic(`amoadd.${suffix}`, 0x0000002f | funct3, bytes, (h, a, b) => h.add(a, b)),
  atomic(`amoxor.${suffix}`, 0x2000002f | funct3, bytes, (h, a, b) => h.xor(a, b)),
  atomic(`amoand.${suffix}`, 0x6000002f | funct3, bytes, (h, a, b) => h.and(a, b)),
  atomic(`amoor.${suffix}`, 0x4000002f | funct3, bytes, (h, a, b) => h.or(a, b)),
  atomic(`amomin.${suffix}`, (0x8000002f | funct3) >>> 0, bytes, (h, a, b) => h.select(h.ltS(a, b), a, b)),
  atomic(`amomax.${suffix}`, (0xa000002f | funct3) >>> 0, bytes, (h, a, b) => h.select(h.ltS(a, b), b, a)),
  atomic(`amominu.${suffix}`, (0xc000002f | funct3) >>> 0, bytes, (h, a, b) => h.select(h.ltU(a, b), a, b)),
  atomic(`amomaxu.${suffix}`, (0xe000002f | funct3) >>> 0, bytes, (h, a, b) => h.select(h.ltU(a, b), b, a)),
];

/** RV64A. */
export const ATOMIC: readonly Row[] = [...sized('w', 0x2000, 4), ...sized('d', 0x3000, 8)];
