// Text of a guest is made safe before it reaches a terminal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from '../../src/cli/execute.ts';

test('text, lines and tabs pass; everything that could steer a terminal does not', () => {
  assert.equal(printable(Buffer.from('sum:\t5 é\n')), 'sum:\t5 é\n');
  assert.equal(printable(Buffer.from('\u001b[2Ja\rb\u0007\u009b1m\u007f')), '?[2Ja?b??1m?');
  assert.equal(printable(Uint8Array.of(0x41, 0xff, 0x00)), 'A\ufffd?');
});
