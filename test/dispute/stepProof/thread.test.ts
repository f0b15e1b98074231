// Proofs of the steps that put threads on stacks and take them from there: clone, a thread switch, exit. Each is checked
// against the whole machine when it is made; here, what must be refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '../../../src/bytes.ts';
import { MemoryTree } from '../../../src/commitment/memoryTree.ts';
import { decodeStepProof, encodeStepProof } from '../../../src/dispute/stepProof/codec.ts';
import type { StepProof } from '../../../src/dispute/stepProof/format.ts';
import { type MadeStepProof, makeStepProof } from '../../../src/dispute/stepProof/make.ts';
import { checkProofFile, readProofFile, writeProofFile } from '../../../src/dispute/stepProof/proofFile.ts';
import { verifyStepProof } from '../../../src/dispute/stepProof/verify.ts';
import { createHost } from '../../../src/environment/host.ts';
import { makeInputs } from '../../../src/environment/inputs.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { loadProgram } from '../../../src/machine/program.ts';
import { listThreads, type ThreadStack, threadNumbers } from '../../../src/machine/threads.ts';
import { THREAD_BYTES } from '../../../src/semantics/layout.ts';
import { asStep } from '../../../src/units.ts';
import { buildElf } from '../../machine/elfBuilder.ts';

const inputs = makeInputs();
const host = createHost({ inputs });
const ECALL = [0x73, 0, 0, 0];
const CALL = { clone: 220n, yield: 124n, exit: 93n } as const;
const CLONE_FLAGS = 0x3d_0f00n;

/** A program of ecalls, and its steps with their proofs, one by one. */
class Run {
  readonly machine: Machine;
  readonly #tree = new MemoryTree();

  constructor() {
    const data = Buffer.from(Array.from({ length: 64 }, () => ECALL).flat());
    this.machine = loadProgram(buildElf({ segments: [{ vaddr: 0x10000n, data, flags: 7 }] })).machine;
    for (let i = 1; i < 32; i++) this.machine.setX(i, BigInt(i) << 40n);
  }

  call(name: keyof typeof CALL, ...args: bigint[]): MadeStepProof {
    for (const [i, value] of args.entries()) this.machine.setX(10 + i, value);
    this.machine.setX(17, CALL[name]);
    return this.step();
  }

