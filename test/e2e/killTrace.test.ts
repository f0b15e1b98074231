// `omo trace` killed with SIGKILL at random moments, 50 times: the store opens every time, and the trace finishes with the
// root that it has when nobody disturbs it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesToHex } from '../../src/bytes.ts';
import { Store } from '../../src/store/store.ts';
import { onlyObject, runOmo } from '../cli/harness.ts';
import { Random } from '../commitment/random.ts';
import { temporaryFolder } from '../trace/support.ts';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** About a thousand windows: a second or two. */
const PROGRAM = [file('guests/bench/sha256.elf'), '3000'];
const KILLS = 50;
/** Latest moment of a kill after the work began, in milliseconds. */
const LATEST_MILLISECONDS = 500;

/** Traces, killed `milliseconds` after it began to execute. False if it was done before. */
function killedTrace(store: string, milliseconds: number): Promise<boolean> {
  const child = spawn(process.execPath, [file('bin/omo.js'), 'trace', '--store', store, '--', ...PROGRAM]);
  return new Promise((resolve, reject) => {
    let errors = '';
    let timer: NodeJS.Timeout | undefined;
    child.stderr.on('data', (data) => {
      timer ??= setTimeout(() => child.kill('SIGKILL'), milliseconds);
      errors += data;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (signal === 'SIGKILL') resolve(true);
      else if (code === 0) resolve(false);
      else reject(new Error(`omo trace ended with ${code ?? signal}: ${errors}`));
    });
  });
}

/** The root of the one run of a store, if it ended, and how far it is. */
function lookInto(path: string): { root: string | undefined; position: bigint } {
  if (!existsSync(path)) return { root: undefined, position: -1n };
  const store = Store.open(path, { mode: 'read' });
  try {
    const [run] = store.runs.list();
    const { position, ended } = (run && store.runs.progress(run.id)) ?? { position: 0n, ended: false };
    const tree = run && store.histories.tree(run.id, 'sparse');
    return { root: ended && tree ? bytesToHex(tree.root()) : undefined, position };
  } finally {
    store.close();
  }
}

test('killed 50 times at random moments, a trace goes on to the same root', async (context) => {
  const random = new Random('kill -9 of omo trace');
  const folder = temporaryFolder(context);
  const undisturbed = runOmo(['trace', '--store', join(folder, 'whole.db'), '--json', '--', ...PROGRAM]);
  assert.equal(undisturbed.exitCode, 0, undisturbed.stderr);
  const root = onlyObject(undisturbed)['historyRoot'];

  let finished = 0;
  let position = -1n;
  const positions = new Set<bigint>();
  // Kills count where they hit: some at least must fall into the middle of the work.
  const isEnough = (kills: number) => kills >= KILLS && positions.size >= 10;
  for (let kills = 0; !isEnough(kills) || position >= 0n; ) {
    const path = join(folder, `${finished}.db`);
    if (!isEnough(kills)) kills += (await killedTrace(path, random.below(LATEST_MILLISECONDS))) ? 1 : 0;
    else assert.equal(runOmo(['trace', '--store', path, '--', ...PROGRAM]).exitCode, 0);
    const found = lookInto(path);
    assert.ok(found.position >= position, `at ${found.position} after ${position}`);
    position = found.position;
    if (found.root === undefined) {
      positions.add(position);
      continue;
    }
    assert.equal(found.root, root);
    finished++;
    position = -1n;
  }
  context.diagnostic(`${finished} traces finished, killed at ${positions.size} positions`);
});
