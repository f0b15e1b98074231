// Programs and runs in a store. Equal (program, inputs, machine version, fault, origin) is the same run: a history is a fact.

import { concat, equal } from '../bytes.ts';
import { InputError } from '../errors.ts';
import { asHash, asStep, type Hash, hashToBytes, LAST_STEP, type Step } from '../units.ts';
import type { Connection, Row, Value } from './connection.ts';
import { checkDigest, digestOf } from './digest.ts';
import { damagedStore } from './storeErrors.ts';

/** Most runs that a store lists, and characters of a text in it: what is read is bounded. */
const MAX_RUNS = 100_000;
const MAX_TEXT = 2 ** 21;

/** A program as a store knows it. */
export interface ProgramRecord {
  /** State hash before the first step with all inputs zero: it depends on the file, the arguments and the environment. */
  readonly root: Hash;
  /** keccak256 of the ELF file. */
  readonly elfHash: Hash;
  /** argv[1] and on. */
  readonly args: readonly string[];
  /** Strings NAME=value. */
  readonly env: readonly string[];
}

/** What makes a run the run that it is. */
export interface RunKey {
  readonly programRoot: Hash;
  readonly inputsHash: Hash;
  readonly machineVersion: number;
  /** Empty for an honest run; else where it lies on purpose, for drills and tests. */
  readonly fault: string;
  /** Empty for a run that was executed here; for an imported one its history root. Only the former is played with. */
  readonly origin: string;
}

/** A run to be added. */
export interface NewRun extends RunKey {
  readonly program: ProgramRecord;
  /** State hash before the first step. */
  readonly startHash: Hash;
  /** What to give `omo trace` to make this run: file, arguments, options. */
  readonly invocation: readonly string[];
}

/** A run in a store. */
export interface RunRecord extends NewRun {
  /** Number of the run in this store, from 1. */
  readonly id: number;
}

/** How far a run is committed. */
export interface RunProgress {
  /** Steps; a multiple of 2^20 unless the run ended. */
  readonly position: Step;
  /** Whether nothing changes any more after `position`. */
  readonly ended: boolean;
}

const PROGRAM_COLUMNS = ['root', 'elf_hash', 'arguments', 'environment'];
const RUN_COLUMNS = ['program', 'inputs_hash', 'machine_version', 'fault', 'origin', 'start_hash', 'invocation'];
const PROGRESS_COLUMNS = ['run', 'position', 'ended'];

/** Rows of the tables programs, runs and progress. */
export class Runs {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** All runs, oldest first. */
  list(): RunRecord[] {
    return this.#connection.all(`SELECT * FROM runs ORDER BY id LIMIT ${MAX_RUNS}`).map((row) => this.#run(row));
  }

  /** The run of this number. */
  byId(id: number): RunRecord | undefined {
    const row = this.#connection.get('SELECT * FROM runs WHERE id = ?', id);
    return row && this.#run(row);
  }

