#!/usr/bin/env node
// Starts OMO under Node 24. OMO's sources are TypeScript that only Node 24 runs as they are, and its SQLite binding does
// not even throw under an older Node but crashes: so before anything else is loaded, an older Node hands over to the one
// that npm installed beside us (packages node-linux-*). This file itself is plain JavaScript that old releases can read.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const EXIT_USAGE = 2;

/** Path of the Node that npm brought, nested in our node_modules or hoisted above; undefined if it is nowhere. */
function bundledNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/package.json`);
    const path = join(dirname(manifest), 'bin', 'node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Runs this file again under `path` with the same arguments, passing signals on and taking over how it ends. */
function runUnder(path) {
  const child = spawn(path, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  const forward = (signal) => {
    // A terminal sends Ctrl-C to the whole process group, so the child has it already.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  child.on('error', (error) => fail(`could not start ${path}: ${error.message}`));
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeListener(name, forward);
    if (signal === null) process.exitCode = code;
    else process.kill(process.pid, signal);
  });
}

function fail(message) {
  console.error(`omo: ${message}`);
  process.exitCode = EXIT_USAGE;
}

async function start() {
  // A checkout has the sources; a published package has what `npm run build` made of them.
  const source = new URL('../src/cli/main.ts', import.meta.url);
  const entry = existsSync(source) ? source : new URL('../dist/cli/main.js', import.meta.url);
  const { runProcess } = await import(entry.href);
  await runProcess();
}

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) await start();
else {
  const path = bundledNode();
  if (path !== undefined && process.env.OMO_REEXECUTED !== '1') {
    process.env.OMO_REEXECUTED = '1';
    runUnder(path);
  } else
    fail(
      `needs Node ${NODE_MAJOR} or newer, found ${process.version}, and there is no bundled Node for ` +
        `${process.platform}-${process.arch}. Install Node ${NODE_MAJOR}, or run npm ci without omitting optional packages.`,
    );
}
