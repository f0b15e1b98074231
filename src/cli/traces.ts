// Traces that a command is given: in a store, in a file that somebody exported, or at a URL of such a file. A store may hold
// several runs: STORE#3 names one of them.

import { existsSync } from 'node:fs';
import { equal } from '../bytes.ts';
import { download } from '../chain/http.ts';
import { UsageError } from '../errors.ts';
import type { RunKey } from '../store/runs.ts';
import { Store } from '../store/store.ts';
import { MAGIC, type ProgramTrace, TRACE_FILE_BYTES_MAX } from '../trace/traceFile.ts';
import { decodeTrace } from '../trace/traceFileReader.ts';
import { storedTrace } from '../trace/traceView.ts';
import { readInput, readStart } from './files.ts';

const DOWNLOAD_TIMEOUT_SECONDS = 600;

/** A trace, and the words that made it where they are known: of runs in a store. */
export type AnyTrace = ProgramTrace & { readonly invocation?: readonly string[] };

/** The traces of one place, and what to call when done. */
export interface OpenTraces {
  /** What messages call the place. */
  readonly place: string;
  readonly traces: readonly AnyTrace[];
  close(): void;
}

/** Opens a place that has traces. Throws what reading a store, a file or a URL throws, or a UsageError (`NO_SUCH_RUN`). */
export async function openTraces(place: string): Promise<OpenTraces> {
  const url = /^https?:\/\//.test(place) ? URL.parse(place) : null;
  if (url !== null) {
    const file = await download(url, TRACE_FILE_BYTES_MAX, DOWNLOAD_TIMEOUT_SECONDS);
    return single(decodeTrace(file, `${url.protocol}//${url.host}`));
  }
  const [, path = place, run] = (existsSync(place) ? null : /^(.*)#(\d{1,9})$/.exec(place)) ?? [];
  const bounds = { what: 'trace', maxBytes: TRACE_FILE_BYTES_MAX };
  if (run === undefined && equal(readStart(path, 'trace', MAGIC.length), MAGIC))
    return single(decodeTrace(readInput(path, bounds), path));
  return openStored(path, run === undefined ? undefined : Number(run));
}

function single(trace: ProgramTrace): OpenTraces {
  return { place: trace.name, traces: [trace], close: () => {} };
}

function openStored(path: string, run: number | undefined): OpenTraces {
  const store = Store.open(path, { mode: 'read' });
  try {
    const runs = store.runs.list().filter(({ id }) => run === undefined || id === run);
    if (runs.length === 0)
      throw new UsageError('NO_SUCH_RUN', `store ${path}: it has no run${run === undefined ? '' : ` ${run}`}`);
    return { place: path, traces: runs.map((each) => storedTrace(store, each)), close: () => store.close() };
  } catch (error) {
    store.close();
    throw error;
  }
}

/**
 * The one trace of each place that the two have in common: of one program, inputs and machine. Throws a UsageError
 * (`AMBIGUOUS_RUN`) if there are several. Where there is nothing in common, any two: comparing them says what differs.
 */
export function pairOf(a: OpenTraces, b: OpenTraces): readonly [AnyTrace, AnyTrace] {
  const pairs = a.traces.flatMap((ours) =>
    b.traces.filter((theirs) => isSameRun(ours, theirs)).map((theirs) => [ours, theirs] as const),
  );
  const [pair, another] = pairs;
  if (pair !== undefined && another === undefined) return pair;
  if (pair === undefined) return [a.traces.at(-1) as AnyTrace, b.traces.at(-1) as AnyTrace];
  const names = [...new Set(pairs.flat().map(({ name }) => name))].join(', ');
  throw new UsageError('AMBIGUOUS_RUN', `several runs can be compared: ${names}`, {
    hint: 'Name one of each place by its number: STORE#NUMBER.',
  });
}

function isSameRun(a: RunKey, b: RunKey): boolean {
  return a.programRoot === b.programRoot && a.inputsHash === b.inputsHash && a.machineVersion === b.machineVersion;
}