  /** The run with this key. */
  find(key: RunKey): RunRecord | undefined {
    const row = this.#connection.get(
      `SELECT runs.* FROM runs JOIN programs ON programs.id = runs.program
       WHERE root = ? AND inputs_hash = ? AND machine_version = ? AND fault = ? AND origin = ?`,
      hashToBytes(key.programRoot),
      hashToBytes(key.inputsHash),
      key.machineVersion,
      key.fault,
      key.origin,
    );
    return row && this.#run(row);
  }

  /**
   * Adds a run, or returns the one that is there; how it was invoked last is what counts. Throws an InputError (`RUN_CONFLICT`) if that one starts from another
   * state: then one of the two is not what it says it is.
   */
  add(run: NewRun): RunRecord {
    const found = this.find(run);
    if (found) {
      if (found.startHash !== run.startHash)
        throw new InputError(
          'RUN_CONFLICT',
          `store ${this.#connection.path}: run ${found.id} of the same program and inputs starts from ${found.startHash}, this one from ${run.startHash}`,
          { hint: 'The store was made by another version of OMO, or changed. Use another file with --store.' },
        );
      if (run.origin !== '' || JSON.stringify(found.invocation) === JSON.stringify(run.invocation)) return found;
    }
    const values: Value[] = [
      this.#addProgram(run.program, run.origin === ''),
      hashToBytes(run.inputsHash),
      run.machineVersion,
      run.fault,
      run.origin,
      hashToBytes(run.startHash),
      JSON.stringify(run.invocation),
    ];
    const id = this.#connection.insert(
      `INSERT INTO runs (${RUN_COLUMNS.join(', ')}, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET invocation = excluded.invocation, digest = excluded.digest`,
      ...values,
      digestOf('runs', values),
    );
    return { ...run, id: found?.id ?? id };
  }

  /** How far a run is committed; undefined before its first commitment. */
  progress(run: number): RunProgress | undefined {
    const row = this.#connection.get('SELECT * FROM progress WHERE run = ?', run);
    if (!row) return undefined;
    checkDigest(this.#connection.path, 'progress', row, PROGRESS_COLUMNS);
    const position = BigInt(Number(row['position']));
    if (position < 0n || position > LAST_STEP)
      throw damagedStore(this.#connection.path, `run ${run} is at ${position}`);
    return { position: asStep(position), ended: row['ended'] === 1 };
  }

  /** Sets how far a run is committed. */
  setProgress(run: number, { position, ended }: RunProgress): void {
    const values = [run, Number(position), ended ? 1 : 0];
    this.#connection.run(
      'INSERT OR REPLACE INTO progress (run, position, ended, digest) VALUES (?, ?, ?, ?)',
      ...values,
      digestOf('progress', values),
    );
  }

  /** Adds a program, or finds it. What a stranger's trace said about it gives way to what is known here. */
  #addProgram(program: ProgramRecord, isOurs: boolean): number {
    const root = hashToBytes(program.root);
    const values = [root, hashToBytes(program.elfHash), JSON.stringify(program.args), JSON.stringify(program.env)];
    const digest = digestOf('programs', values);
    const found = this.#connection.get('SELECT id, digest FROM programs WHERE root = ?', root);
    if (!found)
      return this.#connection.insert(
        `INSERT INTO programs (${PROGRAM_COLUMNS.join(', ')}, digest) VALUES (?, ?, ?, ?, ?)`,
        ...values,
        digest,
      );
    const id = Number(found['id']);
    if (isOurs && !equal(found['digest'] as Uint8Array, digest))
      this.#connection.run(
        'UPDATE programs SET root = ?, elf_hash = ?, arguments = ?, environment = ?, digest = ? WHERE id = ?',
        ...values,
        digest,
        id,
      );
    return id;
  }

  #run(row: Row): RunRecord {
    checkDigest(this.#connection.path, 'runs', row, RUN_COLUMNS);
    const program = this.#program(Number(row['program']));
    return {
      id: Number(row['id']),
      program,
      programRoot: program.root,
      inputsHash: this.#hash(row, 'inputs_hash'),
      machineVersion: Number(row['machine_version']),
      fault: String(row['fault']),
      origin: String(row['origin']),
      startHash: this.#hash(row, 'start_hash'),
      invocation: this.#texts(row, 'invocation'),
    };
  }

  #program(id: number): ProgramRecord {
    const row = this.#connection.get('SELECT * FROM programs WHERE id = ?', id);
    if (!row) throw damagedStore(this.#connection.path, `program ${id} of a run is not there`);
    checkDigest(this.#connection.path, 'programs', row, PROGRAM_COLUMNS);
    return {
      root: this.#hash(row, 'root'),
      elfHash: this.#hash(row, 'elf_hash'),
      args: this.#texts(row, 'arguments'),
      env: this.#texts(row, 'environment'),
    };
  }

  #hash(row: Row, column: string): Hash {
    const value = row[column];
    if (value instanceof Uint8Array && value.length === 32) return asHash(concat([value]));
    throw damagedStore(this.#connection.path, `column ${column} of a row is not a hash`);
  }

  #texts(row: Row, column: string): readonly string[] {
    const text = String(row[column]);
    try {
      const value: unknown = text.length > MAX_TEXT ? undefined : JSON.parse(text);
      if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
    } catch {}
    throw damagedStore(this.#connection.path, `column ${column} of a row is not a list of texts`);
  }
}
