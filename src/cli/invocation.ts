// The words after `omo trace` that make a run, as a store keeps them: options with their values, `--`, file and arguments.
// From them a command tells people what to type, and finds program and block again.

import type { GuestValues } from './guest.ts';

/** What a guest is opened with. */
export interface Invocation {
  readonly elf: string;
  readonly args: readonly string[];
  readonly options: GuestWords;
}

/** The guest's options as they were typed. */
export type GuestWords = Readonly<Partial<Record<keyof GuestValues, readonly string[]>>>;

const OPTIONS = ['block', 'local', 'preimages'] as const;

/** The words of an invocation. */
export function invocationWords({ elf, args, options }: Invocation): string[] {
  const words = OPTIONS.flatMap((name) => (options[name] ?? []).flatMap((value) => [`--${name}`, value]));
  return [...words, '--', elf, ...args];
}

/** The invocation of these words; undefined if they are not of the form that `invocationWords` writes. */
export function readInvocation(words: readonly string[]): Invocation | undefined {
  const end = words.indexOf('--');
  const [elf, ...args] = words.slice(end + 1);
  if (end < 0 || end % 2 !== 0 || elf === undefined) return undefined;
  const options: Partial<Record<keyof GuestValues, string[]>> = {};
  for (let i = 0; i < end; i += 2) {
    const name = OPTIONS.find((each) => words[i] === `--${each}`);
    if (name === undefined) return undefined;
    options[name] = [...(options[name] ?? []), words[i + 1] ?? ''];
  }
  return { elf, args, options };
}
