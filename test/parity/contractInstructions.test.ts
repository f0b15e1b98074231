// Instructions in the contract: the vectors of every row, random instructions on random states, and words that are no
// instruction, each proven and executed by the verifier in an EVM. The state hash after the step is compared, which covers
// registers, memory and status; a proof with a leaf too many or too few is refused, which covers the accesses.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ISA } from '../../src/engine/profile.ts';
import { decode } from '../../src/isa/decode.ts';
import { REASON, STATUS } from '../../src/semantics/layout.ts';
import { Evm } from '../contracts/evm.ts';
import { assertAccepted, type Named, Prover } from '../contracts/prover.ts';
import {
  bytesOf,
  CODE,
  DATA,
  floatValue,
  makeMachine,
  Random,
  randomHalf,
  restart,
  seed,
  value,
  wordOf,
} from '../engine/randomCode.ts';
import { loadVectors, type Vector } from '../isa/vectors.ts';

const ILLEGAL_WORDS = 10_000;
/** Random draws of each row besides the vectors. */
const DRAWS = 30;

let evm: Evm;
before(async () => {
  evm = await Evm.start();
});
after(() => evm.stop());

/** Proves the step of a vector, on a machine whose memory is otherwise zero. */
function proveVector(prover: Prover, { before: start, step, skippedNanoseconds, text }: Vector): Named {
  const { machine } = prover;
  restart(machine, start.pc);
  start.x.forEach((word, i) => {
    machine.setX(i, word);
  });
  start.f.forEach((word, i) => {
    machine.setF(i, word);
  });
  machine.set('fcsr', start.fcsr);
  machine.set('step', step);
  machine.set('skippedNanoseconds', skippedNanoseconds);
  machine.set('reservationAddress', start.reservationAddress);
  machine.set('reservationWidth', start.reservationWidth);
  for (const { address, bytes } of start.memory) machine.write(address, bytes);
  const made = prover.step();
  for (const { address, bytes } of start.memory) machine.write(address, new Uint8Array(bytes.length));
  prover.clear(made);
  return { name: text, made };
}

test('the vectors of every row', async () => {
  const prover = new Prover();
  const vectors = loadVectors();
  for (let from = 0; from < vectors.length; from += 1000)
    await assertAccepted(
      evm,
      vectors.slice(from, from + 1000).map((vector) => proveVector(prover, vector)),
    );
});

/** A machine with random registers that point at interesting places, and random bytes there. */
function randomProver(random: Random): Prover {
  const prover = new Prover(makeMachine());
  const bytes = () => Uint8Array.from({ length: 4096 }, () => random.bits());
  for (const page of [CODE, DATA, DATA + 4096, DATA + 8192, 0x1_0000, 0xefff_f000]) prover.machine.write(page, bytes());
  return prover;
}

function randomStep(prover: Prover, random: Random, word: number): Named {
  const { machine } = prover;
  // In the middle of a leaf, across two, across two pages; rarely at the last address.
  const pc = random.chance(0.05) ? 0xf000_0000 - 2 * (1 + random.below(2)) : CODE + random.pick([8, 30, 4094, 62, 100]);
  restart(machine, BigInt(pc));
  for (let i = 1; i < 32; i++) machine.setX(i, value(random));
  for (let i = 0; i < 32; i++) machine.setF(i, floatValue(random));
  machine.set('fcsr', BigInt(random.below(256)));
  machine.set('reservationAddress', random.chance(0.5) ? machine.x(1 + random.below(31)) : value(random));
  machine.set('reservationWidth', random.pick([0n, 4n, 8n]));
  machine.set('step', random.word64() >> 20n);
  const code = bytesOf(word);
  machine.write(pc, code.subarray(0, 0xf000_0000 - pc));
  const made = prover.step();
  return { name: `word ${word.toString(16)} at ${pc.toString(16)}, ${made.record.executed.kind}`, made };
}

test('random instructions of every row on random states', async (t) => {
  const random = new Random(seed());
  t.diagnostic(`seed ${random.seed}`);
  const prover = randomProver(random);
  const proofs: Named[] = [];
  for (const row of ISA.rows.filter(({ systemCall }) => !systemCall))
    for (let i = 0; i < DRAWS; i++)
      proofs.push(
        randomStep(
          prover,
          random,
          wordOf(row, random, () => (random.chance(0.1) ? 0 : random.below(32))),
        ),
      );
  for (let i = 0; i < DRAWS * ISA.compressed.length; i++) proofs.push(randomStep(prover, random, randomHalf(random)));
  await assertAccepted(evm, proofs);
});

test('words that are no instruction', async (t) => {
  const random = new Random(seed());
  t.diagnostic(`seed ${random.seed}`);
  const prover = randomProver(random);
  let proofs: Named[] = [];
  for (let found = 0; found < ILLEGAL_WORDS; ) {
    // Words near to instructions, and any.
    const near = wordOf(random.pick(ISA.rows), random, () => random.below(32)) ^ (1 << random.below(32));
    const word = random.chance(0.2) ? random.bits() & 0xffff : (random.chance(0.5) ? near : random.bits()) >>> 0;
    const length = (word & 3) === 3 ? 4 : 2;
    if (decode(ISA, length === 2 ? word & 0xffff : word, length)) continue;
    found++;
    const { machine } = prover;
    restart(machine, BigInt(CODE + 8));
    machine.write(CODE + 8, bytesOf(word).slice(0, length));
    const made = prover.step();
    assert.equal(machine.get('status'), BigInt(STATUS.panic));
    assert.equal(machine.get('reason'), BigInt(REASON.illegalInstruction));
    proofs.push({ name: `word ${word.toString(16)}`, made });
    if (proofs.length < 1000 && found < ILLEGAL_WORDS) continue;
    await assertAccepted(evm, proofs);
    proofs = [];
  }
});
