// The words of an invocation read back as what they were made of, whatever a program's arguments look like.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guestValues, guestWords } from '../../src/cli/guest.ts';
import { invocationWords, readInvocation } from '../../src/cli/invocation.ts';

test('file, arguments and options come back', () => {
  const options = { block: ['b.json'], local: ['chainId=1', 'blockNumber=5'], preimages: ['a b'] };
  for (const args of [[], ['x'], ['--', '-c', '--block', 'y']]) {
    const invocation = { elf: '-odd.elf', args, options };
    assert.deepEqual(readInvocation(invocationWords(invocation)), invocation);
  }
  assert.deepEqual(readInvocation(['--', 'a.elf']), { elf: 'a.elf', args: [], options: {} });
});

test('options become words and values again', () => {
  const hash = new Uint8Array(32).fill(9);
  const values = {
    block: undefined,
    local: [
      ['chainId', 5n],
      ['inputHash', hash],
    ] as const,
    preimages: 'folder',
  };
  assert.deepEqual(guestValues(guestWords(values)), values);
  assert.deepEqual(guestWords({ block: undefined, local: [], preimages: undefined }), {});
});

test('other words are no invocation', () => {
  for (const words of [[], ['--'], ['a.elf'], ['--block', '--', 'a.elf'], ['--step', '5', '--', 'a.elf']])
    assert.equal(readInvocation(words), undefined);
});
