// Bytes: hexadecimal against node's Buffer, integers against DataView and written-out values, and every bound.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bigintToBytes,
  bytesToBigint,
  bytesToHex,
  compare,
  concat,
  equal,
  hexToBytes,
  readU32BE,
  readU32LE,
  readU64BE,
  readU64LE,
  writeU32BE,
  writeU32LE,
  writeU64BE,
  writeU64LE,
} from '../src/bytes.ts';

const OCTETS = Uint8Array.of(0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef);
const bounds = { what: 'key in test.json', maxBytes: 4 };

test('hexadecimal of either case reads; lower case is written', () => {
  assert.deepEqual(hexToBytes('0xAbCd01', bounds), Uint8Array.of(0xab, 0xcd, 0x01));
  assert.deepEqual(hexToBytes('0x', bounds), new Uint8Array(0));
  assert.equal(bytesToHex(Uint8Array.of(0, 0xab, 0xff)), '0x00abff');
  assert.equal(bytesToHex(OCTETS.subarray(6)), '0xcdef');
});

for (const text of ['', '0', '0x1', 'abcd', '0xzz', '0x12 4', ' 0x12', '0x12\n', '0X12', '0x1234567'])
  test(`hexadecimal ${JSON.stringify(text)} is rejected, naming what it is`, () => {
    assert.throws(() => hexToBytes(text, bounds), {
      name: 'InputError',
      code: 'BAD_HEX',
      message: /^key in test\.json: expected /,
    });
  });

test('hexadecimal is bounded, and its message too', () => {
  assert.equal(hexToBytes('0x01020304', bounds).length, 4);
  assert.throws(() => hexToBytes('0x0102030405', bounds), { code: 'BAD_HEX', message: /at most 4 bytes/ });
  assert.throws(() => hexToBytes('0x010203', { what: 'hash', bytes: 4 }), {
    code: 'BAD_HEX',
    message: /expected 4 bytes/,
  });
  const long = `0x${'00'.repeat(100_000)}`;
  assert.throws(
    () => hexToBytes(long, bounds),
    (error: Error) => error.message.length < 200,
  );
});

test('bytes from hexadecimal own their buffer', () => {
  const bytes = hexToBytes('0x0102', bounds);
  assert.equal(bytes.buffer.byteLength, 2);
  assert.equal(Buffer.isBuffer(bytes), false);
});

test('integers of both byte orders read as written out by hand', () => {
  assert.equal(readU32LE(OCTETS, 0), 0x67452301);
  assert.equal(readU32BE(OCTETS, 4), 0x89abcdef);
  assert.equal(readU64LE(OCTETS, 0), 0xefcdab8967452301n);
  assert.equal(readU64BE(OCTETS, 0), 0x0123456789abcdefn);
  assert.equal(readU32LE(OCTETS.subarray(4), 0), 0xefcdab89);
});

test('integers write what they read, touching nothing else', () => {
  for (const offset of [0, 1, 5]) {
    const bytes = new Uint8Array(16).fill(0xee);
    writeU64LE(bytes, offset, 0xefcdab8967452301n);
    assert.deepEqual(bytes.slice(offset, offset + 8), OCTETS);
    writeU64BE(bytes, offset, 0x0123456789abcdefn);
    assert.deepEqual(bytes.slice(offset, offset + 8), OCTETS);
    writeU32LE(bytes, offset, 0xffffffff);
    writeU32BE(bytes, offset + 4, 0x89abcdef);
    assert.deepEqual(bytes.slice(offset, offset + 8), Uint8Array.of(255, 255, 255, 255, 0x89, 0xab, 0xcd, 0xef));
    assert.equal(bytes.filter((byte) => byte === 0xee).length, 8);
  }
});

test('an integer outside its width or its array is a broken invariant', () => {
  const bytes = new Uint8Array(8);
  const broken = { name: 'InvariantError' };
  for (const offset of [-1, 0.5, 1, Number.NaN]) assert.throws(() => readU64LE(bytes, offset), broken);
  for (const offset of [-1, 5]) assert.throws(() => readU32BE(bytes, offset), broken);
  for (const value of [-1, 0.5, 2 ** 32, Number.NaN]) assert.throws(() => writeU32LE(bytes, 0, value), broken);
  for (const value of [-1n, 1n << 64n]) assert.throws(() => writeU64BE(bytes, 0, value), broken);
  assert.throws(() => readU32LE(new Uint8Array(16).subarray(4, 6), 0), broken);
});

test('big integers and bytes convert both ways', () => {
  assert.equal(bytesToBigint(Uint8Array.of(1, 0)), 256n);
  assert.equal(bytesToBigint(new Uint8Array(0)), 0n);
  assert.deepEqual(bigintToBytes(256n, 3), Uint8Array.of(0, 1, 0));
  assert.deepEqual(bigintToBytes(0n, 0), new Uint8Array(0));
  assert.throws(() => bigintToBytes(256n, 1), { name: 'InvariantError' });
  assert.throws(() => bigintToBytes(-1n, 1), { name: 'InvariantError' });
});

test('concat joins in order, into a new array', () => {
  const part = Uint8Array.of(1, 2);
  const joined = concat([part, new Uint8Array(0), Uint8Array.of(3)]);
  assert.deepEqual(joined, Uint8Array.of(1, 2, 3));
  part[0] = 9;
  assert.equal(joined[0], 1);
  assert.deepEqual(concat([]), new Uint8Array(0));
});

test('equal and compare order as memcmp, a prefix first', () => {
  const a = Uint8Array.of(1, 2);
  assert.equal(equal(a, Uint8Array.of(1, 2)), true);
  assert.equal(equal(a, Uint8Array.of(1, 3)), false);
  assert.equal(equal(a, Uint8Array.of(1, 2, 0)), false);
  assert.ok(compare(a, Uint8Array.of(1, 2, 0)) < 0);
  assert.ok(compare(Uint8Array.of(0xff), Uint8Array.of(0x01, 0xff)) > 0);
  assert.equal(compare(a, Uint8Array.of(1, 2)), 0);
});
