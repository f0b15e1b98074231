// System calls in the contract: every call with random arguments, step by step to its end, reads of preimages of every
// kind and size, and a whole program that reads its inputs and a state trie. Each step is proven and executed by the
// verifier in an EVM.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Contract } from 'ethers';
import { preimageStoreInterface } from '../../src/chain/preimageStore.ts';
import { decodeStepProof, encodeStepProof } from '../../src/dispute/stepProof/codec.ts';
import { MAX_WHOLE_PREIMAGE_BYTES } from '../../src/dispute/stepProof/format.ts';
import { verifyStepProof } from '../../src/dispute/stepProof/verify.ts';
import { Engine } from '../../src/engine/engine.ts';
import { MissingPreimage } from '../../src/engine/machineHart.ts';
import { blockInputs, readBlock } from '../../src/environment/block.ts';
import { createHost, type Host } from '../../src/environment/host.ts';
import { type Inputs, makeInputs } from '../../src/environment/inputs.ts';
import { SYSTEM_CALLS } from '../../src/environment/linux/table.ts';
import { keyOf, localKey } from '../../src/environment/preimageKey.ts';
import { blockSource } from '../../src/environment/sources/blockSource.ts';
import { PAGE_BITMAP } from '../../src/machine/memoryMap.ts';
import { loadProgram } from '../../src/machine/program.ts';
import { MMAP_START } from '../../src/semantics/addressSpace.ts';
import { NEVER, STATUS } from '../../src/semantics/layout.ts';
import { accounts } from '../../tools/makeAccountBlock.ts';
import { Evm, errorName } from '../contracts/evm.ts';
import { assertAccepted, type Named, Prover } from '../contracts/prover.ts';
import { bytesOf, CODE, DATA, makeMachine, Random, restart, seed, value } from '../engine/randomCode.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ECALL = 0x73;
const READ = 63n;
/** Random sets of arguments of each call, and most steps of one call. */
const DRAWS = 12;
const STEPS_MAX = 40;
const SMALL = [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 16n, 32n, 4095n, 4096n, 8192n, 65_536n, (1n << 64n) - 1n];

/** Preimages around every size that matters: of a leaf, of a keccak block, of what a proof carries whole. */
const PREIMAGES = [0, 1, 24, 31, 32, 33, 135, 136, 137, 600, 5_000, MAX_WHOLE_PREIMAGE_BYTES].map((size) =>
  Uint8Array.from({ length: size }, (_, i) => (i * i + 3 * size) & 0xff),
);
const INPUTS: Inputs = makeInputs({ claimedRoot: new Uint8Array(32).fill(0xab), blockNumber: 77n, chainId: 1n });

const source = {
  name: 'test',
  preimage: (key: Uint8Array) => PREIMAGES.find((each) => keyOf(each).join() === key.join()),
};
const HOST: Host = createHost({ inputs: INPUTS, sources: [source] });

let evm: Evm;
before(async () => {
  evm = await Evm.start();
});
after(() => evm.stop());

function argument(random: Random): bigint {
  switch (random.below(4)) {
    case 0:
      return random.pick(SMALL);
    case 1:
      return BigInt(DATA + random.below(8192));
    case 2:
      return BigInt(MMAP_START + 4096 * random.below(1024));
    default:
      return value(random);
  }
}

/** A machine whose kernel has something to do: some pages are mapped, a break is set, there is data. */
function kernelProver(): Prover {
  const prover = new Prover(makeMachine(), HOST, INPUTS);
  const { machine } = prover;
  machine.write(CODE, bytesOf(ECALL));
  machine.write(PAGE_BITMAP, new Uint8Array(512).fill(0xa5));
  machine.write(PAGE_BITMAP + MMAP_START / 4096 / 8, new Uint8Array(64).fill(0x0f));
  machine.write(MMAP_START, new Uint8Array(3 * 4096).fill(7));
  const data = Uint8Array.from({ length: 8192 }, (_, i) => (i * 7) & 0xff);
  machine.write(DATA, data);
  machine.set('breakStart', BigInt(DATA + 16_384));
  machine.set('programBreak', BigInt(DATA + 16_384));
  machine.set('mmapCursor', BigInt(MMAP_START / 4096));
  machine.set('threadId', 1n);
  return prover;
}

