// Running a machine from a command: so that progress is shown and Ctrl-C works although engines are synchronous.

import { setImmediate } from 'node:timers/promises';
import { bytesToHex } from '../bytes.ts';
import { Engine } from '../engine/engine.ts';
import { InputError } from '../errors.ts';
import { REASON, STATUS } from '../semantics/layout.ts';
import type { Step } from '../units.ts';
import type { Guest } from './guest.ts';
import type { Update } from './progress.ts';

/** Names of engines, for --engine. */
export const ENGINES = ['interpreter'] as const;

/** Names of statuses, by their number in the record and in the first byte of a state hash. */
export const STATUS_NAMES = ['valid', 'invalid', 'panic', 'unfinished'] as const;

/** How a machine stands: of its status, with the reason of a panic. */
export interface Standing {
  readonly status: (typeof STATUS_NAMES)[number];
  /** Only of a panic. */
  readonly reason: string | undefined;
  /** All 64 bits of a0 when it exited. */
  readonly exitCode: bigint;
}

/** Runs a guest until it halts or `untilStep` is reached. Throws an InputError (`PREIMAGE_MISSING`) naming the key. */
export async function execute({ machine, host }: Guest, untilStep: Step, update: Update): Promise<void> {
  const start = performance.now();
  const first = machine.get('step');
  // The engine asks about ten times a second whether it is over: often enough to look up from the work.
  const engine = new Engine(machine, host, { isOver: () => true });
  for (;;) {
    const stop = engine.run(untilStep);
    if (stop.kind === 'missingPreimage') throw missingPreimage(stop.key, machine.get('step'));
    if (stop.kind !== 'limit') return;
    const step = machine.get('step');
    const seconds = (performance.now() - start) / 1_000;
    update(`step ${step}, ${rate(step - first, seconds).toFixed(0)} million steps/s`);
    await setImmediate();
  }
}

/** The error of a preimage that nobody gave: never a verdict. */
export function missingPreimage(key: Uint8Array, step: bigint): InputError {
  const message = `step ${step} needs the preimage of ${bytesToHex(key)}, which no source has`;
  const hint = 'Nothing was decided. Give the preimage with --preimages, or fetch a complete block file.';
  return new InputError('PREIMAGE_MISSING', message, { hint });
}

/** Million steps a second; 0 for no time at all. */
export function rate(steps: bigint, seconds: number): number {
  return seconds > 0 ? Number(steps) / seconds / 1e6 : 0;
}

/** How a guest's machine stands now. */
export function standing({ machine }: Pick<Guest, 'machine'>): Standing {
  const status = Number(machine.get('status'));
  const reason = Number(machine.get('reason'));
  return {
    status: STATUS_NAMES[status] ?? 'unfinished',
    reason: status === STATUS.panic ? Object.entries(REASON).find(([, code]) => code === reason)?.[0] : undefined,
    exitCode: machine.get('exitCode'),
  };
}

/**
 * Text that a guest printed, safe to show: a hostile program must not move the cursor or rename the window. Everything but
 * line ends, tabs and printable characters becomes `?`.
 */
export function printable(data: Uint8Array): string {
  return Buffer.from(data)
    .toString('utf8')
    .replace(/[^\P{Cc}\n\t]/gu, '?');
}
