// A guest in qemu-riscv64, stopped before each instruction: built from an image of memory, so that every address is ours.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { GdbClient, type GdbStop } from './gdb.ts';

/** A piece of memory, page-aligned: its bytes, followed by zeros to `memoryBytes`. */
export interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly memoryBytes: number;
}

/** x0 to x31 and pc. */
export interface Registers {
  readonly x: readonly bigint[];
  readonly pc: bigint;
}

/** f0 to f31 and fcsr. */
export interface FloatRegisters {
  readonly f: readonly bigint[];
  readonly fcsr: bigint;
}

/** False, or why tests with qemu are skipped. */
export const SKIP_QEMU: string | false =
  spawnSync('qemu-riscv64', ['--version']).status === 0
    ? false
    : 'qemu-riscv64 is not installed (apt-get install qemu-user)';

/** First line of `qemu-riscv64 --version`. */
export function qemuVersion(): string {
  return spawnSync('qemu-riscv64', ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0] ?? '';
}

const REGISTER_COUNT = 33;
/** f0 to f31 follow x0 to x31 and pc. */
const FIRST_FLOAT = 33;
const CONNECT_ATTEMPTS = 500;
/** Bytes of memory in one packet: qemu's have at most 4096 characters. */
const PACKET_BYTES = 1024;

export class QemuGuest {
  readonly #process: ChildProcess;
  readonly #gdb: GdbClient;
  readonly #folder: string;
  /** Numbers of the registers that the target describes, once they were asked for. */
  #numbers: ReadonlyMap<string, number> | undefined;
  /** Each of the floating-point registers and fcsr as it was last seen or set. */
  #floats: readonly bigint[] = [];

  private constructor(process: ChildProcess, gdb: GdbClient, folder: string) {
    this.#process = process;
    this.#gdb = gdb;
    this.#folder = folder;
  }

  /** Starts qemu on a program of these segments, stopped at `entry`. */
  static async start(segments: readonly Segment[], entry: bigint): Promise<QemuGuest> {
    const folder = mkdtempSync(join(tmpdir(), 'omo-qemu-'));
    const [program, socket] = [join(folder, 'program'), join(folder, 'gdb')];
    writeFileSync(program, elf(segments, entry), { mode: 0o755 });
    const process = spawn('qemu-riscv64', ['-cpu', 'rv64', '-g', socket, program], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    process.stderr.on('data', (data) => {
      complaint += String(data);
    });
    // The socket is there a moment before qemu listens on it.
    for (let attempt = 1; ; attempt++)
      try {
        return new QemuGuest(process, await GdbClient.connect(socket), folder);
      } catch (error) {
        if (attempt < CONNECT_ATTEMPTS && process.exitCode === null) {
          await setTimeout(10);
          continue;
        }
        process.kill('SIGKILL');
        rmSync(folder, { recursive: true });
        throw new Error(`qemu-riscv64 does not answer: ${complaint}`, { cause: error });
      }
  }

  async registers(): Promise<Registers> {
    const words = new BigUint64Array((await this.#gdb.registers()).slice(0, 8 * REGISTER_COUNT).buffer);
    return { x: [...words.slice(0, 32)], pc: words[32] ?? 0n };
  }

  async setRegisters({ x, pc }: Registers): Promise<void> {
    await this.#gdb.setRegisters(new Uint8Array(new BigUint64Array([...x, pc]).buffer));
  }

  async floatRegisters(): Promise<FloatRegisters> {
    const values: bigint[] = [];
    for (const number of await this.#floatNumbers()) values.push(await this.#gdb.register(number));
    this.#floats = values;
    return { f: values.slice(0, 32), fcsr: values[32] ?? 0n };
  }

  /** Sets those that are not what was last seen or set: nobody else may have changed them since. */
  async setFloatRegisters({ f, fcsr }: FloatRegisters): Promise<void> {
    const values = [...f, fcsr];
    for (const [i, number] of (await this.#floatNumbers()).entries())
      if (values[i] !== this.#floats[i]) await this.#gdb.setRegister(number, values[i] ?? 0n);
    this.#floats = values;
  }

  async #floatNumbers(): Promise<readonly number[]> {
    this.#numbers ??= await this.#gdb.registerNumbers();
    const fcsr = this.#numbers.get('fcsr');
    if (fcsr === undefined) throw new Error('the GDB stub of qemu describes no register fcsr');
    return [...Array.from({ length: 32 }, (_, i) => FIRST_FLOAT + i), fcsr];
  }

  async read(address: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; done += PACKET_BYTES)
      bytes.set(await this.#gdb.read(address + done, Math.min(PACKET_BYTES, length - done)), done);
    return bytes;
  }

  async write(address: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; done += PACKET_BYTES)
      await this.#gdb.write(address + done, bytes.subarray(done, done + PACKET_BYTES));
  }

  /** Executes one instruction. */
  step(): Promise<GdbStop> {
    return this.#gdb.step();
  }

  /** Runs until the instruction at `address` is next. */
  runTo(address: number): Promise<GdbStop> {
    return this.#gdb.runTo(address);
  }

  /** Ends qemu. */
  close(): void {
    this.#gdb.close();
    this.#process.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true });
  }
}

const PAGE = 4096;
const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;

/** A static RISC-V executable of writable, executable segments. */
function elf(segments: readonly Segment[], entry: bigint): Uint8Array {
  const offsets: number[] = [];
  let size = PAGE * Math.ceil((ELF_HEADER + PROGRAM_HEADER * segments.length) / PAGE);
  for (const { bytes } of segments) {
    offsets.push(size);
    size += PAGE * Math.ceil(bytes.length / PAGE);
  }
  const file = Buffer.alloc(size);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  file.writeUInt16LE(2, 16); // executable
  file.writeUInt16LE(243, 18); // RISC-V
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(entry, 24);
  file.writeBigUInt64LE(BigInt(ELF_HEADER), 32);
  file.writeUInt32LE(1, 48); // compressed instructions, soft-float ABI
  file.writeUInt16LE(ELF_HEADER, 52);
  file.writeUInt16LE(PROGRAM_HEADER, 54);
  file.writeUInt16LE(segments.length, 56);
  for (const [i, { address, bytes, memoryBytes }] of segments.entries()) {
    const at = ELF_HEADER + PROGRAM_HEADER * i;
    const offset = offsets[i] ?? 0;
    file.writeUInt32LE(1, at); // load
    file.writeUInt32LE(7, at + 4); // read, write, execute
    const words = [offset, address, address, bytes.length, Math.max(memoryBytes, bytes.length), PAGE];
    for (const [j, word] of words.entries()) file.writeBigUInt64LE(BigInt(word), at + 8 + 8 * j);
    file.set(bytes, offset);
  }
  return file;
}
