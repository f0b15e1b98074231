// Comparing two machines that should be the same: all state variables, threads, the pages written since they were last
// compared.

import assert from 'node:assert/strict';
import type { Machine } from '../../src/machine/machine.ts';
import { threadBytes } from '../../src/machine/threads.ts';
import { FIELDS } from '../../src/semantics/layout.ts';

/** Hashes are of the commitment layer: an engine does not keep them. */
const NOT_COMPARED = ['coldHash', 'fpHash', 'memoryRoot', 'leftStack', 'rightStack'];

function stateOf(machine: Machine): Record<string, string> {
  const state: Record<string, string> = {};
  for (const { name, kind, address } of FIELDS)
    if (!NOT_COMPARED.includes(name))
      state[name] =
        kind === 'bytes32'
          ? Buffer.from(machine.bytes.subarray(address, address + 32)).toString('hex')
          : machine.view.getBigUint64(address, true).toString(16);
  return state;
}

/** Asserts that two machines are in one state and wrote the same pages, which are clean afterwards. */
export function assertSame(found: Machine, expected: Machine, message: () => string): void {
  try {
    assert.deepEqual(stateOf(found), stateOf(expected));
    for (const side of ['leftThreads', 'rightThreads'] as const)
      assert.deepEqual(threadBytes(found[side]), threadBytes(expected[side]), side);
    assert.equal(found.view.getBigUint64(0x1000, true), 0n, 'x0');
    const pages = found.takeDirtyPages();
    assert.deepEqual([...pages], [...expected.takeDirtyPages()], 'dirty pages');
    for (const page of pages)
      assert.ok(Buffer.compare(found.page(page), expected.page(page)) === 0, `bytes of page 0x${page.toString(16)}`);
  } catch (error) {
    throw new Error(`${message()}\n${(error as Error).message}`, { cause: error });
  }
}
