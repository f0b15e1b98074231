// `omo trace`: commits to a run, in the store.

import { bytesToHex } from '../../bytes.ts';
import { Store } from '../../store/store.ts';
import { faultText, parseFault } from '../../trace/fault.ts';
import { encodeTrace } from '../../trace/traceFile.ts';
import { storedTrace } from '../../trace/traceView.ts';
import { asWindowIndex, LAST_STEP, WINDOW_STEPS } from '../../units.ts';
import { defineCommand } from '../command.ts';
import { writeOutput } from '../files.ts';
import { GUEST_ARGUMENTS, guestOptions, guestWords, openGuest } from '../guest.ts';
import { integer, type OptionValues, text } from '../options.ts';
import { fields } from '../output.ts';
import { type Committed, commit, commitWindow, subjectOf } from '../tracing.ts';

const WINDOW_INDEX_MAX = Number(LAST_STEP / WINDOW_STEPS) - 1;

const traceOptions = () => ({
  ...guestOptions(),
  window: integer('--window <index>', 'commit to every step of this window of 2^20 steps', 0, WINDOW_INDEX_MAX),
  fault: text('--fault <step>', 'lie at this step, for drills; STEP:leaf for one false commitment'),
  export: text('--export <file>', 'also write the trace to a file, to be given to somebody'),
});

type TraceValues = OptionValues<ReturnType<typeof traceOptions>>;

export const traceCommand = defineCommand({
  name: 'trace',
  summary: 'commit to the execution of a program',
  description:
    'Executes a program and commits to its state every 2^20 steps, in the store. Stopped at any moment, it goes on from ' +
    'its last snapshot when repeated. With --window it also commits to every single step of one window, which is what a ' +
    'search for the first divergent step needs.',
  arguments: GUEST_ARGUMENTS,
  options: traceOptions(),
  examples: [
    ['omo trace executor.elf --block block.json', 'commit to the execution of a block'],
    ['omo trace executor.elf --block block.json --window 3', 'and to every step of a window'],
    ['omo trace executor.elf --block block.json --fault 3000000', 'a liar, for a drill'],
  ],
  run: async (context, [elf, args], options) => {
    const guest = openGuest(elf, args, options);
    const store = Store.open(context.storePath, { mode: 'write', owner: `omo trace (process ${process.pid})` });
    try {
      const start = performance.now();
      const fault = options.fault === undefined ? '' : faultText(parseFault(options.fault));
      const subject = subjectOf(guest, { elf, args, options: guestWords(options) }, fault);
      const sparse = await commit(context.output, store, guest, subject);
      const window = options.window === undefined ? undefined : asWindowIndex(options.window);
      const history =
        window === undefined ? sparse.history : await commitWindow(context.output, store, guest, sparse.run, window);
      if (options.export !== undefined) writeOutput(options.export, encodeTrace(storedTrace(store, sparse.run)));
      return answer({ ...sparse, history }, context.storePath, options, (performance.now() - start) / 1_000);
    } finally {
      store.close();
      guest.close();
    }
  },
});

function answer({ run, steps, history, status }: Committed, storePath: string, options: TraceValues, seconds: number) {
  const json = {
    runId: run.id,
    steps,
    status,
    stride: options.window === undefined ? WINDOW_STEPS : 1n,
    commitments: history.leafCount,
    historyRoot: bytesToHex(history.root()),
    seconds: Number(seconds.toFixed(3)),
    ...(options.window !== undefined && { window: options.window }),
    ...(run.fault !== '' && { fault: run.fault }),
  };
  const text = fields([
    ['run', `${run.id} of store ${storePath}`],
    ['steps', steps],
    ['status', status],
    ['fault', run.fault === '' ? undefined : `lies at step ${run.fault}`],
    ['window', options.window],
    ['commitments', `${history.leafCount}, one every ${json.stride} steps`],
    ['history root', json.historyRoot],
    ['file', options.export],
    ['time', `${seconds.toFixed(2)} s`],
  ]);
  return { json, text };
}
