// Lies of both kinds at every kind of step, found by diff, which answers from the histories alone.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CannotKnowError, InputError, UsageError } from '../../src/errors.ts';
import type { Store } from '../../src/store/store.ts';
import { denseWindow } from '../../src/trace/denseWindow.ts';
import { diff } from '../../src/trace/diff.ts';
import { faultText, parseFault } from '../../src/trace/fault.ts';
import { trace } from '../../src/trace/tracer.ts';
import { storedTrace, type TraceView } from '../../src/trace/traceView.ts';
import { asHash, asStep, asWindowIndex, type Hash } from '../../src/units.ts';
import { hashOf, openStore, subject, temporaryFolder } from './support.ts';
import { type ToyOptions, toySource } from './toyMachine.ts';

const WINDOW = 2 ** 20;
const window = (index: number) => asWindowIndex(index);

/** A run with a fault, and the windows of it that are asked for. */
function traced(store: Store, toy: ToyOptions, fault = '', windows: readonly number[] = []): TraceView {
  const source = toySource(toy);
  const { run } = trace(store, subject(fault), source);
  for (const each of windows) denseWindow(store, run, source, window(each));
  return storedTrace(store, run);
}

function newStore(context: TestContext): Store {
  return openStore(context, join(temporaryFolder(context), 'omo.db'));
}

/** State hash of the honest run at a step. */
function stateAt(toy: ToyOptions, step: number): Hash {
  const machine = toySource(toy).start();
  machine.run(asStep(BigInt(step)));
  return asHash(machine.stateHash());
}

const cannotKnow = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof CannotKnowError && error.code === code && pattern.test(`${error.message} ${error.hint}`);

/** Lies at `steps` of a run that halts after `toy.halt`, each found exactly. */
function findsLies(context: TestContext, toy: ToyOptions, steps: readonly number[]): void {
  const store = newStore(context);
  for (const step of steps)
    for (const kind of ['', ':leaf']) {
      const index = Math.floor(step / WINDOW);
      const honest = traced(store, toy, '', [index]);
      const fault = `${step}${kind}`;
      const liar = traced(store, toy, fault, [index]);
      const found = diff(honest, liar);
      assert.equal(found?.firstDivergentStep, BigInt(step), fault);
      assert.equal(found.window, index);
      assert.equal(found.agreedStateHash, stateAt(toy, step), fault);
      assert.equal(found.ours, stateAt(toy, step + 1), fault);
      assert.notEqual(found.theirs, found.ours);
      assert.deepEqual(diff(liar, honest), { ...found, ours: found.theirs, theirs: found.ours });
    }
}

test('lies at the start, around the end of a window, around the halt, and after it', (context) => {
  const halt = WINDOW + 5000;
  findsLies(context, { halt, idle: 11 }, [0, 1, WINDOW - 1, WINDOW, halt - 2, halt - 1, halt, halt + 1]);
});

test('lies where a run halts at the end of a window, and windows later', (context) => {
  const halt = WINDOW;
  findsLies(context, { halt, idle: 11 }, [halt - 2, halt - 1, halt, 3 * WINDOW + 17]);
});

test('a false leaf is one leaf: every other commitment but the end of its window is true', (context) => {
  const store = newStore(context);
  const toy = { halt: 3 * WINDOW + 9, idle: 11 };
  const honest = traced(store, toy, '', [1]);
  const liar = traced(store, toy, `${WINDOW + 1234}:leaf`, [1]);
  assert.ok(honest.sparse && liar.sparse);
  assert.deepEqual([liar.position, liar.sparse.leafCount], [honest.position, honest.sparse.leafCount]);
  for (const leaf of [0, 1, 2, 3, 4])
    assert.equal(
      asHash(liar.sparse.leaf(leaf)) === asHash(honest.sparse.leaf(leaf)),
      leaf !== 1,
      `sparse leaf ${leaf}`,
    );
  const [a, b] = [honest.window(window(1)), liar.window(window(1))].map((tree) =>
    Buffer.concat(Array.from({ length: WINDOW / 256 }, (_, index) => tree?.row(0, index) ?? Buffer.alloc(0))),
  ) as [Buffer, Buffer];
  const different: number[] = [];
  for (let leaf = 0; leaf < WINDOW; leaf++)
    if (a.compare(b, 32 * leaf, 32 * leaf + 32, 32 * leaf, 32 * leaf + 32) !== 0) different.push(leaf);
  assert.deepEqual(different, [1234, WINDOW - 1]);
});

test('a register is chosen whose lie lasts to the end of the window', (context) => {
  const store = newStore(context);
  const toy = { halt: 2 * WINDOW, idle: 11 };
  assert.ok(diffOrWindow(traced(store, toy), traced(store, toy, '100')) === 0);
});

/** The window that diff asks for. */
function diffOrWindow(a: TraceView, b: TraceView): number | undefined {
  try {
    return diff(a, b)?.window;
  } catch (error) {
    if (!(error instanceof CannotKnowError)) throw error;
    return Number(/in window (\d+)/.exec(error.message)?.[1]);
  }
}

