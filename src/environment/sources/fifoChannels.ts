// The four pipes of a preimage server, used synchronously: whatever is below src/chain waits for its data where it needs
// them. Node makes no blocking pipes to a child, so they are named pipes in a folder that is gone before the child
// starts to use them. Our ends do not block: a wait is many short sleeps, whose sum is bounded.

import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';

const FIRST_WAIT_MILLISECONDS = 0.05;
const LONGEST_WAIT_MILLISECONDS = 5;

/** One direction of a channel: our end and the child's, as file descriptors. */
interface Pipe {
  readonly ours: number;
  readonly child: number;
}

/** The pipes of a preimage server; `to` and `from` are seen from here. */
export interface FifoChannels {
  readonly hintTo: Pipe;
  readonly hintFrom: Pipe;
  readonly preimageTo: Pipe;
  readonly preimageFrom: Pipe;
}

/** Makes the four pipes. Throws an InputError (`SOURCE_PIPES`) where the system has no named pipes. */
export function openChannels(): FifoChannels {
  const folder = mkdtempSync(join(tmpdir(), 'omo-'));
  try {
    const paths = ['hintTo', 'hintFrom', 'preimageTo', 'preimageFrom'].map((name) => join(folder, name));
    const { status, error, stderr } = spawnSync('mkfifo', ['-m', '600', ...paths]);
    if (status !== 0)
      throw new InputError('SOURCE_PIPES', `pipes for a preimage server cannot be made: ${error?.message ?? stderr}`);
    const [hintTo = '', hintFrom = '', preimageTo = '', preimageFrom = ''] = paths;
    return {
      hintTo: openPipe(hintTo, 'write'),
      hintFrom: openPipe(hintFrom, 'read'),
      preimageTo: openPipe(preimageTo, 'write'),
      preimageFrom: openPipe(preimageFrom, 'read'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Opening one end of a named pipe waits for the other, unless a third descriptor already has both. */
function openPipe(path: string, ourUse: 'read' | 'write'): Pipe {
  const both = openSync(path, constants.O_RDWR);
  const [ourMode, childMode] =
    ourUse === 'read' ? [constants.O_RDONLY, constants.O_WRONLY] : [constants.O_WRONLY, constants.O_RDONLY];
  const pipe = { ours: openSync(path, ourMode | constants.O_NONBLOCK), child: openSync(path, childMode) };
  closeSync(both);
  return pipe;
}

/** Why a transfer ended before its time. */
export type Interruption = 'ended' | 'timeout';

/** The waiting that one request may do, all its transfers together. */
export class Patience {
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));
  #leftMilliseconds: number;
  #waitMilliseconds = FIRST_WAIT_MILLISECONDS;

  constructor(timeoutSeconds: number) {
    this.#leftMilliseconds = 1000 * timeoutSeconds;
  }

  /** Sleeps a little; false once the time is used up. */
  wait(): boolean {
    if (this.#leftMilliseconds <= 0) return false;
    Atomics.wait(this.#cell, 0, 0, this.#waitMilliseconds);
    this.#leftMilliseconds -= this.#waitMilliseconds;
    this.#waitMilliseconds = Math.min(2 * this.#waitMilliseconds, LONGEST_WAIT_MILLISECONDS);
    return true;
  }
}

/** Fills `target` from a pipe, or says why not. */
export function readFully(fd: number, target: Uint8Array, patience: Patience): Interruption | undefined {
  return transfer(target.length, patience, (at) => {
    const count = readSync(fd, target, at, target.length - at, null);
    return count === 0 ? 'ended' : count;
  });
}

/** Writes all of `data` to a pipe, or says why not. */
export function writeFully(fd: number, data: Uint8Array, patience: Patience): Interruption | undefined {
  return transfer(data.length, patience, (at) => writeSync(fd, data, at, data.length - at));
}

function transfer(
  length: number,
  patience: Patience,
  move: (at: number) => number | 'ended',
): Interruption | undefined {
  for (let at = 0; at < length; ) {
    try {
      const moved = move(at);
      if (moved === 'ended') return 'ended';
      at += moved;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'EPIPE') return 'ended';
      if (code !== 'EAGAIN') throw error;
      if (!patience.wait()) return 'timeout';
    }
  }
  return undefined;
}
