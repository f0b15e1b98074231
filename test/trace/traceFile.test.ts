// Trace files: exported, read, imported, and every corruption named.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readU32BE, writeU32BE } from '../../src/bytes.ts';
import { InputError } from '../../src/errors.ts';
import { denseWindow } from '../../src/trace/denseWindow.ts';
import { diff } from '../../src/trace/diff.ts';
import { encodeTrace, type ProgramTrace } from '../../src/trace/traceFile.ts';
import { checkAllRows, decodeTrace } from '../../src/trace/traceFileReader.ts';
import { importTrace } from '../../src/trace/traceImport.ts';
import { trace } from '../../src/trace/tracer.ts';
import { storedTrace } from '../../src/trace/traceView.ts';
import { asWindowIndex } from '../../src/units.ts';
import { Random } from '../commitment/random.ts';
import { openStore, subject, temporaryFolder } from './support.ts';
import { toySource } from './toyMachine.ts';

const WINDOW = 2 ** 20;
const HALT = 600 * WINDOW + 700;
const toy = { halt: HALT, idle: 10_007 };
const HEADER = 16;

function exported(context: TestContext, fault = '', windows: readonly number[] = [600, 601]): ProgramTrace {
  const store = openStore(context, join(temporaryFolder(context), 'omo.db'));
  const { run } = trace(store, subject(fault), toySource(toy));
  for (const each of windows) denseWindow(store, run, toySource(toy), asWindowIndex(each));
  return storedTrace(store, run);
}

const fails =
  (code: string, pattern = /./) =>
  (error: unknown) =>
    error instanceof InputError &&
    error.code === code &&
    pattern.test(error.message) &&
    /x\.trace|run 1/.test(error.message);

/** The file with its header changed and its digest made right again: a liar's file, not a damaged one. */
function forged(file: Uint8Array, change: (body: Buffer) => Buffer): Uint8Array {
  const end = HEADER + readU32BE(file, 12);
  const body = change(Buffer.from(file.slice(HEADER, end)));
  const size = Buffer.alloc(4);
  writeU32BE(size, 0, body.length);
  const head = Buffer.concat([file.subarray(0, 12), size, body]);
  return Buffer.concat([head, createHash('sha256').update(head).digest(), file.subarray(end + 32)]);
}

test('a trace file says what the store says, and is the same when written again', (context) => {
  const view = exported(context, '5000:leaf');
  const file = encodeTrace(view);
  const read = decodeTrace(file, 'x.trace');
  for (const key of [
    'programRoot',
    'inputsHash',
    'machineVersion',
    'startHash',
    'fault',
    'position',
    'ended',
    'program',
  ] as const)
    assert.deepEqual(read[key], view[key], key);
  assert.deepEqual(read.windows, [600, 601]);
  assert.deepEqual(Buffer.from(encodeTrace(read)), Buffer.from(file));
  assert.equal(diff(view, read), undefined);
  assert.ok(file.length < 32 * (601 + 3 + 1 + 700 + 3 + 1 + 3) + 700, `${file.length} bytes`);
  const less = decodeTrace(encodeTrace(view, [asWindowIndex(601)]), 'x.trace');
  assert.deepEqual(less.windows, [601]);
  assert.throws(() => encodeTrace(view, [asWindowIndex(7)]), fails('WINDOW_MISSING', /window 7/));
});

test('a liar is found through his file, and through his file imported', (context) => {
  const ours = exported(context, '', [600]);
  const file = encodeTrace(exported(context, `${HALT - 100}`, [600]));
  const theirs = decodeTrace(file, 'x.trace');
  const found = diff(ours, theirs);
  assert.equal(found?.firstDivergentStep, BigInt(HALT - 100));
  const store = openStore(context, join(temporaryFolder(context), 'mine.db'));
  const run = importTrace(store, theirs);
  assert.deepEqual(importTrace(store, theirs), run);
  assert.equal(run.origin, theirs.origin);
  assert.deepEqual(diff(ours, storedTrace(store, run)), found);
  assert.deepEqual(Buffer.from(encodeTrace(storedTrace(store, run))), Buffer.from(file));
  // It is not taken for a run of our own.
  assert.equal(store.runs.find(subject(`${HALT - 100}`)), undefined);
  const own = trace(store, subject(`${HALT - 100}`), toySource(toy)).run;
  assert.notEqual(own.id, run.id);
});

test('what a stranger says about a program gives way to what is known', (context) => {
  const theirs = exported(context, '', []);
  const store = openStore(context, join(temporaryFolder(context), 'mine.db'));
  importTrace(store, { ...theirs, origin: '0x12', program: { ...theirs.program, args: ['false'] } });
  assert.deepEqual(store.runs.list()[0]?.program.args, ['false']);
  trace(store, subject(), toySource(toy));
  importTrace(store, { ...theirs, origin: '0x13', program: { ...theirs.program, args: ['false'] } });
  for (const run of store.runs.list()) assert.deepEqual(run.program, subject().program);
});

