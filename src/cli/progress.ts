// Progress on stderr: a spinner on a terminal, one line a phase anywhere else, nothing with --quiet.

import ora, { type Ora } from 'ora';
import type { Sink } from './output.ts';

/** Least time between two redraws of the spinner's line, in milliseconds: work must not wait for the terminal. */
const REDRAW_MILLISECONDS = 100;

/** Reports how far a phase has come, in a few words: `12 %, 310 million steps/s`. */
export type Update = (detail: string) => void;

/** Phases of a command's work, one at a time. */
export class Progress {
  readonly #stderr: Sink;
  readonly #enabled: boolean;
  #spinner: Ora | undefined;

  constructor(stderr: Sink, enabled: boolean) {
    this.#stderr = stderr;
    this.#enabled = enabled;
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

  /** Does `write`, which writes to stderr too, with the spinner's line out of the way. */
  aside(write: () => void): void {
    this.#spinner?.clear();
    write();
  }

  async #spin<T>(title: string, work: (update: Update) => T | Promise<T>): Promise<T> {
    // A hidden cursor would need a handler of SIGINT, and with one Ctrl-C waits until synchronous work is over.
    const spinner = ora({ text: title, stream: process.stderr, discardStdin: false, hideCursor: false }).start();
    this.#spinner = spinner;
    try {
      const result = await work(redraw(spinner, title));
      spinner.succeed();
      return result;
    } catch (error) {
      spinner.fail();
      throw error;
    } finally {
      this.#spinner = undefined;
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
