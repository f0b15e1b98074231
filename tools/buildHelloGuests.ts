// Builds guests/hello: ordinary programs in C, C++ and Rust, linked statically by ordinary toolchains. Writes the stripped
// ELF files that are committed (the large ones as brotli), and hello.json, which says what built them.
//
//   node tools/buildHelloGuests.ts [NAME...]      all that have their toolchain here, or those named
//
// Toolchains: gcc-riscv64-linux-gnu of Debian 12 (glibc), ziglang from PyPI (musl and C++), rustc-web, rust-web-src and
// cargo-web of Debian 12 (Rust; its standard library is compiled once, into the user's cache folder).

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compress, sha256 } from './guestFile.ts';

/** Where the sources are, and what this writes. */
export const HELLO_FOLDER = fileURLToPath(new URL('../guests/hello/', import.meta.url));
/** Content: a HelloManifest. */
export const HELLO_MANIFEST = join(HELLO_FOLDER, 'hello.json');
/** Larger ELF files are committed compressed, in bytes. */
const PLAIN_BYTES_MAX = 300_000;

/** What was built, by name of the guest. */
export type HelloManifest = Record<string, { toolchain: string; file: string; bytes: number; sha256: string }>;

interface Recipe {
  /** The folder of the source, where it is compiled. */
  readonly source: string;
  /** What the bytes depend on; undefined where it is not installed. */
  readonly toolchain: () => string | undefined;
  readonly compile: (output: string) => void;
}

const GCC = 'riscv64-linux-gnu-gcc';
const RUST_TARGET = 'riscv64gc-unknown-linux-gnu';
const CARGO_HOME = process.env['CARGO_HOME'] || join(homedir(), '.cargo');
/** Debian's compiler with its unstable -Zbuild-std; panic messages hold paths of sources, which must be the same anywhere. */
const RUST_ENVIRONMENT = {
  ...process.env,
  RUSTC: '/usr/bin/rustc',
  RUSTC_BOOTSTRAP: '1',
  RUSTFLAGS: `--remap-path-prefix=${CARGO_HOME}=/cargo`,
};

/** The guests. */
export const HELLO_GUESTS: Readonly<Record<string, Recipe>> = {
  glibc: {
    source: 'c',
    toolchain: glibcToolchain,
    compile: (output) => run('c', GCC, ['-O2', '-static', '-s', '-Wl,--build-id=none', '-o', output, 'main.c', '-lm']),
  },
  musl: {
    source: 'c',
    toolchain: zigToolchain,
    compile: (output) => zig('c', 'cc', ['-O2', '-s', '-o', output, 'main.c']),
  },
  cpp: {
    source: 'cpp',
    toolchain: zigToolchain,
    compile: (output) => zig('cpp', 'c++', ['-std=c++20', '-O2', '-s', '-o', output, 'main.cpp']),
  },
  rust: {
    source: 'rust',
    toolchain: rustToolchain,
    compile: (output) => {
      const code = ['-C', 'target-feature=+crt-static', '-C', `linker=${GCC}`, '-C', 'strip=symbols'];
      const target = ['--target', RUST_TARGET, '--sysroot', rustSysroot(), '-C', 'link-arg=-Wl,--build-id=none'];
      run('rust', '/usr/bin/rustc', ['--edition', '2024', '-O', ...target, ...code, '-o', output, 'main.rs']);
    },
  },
};

