// The frame of the command line: parsing, --json, exit codes, help, environment variables. The commands here are toys; each
// real one has a test file of its own.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { defineCommand } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { choice, flag, hash, integer, list, mandatory, step, text, withDefault } from '../../src/cli/options.ts';
import { CannotKnowError, ChainError, InputError } from '../../src/errors.ts';
import { assert as check } from '../../src/invariant.ts';
import { onlyObject, runMain, runOmo } from './harness.ts';

const echo = defineCommand({
  name: 'echo',
  summary: 'answers with what it was given',
  description: 'Answers with its arguments and options.',
  arguments: [
    ['<elf>', 'a program'],
    ['[args...]', 'its arguments'],
  ],
  options: {
    step: step('--step <step>', 'a step'),
    root: hash('--root <hash>', 'a root'),
    engine: withDefault(choice('--engine <name>', 'an engine', ['interpreter', 'jit']), 'jit'),
    count: integer('--count <number>', 'a number', 1, 9),
    local: list('--local <item>', 'an item', (item) => item.toUpperCase()),
    deep: flag('--deep', 'a flag'),
    note: text('--note <text>', 'a note'),
  },
  examples: [['omo echo program.elf --step 5', 'answers']],
  run: ({ output, storePath }, [elf, args], options) => {
    output.tell(`telling of ${elf}`);
    return { json: { elf, args, ...options, storePath, bytes: Uint8Array.of(1, 255) }, text: `echo ${elf}` };
  },
});

const failing = defineCommand({
  name: 'fail',
  summary: 'fails',
  description: 'Fails in the way it is told.',
  arguments: [['<how>', 'the way']],
  options: { needed: mandatory(text('--needed <text>', 'must be there')) },
  examples: [],
  run: (_context, [how]) => {
    if (how === 'no') return { json: { ok: false }, text: 'rejected', exitCode: 1 };
    if (how === 'input') throw new InputError('FILE_MISSING', 'x.elf: no such file', { hint: 'Give a path.' });
    if (how === 'chain') throw new ChainError('RPC_FAILED', 'no answer');
    if (how === 'unknown') throw new CannotKnowError('SOURCES_DISAGREE', 'two roots');
    check(how !== 'invariant', 'roots differ');
    throw new TypeError('x is not a function');
  },
});

const TOYS = [echo, failing];
const run = (...args: string[]) => runMain(args, TOYS);

test('an answer is one JSON object with --json, its text without', async () => {
  const plain = await run('echo', 'a.elf');
  assert.deepEqual([plain.exitCode, plain.stdout], [0, 'telling of a.elf\necho a.elf\n']);
  const json = await run('echo', 'a.elf', 'b', '--json', '--step', '17592186044416', '--', '--json');
  assert.deepEqual(onlyObject(json), {
    schemaVersion: 1,
    elf: 'a.elf',
    args: ['b', '--json'],
    step: '17592186044416',
    engine: 'jit',
    local: [],
    deep: false,
    storePath: 'traces/local/omo.db',
    bytes: '0x01ff',
  });
  assert.equal(json.stderr, '');
});

test('options arrive with their types, wherever they stand', async () => {
  const root = `0x${'AB'.repeat(32)}`;
  const args = [
    '--json',
    'echo',
    '--root',
    root,
    'a.elf',
    '--count=9',
    '--engine',
    'interpreter',
    '--deep',
    '--store',
    's.db',
  ];
  const { root: read, count, engine, deep, storePath } = onlyObject(await run(...args));
  assert.deepEqual([read, count, engine, deep, storePath], [root.toLowerCase(), 9, 'interpreter', true, 's.db']);
});

test('a repeated option collects', async () => {
  const { local } = onlyObject(await run('echo', 'a', '--json', '--local', 'x', '--local', 'y,z'));
  assert.deepEqual(local, ['X', 'Y', 'Z']);
});

const wrongUse: readonly (readonly [why: string, code: string, args: string[]])[] = [
  ['no command', 'NO_COMMAND', []],
  ['only global options', 'NO_COMMAND', ['--quiet']],
  ['an unknown command', 'UNKNOWN_COMMAND', ['ecco']],
  ['an unknown option', 'UNKNOWN_OPTION', ['--bar']],
  ['an unknown option of a command', 'UNKNOWN_OPTION', ['echo', 'a', '--bar']],
  ['a missing argument', 'MISSING_ARGUMENT', ['echo']],
  ['a missing value', 'OPTION_MISSING_ARGUMENT', ['echo', 'a', '--step']],
  ['a missing mandatory option', 'MISSING_MANDATORY_OPTION_VALUE', ['fail', 'no']],
  ['an argument too many', 'EXCESS_ARGUMENTS', ['fail', 'no', 'more', '--needed', 'x']],
  ['a negative step', 'INVALID_ARGUMENT', ['echo', 'a', '--step=-1']],
  ['a step past the last', 'INVALID_ARGUMENT', ['echo', 'a', '--step', '17592186044417']],
  ['a number below its range', 'INVALID_ARGUMENT', ['echo', 'a', '--count', '0']],
  ['a number above its range', 'INVALID_ARGUMENT', ['echo', 'a', '--count', '10']],
  ['a number that is none', 'INVALID_ARGUMENT', ['echo', 'a', '--count', '1e0']],
  ['a short hash', 'INVALID_ARGUMENT', ['echo', 'a', '--root', '0x12']],
  ['a word that is no choice', 'INVALID_ARGUMENT', ['echo', 'a', '--engine', 'qemu']],
  ['a list too long', 'INVALID_ARGUMENT', ['echo', 'a', '--local', 'x,'.repeat(1_024)]],
  ['a value too long', 'INVALID_ARGUMENT', ['echo', 'a', '--local', 'x'.repeat(65_537)]],
];
for (const [why, code, args] of wrongUse)
  test(`${why} is wrong use: exit code 2, ${code}`, async () => {
    const plain = await run(...args);
    assert.equal(plain.exitCode, 2);
    assert.equal(plain.stdout, '');
    assert.match(plain.stderr, /^omo: .{5,450}\n {5}.+\n$/);
    const json = await run(...args, '--json');
    assert.equal(json.exitCode, 2);
    assert.equal(json.stderr, '');
    const { schemaVersion, error } = onlyObject(json);
    assert.equal(schemaVersion, 1);
    assert.equal((error as { code: string }).code, code);
    assert.deepEqual(Object.keys(error as object), ['code', 'message', 'hint']);
  });

