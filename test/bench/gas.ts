// What one step costs on chain: steps of a program that has touched 64 MiB, sampled by class, proven, and executed by the
// verifier in an EVM. Osaka is measured (and the formula from which most of it comes held against real transactions);
// Amsterdam is computed by the rules of its EIPs.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { equal, hexToBytes } from '../../src/bytes.ts';
import { verifierInterface } from '../../src/chain/verifier.ts';
import { MemoryTree } from '../../src/commitment/memoryTree.ts';
import { commitMachine } from '../../src/commitment/stateHash.ts';
import { type MadeStepProof, makeStepProof } from '../../src/dispute/stepProof/make.ts';
import { Engine } from '../../src/engine/engine.ts';
import { createHost, type Host } from '../../src/environment/host.ts';
import { type Inputs, makeInputs } from '../../src/environment/inputs.ts';
import { keyOf } from '../../src/environment/preimageKey.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { loadProgram, setInputs } from '../../src/machine/program.ts';
import type { Evm } from '../contracts/evm.ts';

/** The classes of steps, with what their most expensive step may cost: the budget of the two gas schedules. */
export const CLASSES = {
  'ALU, branch': { osaka: 90_000, amsterdam: 105_000 },
  'load, store': { osaka: 115_000, amsterdam: 130_000 },
  atomic: { osaka: 120_000, amsterdam: 140_000 },
  'system call, preimage of 600 bytes': { osaka: 160_000, amsterdam: 200_000 },
  'other system call': { osaka: undefined, amsterdam: undefined },
  'across leaves in two pages': { osaka: undefined, amsterdam: undefined },
} as const;
export type StepClass = keyof typeof CLASSES;

/** The class of a step, from its record. */
export function classOf({ executed, accesses, preimage }: MadeStepProof['record']): StepClass | undefined {
  if (executed.kind !== 'instruction') return undefined;
  const { row, call } = executed;
  if (call) return preimage ? 'system call, preimage of 600 bytes' : 'other system call';
  const data = accesses.filter(({ kind }) => kind !== 'fetch');
  if (data.some(({ address, bytes }) => address >> 12 !== (address + bytes - 1) >> 12))
    return 'across leaves in two pages';
  if (data.length === 0) return 'ALU, branch';
  return /^(amo|lr|sc)/.test(row.name) ? 'atomic' : 'load, store';
}

/** A proof with what it costs. */
export interface Sample {
  readonly class: StepClass;
  readonly made: MadeStepProof;
}

const PREIMAGE = Uint8Array.from({ length: 600 }, (_, i) => (37 * i * i + 11 * i + 5) & 0xff);
const PROGRAM = fileURLToPath(new URL('../../guests/gas/gas.elf', import.meta.url));

/** Random numbers from a seed (mulberry32): samples are the same in every run. */
function random(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % end;
  };
}

interface Run {
  readonly machine: Machine;
  readonly host: Host;
  readonly inputs: Inputs;
  readonly tree: MemoryTree;
}

/** The program, when it has touched its 64 MiB. */
export function startRun(): Run {
  const key = keyOf(PREIMAGE);
  const inputs = makeInputs({ parentBlockHash: keccak_256(PREIMAGE) });
  const source = { name: 'bench', preimage: (wanted: Uint8Array) => (equal(wanted, key) ? PREIMAGE : undefined) };
  const host = createHost({ inputs, sources: [source] });
  const { machine } = loadProgram(readFileSync(PROGRAM), { args: ['1000000000'] });
  setInputs(machine, inputs);
  new Engine(machine, host).run(90_000_000n);
  const tree = new MemoryTree();
  commitMachine(machine, tree);
  return { machine, host, inputs, tree };
}

/** Addresses of the program's system calls. */
function ecalls(machine: Machine): number[] {
  const [first, last] = [0x10000, 0x20000];
  return Array.from({ length: (last - first) / 2 }, (_, i) => first + 2 * i).filter(
    (address) => machine.view.getUint32(address, true) === 0x73,
  );
}

const keysOf = <Key extends string>(of: Readonly<Record<Key, unknown>>): Key[] => Object.keys(of) as Key[];

