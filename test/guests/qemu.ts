// Runs a guest under qemu-riscv64, which knows nothing of OMO, with a small preimage server at the descriptors of the
// fault-proof VM convention: an independent witness of the guests, and of our own machine when both run the same file.
import { spawn, spawnSync } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import type { Host } from '../../src/environment/host.ts';

const QEMU = 'qemu-riscv64';

/** Why tests that need qemu are skipped, or false where it is installed. */
export const QEMU_MISSING: string | false = spawnSync(QEMU, ['--version']).error
  ? `${QEMU} is not installed (Debian package qemu-user)`
  : false;

/** How a guest ended. */
export interface QemuRun {
  readonly exitCode: number | null;
  readonly text: string;
  /** What it wrote to descriptor 7. */
  readonly output: Buffer;
  readonly hints: readonly string[];
  /** Keys that it asked for. */
  readonly keys: readonly string[];
}

/** Runs an ELF file to its end. A key without preimage closes the channel, as a preimage server that gives up would. */
export function runUnderQemu(elf: string, args: readonly string[], host?: Host): Promise<QemuRun> {
  const pipes = Array(5).fill('pipe') as 'pipe'[];
  const child = spawn(QEMU, [elf, ...args], { stdio: ['ignore', 'pipe', 'inherit', ...pipes] });
  const [, stdout, , hintReply, hint, preimageReply, key, outputPipe] = child.stdio as unknown as Duplex[];
  const hints: string[] = [];
  const keys: string[] = [];
  serve(hint as Duplex, (bytes) => {
    if (bytes.length < 4 || bytes.length < 4 + bytes.readUInt32BE(0)) return 0;
    const end = 4 + bytes.readUInt32BE(0);
    hints.push(bytes.toString('utf8', 4, end));
    hintReply?.write(Buffer.alloc(1));
    return end;
  });
  serve(key as Duplex, (bytes) => {
    if (bytes.length < 32) return 0;
    keys.push(bytes.toString('hex', 0, 32));
    const preimage = host?.preimage(bytes.subarray(0, 32));
    if (!preimage) {
      for (const pipe of [preimageReply, key]) pipe?.destroy();
      return bytes.length;
    }
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(preimage.length));
    preimageReply?.write(Buffer.concat([length, preimage]));
    return 32;
  });
  for (const pipe of [hintReply, preimageReply]) pipe?.on('error', () => {});
  const [text, output] = [collect(stdout as Readable), collect(outputPipe as Readable)];
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, text: text().toString(), output: output(), hints, keys }));
  });
}

/** Hands what arrived to `take` until it needs more; it returns how many bytes it took. */
function serve(pipe: Duplex, take: (bytes: Buffer) => number): void {
  let pending: Buffer = Buffer.alloc(0);
  pipe.on('error', () => {});
  pipe.on('data', (data: Buffer) => {
    pending = Buffer.concat([pending, data]);
    for (let taken = take(pending); taken > 0; taken = take(pending)) pending = pending.subarray(taken);
  });
}

function collect(stream: Readable): () => Buffer {
  const parts: Buffer[] = [];
  stream.on('data', (data: Buffer) => parts.push(data));
  return () => Buffer.concat(parts);
}
