// Progress off a terminal: a line a phase on stderr, nothing with --quiet; results and errors pass through.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../../src/cli/progress.ts';

function record(enabled: boolean) {
  const lines: string[] = [];
  const progress = new Progress({ write: (text) => lines.push(text), isTTY: false }, enabled);
  return { lines, progress };
}

test('a phase says its title and passes its result on', async () => {
  const { lines, progress } = record(true);
  assert.equal(
    await progress.phase('executing', (update) => {
      update('50 %');
      return 7;
    }),
    7,
  );
  assert.deepEqual(lines, ['executing\n']);
});

test('a phase passes its error on, thrown or rejected', async () => {
  const { progress } = record(true);
  const fail = () => {
    throw new RangeError('bad');
  };
  await assert.rejects(progress.phase('executing', fail), RangeError);
  await assert.rejects(
    progress.phase('executing', async () => fail()),
    RangeError,
  );
});

test('without progress the work is done all the same, silently', async () => {
  const { lines, progress } = record(false);
  assert.equal(
    await progress.phase('executing', async (update) => {
      update('50 %');
      return 7;
    }),
    7,
  );
  assert.deepEqual(lines, []);
});

test('a terminal that tells no width gets lines, not a spinner', async () => {
  const lines: string[] = [];
  const progress = new Progress({ write: (text) => lines.push(text), isTTY: true, columns: 0 }, true);
  await progress.phase('executing', () => {});
  assert.deepEqual(lines, ['executing\n']);
});
