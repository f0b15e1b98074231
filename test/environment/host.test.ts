// The host: inputs by local key, preimages checked against their keys, hints cut out of their stream.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keccak256 } from 'ethers';
import { bytesToHex } from '../../src/bytes.ts';
import { createHost, HINT_BYTES_MAX, HintReader, type PreimageSource } from '../../src/environment/host.ts';
import { hashInputs, INPUT_NAMES, inputIndex, makeInputs } from '../../src/environment/inputs.ts';
import { keccakKey, keyOf, localIndex, localKey, PREIMAGE_BYTES_MAX } from '../../src/environment/preimageKey.ts';

const text = (value: string) => new TextEncoder().encode(value);
const inputs = makeInputs({ parentBlockHash: new Uint8Array(32).fill(1), blockNumber: 258n, chainId: 10n });

/** A source that counts how often it is asked. */
function memorySource(preimages: readonly Uint8Array[]): PreimageSource & { asked: number } {
  return {
    name: 'memory',
    asked: 0,
    preimage(key) {
      this.asked++;
      return preimages.find((preimage) => bytesToHex(keyOf(preimage)) === bytesToHex(key));
    },
  };
}

describe('keys', () => {
  it('are the hash with the type as first byte', () => {
    const hash = Buffer.from(keccak256(text('abc')).slice(2), 'hex');
    const key = Buffer.from(keyOf(text('abc')));
    assert.equal(key[0], 2);
    assert.deepEqual(key.subarray(1), hash.subarray(1));
    assert.deepEqual(Buffer.from(keccakKey(hash)), key);
  });

  it('of type local are the number of an input, and nothing else', () => {
    for (let index = 1; index <= 6; index++) assert.equal(localIndex(localKey(index)), index);
    for (const index of [0, 7, 255]) assert.equal(localIndex(localKey(index)), undefined);
    const key = localKey(1);
    key[15] = 1;
    assert.equal(localIndex(key), undefined);
    assert.equal(localIndex(keyOf(text('abc'))), undefined);
  });
});

describe('inputs', () => {
  it('are six words in their documented order', () => {
    assert.deepEqual(INPUT_NAMES, [
      'parentBlockHash',
      'claimedRoot',
      'inputHash',
      'blockNumber',
      'chainId',
      'parentRoot',
    ]);
    assert.deepEqual(INPUT_NAMES.map(inputIndex), [1, 2, 3, 4, 5, 6]);
    assert.equal(bytesToHex(inputs[3] ?? text('')), `0x${'102'.padStart(64, '0')}`);
    const zero = '00'.repeat(32);
    const words = ['01'.repeat(32), zero, zero, '102'.padStart(64, '0'), 'a'.padStart(64, '0'), zero];
    assert.equal(bytesToHex(hashInputs(inputs)), keccak256(`0x${words.join('')}`));
    assert.throws(() => makeInputs({ inputHash: new Uint8Array(31) }), /input inputHash has 31 bytes/);
    assert.throws(() => makeInputs({ chainId: 1n << 256n }), /does not fit 32 bytes/);
  });
});