/** Proofs of `count` random steps of each class. Rare instructions are met at breakpoints, after random pauses. */
export function sample(run: Run, count: number, seed: number): Sample[] {
  const { machine, host, inputs, tree } = run;
  const engine = new Engine(machine, host);
  const next = random(seed);
  const samples: Sample[] = [];
  const wanted = new Map(keysOf(CLASSES).map((name) => [name, count]));
  const seenAt = new Map<StepClass, Set<number>>(keysOf(CLASSES).map((name) => [name, new Set()]));
  const take = (): void => {
    const made = makeStepProof(machine, tree, host, inputs);
    const name = classOf(made.record);
    if (!name) return;
    seenAt.get(name)?.add(Number(made.record.pc));
    const left = wanted.get(name) ?? 0;
    if (left === 0) return;
    wanted.set(name, left - 1);
    samples.push({ class: name, made });
  };
  // Random steps, which also show where the instructions of each class are; system calls are too rare for that.
  engine.setBreakpoints([]);
  for (let i = 0; i < 4_000; i++) {
    engine.run(machine.get('step') + BigInt(next(400)));
    take();
  }
  const calls = ecalls(machine);
  for (const name of keysOf(CLASSES)) {
    const places = name.includes('system call') ? calls : [...(seenAt.get(name) ?? [])];
    for (let tries = 0; (wanted.get(name) ?? 0) > 0; tries++) {
      if (tries > 200 * count) throw new Error(`the program has too few steps of the class ${name}`);
      engine.setBreakpoints([]);
      engine.run(machine.get('step') + BigInt(next(name.includes('system call') ? 300 : 20_000)));
      engine.setBreakpoints(places);
      if (engine.run(machine.get('step') + 1_000_000n).kind === 'breakpoint') take();
    }
  }
  return samples;
}

/** Bytes of calldata of a transaction that takes the step. */
export function calldata({ pre, proof }: MadeStepProof): Uint8Array {
  return hexToBytes(verifierInterface().encodeFunctionData('step', [pre, proof]), {
    what: 'calldata',
    maxBytes: 200_000,
  });
}

/** A call of a contract that the transaction has not accessed before costs this much more. */
const COLD_CALL = 2_500;

/** Gas of the whole transaction under the rules of Osaka (EIP-7623) and of Amsterdam (EIP-7976, EIP-2780). */
export function transactionGas(
  data: Uint8Array,
  execution: number,
): { readonly osaka: number; readonly amsterdam: number } {
  const zeros = data.filter((byte) => byte === 0).length;
  const tokens = zeros + 4 * (data.length - zeros);
  return {
    osaka: 21_000 + Math.max(4 * tokens + execution, 10 * tokens),
    amsterdam: 15_000 + Math.max(4 * tokens + execution, 64 * data.length),
  };
}

/** The most expensive step of a class, under each schedule. */
export interface Measured {
  readonly class: StepClass;
  readonly samples: number;
  readonly osaka: number;
  readonly amsterdam: number;
  readonly bytes: number;
  readonly execution: number;
}

/** Executes the samples in the EVM and gives the maxima by class. Throws if the verifier gives another state than ours. */
export async function measure(evm: Evm, samples: readonly Sample[]): Promise<Measured[]> {
  const results = await evm.steps(samples.map(({ made }) => made));
  const rows = samples.map(({ class: name, made }, i) => {
    const result = results[i];
    if (!result?.ok || result.data !== made.post)
      throw new Error(`step ${made.record.step}: ${result?.data}, not ${made.post}`);
    const data = calldata(made);
    const execution = result.gasUsed + COLD_CALL;
    return { name, bytes: data.length, execution, ...transactionGas(data, execution) };
  });
  return keysOf(CLASSES).map((name) => {
    const own = rows.filter((row) => row.name === name);
    const most = (key: 'osaka' | 'amsterdam' | 'bytes' | 'execution') => Math.max(0, ...own.map((row) => row[key]));
    return {
      class: name,
      samples: own.length,
      osaka: most('osaka'),
      amsterdam: most('amsterdam'),
      bytes: most('bytes'),
      execution: most('execution'),
    };
  });
}
