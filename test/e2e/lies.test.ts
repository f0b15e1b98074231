// Lies at every kind of step, of both kinds, about a real program of more than 2^20 steps, through the command line: traced,
// found, proven and decided. A liar's history differs from the honest one first after the step that he lies about; the proof
// of that step leads to what the honest side says, off chain and on an L1, and never to what the liar says.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Signer } from 'ethers';
import { type EmbeddedL1, startEmbeddedL1 } from '../../src/chain/embeddedL1.ts';
import { deployVerifier, stepOnChain } from '../../src/chain/verifier.ts';
import { readProofFile } from '../../src/dispute/stepProof/proofFile.ts';
import { WINDOW_STEPS } from '../../src/units.ts';
import { temporaryFolder } from '../cli/guestFile.ts';
import { onlyObject, runMain } from '../cli/harness.ts';

/** Steps of the program: a little more than one window, so that the second window is quickly committed to. */
const STEPS = 1_052_476n;
const PROGRAM = [fileURLToPath(new URL('../../guests/bench/keccak.elf', import.meta.url)), '1'];
/** The first steps, those around the windows' border, the last but one, the one that halts, and one after it. */
const LIES = [0n, 1n, WINDOW_STEPS - 1n, WINDOW_STEPS, STEPS - 2n, STEPS - 1n, STEPS];

const folder = temporaryFolder();
const store = join(folder, 'lies.db');

/** The object that a command answers with, which must end with this exit code. */
async function ask(exitCode: number, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const outcome = await runMain([...args, '--store', store, '--json', '--quiet']);
  assert.equal(outcome.exitCode, exitCode, `${args.join(' ')}: ${outcome.stdout}${outcome.stderr}`);
  return onlyObject(outcome);
}

/** The honest trace or, with a fault, a liar's, every step of one window committed to. */
const traced = (window: bigint, ...fault: readonly string[]) =>
  ask(0, 'trace', ...PROGRAM, '--window', `${window}`, ...fault);

let l1: EmbeddedL1;
let signer: Signer;
let verifier: string;
let honest: Record<string, unknown>;

before(async () => {
  l1 = await startEmbeddedL1();
  signer = await l1.signer(0);
  ({ verifier } = await deployVerifier(signer));
  honest = await traced(0n);
  assert.equal(honest['steps'], `${STEPS}`, 'the program is another: count its steps again');
  await traced(1n);
});

after(() => l1?.stop());

/** A proof file that claims another state after the step. */
function withPost(path: string, post: unknown): string {
  const changed = `${path}.liar`;
  writeFileSync(changed, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), post }));
  return changed;
}

for (const step of LIES)
  describe(`a lie about step ${step}`, () => {
    const path = join(folder, `${step}.json`);
    let proof: Record<string, unknown>;

    test('the step is proven, and the contract agrees with the proof', async () => {
      proof = await ask(0, 'prove', ...PROGRAM, '--step', `${step}`, '-o', path);
      const file = readProofFile(readFileSync(path), path);
      assert.equal(await stepOnChain(signer, verifier, file.pre, file.proof), proof['post']);
      assert.equal((await ask(0, 'verify', path, '--off-chain'))['post'], proof['post']);
      // A halted machine stays as it is.
      assert.equal(proof['pre'] === proof['post'], step === STEPS);
    });

    for (const fault of [`${step}`, `${step}:leaf`])
      test(`--fault ${fault}: found, and not borne out`, async () => {
        const liar = await traced(step / WINDOW_STEPS, '--fault', fault);
        assert.equal(liar['fault'], fault);
        const difference = await ask(1, 'diff', `${store}#${honest['runId']}`, `${store}#${liar['runId']}`);
        assert.equal(difference['firstDivergentStep'], `${step}`);
        assert.equal(difference['window'], Number(step / WINDOW_STEPS));
        assert.equal(difference['agreedStateHash'], proof['pre']);
        assert.equal(difference['ours'], proof['post']);
        assert.notEqual(difference['theirs'], proof['post']);
        const refusal = await ask(1, 'verify', withPost(path, difference['theirs']), '--off-chain');
        assert.equal(refusal['ok'], false);
      });
  });
