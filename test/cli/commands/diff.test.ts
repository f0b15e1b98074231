// `omo diff`: on traces of a toy machine, whose lies are told where the test says; what places and pairs of runs mean.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Store } from '../../../src/store/store.ts';
import { denseWindow } from '../../../src/trace/denseWindow.ts';
import { encodeTrace } from '../../../src/trace/traceFile.ts';
import { trace } from '../../../src/trace/tracer.ts';
import { storedTrace } from '../../../src/trace/traceView.ts';
import { asWindowIndex } from '../../../src/units.ts';
import { EVERY_WINDOW, subject } from '../../trace/support.ts';
import { toySource } from '../../trace/toyMachine.ts';
import { temporaryFolder } from '../guestFile.ts';
import { onlyObject, runMain } from '../harness.ts';

/** In window 1 of 3. */
const LIE = 1_500_000;
const SOURCE = toySource({ halt: 2_500_000, idle: 1_000 });
const folder = temporaryFolder();
const path = (name: string) => join(folder, name);

/** A store with a run for each fault, each with the dense history of window 1 if `dense`. */
function makeStore(name: string, faults: readonly string[], dense = true): string {
  const store = Store.open(path(name), { mode: 'write', owner: 'the test' });
  for (const fault of faults) {
    const { run } = trace(store, subject(fault), SOURCE, { policy: EVERY_WINDOW });
    if (dense) denseWindow(store, run, SOURCE, asWindowIndex(1));
    if (fault === '' || !dense) writeFileSync(path(`${name}.trace`), encodeTrace(storedTrace(store, run)));
  }
  store.close();
  return path(name);
}

let honest = '';
let liar = '';
before(() => {
  honest = makeStore('honest.db', ['']);
  liar = makeStore('liar.db', [`${LIE}`]);
});

async function diff(...args: string[]) {
  const outcome = await runMain(['diff', ...args, '--json']);
  return { ...onlyObject(outcome), code: outcome.exitCode } as Record<string, unknown> & { error?: { code: string } };
}

test('two stores part at the step of the lie, and what is executed there is not known of a toy', async () => {
  const { agreedStateHash, ours, theirs, ...rest } = await diff(honest, liar);
  assert.deepEqual(rest, {
    schemaVersion: 1,
    equal: false,
    firstDivergentStep: `${LIE}`,
    window: 1,
    pc: null,
    instruction: null,
    symbol: null,
    code: 1,
  });
  assert.notEqual(ours, theirs);
  const mirrored = await diff(liar, honest);
  assert.deepEqual([mirrored['agreedStateHash'], mirrored['ours']], [agreedStateHash, theirs]);
});

test('a trace with itself has no difference', async () => {
  const { equal, firstDivergentStep, code } = await diff(honest, honest);
  assert.deepEqual([equal, firstDivergentStep, code], [true, null, 0]);
});

test('a trace file, and the URL of one, are as good as a store', async () => {
  const file = path('honest.db.trace');
  assert.equal((await diff(file, liar))['firstDivergentStep'], `${LIE}`);
  const server = createServer((request, response) => {
    if (request.url !== '/a.trace') response.writeHead(404).end();
    else import('node:fs').then(({ readFileSync }) => response.end(readFileSync(file)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  assert.equal((await diff(liar, `${url}/a.trace`))['firstDivergentStep'], `${LIE}`);
  const missing = await diff(liar, `${url}/b.trace`);
  assert.deepEqual([missing.error?.code, missing['code']], ['HTTP_FAILED', 4]);
});

test('one store of both: runs are named by their numbers', async () => {
  const both = makeStore('both.db', ['', `${LIE}`]);
  const ambiguous = await diff(both, both);
  assert.deepEqual([ambiguous.error?.code, ambiguous['code']], ['AMBIGUOUS_RUN', 2]);
  assert.equal((await diff(`${both}#1`, `${both}#2`))['firstDivergentStep'], `${LIE}`);
  assert.equal((await diff(`${both}#2`, honest))['firstDivergentStep'], `${LIE}`);
  const none = await diff(`${both}#3`, honest);
  assert.deepEqual([none.error?.code, none['code']], ['NO_SUCH_RUN', 2]);
});

test('without the dense history of the window it cannot be known, and how to make it is said', async () => {
  const sparse = makeStore('sparse.db', ['', `${LIE}`], false);
  const outcome = await runMain(['diff', `${sparse}#1`, `${sparse}#2`]);
  assert.equal(outcome.exitCode, 5);
  assert.match(outcome.stderr, /window 1 .*missing.*\n.*omo trace --store .*sparse\.db --window 1 toy\.elf/);
});

test('what is no trace is bad input', async () => {
  const garbage = path('garbage');
  writeFileSync(garbage, 'neither store nor trace');
  for (const [place, code] of [
    [path('none'), 'FILE_MISSING'],
    [folder, 'NOT_A_FILE'],
    [garbage, 'NOT_A_STORE'],
  ] as const) {
    const { error, code: exitCode } = await diff(place, honest);
    assert.deepEqual([error?.code, exitCode], [code, 3]);
  }
});

test('traces of different runs cannot be compared', async () => {
  const other = path('other.db');
  const store = Store.open(other, { mode: 'write', owner: 'the test' });
  trace(store, subject('', 3), SOURCE);
  store.close();
  const { error, code } = await diff(honest, other);
  assert.deepEqual([error?.code, code], ['DIFFERENT_PROGRAM', 3]);
});
