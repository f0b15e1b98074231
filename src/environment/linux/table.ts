// The system calls of the machine: all rows, by their numbers on Linux/RISC-V. A number that is not here is -ENOSYS, which
// is what clone3, rseq, riscv_hwprobe, statx and every call that Linux may yet invent give, and all a program needs to know.

import { assert } from '../../invariant.ts';
import type { SystemCall } from '../systemCall.ts';
import { EVENT_CALLS } from './events.ts';
import { MEMORY_CALLS } from './memory.ts';
import { QUERY_CALLS } from './query.ts';
import { SIMPLE_CALLS } from './simple.ts';
import { THREAD_CALLS } from './threads.ts';
import { TRANSFER_CALLS } from './transfer.ts';
import { WAIT_CALLS } from './wait.ts';

export { ENOSYS_CALL } from './simple.ts';

/** Every system call, ascending by number. */
export const SYSTEM_CALLS: readonly SystemCall[] = [
  ...MEMORY_CALLS,
  ...TRANSFER_CALLS,
  ...QUERY_CALLS,
  ...WAIT_CALLS,
  ...EVENT_CALLS,
  ...THREAD_CALLS,
  ...SIMPLE_CALLS,
].sort((a, b) => a.number - b.number);

for (const [i, { number, name }] of SYSTEM_CALLS.entries())
  assert(number >= 0 && number !== SYSTEM_CALLS[i - 1]?.number, () => `two system calls are number ${number}: ${name}`);
