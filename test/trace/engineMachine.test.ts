// Traces of real programs by the engine, with the evaluate reading as the witness: what is committed is what it says, and
// it is the judge of every lie.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { bytesToHex } from '../../src/bytes.ts';
import { MemoryTree } from '../../src/commitment/memoryTree.ts';
import { commitMachine } from '../../src/commitment/stateHash.ts';
import { evaluateStep } from '../../src/engine/machineHart.ts';
import { createHost } from '../../src/environment/host.ts';
import { makeInputs } from '../../src/environment/inputs.ts';
import { InputError, UsageError } from '../../src/errors.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { loadProgram } from '../../src/machine/program.ts';
import { RECORD_BYTES } from '../../src/semantics/layout.ts';
import { Store } from '../../src/store/store.ts';
import { denseWindow } from '../../src/trace/denseWindow.ts';
import { diff } from '../../src/trace/diff.ts';
import { engineSource, storedMachine } from '../../src/trace/engineMachine.ts';
import { RunTrace } from '../../src/trace/runTrace.ts';
import { machineAt, trace } from '../../src/trace/tracer.ts';
import { storedTrace } from '../../src/trace/traceView.ts';
import { asHash, asStep, asWindowIndex, LAST_STEP } from '../../src/units.ts';
import { Random } from '../commitment/random.ts';
import { EVERY_WINDOW, openStore, subject, temporaryFolder } from './support.ts';

const WINDOW = 2n ** 20n;
const host = createHost({ inputs: makeInputs() });

function load(guest: string, ...args: string[]): Machine {
  const path = fileURLToPath(new URL(`../../guests/bench/${guest}.elf`, import.meta.url));
  return loadProgram(readFileSync(path), { args }, guest).machine;
}

/** A program of a few windows: its source, and the steps to its halt. */
function program(guest: string, ...args: string[]) {
  const source = engineSource(load(guest, ...args), host);
  const machine = source.start();
  machine.run(asStep(LAST_STEP));
  assert.ok(machine.ended);
  return { source, halt: machine.position };
}

const stateHash = (machine: Machine) => commitMachine(machine.fork(), new MemoryTree()).hash;

test('every dense leaf of the first steps is the state by the evaluate reading', (context) => {
  const store = openStore(context, join(temporaryFolder(context), 'omo.db'));
  for (const [i, guest] of ['sha256', 'quicksort', 'bytecode'].entries()) {
    const initial = load(guest, '1');
    const source = engineSource(initial, host);
    const { run } = trace(store, subject('', i + 1), source);
    assert.equal(run.startHash, stateHash(initial));
    const dense = denseWindow(store, run, source, asWindowIndex(0));
    const machine = initial.fork();
    const tree = new MemoryTree();
    for (let step = 0; step < 2000; step++) {
      evaluateStep(machine, host);
      assert.equal(asHash(dense.leaf(step)), commitMachine(machine, tree).hash, `${guest} step ${step}`);
    }
  }
});

test('a trace in pieces is the trace in one; states come back from the store', (context) => {
  const folder = temporaryFolder(context);
  const random = new Random('states of a program');
  const { source, halt } = program('keccak', '4');
  assert.ok(halt > 2n * WINDOW, `${halt} steps`);
  const whole = openStore(context, join(folder, 'whole.db'));
  const { run } = trace(whole, subject(), source);
  const pieces = openStore(context, join(folder, 'pieces.db'));
  for (let until = 1n; !trace(pieces, subject(), source, { policy: EVERY_WINDOW, until: asStep(until) }).ended; )
    until += WINDOW;
  const root = (store: Store) => bytesToHex(store.histories.tree(1, 'sparse')?.root() ?? new Uint8Array());
  assert.equal(root(pieces), root(whole));
  const tracePieces = new RunTrace(pieces, run, source);
  for (const step of [0n, 1n, WINDOW, halt - 1n, halt, halt + 5n, BigInt(random.below(Number(halt)))]) {
    const position = asStep(step);
    const machine = storedMachine(pieces, run, host, position);
    const fresh = source.start();
    fresh.run(position);
    assert.equal(stateHash(machine), asHash(fresh.stateHash()), `step ${step}`);
    assert.deepEqual(machineAt(whole, run, source, position).stateHash(), fresh.stateHash(), `step ${step}`);
    assert.equal(tracePieces.hashAt(position), stateHash(machine), `hash at step ${step}`);
  }
});

