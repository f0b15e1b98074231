// Stores in temporary folders, and runs of toy machines to put into them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { bytesToHex } from '../../src/bytes.ts';
import { Store } from '../../src/store/store.ts';
import type { StoreOptions } from '../../src/store/storeFile.ts';
import type { SnapshotPolicy } from '../../src/trace/snapshotPolicy.ts';
import type { TraceSubject } from '../../src/trace/tracer.ts';
import { asHash, type Hash } from '../../src/units.ts';

/** A new folder, removed when the test ends. */
export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'omo-store-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An open store, closed when the test ends. */
export function openStore(context: TestContext, path: string, options: Partial<StoreOptions> = {}): Store {
  const store = Store.open(path, { mode: 'write', owner: 'the test', ...options });
  context.after(() => {
    try {
      store.close();
    } catch {}
  });
  return store;
}

/** 32 bytes, all of one value, as a hash. */
export const hashOf = (byte: number): Hash => asHash(bytesToHex(new Uint8Array(32).fill(byte)));

/** A run of a made-up program. */
export function subject(fault = '', program = 1, inputs = 2): TraceSubject {
  const programRoot = hashOf(program);
  return {
    program: { root: programRoot, elfHash: hashOf(9), args: ['a b', '-c'], env: [] },
    programRoot,
    inputsHash: hashOf(inputs),
    machineVersion: 1,
    fault,
    origin: '',
    invocation: ['toy.elf', 'a b', '--', '-c'],
  };
}

/** A snapshot every window. */
export const EVERY_WINDOW: SnapshotPolicy = { leastSteps: 1n, stepsPerPage: 1n, mostSteps: 1n };
