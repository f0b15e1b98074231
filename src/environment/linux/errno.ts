// Error numbers and other constants of Linux/RISC-V (include/uapi/asm-generic) that the system calls use.

/** Error numbers: a call that fails returns the negative one. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EFAULT: 14,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  EMFILE: 24,
  ENOTTY: 25,
  ESPIPE: 29,
  ENOSYS: 38,
  ETIMEDOUT: 110,
} as const;

/**
 * File descriptors 0 to 7 are open from the start and stay open, whatever is closed: standard input (at its end), output
 * and error, then the channels of the preimage oracle, then the output of the run. To the guest they are pipes. 8 and 9 are
 * the eventfd and the epoll set, once they are made (events.ts).
 */
export const FD = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  hintRead: 3,
  hintWrite: 4,
  preimageRead: 5,
  preimageWrite: 6,
  output: 7,
  event: 8,
  epoll: 9,
} as const;

/** Count of the descriptors that are always open. */
export const FD_COUNT = 8;
