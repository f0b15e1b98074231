// Writes every generated file of the repository (npm run gen), or with --check compares and fails if one is out of date,
// missing or left over (npm run gen:check). Generated files are committed, so that they are reviewed and the contracts
// can be read and compiled without running this.

import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { floatGuestFile } from './floatGuest.ts';
import { solidityFiles } from './solidity/generate.ts';
import { keccakFile } from './solidity/keccak.ts';

/** A file to be there: its path from the root of the repository, and its whole text. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** Something that makes files: all in folders named `generated`. */
export type Generator = () => readonly GeneratedFile[];

/** Everything that is generated. */
const GENERATORS: readonly Generator[] = [solidityFiles, () => [keccakFile(), floatGuestFile()]];

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What would have to change, one line each: `contracts/step/generated/Core.sol is out of date`. */
function differences(files: readonly GeneratedFile[]): string[] {
  const wanted = new Set(files.map(({ path }) => path));
  const found = globSync('{src,contracts,guests}/**/generated/**/*.*', { cwd: ROOT });
  const leftOver = found.filter((path) => !wanted.has(path)).map((path) => `${path} is left over`);
  const stale = files.flatMap(({ path, text }) => {
    if (!existsSync(join(ROOT, path))) return [`${path} is missing`];
    return readFileSync(join(ROOT, path), 'utf8') === text ? [] : [`${path} is out of date`];
  });
  return [...stale, ...leftOver];
}

function write(files: readonly GeneratedFile[]): void {
  const wanted = new Set(files.map(({ path }) => path));
  for (const path of globSync('{src,contracts,guests}/**/generated/**/*.*', { cwd: ROOT }))
    if (!wanted.has(path)) rmSync(join(ROOT, path));
  for (const { path, text } of files) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
}

const generated = GENERATORS.flatMap((generator) => generator());
const changes = differences(generated);
for (const change of changes) console.log(change);
if (!process.argv.includes('--check')) write(generated);
else if (changes.length > 0) {
  console.log('Run npm run gen and commit what it writes.');
  process.exitCode = 1;
}
