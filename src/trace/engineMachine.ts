// The machine of a trace as it really is: a machine, its engine, and the tree of its memory, which is brought up to date
// when a state hash is asked for.

import { concat, equal } from '../bytes.ts';
import { DenseCommitter } from '../commitment/dense.ts';
import { MemoryTree, PAGE_HEIGHT } from '../commitment/memoryTree.ts';
import { type CommittedState, commitState } from '../commitment/stateHash.ts';
import { Engine, type Stop } from '../engine/engine.ts';
import type { Host } from '../environment/host.ts';
import { InputError, UsageError } from '../errors.ts';
import { assert } from '../invariant.ts';
import { Machine } from '../machine/machine.ts';
import { PAGE_BYTES } from '../machine/memoryMap.ts';
import { recordBytes } from '../machine/record.ts';
import { setStateBytes, stateBytes, stateSize } from '../machine/state.ts';
import { field, STATUS } from '../semantics/layout.ts';
import type { RunRecord } from '../store/runs.ts';
import type { Snapshot } from '../store/snapshots.ts';
import type { Store } from '../store/store.ts';
import { asHash, asStep, type Hash, hashToBytes, type Step } from '../units.ts';
import type { MachineSource, TraceMachine } from './traceMachine.ts';
import { machineAt } from './tracer.ts';

/** Fields of the hot part that are right only after a commitment. */
const DERIVED = ['coldHash', 'fpHash', 'memoryRoot'].map(field);

/**
 * The machines of a run by the engine. `initial` is the loaded program with its inputs, before the first step; it is not
 * changed. `host` is asked for preimages and takes hints. What the program prints is dropped: parts of a run are executed
 * again and again.
 */
export function engineSource(initial: Machine, host: Host): MachineSource {
  const quiet = silent(host);
  return {
    start: () => new EngineMachine(initial.fork(), quiet),
    load: (snapshot) => EngineMachine.load(snapshot, quiet),
  };
}

/**
 * The machine of a traced run at a step, from the nearest snapshot in the store: to prove a step or to look at it. Steps
 * after the halt give the halted machine. All its pages are dirty, so that a new memory tree can be brought up to it. Throws an InputError as `trace` does, a UsageError (`FAULTY_RUN`) for a liar's run
 * or an imported one: there is no machine that does as they say.
 */
export function storedMachine(store: Store, run: RunRecord, host: Host, step: Step): Machine {
  if (run.fault !== '' || run.origin !== '')
    throw new UsageError(
      'FAULTY_RUN',
      `run ${run.id} of store ${store.path} is a ${run.fault === '' ? 'stranger' : 'liar'}'s`,
      {
        hint: 'Give the number of an honest run.',
      },
    );
  let loaded: EngineMachine | undefined;
  const load = (snapshot: Snapshot) => {
    loaded = EngineMachine.load(snapshot, silent(host));
    return loaded;
  };
  machineAt(store, run, { load }, step);
  assert(loaded !== undefined, 'a machine comes from a snapshot');
  const { machine } = loaded;
  for (const page of machine.presentPages()) machine.write(page * PAGE_BYTES, machine.page(page).slice());
  return machine;
}

function silent(host: Host): Host {
  return { preimage: (key) => host.preimage(key), hint: (data) => host.hint(data), output: () => {} };
}

class EngineMachine implements TraceMachine {
  readonly machine: Machine;
  readonly #host: Host;
  readonly #engine: Engine;
  /** Made when a hash is first asked for. */
  #tree: MemoryTree | undefined;
  /** Pages that changed since the last save; those that are dirty in the machine are not yet among them. */
  readonly #changed: Set<number>;
  #missing: Hash | undefined;

  /** @param tree the tree of the machine's memory but for its dirty pages */
  constructor(machine: Machine, host: Host, changed: Iterable<number> = [], tree?: MemoryTree) {
    this.machine = machine;
    this.#host = host;
    this.#engine = new Engine(machine, host);
    this.#changed = new Set(changed);
    this.#tree = tree;
  }

  static load(snapshot: Snapshot, host: Host): EngineMachine {
    const machine = new Machine();
    if (stateSize(snapshot.record) !== snapshot.record.length)
      throw damagedSnapshot(snapshot, `a record of ${snapshot.record.length} bytes, which is none`);
    setStateBytes(machine, snapshot.record);
    const hashes = new Map<number, Uint8Array>();
    for (const { page, hash, bytes } of snapshot.pages) {
      machine.write(page * PAGE_BYTES, bytes);
      hashes.set(page, hash);
    }
    const tree = new MemoryTree();
    tree.update(machine.takeDirtyPages(), (page) => machine.page(page));
    for (const [page, hash] of hashes)
      if (!equal(tree.node(PAGE_HEIGHT, page), hash))
        throw damagedSnapshot(snapshot, `page ${page} does not have its hash`);
    return new EngineMachine(machine, host, [], tree);
  }

  get position(): Step {
    return asStep(this.machine.get('step'));
  }

  get ended(): boolean {
    return this.machine.get('status') !== BigInt(STATUS.running);
  }

  get missing(): Hash | undefined {
    return this.#missing;
  }

  get changedPages(): number {
    return this.#changed.size;
  }

  run(until: Step): void {
    this.#take(this.#engine.run(until));
  }

  stateHash(): Uint8Array {
    return hashToBytes(this.#commit().hash);
  }

  denseHashes(until: Step): Uint8Array {
    this.#commit();
    const committer = new DenseCommitter(this.#tree as MemoryTree);
    const parts: Uint8Array[] = [];
    let stop: Stop | undefined;
    while (this.position < until && (stop === undefined || stop.kind === 'step')) {
      const recorded = this.#engine.record(Number(until - this.position));
      if (recorded.chunk) parts.push(committer.commit(recorded.chunk));
      stop = recorded.stop;
    }
    if (stop) this.#take(stop);
    return concat(parts);
  }

  save(): Snapshot {
    this.#commit();
    const tree = this.#tree as MemoryTree;
    const pages = [...this.#changed]
      .sort((a, b) => a - b)
      .map((page) => ({ page, hash: tree.node(PAGE_HEIGHT, page), bytes: this.machine.page(page) }));
    this.#changed.clear();
    return { step: this.position, record: stateBytes(this.machine), pages };
  }

  fork(): TraceMachine {
    return new EngineMachine(this.machine.fork(), this.#host, this.#changed);
  }

  registers(): Uint8Array {
    const record = recordBytes(this.machine, 'hot');
    for (const { offset, bytes } of DERIVED) record.fill(0, offset, offset + bytes);
    return record;
  }

  flipRegister(register: number): void {
    this.machine.setX(register, this.machine.x(register) ^ 1n);
  }

  /** Commits to the present state, with the dirty pages of the machine. */
  #commit(): CommittedState {
    const { machine } = this;
    const isNew = this.#tree === undefined;
    this.#tree ??= new MemoryTree();
    const dirty = machine.takeDirtyPages();
    for (const page of dirty) this.#changed.add(page);
    this.#tree.update(isNew ? machine.presentPages() : dirty, (page) => machine.page(page));
    return commitState(machine, this.#tree.root());
  }

  #take(stop: Stop): void {
    this.#missing = stop.kind === 'missingPreimage' ? asHash(stop.key) : undefined;
  }
}

function damagedSnapshot({ step }: Snapshot, found: string): InputError {
  return new InputError('STORE_DAMAGED', `the snapshot at step ${step}: ${found}`, {
    hint: 'Delete the store, or restore it from a copy, and make its traces again.',
  });
}
