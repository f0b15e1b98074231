// The float guest: 100,000 draws of every floating-point instruction in every rounding mode, in the interpreter and under
// qemu-riscv64. The draws are of a fixed seed; guests/float/float.expected.txt keeps the digests that qemu printed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Engine } from '../../src/engine/engine.ts';
import { createHost } from '../../src/environment/host.ts';
import { makeInputs } from '../../src/environment/inputs.ts';
import { loadProgram, setInputs } from '../../src/machine/program.ts';
import { QEMU_MISSING, runUnderQemu } from './qemu.ts';

const DRAWS = 100_000;
/** Draws that are looked through for the first that differs. */
const SHOWN_DRAWS = 20_000;
const STEPS_MAX = 1n << 33n;
const elf = fileURLToPath(new URL('../../guests/float/float.elf', import.meta.url));
const expected = readFileSync(new URL('../../guests/float/float.expected.txt', import.meta.url), 'utf8');
const operations = readFileSync(new URL('../../guests/float/generated/operations.h', import.meta.url), 'utf8');

/** What the guest prints in the interpreter. */
function runInInterpreter(...args: readonly string[]): string {
  const inputs = makeInputs();
  const { machine } = loadProgram(readFileSync(elf), { args });
  setInputs(machine, inputs);
  const chunks: Uint8Array[] = [];
  const engine = new Engine(machine, createHost({ inputs, output: (_, data) => void chunks.push(data) }));
  assert.deepEqual([engine.run(STEPS_MAX).kind, machine.get('exitCode')], ['halted', 0n]);
  return Buffer.concat(chunks).toString();
}

/** The draws of a line in both, for the message of a failure: the first that differs. */
async function firstDifference(line: number): Promise<string> {
  const args = [`${SHOWN_DRAWS}`, `${line}`];
  const [ours, theirs] = [runInInterpreter(...args), (await runUnderQemu(elf, args)).text];
  const [mine, other] = [ours.split('\n'), theirs.split('\n')];
  const i = mine.findIndex((each, at) => each !== other[at]);
  return i < 0 ? 'none of the first draws differs' : `a b c a0 fa0 fflags: ${mine[i]}, in qemu ${other[i]}`;
}

describe('every floating-point instruction, by digests of drawn operands', () => {
  it('the digests kept are of all instructions', () => {
    const names = [...operations.matchAll(/OPERATION\("([^"]+)"/g)].map(([, name]) => name);
    const kept = expected.trimEnd().split('\n');
    assert.deepEqual(
      kept.map((line) => line.replace(/ 0x[0-9a-f]{16}$/, '')),
      names,
    );
  });

  it(`${DRAWS} draws of each give the digests kept, in the interpreter`, async (t) => {
    const found = runInInterpreter(`${DRAWS}`).split('\n');
    const line = expected.split('\n').findIndex((each, i) => each !== found[i]) + 1;
    if (line > 0 && !QEMU_MISSING) t.diagnostic(await firstDifference(line));
    assert.deepEqual(found, expected.split('\n'));
  });

  it('and under qemu', { skip: QEMU_MISSING }, async () => {
    const { exitCode, text } = await runUnderQemu(elf, [`${DRAWS}`]);
    assert.deepEqual([exitCode, text], [0, expected]);
  });
});
