// For tests: one step of each shape that a proof can have, proven.

import { createHost } from '../../../src/environment/host.ts';
import { makeInputs } from '../../../src/environment/inputs.ts';
import { keyOf, localKey } from '../../../src/environment/preimageKey.ts';
import { PAGE_BITMAP } from '../../../src/machine/memoryMap.ts';
import { MMAP_START } from '../../../src/semantics/addressSpace.ts';
import { type Named, Prover } from '../../contracts/prover.ts';
import { bytesOf, CODE, DATA, makeMachine } from '../../engine/randomCode.ts';

export const PREIMAGE: Uint8Array = Uint8Array.from({ length: 100 }, (_, i) => 3 * i + 1);
const INPUTS = makeInputs({ chainId: 5n });
const HOST = createHost({ inputs: INPUTS, sources: [{ name: 'test', preimage: () => PREIMAGE }] });

/** Instruction words that are used here: their registers are x5, x6, x7. */
export const WORD = {
  add: 0x007302b3,
  ld: 0x00033283,
  sd: 0x00733023,
  amoadd: 0x0073_32af,
  rdtime: 0xc01022f3,
  ecall: 0x73,
};

/** A machine about to execute `word`: data at DATA and at a distant page, registers that point there. */
export function proverOf(word: number, set: (prover: Prover) => void = () => {}): Prover {
  const prover = new Prover(makeMachine(), HOST, INPUTS);
  const { machine } = prover;
  machine.write(CODE, bytesOf(word));
  machine.write(
    DATA,
    Uint8Array.from({ length: 256 }, (_, i) => i + 1),
  );
  machine.write(0xc000_0000, Uint8Array.of(1, 2, 3));
  machine.write(PAGE_BITMAP + MMAP_START / 4096 / 8, new Uint8Array(64).fill(0xff));
  for (let i = 1; i < 32; i++) machine.setX(i, BigInt.asUintN(64, (-1n) ** BigInt(i) * 3n ** BigInt(i)));
  machine.setX(6, BigInt(DATA + 8));
  machine.set('breakStart', 0x20_0000n);
  machine.set('programBreak', 0x20_0000n);
  machine.set('threadId', 1n);
  machine.set('step', 123_456n);
  set(prover);
  return prover;
}

/** Sets the number and the arguments of a system call. */
export const call =
  (number: number, ...args: readonly (number | bigint)[]) =>
  ({ machine }: Prover): void => {
    machine.setX(17, BigInt(number));
    args.forEach((arg, i) => {
      machine.setX(10 + i, BigInt(arg));
    });
  };

const reading =
  (key: Uint8Array) =>
  (prover: Prover): void => {
    call(63, 5, DATA + 30, 64)(prover);
    prover.machine.setBytes('preimageKey', key);
    prover.machine.set('preimageOffset', 20n);
  };

/** The machines, by what their next step is. */
export const PROVERS: Readonly<Record<string, () => Prover>> = {
  add: () => proverOf(WORD.add),
  'load in one leaf': () => proverOf(WORD.ld),
  'store across two pages': () => proverOf(WORD.sd, ({ machine }) => machine.setX(6, BigInt(DATA + 4093))),
  'store into its own leaf': () => proverOf(WORD.sd, ({ machine }) => machine.setX(6, BigInt(CODE + 8))),
  atomic: () => proverOf(WORD.amoadd),
  'counter that opens cold': () => proverOf(WORD.rdtime),
  'load with a reservation': () => proverOf(WORD.ld, ({ machine }) => machine.set('reservationWidth', 8n)),
  'illegal word': () => proverOf(0xffff_ffff),
  'pc that is odd': () => proverOf(WORD.add, ({ machine }) => machine.set('pc', BigInt(CODE + 1))),
  'pc in a hole': () => proverOf(WORD.add, ({ machine }) => machine.set('pc', 0n)),
  'unknown system call': () => proverOf(WORD.ecall, call(9999)),
  'read of a preimage': () => proverOf(WORD.ecall, reading(keyOf(PREIMAGE))),
  'read of an input': () => proverOf(WORD.ecall, reading(localKey(5))),
  'unmapped pages': () =>
    proverOf(WORD.ecall, (prover) => {
      call(215, MMAP_START, 8 * 4096)(prover);
      prover.step();
    }),
  exit: () => proverOf(WORD.ecall, call(93, 0)),
};

/** The proof of each of these steps. */
export function allSteps(): Named[] {
  return Object.entries(PROVERS).map(([name, make]) => ({ name, made: make().step() }));
}
