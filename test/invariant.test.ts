// Assertions: they throw, and cost no message while they hold.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as check, InvariantError, unreachable } from '../src/invariant.ts';

test('a false condition throws an InvariantError with the message', () => {
  assert.throws(() => check(false, 'roots differ'), {
    name: 'InvariantError',
    message: 'roots differ',
    code: 'INVARIANT',
  });
  assert.throws(() => check(false, () => `at step ${1n}`), { name: 'InvariantError', message: 'at step 1' });
});

test('a true condition does not make its message', () => {
  check(true, () => assert.fail('message made'));
});

test('unreachable names the value that was reached, a bigint too', () => {
  assert.throws(() => unreachable('jit' as never), { message: 'unreachable value "jit"' });
  assert.throws(() => unreachable(5n as never), { message: 'unreachable value 5n' });
  assert.throws(() => unreachable(undefined as never), InvariantError);
});
