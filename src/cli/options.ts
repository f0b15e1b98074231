// The kinds of options and arguments that commands are made of. Each has a type, a check with bounds, and an environment
// variable named after it: --rpc-url is OMO_RPC_URL, on every command that has it.

import { InvalidArgumentError, Option } from 'commander';
import { OmoError } from '../errors.ts';
import { type Hash, parseHash, parseStep, type Step } from '../units.ts';

/** Texts longer than this are not read as an option's value at all. */
const MAX_VALUE_LENGTH = 65_536;
const MAX_LIST_LENGTH = 1_024;

declare const value: unique symbol;

/** An option of commander's that remembers the type of its value and the name of its environment variable. */
export class TypedOption<T> extends Option {
  declare readonly [value]: T;
  /** OMO_ and the option's name in upper case. */
  readonly variable: string;

  constructor(flags: string, description: string) {
    super(flags, description);
    this.variable = `OMO_${this.name().toUpperCase().replaceAll('-', '_')}`;
  }

  /** Lets the environment variable count, unless it is empty, or a flag's says 0 or false. */
  bindVariable(): void {
    const text = process.env[this.variable] ?? '';
    const isFlag = !this.required && !this.optional;
    if (text !== '' && !(isFlag && /^(0|false|no|off)$/i.test(text))) this.env(this.variable);
  }
}

/** Value types of a record of options, as a command receives them. */
export type OptionValues<Options> = {
  readonly [Name in keyof Options]: Options[Name] extends TypedOption<infer T> ? T : never;
};

/** Turns an error of a parser of ours into the one that commander reports with the option's name. */
function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    if (text.length > MAX_VALUE_LENGTH)
      throw new InvalidArgumentError(`It is longer than ${MAX_VALUE_LENGTH} characters.`);
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof OmoError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

function option<T>(flags: string, description: string, parse: (text: string) => T): TypedOption<T | undefined> {
  const made = new TypedOption<T | undefined>(flags, description);
  made.argParser(checked(parse));
  return made;
}

/** Makes an option's value always there: given by the user, or this. */
export function withDefault<T>(made: TypedOption<T | undefined>, fallback: T, shown?: string): TypedOption<T> {
  made.default(fallback, shown);
  return made as TypedOption<T>;
}

/** Makes it wrong use to leave the option out. */
export function mandatory<T>(made: TypedOption<T | undefined>): TypedOption<T> {
  made.makeOptionMandatory();
  return made as TypedOption<T>;
}

/** A flag: present or not. */
export function flag(flags: string, description: string): TypedOption<boolean> {
  const made = new TypedOption<boolean>(flags, description);
  made.default(false);
  // Not shown in help: that a flag is off unless given goes without saying.
  made.defaultValueDescription = '';
  return made;
}

/** Any text. */
export function text(flags: string, description: string): TypedOption<string | undefined> {
  return option(flags, description, (input) => input);
}

/** A step number, 0 to 2^44. */
export function step(flags: string, description: string): TypedOption<Step | undefined> {
  return option(flags, description, (input) => parseStep(input, 'step'));
}

/** A 32-byte hash, 0x and 64 digits. */
export function hash(flags: string, description: string): TypedOption<Hash | undefined> {
  return option(flags, description, (input) => parseHash(input, 'hash'));
}

/** A whole number from `least` to `most`, both included. */
export function integer(
  flags: string,
  description: string,
  least: number,
  most: number,
): TypedOption<number | undefined> {
  return option(flags, description, (input) => {
    const number = /^\d{1,16}$/.test(input) ? Number(input) : Number.NaN;
    if (!(number >= least && number <= most))
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    return number;
  });
}

/** One of a few words. */
export function choice<const Word extends string>(
  flags: string,
  description: string,
  words: readonly Word[],
): TypedOption<Word | undefined> {
  const made = new TypedOption<Word | undefined>(flags, description);
  made.choices([...words]);
  return made;
}

/** An option that may be repeated; in its environment variable the values are separated by commas. */
export function list<T>(flags: string, description: string, parse: (text: string) => T): TypedOption<readonly T[]> {
  const made = new TypedOption<readonly T[]>(flags, description);
  made.argParser((input: string, previous: readonly T[]) => {
    const items = checked((whole) => whole.split(',').map(parse))(input);
    if (previous.length + items.length > MAX_LIST_LENGTH)
      throw new InvalidArgumentError(`More than ${MAX_LIST_LENGTH} values.`);
    return [...previous, ...items];
  });
  made.default([], 'none');
  return made;
}
