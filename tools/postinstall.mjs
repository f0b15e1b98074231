// Runs after `npm ci` / `npm install`. Two repairs that npm cannot be told to do by itself:
// 1. OMO needs Node 24. The optional package node-linux-* brings it, and npm puts node_modules/.bin first in PATH, so this
//    script already runs under it; if it does not, this platform has no such package and the user must be told.
// 2. npm under an older Node silently leaves out optional packages whose `engines` exclude that Node. Hardhat's EVM is one
//    of them; a second install under Node 24 (nothing saved, no scripts) adds it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const isCheckout = existsSync('package-lock.json');
const major = Number(process.versions.node.split('.')[0]);

if (major < 24) {
  console.error(
    `omo: Node 24 or newer is needed, found ${process.version}, and no bundled Node 24 is available for ` +
      `${process.platform}-${process.arch} (or optional packages were omitted). Install Node 24 and run npm ci again.`,
  );
  // As a dependency of something else a failing script would undo the whole installation; bin/omo.js repeats the message.
  process.exit(isCheckout ? 1 : 0);
}

const scope = 'node_modules/@nomicfoundation';
const lacksEvm = isCheckout && existsSync(scope) && !readdirSync(scope).some((name) => name.startsWith('edr-'));
if (lacksEvm) {
  const args = ['install', '--no-save', '--ignore-scripts', '--prefer-offline'];
  const { status } = spawnSync('npm', args, { stdio: 'inherit' });
  process.exit(status ?? 1);
}
