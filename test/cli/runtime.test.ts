// The runtime guard of bin/omo.js: under an older Node it hands over to the bundled one, wherever npm put it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const GUARD = fileURLToPath(new URL('../../bin/omo.js', import.meta.url));
const PACKAGE = `node-${process.platform}-${process.arch}`;
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'omo-runtime-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A published package `omo` in `root`/node_modules whose command line prints its arguments, its Node and exits with 7. */
function install(root: string): string {
  const home = join(root, 'node_modules', 'omo');
  mkdirSync(join(home, 'bin'), { recursive: true });
  mkdirSync(join(home, 'dist', 'cli'), { recursive: true });
  cpSync(GUARD, join(home, 'bin', 'omo.js'));
  writeFileSync(join(home, 'package.json'), '{"name":"omo","type":"module"}');
  writeFileSync(
    join(home, 'dist', 'cli', 'main.js'),
    'export async function runProcess() { console.log(JSON.stringify([process.version, ...process.argv.slice(2)])); process.exitCode = 7; }',
  );
  return home;
}

/** Puts this process's Node where npm would put the package that brings it. */
function bundle(modules: string): void {
  const home = join(modules, PACKAGE);
  mkdirSync(join(home, 'bin'), { recursive: true });
  writeFileSync(join(home, 'package.json'), `{"name":"${PACKAGE}","version":"24.0.0"}`);
  symlinkSync(process.execPath, join(home, 'bin', 'node'));
}

/** Runs the guard with a Node that says it is version 20. */
function runAsOld(home: string) {
  const pretend = join(dirname(home), 'pretend.cjs');
  writeFileSync(
    pretend,
    "if (process.env.OMO_REEXECUTED !== '1') { Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } });" +
      "Object.defineProperty(process, 'version', { value: 'v20.20.2' }); }",
  );
  const { OMO_REEXECUTED: _, ...env } = process.env;
  return spawnSync(process.execPath, ['--require', pretend, join(home, 'bin', 'omo.js'), 'run', '--x', 'a b'], {
    encoding: 'utf8',
    env,
  });
}

for (const [place, modules] of [
  ['nested in the package', 'nested/node_modules/omo/node_modules'],
  ['hoisted beside it', 'hoisted/node_modules'],
] as const)
  test(`an older Node hands over to the one ${place}, with arguments and exit code`, () => {
    const home = install(join(folder, modules.split('/')[0] ?? ''));
    bundle(join(folder, modules));
    const { status, stdout, stderr } = runAsOld(home);
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), [process.version, 'run', '--x', 'a b']);
    assert.equal(status, 7);
  });

test('an older Node without a bundled one is told what to install', () => {
  const { status, stdout, stderr } = runAsOld(install(join(folder, 'bare')));
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^omo: needs Node 24 or newer, found v20\.20\.2.*Install Node 24/);
});