test('a damaged page or record in a store is named before it is used', (context) => {
  const path = join(temporaryFolder(context), 'omo.db');
  const { source, halt } = program('sha256', '4');
  const filled = Store.open(path, { mode: 'write' });
  const { run } = trace(filled, subject(), source, { policy: EVERY_WINDOW });
  filled.close();
  const raw = new Database(path);
  const damage = (sql: string, undo: string, pattern: RegExp) => {
    raw.exec(sql);
    const store = Store.open(path, { mode: 'read' });
    assert.throws(
      () => machineAt(store, run, source, halt),
      (error) => error instanceof InputError && error.code === 'STORE_DAMAGED' && pattern.test(error.message),
      sql,
    );
    store.close();
    raw.exec(undo);
  };
  raw.exec('CREATE TEMP TABLE kept AS SELECT * FROM pages; CREATE TEMP TABLE records AS SELECT * FROM snapshots');
  const undoPages = 'UPDATE pages SET bytes = (SELECT bytes FROM kept WHERE kept.id = pages.id)';
  const undoRecords =
    'UPDATE snapshots SET record = (SELECT record FROM records AS r WHERE r.run = snapshots.run AND r.step = snapshots.step)';
  damage('UPDATE pages SET bytes = zeroblob(4096)', undoPages, /page \d+ does not have its hash/);
  damage("UPDATE pages SET bytes = x'1234'", undoPages, /page \d+ do not expand/);
  damage('UPDATE snapshots SET record = zeroblob(length(record))', undoRecords, /state hash 0x.*committed is 0x/);
  damage("UPDATE snapshots SET record = x'12'", undoRecords, /record of 1 bytes/);
  raw.close();
});

/** Lies at `steps` of a program: diff finds each, and one evaluated step from the agreed state says who lies. */
function settlesLies(context: TestContext, steps: (halt: bigint) => bigint[]): void {
  const { source, halt } = program('sha256', '4');
  const store = openStore(context, join(temporaryFolder(context), 'omo.db'));
  const { run } = trace(store, subject(), source);
  for (const step of steps(halt))
    for (const kind of ['', ':leaf']) {
      const window = asWindowIndex(Number(step / WINDOW));
      const liar = trace(store, subject(`${step}${kind}`), source).run;
      denseWindow(store, run, source, window);
      denseWindow(store, liar, source, window);
      const found = diff(storedTrace(store, run), storedTrace(store, liar));
      assert.equal(found?.firstDivergentStep, step, `${step}${kind}`);
      const machine = storedMachine(store, run, host, asStep(step));
      assert.equal(stateHash(machine), found.agreedStateHash);
      evaluateStep(machine, host);
      assert.equal(stateHash(machine), found.ours);
      assert.notEqual(found.theirs, found.ours);
      assert.throws(
        () => storedMachine(store, liar, host, asStep(step)),
        (error) => error instanceof UsageError && error.code === 'FAULTY_RUN',
      );
    }
}

test('lies at the start and around the end of a window', (context) =>
  settlesLies(context, () => [0n, 1n, WINDOW - 1n, WINDOW]));

test('lies around the halt and after it', (context) => settlesLies(context, (halt) => [halt - 2n, halt - 1n, halt]));

/** A record alone, without threads. */
const WITHOUT_THREADS = RECORD_BYTES.hot + RECORD_BYTES.cold + RECORD_BYTES.fp;

test('threads that wait come back with a snapshot', () => {
  const path = fileURLToPath(new URL('../parity/programs/threads.musl.br', import.meta.url));
  const source = engineSource(loadProgram(brotliDecompressSync(readFileSync(path))).machine, host);
  const whole = source.start();
  whole.run(asStep(LAST_STEP));
  assert.ok(whole.ended);
  for (const step of [14_000n, 20_000n, 26_000n]) {
    const machine = source.start();
    machine.run(asStep(step));
    const snapshot = machine.save();
    assert.ok(snapshot.record.length > WITHOUT_THREADS, 'threads wait');
    const pages = [...snapshot.pages].map((page) => ({ ...page, bytes: page.bytes.slice() }));
    const back = source.load({ ...snapshot, pages });
    assert.deepEqual(back.stateHash(), machine.stateHash(), `step ${step}`);
    back.run(asStep(LAST_STEP));
    assert.equal(back.position, whole.position);
    assert.deepEqual(back.stateHash(), whole.stateHash());
    const cut = snapshot.record.subarray(0, snapshot.record.length - 1);
    assert.throws(() => source.load({ ...snapshot, record: cut, pages }), { code: 'STORE_DAMAGED' });
  }
});
