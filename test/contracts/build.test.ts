// The contracts compile without a warning, and each leaves room below the limit of a contract's size (EIP-170).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilation } from '../../src/chain/contracts.ts';

const MAX_BYTES = 24_576;
const BUDGET = 0.9 * MAX_BYTES;

test('the compiler has nothing to complain of', () => {
  assert.deepEqual(compilation().warnings, []);
});

test('every contract is within nine tenths of the size limit', (t) => {
  for (const [name, { deployedBytecode }] of Object.entries(compilation().contracts)) {
    const bytes = (deployedBytecode.length - 2) / 2;
    t.diagnostic(`${name}: ${bytes} bytes`);
    assert.ok(bytes > 0 && bytes <= BUDGET, `${name} has ${bytes} bytes, more than ${BUDGET}`);
  }
});
