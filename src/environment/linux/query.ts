// The calls that only fill in a structure for the guest: time, limits, names, random bytes, what signals are set. One
// meaning: which structure, where, how long, then its 64-bit words by number. A step writes 32 bytes; a longer structure
// is restartable, callPosition being the bytes written. Either the whole of it is inside the guest's memory or -EFAULT.
//
// Chosen where Linux leaves a choice or more than we model: every clock shows the one time of the machine; limits are
// infinite but for the stack; setting one, a signal's action, mask or stack succeeds and changes nothing, and asking gives
// what it is at the start; descriptors 0 to 7 are pipes; the time zone of gettimeofday is not written.

import type { Value, Variable } from '../../semantics/program.ts';
import { nanoseconds } from '../../semantics/time.ts';
import type { Kernel, SystemCall } from '../systemCall.ts';
import { ERRNO, FD_COUNT } from './errno.ts';

const NUMBER = {
  newfstatat: 79,
  fstat: 80,
  clock_gettime: 113,
  clock_getres: 114,
  sched_getaffinity: 123,
  sigaltstack: 132,
  rt_sigaction: 134,
  rt_sigprocmask: 135,
  uname: 160,
  getrlimit: 163,
  gettimeofday: 169,
  prlimit64: 261,
  getrandom: 278,
} as const;

/** The structures, with their sizes in bytes (Linux/RISC-V). Random bytes have the length that is asked for. */
const STRUCTURE = {
  zeros: { id: 0 },
  stat: { id: 1, bytes: 128 },
  time: { id: 2, bytes: 16 },
  timeval: { id: 3, bytes: 16 },
  resolution: { id: 4, bytes: 16 },
  affinity: { id: 5, bytes: 8 },
  signalStack: { id: 6, bytes: 24 },
  uname: { id: 7, bytes: 6 * 65 },
  limit: { id: 8, bytes: 16 },
  stackLimit: { id: 9 },
  random: { id: 10 },
} as const;
const SIGACTION_BYTES = 24;
const SIGNAL_SET_BYTES = 8;

/** Clocks 0 to 11; dynamic ones are negative. */
export const CLOCKS = 12;
const AT_EMPTY_PATH = 0x1000;
const RLIMIT_STACK = 3;
const RLIMITS = 16;
const STACK_LIMIT = 8 * 2 ** 20;
const SIGNALS = 64;
const GRND_FLAGS = 7;
const SS_DISABLE = 2;
const SECOND = 1_000_000_000;

/** Base-2 logarithm of the words that one structure may have, for a key that names structure and word. */
const KEY_SHIFT = 6;
const STEP_BYTES = 32;

/** Words of a structure that are not zero. */
type Constants = readonly (readonly [structure: number, word: number, value: bigint])[];

const text = (string: string): bigint => BigInt(`0x${Buffer.from(string).reverse().toString('hex')}`);

/** uname: sysname Linux, release 6.1.0, machine riscv64; the other names are empty. A pipe: S_IFIFO | 0600, one link. */
const CONSTANTS: Constants = [
  [STRUCTURE.stat.id, 2, (1n << 32n) | 0o010600n],
  [STRUCTURE.stat.id, 7, 4096n],
  [STRUCTURE.resolution.id, 1, 1n],
  [STRUCTURE.affinity.id, 0, 1n],
  [STRUCTURE.signalStack.id, 1, BigInt(SS_DISABLE)],
  [STRUCTURE.uname.id, 0, text('Linux')],
  [STRUCTURE.uname.id, 16, text('6.1.0') << 16n],
  [STRUCTURE.uname.id, 32, text('risc') << 32n],
  [STRUCTURE.uname.id, 33, text('v64')],
  [STRUCTURE.stackLimit.id, 0, BigInt(STACK_LIMIT)],
];

interface Query {
  readonly structure: Variable;
  readonly pointer: Variable;
  readonly bytes: Variable;
  readonly errno: Variable;
  readonly result: Variable;
}