test('another file, a cut one, one with more behind it', (context) => {
  const file = encodeTrace(exported(context));
  const read = (bytes: Uint8Array) => () => decodeTrace(bytes, 'x.trace');
  for (const bytes of [
    new Uint8Array(0),
    Buffer.from('hello'),
    new Uint8Array(1000),
    Buffer.from('OMO trace v2'.padEnd(900)),
  ])
    assert.throws(read(bytes), fails('NOT_A_TRACE'));
  for (const length of [15, 16, 17, 300, 400, 440, file.length - 32, file.length - 1])
    assert.throws(
      read(file.subarray(0, length)),
      fails(length < 16 ? 'NOT_A_TRACE' : 'TRACE_FILE_LENGTH'),
      `${length}`,
    );
  assert.throws(read(Buffer.concat([file, Buffer.of(0)])), fails('TRACE_FILE_LENGTH', /expected \d+ bytes, found/));
  const long = Uint8Array.from(file);
  writeU32BE(long, 12, 2 ** 31);
  assert.throws(read(long), fails('TRACE_FILE_DAMAGED', /header of 2147483648/));
});

test('any changed byte is found, at the latest by the import, which then imports nothing', (context) => {
  const file = encodeTrace(exported(context));
  const store = openStore(context, join(temporaryFolder(context), 'mine.db'));
  const random = new Random('damaged trace file');
  for (let i = 0; i < 400; i++) {
    const bytes = Uint8Array.from(file);
    const at = i < 100 ? i * 4 : random.below(file.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    assert.throws(
      () => importTrace(store, decodeTrace(bytes, 'x.trace')),
      (error) =>
        error instanceof InputError &&
        /^(NOT_A_TRACE|TRACE_FILE_(LENGTH|DAMAGED)|HISTORY_DAMAGED|TRACE_INCONSISTENT)$/.test(error.code),
      `byte ${at}`,
    );
  }
  assert.deepEqual(store.runs.list(), []);
});

test('a forged header is refused by what is wrong in it', (context) => {
  const file = encodeTrace(exported(context));
  // Offsets in the header: machine version 0, roots 4, position 100, ended 108, fault 109, its step 110, texts after 150.
  const set =
    (at: number, ...bytes: number[]) =>
    (body: Buffer) => {
      body.set(bytes, at);
      return body;
    };
  const entries = readU32BE(file, 12) - 3 * 40;
  const text = (was: string, is: string) => (body: Buffer) =>
    Buffer.from(body.toString('latin1').replace(was, is), 'latin1');
  for (const [change, pattern] of [
    [set(100, 0x10), /position/],
    [set(108, 2), /ended/],
    [set(108, 0), /position .* and goes on/],
    [set(109, 3), /fault/],
    [set(110, 0, 0, 0, 0, 0, 0, 0, 1), /fault/],
    [set(109, 1, 0, 0, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff), /too near/],
    [text('["a b"', '["a\xffb"'), /list of texts/],
    [text('["a b"', '{"a b"'), /list of texts/],
    [text('["a b"', '[ "ab"'), /list of texts/],
    [set(150, 0, 0xff), /ends within a field/],
    [set(entries - 4, 0, 0, 0, 2), /after its header's end/],
    [set(entries - 4, 0, 0, 0, 4), /ends within a field/],
    [set(entries, 0), /sparse one comes first/],
    [set(entries + 4, 0, 0, 0, 1), /leaves, expected 601/],
    [set(entries + 80, 0, 0, 2, 0x58), /windows ascend/],
    [set(entries + 44, 0, 0, 0, 1), /leaves, expected 700/],
    [(body: Buffer) => Buffer.concat([body, Buffer.of(0)]), /after its header's end/],
    [(body: Buffer) => Buffer.concat([set(entries - 4, 0, 0, 0, 0)(body).subarray(0, entries)]), /no history/],
  ] as const)
    assert.throws(
      () => decodeTrace(forged(file, change), 'x.trace'),
      fails('TRACE_FILE_INVALID', pattern),
      String(pattern),
    );
});

test('a forged row is refused when it is used, and by the check of all', (context) => {
  const file = Uint8Array.from(encodeTrace(exported(context)));
  const rows = HEADER + readU32BE(file, 12) + 32;
  file[rows + 32 * 260] = (file[rows + 32 * 260] ?? 0) ^ 1;
  // The root still fits: only a row below was changed. Its neighbour is read without complaint.
  const view = decodeTrace(file, 'x.trace');
  assert.ok(view.sparse);
  view.sparse.leaf(3);
  assert.throws(() => view.sparse?.leaf(260), fails('HISTORY_DAMAGED', /row 1 of level 0 of the sparse history/));
  assert.throws(() => checkAllRows(view.sparse!), fails('HISTORY_DAMAGED'));
});

test('histories that contradict each other are refused', (context) => {
  const view = exported(context);
  const liar = exported(context, `${600 * WINDOW + 5}`);
  const mixed: ProgramTrace = { ...view, window: (index) => liar.window(index) };
  assert.throws(() => decodeTrace(encodeTrace(mixed), 'x.trace'), fails('TRACE_INCONSISTENT', /window 600/));
});
