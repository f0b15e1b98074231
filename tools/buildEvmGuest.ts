// Builds guests/evm, the block executor, into the files that are committed: the stripped ELF as brotli, and its hashes.
//
//   npm run guest:evm                    builds and writes both
//   npm run guest:evm -- --root          only writes the program root again: after a change of the machine's state record
//
// The bytes depend on the toolchain that go.mod names and on nothing else: Go fetches it where it is another.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openProgram, stateHashOf } from '../src/cli/guest.ts';
import { compress, sha256 } from './guestFile.ts';

/** Where the guest is: its sources, and what this writes. */
export const EVM_FOLDER = fileURLToPath(new URL('../guests/evm/', import.meta.url));
/** The committed program: the stripped ELF, compressed. */
export const EVM_PROGRAM = join(EVM_FOLDER, 'evm.elf.br');
/** What was built. */
export const EVM_MANIFEST = join(EVM_FOLDER, 'evm.json');

/** Content of EVM_MANIFEST. */
export interface EvmManifest {
  /** The Go release that built it. */
  readonly toolchain: string;
  /** Size and SHA-256 of the ELF, unpacked. */
  readonly bytes: number;
  readonly sha256: string;
  /** State hash before the first step, without arguments. */
  readonly programRoot: string;
}

/** The toolchain that go.mod names: `go1.26.8`. */
export function toolchain(): string {
  const [, name] = /^toolchain (go[\d.]+)$/m.exec(readFileSync(join(EVM_FOLDER, 'go.mod'), 'utf8')) ?? [];
  if (name === undefined) throw new Error('guests/evm/go.mod names no toolchain');
  return name;
}

/** Environment in which Go builds the guest. */
export function goEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CGO_ENABLED: '0',
    GOOS: 'linux',
    GOARCH: 'riscv64',
    GORISCV64: 'rva20u64',
    GOTOOLCHAIN: toolchain(),
    GOFLAGS: '-mod=readonly',
    GOWORK: 'off',
  };
}

/** Compiles the guest to an ELF at `path`. Throws what Go says if it fails. */
export function compile(path: string): void {
  const flags = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid='];
  const { error, status, stderr } = spawnSync('go', ['build', ...flags, '-o', path, '.'], {
    cwd: EVM_FOLDER,
    encoding: 'utf8',
    env: goEnvironment(),
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`go build: ${stderr}`);
}

function build(): Omit<EvmManifest, 'programRoot'> {
  const folder = mkdtempSync(join(tmpdir(), 'omo-guest-'));
  try {
    const path = join(folder, 'evm.elf');
    compile(path);
    const elf = readFileSync(path);
    writeFileSync(EVM_PROGRAM, compress(elf));
    return { toolchain: toolchain(), bytes: elf.length, sha256: sha256(elf) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function main(): void {
  const built = process.argv.includes('--root') ? JSON.parse(readFileSync(EVM_MANIFEST, 'utf8')) : build();
  const manifest: EvmManifest = { ...built, programRoot: stateHashOf(openProgram(EVM_PROGRAM, []).machine) };
  writeFileSync(EVM_MANIFEST, `${JSON.stringify(manifest, undefined, 2)}\n`);
  console.log(`${EVM_PROGRAM}: ${manifest.bytes} bytes unpacked, program root ${manifest.programRoot}`);
}

if (import.meta.main) main();
