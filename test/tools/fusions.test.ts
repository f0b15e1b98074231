// The chooser of fused sequences sees instructions as the interpreter's decoder and fuser do.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SLOT_BYTES, SLOTS_IN_PAGE } from '../../src/engine/addresses.ts';
import { Engine } from '../../src/engine/engine.ts';
import { InterpreterCode } from '../../src/engine/interpreterModule.ts';
import { ISA } from '../../src/engine/profile.ts';
import { variantOfId } from '../../src/engine/variants.ts';
import { decode } from '../../src/isa/decode.ts';
import { DECODED_MAP } from '../../src/machine/memoryMap.ts';
import { loadProgram } from '../../src/machine/program.ts';
import {
  chooseFusions,
  exactName,
  type Instruction,
  instructionOf,
  instructionsPerDispatch,
  looseName,
  segment,
} from '../../tools/fusions/choose.ts';

test('slots of a program have the sequences that the chooser expects', () => {
  const { machine } = loadProgram(readFileSync(new URL('../../guests/bench/quicksort.elf', import.meta.url)));
  const code = new InterpreterCode();
  const names = new Map(code.fusions.map(({ id, name }) => [id, name]));
  const table = new Set(names.values());
  new Engine(machine, { preimage: () => undefined, hint: () => {}, output: () => {} }, { code }).run(100_000n);
  let fused = 0;
  for (let page = 0x10; page < 0x20; page++) {
    const frame = machine.view.getUint32(DECODED_MAP + 4 * page, true);
    for (let slot = 0; frame !== 0 && slot < SLOTS_IN_PAGE; slot++) {
      const id = machine.view.getUint16(frame + SLOT_BYTES * slot, true);
      const name = names.get(id) ?? variantOfId(id)?.name;
      if (name === undefined) continue;
      const run: (Instruction | undefined)[] = [];
      for (let pc = 4096 * page + 2 * slot; run.length < 4 && pc < 4096 * (page + 1); ) {
        const length = (machine.view.getUint8(pc) & 3) === 3 ? 4 : 2;
        const decoded = decode(ISA, machine.view.getUint32(pc, true), length);
        // A sequence does not reach into what was not decoded.
        const at = frame + SLOT_BYTES * ((pc % 4096) / 2);
        run.push(decoded && machine.view.getUint16(at, true) !== 0 ? instructionOf(decoded, pc) : undefined);
        pc += length;
      }
      const expected = segment(run, table)[0] as Instruction[];
      assert.ok(
        [exactName(expected), looseName(expected)].includes(name),
        `${name} at page ${page} slot ${slot}, expected ${exactName(expected)}`,
      );
      if (expected.length > 1) fused++;
    }
  }
  assert.ok(fused > 50, `${fused} fused slots`);
});

test('what saves most is chosen first', () => {
  const at = (word: number): Instruction => {
    const decoded = decode(ISA, word, 4);
    assert.ok(decoded);
    const instruction = instructionOf(decoded, 0x1_0000);
    assert.ok(instruction);
    return instruction;
  };
  // addi x5, x6, 1; xor x7, x5, x5; sub x5, x7, x6
  const [addi, xor, sub] = [at(0x0013_0293), at(0x0052_c3b3), at(0x4063_82b3)];
  const runs = [
    { instructions: [addi, xor, sub], count: 10 },
    { instructions: [sub, sub, undefined], count: 1 },
  ];
  const [first = ''] = chooseFusions(runs, 1, 1);
  assert.equal(first, 'addi/4 () + xor/4 (rs1:0, rs2:0)');
  assert.equal(instructionsPerDispatch(runs, new Set([first])), 33 / 23);
  const table = chooseFusions(runs, 10, 1);
  assert.ok(table.includes('addi/4 () + xor/4 (rs1:0, rs2:0) + sub/4 (rd:0, rs1:1)'), table.join('\n'));
});