describe('the host', () => {
  it('answers local keys with the inputs, and no other ones', () => {
    const host = createHost({ inputs });
    for (let index = 1; index <= 6; index++) assert.deepEqual(host.preimage(localKey(index)), inputs[index - 1]);
    assert.equal(host.preimage(localKey(7)), undefined);
  });

  it('asks its sources in order, and one of them once for a preimage', () => {
    const [first, second] = [memorySource([text('one')]), memorySource([text('one'), text('two')])];
    const host = createHost({ inputs, sources: [first, second] });
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(host.preimage(keyOf(text('one'))), text('one'));
      assert.deepEqual(host.preimage(keyOf(text('two'))), text('two'));
    }
    assert.deepEqual([first.asked, second.asked], [2, 1]);
    assert.equal(host.preimage(keyOf(text('three'))), undefined);
    assert.equal(createHost({ inputs }).preimage(keyOf(text('one'))), undefined);
  });

  it('asks again for what was missing before', () => {
    const preimages: Uint8Array[] = [];
    const host = createHost({ inputs, sources: [memorySource(preimages)] });
    assert.equal(host.preimage(keyOf(text('late'))), undefined);
    preimages.push(text('late'));
    assert.deepEqual(host.preimage(keyOf(text('late'))), text('late'));
  });

  it('never asks a source for a key of another type', () => {
    const source = memorySource([]);
    const host = createHost({ inputs, sources: [source] });
    for (const type of [0, 1, 3, 4, 5, 6, 255]) {
      const key = keyOf(text('abc'));
      key[0] = type;
      assert.equal(host.preimage(key), undefined);
    }
    assert.equal(source.asked, 0);
  });

  it('names a source that returns other bytes than those asked for', () => {
    const source = { name: 'liar.json', preimage: () => text('something else') };
    const host = createHost({ inputs, sources: [source] });
    const key = bytesToHex(keyOf(text('abc')));
    for (let i = 0; i < 2; i++)
      assert.throws(() => host.preimage(keyOf(text('abc'))), {
        code: 'PREIMAGE_MISMATCH',
        exitCode: 3,
        message: `liar.json: preimage of ${key}: its 14 bytes have the key ${bytesToHex(keyOf(text('something else')))}`,
      });
  });

  it('bounds what a source returns', () => {
    const data = new Uint8Array(PREIMAGE_BYTES_MAX + 1);
    const whole = createHost({ inputs, sources: [memorySource([data.subarray(1)])] });
    assert.equal(whole.preimage(keyOf(data.subarray(1)))?.length, PREIMAGE_BYTES_MAX);
    const host = createHost({ inputs, sources: [{ name: 'huge', preimage: () => data }] });
    assert.throws(() => host.preimage(keyOf(data.subarray(1))), { code: 'PREIMAGE_TOO_LARGE' });
  });

  it('hands hints to every source that takes them, and output to its owner', () => {
    const hints: string[] = [];
    const source = {
      name: 'fetcher',
      preimage: () => undefined,
      hint: (hint: Uint8Array) => hints.push(`${Buffer.from(hint)}`),
    };
    const written: [number, string][] = [];
    const output = (fd: number, data: Uint8Array) => written.push([fd, Buffer.from(data).toString()]);
    const host = createHost({ inputs, sources: [memorySource([]), source], output });
    host.hint(Buffer.from('\0\0\0\x05hello'));
    host.output(2, text('warning'));
    assert.deepEqual([hints, written], [['hello'], [[2, 'warning']]]);
    createHost({ inputs }).output(1, text('dropped'));
  });
});

describe('the hint channel', () => {
  const read = (...parts: Uint8Array[]) => {
    const messages: string[] = [];
    const reader = new HintReader((message) => messages.push(Buffer.from(message).toString()));
    for (const part of parts) reader.push(part);
    return messages;
  };
  const message = (length: number, content: string) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    return Buffer.concat([head, Buffer.from(content)]);
  };

  it('is cut into messages, however it arrives', () => {
    const stream = Buffer.concat([message(3, 'one'), message(0, ''), message(5, 'three')]);
    assert.deepEqual(read(stream), ['one', '', 'three']);
    assert.deepEqual(read(...[...stream].map((byte) => Uint8Array.of(byte))), ['one', '', 'three']);
    assert.deepEqual(read(stream.subarray(0, stream.length - 1)), ['one', '']);
  });

  it('drops what no message can be, and goes on', () => {
    const longest = 'x'.repeat(HINT_BYTES_MAX);
    assert.deepEqual(read(message(HINT_BYTES_MAX, longest)), [longest]);
    assert.deepEqual(read(message(HINT_BYTES_MAX + 1, 'abc'), message(2, 'ok')), ['ok']);
    assert.deepEqual(read(message(0xffff_ffff, 'abc'), message(2, 'ok')), ['ok']);
  });
});
