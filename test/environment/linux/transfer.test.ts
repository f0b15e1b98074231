// read, write, readv, writev: the oracle's two channels, the output of the run, vectors, errors.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../commitment/random.ts';
import { Guest } from './guest.ts';

const BADF = -9;
const FAULT = -14;
const INVAL = -22;
const BUFFER = 0x10_0000;
const OUTSIDE = 0xefff_fff0;

const bytes = (length: number, first = 1) => Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);
const text = (data: Uint8Array | undefined) => Buffer.from(data ?? []).toString();
/** What a keccak key is to the machine: 32 bytes of which the first is 2. */
const keccakKey = (first = 3) => Uint8Array.of(2, ...bytes(31, first));

function withPreimage(key: Uint8Array, preimage: Uint8Array): Guest {
  const guest = new Guest();
  guest.preimages.set(Buffer.from(key).toString('hex'), preimage);
  guest.setBytes(BUFFER, key);
  assert.equal(guest.call('write', 6, BUFFER, 32), 32);
  return guest;
}

function vectors(guest: Guest, at: number, ...list: readonly (readonly [address: number, length: number])[]): void {
  list.forEach(([address, length], i) => {
    guest.setWord(at + 16 * i, address);
    guest.setWord(at + 16 * i + 8, length);
  });
}

test('standard output and error, and hints, go to the host; nothing else does', () => {
  const guest = new Guest();
  guest.setBytes(BUFFER, Buffer.from('hello'));
  for (const fd of [1, 2, 4]) assert.equal(guest.call('write', fd, BUFFER, 5), 5);
  assert.deepEqual(
    guest.emitted.map(({ fd, data }) => [fd, text(data)]),
    [1, 2, 4].map((fd) => [fd, 'hello']),
  );
  for (const fd of [0, 3, 5, 8, 100, -1]) assert.equal(guest.call('write', fd, BUFFER, 5), BADF, `${fd}`);
  assert.equal(guest.call('write', 1, 0, 0), 0);
  assert.equal(guest.call('write', 1n + 2n ** 40n, BUFFER, 5), 5, 'a descriptor is an int');
  assert.equal(guest.emitted.length, 4);
});

test('a write hands at most 2^20 bytes to the host', () => {
  const guest = new Guest();
  assert.equal(guest.call('write', 1, BUFFER, 2 ** 20), 2 ** 20);
  assert.equal(guest.call('write', 1, BUFFER, 2 ** 20 + 1), 2 ** 20);
  assert.equal(guest.emitted[1]?.data.length, 2 ** 20);
});

test('a buffer that leaves the guest is EFAULT before any byte', () => {
  const guest = withPreimage(keccakKey(), bytes(40));
  for (const [address, length] of [
    [OUTSIDE, 17],
    [0xffff, 2],
    [-8, 64],
    [BUFFER, -1],
    [0, 1],
  ] as const)
    for (const [name, fd] of [
      ['write', 1],
      ['write', 6],
      ['write', 7],
      ['read', 5],
      ['read', 0],
    ] as const)
      assert.equal(guest.call(name, fd, address, length), FAULT, `${name} ${fd} at ${address}`);
  assert.equal(guest.emitted.length, 0);
  assert.deepEqual(guest.field('preimageKey'), keccakKey());
  assert.equal(guest.call('write', 1, OUTSIDE, 16), 16);
});

test('standard input is at its end; the hint channel answers without bytes', () => {
  const guest = new Guest();
  guest.setBytes(BUFFER, bytes(8));
  assert.equal(guest.call('read', 0, BUFFER, 8), 0);
  assert.equal(guest.call('read', 3, BUFFER, 8), 8);
  assert.deepEqual(guest.bytes(BUFFER, 8), bytes(8));
  for (const fd of [1, 2, 4, 6, 7, 8, -1]) assert.equal(guest.call('read', fd, BUFFER, 8), BADF, `${fd}`);
});

test('the output is exactly 32 bytes', () => {
  const guest = new Guest();
  guest.setBytes(BUFFER + 5, bytes(33));
  for (const length of [1, 31, 33]) assert.equal(guest.call('write', 7, BUFFER + 5, length), INVAL);
  assert.deepEqual(guest.field('output'), new Uint8Array(32));
  assert.equal(guest.call('write', 7, BUFFER + 5, 32), 32);
  assert.deepEqual(guest.field('output'), bytes(32));
});

test('a preimage is read behind its length, a leaf at most at a time, to its end', () => {
  const random = new Random('preimage reads');
  for (const length of [0, 1, 24, 32, 100]) {
    const preimage = bytes(length, 9);
    const prefixed = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, length, ...preimage);
    const guest = withPreimage(keccakKey(), preimage);
    let read = 0;
    for (let calls = 0; calls < 400 && read < prefixed.length; calls++) {
      const at = BUFFER + random.below(64);
      const count = random.below(40);
      const moved = guest.call('read', 5, at, count);
      assert.equal(moved, Math.min(count, 32 - (at % 32), prefixed.length - read));
      assert.deepEqual(guest.bytes(at, moved), prefixed.slice(read, read + moved));
      read += moved;
    }
    assert.equal(read, prefixed.length);
    assert.equal(guest.call('read', 5, BUFFER, 8), 0);
  }
});

