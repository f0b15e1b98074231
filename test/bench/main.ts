// npm run bench: every measurement of this folder, one after the other, each in a process of its own so that none warms up
// or crowds another. With words after `--`, only those files whose names hold one of them.

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const words = process.argv.slice(2);
const files = globSync('*.bench.ts', { cwd: import.meta.dirname }).sort();
let failed = false;
for (const file of files.filter((each) => words.length === 0 || words.some((word) => each.includes(word)))) {
  console.log(`\n== ${file.replace('.bench.ts', '')}`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, file)], { stdio: 'inherit' });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
