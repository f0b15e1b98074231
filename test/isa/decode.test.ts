// Decoding by the tree finds the row that a search through the table finds, and no other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, decodeTrees, findRow, matches } from '../../src/isa/decode.ts';
import { RV64 } from '../../src/isa/riscv/rv64.ts';
import { Random } from '../commitment/random.ts';

const random = new Random('isa decode');
const { words, halves } = decodeTrees(RV64);

test('32-bit words: the tree finds the only row that matches', () => {
  for (const row of RV64.rows)
    for (let i = 0; i < 300; i++) {
      const flipped = i % 3 === 0 ? 0 : 1 << random.below(32);
      const word = ((row.match | (random.below(2 ** 32) & ~row.mask)) ^ flipped) >>> 0;
      const found = RV64.rows.filter((each) => matches(each, word));
      assert.ok(found.length <= 1);
      assert.equal(findRow(words, word), found[0], `word ${word.toString(16)}`);
    }
});

test('16-bit words: the tree finds the row with most fixed bits', () => {
  const fixed = (mask: number): number => mask.toString(2).replaceAll('0', '').length;
  for (let half = 0; half < 0x10000; half++) {
    const found = RV64.compressed.filter((each) => matches(each, half));
    found.sort((a, b) => fixed(b.mask) - fixed(a.mask));
    assert.equal(findRow(halves, half), found[0], `half-word ${half.toString(16)}`);
  }
});

test('fields are register numbers, unsigned words, and the length', () => {
  // addi sp,sp,-16 in both sizes; beq a0,a1,-4; jal ra,-1048576
  const addi = decode(RV64, 0xff010113, 4)!;
  assert.equal(addi.row.name, 'addi');
  assert.deepEqual(addi.fields, { rd: 2n, rs1: 2n, imm: 0xffff_ffff_ffff_fff0n, length: 4n });
  const short = decode(RV64, 0x1141, 2)!;
  assert.equal(short.compressed?.name, 'c.addi');
  assert.equal(short.word, 0xff010113);
  assert.deepEqual(short.fields, { ...addi.fields, length: 2n });
  const beq = decode(RV64, 0xfeb50ee3, 4)!;
  assert.deepEqual(beq.fields, { rs1: 10n, rs2: 11n, imm: 0xffff_ffff_ffff_fffcn, length: 4n });
  assert.deepEqual(decode(RV64, 0x800000ef, 4)!.fields, { rd: 1n, imm: 0xffff_ffff_fff0_0000n, length: 4n });
});

test('illegal: zeros, ones, reserved encodings, precisions and control registers that are not there', () => {
  assert.equal(decode(RV64, 0, 2), undefined);
  assert.equal(decode(RV64, 0, 4), undefined);
  assert.equal(decode(RV64, 0xffffffff, 4), undefined);
  assert.equal(decode(RV64, 0x8002, 2), undefined, 'c.jr of x0');
  assert.equal(decode(RV64, 0x00051507, 4), undefined, 'flh');
  assert.equal(decode(RV64, 0x00054507, 4), undefined, 'flq');
  assert.equal(decode(RV64, 0x04c58553, 4), undefined, 'fadd.h');
  assert.equal(decode(RV64, 0x06c58553, 4), undefined, 'fadd.q');
  assert.equal(decode(RV64, 0x58158553, 4), undefined, 'fsqrt.s with rs2 = 1');
  assert.equal(decode(RV64, 0x28c5b553, 4), undefined, 'fmin.s with funct3 = 3');
  assert.equal(decode(RV64, 0x40058553, 4), undefined, 'fcvt.s.s');
  assert.equal(decode(RV64, 0xc0458553, 4), undefined, 'fcvt to a fifth integer');
  assert.equal(decode(RV64, 0x00459573, 4), undefined, 'csrrw of the CSR after fcsr');
  assert.equal(decode(RV64, 0xc0001073, 4), undefined, 'a write to cycle');
  assert.equal(decode(RV64, 0x02000013 | (1 << 12) | (1 << 26), 4), undefined, 'slli by 64 and more');
});

test('only the low 16 bits of a short instruction are looked at', () => {
  assert.deepEqual(decode(RV64, 0xabcd1141, 2), decode(RV64, 0x1141, 2));
});