  step(): MadeStepProof {
    return makeStepProof(this.machine, this.#tree, host, inputs);
  }
}

/** Three threads: 3 runs, 1 is on the left and next, 2 on the right; floating-point registers of their own. */
function three(): Run {
  const run = new Run();
  for (let id = 2; id <= 3; id++) {
    run.machine.setF(1, BigInt(id - 1));
    run.call('clone', CLONE_FLAGS, BigInt(0x5000 * id), 0x1_0400n, 0n, 0x1_0404n);
  }
  run.machine.setF(1, 3n);
  return run;
}

/** The proof of a switch from thread 3 to 1. */
function switched(): { run: Run; made: MadeStepProof } {
  const run = three();
  run.call('yield');
  return { run, made: run.step() };
}

test('clone, switch and exit are proven; registers of both files go with their thread', () => {
  const run = three();
  const { machine } = run;
  const ids = (stack: ThreadStack | undefined) =>
    listThreads(stack).map((each) => Number(threadNumbers(each).get('threadId')));
  assert.deepEqual([ids(machine.leftThreads), ids(machine.rightThreads)], [[1], [2]]);
  const yielded = run.call('yield');
  assert.equal(yielded.record.popped, undefined);
  const made = run.step();
  assert.equal(made.record.executed.kind, 'switch');
  assert.equal(made.record.accesses.length, 0, 'a switch fetches nothing');
  assert.equal(made.record.popped?.right, false);
  assert.deepEqual([machine.get('threadId'), machine.f(1), machine.x(2)], [1n, 1n, 2n << 40n]);
  assert.equal(machine.x(10), 2n, 'the number of the thread that it made');
  assert.deepEqual([ids(machine.leftThreads), ids(machine.rightThreads)], [[], [3, 2]]);
  const exited = run.call('exit', 0n);
  assert.equal(exited.record.popped?.right, true);
  assert.deepEqual([machine.get('threadId'), machine.f(1)], [3n, 3n]);
  run.call('exit', 0n);
  assert.deepEqual([machine.get('threadId'), machine.f(1), machine.x(2)], [2n, 2n, 0x5000n * 2n]);
  assert.equal(machine.leftThreads, undefined);
  assert.equal(machine.rightThreads, undefined);
  run.call('exit', 0n);
  assert.equal(machine.get('status'), 0n);
});

test('the hash of a stack, by hand', () => {
  const run = new Run();
  const { machine } = run;
  const before = { pc: machine.get('pc'), x: Array.from({ length: 32 }, (_, i) => machine.x(i)) };
  run.machine.setF(31, 5n);
  run.call('clone', CLONE_FLAGS, 0n, 0n, 0n, 0n);
  const record = Buffer.alloc(THREAD_BYTES);
  const x = before.x.map((value, i) => ({ 10: 2n, 11: 0n, 12: 0n, 13: 0n, 14: 0n, 17: CALL.clone })[i] ?? value);
  for (let i = 1; i < 32; i++) record.writeBigUInt64BE(x[i] as bigint, 8 * (i - 1));
  record.writeBigUInt64BE(before.pc + 4n, 248);
  const fp = Buffer.alloc(260);
  fp.writeBigUInt64BE(5n, 8 * 31);
  record.set(keccak_256(fp), 256);
  record.writeBigUInt64BE(1n, 288);
  const expected = keccak_256(Buffer.concat([Buffer.alloc(32), keccak_256(record)]));
  assert.equal(bytesToHex(machine.getBytes('leftStack')), bytesToHex(expected));
  assert.equal(bytesToHex(machine.getBytes('rightStack')), bytesToHex(new Uint8Array(32)));
});

function refused(pre: MadeStepProof['pre'], proof: StepProof | Uint8Array, code: string): void {
  const bytes = proof instanceof Uint8Array ? proof : encodeStepProof(proof);
  assert.throws(
    () => verifyStepProof(pre, bytes),
    (error: Error & { code?: string }) => error.code === code,
    code,
  );
}

test('a thread that is not on top of its stack is refused', () => {
  const { made } = switched();
  const opened = decodeStepProof(made.proof);
  const { thread } = opened;
  assert(thread);
  for (const [name, value] of thread.numbers)
    refused(
      made.pre,
      { ...opened, thread: { ...thread, numbers: new Map(thread.numbers).set(name, value ^ 1n) } },
      'PROOF_THREAD',
    );
  const flipped = (hash: Uint8Array) => hash.map((byte, i) => (i === 31 ? byte ^ 1 : byte));
  refused(made.pre, { ...opened, thread: { ...thread, fpHash: flipped(thread.fpHash) } }, 'PROOF_THREAD');
  refused(made.pre, { ...opened, thread: { ...thread, below: flipped(thread.below) } }, 'PROOF_THREAD');
});

test('a thread that is missing, or that the step does not take, is refused', () => {
  const { run, made } = switched();
  const { thread, ...without } = decodeStepProof(made.proof);
  assert(thread);
  refused(made.pre, without, 'PROOF_THREAD');
  const cloned = run.call('clone', CLONE_FLAGS, 0n, 0n, 0n, 0n);
  refused(cloned.pre, { ...decodeStepProof(cloned.proof), thread }, 'PROOF_THREAD');
  const yielded = run.call('yield');
  refused(yielded.pre, { ...decodeStepProof(yielded.proof), thread }, 'PROOF_HEADER');
});

test('a thread cut short or not in its shortest form is refused', () => {
  const { made } = switched();
  const { thread, ...without } = decodeStepProof(made.proof);
  assert(thread);
  const start = encodeStepProof(without).length - 32;
  const whole = made.proof;
  refused(made.pre, whole.subarray(0, start + 10), 'PROOF_LENGTH');
  // x1 is 2^40, 6 bytes: with a zero in front it has 7.
  assert.equal((whole[start] ?? 0) >> 4, 6);
  const longer = Buffer.concat([whole.subarray(0, start + 18), Uint8Array.of(0), whole.subarray(start + 18)]);
  longer[start] = (longer[start] ?? 0) + 0x10;
  refused(made.pre, longer, 'PROOF_NUMBER');
});

test('a proof file tells a switch', () => {
  const { made } = switched();
  const { text } = writeProofFile(made, asStep(3n));
  const { annotations, mismatches } = checkProofFile(readProofFile(Buffer.from(text), 'proof.json'));
  assert.deepEqual(mismatches, []);
  assert.equal(annotations.instruction, 'none: thread switch');
  assert.deepEqual(annotations.changes['threadId'], ['0x3', '0x1']);
});
