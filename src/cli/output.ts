// What a command may print. stdout carries the answer only: text, or exactly one JSON object with --json. Everything
// said on the way (progress, warnings, errors in text mode) goes to stderr.

import { Chalk, type ChalkInstance } from 'chalk';
import { EXIT, OmoError } from '../errors.ts';
import { InvariantError } from '../invariant.ts';
import { type JsonObject, toJsonLine } from './json.ts';
import { Progress } from './progress.ts';

/** The parts of a stream that OMO uses; process.stdout and process.stderr are two. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal; 0 where it has told none. */
  readonly columns?: number | undefined;
}

/** How to print: the global options of every command. */
export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  /** False for --no-color, NO_COLOR and wherever the stream is not a terminal. */
  readonly color: boolean;
}

/** What a command answers with. The frame prints it, so that no command can forget --json. */
export interface Answer {
  /** The keys of the --json object, without `schemaVersion`. */
  readonly json: JsonObject;
  /** The same for people; may be several lines. */
  readonly text: string;
  /** 1 where the answer is no; 0 unless given. */
  readonly exitCode?: 0 | 1;
}

/** An error as --json shows it. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exitCode: number;
}

/** Code, message, hint and exit code of anything thrown. What is not one of our errors is a bug of ours. */
export function describeError(error: unknown): ErrorReport {
  if (error instanceof OmoError || error instanceof InvariantError)
    return { code: error.code, message: error.message, hint: error.hint, exitCode: error.exitCode };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const hint = 'This is a bug in OMO; please report it with the command and its input.';
  return { code: 'INTERNAL', message, hint, exitCode: EXIT.bug };
}

/** Where a command's words go. One per run of the command line. */
export class Output {
  /** Colours for text on stdout; without colour every style is the identity. */
  readonly style: ChalkInstance;
  readonly progress: Progress;
  readonly options: OutputOptions;
  readonly #stdout: Sink;
  readonly #stderr: Sink;

  constructor(stdout: Sink, stderr: Sink, options: OutputOptions) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.options = options;
    this.style = new Chalk({ level: options.color && stdout.isTTY === true ? 1 : 0 });
    this.progress = new Progress(stderr, !options.quiet, options.color);
  }

  /** Tells a line of a story on stdout while a command runs (`omo demo`); with --json or --quiet nothing. */
  tell(line: string): void {
    if (!this.options.json && !this.options.quiet) this.#stdout.write(`${line}\n`);
  }

  /** Passes on what a program printed: to stderr, so that stdout holds the answer only; with --quiet nothing. */
  guest(text: string): void {
    if (!this.options.quiet) this.progress.aside(text);
  }

  /** Says on stderr what the user should know although the command goes on. */
  warn(message: string): void {
    this.progress.aside(`omo: warning: ${message}\n`);
  }

  /** Prints the answer and gives its exit code. */
  answer(answer: Answer): number {
    this.#stdout.write(this.options.json ? `${toJsonLine(answer.json)}\n` : `${answer.text}\n`);
    return answer.exitCode ?? EXIT.done;
  }

  /** Prints an error (on stdout with --json, as its one object) and gives its exit code. */
  error(error: unknown): number {
    const { exitCode, ...report } = describeError(error);
    if (this.options.json) this.#stdout.write(`${toJsonLine({ error: report })}\n`);
    else {
      this.#stderr.write(`omo: ${report.message}\n`);
      if (report.hint !== '') this.#stderr.write(`     ${report.hint}\n`);
    }
    // A bug is found by its stack; an error of the user's has none worth showing.
    if (exitCode === EXIT.bug && error instanceof Error) this.#stderr.write(`${error.stack}\n`);
    return exitCode;
  }
}

/** Rows of label and value as aligned lines; a row whose value is undefined is left out. */
export function fields(rows: readonly (readonly [label: string, value: unknown])[]): string {
  const shown = rows.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `${label.padEnd(width)}  ${value}`).join('\n');
}