/** A random key of the oracle: mostly one that has a preimage, else one that no call accepts. */
function randomKey(random: Random): Uint8Array {
  if (random.chance(0.6)) return keyOf(random.pick(PREIMAGES));
  if (random.chance(0.7)) return localKey(1 + random.below(6));
  return random.pick([
    localKey(0),
    localKey(7),
    new Uint8Array(32),
    new Uint8Array(32).fill(1),
    new Uint8Array(32).fill(3),
  ]);
}

/** Proves the steps of one call, until it leaves the ecall or asks for a preimage that nobody has. */
function proveCall(prover: Prover, name: string): Named[] {
  const proofs: Named[] = [];
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    try {
      proofs.push({ name: `${name}, step ${steps}`, made: prover.step() });
    } catch (error) {
      if (error instanceof MissingPreimage) break;
      throw error;
    }
    const { machine } = prover;
    if (machine.get('status') !== BigInt(STATUS.running) || machine.get('pc') !== BigInt(CODE)) break;
  }
  return proofs;
}

test('every system call with random arguments', async (t) => {
  const random = new Random(seed());
  t.diagnostic(`OMO_SEED=${random.seed}`);
  const prover = kernelProver();
  const { machine } = prover;
  const numbers = [...SYSTEM_CALLS.map(({ number }) => BigInt(number)), 9999n, 1n << 40n];
  const proofs: Named[] = [];
  for (const number of numbers)
    for (let i = 0; i < DRAWS; i++) {
      const values = Array.from({ length: 7 }, () => argument(random));
      if (random.chance(0.6)) values.splice(0, 2, BigInt(random.below(9)), BigInt(DATA + random.below(8192)));
      restart(machine, BigInt(CODE));
      // A call before may have written over it.
      machine.write(CODE, bytesOf(ECALL));
      values.forEach((word, j) => {
        machine.setX(10 + j, word);
      });
      machine.setX(17, number);
      machine.set('callPhase', 0n);
      machine.set('callPosition', 0n);
      // A call may have made its thread wait, or another one the running one.
      for (const name of ['threadDeadline', 'idleThreads', 'leastDeadline']) machine.set(name, 0n);
      machine.set('preemptStep', NEVER);
      machine.setBytes('preimageKey', randomKey(random));
      machine.set('preimageOffset', BigInt(random.below(12)));
      proofs.push(...proveCall(prover, `call ${number}(${values.join(', ')})`));
    }
  await assertAccepted(evm, proofs);
});

test('memory calls that map, unmap and zero runs of pages, their own instruction among them', async () => {
  const [BRK, MUNMAP, MMAP, MADVISE] = [214n, 215n, 222n, 233n];
  const [PRIVATE_ANONYMOUS, FIXED, DONTNEED] = [0x22n, 0x10n, 4n];
  const page = (count: number) => BigInt(4096 * count);
  const at = BigInt(MMAP_START);
  const calls: readonly (readonly bigint[])[] = [
    [MMAP, 0n, page(1), 3n, PRIVATE_ANONYMOUS, -1n, 0n],
    [MMAP, at, page(700), 3n, PRIVATE_ANONYMOUS | FIXED, -1n, 0n],
    [MADVISE, at + page(1), page(2), DONTNEED],
    [MUNMAP, at + page(3), page(261)],
    [MUNMAP, at + page(256), page(256)],
    [BRK, BigInt(DATA + 16_384) + page(9) + 5n],
    [BRK, BigInt(DATA + 16_384) + 1n],
    [MUNMAP, BigInt(CODE), page(1)],
    [MMAP, BigInt(CODE) - page(3), page(16), 3n, PRIVATE_ANONYMOUS | FIXED, -1n, 0n],
  ];
  const proofs: Named[] = [];
  for (const [number = 0n, ...args] of calls) {
    const prover = kernelProver();
    const { machine } = prover;
    machine.setX(17, number);
    args.forEach((arg, i) => {
      machine.setX(10 + i, BigInt.asUintN(64, arg));
    });
    proofs.push(...proveCall(prover, `call ${number}(${args.join(', ')})`));
  }
  const zeroed = proofs.filter(({ made }) => made.record.zeroed);
  const sizes = new Set(zeroed.map(({ made }) => made.record.zeroed?.log2Pages));
  assert.ok(sizes.size > 5, `runs of pages zeroed: ${[...sizes]}`);
  const own = (address: number, log2Pages: number) => address <= CODE && CODE < address + 4096 * 2 ** log2Pages;
  assert.ok(
    zeroed.some(({ made: { record } }) => record.zeroed && own(record.zeroed.address, record.zeroed.log2Pages)),
  );
  assert.ok(
    proofs.some(({ made }) => made.record.zeroed),
    'no call zeroed pages',
  );
  await assertAccepted(evm, proofs);
});

