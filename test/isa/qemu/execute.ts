// Executes a draw in qemu and writes down what changed, as the line of a vector.
import { type Decoded, decode } from '../../../src/isa/decode.ts';
import { RV64 } from '../../../src/isa/riscv/rv64.ts';
import { BOX, defaultRegister } from '../vectors.ts';
import { CODE, CODE_BYTES, type Draw, SCRATCH, SCRATCH_DATA, SEGMENTS } from './draw.ts';
import { GDB_SIGNAL } from './gdb.ts';
import { type FloatRegisters, QemuGuest, type Registers } from './guest.ts';

/** Instructions of our own, at SCRATCH: with the address in x5 and the value in x6. */
const HELPERS = {
  'sb x6,0(x5)': 0x00628023,
  'sd x6,0(x5)': 0x0062b023,
  'lr.w x7,(x5)': 0x1002a3af,
  'lr.d x7,(x5)': 0x1002b3af,
  'sc.w x7,x6,(x5)': 0x1862a3af,
} as const;

const NO_FLOATS: FloatRegisters = { f: [], fcsr: 0n };

/** Bytes on either side of code and data in which a change would be noticed. */
const MARGIN = 40;

/** A guest in which draws can be executed. */
export function startGuest(): Promise<QemuGuest> {
  const helpers = new Uint8Array(Uint32Array.from(Object.values(HELPERS)).buffer);
  const segments = SEGMENTS.map((each) => (each.address === SCRATCH ? { ...each, bytes: helpers } : each));
  return QemuGuest.start(segments, BigInt(SCRATCH));
}

async function help(guest: QemuGuest, helper: keyof typeof HELPERS, address: number, value = 0n): Promise<void> {
  const x = Array.from({ length: 32 }, (_, i) => (i === 5 ? BigInt(address) : i === 6 ? value : 0n));
  await guest.setRegisters({ x, pc: BigInt(SCRATCH + 4 * Object.keys(HELPERS).indexOf(helper)) });
  await guest.step();
}

/** Writes memory. qemu refuses a debugger's writes to pages from which it has executed, so there the guest itself writes. */
async function write(guest: QemuGuest, address: number, bytes: Uint8Array): Promise<void> {
  if (address < CODE || address >= CODE + CODE_BYTES) return guest.write(address, bytes);
  let done = 0;
  for (; done + 8 <= bytes.length; done += 8)
    await help(guest, 'sd x6,0(x5)', address + done, Buffer.from(bytes).readBigUInt64LE(done));
  for (; done < bytes.length; done++) await help(guest, 'sb x6,0(x5)', address + done, BigInt(bytes[done] ?? 0));
}

/** The line of the vector that begins with this draw, or undefined if it is one that qemu cannot judge. */
export async function execute(guest: QemuGuest, draw: Draw): Promise<string | undefined> {
  const { word, length, pc } = draw;
  const decoded = decode(RV64, word, length);
  if (!decoded) throw new Error(`a draw is no instruction: ${word.toString(16)}`);
  // A store-conditional without its reservation does not access memory in qemu, so that nothing faults; in ours it does.
  if (decoded.row.name.startsWith('sc.') && (!draw.data || draw.data.address % draw.data.bytes !== 0)) return undefined;
  const pieces = [{ address: pc, bytes: bytesOf(word, length) }, ...draw.memory];
  for (const { address, bytes } of pieces) await write(guest, address, bytes);
  await setReservation(guest, draw);
  const x = Array.from({ length: 32 }, (_, i) => draw.x.get(i) ?? (i === 0 ? 0n : defaultRegister(i)));
  await guest.setRegisters({ x, pc: BigInt(pc) });
  const floats = draw.float && {
    f: Array.from({ length: 32 }, (_, i) => draw.float?.f.get(i) ?? defaultRegister(i)),
    fcsr: draw.float.fcsr,
  };
  if (floats) await guest.setFloatRegisters(floats);
  const ranges = watched(draw);
  const before = await readAll(guest, ranges);
  const stop = await guest.step();
  if (stop.kind !== 'signal') throw new Error(`qemu exited on ${word.toString(16)}`);
  const after = await guest.registers();
  const floatsAfter = floats && (await guest.floatRegisters());
  const afterwards = await readAll(guest, ranges);
  const changed = differences(ranges, before, afterwards);
  const trap = trapOf(stop.signal, decoded, after, pc);
  for (const [i, { address }] of ranges.entries()) await clear(guest, address, afterwards[i] ?? new Uint8Array());
  const registersBefore = { x, ...(floats ?? NO_FLOATS) };
  return line(draw, decoded, registersBefore, { ...after, ...(floatsAfter ?? NO_FLOATS) }, changed, trap);
}

/** Zeroes what is not zero. */
async function clear(guest: QemuGuest, address: number, bytes: Uint8Array): Promise<void> {
  const first = bytes.findIndex((byte) => byte !== 0);
  if (first < 0) return;
  await write(guest, address + first, new Uint8Array(bytes.findLastIndex((byte) => byte !== 0) - first + 1));
}

