// The contract of the command line, command by command: one JSON object with the keys that programs rely on, big integers
// as strings, and the exit code that says what came of it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { temporaryFolder } from './guestFile.ts';
import { onlyObject, runMain } from './harness.ts';

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);
const file = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const BLOCK = ['--block', file('traces/blocks/accounts.json')];
const ELF = file('guests/account/account.elf');
const ADDRESS = '0x3ea17de45664ce21f6e28e0a26f3652335796938';
const GUEST = [ELF, ADDRESS, '1000000000000000137', '0', ...BLOCK];
const ZERO = `0x${'00'.repeat(32)}`;
const store = path('omo.db');
let nobody = '';

before(async () => {
  for (const fault of [[], ['--fault', '5']]) await runMain(['trace', ...GUEST, '--store', store, ...fault]);
  await runMain(['prove', ...GUEST, '--step', '5', '-o', path('proof.json')]);
  const proof = JSON.parse(readFileSync(path('proof.json'), 'utf8'));
  writeFileSync(path('rejected.json'), JSON.stringify({ ...proof, post: ZERO }));
  writeFileSync(path('cut.json'), JSON.stringify(proof).slice(0, 500));
  writeFileSync(path('cut.elf'), readFileSync(ELF).subarray(0, 1_000));
  writeFileSync(path('cut.block'), readFileSync(file('traces/blocks/accounts.json')).subarray(0, 1_000));
  writeFileSync(path('cut.db'), readFileSync(store).subarray(0, 5_000));
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  nobody = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  await new Promise((resolve) => server.close(resolve));
});

/** What a command answers with --json, which must be one line on stdout with nothing else there. */
async function answer(exitCode: number, args: readonly string[]): Promise<Record<string, unknown>> {
  const outcome = await runMain([...args, '--json', '--quiet']);
  const shown = `${args.join(' ')}: ${outcome.stdout}${outcome.stderr}`;
  assert.equal(outcome.exitCode, exitCode, shown);
  assert.match(outcome.stdout, /^\{.*\}\n$/, shown);
  const object = onlyObject(outcome);
  assert.equal(object['schemaVersion'], 1);
  return object;
}

/** Keys that a program may rely on, with the type of each; `integer` is a decimal string without bound. */
const KEYS: Record<string, readonly [args: () => string[], exitCode: number, keys: Record<string, string>]> = {
  program: [() => [ELF], 0, { programRoot: 'hash', entry: 'string', pages: 'number', isa: 'string' }],
  run: [
    () => GUEST,
    0,
    {
      steps: 'integer',
      status: 'string',
      exitCode: 'integer',
      output: 'hash',
      stateHash: 'hash',
      memoryRoot: 'hash',
      seconds: 'number',
      mips: 'number',
    },
  ],
  trace: [
    () => [...GUEST, '--store', path('new.db'), '--window', '0'],
    0,
    {
      runId: 'number',
      steps: 'integer',
      stride: 'integer',
      commitments: 'number',
      historyRoot: 'hash',
      seconds: 'number',
    },
  ],
  diff: [
    () => [`${store}#1`, `${store}#2`],
    1,
    {
      firstDivergentStep: 'integer',
      agreedStateHash: 'hash',
      ours: 'hash',
      theirs: 'hash',
      pc: 'string',
      instruction: 'string',
      symbol: 'string',
    },
  ],
  prove: [
    () => [...GUEST, '--step', '7', '-o', path('p.json')],
    0,
    { step: 'integer', pre: 'hash', post: 'hash', bytes: 'number', accesses: 'object' },
  ],
  verify: [() => [path('proof.json')], 0, { ok: 'boolean', post: 'hash', gasUsed: 'integer' }],
  inspect: [
    () => [...GUEST, '--step', '7'],
    0,
    { step: 'integer', pc: 'string', instruction: 'string', registers: 'object', threads: 'object' },
  ],
  demo: [
    () => ['--store', path('demo.db')],
    0,
    { winner: 'string', rounds: 'number', transactions: 'number', gasUsed: 'integer', seconds: 'number' },
  ],
};