test('a near miss is suggested', async () => {
  assert.match((await run('ecco')).stderr, /Did you mean echo\?/);
  assert.match((await run('echo', 'a', '--stp', '1')).stderr, /Did you mean --step\?/);
});

const endings: readonly (readonly [how: string, exitCode: number, code: string])[] = [
  ['input', 3, 'FILE_MISSING'],
  ['chain', 4, 'RPC_FAILED'],
  ['unknown', 5, 'SOURCES_DISAGREE'],
  ['invariant', 70, 'INVARIANT'],
  ['crash', 70, 'INTERNAL'],
];
for (const [how, exitCode, code] of endings)
  test(`a command that ends with ${code} exits with ${exitCode}`, async () => {
    const json = await run('fail', how, '--needed', 'x', '--json');
    assert.equal(json.exitCode, exitCode);
    assert.equal((onlyObject(json)['error'] as { code: string }).code, code);
    const plain = await run('fail', how, '--needed', 'x');
    assert.deepEqual([plain.exitCode, plain.stdout], [exitCode, '']);
    assert.equal(plain.stderr.includes('    at '), exitCode === 70);
  });

test('the answer no is exit code 1 and an answer like any other', async () => {
  const json = await run('fail', 'no', '--needed', 'x', '--json');
  assert.deepEqual([json.exitCode, onlyObject(json)], [1, { schemaVersion: 1, ok: false }]);
  const plain = await run('fail', 'no', '--needed', 'x');
  assert.deepEqual([plain.exitCode, plain.stdout, plain.stderr], [1, 'rejected\n', '']);
});

test('--quiet keeps the answer and drops the story', async () => {
  assert.equal((await run('echo', 'a', '--quiet')).stdout, 'echo a\n');
});

test('colour is for terminals, unless refused', async () => {
  const painter = defineCommand({
    ...{ name: 'paint', summary: 's', description: 'd', arguments: [], options: {}, examples: [] },
    run: ({ output }) => ({ json: {}, text: output.style.red('red') }),
  });
  const painted = '\u001b[31mred\u001b[39m\n';
  const noColor = process.env['NO_COLOR'];
  after(() => {
    if (noColor === undefined) delete process.env['NO_COLOR'];
    else process.env['NO_COLOR'] = noColor;
  });
  delete process.env['NO_COLOR'];
  assert.equal((await runMain(['paint'], [painter], true)).stdout, painted);
  assert.equal((await runMain(['paint', '--no-color'], [painter], true)).stdout, 'red\n');
  assert.equal((await runMain(['paint'], [painter], false)).stdout, 'red\n');
  process.env['NO_COLOR'] = '1';
  assert.equal((await runMain(['paint'], [painter], true)).stdout, 'red\n');
});

test('help lists commands, options with their variables, examples and exit codes', async () => {
  const program = await run('--help');
  assert.equal(program.exitCode, 0);
  for (const part of ['echo', 'answers with what it was given', 'OMO_STORE', 'Examples:', 'Exit codes:'])
    assert.ok(program.stdout.includes(part), `${part} in\n${program.stdout}`);
  const command = await run('echo', '--help');
  assert.equal(command.exitCode, 0);
  for (const part of [
    '<elf>',
    'interpreter | jit; default: jit; env: OMO_ENGINE',
    '--json',
    'omo echo program.elf --step 5',
  ])
    assert.ok(command.stdout.includes(part), `${part} in\n${command.stdout}`);
  assert.equal(onlyObject(await run('echo', '--help', '--json'))['help'], command.stdout.trimEnd());
});

test('--version is that of package.json', async () => {
  const manifest = await import('../../package.json', { with: { type: 'json' } });
  assert.equal((await run('--version')).stdout, `${manifest.default.version}\n`);
  assert.equal(onlyObject(await run('--version', '--json'))['version'], manifest.default.version);
});

test('every real command has a summary, a description, examples that start with its name, and unique options', () => {
  for (const command of COMMANDS) {
    assert.ok(command.summary.length > 0 && command.description.length > 0, command.name);
    assert.ok(command.examples.length > 0, `${command.name} has an example`);
    for (const [line] of command.examples) assert.ok(line.startsWith(`omo ${command.name}`), line);
    for (const [key, option] of Object.entries(command.options)) assert.equal(option.attributeName(), key);
  }
  assert.equal(new Set(COMMANDS.map(({ name }) => name)).size, COMMANDS.length);
});

test('as a process: wrong use, its exit code and streams', () => {
  const outcome = runOmo(['frobnicate', '--json']);
  assert.equal(outcome.exitCode, 2);
  assert.equal((onlyObject(outcome)['error'] as { code: string }).code, 'UNKNOWN_COMMAND');
  assert.equal(outcome.stderr, '');
});

test('as a process: a variable stands for a flag, unless it says no', () => {
  assert.equal(onlyObject(runOmo(['frobnicate'], { OMO_JSON: '1' }))['schemaVersion'], 1);
  for (const off of ['0', 'false', '']) assert.equal(runOmo(['frobnicate'], { OMO_JSON: off }).stdout, '');
});
