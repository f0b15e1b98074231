// State hashes against the record written out by hand and @noble/hashes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { MemoryTree } from '../../src/commitment/memoryTree.ts';
import { commitMachine, stateHash, statusOfHash } from '../../src/commitment/stateHash.ts';
import { Machine } from '../../src/machine/machine.ts';
import { STATUS } from '../../src/semantics/layout.ts';
import { hashToBytes } from '../../src/units.ts';
import { NaiveTree } from './naiveTree.ts';

const number = (value: bigint, size: number) => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex');

test('the state hash covers registers, memory, cold and fp, and shows the status', () => {
  const machine = new Machine();
  const tree = new MemoryTree();
  machine.set('version', 1n);
  machine.set('status', BigInt(STATUS.running));
  machine.set('pc', 0x10078n);
  machine.set('step', 77n);
  machine.set('preemptStep', 2n ** 64n - 1n);
  for (let i = 1; i < 32; i++) machine.setX(i, 0x0102030405060700n + BigInt(i));
  machine.setF(3, 5n);
  machine.set('exitCode', 9n);
  machine.write(0x12345, Uint8Array.of(1, 2, 3));

  const naive = new NaiveTree();
  naive.setPage(0x12, new Uint8Array(4096));
  naive.leaves.get(0x12340 / 32)!.set([1, 2, 3], 5);
  const state = commitMachine(machine, tree);
  const coldHash = keccak_256(state.cold);
  const fp = Buffer.alloc(260);
  fp[3 * 8 + 7] = 5;
  const hot = Buffer.concat([
    Buffer.of(1, 3, 0, 0),
    number(0n, 8),
    coldHash,
    keccak_256(fp),
    naive.root(),
    ...Array.from({ length: 31 }, (_, i) => number(0x0102030405060701n + BigInt(i), 8)),
    number(0x10078n, 8),
    number(2n ** 64n - 1n, 8),
    number(77n, 8),
  ]);
  assert.deepEqual(Buffer.from(state.hot), hot);
  const expected = keccak_256(hot);
  expected[0] = 3;
  assert.deepEqual(hashToBytes(state.hash), Uint8Array.from(expected));
  assert.deepEqual(stateHash(hot), expected);
  assert.equal(statusOfHash(expected), STATUS.running);

  machine.set('status', BigInt(STATUS.valid));
  machine.write(0x12347, Uint8Array.of(4));
  naive.leaves.get(0x12340 / 32)![7] = 4;
  const later = commitMachine(machine, tree);
  assert.deepEqual(Buffer.from(tree.root()), Buffer.from(naive.root()));
  assert.equal(later.hash.slice(0, 4), '0x00');
  assert.notEqual(later.hash.slice(4), state.hash.slice(4));
  machine.set('exitCode', 10n);
  assert.notEqual(commitMachine(machine, tree).hash, later.hash);
});
