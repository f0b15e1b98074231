// The command line: makes commander's program of the command table, parses, runs one command, prints its answer or its
// error, and gives the exit code. Exit codes and the shape of --json are in src/errors.ts and src/cli/json.ts.

import { readFileSync } from 'node:fs';
import { Command as Commander, CommanderError, type Option } from 'commander';
import { EXIT, UsageError } from '../errors.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { flag, TypedOption, text, withDefault } from './options.ts';
import { type Answer, Output, type OutputOptions, type Sink } from './output.ts';

/** What a command line is run with; a test gives its own. The environment is the process's. */
export interface Surroundings {
  /** The arguments after the program's name. */
  readonly arguments: readonly string[];
  readonly stdout: Sink;
  readonly stderr: Sink;
}

/** The options that every command takes. */
const globalOptions = () => ({
  json: flag('--json', 'print one JSON object on stdout and nothing else there'),
  quiet: flag('--quiet', 'no progress'),
  color: new TypedOption<boolean>('--no-color', 'no colours (NO_COLOR counts too)'),
  store: withDefault(text('--store <file>', 'the trace store'), 'traces/local/omo.db'),
});

const DESCRIPTION = `Fraud-proof arbitration for rollups: re-executes a disputed block in a deterministic RV64 computer, finds the
first instruction on which two parties differ, and has a contract execute that one instruction.`;

const EXIT_CODES = `Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 bad or missing input, 4 the chain or the network failed,
5 cannot know yet, 70 a bug in OMO.`;

/** The program's version, from package.json. */
export function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return manifest.version;
}

/** Runs one command line and gives its exit code. Never throws. */
export async function main(surroundings: Surroundings, commands: readonly Command[] = COMMANDS): Promise<number> {
  const { stdout, stderr } = surroundings;
  // Known before parsing succeeds, so that wrong use is answered in the form that was asked for.
  let output = new Output(stdout, stderr, earlyOptions(surroundings.arguments));
  let printed = '';
  let exitCode: number = EXIT.done;
  try {
    const print = (part: string): void => {
      printed += part;
    };
    const program = buildProgram(commands, print, async (command, args, options, global) => {
      output = new Output(stdout, stderr, outputOptions(global));
      const answer = await command.run({ output, storePath: global.store }, args, options);
      exitCode = output.answer(answer);
    });
    await program.parseAsync([...surroundings.arguments], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return output.error(error);
    if (error.exitCode === 0) return output.answer(printedAnswer(error.code, printed));
    return output.error(usageError(error));
  }
}

/** Runs the process's own command line; bin/omo.js calls it. */
export async function runProcess(): Promise<void> {
  // A reader that went away (`omo ... | head`) is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.done);
    throw error;
  });
  const { stdout, stderr } = process;
  process.exitCode = await main({ arguments: process.argv.slice(2), stdout, stderr });
}

const TRY_HELP = 'omo --help lists the commands; omo COMMAND --help explains one.';

interface GlobalValues {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly store: string;
}

type Action = (
  command: Command,
  args: readonly (string | string[] | undefined)[],
  options: unknown,
  global: GlobalValues,
) => Promise<void>;

function buildProgram(commands: readonly Command[], print: (part: string) => void, action: Action): Commander {
  const program = new Commander('omo');
  program
    .description(DESCRIPTION)
    .version(version())
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => {}, outputError: () => {} })
    .configureHelp({ showGlobalOptions: true, helpWidth: 120, optionDescription: describeOption })
    .addHelpText(
      'after',
      `\n${examplesText([['omo demo', 'a whole dispute on an embedded chain, told step by step']])}\n\n${EXIT_CODES}`,
    );
  addOptions(program, Object.values(globalOptions()));
  for (const command of commands) {
    const made = place(program, command.name).summary(command.summary).description(command.description);
    for (const [declaration, description] of command.arguments) made.argument(declaration, description);
    addOptions(made, Object.values(command.options));
    if (command.examples.length > 0) made.addHelpText('after', `\n${examplesText(command.examples)}`);
    made.action(() => action(command, made.processedArgs, made.opts(), program.opts<GlobalValues>()));
  }
  return program;
}

/** Makes a command; `block fetch` becomes `fetch` under `block`, which is made when it is first needed. */
function place(program: Commander, name: string): Commander {
  const [first = '', second] = name.split(' ');
  if (second === undefined) return program.command(first);
  const group =
    program.commands.find((each) => each.name() === first) ??
    program.command(first).helpCommand(false).summary(`commands about a ${first}`);
  return group.command(second);
}

function addOptions(target: Commander, options: readonly TypedOption<unknown>[]): void {
  for (const option of options) {
    option.bindVariable();
    target.addOption(option);
  }
}

function describeOption(option: Option): string {
  const notes = [];
  if (option.argChoices !== undefined) notes.push(option.argChoices.join(' | '));
  if (
    option.defaultValueDescription !== '' &&
    option.defaultValue !== undefined &&
    typeof option.defaultValue !== 'boolean'
  )
    notes.push(`default: ${option.defaultValueDescription ?? option.defaultValue}`);
  if (option instanceof TypedOption) notes.push(`env: ${option.variable}`);
  return notes.length === 0 ? option.description : `${option.description} (${notes.join('; ')})`;
}

function examplesText(examples: Command['examples']): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  return `Examples:\n${examples.map(([line, meaning]) => `  ${line.padEnd(width)}  ${meaning}`).join('\n')}`;
}

function earlyOptions(args: readonly string[]): OutputOptions {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  const isSet = (option: TypedOption<boolean>) => {
    option.bindVariable();
    return own.includes(option.long ?? '') || option.envVar !== undefined;
  };
  const { json, quiet, color } = globalOptions();
  return outputOptions({ json: isSet(json), quiet: isSet(quiet), color: !isSet(color) });
}

function outputOptions(global: Omit<GlobalValues, 'store'>): OutputOptions {
  const refused = (process.env['NO_COLOR'] ?? '') !== '';
  return { json: global.json, quiet: global.quiet, color: global.color && !refused };
}

/** --help and --version: printed as they are, or as one object. */
function printedAnswer(code: string, printed: string): Answer {
  const text = printed.trimEnd();
  return { json: code === 'commander.version' ? { version: text } : { help: text }, text };
}

/** commander's complaint as one of ours: `commander.unknownOption` becomes UNKNOWN_OPTION. */
function usageError(error: CommanderError): UsageError {
  if (error.code === 'commander.help') return new UsageError('NO_COMMAND', 'no command given', { hint: TRY_HELP });
  const code = error.code
    .replace(/^commander\./, '')
    .replace(/([A-Z])/g, '_$1')
    .toUpperCase();
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const hint = suggestion === undefined ? TRY_HELP : suggestion.replace(/^\((.*)\)$/, '$1');
  return new UsageError(code, shorten(message), { hint });
}

/** A message repeats what was typed, which may be very long. */
function shorten(message: string): string {
  return message.length <= 400 ? message : `${message.slice(0, 250)} ... ${message.slice(-150)}`;
}
