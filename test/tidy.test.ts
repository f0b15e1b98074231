// The house rules that a program can check: layers, sizes, banned calls, headers, mirrored tests. Each rule is a small
// function over the text of the files, tried below on a piece of bad code so that it is known to be able to fail.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 70;

/** Layers from the bottom up; a file imports from its own layer and those below. Folders on one line may import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['wasm', 'bytes.ts', 'compression.ts', 'errors.ts', 'invariant.ts', 'units.ts'],
  ['semantics'],
  ['isa', 'environment'],
  ['machine'],
  ['commitment'],
  ['store', 'engine'],
  ['trace'],
  ['dispute'],
  ['chain'],
  ['cli'],
];
const CHAIN = LAYERS.findIndex((layer) => layer.includes('chain'));

/** Long tables: their rows are data, and data is easier to read in one place. */
const LONG_TABLES: Readonly<Record<string, string>> = {};

/** What one file below `chain` may do although others may not, and why. */
const ALLOWED: Readonly<Record<string, { readonly calls: readonly string[]; readonly why: string }>> = {};

/** Words that need asynchrony, a clock, a random source or the environment of the process. */
const BANNED: Readonly<Record<string, RegExp>> = {
  async: /\basync\b/,
  await: /\bawait\b/,
  Promise: /\bPromise\b/,
  Date: /\bnew Date\b|\bDate\.|\bDate\(/,
  performance: /\bperformance\./,
  hrtime: /\bhrtime\b/,
  'Math.random': /\bMath\.random\b/,
  randomBytes: /\brandomBytes\b|\bgetRandomValues\b|\brandomUUID\b|\brandomInt\b/,
  'process.env': /\bprocess\.env\b/,
  setTimeout: /\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bqueueMicrotask\b|\bnextTick\b/,
};

interface SourceFile {
  /** From the root of the repository: src/machine/elf.ts. */
  readonly path: string;
  readonly text: string;
}

/** A complaint: where, and what is wrong. */
type Finding = string;

function sources(...patterns: readonly string[]): SourceFile[] {
  const paths = globSync([...patterns], { cwd: ROOT, exclude: (name) => /node_modules|generated$/.test(name) });
  return paths.sort().map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** Position of a file's layer, counted from the bottom. */
function layerOf(path: string): number {
  const [, folder = ''] = path.split('/');
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

const parse = ({ path, text }: SourceFile) => ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);

/** Text with comments and string contents blanked, line structure kept. */
function code(file: SourceFile): string {
  const tree = parse(file);
  const blanked = [...file.text];
  const blank = (from: number, to: number) => {
    for (let i = from; i < to; i++) if (blanked[i] !== '\n') blanked[i] = ' ';
  };
  const visit = (node: ts.Node): void => {
    for (const comment of ts.getLeadingCommentRanges(file.text, node.pos) ?? []) blank(comment.pos, comment.end);
    for (const comment of ts.getTrailingCommentRanges(file.text, node.end) ?? []) blank(comment.pos, comment.end);
    if (ts.isStringLiteralLike(node) || ts.isRegularExpressionLiteral(node)) blank(node.getStart(), node.end);
    if (ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) blank(node.getStart() + 1, node.end - 1);
    for (const child of node.getChildren(tree)) visit(child);
  };
  visit(tree);
  return blanked.join('');
}

function importsUpward(file: SourceFile): Finding[] {
  const findings: Finding[] = [];
  for (const { fileName } of ts.preProcessFile(file.text).importedFiles) {
    if (!fileName.startsWith('.')) continue;
    const target = normalize(join(dirname(file.path), fileName));
    if (!target.startsWith('src/')) findings.push(`${file.path} imports ${target}, which is not in src/`);
    else if (layerOf(target) > layerOf(file.path)) findings.push(`${file.path} imports upward: ${target}`);
  }
  return findings;
}

function bannedCalls(file: SourceFile): Finding[] {
  const text = code(file);
  const allowed = ALLOWED[file.path]?.calls ?? [];
  return Object.entries(BANNED)
    .filter(([name, pattern]) => pattern.test(text) && !allowed.includes(name))
    .map(([name]) => `${file.path} uses ${name} below src/chain`);
}

/** Lines that hold code: neither empty nor comment. */
function codeLines(file: SourceFile): number {
  return code(file)
    .split('\n')
    .filter((line) => line.trim() !== '').length;
}

function tooLong(file: SourceFile): Finding[] {
  const lines = codeLines(file);
  if (lines <= MAX_FILE_LINES || file.path in LONG_TABLES) return [];
  return [`${file.path} has ${lines} lines of code, more than ${MAX_FILE_LINES}`];
}

function longFunctions(file: SourceFile): Finding[] {
  const tree = parse(file);
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const first = tree.getLineAndCharacterOfPosition(node.getStart()).line;
      const lines = tree.getLineAndCharacterOfPosition(node.end).line - first + 1;
      if (lines > MAX_FUNCTION_LINES) findings.push(`${file.path}:${first + 1} is a function of ${lines} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return findings;
}

function lacksHeader({ path, text }: SourceFile): Finding[] {
  const body = text.replace(/^#!.*\n/, '').replace(/^\/\/ SPDX-License-Identifier:.*\n(pragma [^\n]*\n)?\n*/, '');
  return /^(\/\/|\/\*|#)/.test(body) ? [] : [`${path} does not open with a comment saying what it is`];
}

function leftovers({ path, text }: SourceFile): Finding[] {
  const words = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
  const line = text.split('\n').findIndex((each) => words.test(each));
  return line < 0 ? [] : [`${path}:${line + 1} leaves something undone`];
}

/** A test is in the folder of what it tests; contracts, parity, e2e and bench are about several folders together. */
function misplacedTest({ path }: SourceFile): Finding[] {
  const folder = dirname(path).split('/')[1];
  const known = folder === undefined || ['contracts', 'parity', 'e2e', 'bench', 'guests', 'tools'].includes(folder);
  return known || existsSync(join(ROOT, 'src', folder)) ? [] : [`${path} mirrors no folder of src/`];
}

const SRC = sources('src/**/*.ts');
const TYPESCRIPT = [...SRC, ...sources('test/**/*.ts', 'tools/**/*.ts', 'bin/*.js', 'tools/*.mjs', '*.config.ts')];
const SOLIDITY = sources('contracts/**/*.sol');

function tidy(name: string, files: readonly SourceFile[], rule: (file: SourceFile) => Finding[]): void {
  test(name, () => assert.deepEqual(files.flatMap(rule), []));
}

tidy('every source file belongs to a layer', SRC, ({ path }) => (layerOf(path) < 0 ? [`${path} is in no layer`] : []));
tidy('imports point down', SRC, importsUpward);
tidy(
  'nothing below chain is asynchronous or reads a clock, a random source or the environment',
  SRC.filter(({ path }) => layerOf(path) < CHAIN),
  bannedCalls,
);
tidy('files are short', SRC, tooLong);
tidy('functions are short', [...SRC, ...sources('tools/**/*.ts')], longFunctions);
tidy('every file says what it is', [...TYPESCRIPT, ...SOLIDITY], lacksHeader);
tidy('nothing is left undone', [...TYPESCRIPT, ...SOLIDITY], leftovers);
tidy('tests mirror the sources', sources('test/**/*.ts'), misplacedTest);

test('exceptions are still needed', () => {
  for (const path of [...Object.keys(ALLOWED), ...Object.keys(LONG_TABLES)])
    assert.ok(existsSync(join(ROOT, path)), `${path} is excepted but not there`);
  for (const path of Object.keys(LONG_TABLES)) {
    const file = SRC.find((each) => each.path === path);
    assert.ok(file !== undefined && codeLines(file) > MAX_FILE_LINES, `${path} is no longer long`);
  }
});

test('each rule finds what it is there to find', () => {
  const bad = (text: string, path = 'src/machine/bad.ts') => ({ path, text });
  assert.equal(importsUpward(bad("import { main } from '../cli/main.ts';")).length, 1);
  assert.equal(importsUpward(bad("import type { A } from '../../test/a.ts';")).length, 1);
  assert.equal(importsUpward(bad("import { a } from '../errors.ts';\nimport ts from 'typescript';")).length, 0);
  for (const banned of ['async () => 1', 'await x', 'new Date()', 'Math.random()', 'process.env', 'setTimeout(f)'])
    assert.equal(bannedCalls(bad(`const f = ${banned};`)).length, 1, banned);
  assert.deepEqual(
    bannedCalls(bad(`// await\nconst f = 'await'; /* Date.now */ const g = \`async \${1} await\`;`)),
    [],
  );
  assert.equal(tooLong(bad('f();\n'.repeat(401))).length, 1);
  assert.equal(tooLong(bad('// f\n\nf();\n'.repeat(400))).length, 0);
  assert.equal(longFunctions(bad(`const f = () => {${'\n'.repeat(70)}};`)).length, 1);
  assert.equal(longFunctions(bad(`const f = () => {${'\n'.repeat(69)}};`)).length, 0);
  assert.equal(lacksHeader(bad('const f = 1;')).length, 1);
  assert.equal(lacksHeader(bad('#!/usr/bin/env node\n// What it is.\n')).length, 0);
  assert.equal(
    lacksHeader(bad('// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\n\ncontract A {}')).length,
    1,
  );
  assert.equal(leftovers(bad(`f(); // ${'TO' + 'DO'}: g`)).length, 1);
  assert.equal(misplacedTest(bad('', 'test/nowhere/a.test.ts')).length, 1);
  assert.equal(layerOf('src/unheard/of.ts'), -1);
});