/** Makes the reservation of a store-conditional by a load-reserved, after clearing any by a store-conditional elsewhere. */
async function setReservation(guest: QemuGuest, { reservation, word, length }: Draw): Promise<void> {
  if (!decode(RV64, word, length)?.row.name.startsWith('sc.')) return;
  await help(guest, 'sc.w x7,x6,(x5)', SCRATCH_DATA);
  await guest.write(SCRATCH_DATA, new Uint8Array(8));
  if (reservation) await help(guest, reservation.width === 4 ? 'lr.w x7,(x5)' : 'lr.d x7,(x5)', reservation.address);
}

interface Range {
  readonly address: number;
  readonly length: number;
}

/** The surroundings of the code and of the data, inside the segments. */
function watched({ pc, length, data, reservation }: Draw): readonly Range[] {
  const around = (address: number, bytes: number): Range => {
    const segment = SEGMENTS.find((each) => address >= each.address && address < each.address + each.memoryBytes);
    if (!segment) throw new Error(`no segment at ${address.toString(16)}`);
    const start = Math.max(address - MARGIN, segment.address);
    return {
      address: start,
      length: Math.min(address + bytes + MARGIN, segment.address + segment.memoryBytes) - start,
    };
  };
  const ranges = [around(pc, length)];
  if (data) ranges.push(around(data.address, data.bytes));
  if (reservation) ranges.push(around(reservation.address, reservation.width));
  return ranges;
}

async function readAll(guest: QemuGuest, ranges: readonly Range[]): Promise<Uint8Array[]> {
  const contents: Uint8Array[] = [];
  for (const { address, length } of ranges) contents.push(await guest.read(address, length));
  return contents;
}

/** The changed bytes, as one piece from the first to the last. */
function differences(ranges: readonly Range[], before: readonly Uint8Array[], after: readonly Uint8Array[]) {
  const changed = new Map<number, number>();
  for (const [i, { address }] of ranges.entries())
    for (const [j, byte] of after[i]!.entries()) if (byte !== before[i]![j]) changed.set(address + j, byte);
  if (changed.size === 0) return undefined;
  const [first, last] = [Math.min(...changed.keys()), Math.max(...changed.keys())];
  const range = ranges.findIndex(({ address, length }) => first >= address && last < address + length);
  const offset = first - ranges[range]!.address;
  return { address: first, bytes: after[range]!.slice(offset, offset + last - first + 1) };
}

function trapOf(signal: number, decoded: Decoded, after: Registers, pc: number): string | undefined {
  const { name } = decoded.row;
  if (signal === GDB_SIGNAL.trap) return name === 'ebreak' && after.pc === BigInt(pc) ? 'breakpoint' : undefined;
  if (signal === GDB_SIGNAL.bus) return 'misalignedAtomic';
  if (signal === GDB_SIGNAL.ill) return 'illegalInstruction';
  if (signal === GDB_SIGNAL.segv) return /^f?l[bhwdr]/.test(name) ? 'loadFault' : 'storeFault';
  throw new Error(`qemu stopped with signal ${signal} on ${name}`);
}

function line(
  draw: Draw,
  decoded: Decoded,
  before: Omit<Registers, 'pc'> & FloatRegisters,
  after: Registers & FloatRegisters,
  changed: { address: number; bytes: Uint8Array } | undefined,
  trap: string | undefined,
): string {
  const { word, length, pc, reservation } = draw;
  const tokens = [`${word.toString(16).padStart(2 * length, '0')}@${pc.toString(16)}`];
  for (const [number, value] of draw.x) tokens.push(`x${number}=${hex(value)}`);
  for (const [number, value] of draw.float?.f ?? []) tokens.push(`f${number}=${float(value)}`);
  if (before.fcsr !== 0n) tokens.push(`fcsr=${hex(before.fcsr)}`);
  for (const piece of draw.memory) tokens.push(memory(piece));
  if (reservation) tokens.push(`r=${reservation.address.toString(16)}/${reservation.width}`);
  tokens.push('>');
  for (const [number, value] of after.x.entries())
    if (value !== before.x[number]) tokens.push(`x${number}=${hex(value)}`);
  for (const [number, value] of after.f.entries())
    if (value !== before.f[number]) tokens.push(`f${number}=${float(value)}`);
  if (after.fcsr !== before.fcsr) tokens.push(`fcsr=${hex(after.fcsr)}`);
  if (changed) tokens.push(memory(changed));
  // qemu does not show its reservation: what the manual says.
  if (decoded.row.name.startsWith('lr.') && trap === undefined)
    tokens.push(`r=${hex(before.x[Number(decoded.fields['rs1'])] ?? 0n)}/${draw.data?.bytes}`);
  if (decoded.row.name.startsWith('sc.') && trap === undefined && reservation) tokens.push('r=0/0');
  if (after.pc !== BigInt(trap ? pc : pc + length)) tokens.push(`pc=${hex(after.pc)}`);
  if (trap) tokens.push(`trap=${trap}`);
  return tokens.join(' ');
}

const memory = ({ address, bytes }: { address: number; bytes: Uint8Array }): string =>
  `[${address.toString(16)}]=${Buffer.from(bytes).toString('hex')}`;

/** A single-precision number shows as its 32 bits. */
const float = (value: bigint): string => ((value & BOX) === BOX ? `s${(value & ~BOX).toString(16)}` : hex(value));

function hex(value: bigint): string {
  const signed = BigInt.asIntN(64, value).toString(16);
  const unsigned = value.toString(16);
  return signed.length < unsigned.length ? signed : unsigned;
}

function bytesOf(word: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => word >>> (8 * i));
}
