// The text of instructions, where no objdump is installed to compare with: one example of each kind of operand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disassemble } from '../../src/isa/disassemble.ts';
import { RV64 } from '../../src/isa/riscv/rv64.ts';

const EXAMPLES: readonly [word: number, length: 2 | 4, text: string][] = [
  [0x00c58533, 4, 'add a0,a1,a2'],
  [0xff010113, 4, 'addi sp,sp,-16'],
  [0x02051513, 4, 'slli a0,a0,0x20'],
  [0xfffff537, 4, 'lui a0,0xfffff'],
  [0x00001517, 4, 'auipc a0,0x1'],
  [0xff853503, 4, 'ld a0,-8(a0)'],
  [0xfea5bc23, 4, 'sd a0,-8(a1)'],
  [0xfeb50ee3, 4, 'beq a0,a1,0x1fffc'],
  [0x800000ef, 4, 'jal ra,0xfffffffffff20000'],
  [0x00008067, 4, 'jalr zero,0(ra)'],
  [0x1405a52f, 4, 'lr.w.aq a0,(a1)'],
  [0x1ac5b52f, 4, 'sc.d.rl a0,a2,(a1)'],
  [0x06c5a52f, 4, 'amoadd.w.aqrl a0,a2,(a1)'],
  [0x0ff0000f, 4, 'fence iorw,iorw'],
  [0x0100000f, 4, 'fence w,unknown'],
  [0x0000100f, 4, 'fence.i'],
  [0xc0102573, 4, 'rdtime a0'],
  [0x00000073, 4, 'ecall'],
  [0x00053507, 4, 'fld fa0,0(a0)'],
  [0xfea5ae27, 4, 'fsw fa0,-4(a1)'],
  [0x00c5f553, 4, 'fadd.s fa0,fa1,fa2'],
  [0x02c59553, 4, 'fadd.d fa0,fa1,fa2,rtz'],
  [0x6ac5f543, 4, 'fmadd.d fa0,fa1,fa2,fa3'],
  [0x68c5d543, 4, 'fmadd.s fa0,fa1,fa2,fa3,unknown'],
  [0xc0051553, 4, 'fcvt.w.s a0,fa0,rtz'],
  [0x42058553, 4, 'fcvt.d.s fa0,fa1'],
  [0x4205f553, 4, 'fcvt.d.s fa0,fa1,dyn'],
  [0x20b58553, 4, 'fsgnj.s fa0,fa1,fa1'],
  [0xe0051553, 4, 'fclass.s a0,fa0'],
  [0x00302573, 4, 'csrrs a0,fcsr,zero'],
  [0x0021d073, 4, 'csrrwi zero,frm,3'],
  [0x2188, 2, 'c.fld fa0,0(a1)'],
  [0xa422, 2, 'c.fsdsp fs0,8(sp)'],
  [0x1141, 2, 'c.addi sp,-16'],
  [0x7179, 2, 'c.addi16sp sp,-48'],
  [0x0800, 2, 'c.addi4spn s0,sp,16'],
  [0x757d, 2, 'c.lui a0,0xfffff'],
  [0x60a2, 2, 'c.ldsp ra,8(sp)'],
  [0xbff5, 2, 'c.j 0x1fffc'],
  [0x8082, 2, 'c.jr ra'],
  [0x0000, 2, '.2byte 0x0'],
  [0xffffffff, 4, '.4byte 0xffffffff'],
];

test('instructions show as objdump shows them', () => {
  for (const [word, length, text] of EXAMPLES) assert.equal(disassemble(RV64, word, length, 0x20000n), text);
});
