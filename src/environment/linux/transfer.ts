// read, write, readv, writev: one meaning. Every transfer may be short, as Linux allows, so each is one step:
//   read   stdin: 0, its end. Hint channel: the count, nothing is written (the guest waits for an answer that carries no
//          data). Preimage: from preimageOffset of the length-prefixed preimage, at most to the end of one leaf; 0 at its end.
//   write  stdout, stderr, hints: handed to the host, at most EMIT_MAX bytes. Preimage key: 32 bytes and more set the key
//          from the first 32; fewer shift one byte in at its end; either begins the preimage anew. Output: exactly 32.
// Descriptor 8 is the eventfd (events.ts).
// readv and writev transfer the first vector that is not empty. They pass over two empty ones a step.

import type { Value, Variable } from '../../semantics/program.ts';
import type { Kernel, SystemCall } from '../systemCall.ts';
import { ERRNO, FD } from './errno.ts';
import { transferEvent } from './events.ts';

const NUMBER = { read: 63, write: 64, readv: 65, writev: 66 } as const;

/** Most bytes that one write hands to the host. */
const EMIT_MAX = 2 ** 20;
/** UIO_MAXIOV: most vectors of a call. */
const VECTORS_MAX = 1024;
const VECTOR_BYTES = 16;
const WORDS = [0, 1, 2, 3] as const;

/** Type byte of a preimage key. Local keys have an index from 1 to 6 in their last byte and zeros between. */
const KEY_LOCAL = 1;
const KEY_KECCAK = 2;
const LOCAL_KEYS = 6;

const mask = (...descriptors: number[]): number => descriptors.reduce((bits, fd) => bits | (1 << fd), 0);
const READABLE = mask(FD.stdin, FD.hintRead, FD.preimageRead);
const WRITABLE = mask(FD.stdout, FD.stderr, FD.hintWrite, FD.preimageWrite, FD.output);

function transfer(k: Kernel): void {
  const number = k.number();
  const fd = k.descriptor(0);
  const writes = k.eq(k.and(number, 1), 0);
  const isVector = k.ltU(k.constant(NUMBER.write), number);
  k.when(k.eq(fd, FD.event), () => transferEvent(k, writes, isVector));
  const allowed = k.shrU(k.select(writes, k.constant(WRITABLE), READABLE), fd);
  const open = k.and(k.ltU(fd, 8), k.trunc(allowed, 1));
  const address = k.variable(k.argument(1));
  const length = k.variable(k.argument(2));
  const position = k.variable(k.constant(0));
  const result = k.variable(k.constant(-ERRNO.EBADF));
  k.when(open, () => {
    k.set(result, 0);
    k.when(isVector, () => chooseVector(k, { address, length, position, result }));
    const [start, count] = [k.get(address), k.get(length)];
    k.when(k.ne(count, 0), () =>
      k.when(
        k.outside(start, count),
        () => k.set(result, -ERRNO.EFAULT),
        () =>
          k.when(
            writes,
            () => write(k, fd, start, count, result),
            () => read(k, fd, start, count, result),
          ),
      ),
    );
  });
  const next = k.get(position);
  k.writeState('callPosition', next);
  k.when(k.ne(next, 0), () => k.again());
  k.returns(k.get(result));
}

interface Chosen {
  readonly address: Variable;
  readonly length: Variable;
  /** Vectors passed over, where all so far were empty and there are more. */
  readonly position: Variable;
  readonly result: Variable;
}

/** The first non-empty of two vectors; a length of 0 if there is none, or with an error in `result`. */
function chooseVector(k: Kernel, chosen: Chosen): void {
  const vectors = k.argument(1);
  const count = k.argument(2);
  const passed = k.state('callPosition');
  const next = k.add(passed, 2);
  const invalid = k.ltU(k.constant(VECTORS_MAX), count);
  const fault = k.outside(vectors, k.shl(count, 4));
  k.set(chosen.length, 0);
  const errno = k.firstOf(
    [
      [invalid, -ERRNO.EINVAL],
      [k.and(k.ne(count, 0), fault), -ERRNO.EFAULT],
    ],
    0,
  );
  k.set(chosen.result, errno);
  k.when(k.and(k.eq(errno, 0), k.ltU(passed, count)), () => {
    const at = k.add(vectors, k.shl(passed, 4));
    const take = (vector: Value) => {
      k.set(chosen.address, k.read(vector, 8));
      k.set(chosen.length, k.read(k.add(vector, 8), 8));
    };
    take(at);
    k.when(k.and(k.eq(k.get(chosen.length), 0), k.ltU(k.add(passed, 1), count)), () => take(k.add(at, VECTOR_BYTES)));
    k.when(k.and(k.eq(k.get(chosen.length), 0), k.ltU(next, count)), () => k.set(chosen.position, next));
  });
}

