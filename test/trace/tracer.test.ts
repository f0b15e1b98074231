// Tracing into a store: what is committed, and that it can be stopped anywhere by anything and goes on to the same root.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesToHex } from '../../src/bytes.ts';
import { buildRows, HistoryTree } from '../../src/commitment/history.ts';
import { InputError } from '../../src/errors.ts';
import { Store } from '../../src/store/store.ts';
import type { StoreOptions } from '../../src/store/storeFile.ts';
import { denseWindow } from '../../src/trace/denseWindow.ts';
import { DEFAULT_POLICY, isDue } from '../../src/trace/snapshotPolicy.ts';
import { machineAt, trace } from '../../src/trace/tracer.ts';
import { asStep, asWindowIndex } from '../../src/units.ts';
import { Random } from '../commitment/random.ts';
import { Injected, smallDisk, WriteFaults } from '../store/failing.ts';
import { EVERY_WINDOW, openStore, subject, temporaryFolder } from './support.ts';
import { type ToyOptions, toySource } from './toyMachine.ts';

const WINDOW = 2 ** 20;
const refused =
  (code: string, pattern = /./) =>
  (error: unknown) =>
    error instanceof InputError && error.code === code && pattern.test(`${error.message} ${error.hint}`);

/** The sparse history of a toy, run without a store. */
function expectedRoot(options: ToyOptions): string {
  const machine = toySource(options).start();
  const leaves: Uint8Array[] = [];
  do {
    machine.run(asStep((machine.position / 2n ** 20n + 1n) * 2n ** 20n));
    leaves.push(machine.stateHash());
  } while (!machine.ended);
  return bytesToHex(new HistoryTree(buildRows(Buffer.concat(leaves), 24)).root());
}

function rootOf(store: Store, run = 1): string {
  const tree = store.histories.tree(run, 'sparse');
  assert.ok(tree);
  return bytesToHex(tree.root());
}

test('the sparse history is that of the run, wherever it halts', (context) => {
  const folder = temporaryFolder(context);
  for (const halt of [0, 1, 5, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW, 7 * WINDOW + 99]) {
    const options = { halt, idle: 101 };
    const store = openStore(context, join(folder, `${halt}.db`));
    const traced = trace(store, subject(), toySource(options), { policy: EVERY_WINDOW });
    assert.deepEqual([traced.position, traced.ended], [BigInt(halt), true]);
    assert.equal(rootOf(store), expectedRoot(options), `halt ${halt}`);
    assert.equal(store.histories.tree(1, 'sparse')?.leafCount, Math.max(1, Math.ceil(halt / WINDOW)));
    // Again: nothing to do.
    assert.deepEqual(trace(store, subject(), toySource(options)), traced);
    store.close();
  }
});

test('several programs, inputs and faults are kept apart, pages are shared', (context) => {
  const store = openStore(context, join(temporaryFolder(context), 'omo.db'));
  const options = { halt: 3 * WINDOW, idle: 1001 };
  const runs = [subject(), subject('', 1, 3), subject('', 4), subject('77')].map(
    (each) => trace(store, each, toySource(options), { policy: EVERY_WINDOW }).run,
  );
  assert.deepEqual(
    runs.map((run) => run.id),
    [1, 2, 3, 4],
  );
  assert.deepEqual(store.runs.list(), runs);
  assert.equal(rootOf(store, 1), rootOf(store, 3));
  assert.notEqual(rootOf(store, 1), rootOf(store, 4));
  assert.deepEqual(store.runs.find({ ...subject(), fault: '77' }), runs[3]);
  assert.equal(store.runs.find(subject('78')), undefined);
});

test('another start state of the same run is refused', (context) => {
  const store = openStore(context, join(temporaryFolder(context), 'omo.db'));
  trace(store, subject(), toySource({ halt: 10 }));
  assert.throws(() => trace(store, subject(), toySource({ halt: 10, seed: 5 })), refused('RUN_CONFLICT'));
});

test('how a run is made is remembered as it was made last', (context) => {
  const store = openStore(context, join(temporaryFolder(context), 'omo.db'));
  const toy = toySource({ halt: 10 });
  const first = trace(store, subject(), toy);
  const moved = { ...subject(), invocation: ['moved.elf'] };
  assert.deepEqual(trace(store, moved, toy), { ...first, run: { ...first.run, invocation: ['moved.elf'] } });
  assert.deepEqual(store.runs.list(), [{ ...first.run, invocation: ['moved.elf'] }]);
});

