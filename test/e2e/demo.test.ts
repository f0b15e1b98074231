// The whole of OMO in one command: a real program, a lie, the search, the proof, the contract. Also on a real block where the
// shared ones are there.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../cli/guestFile.ts';
import { onlyObject, runMain, runOmo } from '../cli/harness.ts';

const folder = temporaryFolder();
const store = join(folder, 'demo.db');
const REAL = fileURLToPath(new URL('../../../shared/blocks/eth-mainnet-73141.json', import.meta.url));

test('the story ends with the honest party, and the store can be asked afterwards', () => {
  const told = runOmo(['demo', '--store', store]);
  assert.equal(told.exitCode, 0, told.stderr);
  for (const part of ['1. The question', 'what Alice says', 'refused: WrongPreState', 'Alice is right.'])
    assert.ok(told.stdout.includes(part), `${part} in\n${told.stdout}`);
  const outcome = runOmo(['diff', `${store}#1`, `${store}#2`, '--json']);
  assert.equal(outcome.exitCode, 1);
  assert.match(told.stdout, new RegExp(`step +${onlyObject(outcome)['firstDivergentStep']}, in window 0`));
});

test('as JSON, with a lie where the user wants it', async () => {
  const outcome = await runMain(['demo', '--store', store, '--fault', '12345', '--json', '--quiet']);
  assert.equal(outcome.exitCode, 0);
  const answer = onlyObject(outcome);
  assert.equal(answer['winner'], 'honest');
  assert.equal(answer['firstDivergentStep'], '12345');
  for (const key of [
    'rounds',
    'transactions',
    'gasUsed',
    'seconds',
    'agreedStateHash',
    'ours',
    'theirs',
    'pc',
    'instruction',
  ])
    assert.ok(answer[key] !== undefined, key);
});

test('a real block', { skip: !existsSync(REAL) && 'the shared blocks are not here' }, async () => {
  const outcome = await runMain(['demo', '--store', store, '--block', REAL, '--json', '--quiet']);
  assert.equal(outcome.exitCode, 0);
  const { winner, question } = onlyObject(outcome) as {
    winner: string;
    question: { blockNumber: string; chainId: string };
  };
  assert.deepEqual([winner, question.blockNumber, question.chainId], ['honest', '73141', '1']);
});

test('a lie about a step that is never executed, and an account that the witness does not tell', async () => {
  const late = await runMain(['demo', '--store', store, '--fault', '999999999']);
  assert.equal(late.exitCode, 2);
  assert.match(late.stderr, /--fault: the program executes steps 0 to \d+, found 999999999/);
  const unknown = await runMain(['demo', '--store', store, '--address', 'nobody']);
  assert.equal(unknown.exitCode, 3);
});