function write(k: Kernel, fd: Value, address: Value, count: Value, result: Variable): void {
  k.when(
    k.ltU(fd, FD.preimageWrite),
    () => {
      const bounded = k.select(k.ltU(count, EMIT_MAX), count, EMIT_MAX);
      k.emit(fd, address, bounded);
      k.set(result, bounded);
    },
    () =>
      k.when(
        k.eq(fd, FD.output),
        () => writeOutput(k, address, count, result),
        () => writeKey(k, address, count, result),
      ),
  );
}

/** The 32 bytes at `address` as the words of a 32-byte state field. */
function readWords(k: Kernel, address: Value): Value[] {
  return WORDS.map((word) => k.read(k.add(address, 8 * word), 8));
}

function writeWords(k: Kernel, field: string, words: readonly Value[]): void {
  words.forEach((value, word) => {
    k.writeState(`${field}.${word}`, value);
  });
}

function writeOutput(k: Kernel, address: Value, count: Value, result: Variable): void {
  k.set(result, -ERRNO.EINVAL);
  k.when(k.eq(count, 32), () => {
    writeWords(k, 'output', readWords(k, address));
    k.set(result, 32);
  });
}

function writeKey(k: Kernel, address: Value, count: Value, result: Variable): void {
  k.when(
    k.ltU(count, 32),
    () => {
      const words = WORDS.map((word) => k.state(`preimageKey.${word}`));
      const last = k.zext(k.read(address, 1), 64);
      const shifted = words.map((word, i) => k.or(k.shrU(word, 8), k.shl(words[i + 1] ?? last, 56)));
      writeWords(k, 'preimageKey', shifted);
      k.set(result, 1);
    },
    () => {
      writeWords(k, 'preimageKey', readWords(k, address));
      k.set(result, 32);
    },
  );
  k.writeState('preimageOffset', 0);
}

function read(k: Kernel, fd: Value, address: Value, count: Value, result: Variable): void {
  k.when(k.eq(fd, FD.hintRead), () => k.set(result, count));
  k.when(k.eq(fd, FD.preimageRead), () => {
    const [first, second, third, last] = WORDS.map((word) => k.state(`preimageKey.${word}`)) as Words;
    const index = k.sub(k.shrU(last, 56), 1);
    const between = k.or(k.or(k.xor(first, KEY_LOCAL), k.or(second, third)), k.shl(last, 8));
    const local = k.and(k.eq(between, 0), k.ltU(index, LOCAL_KEYS));
    k.when(
      k.or(local, k.eq(k.and(first, 0xff), KEY_KECCAK)),
      () => readPreimage(k, address, count, result),
      () => k.set(result, -ERRNO.EINVAL),
    );
  });
}

type Words = [Value, Value, Value, Value];

function readPreimage(k: Kernel, address: Value, count: Value, result: Variable): void {
  const offset = k.state('preimageOffset');
  const left = k.sub(k.preimageLength(), offset);
  const leaf = k.sub(k.constant(32), k.and(address, 31));
  const wanted = k.select(k.ltU(count, leaf), count, leaf);
  const moved = k.select(k.ltU(left, wanted), left, wanted);
  k.when(k.ne(moved, 0), () => {
    k.copyPreimage(address, offset, moved);
    k.writeState('preimageOffset', k.add(offset, moved));
    k.set(result, moved);
  });
}

/** read, write, readv, writev. */
export const TRANSFER_CALLS: readonly SystemCall[] = Object.entries(NUMBER).map(([name, number]) => ({
  number,
  name,
  meaning: transfer,
}));