function isOfType(value: unknown, type: string): boolean {
  if (type === 'hash') return typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value);
  if (type === 'integer') return typeof value === 'string' && /^\d+$/.test(value);
  return value !== null && typeof value === type;
}

for (const [command, [args, exitCode, keys]] of Object.entries(KEYS))
  test(`${command} --json has the keys that it promises`, async () => {
    if (command === 'diff')
      for (const fault of [[], ['--fault', '5']])
        await answer(0, ['trace', ...GUEST, '--store', store, '--window', '0', ...fault]);
    const object = await answer(exitCode, [command, ...args()]);
    for (const [key, type] of Object.entries(keys))
      assert.ok(isOfType(object[key], type), `${key}: expected ${type}, found ${JSON.stringify(object[key])}`);
  });

test('every command is in this table, or needs a node', () => {
  const others = COMMANDS.map(({ name }) => name).filter((name) => KEYS[name] === undefined);
  assert.deepEqual(others, ['block fetch']);
});

test('1: the answer is no', async () => {
  assert.equal((await answer(1, ['run', ...GUEST, '--claim', ZERO]))['claimHolds'], false);
  assert.equal((await answer(1, ['run', ELF, ADDRESS, '1', '0', ...BLOCK]))['status'], 'invalid');
  assert.equal((await answer(1, ['verify', path('rejected.json'), '--off-chain']))['ok'], false);
});

const ERRORS: readonly [exitCode: number, code: string, args: () => string[]][] = [
  [2, 'NO_COMMAND', () => []],
  [2, 'UNKNOWN_COMMAND', () => ['frobnicate']],
  [2, 'UNKNOWN_OPTION', () => ['run', ELF, '--frobnicate']],
  [2, 'MISSING_ARGUMENT', () => ['run']],
  [2, 'MISSING_MANDATORY_OPTION_VALUE', () => ['inspect', ELF]],
  [2, 'INVALID_ARGUMENT', () => ['run', ELF, '--until', '-1']],
  [2, 'MISSING_OPTION', () => ['verify', path('proof.json'), '--rpc', nobody]],
  [3, 'ELF_TRUNCATED', () => ['program', path('cut.elf')]],
  [3, 'BLOCK_FORMAT', () => ['run', ELF, '--block', path('cut.block')]],
  [3, 'STORE_DAMAGED', () => ['trace', ...GUEST, '--store', path('cut.db')]],
  [3, 'STORE_DAMAGED', () => ['diff', path('cut.db'), store]],
  [3, 'PROOF_FILE', () => ['verify', path('cut.json')]],
  [3, 'FILE_MISSING', () => ['program', path('nowhere')]],
  [3, 'PREIMAGE_MISSING', () => ['run', ELF, ADDRESS, '1', '0', '--local', 'parentBlockHash=7']],
  [4, 'RPC_UNREACHABLE', () => ['block', 'fetch', '1', '--rpc', nobody, '-o', path('b.json')]],
  [4, 'RPC_UNREACHABLE', () => ['verify', path('proof.json'), '--rpc', nobody, '--verifier', ADDRESS]],
  [4, 'HTTP_UNREACHABLE', () => ['diff', `${nobody}/x.trace`, store]],
  [5, 'WINDOW_MISSING', () => ['diff', `${path('sparse.db')}#1`, `${path('sparse.db')}#2`]],
];

for (const [exitCode, code, args] of ERRORS)
  test(`${exitCode}: ${code}`, async () => {
    if (exitCode === 5)
      for (const fault of [[], ['--fault', '5']])
        await answer(0, ['trace', ...GUEST, '--store', path('sparse.db'), ...fault]);
    const { error } = (await answer(exitCode, args())) as { error?: Record<string, unknown> };
    assert.equal(error?.['code'], code, String(error?.['message']));
    assert.deepEqual(Object.keys(error ?? {}), ['code', 'message', 'hint']);
  });