function query(k: Kernel): void {
  const zero = k.constant(0);
  const asked: Query = {
    structure: k.variable(zero),
    pointer: k.variable(zero),
    bytes: k.variable(zero),
    errno: k.variable(zero),
    result: k.variable(zero),
  };
  describe(k, asked);
  const pointer = k.get(asked.pointer);
  const bytes = k.get(asked.bytes);
  const fault = k.and(k.ne(bytes, 0), k.outside(pointer, bytes));
  const errno = k.firstOf(
    [
      [k.ne(k.get(asked.errno), 0), k.get(asked.errno)],
      [fault, ERRNO.EFAULT],
    ],
    0,
  );
  k.when(k.ne(errno, 0), () => k.returns(k.sub(zero, errno)));

  const position = k.state('callPosition');
  fill(k, k.get(asked.structure), pointer, bytes, position);
  const next = k.add(position, STEP_BYTES);
  k.when(k.ltU(next, bytes), () => {
    k.writeState('callPosition', next);
    k.again();
  });
  k.writeState('callPosition', 0);
  k.returns(k.get(asked.result));
}

/** Which structure the call wants, where and how long; an error number; a result other than 0. */
function describe(k: Kernel, asked: Query): void {
  const number = k.number();
  const [x10, x11, x12, x13] = [k.argument(0), k.argument(1), k.argument(2), k.argument(3)];
  const call = (numbers: readonly number[], then: () => void) =>
    k.when(
      numbers.map((one) => k.eq(number, one)).reduce((any, one) => k.or(any, one)),
      then,
    );
  const wants = (structure: number, pointer: Value, bytes: Value | number) => {
    k.set(asked.structure, structure);
    k.set(asked.pointer, pointer);
    k.set(asked.bytes, bytes);
  };
  /** A structure that the guest need not want: the null pointer. */
  const mayWant = (structure: number, pointer: Value, bytes: number) =>
    wants(structure, pointer, k.select(k.eq(pointer, 0), k.constant(0), bytes));
  const invalidIf = (condition: Value) => k.set(asked.errno, k.select(condition, k.constant(ERRNO.EINVAL), 0));

  call([NUMBER.fstat, NUMBER.newfstatat], () => {
    const byPath = k.eq(number, NUMBER.newfstatat);
    wants(STRUCTURE.stat.id, k.select(byPath, x12, x11), STRUCTURE.stat.bytes);
    const named = k.and(byPath, k.eq(k.and(x13, AT_EMPTY_PATH), 0));
    const closed = k.not(k.ltU(k.descriptor(0), FD_COUNT));
    k.set(
      asked.errno,
      k.firstOf(
        [
          [named, ERRNO.ENOENT],
          [closed, ERRNO.EBADF],
        ],
        0,
      ),
    );
  });
  call([NUMBER.clock_gettime, NUMBER.clock_getres], () => {
    invalidIf(k.not(k.ltU(k.descriptor(0), CLOCKS)));
    wants(STRUCTURE.time.id, x11, STRUCTURE.time.bytes);
    call([NUMBER.clock_getres], () => mayWant(STRUCTURE.resolution.id, x11, STRUCTURE.resolution.bytes));
  });
  call([NUMBER.gettimeofday], () => mayWant(STRUCTURE.timeval.id, x10, STRUCTURE.timeval.bytes));
  call([NUMBER.sched_getaffinity], () => {
    invalidIf(k.or(k.eq(x11, 0), k.ne(k.and(x11, 7), 0)));
    wants(STRUCTURE.affinity.id, x12, STRUCTURE.affinity.bytes);
    k.set(asked.result, STRUCTURE.affinity.bytes);
  });
  call([NUMBER.sigaltstack], () => mayWant(STRUCTURE.signalStack.id, x11, STRUCTURE.signalStack.bytes));
  call([NUMBER.rt_sigaction, NUMBER.rt_sigprocmask], () => {
    const action = k.eq(number, NUMBER.rt_sigaction);
    const noSignal = k.and(action, k.not(k.ltU(k.sub(x10, 1), SIGNALS)));
    invalidIf(k.or(noSignal, k.ne(x13, SIGNAL_SET_BYTES)));
    mayWant(STRUCTURE.zeros.id, x12, SIGNAL_SET_BYTES);
    k.when(k.and(action, k.ne(x12, 0)), () => k.set(asked.bytes, SIGACTION_BYTES));
  });
  call([NUMBER.uname], () => wants(STRUCTURE.uname.id, x10, STRUCTURE.uname.bytes));
  call([NUMBER.getrlimit, NUMBER.prlimit64], () => {
    const either = k.eq(number, NUMBER.prlimit64);
    const resource = k.select(either, x11, x10);
    invalidIf(k.not(k.ltU(resource, RLIMITS)));
    mayWant(STRUCTURE.limit.id, k.select(either, x13, x11), STRUCTURE.limit.bytes);
    k.when(k.eq(resource, RLIMIT_STACK), () => k.set(asked.structure, STRUCTURE.stackLimit.id));
  });
  call([NUMBER.getrandom], () => {
    invalidIf(k.ltU(k.constant(GRND_FLAGS), x12));
    wants(STRUCTURE.random.id, x10, x11);
    k.set(asked.result, x11);
  });
}