test('reads of every preimage and input at every interesting offset', async () => {
  const prover = kernelProver();
  const { machine } = prover;
  const proofs: Named[] = [];
  const keys = [...PREIMAGES.map(keyOf), ...[1, 2, 3, 4, 5, 6].map(localKey)];
  for (const [k, key] of keys.entries()) {
    const size = 8 + (PREIMAGES[k]?.length ?? 32);
    for (const offset of [0, 3, 7, 8, 9, 39, size - 33, size - 1, size].filter((each) => each >= 0 && each <= size)) {
      restart(machine, BigInt(CODE));
      machine.setX(17, READ);
      machine.setX(10, 5n);
      machine.setX(11, BigInt(DATA + ((7 * offset) % 64)));
      machine.setX(12, 64n);
      machine.setBytes('preimageKey', key);
      machine.set('preimageOffset', BigInt(offset));
      proofs.push({ name: `preimage of ${size - 8} bytes at ${offset}`, made: prover.step() });
    }
  }
  assert.ok(proofs.every(({ made }) => made.record.preimage));
  await assertAccepted(evm, proofs);
});

test('a preimage from the store: as good as the whole, and nothing without it', async () => {
  const prover = kernelProver();
  const { machine } = prover;
  const [preimage, offset] = [PREIMAGES[9]!, 100];
  machine.setBytes('preimageKey', keyOf(preimage));
  machine.set('preimageOffset', BigInt(offset));
  machine.setX(17, READ);
  machine.setX(10, 5n);
  machine.setX(11, BigInt(DATA));
  machine.setX(12, 32n);
  const { pre, post, proof } = prover.step();
  const stored = encodeStepProof({ ...decodeStepProof(proof), preimage: { kind: 'stored' } });
  assert.equal(verifyStepProof(pre, stored, preimage).post, post);
  assert.throws(() => verifyStepProof(pre, stored), { code: 'PROOF_PREIMAGE' });
  assert.throws(() => verifyStepProof(pre, stored, PREIMAGES[8]!), { code: 'PROOF_PREIMAGE' });
  const [missing] = await evm.steps([{ pre, proof: stored }]);
  assert.ok(!missing!.ok && missing!.data.startsWith(preimageStoreInterface().getError('UnknownPart')!.selector));
  const store = new Contract(evm.addresses.store, preimageStoreInterface(), evm.signer);
  await (await store.getFunction('store')(preimage, offset)).wait();
  const [found] = await evm.steps([{ pre, proof: stored }]);
  assert.equal(found!.ok ? found!.data : errorName(found!.data), post);
});

test('a program that walks a state trie, every system call of it and every 997th step', async () => {
  const block = readBlock(readFileSync(`${ROOT}traces/blocks/accounts.json`), 'accounts.json');
  const inputs = blockInputs(block);
  const host = createHost({ inputs, sources: [blockSource(block, 'block')] });
  const { address, balance, nonce } = accounts()[3] ?? assert.fail();
  const { machine } = loadProgram(readFileSync(`${ROOT}guests/account/account.elf`), {
    args: [address, `${balance}`, `${nonce}`],
  });
  const prover = new Prover(machine, host, inputs);
  const engine = new Engine(machine, host);
  const code = Array.from({ length: 0x1_0000 / 2 }, (_, i) => 0x1_0000 + 2 * i);
  engine.setBreakpoints(code.filter((at) => machine.view.getUint32(at, true) === ECALL));
  const proofs: Named[] = [];
  while (machine.get('status') === BigInt(STATUS.running)) {
    engine.run(machine.get('step') + 997n);
    proofs.push({ name: `step ${machine.get('step')}`, made: prover.step() });
  }
  assert.equal(machine.get('status'), BigInt(STATUS.valid));
  assert.ok(proofs.filter(({ made }) => made.record.preimage).length > 10, 'few preimages were read');
  // One past the halt: a halted machine stays as it is.
  proofs.push({ name: 'halted', made: prover.step() });
  await assertAccepted(evm, proofs);
});
