// Runs command lines for tests: in this process with a command table of the test's own, or as a process of its own.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from '../../src/cli/command.ts';
import { main } from '../../src/cli/main.ts';

/** What came of a command line. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `args` in this process; neither stream is a terminal unless `terminal` says so. */
export async function runMain(
  args: readonly string[],
  commands?: readonly Command[],
  terminal = false,
): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const sink = (write: (text: string) => void) => ({ write, isTTY: terminal });
  const surroundings = {
    arguments: args,
    stdout: sink((text) => {
      stdout += text;
    }),
    stderr: { write: (text: string) => (stderr += text), isTTY: false },
  };
  const exitCode = await main(surroundings, commands);
  return { exitCode, stdout, stderr };
}

/** Runs `omo` with `args` as a process of its own, with `variables` beside the environment's. */
export function runOmo(args: readonly string[], variables: NodeJS.ProcessEnv = {}): Outcome {
  const path = fileURLToPath(new URL('../../bin/omo.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...variables },
    timeout: 120_000,
  });
  return { exitCode: status, stdout, stderr };
}

/** The single JSON object that stdout must consist of. */
export function onlyObject(outcome: Outcome): Record<string, unknown> {
  return JSON.parse(outcome.stdout);
}
