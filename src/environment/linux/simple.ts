// The calls of one line: those that always give the same, and those that depend on no more than whether a descriptor is
// open.

import type { Kernel, SystemCall } from '../systemCall.ts';
import { ERRNO, FD_COUNT } from './errno.ts';

type Meaning = SystemCall['meaning'];

/** Rows of calls with one meaning. */
const rows = (numbers: Readonly<Record<string, number>>, meaning: Meaning): SystemCall[] =>
  Object.entries(numbers).map(([name, number]) => ({ number, name, meaning }));

const always =
  (result: number): Meaning =>
  (k) =>
    k.returns(result);

const success = always(0);
const noEntry = always(-ERRNO.ENOENT);

/** `result` for an open descriptor in x10, else -EBADF. Closing one succeeds and leaves it open. */
const ofDescriptor =
  (result: number): Meaning =>
  (k) =>
    k.returns(k.select(k.ltU(k.descriptor(0), FD_COUNT), k.constant(result), -ERRNO.EBADF));

const F_DUPFD = 0;
const F_SETFL = 4;
const F_GETFL = 3;
const F_DUPFD_CLOEXEC = 1030;
const O_RDWR = 2;

/** Descriptor and status flags: none are set, setting them changes nothing, there is no room for a duplicate. */
function fcntl(k: Kernel): void {
  const command = k.descriptor(1);
  const duplicates = k.or(k.eq(command, F_DUPFD), k.eq(command, F_DUPFD_CLOEXEC));
  k.returns(
    k.firstOf(
      [
        [k.not(k.ltU(k.descriptor(0), FD_COUNT)), -ERRNO.EBADF],
        [duplicates, -ERRNO.EMFILE],
        [k.eq(command, F_GETFL), O_RDWR],
        [k.ltU(k.constant(F_SETFL), command), -ERRNO.EINVAL],
      ],
      0,
    ),
  );
}

/** Any number that no row has. A new call of Linux is for a program to try, never a reason for a new contract. */
export const ENOSYS_CALL: SystemCall = { number: -1, name: 'unknown', meaning: always(-ERRNO.ENOSYS) };

export const SIMPLE_CALLS: readonly SystemCall[] = [
  // Process 1, without a parent, of user 0: what the auxiliary vector says too.
  ...rows({ getpid: 172 }, always(1)),
  ...rows({ getppid: 173, getuid: 174, geteuid: 175, getgid: 176, getegid: 177 }, success),
  // Success without effect: protections, signals, priorities and scheduling are not modelled.
  ...rows({ mprotect: 226, mlock: 228, munlock: 229, set_robust_list: 99, setrlimit: 164, prctl: 167 }, success),
  ...rows({ membarrier: 283, kill: 129, tkill: 130, tgkill: 131 }, success),
  // There are no files but the descriptors 0 to 7. Paths are not read.
  ...rows({ openat: 56, readlinkat: 78, faccessat: 48, faccessat2: 439 }, noEntry),
  ...rows({ unlinkat: 35, chdir: 49, getcwd: 17, statfs: 43 }, noEntry),
  ...rows({ pipe2: 59 }, always(-ERRNO.EMFILE)),
  ...rows({ dup: 23, dup3: 24 }, ofDescriptor(-ERRNO.EMFILE)),
  ...rows({ close: 57 }, ofDescriptor(0)),
  ...rows({ ioctl: 29 }, ofDescriptor(-ERRNO.ENOTTY)),
  ...rows({ lseek: 62, pread64: 67, pwrite64: 68, preadv: 69, pwritev: 70 }, ofDescriptor(-ERRNO.ESPIPE)),
  ...rows({ fsync: 82, fdatasync: 83, ftruncate: 46 }, ofDescriptor(-ERRNO.EINVAL)),
  ...rows({ fcntl: 25 }, fcntl),
];