test('a lie that changes the length of the run, either way', (context) => {
  const store = newStore(context);
  // Register 27 is even or odd at the start; the lie inverts that.
  for (const seed of [0, 1]) {
    const toy = { halt: 4 * WINDOW, oddHaltAt: 2 * WINDOW + 333, seed };
    const source = toySource(toy);
    const run = (fault: string) => trace(store, { ...subject(fault, 20 + seed) }, source).run;
    const [honest, liar] = [run(''), run('77')];
    assert.notEqual(store.runs.progress(honest.id)?.position, store.runs.progress(liar.id)?.position);
    for (const each of [honest, liar]) denseWindow(store, each, source, window(0));
    assert.equal(diff(storedTrace(store, honest), storedTrace(store, liar))?.firstDivergentStep, 77n);
  }
});

test('equal traces have no difference', (context) => {
  const toy = { halt: 2 * WINDOW + 1, idle: 11 };
  assert.equal(diff(traced(newStore(context), toy, '', [0]), traced(newStore(context), toy, '', [0, 1])), undefined);
});

test('a missing window is named with the command that makes it, on the side that lacks it', (context) => {
  const store = newStore(context);
  const toy = { halt: 2 * WINDOW, idle: 11 };
  const honest = traced(store, toy);
  const liar = traced(store, toy, `${WINDOW + 5}`);
  const command = (fault: string) => `omo trace --store \\S+ --window 1${fault} toy.elf 'a b' -- -c`;
  assert.throws(
    () => diff(honest, liar),
    cannotKnow(
      'WINDOW_MISSING',
      new RegExp(`window 1 .*run 1.*and run 2.*${command('')}\\s.*${command(` --fault ${WINDOW + 5}`)}`, 's'),
    ),
  );
  const ours = traced(store, toy, '', [1]);
  assert.throws(
    () => diff(ours, liar),
    (error) => error instanceof Error && !/run 1 /.test(error.message) && /run 2/.test(error.message),
  );
});

test('a lie that is over when its window ends is found where both are dense', (context) => {
  const store = newStore(context);
  const toy = { halt: 2 * WINDOW, idle: 11 };
  const liar = traced(store, toy, '500:leaf', [0]);
  const honest = traced(store, toy, '', [0]);
  assert.ok(liar.sparse && honest.sparse);
  const hidden = { ...liar, sparse: honest.sparse };
  assert.throws(
    () => diff(honest, hidden),
    (error) => error instanceof InputError && error.code === 'TRACE_INCONSISTENT',
  );
  assert.equal(diff(honest, { ...hidden, windows: [] }), undefined);
});

test('an unfinished trace: what is committed is compared, what is not cannot be known', (context) => {
  const store = newStore(context);
  const toy = { halt: 5 * WINDOW, idle: 11 };
  const source = toySource(toy);
  const { run } = trace(store, subject(), source, { until: asStep(BigInt(2 * WINDOW)) });
  const unfinished = storedTrace(store, run);
  const honest = { ...traced(newStore(context), toy), name: 'the other' };
  assert.throws(
    () => diff(unfinished, honest),
    cannotKnow('TRACE_UNFINISHED', /up to step 2097152.*omo trace --store/),
  );
  const early = traced(store, toy, '7');
  assert.equal(diffOrWindow(unfinished, early), 0);
  const late = traced(store, toy, `${3 * WINDOW}`);
  assert.throws(() => diff(unfinished, late), cannotKnow('TRACE_UNFINISHED', /up to step 2097152/));
  const { sparse: _, ...rest } = unfinished;
  const nothing = { ...rest, sparse: undefined };
  assert.throws(() => diff(nothing, honest), cannotKnow('TRACE_UNFINISHED', /up to step 0/));
});

test('traces of different runs are not compared', (context) => {
  const view = traced(newStore(context), { halt: 1000 });
  for (const [code, change] of [
    ['DIFFERENT_VERSION', { machineVersion: 2 }],
    ['DIFFERENT_PROGRAM', { programRoot: hashOf(77) }],
    ['DIFFERENT_INPUTS', { inputsHash: hashOf(77) }],
    ['DIFFERENT_START', { startHash: hashOf(77) }],
  ] as const)
    assert.throws(
      () => diff(view, { ...view, ...change }),
      (error) => error instanceof InputError && error.code === code,
    );
});

test('a liar who cannot go on repeats his last state; an honest run stops there', (context) => {
  const store = newStore(context);
  const toy = { halt: 3 * WINDOW, missingAt: WINDOW + 50 };
  const liar = traced(store, toy, '5');
  assert.deepEqual([liar.position, liar.ended], [BigInt(WINDOW + 50), true]);
  assert.throws(
    () => traced(store, toy),
    (error) => error instanceof InputError && error.code === 'PREIMAGE_MISSING',
  );
  const dense = denseWindow(store, store.runs.list()[0]!, toySource(toy), window(1));
  assert.equal(dense.leafCount, 50);
});

test('a lie too far after the halt is refused', (context) => {
  const store = newStore(context);
  const far = `${5000 * WINDOW}`;
  assert.throws(
    () => traced(store, { halt: 1000, idle: 11 }, far),
    (error) => error instanceof UsageError && error.code === 'FAULT_PAST_END',
  );
});

test('faults as text', () => {
  for (const text of ['0', '17', '1048576:leaf']) assert.equal(faultText(parseFault(text)), text);
  assert.equal(faultText(parseFault('007:leaf')), '7:leaf');
  assert.equal(faultText(undefined), '');
  for (const text of ['', 'x', '-1', '5:', '5:Leaf', '5:leaf ', '1e3', `${2n ** 44n}`, '99999999999999'])
    assert.throws(() => parseFault(text), { name: /UsageError|InputError/ });
});
