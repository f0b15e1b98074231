// A preimage server as a child process: answers, hints, and each way in which it can fail.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createHost, HINT_BYTES_MAX, type PreimageSource } from '../../../src/environment/host.ts';
import { makeInputs } from '../../../src/environment/inputs.ts';
import { keyOf } from '../../../src/environment/preimageKey.ts';
import { processSource } from '../../../src/environment/sources/processSource.ts';

const SERVER = fileURLToPath(new URL('server.mjs', import.meta.url));
const sources: PreimageSource[] = [];
after(() => {
  for (const source of sources) source.close?.();
});

function start(mode: string, timeoutSeconds = 60): PreimageSource {
  const source = processSource(`"${process.execPath}" "${SERVER}" ${mode}`, timeoutSeconds);
  sources.push(source);
  return source;
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const ask = (source: PreimageSource, text: string) =>
  Buffer.from(source.preimage(keyOf(bytes(text))) ?? 'none').toString();
const frame = (text: string) => Buffer.from([0, 0, 0, text.length, ...Buffer.from(text)]);

describe('a preimage server', () => {
  it('answers, for what it has and for what it was told about', () => {
    const source = start('honest');
    const host = createHost({ inputs: makeInputs(), sources: [source] });
    assert.equal(ask(source, 'honest'), 'honest');
    assert.equal(ask(source, ''), '');
    assert.equal(ask(source, 'x'.repeat(300_000)).length, 300_000);
    host.hint(frame('l2-state-node 0x12'));
    host.hint(frame(''));
    const hinted = bytes('preimage of l2-state-node 0x12');
    assert.deepEqual(Buffer.from(host.preimage(keyOf(hinted)) ?? ''), Buffer.from(hinted));
    source.hint?.(new Uint8Array(HINT_BYTES_MAX).fill(0x78));
    assert.equal(ask(source, `preimage of ${'x'.repeat(HINT_BYTES_MAX)}`).length, 12 + HINT_BYTES_MAX);
  });

  it('that ends is named, with the key, then and ever after', () => {
    const source = start('ending');
    const key = Buffer.from(keyOf(bytes('unknown'))).toString('hex');
    const ended = {
      code: 'SOURCE_ENDED',
      exitCode: 3,
      message: new RegExp(`preimage command .* ended when asked for .*${key}`),
    };
    assert.throws(() => source.preimage(keyOf(bytes('unknown'))), ended);
    assert.throws(() => source.preimage(keyOf(bytes('ending'))), ended);
    assert.throws(() => source.hint?.(bytes('more')), ended);
  });

  it('that ends in the middle of an answer is named', () => {
    assert.throws(() => start('halting').preimage(keyOf(bytes('halting'))), { code: 'SOURCE_ENDED' });
  });

  it('that cannot be started is named when it is asked', () => {
    const source = processSource('/nonexistent/server 2>/dev/null');
    sources.push(source);
    assert.throws(() => source.preimage(keyOf(bytes('x'))), { code: 'SOURCE_ENDED', message: /nonexistent/ });
  });

  it('that does not answer is waited for only so long', () => {
    assert.throws(() => start('mute', 0.05).preimage(keyOf(bytes('mute'))), {
      code: 'SOURCE_TIMEOUT',
      message: /no answer in 0.05 s/,
    });
    assert.throws(() => start('deaf', 0.05).hint?.(bytes('hello')), { code: 'SOURCE_TIMEOUT', message: /to a hint/ });
  });

  it('that does not even read is waited for only so long', () => {
    const source = processSource('exec sleep 60', 0.05);
    sources.push(source);
    assert.throws(() => source.hint?.(new Uint8Array(HINT_BYTES_MAX)), { code: 'SOURCE_TIMEOUT' });
  });

  it('that announces too much is named', () => {
    assert.throws(() => start('huge').preimage(keyOf(bytes('huge'))), {
      code: 'PREIMAGE_TOO_LARGE',
      message: /18446744073709551615/,
    });
  });

  it('that lies is named by the host', () => {
    const host = createHost({ inputs: makeInputs(), sources: [start('lying')] });
    assert.throws(() => host.preimage(keyOf(bytes('lying'))), {
      code: 'PREIMAGE_MISMATCH',
      message: /^preimage command/,
    });
  });

  it('leaves nothing behind when it is closed', () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    const source = start('honest');
    assert.equal(ask(source, 'honest'), 'honest');
    source.close?.();
    source.close?.();
    assert.equal(open(), before);
    assert.throws(() => source.preimage(keyOf(bytes('honest'))), { code: 'SOURCE_CLOSED' });
  });
});