/** Writes at most 32 bytes of the structure from `position`. */
function fill(k: Kernel, structure: Value, pointer: Value, bytes: Value, position: Value): void {
  const time = nanoseconds(k);
  const seconds = k.divU(time, SECOND);
  const fraction = k.remU(time, SECOND);
  const seed = k.state('inputsHash.0');
  const counter = k.shl(k.state('step'), 2);
  const isRandom = k.eq(structure, STRUCTURE.random.id);
  const isLimit = k.or(k.eq(structure, STRUCTURE.limit.id), k.eq(structure, STRUCTURE.stackLimit.id));
  k.repeat(STEP_BYTES / 8, (index) => {
    const offset = k.add(position, k.shl(index, 3));
    k.when(k.ltU(offset, bytes), () => {
      const key = k.or(k.shl(structure, KEY_SHIFT), k.shrU(offset, 3));
      const is = (id: number, word: number) => k.eq(key, (id << KEY_SHIFT) | word);
      const word = k.firstOf(
        [
          [isRandom, splitmix64(k, seed, k.or(counter, index))],
          ...CONSTANTS.map(([id, at, value]) => [is(id, at), value] as const),
          [k.or(is(STRUCTURE.time.id, 0), is(STRUCTURE.timeval.id, 0)), seconds],
          [is(STRUCTURE.time.id, 1), fraction],
          [is(STRUCTURE.timeval.id, 1), k.divU(fraction, 1000)],
          [isLimit, -1n],
        ],
        0,
      );
      const at = k.add(pointer, offset);
      const left = k.sub(bytes, offset);
      k.when(
        k.ltU(left, 8),
        () =>
          k.repeat(7, (byte) =>
            k.when(k.ltU(byte, left), () => k.write(k.add(at, byte), 1, k.trunc(k.shrU(word, k.shl(byte, 3)), 8))),
          ),
        () => k.write(at, 8, word),
      );
    });
  });
}

/**
 * Word `counter` of the stream of splitmix64 (Steele, Lea, Flood 2014) that `seed` begins. It is no secret: whoever knows
 * the inputs and the step knows it, and all must.
 */
function splitmix64(k: Kernel, seed: Value, counter: Value): Value {
  const mix = (value: Value, shift: number) => k.xor(value, k.shrU(value, shift));
  const state = k.add(seed, k.mul(k.add(counter, 1), 0x9e3779b97f4a7c15n));
  const once = k.mul(mix(state, 30), 0xbf58476d1ce4e5b9n);
  return mix(k.mul(mix(once, 27), 0x94d049bb133111ebn), 31);
}

/** The calls of NUMBER. */
export const QUERY_CALLS: readonly SystemCall[] = Object.entries(NUMBER).map(([name, number]) => ({
  number,
  name,
  meaning: query,
}));
