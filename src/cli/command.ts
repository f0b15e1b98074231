// What a command is: a value that says its name, arguments, options and examples, and a function that answers. main.ts
// makes commander's commands of them, so help, environment variables, --json and exit codes are the same for all.

import type { OptionValues, TypedOption } from './options.ts';
import type { Answer, Output } from './output.ts';

/** What every command may use beside its own arguments and options. */
export interface Context {
  readonly output: Output;
  /** Path of the trace store (--store). */
  readonly storePath: string;
}

/** A command line that works, and what it does. */
export type Example = readonly [line: string, meaning: string];

/** A record of options by the name that commander gives their value: `rpcUrl` for --rpc-url. */
export type Options = Readonly<Record<string, TypedOption<unknown>>>;

/** A command as main.ts sees it. */
export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** A paragraph, for the command's own help. */
  readonly description: string;
  /** Positional arguments as commander writes them: `<elf>` needed, `[file]` not, `[args...]` all the rest. */
  readonly arguments: readonly (readonly [declaration: string, description: string])[];
  readonly options: Options;
  readonly examples: readonly Example[];
  run(context: Context, args: readonly (string | string[] | undefined)[], options: unknown): Promise<Answer> | Answer;
}

type ArgumentValue<Declaration> = Declaration extends `${string}...${string}`
  ? string[]
  : Declaration extends `<${string}>`
    ? string
    : string | undefined;

type ArgumentValues<Arguments extends readonly (readonly [string, string])[]> = {
  readonly [Index in keyof Arguments]: ArgumentValue<Arguments[Index][0]>;
};

/** A command whose `run` receives arguments and options with the types that its declarations imply. */
export interface TypedCommand<Arguments extends readonly (readonly [string, string])[], O extends Options>
  extends Omit<Command, 'arguments' | 'options' | 'run'> {
  readonly arguments: Arguments;
  readonly options: O;
  run(context: Context, args: ArgumentValues<Arguments>, options: OptionValues<O>): Promise<Answer> | Answer;
}

/** Declares a command; exists for the types that it infers. */
export function defineCommand<const Arguments extends readonly (readonly [string, string])[], O extends Options>(
  command: TypedCommand<Arguments, O>,
): Command {
  return command as unknown as Command;
}
