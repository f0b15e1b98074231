// Proof files: complete in themselves, and every word in them is either checked or said not to be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '../../../src/bytes.ts';
import { checkProofFile, readProofFile } from '../../../src/dispute/stepProof/proofFile.ts';
import { fileOf } from './proofFileOf.ts';

const read = (text: string) => readProofFile(Buffer.from(text), 'proof.json');
/** `sd sp, 8(sp)`. */
const STORE = 0x00213423;
const stored = fileOf([STORE]);

test('a store is told in full: instruction, access, bytes before and after', () => {
  const { mismatches, annotations } = checkProofFile(read(stored.text));
  assert.deepEqual(mismatches, []);
  assert.equal(annotations.instruction, 'sd sp,8(sp)');
  assert.equal(annotations.pc, '0x10000');
  assert.deepEqual(annotations.changes, { pc: ['0x10000', '0x10004'] });
  assert.deepEqual(
    annotations.accesses.map(({ kind, bytes }) => [kind, bytes]),
    [
      ['fetch', 2],
      ['fetch', 2],
      ['write', 8],
    ],
  );
  assert.equal(JSON.parse(stored.text).annotations.symbol, '_start');
});

test('a word that is no instruction is told as the fault that it is', () => {
  const { text } = fileOf([0]);
  const { annotations } = checkProofFile(read(text));
  assert.equal(annotations.instruction, 'none: illegalInstruction (.2byte 0x0)');
  assert.deepEqual(annotations.changes['status'], ['0x3', '0x2']);
});

test('an instruction that faults is told with its fault', () => {
  // ld a0,0(zero): address 0 is in the hole.
  const { annotations } = checkProofFile(read(fileOf([0x00003503]).text));
  assert.equal(annotations.instruction, 'ld a0,0(zero) (loadFault)');
});

test('a large preimage comes with the file, and only with its own bytes is the proof accepted', () => {
  const preimage = new Uint8Array(130_000).fill(7);
  const { text, made } = fileOf([0x73], preimage);
  assert.ok(made.proof.length < 3_000);
  assert.equal(checkProofFile(read(text)).annotations.call, 'read');
  const file = JSON.parse(text);
  const other = new Uint8Array(130_000).fill(8);
  for (const wrong of [undefined, bytesToHex(other), bytesToHex(preimage.subarray(1))])
    assert.throws(() => checkProofFile(read(JSON.stringify({ ...file, preimage: wrong }))), { code: 'PROOF_PREIMAGE' });
});

test('a proof that is not what the file says is rejected, each lie by its name', () => {
  const file = JSON.parse(stored.text);
  const other = bytesToHex(keccak_256(new Uint8Array(1))).replace(/^0x../, '0x03');
  for (const [change, code] of [
    [{ post: other }, 'PROOF_POST_STATE'],
    [{ pre: other }, 'PROOF_PRE_STATE'],
    [{ step: '1' }, 'PROOF_STEP'],
    [{ proof: `${file.proof}00` }, /^(PROOF|MULTIPROOF)_/],
    [{ proof: '0x' }, /^PROOF_/],
  ] as const)
    assert.throws(
      () => checkProofFile(read(JSON.stringify({ ...file, ...change }))),
      ({ name, code: found }) => {
        assert.equal(name, 'InputError');
        assert.match(found, typeof code === 'string' ? new RegExp(`^${code}$`) : code);
        return true;
      },
    );
});

test('annotations that the proof does not bear out are named; the symbol is not checked', () => {
  const file = JSON.parse(stored.text);
  const told = (annotations: unknown) => checkProofFile(read(JSON.stringify({ ...file, annotations }))).mismatches;
  assert.deepEqual(told({ ...file.annotations, instruction: 'nop', symbol: 'main' }), ['instruction']);
  assert.deepEqual(told({ ...file.annotations, accesses: [], extra: 1 }).toSorted(), ['accesses', 'extra']);
  assert.deepEqual(told(null).toSorted(), ['accesses', 'changes', 'instruction', 'pc']);
});

test('a file that is none, or of another version, is refused by the name of the key', () => {
  const file = JSON.parse(stored.text);
  const named = (change: object, code: string, message: RegExp) =>
    assert.throws(() => read(JSON.stringify({ ...file, ...change })), { name: 'InputError', code, message });
  assert.throws(() => read('{'), { code: 'PROOF_FILE', message: /^proof\.json: expected a proof file/ });
  assert.throws(() => read('null'), { code: 'PROOF_FILE' });
  named({ format: 'x' }, 'PROOF_FILE', /format/);
  named({ version: 2 }, 'PROOF_FILE', /expected version 1, found 2/);
  named({ machine: 'mips' }, 'PROOF_FILE', /expected machine rv64/);
  named({ machineVersion: 9 }, 'PROOF_FILE', /machineVersion/);
  named({ proof: 5 }, 'PROOF_FILE', /proof to be text/);
  named({ proof: '0xz' }, 'BAD_HEX', /^proof\.json: proof/);
  named({ proof: `0x${'00'.repeat(300_000)}` }, 'BAD_HEX', /at most/);
  named({ pre: '0x12' }, 'BAD_HEX', /pre/);
  named({ step: '-1' }, 'BAD_STEP', /step/);
});
