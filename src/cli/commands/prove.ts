// `omo prove`: the one-step proof of one step of a run.

import { MemoryTree } from '../../commitment/memoryTree.ts';
import { makeStepProof } from '../../dispute/stepProof/make.ts';
import { type Annotations, writeProofFile } from '../../dispute/stepProof/proofFile.ts';
import { MissingPreimage } from '../../engine/machineHart.ts';
import type { Step } from '../../units.ts';
import { defineCommand } from '../command.ts';
import { missingPreimage } from '../execute.ts';
import { writeOutput } from '../files.ts';
import { GUEST_ARGUMENTS, type Guest, guestOptions, openGuest, symbolName } from '../guest.ts';
import { mandatory, step, text } from '../options.ts';
import { fields } from '../output.ts';
import { reach } from '../reach.ts';

export const proveCommand = defineCommand({
  name: 'prove',
  summary: 'make the proof of one step',
  description:
    'Executes a program up to a step (from a snapshot, if the store has the run) and proves that step: from the state hash ' +
    'before it, the proof gives the state hash after it to anybody, the contract included, without program and block. ' +
    'Step N is the one with N steps before it.',
  arguments: GUEST_ARGUMENTS,
  options: {
    ...guestOptions(),
    step: mandatory(step('--step <step>', 'the step to prove')),
    output: mandatory(text('-o, --output <file>', 'the proof file to write')),
  },
  examples: [['omo prove executor.elf --block block.json --step 123456 -o proof.json', 'prove one step of a block']],
  run: async (context, [elf, args], options) => {
    const opened = openGuest(elf, args, options);
    try {
      const guest = await reach(context, opened, elf, options.step);
      const pc = Number(guest.machine.get('pc'));
      const made = makeProof(guest);
      const { text: file, annotations } = writeProofFile(made, options.step, symbolName(guest.program, pc));
      writeOutput(options.output, file);
      const answer = {
        step: options.step,
        pre: made.pre,
        post: made.post,
        bytes: made.proof.length,
        ...annotations,
        file: options.output,
      };
      return { json: answer, text: `${describe(options.step, annotations, made)}\nfile         ${options.output}` };
    } finally {
      opened.close();
    }
  },
});

function makeProof({ machine, host, inputs }: Guest) {
  try {
    return makeStepProof(machine, new MemoryTree(), host, inputs);
  } catch (error) {
    if (error instanceof MissingPreimage) throw missingPreimage(error.key, machine.get('step'));
    throw error;
  }
}

/** A step and its proof for people. */
export function describe(
  stepNumber: Step,
  { pc, symbol, instruction, call, changes, accesses }: Annotations,
  { pre, post, proof }: { readonly pre: string; readonly post: string; readonly proof: Uint8Array },
): string {
  return fields([
    ['step', stepNumber],
    ['pc', pc === undefined ? undefined : `${pc}${symbol === undefined ? '' : ` (${symbol})`}`],
    ['instruction', `${instruction}${call === undefined ? '' : ` (${call})`}`],
    ...Object.entries(changes).map(([name, [before, after]]) => [`  ${name}`, `${before} -> ${after}`] as const),
    ...accesses.map(
      ({ kind, address, before, after }) =>
        [`  ${kind}`, `${address}: ${before}${before === after ? '' : ` -> ${after}`}`] as const,
    ),
    ['before', pre],
    ['after', post],
    ['proof bytes', proof.length],
  ]);
}