test('a trace stopped at a step goes on from there', (context) => {
  const store = openStore(context, join(temporaryFolder(context), 'omo.db'));
  const options = { halt: 9 * WINDOW + 5, idle: 501 };
  const stopped = trace(store, subject(), toySource(options), { until: asStep(BigInt(3 * WINDOW - 7)) });
  assert.deepEqual([stopped.position, stopped.ended], [BigInt(3 * WINDOW), false]);
  const positions: bigint[] = [];
  trace(store, subject(), toySource(options), { onProgress: (position) => positions.push(position) });
  assert.deepEqual([positions[0], positions.length], [BigInt(4 * WINDOW), 7]);
  assert.equal(rootOf(store), expectedRoot(options));
});

test('a missing preimage stops the trace; with it the trace goes on', (context) => {
  const store = openStore(context, join(temporaryFolder(context), 'omo.db'));
  const options = { halt: 2_500_000 };
  const stuck = toySource({ ...options, missingAt: 2_200_000 });
  assert.throws(
    () => trace(store, subject(), stuck, { policy: EVERY_WINDOW }),
    refused('PREIMAGE_MISSING', /0x0707.*--block/),
  );
  assert.equal(store.runs.progress(1)?.position, BigInt(2 * WINDOW));
  trace(store, subject(), toySource(options));
  assert.equal(rootOf(store), expectedRoot(options));
});

test('machineAt gives the state at any step, from the nearest snapshot', (context) => {
  const store = openStore(context, join(temporaryFolder(context), 'omo.db'));
  const options = { halt: 5 * WINDOW + 77, idle: 31 };
  const source = toySource(options);
  const { run } = trace(store, subject(), source, { policy: EVERY_WINDOW });
  for (const step of [0, 1, WINDOW, 3 * WINDOW - 1, 3 * WINDOW + 1234, options.halt - 1, options.halt, 9 * WINDOW]) {
    const expected = source.start();
    expected.run(asStep(BigInt(step)));
    const machine = machineAt(store, run, source, asStep(BigInt(step)));
    assert.equal(machine.position, BigInt(Math.min(step, options.halt)));
    assert.deepEqual(machine.stateHash(), expected.stateHash(), `step ${step}`);
  }
});

test('dense windows: before, around and after the halt, of an unfinished trace too', (context) => {
  const store = openStore(context, join(temporaryFolder(context), 'omo.db'));
  const options = { halt: WINDOW + 1000, idle: 7 };
  const source = toySource(options);
  const { run } = trace(store, subject(), source, { until: asStep(1n) });
  const window = (index: number) => denseWindow(store, run, source, asWindowIndex(index));
  const first = window(0);
  assert.equal(first.leafCount, WINDOW);
  assert.throws(() => window(1), refused('TRACE_UNFINISHED'));
  trace(store, subject(), source);
  assert.deepEqual([window(1).leafCount, window(2).leafCount, window(4000).leafCount], [1000, 1, 1]);
  assert.deepEqual(store.histories.windows(run.id), [0, 1, 2, 4000]);
  const machine = source.start();
  for (const step of [1, 2, 500, WINDOW - 1, WINDOW]) {
    machine.run(asStep(BigInt(step)));
    assert.deepEqual(Buffer.from(first.leaf(step - 1)), Buffer.from(machine.stateHash()), `step ${step}`);
  }
  machine.run(asStep(BigInt(options.halt)));
  for (const leaf of [window(1).leaf(999), window(1).leaf(WINDOW - 1), window(2).leaf(0)])
    assert.deepEqual(Buffer.from(leaf), Buffer.from(machine.stateHash()));
});

test('snapshots are spaced by steps and by what changed', () => {
  assert.equal(isDue(DEFAULT_POLICY, 2n ** 24n - 1n, 0), false);
  assert.equal(isDue(DEFAULT_POLICY, 2n ** 24n, 1024), true);
  assert.equal(isDue(DEFAULT_POLICY, 2n ** 24n, 1025), false);
  assert.equal(isDue(DEFAULT_POLICY, 2n ** 29n, 100_000), false);
  assert.equal(isDue(DEFAULT_POLICY, 2n ** 30n, 1_000_000), true);
});

/** A short trace: four windows with a snapshot each, one dense. */
const SHORT = { halt: 3 * WINDOW + 40, idle: 40_009 };
const SHORT_ROOT = expectedRoot(SHORT);

function traceShort(path: string, options: Partial<StoreOptions> = {}, toy: ToyOptions = SHORT): string {
  const store = Store.open(path, { mode: 'write', owner: 'the test', ...options });
  try {
    const { run } = trace(store, subject(), toySource(toy), { policy: EVERY_WINDOW });
    denseWindow(store, run, toySource(toy), asWindowIndex(toy.halt >> 20));
    return rootOf(store);
  } finally {
    store.close();
  }
}

