// Progress on stderr: a spinner on a terminal, one line a phase anywhere else, nothing with --quiet.

import ora, { type Ora } from 'ora';
import type { Sink } from './output.ts';

/** Least time between two redraws of the spinner's line, in milliseconds: work must not wait for the terminal. */
const REDRAW_MILLISECONDS = 100;

/** A line longer than this is cut, in characters. */
const LONGEST_LINE = 4_096;

/** Reports how far a phase has come, in a few words: `12 %, 310 million steps/s`. */
export type Update = (detail: string) => void;

/** Phases of a command's work, one at a time. */
export class Progress {
  readonly #stderr: Sink;
  readonly #enabled: boolean;
  readonly #color: boolean;
  /** The beginning of a line that waits for its end, or for the end of the phase. */
  #held = '';
  #spinner: Ora | undefined;

  constructor(stderr: Sink, enabled: boolean, color = false) {
    this.#stderr = stderr;
    this.#enabled = enabled;
    this.#color = color;
  }

  /** Does `work` under a title. `work` is given a function to report with; what it returns or throws is passed on. */
  async phase<T>(title: string, work: (update: Update) => T | Promise<T>): Promise<T> {
    if (!this.#enabled) return await work(() => {});
    // Over a width of 0, which a terminal without a size has, the spinner would erase lines for ever.
    if (this.#stderr.isTTY !== true || !this.#stderr.columns) {
      this.#stderr.write(`${title}\n`);
      return await work(() => {});
    }
    return await this.#spin(title, work);
  }

  /** Writes to stderr what is no progress: by whole lines while a spinner turns, which needs the last one for itself. */
  aside(text: string): void {
    this.#held += text;
    const end = this.#spinner === undefined ? this.#held.length : this.#held.lastIndexOf('\n') + 1;
    this.#release(end === 0 && this.#held.length > LONGEST_LINE ? this.#held.length : end);
  }

  #release(length: number): void {
    if (length === 0) return;
    this.#spinner?.clear();
    this.#stderr.write(this.#held.slice(0, length));
    this.#held = this.#held.slice(length);
  }

  async #spin<T>(title: string, work: (update: Update) => T | Promise<T>): Promise<T> {
    // A hidden cursor would need a handler of SIGINT, and with one Ctrl-C waits until synchronous work is over.
    const color = this.#color ? 'cyan' : false;
    const spinner = ora({ text: title, stream: process.stderr, discardStdin: false, hideCursor: false, color }).start();
    this.#spinner = spinner;
    try {
      const result = await work(redraw(spinner, title));
      if (this.#color) spinner.succeed();
      else spinner.stopAndPersist({ symbol: '✔' });
      return result;
    } catch (error) {
      if (this.#color) spinner.fail();
      else spinner.stopAndPersist({ symbol: '✖' });
      throw error;
    } finally {
      this.#spinner = undefined;
      this.#release(this.#held.length);
    }
  }
}

/** Redraws by hand: the work is synchronous for long stretches, in which the spinner's own timer does not fire. */
function redraw(spinner: Ora, title: string): Update {
  let last = 0;
  return (detail) => {
    spinner.text = `${title}: ${detail}`;
    const now = performance.now();
    if (now - last < REDRAW_MILLISECONDS) return;
    last = now;
    spinner.render();
  };
}