test('a key is written whole, or byte by byte; either begins its preimage anew', () => {
  const [key, other] = [keccakKey(3), keccakKey(90)];
  const guest = withPreimage(key, bytes(50));
  assert.equal(guest.call('read', 5, BUFFER, 30), 30);
  assert.equal(guest.state.get('preimageOffset'), 30n);
  guest.setBytes(BUFFER + 7, [...other, 77]);
  for (let i = 0; i < 32; i++) assert.equal(guest.call('write', 6, BUFFER + 7 + i, 31), 1);
  assert.deepEqual(guest.field('preimageKey'), other);
  assert.equal(guest.state.get('preimageOffset'), 0n);
  assert.equal(guest.call('write', 6, BUFFER + 8, 33), 32);
  assert.deepEqual(guest.field('preimageKey'), Uint8Array.of(...other.slice(1), 77));
  assert.equal(guest.call('write', 6, BUFFER, 0), 0);
});

test('keys of unknown types and indices are EINVAL: never a question to the host', () => {
  const guest = new Guest();
  const local = (index: number, second = 0, last = 0) => {
    const key = new Uint8Array(32);
    [key[0], key[1], key[30], key[31]] = [1, second, last, index];
    return key;
  };
  const bad = [new Uint8Array(32), local(0), local(7), local(255), local(1, 1), local(1, 0, 1)];
  for (const type of [0, 3, 4, 255]) bad.push(Uint8Array.of(type, ...bytes(31)));
  for (const key of bad) {
    guest.setBytes(BUFFER, key);
    guest.call('write', 6, BUFFER, 32);
    assert.equal(guest.call('read', 5, BUFFER, 8), INVAL, Buffer.from(key).toString('hex'));
    assert.equal(guest.call('read', 5, BUFFER, 0), 0);
  }
  for (const key of [local(1), local(6), keccakKey()]) {
    guest.setBytes(BUFFER, key);
    guest.call('write', 6, BUFFER, 32);
    assert.throws(() => guest.call('read', 5, BUFFER, 8), /no preimage of/);
    assert.equal(guest.x[10], 5n, 'a host stop happens before any effect');
    guest.preimages.set(Buffer.from(key).toString('hex'), bytes(32));
    assert.equal(guest.call('read', 5, BUFFER, 8), 8);
  }
});

test('vectors: the first that is not empty, however many are', () => {
  const guest = new Guest();
  guest.setBytes(BUFFER, Buffer.from('abcdef'));
  const at = 0x20_0013;
  vectors(guest, at, [0, 0], [BUFFER, 3], [BUFFER, 6]);
  assert.equal(guest.call('writev', 1, at, 3), 3);
  assert.equal(guest.steps, 1);
  assert.equal(guest.call('writev', 1, at + 32, 1), 6);
  vectors(guest, at, [0, 0], [0, 0], [1, 0], [-1, 0], [BUFFER + 1, 2], [BUFFER, 6]);
  assert.equal(guest.call('writev', 1, at, 6), 2);
  assert.equal(guest.steps, 3);
  assert.equal(guest.call('writev', 1, at, 4), 0);
  assert.equal(guest.call('writev', 1, at + 3 * 16, 1), 0, 'what follows the last vector is not looked at');
  assert.deepEqual(
    guest.emitted.map(({ data }) => text(data)),
    ['abc', 'abcdef', 'bc'],
  );
  assert.equal(guest.call('writev', 1, at, 0), 0);
  assert.equal(guest.call('readv', 0, at, 6), 0);
  vectors(guest, at, [0, 0], [BUFFER, 8]);
  assert.equal(guest.call('readv', 3, at, 2), 8);
});

test('vectors: errors', () => {
  const guest = new Guest();
  const at = 0x20_0000;
  vectors(guest, at, [BUFFER, 1], [0, 8]);
  assert.equal(guest.call('writev', 1, at, 1025), INVAL);
  assert.equal(guest.call('writev', 1, at, -1), INVAL);
  assert.equal(guest.call('writev', 9, at, 1), BADF);
  assert.equal(guest.call('writev', 1, OUTSIDE, 2), FAULT);
  assert.equal(guest.call('writev', 1, at + 16, 1), FAULT);
  assert.equal(guest.call('writev', 1, 0, 0), 0);
  vectors(guest, at, [BUFFER, -1]);
  assert.equal(guest.call('writev', 1, at, 1), FAULT);
});
