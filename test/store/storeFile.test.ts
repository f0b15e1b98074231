// The file of a store: made whole or not at all, refused by name when it is foreign, old, cut or damaged, one writer.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { InputError } from '../../src/errors.ts';
import { Connection } from '../../src/store/connection.ts';
import { APPLICATION_ID, SCHEMA, STORE_VERSION } from '../../src/store/schema.ts';
import { Store } from '../../src/store/store.ts';
import { trace } from '../../src/trace/tracer.ts';
import { asStep } from '../../src/units.ts';
import { Random } from '../commitment/random.ts';
import { EVERY_WINDOW, openStore, subject, temporaryFolder } from '../trace/support.ts';
import { toySource } from '../trace/toyMachine.ts';
import { Injected, WriteFaults } from './failing.ts';

const refused =
  (code: string, pattern = /./) =>
  (error: unknown) =>
    error instanceof InputError && error.code === code && pattern.test(`${error.message} ${error.hint}`);
const read = (path: string) => Store.open(path, { mode: 'read' });
const write = (path: string) => Store.open(path, { mode: 'write', owner: 'a test' });

/** A store with a short trace in it, closed. */
function filledStore(context: TestContext): string {
  const path = join(temporaryFolder(context), 'omo.db');
  const store = write(path);
  trace(store, subject(), toySource({ halt: 5_000_000, idle: 997 }), { policy: EVERY_WINDOW });
  store.close();
  return path;
}

test('a store is made with its folder, and opened again', (context) => {
  const path = join(temporaryFolder(context), 'deep/down/omo.db');
  assert.throws(() => read(path), refused('STORE_MISSING', /omo trace/));
  assert.throws(() => Store.open(path, { mode: 'write', create: false }), refused('STORE_MISSING'));
  write(path).close();
  assert.equal(existsSync(`${path}-new`), false);
  read(path).close();
  write(path).close();
  const raw = new Database(path);
  assert.equal(raw.pragma('application_id', { simple: true }), APPLICATION_ID);
  assert.equal(raw.pragma('user_version', { simple: true }), STORE_VERSION);
  assert.equal(raw.pragma('journal_mode', { simple: true }), 'wal');
  raw.close();
});

test('what is no store is refused and left as it is', (context) => {
  const folder = temporaryFolder(context);
  const file = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const foreign = join(folder, 'foreign.db');
  const other = new Database(foreign);
  other.pragma('application_id = 12345');
  other.exec('CREATE TABLE t (a)');
  other.close();
  const plain = join(folder, 'plain.db');
  const third = new Database(plain);
  third.exec('CREATE TABLE t (a)');
  third.close();
  for (const [path, pattern] of [
    [file('text.txt', 'hello'), /another file/],
    [file('zeros', new Uint8Array(8192)), /another file/],
    [file('elf', Buffer.from('\x7fELF'.padEnd(200, '\0'))), /another file/],
    [foreign, /application_id 0x3039/],
    [plain, /application_id 0x0/],
    [folder, /a folder/],
  ] as const) {
    const before = path === folder ? undefined : readFileSync(path);
    assert.throws(() => read(path), refused('NOT_A_STORE', pattern), path);
    assert.throws(() => write(path), refused('NOT_A_STORE', pattern), path);
    if (before) assert.deepEqual(readFileSync(path), before);
  }
});

test('a pipe is refused without waiting for it', (context) => {
  const path = join(temporaryFolder(context), 'pipe');
  if (spawnSync('mkfifo', [path]).status !== 0) return context.skip('no mkfifo');
  assert.throws(() => read(path), refused('NOT_A_STORE', /regular/));
});

test('an empty file is as none: it becomes a store', (context) => {
  const path = join(temporaryFolder(context), 'empty.db');
  writeFileSync(path, '');
  assert.throws(() => read(path), refused('STORE_MISSING'));
  write(path).close();
  read(path).close();
});

test('a log left over from a deleted store does not get into a new one', (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, 'omo.db');
  const store = write(path);
  trace(store, subject(), toySource({ halt: 1000 }));
  copyFileSync(`${path}-wal`, join(folder, 'kept'));
  store.close();
  const fresh = join(folder, 'fresh.db');
  copyFileSync(join(folder, 'kept'), `${fresh}-wal`);
  assert.ok(statSync(`${fresh}-wal`).size > 0);
  const made = openStore(context, fresh);
  assert.deepEqual(made.runs.list(), []);
});

test('another version is refused by its number', (context) => {
  const path = filledStore(context);
  const raw = new Database(path);
  raw.pragma(`user_version = ${STORE_VERSION + 1}`);
  raw.close();
  assert.throws(() => read(path), refused('STORE_VERSION', /expected version 1, found version 2/));
});

test('tables that are not ours are refused: no trigger, no view, none missing', (context) => {
  for (const change of ['CREATE VIEW v AS SELECT 1', 'DROP TABLE journal', 'ALTER TABLE runs ADD COLUMN extra TEXT'])
    for (const mode of ['read', 'write'] as const) {
      const path = filledStore(context);
      const raw = new Database(path);
      raw.exec(change);
      raw.close();
      assert.throws(() => Store.open(path, { mode }), refused('STORE_DAMAGED', /tables/), change);
    }
});

