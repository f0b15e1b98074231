// Compressed files: Node's own compressors and the programs of others make them, each bound and damage is named.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { decompress } from '../src/compression.ts';

const CONTENT = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919) >> 3));
const FORMATS = [
  ['gzip', 'a.elf', gzipSync],
  ['zstd', 'a.elf', zstdCompressSync],
  ['brotli', 'a.elf.br', brotliCompressSync],
] as const;
const unpack = (file: Uint8Array, name: string, maxBytes = CONTENT.length) => decompress(file, { name, maxBytes });

describe('decompress', () => {
  for (const [format, name, compress] of FORMATS) {
    const packed = compress(CONTENT);

    it(`unpacks ${format}, up to the bound`, () => {
      assert.deepEqual(Buffer.from(unpack(packed, name)), CONTENT);
      assert.throws(() => unpack(packed, name, CONTENT.length - 1), {
        name: 'InputError',
        code: 'FILE_TOO_LARGE',
        message: `${name}: expected at most ${CONTENT.length - 1} bytes, found more in its ${packed.length} bytes of ${format}`,
      });
    });

    it(`stops ${format} that unpacks to gigabytes`, () => {
      const bomb = compress(Buffer.alloc(1 << 28));
      assert.ok(bomb.length < 1 << 20);
      assert.throws(() => unpack(bomb, name), { code: 'FILE_TOO_LARGE' });
    });

    it(`names ${format} that is cut short or damaged`, () => {
      const damaged = {
        name: 'InputError',
        code: 'FILE_DAMAGED',
        message: `${name}: ${format} is damaged or cut short`,
      };
      for (const length of [5, packed.length >> 1, packed.length - 1])
        assert.throws(() => unpack(packed.subarray(0, length), name), damaged);
      const changed = Buffer.from(packed);
      for (let i = 4; i < 40; i++) changed[i] = 0xff;
      assert.throws(() => unpack(changed, name), damaged);
    });
  }

  it('returns other files as they are, up to the bound', () => {
    for (const file of [new Uint8Array(0), Uint8Array.of(0x1f), Uint8Array.of(0x7f, 0x45, 0x4c, 0x46), CONTENT])
      assert.equal(unpack(file, 'a.elf'), file);
    assert.throws(() => unpack(CONTENT, 'a.elf', 99_999), { code: 'FILE_TOO_LARGE', message: /99999 .*found 100000$/ });
  });

  it('reads what the zstd program writes', (t) => {
    const { stdout, error } = spawnSync('zstd', ['-19', '-c'], { input: CONTENT });
    if (error) return t.skip('zstd is not installed');
    assert.deepEqual(Buffer.from(unpack(stdout, 'a.elf.zst')), CONTENT);
  });
});
