// `omo run`: re-executes a program and says how it ended.

import { bytesToHex } from '../../bytes.ts';
import { MemoryTree } from '../../commitment/memoryTree.ts';
import { commitMachine } from '../../commitment/stateHash.ts';
import { type Hash, hashToBytes, LAST_STEP, type Step } from '../../units.ts';
import { defineCommand } from '../command.ts';
import { ENGINES, execute, printable, rate, type Standing, standing } from '../execute.ts';
import { GUEST_ARGUMENTS, guestOptions, openGuest } from '../guest.ts';
import { choice, hash, step, withDefault } from '../options.ts';
import { fields } from '../output.ts';

export const runCommand = defineCommand({
  name: 'run',
  summary: 're-execute a program, on a block with --block',
  description:
    'Executes a program until it halts and prints how it ended: status, output and state hash. What the program itself ' +
    'prints goes to stderr. The answer is no (exit code 1) unless it halts with exit code 0, and, with --claim, its ' +
    'output is the claimed root. With --until, reaching that step is enough.',
  arguments: GUEST_ARGUMENTS,
  options: {
    ...guestOptions(),
    claim: hash('--claim <root>', 'the output that somebody claims'),
    until: step('--until <step>', 'stop after this many steps'),
    engine: withDefault(choice('--engine <name>', 'what executes', ENGINES), 'interpreter'),
  },
  examples: [
    ['omo run executor.elf --block block.json', 're-execute a block'],
    ['omo run executor.elf --block block.json --claim 0x...', 'is the claimed root right?'],
    ['omo run program.elf a b --local blockNumber=17', 'any program, with arguments and an input'],
  ],
  run: async ({ output }, [elf, args], options) => {
    const guest = openGuest(elf, args, options, (_fd, data) => output.guest(printable(data)));
    const { machine } = guest;
    const until = options.until ?? (LAST_STEP as Step);
    const start = performance.now();
    try {
      await output.progress.phase(`executing ${elf}`, (update) => execute(guest, until, update));
    } finally {
      guest.close();
    }
    const seconds = (performance.now() - start) / 1_000;
    const state = commitMachine(machine, new MemoryTree());
    const steps = machine.get('step');
    const ended = standing(guest);
    const answer = {
      steps,
      ...ended,
      output: bytesToHex(machine.getBytes('output')),
      stateHash: state.hash,
      memoryRoot: bytesToHex(machine.getBytes('memoryRoot')),
      seconds: Number(seconds.toFixed(3)),
      mips: Number(rate(steps, seconds).toFixed(3)),
      ...verdict(options.claim, machine.getBytes('output'), ended),
    };
    const reached = ended.status === 'unfinished' && options.until !== undefined && options.claim === undefined;
    const yes = (ended.status === 'valid' && answer.claimHolds !== false) || reached;
    const text = fields([
      ['status', `${ended.status}${ended.reason === undefined ? '' : ` (${ended.reason})`}`],
      ['exit code', ended.status === 'valid' || ended.status === 'invalid' ? ended.exitCode : undefined],
      ['steps', steps],
      ['output', answer.output],
      ['claim', answer.claimHolds === undefined ? undefined : answer.claimHolds ? 'right' : 'wrong'],
      ['state hash', answer.stateHash],
      ['memory root', answer.memoryRoot],
      ['time', `${seconds.toFixed(2)} s, ${answer.mips.toFixed(1)} million steps/s`],
    ]);
    return { json: answer, text, exitCode: yes ? 0 : 1 };
  },
});

/** Whether the claim is the output of a run that halted valid; nothing without a claim. */
function verdict(claim: Hash | undefined, output: Uint8Array, { status }: Standing): { claimHolds?: boolean } {
  if (claim === undefined) return {};
  return { claimHolds: status === 'valid' && bytesToHex(hashToBytes(claim)) === bytesToHex(output) };
}
