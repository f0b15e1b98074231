// A folder of preimages: both ways to name a file, files that are none, files that lie.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createHost } from '../../../src/environment/host.ts';
import { makeInputs } from '../../../src/environment/inputs.ts';
import { keyOf, PREIMAGE_BYTES_MAX } from '../../../src/environment/preimageKey.ts';
import { folderSource } from '../../../src/environment/sources/folderSource.ts';

const folder = mkdtempSync(join(tmpdir(), 'omo-test-'));
after(() => rmSync(folder, { recursive: true }));
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const nameOf = (text: string) => Buffer.from(keyOf(bytes(text))).toString('hex');
const host = createHost({ inputs: makeInputs(), sources: [folderSource(folder)] });

describe('a folder of preimages', () => {
  it('has them by key, with or without 0x', () => {
    writeFileSync(join(folder, nameOf('plain')), 'plain');
    writeFileSync(join(folder, `0x${nameOf('prefixed')}`), 'prefixed');
    writeFileSync(join(folder, nameOf('')), '');
    for (const text of ['plain', 'prefixed', ''])
      assert.deepEqual(Buffer.from(host.preimage(keyOf(bytes(text))) ?? 'none').toString(), text);
    assert.equal(host.preimage(keyOf(bytes('absent'))), undefined);
  });

  it('is named with the key when a file does not hold what its name says', () => {
    writeFileSync(join(folder, nameOf('true')), 'false');
    assert.throws(
      () => host.preimage(keyOf(bytes('true'))),
      (error: Error & { code?: string }) =>
        error.code === 'PREIMAGE_MISMATCH' && error.message.includes(folder) && error.message.includes(nameOf('true')),
    );
  });

  it('holds files of a bounded size', () => {
    const path = join(folder, nameOf('large'));
    writeFileSync(path, '');
    truncateSync(path, PREIMAGE_BYTES_MAX + 1);
    assert.throws(() => host.preimage(keyOf(bytes('large'))), { code: 'PREIMAGE_TOO_LARGE' });
    mkdirSync(join(folder, nameOf('folder')));
    assert.throws(() => host.preimage(keyOf(bytes('folder'))), { code: 'PREIMAGE_UNREADABLE' });
  });

  it('must be there', () => {
    assert.throws(() => folderSource(join(folder, 'absent')), { code: 'FOLDER_MISSING', exitCode: 3 });
    assert.throws(() => folderSource(join(folder, nameOf('plain'))), { code: 'FOLDER_MISSING' });
  });
});
