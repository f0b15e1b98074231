// Preimages out of a child process: a preimage server of the fault-proof VM convention, such as those that fault-proof
// programs bring along. The child finds its ends of the channels at the descriptors that the program itself would use:
//   3 reads hints (4-byte big-endian length, then the hint), 4 writes one byte for each hint taken
//   5 reads keys (32 bytes), 6 writes preimages (8-byte big-endian length, then the bytes)
// The convention has no word for "I do not have it": a server that cannot answer ends, or never answers.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { bytesToHex, concat, readU64BE, writeU32BE } from '../../bytes.ts';
import { InputError } from '../../errors.ts';
import type { PreimageSource } from '../host.ts';
import { PREIMAGE_BYTES_MAX } from '../preimageKey.ts';
import { type FifoChannels, type Interruption, openChannels, Patience, readFully, writeFully } from './fifoChannels.ts';

/** How long one answer may take, unless told otherwise. */
export const ANSWER_TIMEOUT_SECONDS = 120;

/**
 * A source that starts `command` in a shell and asks it. Its output goes to our standard error. Throws an InputError:
 * `SOURCE_START` at once if no shell starts; later, from `preimage` and `hint`, `SOURCE_ENDED` if the process ended,
 * `SOURCE_TIMEOUT` if it did not answer in time, `PREIMAGE_TOO_LARGE` if it announces more than it may.
 */
export function processSource(command: string, timeoutSeconds: number = ANSWER_TIMEOUT_SECONDS): PreimageSource {
  const channels = openChannels();
  const { hintTo, hintFrom, preimageTo, preimageFrom } = channels;
  const child = start(command, channels);
  const ours = [hintTo.ours, hintFrom.ours, preimageTo.ours, preimageFrom.ours];
  const name = `preimage command "${command}"`;
  let broken: InputError | undefined;

  /** After a failure the channels are out of step, so the first error is the answer to everything that follows. */
  const breaks = (code: string, message: string) => {
    broken = new InputError(code, `${name}: ${message}`, {
      hint: 'Run the command by itself to see what it says; it must serve hints on 3 and 4, preimages on 5 and 6.',
    });
    return broken;
  };
  const must = (interruption: Interruption | undefined, what: string) => {
    if (interruption === 'ended') throw breaks('SOURCE_ENDED', `ended when asked for ${what}`);
    if (interruption === 'timeout') throw breaks('SOURCE_TIMEOUT', `no answer in ${timeoutSeconds} s to ${what}`);
  };
  const ask = <T>(exchange: (patience: Patience) => T): T => {
    if (broken) throw broken;
    return exchange(new Patience(timeoutSeconds));
  };

  return {
    name,
    preimage: (key) =>
      ask((patience) => {
        const what = `the preimage of ${bytesToHex(key)}`;
        const length = new Uint8Array(8);
        must(writeFully(preimageTo.ours, key, patience), what);
        must(readFully(preimageFrom.ours, length, patience), what);
        const size = readU64BE(length, 0);
        if (size > PREIMAGE_BYTES_MAX)
          throw breaks(
            'PREIMAGE_TOO_LARGE',
            `${what}: at most ${PREIMAGE_BYTES_MAX} bytes expected, ${size} announced`,
          );
        const data = new Uint8Array(Number(size));
        must(readFully(preimageFrom.ours, data, patience), what);
        return data;
      }),
    hint: (message) =>
      ask((patience) => {
        const what = 'a hint';
        const length = new Uint8Array(4);
        writeU32BE(length, 0, message.length);
        must(writeFully(hintTo.ours, concat([length, message]), patience), what);
        must(readFully(hintFrom.ours, new Uint8Array(1), patience), what);
      }),
    close() {
      if (broken?.code === 'SOURCE_CLOSED') return;
      breaks('SOURCE_CLOSED', 'was closed');
      for (const fd of ours) closeSync(fd);
      child.kill();
    },
  };
}

function start(command: string, channels: FifoChannels): ChildProcess {
  const { hintTo, hintFrom, preimageTo, preimageFrom } = channels;
  const descriptors = [hintTo.child, hintFrom.child, preimageTo.child, preimageFrom.child];
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 2, 2, ...descriptors] });
  // What is wrong with a child that did not start is known at once, and told by the missing pid.
  child.on('error', () => {});
  child.unref();
  for (const fd of descriptors) closeSync(fd);
  if (child.pid === undefined)
    throw new InputError('SOURCE_START', `preimage command "${command}": /bin/sh does not start`);
  return child;
}
