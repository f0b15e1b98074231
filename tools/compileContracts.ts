// Compiles the contracts into artifacts/contracts.json, where src/chain/contracts.ts looks first. Run before the tests, so
// that test files do not all compile at once, and before packing, so that a release needs no compiler.

import { contract } from '../src/chain/contracts.ts';

try {
  contract('StepVerifier');
} catch (error) {
  // The tests that need contracts fail with the same words; all others still run.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
