// Error kinds: what they carry, and that each maps to its own exit code.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CannotKnowError, ChainError, EXIT, InputError, OmoError, UsageError } from '../src/errors.ts';
import { InvariantError } from '../src/invariant.ts';

test('every kind of error has its own exit code, as the contract of the command line says', () => {
  const kinds = [UsageError, InputError, ChainError, CannotKnowError];
  assert.deepEqual(
    kinds.map((Kind) => new Kind('CODE', 'message').exitCode),
    [2, 3, 4, 5],
  );
  assert.equal(new InvariantError('x').exitCode, 70);
  assert.equal(new Set(Object.values(EXIT)).size, Object.keys(EXIT).length);
});

test('an error carries code, message, hint, cause and the name of its kind', () => {
  const cause = new Error('ENOENT');
  const error = new InputError('FILE_MISSING', 'block.json: no such file', { hint: 'Give a path.', cause });
  assert.ok(error instanceof OmoError);
  assert.equal(error.name, 'InputError');
  assert.equal(error.code, 'FILE_MISSING');
  assert.equal(error.hint, 'Give a path.');
  assert.equal(error.cause, cause);
});

test('hint and cause may be left out', () => {
  const error = new UsageError('NO_COMMAND', 'no command given');
  assert.equal(error.hint, '');
  assert.equal('cause' in error, false);
});