test('an error at the n-th write, for every n, leaves a store that goes on to the same root', (context) => {
  const folder = temporaryFolder(context);
  const count = new WriteFaults(0);
  assert.equal(traceShort(join(folder, 'count.db'), { connect: count.connect }), SHORT_ROOT);
  assert.ok(count.writes > 60, `${count.writes} writes`);
  for (let n = 1; n <= count.writes; n++) {
    const path = join(folder, `${n}.db`);
    const { connect } = new WriteFaults(n);
    assert.throws(() => traceShort(path, { connect }), Injected, `write ${n}`);
    assert.equal(traceShort(path), SHORT_ROOT, `after write ${n}`);
  }
});

test('a full disk is named, and the trace goes on when there is room', (context) => {
  const folder = temporaryFolder(context);
  const toy = { halt: 50 * WINDOW + 100, idle: 9973 };
  const root = expectedRoot(toy);
  const pagesOf = (path: string) => statSync(path).size / 4096;
  const [empty, whole] = [join(folder, 'empty.db'), join(folder, 'whole.db')];
  Store.open(empty, { mode: 'write' }).close();
  assert.equal(traceShort(whole, {}, toy), root);
  context.diagnostic(`from ${pagesOf(empty)} to ${pagesOf(whole)} pages`);
  assert.ok(pagesOf(whole) > pagesOf(empty) + 10);
  for (let pages = pagesOf(empty); pages < pagesOf(whole); pages += 3) {
    const path = join(folder, `${pages}.db`);
    assert.throws(() => traceShort(path, { connect: smallDisk(pages) }, toy), refused('DISK_FULL', /space/));
    assert.equal(traceShort(path, {}, toy), root, `after ${pages} pages`);
  }
});

test('a full file system is named, and the trace goes on when there is room', (context) => {
  const folder = join(temporaryFolder(context), 'small');
  mkdirSync(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
  if (mounted.status !== 0) return context.skip('only root may mount a file system');
  try {
    const path = join(folder, 'omo.db');
    const densely = () => {
      const store = Store.open(path, { mode: 'write' });
      try {
        const { run } = trace(store, subject(), toySource(SHORT), { policy: EVERY_WINDOW });
        return bytesToHex(denseWindow(store, run, toySource(SHORT), asWindowIndex(1)).root());
      } finally {
        store.close();
      }
    };
    assert.throws(densely, refused('DISK_FULL', /space/));
    assert.throws(densely, refused('DISK_FULL', /space/));
    spawnSync('mount', ['-o', 'remount,size=256m', folder]);
    const machine = toySource(SHORT).start();
    machine.run(asStep(BigInt(WINDOW)));
    const leaves = machine.denseHashes(asStep(BigInt(2 * WINDOW)));
    assert.equal(densely(), bytesToHex(new HistoryTree(buildRows(leaves, 20)).root()));
  } finally {
    spawnSync('umount', ['-l', folder]);
  }
});

/** Long enough for several kills. */
const LONG = { halt: 400 * WINDOW + 3, idle: 5003 };

/** Traces in a process of its own; kills it `milliseconds` after it began. False if it finished before. */
function killedTrace(path: string, milliseconds: number): Promise<boolean> {
  const script = fileURLToPath(new URL('tracingChild.ts', import.meta.url));
  const child = spawn(process.execPath, [script, path, String(LONG.halt), String(LONG.idle)]);
  return new Promise((resolve, reject) => {
    let errors = '';
    let timer: NodeJS.Timeout | undefined;
    child.stderr.on('data', (data) => {
      errors += data;
    });
    child.stdout.once('data', () => {
      timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (signal === 'SIGKILL') resolve(true);
      else if (code === 0) resolve(false);
      else reject(new Error(`the child ended with ${code ?? signal}: ${errors}`));
    });
  });
}

test('kill -9 at random moments, 20 times: the store opens and the trace goes on to the same root', async (context) => {
  const random = new Random('kill -9');
  const folder = temporaryFolder(context);
  const root = expectedRoot(LONG);
  let finished = 0;
  const positions = new Set<bigint>();
  // Kills count where they hit: some at least must fall into the middle of the work.
  const isEnough = (kills: number) => kills >= 20 && positions.size >= 5;
  for (let kills = 0; !isEnough(kills) || finished === 0; ) {
    const path = join(folder, `${finished}.db`);
    // After the last kill the trace may finish.
    if (await killedTrace(path, isEnough(kills) ? 600_000 : random.below(80))) kills++;
    const store = Store.open(path, { mode: 'write', owner: 'the test' });
    const progress = store.runs.list().length > 0 ? store.runs.progress(1) : undefined;
    if (progress?.ended) {
      assert.equal(rootOf(store), root);
      finished++;
    } else if (progress) positions.add(progress.position);
    store.close();
  }
  context.diagnostic(`${finished} traces finished, killed at ${positions.size} positions`);
});
