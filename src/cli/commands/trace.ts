// `omo trace`: commits to a run, in the store.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '../../bytes.ts';
import type { HistoryTree } from '../../commitment/history.ts';
import { statusOfHash } from '../../commitment/stateHash.ts';
import { hashInputs } from '../../environment/inputs.ts';
import { assert } from '../../invariant.ts';
import { MACHINE_VERSION } from '../../semantics/layout.ts';
import type { RunRecord } from '../../store/runs.ts';
import { Store } from '../../store/store.ts';
import { denseWindow } from '../../trace/denseWindow.ts';
import { engineSource } from '../../trace/engineMachine.ts';
import { faultText, parseFault } from '../../trace/fault.ts';
import { encodeTrace } from '../../trace/traceFile.ts';
import { type TraceSubject, trace } from '../../trace/tracer.ts';
import { storedTrace } from '../../trace/traceView.ts';
import { asHash, asWindowIndex, LAST_STEP, type Step, WINDOW_STEPS } from '../../units.ts';
import { type Context, defineCommand } from '../command.ts';
import { STATUS_NAMES } from '../execute.ts';
import { writeOutput } from '../files.ts';
import { GUEST_ARGUMENTS, type Guest, guestOptions, guestWords, openGuest, programRootOf } from '../guest.ts';
import { invocationWords } from '../invocation.ts';
import { integer, type OptionValues, text } from '../options.ts';
import { fields } from '../output.ts';

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
      const committed = await commit(context, store, guest, subjectOf(guest, elf, args, options), options.window);
      if (options.export !== undefined) writeOutput(options.export, encodeTrace(storedTrace(store, committed.run)));
      return answer(committed, context.storePath, options, (performance.now() - start) / 1_000);
    } finally {
      store.close();
      guest.close();
    }
  },
});

interface Committed {
  readonly run: RunRecord;
  readonly steps: Step;
  readonly history: HistoryTree;
  readonly status: string;
}

async function commit(
  { output }: Context,
  store: Store,
  guest: Guest,
  subject: TraceSubject,
  window: number | undefined,
) {
  const source = engineSource(guest.machine, guest.host);
  const { run, position } = await output.progress.phase('executing and committing', (update) =>
    trace(store, subject, source, { onProgress: (step) => update(`step ${step}`) }),
  );
  const sparse = store.histories.tree(run.id, 'sparse');
  assert(sparse !== undefined, 'a traced run has a history');
  const history =
    window === undefined
      ? sparse
      : await output.progress.phase(`committing to every step of window ${window}`, () =>
          denseWindow(store, run, source, asWindowIndex(window)),
        );
  const status = STATUS_NAMES[statusOfHash(sparse.leaf(sparse.leafCount - 1))] ?? 'unfinished';
  return { run, steps: position, history, status };
}

function subjectOf(guest: Guest, elf: string, args: readonly string[], options: TraceValues): TraceSubject {
  const { image, args: argv, env } = guest.program;
  const programRoot = programRootOf(guest);
  return {
    program: { root: programRoot, elfHash: asHash(keccak_256(image.bytes)), args: argv, env },
    programRoot,
    inputsHash: asHash(hashInputs(guest.inputs)),
    machineVersion: MACHINE_VERSION,
    fault: options.fault === undefined ? '' : faultText(parseFault(options.fault)),
    origin: '',
    invocation: invocationWords({ elf, args, options: guestWords(options) }),
  };
}

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