function run(folder: string, command: string, args: readonly string[], env = process.env): void {
  const { error, status, stderr } = spawnSync(command, args, {
    cwd: join(HELLO_FOLDER, folder),
    env,
    encoding: 'utf8',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

/** The first line that a command prints, or undefined if it is not installed. */
function firstLine(command: string, ...args: readonly string[]): string | undefined {
  const { error, status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return error || status !== 0 ? undefined : stdout.split('\n')[0];
}

/** Compiler and linker, and which C library is linked in. */
function glibcToolchain(): string | undefined {
  const library = firstLine(GCC, '-print-file-name=libc.a');
  if (library === undefined || !existsSync(library)) return undefined;
  const linker = firstLine('riscv64-linux-gnu-ld', '--version');
  return `${firstLine(GCC, '--version')}, ${linker}, libc.a ${sha256(readFileSync(library)).slice(0, 16)}`;
}

const ZIG: readonly (readonly [string, ...string[]])[] = [['zig'], ['python3', '-m', 'ziglang']];

function findZig(): readonly [string, ...string[]] | undefined {
  return ZIG.find(([command, ...args]) => firstLine(command, ...args, 'version') !== undefined);
}

function zigToolchain(): string | undefined {
  const [command, ...args] = findZig() ?? [];
  return command && `zig ${firstLine(command, ...args, 'version')}`;
}

function zig(folder: string, language: string, args: readonly string[]): void {
  const [command, ...first] = findZig() ?? ['zig'];
  run(folder, command, [...first, language, '-target', 'riscv64-linux-musl', ...args]);
}

function rustToolchain(): string | undefined {
  const glibc = glibcToolchain();
  const rust = firstLine('/usr/bin/rustc', '--version');
  const sources = existsSync('/usr/lib/rustlib/src/rust/library/std');
  return rust === undefined || glibc === undefined || !sources ? undefined : `${rust}, ${glibc}`;
}

/** A sysroot with the standard library for the target: built at most once for a toolchain. */
function rustSysroot(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const root = join(cache, 'omo', `rust-${sha256(Buffer.from(rustToolchain() ?? '')).slice(0, 16)}`);
  if (existsSync(root)) return root;
  const work = mkdtempSync(join(tmpdir(), 'omo-rust-'));
  const partial = `${root}.${process.pid}`;
  try {
    writeFileSync(join(work, 'Cargo.toml'), '[package]\nname = "seed"\nversion = "0.1.0"\nedition = "2024"\n');
    mkdirSync(join(work, 'src'));
    writeFileSync(join(work, 'src/lib.rs'), '');
    const args = ['build', '--release', '-Zbuild-std=std,panic_unwind', '--target', RUST_TARGET];
    run(
      'rust',
      '/usr/bin/cargo',
      [...args, '--manifest-path', join(work, 'Cargo.toml'), '--target-dir', work],
      RUST_ENVIRONMENT,
    );
    const library = join(partial, 'lib/rustlib', RUST_TARGET, 'lib');
    mkdirSync(library, { recursive: true });
    run('rust', 'sh', [
      '-c',
      'cp "$0"/lib*.rlib "$1" && rm "$1"/libseed-*',
      join(work, RUST_TARGET, 'release/deps'),
      library,
    ]);
    run('rust', 'ln', ['-s', '/usr/lib/rustlib/x86_64-unknown-linux-gnu', join(partial, 'lib/rustlib')]);
    renameSync(partial, root);
  } finally {
    rmSync(work, { recursive: true });
    rmSync(partial, { recursive: true, force: true });
  }
  return root;
}

function main(names: readonly string[]): void {
  const manifest: HelloManifest = existsSync(HELLO_MANIFEST) ? JSON.parse(readFileSync(HELLO_MANIFEST, 'utf8')) : {};
  const folder = mkdtempSync(join(tmpdir(), 'omo-guest-'));
  for (const [name, { toolchain, compile }] of Object.entries(HELLO_GUESTS)) {
    const found = toolchain();
    if (names.length > 0 ? !names.includes(name) : found === undefined) continue;
    if (found === undefined) throw new Error(`${name}: its toolchain is not installed`);
    const path = join(folder, `${name}.elf`);
    compile(path);
    const elf = readFileSync(path);
    const file = elf.length > PLAIN_BYTES_MAX ? `${name}.elf.br` : `${name}.elf`;
    writeFileSync(join(HELLO_FOLDER, file), elf.length > PLAIN_BYTES_MAX ? compress(elf) : elf, { mode: 0o755 });
    manifest[name] = { toolchain: found, file, bytes: elf.length, sha256: sha256(elf) };
    console.log(`${file}: ${elf.length} bytes unpacked`);
  }
  rmSync(folder, { recursive: true });
  writeFileSync(HELLO_MANIFEST, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

if (import.meta.main) main(process.argv.slice(2));