test('a store that was cut is refused, wherever', (context) => {
  const path = filledStore(context);
  const size = statSync(path).size;
  for (const length of [50, 99, 100, 4096, size - 4096, size - 1]) {
    const cut = `${path}.${length}`;
    copyFileSync(path, cut);
    truncateSync(cut, length);
    assert.throws(() => read(cut), refused('STORE_DAMAGED', /cut short/), `${length} of ${size} bytes`);
  }
});

test('a changed byte is named, or changes nothing that is read', (context) => {
  const path = filledStore(context);
  const whole = readFileSync(path);
  const random = new Random('damaged store');
  const source = toySource({ halt: 5_000_000, idle: 997 });
  const good = readAll(path);
  let refusals = 0;
  for (let i = 0; i < 300; i++) {
    const bytes = Uint8Array.from(whole);
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    const damaged = `${path}.damaged`;
    writeFileSync(damaged, bytes);
    try {
      assert.deepEqual(readAll(damaged), good, `byte ${at}`);
    } catch (error) {
      const known = error instanceof InputError && /DAMAGED|NOT_A_STORE|STORE_VERSION/.test(error.code);
      assert.ok(known, `byte ${at}: ${error}`);
      refusals++;
    }
  }
  assert.ok(refusals > 5, `${refusals} refusals`);

  /** Everything in a store, through its checks. */
  function readAll(file: string): unknown {
    const store = read(file);
    try {
      return store.runs.list().map((run) => {
        const progress = store.runs.progress(run.id);
        const sparse = store.histories.tree(run.id, 'sparse');
        const leaves = Array.from({ length: sparse?.leafCount ?? 0 }, (_, leaf) => sparse?.leaf(leaf));
        const at = progress && store.snapshots.stepBefore(run.id, progress.position);
        const machine = at !== undefined && source.load(store.snapshots.read(run.id, at));
        // As the tracer does: the snapshot must have the state hash that is committed.
        const state = machine && Buffer.from(machine.stateHash());
        if (state && sparse && !state.equals(sparse.leaf(sparse.leafCount - 1)))
          throw new InputError('DAMAGED', 'state');
        return { ...run, progress, leaves, at, state };
      });
    } finally {
      store.close();
    }
  }
});

test('one writer at a time, who is told; readers may look on', (context) => {
  const path = join(temporaryFolder(context), 'omo.db');
  const store = openStore(context, path, { owner: 'omo trace (process 4711)' });
  assert.throws(() => write(path), refused('STORE_BUSY', /written by omo trace \(process 4711\).*--store/));
  const reader = read(path);
  trace(store, subject(), toySource({ halt: 1000 }));
  const later = read(path);
  assert.deepEqual([reader.runs.list().length, later.runs.list().length], [0, 1]);
  reader.close();
  later.close();
  store.close();
  write(path).close();
});

test('a reader sees one moment of a trace that goes on', (context) => {
  const path = join(temporaryFolder(context), 'omo.db');
  const store = openStore(context, path);
  const toy = { halt: 700 * 2 ** 20, idle: 50_021 };
  const go = (windows: number) =>
    trace(store, subject(), toySource(toy), { policy: EVERY_WINDOW, until: asStep(BigInt(windows) << 20n) });
  go(300);
  const reader = read(path);
  const tree = reader.histories.tree(1, 'sparse');
  const expected = store.histories.tree(1, 'sparse')?.root();
  go(600);
  assert.deepEqual(tree?.leaf(299), store.histories.tree(1, 'sparse')?.leaf(299));
  assert.deepEqual(tree?.root(), expected);
  assert.deepEqual(reader.histories.tree(1, 'sparse')?.root(), expected);
  assert.equal(reader.runs.progress(1)?.position, 300n << 20n);
  reader.close();
});

test('a name that SQLite would cut is wrong use', () => {
  assert.throws(() => read('omo.db '), { name: 'UsageError', code: 'BAD_STORE_NAME' });
});

test('the lock of a process ends with the process', (context) => {
  const path = join(temporaryFolder(context), 'omo.db');
  const script = `
    import { Store } from ${JSON.stringify(new URL('../../src/store/store.ts', import.meta.url).href)};
    globalThis.store = Store.open(${JSON.stringify(path)}, { mode: 'write', owner: 'a child' });
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(child.signal, 'SIGKILL', String(child.stderr));
  read(path).close();
  write(path).close();
});

test('a failure while a store is made leaves none, and the next attempt makes it', (context) => {
  const folder = temporaryFolder(context);
  const count = new WriteFaults(0);
  Store.open(join(folder, 'count.db'), { mode: 'write', connect: count.connect }).close();
  assert.ok(count.writes > SCHEMA.length, `${count.writes} writes`);
  for (let n = 1; n <= count.writes; n++) {
    const path = join(folder, `${n}.db`);
    const { connect } = new WriteFaults(n);
    assert.throws(() => Store.open(path, { mode: 'write', connect }), Injected, `write ${n}`);
    write(path).close();
    read(path).close();
  }
});

test('what must not be written to is named', (context) => {
  const path = filledStore(context);
  const connection = new Connection(path, { readonly: true });
  assert.throws(() => connection.run('DELETE FROM writer'), refused('STORE_READ_ONLY', /permissions/));
  connection.close();
});

test('a folder that cannot be made is named', (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, 'file'), 'x');
  assert.throws(() => write(join(folder, 'file/omo.db')), refused('STORE_UNREADABLE'));
  mkdirSync(join(folder, 'taken.db-lock'));
  assert.throws(() => write(join(folder, 'taken.db')), refused('STORE_UNREADABLE'));
});
