// Every operator at every width as Solidity has it, executed in an EVM, against applyOperator: on edge values and random
// ones, with clean operands and with operands that have anything above their width.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bigintToBytes, bytesToBigint, concat, hexToBytes } from '../../src/bytes.ts';
import { startEmbeddedL1 } from '../../src/chain/embeddedL1.ts';
import {
  applyOperator,
  BINARY,
  COMPARE,
  mask,
  type Operator,
  UNARY,
  type Width,
} from '../../src/semantics/operators.ts';
import { cleanText, yulOperator } from '../../src/semantics/solidityExpression.ts';
import { runtimeFor } from '../../src/semantics/solidityRuntime.ts';
import { deploySource } from '../contracts/evm.ts';
import { Random, seed } from '../engine/randomCode.ts';

const WIDTHS: readonly Width[] = [1, 8, 16, 32, 64, 128];
const RECORD_BYTES = 128;
const BATCH = 3000;

/** One operator on operands of these widths. */
interface Case {
  readonly operator: Operator;
  readonly widths: readonly Width[];
  readonly result: Width;
  /** The operands have anything above their width, and the expression knows. */
  readonly raw: boolean;
}

function allCases(): Case[] {
  const cases: Omit<Case, 'raw'>[] = [];
  for (const width of WIDTHS) {
    for (const operator of BINARY) cases.push({ operator, widths: [width, width], result: width });
    for (const operator of COMPARE) cases.push({ operator, widths: [width, width], result: 1 });
    for (const operator of UNARY) cases.push({ operator, widths: [width], result: width });
    cases.push({ operator: 'select', widths: [1, width, width], result: width });
    for (const other of WIDTHS)
      if (other > width)
        cases.push(
          { operator: 'zext', widths: [width], result: other },
          { operator: 'sext', widths: [width], result: other },
          { operator: 'trunc', widths: [other], result: width },
        );
  }
  return cases.flatMap((each) => [
    { ...each, raw: false },
    { ...each, raw: true },
  ]);
}

/** A contract that takes records (number of a case, three operands) and returns the results, 32 bytes each. */
function source(cases: readonly Case[]): string {
  const functions = cases.map(({ operator, widths, result, raw }, i) => {
    const args = widths.map((_, k) => ({ text: `abc`[k] as string, clean: !raw }));
    const value = yulOperator(operator, args, widths.at(-1) as Width, result);
    return `function case${i}(a, b, c) -> r { r := ${cleanText(value, result)} }`;
  });
  const text = functions.join('\n');
  return `pragma solidity 0.8.37;
uint256 constant M64 = ${mask(64)};
uint256 constant M128 = ${mask(128)};
contract Operators {
  fallback() external {
    assembly {
      ${text}
      ${runtimeFor(text, () => '0')}
      let to := 0x1000
      for { let p := 0 } lt(p, calldatasize()) { p := add(p, ${RECORD_BYTES}) } {
        let a := calldataload(add(p, 32)) let b := calldataload(add(p, 64)) let c := calldataload(add(p, 96))
        switch calldataload(p)
        ${cases.map((_, i) => `case ${i} { mstore(to, case${i}(a, b, c)) }`).join('\n        ')}
        to := add(to, 32)
      }
      return(0x1000, sub(to, 0x1000))
    }
  }
}`;
}

function operands(width: Width, random: Random): bigint[] {
  const top = 1n << BigInt(width - 1);
  const edges = [
    0n,
    1n,
    2n,
    3n,
    top - 1n,
    top,
    top + 1n,
    mask(width) - 1n,
    mask(width),
    BigInt(width),
    BigInt(width) - 1n,
  ];
  const wide = () => (random.word64() << 64n) | random.word64();
  return [...new Set([...edges, wide(), wide() >> 17n].map((value) => BigInt.asUintN(width, value)))];
}

interface Drawn {
  readonly case: number;
  readonly args: readonly bigint[];
}

function draw(cases: readonly Case[], random: Random): Drawn[] {
  const drawn: Drawn[] = [];
  for (const [i, { widths }] of cases.entries()) {
    const lists = widths.map((width) => operands(width, random));
    const tuples = lists.reduce<bigint[][]>(
      (all, list) => all.flatMap((head) => list.map((each) => [...head, each])),
      [[]],
    );
    for (const args of tuples) drawn.push({ case: i, args });
  }
  return drawn;
}

function record({ case: i, args }: Drawn, cases: readonly Case[], random: Random): Uint8Array {
  const { widths, raw } = cases[i]!;
  const words = [0, 1, 2].map((k) => {
    const upper = raw && k < args.length ? (random.word64() << 192n) | (random.word64() << BigInt(widths[k]!)) : 0n;
    const above = (upper >> BigInt(widths[k] ?? 0)) << BigInt(widths[k] ?? 0);
    return bigintToBytes(BigInt.asUintN(256, above | (args[k] ?? 0n)), 32);
  });
  return concat([bigintToBytes(BigInt(i), 32), ...words]);
}

test('every operator at every width is the same in the EVM', async (t) => {
  const random = new Random(seed());
  t.diagnostic(`seed ${random.seed}`);
  const cases = allCases();
  const drawn = draw(cases, random);
  const l1 = await startEmbeddedL1();
  try {
    const [address] = await deploySource(
      await l1.signer(0),
      new URL('Operators.sol', import.meta.url),
      'Operators',
      source(cases),
    );
    for (let from = 0; from < drawn.length; from += BATCH) {
      const batch = drawn.slice(from, from + BATCH);
      const data = `0x${Buffer.concat(batch.map((each) => record(each, cases, random))).toString('hex')}`;
      const answer = await l1.provider.call({ to: address, data });
      const results = hexToBytes(answer, { what: 'results', bytes: 32 * batch.length });
      for (const [k, { case: i, args }] of batch.entries()) {
        const { operator, widths, result, raw } = cases[i]!;
        const expected = applyOperator(operator, args, widths.at(-1)!, result);
        const found = bytesToBigint(results.subarray(32 * k, 32 * k + 32));
        assert.equal(found, expected, `${operator} of widths ${widths} to ${result} on ${args}${raw ? ', raw' : ''}`);
      }
    }
  } finally {
    l1.stop();
  }
});
