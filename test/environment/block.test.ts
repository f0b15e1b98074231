// Block files: what they fix and give, each way to be damaged, and the real blocks where they are at hand.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { concat, decodeRlp, encodeRlp, keccak256, type RlpStructuredData, toBeHex } from 'ethers';
import { bytesToHex } from '../../src/bytes.ts';
import { BLOCK_FILE_BYTES_MAX, BODY_PART_BYTES, blockInputs, readBlock } from '../../src/environment/block.ts';
import { keyOf } from '../../src/environment/preimageKey.ts';
import { blockSource } from '../../src/environment/sources/blockSource.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILE = `${ROOT}traces/blocks/accounts.json`;
const SHARED = `${ROOT}../shared/blocks`;

interface BlockFile {
  [key: string]: unknown;
  chainId: number | string;
  number: number | string;
  block: string;
  witness: { state: string[]; codes: string[]; headers: string[] };
}

const original = (): BlockFile => JSON.parse(readFileSync(FILE, 'utf8'));
const encode = (block: unknown) => Buffer.from(JSON.stringify(block));
const keyText = (hex: string) => bytesToHex(keyOf(Buffer.from(hex.slice(2), 'hex')));

/** Asserts that the file, changed, is refused. */
function refused(change: (block: BlockFile) => void, code: string, message = /./): void {
  const block = original();
  change(block);
  refusedBytes(encode(block), code, message);
}

function refusedBytes(bytes: Uint8Array, code: string, message = /./): void {
  assert.throws(
    () => readBlock(bytes, 'b.json'),
    (error: Error & { code?: string }) =>
      error.name === 'InputError' &&
      error.code === code &&
      error.message.startsWith('b.json: ') &&
      message.test(error.message),
    `${code} ${message}`,
  );
}

