// How fast a run is committed to, into a store on this disk: sparsely, one window densely; and how fast the first difference
// of two stores is found that have a million steps committed each.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryTree } from '../../src/commitment/memoryTree.ts';
import { commitMachine } from '../../src/commitment/stateHash.ts';
import { loadProgram } from '../../src/machine/program.ts';
import { MACHINE_VERSION } from '../../src/semantics/layout.ts';
import { Store } from '../../src/store/store.ts';
import { denseWindow } from '../../src/trace/denseWindow.ts';
import { diff } from '../../src/trace/diff.ts';
import { engineSource } from '../../src/trace/engineMachine.ts';
import { trace } from '../../src/trace/tracer.ts';
import { storedTrace } from '../../src/trace/traceView.ts';
import { asHash, asWindowIndex } from '../../src/units.ts';

/** The program with its argument: some hundred million steps over half a megabyte. */
const PROGRAM = ['quicksort', '10'] as const;
const WINDOW = asWindowIndex(3);
/** A step of that window. */
const LIE = `${3 * 2 ** 20 + 777_777}`;

const folder = mkdtempSync(join(tmpdir(), 'omo-bench-'));
const { machine } = loadProgram(readFileSync(new URL(`../../guests/bench/${PROGRAM[0]}.elf`, import.meta.url)), {
  args: [PROGRAM[1]],
});
const source = engineSource(machine, { preimage: () => undefined, hint: () => {}, output: () => {} });
const root = commitMachine(machine.fork(), new MemoryTree()).hash;
const zero = asHash(`0x${'00'.repeat(32)}`);

/** Seconds that `work` takes, and what it gives. */
function timed<T>(work: () => T): readonly [seconds: number, result: T] {
  const start = performance.now();
  const result = work();
  return [(performance.now() - start) / 1_000, result];
}

function commit(fault: string): string[] {
  const store = Store.open(join(folder, `trace${fault}.db`), { mode: 'write', owner: 'npm run bench' });
  const subject = {
    program: { root, elfHash: zero, args: [PROGRAM[1]], env: [] },
    programRoot: root,
    inputsHash: zero,
    machineVersion: MACHINE_VERSION,
    fault,
    origin: '',
    invocation: [...PROGRAM],
  };
  const [sparse, { run, position }] = timed(() => trace(store, subject, source));
  const [dense] = timed(() => denseWindow(store, run, source, WINDOW));
  store.close();
  const millions = Number(position) / 1e6;
  return [
    `sparse trace: ${millions.toFixed(0)} M steps, ${sparse.toFixed(2)} s, ${(millions / sparse).toFixed(0)} M steps/s`,
    `dense window of 2^20 steps, executed, committed and stored: ${dense.toFixed(2)} s (bar: 5)`,
  ];
}

/** From the closed stores to the step: opened, checked, searched. */
function search(): string {
  const [seconds, found] = timed(() => {
    const stores = ['', LIE].map((fault) => Store.open(join(folder, `trace${fault}.db`), { mode: 'read' }));
    const [ours, theirs] = stores.flatMap((store) => store.runs.list().map((run) => storedTrace(store, run)));
    const difference = ours && theirs && diff(ours, theirs);
    for (const store of stores) store.close();
    return difference?.firstDivergentStep;
  });
  const right = `${found}` === LIE ? '' : `; WRONG STEP ${found}`;
  return `first difference of two stores with a dense window each: ${(1_000 * seconds).toFixed(0)} ms (bar: 1,000)${right}`;
}

try {
  for (const line of commit('')) console.log(line);
  commit(LIE);
  console.log(search());
} finally {
  rmSync(folder, { recursive: true });
}
