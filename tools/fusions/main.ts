// Chooses the sequences that tier 0 fuses and writes src/engine/fusions.ts:
//
//   node tools/fusions/main.ts COUNT ELF[@BLOCK]...
//
// Each program is run once to count its steps, and once more with a stop at 50 places, from each of which 3,000 steps are
// taken one by one. All programs weigh the same, whatever their length.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openGuest } from '../../src/cli/guest.ts';
import { Engine } from '../../src/engine/engine.ts';
import { ISA } from '../../src/engine/profile.ts';
import { decode } from '../../src/isa/decode.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { STATUS } from '../../src/semantics/layout.ts';
import { chooseFusions, type Instruction, instructionOf, instructionsPerDispatch, type Run } from './choose.ts';

const PLACES = 50;
const STEPS = 3000;
const TABLE = fileURLToPath(new URL('../../src/engine/fusions.ts', import.meta.url));

interface Decoding {
  readonly bytes: 2 | 4;
  readonly instruction: Instruction | undefined;
}

function open(name: string): { machine: Machine; engine: Engine } {
  const [path = '', block] = name.split('@');
  const { machine, host } = openGuest(path, [], { local: [], ...(block === undefined ? {} : { block }) } as never);
  return { machine, engine: new Engine(machine, { ...host, hint: (data) => host.hint(data), output: () => {} }) };
}

function decodeAt(machine: Machine, pc: number): Decoding {
  const word = machine.view.getUint32(pc, true);
  const bytes = (word & 3) === 3 ? 4 : 2;
  const decoded = decode(ISA, word, bytes);
  return { bytes, instruction: decoded && instructionOf(decoded, pc) };
}

/** Straight runs of a program with how often they were seen, which sum to one instruction. */
function sample(name: string): Run[] {
  const whole = open(name);
  whole.engine.run(1n << 44n);
  const total = whole.machine.get('step');
  const { machine, engine } = open(name);
  const known = new Map<number, Decoding>();
  const runs = new Map<string, { instructions: (Instruction | undefined)[]; count: number }>();
  let seen = 0;
  for (let place = 0; place < PLACES; place++) {
    engine.run((total * BigInt(place)) / BigInt(PLACES));
    let start = Number(machine.get('pc'));
    let instructions: (Instruction | undefined)[] = [];
    for (let i = 0; i < STEPS && machine.get('status') === BigInt(STATUS.running); i++) {
      const pc = Number(machine.get('pc'));
      const decoding = known.get(pc) ?? decodeAt(machine, pc);
      known.set(pc, decoding);
      instructions.push(decoding.instruction);
      seen++;
      engine.run(machine.get('step') + 1n);
      const next = Number(machine.get('pc'));
      if (next === pc + decoding.bytes) continue;
      const key = `${start} ${instructions.length}`;
      const run = runs.get(key) ?? { instructions, count: 0 };
      run.count++;
      runs.set(key, run);
      start = next;
      instructions = [];
    }
  }
  return [...runs.values()].map(({ instructions, count }) => ({ instructions, count: count / seen }));
}

const [count = '', ...names] = process.argv.slice(2);
const runs = names.flatMap(sample);
const table = chooseFusions(runs, Number(count));
console.log(`${instructionsPerDispatch(runs, new Set(table)).toFixed(2)} instructions a dispatch`);
const text = `// The sequences that tier 0 fuses, as fusion.ts reads them. Chosen by tools/fusions from ${names.join(', ')}.

export const FUSIONS: readonly string[] = [
${table.map((name) => `  '${name}',`).join('\n')}
];
`;
writeFileSync(TABLE, text);