describe('a block file', () => {
  it('gives the inputs of a run', () => {
    const file = original();
    const block = readBlock(encode(file), 'b.json');
    const words = blockInputs(block, new Uint8Array(32).fill(9)).map(bytesToHex);
    const [header, ...body] = decodeRlp(file.block) as RlpStructuredData[];
    const parent = file.witness.headers[0] ?? '';
    const input = concat([keccak256(encodeRlp(header ?? '')), keccak256(encodeRlp(body))]);
    assert.deepEqual(words, [
      keccak256(parent),
      `0x${'09'.repeat(32)}`,
      keccak256(input),
      toBeHex(1, 32),
      toBeHex(20_250, 32),
      file['preStateRoot'],
    ]);
    assert.equal(bytesToHex(blockInputs(block)[1] ?? new Uint8Array()), `0x${'00'.repeat(32)}`);
    assert.equal(bytesToHex(block.hash), file['blockHash']);
    assert.equal(bytesToHex(block.postStateRoot), file['postStateRoot']);
  });

  it('is a source of its witness, header, body and input', () => {
    const file = original();
    const block = readBlock(encode(file), 'b.json');
    const source = blockSource(block, 'b.json');
    const [header, ...body] = decodeRlp(file.block) as RlpStructuredData[];
    const input = concat([keccak256(encodeRlp(header ?? '')), keccak256(encodeRlp(body))]);
    const all = [
      ...file.witness.state,
      ...file.witness.codes,
      ...file.witness.headers,
      encodeRlp(header ?? ''),
      encodeRlp(body),
      input,
    ];
    for (const item of all)
      assert.equal(bytesToHex(source.preimage(keyOf(Buffer.from(item.slice(2), 'hex'))) ?? new Uint8Array()), item);
    assert.equal(block.preimages.size, new Set(all.map(keyText)).size);
    assert.equal(block.items, file.witness.state.length + 2);
    assert.equal(source.preimage(keyOf(new Uint8Array(5))), undefined);
  });

  it('may be gzip, and leave out what its own bytes say', () => {
    const file = original();
    const full = readBlock(encode(file), 'b.json');
    for (const key of ['number', 'blockHash', 'preStateRoot', 'postStateRoot', 'receiptsRoot', 'id', 'txs'])
      delete file[key];
    assert.deepEqual(readBlock(gzipSync(encode(file)), 'b.json.gz'), full);
    assert.equal(readBlock(encode({ ...file, chainId: '18446744073709551615' }), 'b.json').chainId, 2n ** 64n - 1n);
  });

  it('has its body cut every 120,000 bytes', () => {
    const file = original();
    const [header] = decodeRlp(file.block) as RlpStructuredData[];
    for (const [size, parts] of [
      [BODY_PART_BYTES - 8, 1],
      [BODY_PART_BYTES - 7, 2],
      [2 * BODY_PART_BYTES + 5, 3],
    ] as const) {
      const block = readBlock(
        encode({ ...file, block: encodeRlp([header ?? '', `0x${'ff'.repeat(size - 1)}`, []]) }),
        'b.json',
      );
      const body = Buffer.concat(block.bodyParts);
      assert.equal(block.bodyParts.length, parts, `${body.length} bytes`);
      assert.ok(block.bodyParts.slice(0, -1).every((part) => part.length === BODY_PART_BYTES));
      assert.equal(`0x${body.toString('hex')}`, encodeRlp([`0x${'ff'.repeat(size - 1)}`, []]));
      const hashes = block.bodyParts.map((part) => keccak256(part));
      assert.equal(bytesToHex(block.input), concat([String(file['blockHash']), ...hashes]));
    }
  });

  it('that is no block file is refused by name', () => {
    refusedBytes(Buffer.from('hello'), 'BLOCK_FORMAT', /JSON/);
    refusedBytes(new Uint8Array(0), 'BLOCK_FORMAT', /JSON/);
    refusedBytes(gzipSync('{}').subarray(0, 15), 'FILE_DAMAGED', /gzip/);
    for (const json of [null, [], 'text', {}])
      refusedBytes(encode(json), 'BLOCK_FORMAT', /expected .* to be an object/);
    refused((block) => Object.assign(block, { witness: [] }), 'BLOCK_FORMAT', /witness/);
    refused(
      (block) => Object.assign(block.witness, { codes: undefined }),
      'BLOCK_FORMAT',
      /witness.codes: expected a list/,
    );
    refused((block) => Object.assign(block, { chainId: undefined }), 'BLOCK_FORMAT', /chainId/);
    for (const number of [-1, 1.5, '0x1', {}])
      refused((block) => Object.assign(block, { number }), 'BLOCK_FORMAT', /number/);
  });

  it('is bounded, unpacked too', () => {
    refusedBytes(gzipSync(Buffer.alloc(BLOCK_FILE_BYTES_MAX + 1, 0x20), { level: 1 }), 'FILE_TOO_LARGE');
    refused((block) => (block.witness.codes = Array((1 << 20) + 1).fill('0x')), 'BLOCK_TOO_LARGE', /witness.codes/);
    refused(
      (block) => block.witness.state.push(`0x${'00'.repeat(16 * 2 ** 20 + 1)}`),
      'BAD_HEX',
      /at most 16777216 bytes/,
    );
  });

  it('with damaged hexadecimal or RLP is refused by name', () => {
    refused((block) => block.witness.state.push('0x1'), 'BAD_HEX', /witness.state\[\d+\]/);
    refused((block) => block.witness.headers.push('xyz'), 'BAD_HEX', /witness.headers\[1\]/);
    refused((block) => Object.assign(block.witness, { codes: [5] }), 'BLOCK_FORMAT', /witness.codes\[0\]/);
    refused((block) => Object.assign(block, { blockHash: '0x12' }), 'BLOCK_MISMATCH', /blockHash is 0x12/);
    const block = original().block;
    const damaged: [block: string, code: string, message: RegExp][] = [
      ['0x', 'BLOCK_FORMAT', /not RLP/],
      [block.slice(0, -2), 'BLOCK_FORMAT', /not RLP/],
      [`${block}00`, 'BLOCK_FORMAT', /not RLP/],
      [encodeRlp('0x1234'), 'BLOCK_FORMAT', /expected an RLP list/],
      [encodeRlp([]), 'BLOCK_FORMAT', /starts with a header/],
      [encodeRlp(['0x12', []]), 'BLOCK_FORMAT', /starts with a header/],
      [encodeRlp([[], []]), 'BLOCK_FORMAT', /has no parentHash/],
      [encodeRlp([['0x12'], []]), 'BAD_HEX', /parentHash: expected 32 bytes/],
    ];
    for (const [value, code, message] of damaged)
      refused((file) => Object.assign(file, { block: value }), code, message);
  });

  it('that is encoded in two ways is refused: a length in more bytes than it needs', () => {
    const [header, ...body] = decodeRlp(original().block) as RlpStructuredData[];
    const inner = `${encodeRlp(header ?? '').slice(2)}b80161${encodeRlp(body).slice(4)}`;
    const block = `0xf9${(inner.length / 2).toString(16).padStart(4, '0')}${inner}`;
    refused((file) => Object.assign(file, { block }), 'BLOCK_FORMAT', /not canonical|not RLP/);
  });

  it('that contradicts its own bytes is refused by name', () => {
    const other = `0x${'11'.repeat(32)}`;
    for (const key of ['blockHash', 'preStateRoot', 'postStateRoot'])
      refused(
        (block) => Object.assign(block, { [key]: other }),
        'BLOCK_MISMATCH',
        new RegExp(`${key} is ${other}, the block's own`),
      );
    refused((block) => Object.assign(block, { number: 2 }), 'BLOCK_MISMATCH', /number is 2, the header has 1/);
  });

  it('without the parent header is refused by name', () => {
    refused((block) => (block.witness.headers = []), 'BLOCK_NO_PARENT', /has 0 headers/);
    refused(
      (block) => (block.witness.headers = [block.witness.state[0] ?? '']),
      'BLOCK_NO_PARENT',
      /none of them the parent/,
    );
  });
});

describe('real blocks', () => {
  const skip = existsSync(SHARED) ? false : 'no ../shared/blocks here';
  const files = skip ? [] : globSync('*.json*', { cwd: SHARED }).sort();
  it('are all read, their roots and hashes confirmed', { skip }, () => {
    assert.ok(files.length >= 8);
    for (const name of files) {
      const block = readBlock(readFileSync(`${SHARED}/${name}`), name);
      assert.ok(block.items > 5 && block.number > 40_000n, name);
    }
  });
});
