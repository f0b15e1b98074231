// The command table: every command of `omo`, in the order in which help lists them.

import type { Command } from '../command.ts';
import { blockFetchCommand } from './blockFetch.ts';
import { demoCommand } from './demo.ts';
import { diffCommand } from './diff.ts';
import { inspectCommand } from './inspect.ts';
import { programCommand } from './program.ts';
import { proveCommand } from './prove.ts';
import { runCommand } from './run.ts';
import { traceCommand } from './trace.ts';
import { verifyCommand } from './verify.ts';

/** Every command. */
export const COMMANDS: readonly Command[] = [
  programCommand,
  runCommand,
  traceCommand,
  diffCommand,
  proveCommand,
  verifyCommand,
  inspectCommand,
  blockFetchCommand,
  demoCommand,
];
