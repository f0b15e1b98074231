// A machine of ours and qemu, side by side: qemu starts from an image of the machine's memory, at any step of its run, and
// both execute the same instructions. System calls and counters are ours alone: what they change is copied into qemu.
import assert from 'node:assert/strict';
import { bytesToHex } from '../../../src/bytes.ts';
import { rowProgram } from '../../../src/engine/profile.ts';
import { decode } from '../../../src/isa/decode.ts';
import { disassemble } from '../../../src/isa/disassemble.ts';
import { RV64 } from '../../../src/isa/riscv/rv64.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { STATUS } from '../../../src/semantics/layout.ts';
import { GDB_SIGNAL } from './gdb.ts';
import { type FloatRegisters, QemuGuest, type Registers, type Segment } from './guest.ts';

const PAGE_BYTES = 4096;
const FIRST_KERNEL_PAGE = 0xf0000;

/** Memory that a program may touch first after qemu has started: start and size in bytes, whole pages. */
export type Region = readonly [address: number, bytes: number];

/** Something that executes one step of the machine. */
export type Step = () => void;

/** The registers of the machine. */
export function registersOf(machine: Machine): Registers {
  return { x: Array.from({ length: 32 }, (_, i) => machine.x(i)), pc: machine.get('pc') };
}

/** The floating-point registers of the machine. */
export function floatRegistersOf(machine: Machine): FloatRegisters {
  return { f: Array.from({ length: 32 }, (_, i) => machine.f(i)), fcsr: machine.get('fcsr') };
}

/** qemu with the machine's memory and registers. */
export async function qemuOf(machine: Machine, regions: readonly Region[]): Promise<QemuGuest> {
  const registers = registersOf(machine);
  const guest = await QemuGuest.start(segmentsOf(machine, regions), registers.pc);
  await guest.setRegisters(registers);
  await guest.setFloatRegisters(floatRegistersOf(machine));
  return guest;
}

/**
 * Executes up to `steps` steps of the machine by `step` and in qemu, comparing all registers after each (those of
 * floating point where the instruction may change one), and at the end the memory that was written.
 * Returns the steps executed: fewer if the machine halts.
 */
export async function lockstep(
  machine: Machine,
  step: Step,
  steps: number,
  regions: readonly Region[],
): Promise<number> {
  const guest = await qemuOf(machine, regions);
  try {
    let done = 0;
    const written = new Set<number>();
    const collect = (): Uint32Array => {
      const pages = machine.takeDirtyPages().filter((page) => page < FIRST_KERNEL_PAGE);
      for (const page of pages) written.add(page);
      return pages;
    };
    machine.takeDirtyPages();
    for (; done < steps && machine.get('status') === BigInt(STATUS.running); done++) {
      const pc = Number(machine.get('pc'));
      const word = machine.view.getUint32(pc, true);
      const length = (word & 3) === 3 ? 4 : 2;
      const row = decode(RV64, word, length)?.row;
      if (row?.systemCall || row?.name.startsWith('rd')) {
        collect();
        step();
        await guest.setRegisters(registersOf(machine));
        for (const page of collect()) await guest.write(page * PAGE_BYTES, machine.page(page));
      } else {
        step();
        const stop = await guest.step();
        const text = disassemble(RV64, word, length, BigInt(pc));
        assert.deepEqual(stop, { kind: 'signal', signal: GDB_SIGNAL.trap }, `qemu at ${pc.toString(16)}: ${text}`);
        assert.deepEqual(await guest.registers(), registersOf(machine), `after ${pc.toString(16)}: ${text}`);
        if (row && rowProgram(row).opens.has('fp'))
          assert.deepEqual(
            await guest.floatRegisters(),
            floatRegistersOf(machine),
            `after ${pc.toString(16)}: ${text}`,
          );
      }
    }
    collect();
    await compareMemory(machine, guest, written);
    return done;
  } finally {
    guest.close();
  }
}

/** Every byte of these pages of the machine's memory, by default of all, is what qemu has there. */
export async function compareMemory(
  machine: Machine,
  guest: QemuGuest,
  pages: Iterable<number> = guestPages(machine),
): Promise<void> {
  for (const page of pages) {
    const theirs = await guest.read(page * PAGE_BYTES, PAGE_BYTES);
    assert.equal(bytesToHex(machine.page(page)), bytesToHex(theirs), `page ${page.toString(16)}`);
  }
}

function guestPages(machine: Machine): number[] {
  return [...machine.presentPages()].filter((page) => page < FIRST_KERNEL_PAGE);
}

/** The machine's pages, and zero pages in the regions, as runs of neighbours. */
function segmentsOf(machine: Machine, regions: readonly Region[]): Segment[] {
  const present = new Set(guestPages(machine));
  const pages = new Set(present);
  for (const [address, bytes] of regions)
    for (let page = address / PAGE_BYTES; page < (address + bytes) / PAGE_BYTES; page++) pages.add(page);
  const runs: { first: number; count: number; filled: number }[] = [];
  for (const page of [...pages].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    // A run is pages with content and then pages of zeros: content after zeros begins the next.
    const joins = last && page === last.first + last.count && (!present.has(page) || last.filled === last.count);
    const run = joins ? last : { first: page, count: 0, filled: 0 };
    if (!joins) runs.push(run);
    run.count++;
    if (present.has(page)) run.filled++;
  }
  return runs.map(({ first, count, filled }) => ({
    address: first * PAGE_BYTES,
    bytes: machine.bytes.slice(first * PAGE_BYTES, (first + filled) * PAGE_BYTES),
    memoryBytes: count * PAGE_BYTES,
  }));
}
