// The compiled contracts: from artifacts/contracts.json if that was made of these sources, else compiled now and kept there.

import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChainError } from '../errors.ts';
import { COMPILER_SETTINGS, type Compilation, type CompiledContract, compile, SOLC_VERSION } from './compile.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = 'artifacts';
/** Version of the file's form. */
const FORMAT = 2;
const FILE = join(ROOT, FOLDER, 'contracts.json');

interface Artifacts extends Compilation {
  /** Hash of the sources and of the compiler's settings. */
  readonly digest: string;
}

let loaded: Artifacts | undefined;

/** A compiled contract by its name. Throws a ChainError as `compile` does, or (`NO_CONTRACT`) for an unknown name. */
export function contract(name: string): CompiledContract {
  const found = compilation().contracts[name];
  if (!found) throw new ChainError('NO_CONTRACT', `contracts/ has no contract ${name}`);
  return found;
}

/** All compiled contracts by name, and what the compiler warns of. */
export function compilation(): Compilation {
  loaded ??= load();
  return loaded;
}

/** The sources of contracts/, by path. */
export function contractSources(): Readonly<Record<string, string>> {
  const paths = globSync('contracts/**/*.sol', { cwd: ROOT }).sort();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));
}

function load(): Artifacts {
  const sources = contractSources();
  const digest = createHash('sha256')
    .update(JSON.stringify([FORMAT, SOLC_VERSION, COMPILER_SETTINGS, sources]))
    .digest('hex');
  const kept = readKept();
  if (kept?.digest === digest) return kept;
  const made = { digest, ...compile(sources) };
  keep(made);
  return made;
}

/** What was kept, if it can be read: a damaged file is made anew. */
function readKept(): Artifacts | undefined {
  if (!existsSync(FILE)) return undefined;
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Artifacts;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Written aside and renamed: another process sees the old file or the new one. Not being able to write is no failure. */
function keep(artifacts: Artifacts): void {
  const aside = `${FILE}.${process.pid}`;
  try {
    mkdirSync(join(ROOT, FOLDER), { recursive: true });
    writeFileSync(aside, JSON.stringify(artifacts));
    renameSync(aside, FILE);
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
