// Subroutines in all three readings: evaluated, as functions of a WebAssembly module, as Yul functions of a contract.

import { Builder } from '../../src/semantics/builder.ts';
import { defineSubroutines } from '../../src/semantics/emitWasmSubroutines.ts';
import { emitWideDivision, WIDE_DIVISION } from '../../src/semantics/emitWasmWide.ts';
import { evaluate, type Hart } from '../../src/semantics/evaluate.ts';
import type { Width } from '../../src/semantics/operators.ts';
import type { Subroutine, Value } from '../../src/semantics/program.ts';
import { SCRATCH_ADDRESS, SCRATCH_WORDS, WORD_BYTES } from '../../src/semantics/solidityFrame.ts';
import { runtimeFor } from '../../src/semantics/solidityRuntime.ts';
import { SubroutineFunctions } from '../../src/semantics/soliditySubroutines.ts';
import { ModuleBuilder } from '../../src/wasm/moduleBuilder.ts';

/** A subroutine, called: words of the widths of its parameters, and of its results. */
export interface Call {
  readonly subroutine: Subroutine;
  readonly args: readonly bigint[];
}

/** The results, by the definition of their meaning: in a program that passes words of 128 bits as two fields. */
export function evaluateCall({ subroutine, args }: Call): readonly bigint[] {
  const h = new Builder();
  const wide = (low: Value, high: Value): Value => h.or(h.zext(low, 128), h.shl(h.zext(high, 128), 64));
  const parameters = subroutine.parameters.map(({ width }, i) =>
    width === 128 ? wide(h.field(`low${i}`), h.field(`high${i}`)) : h.trunc(h.field(`low${i}`), width),
  );
  for (const [i, result] of h.call(subroutine, ...parameters).entries()) {
    h.writeX(2 * i + 1, result.width === 128 ? h.trunc(result, 64) : h.zext(result, 64));
    if (result.width === 128) h.writeX(2 * i + 2, h.trunc(h.shrU(result, 64), 64));
  }
  const fields = args.flatMap((arg, i) => [
    [`low${i}`, BigInt.asUintN(64, arg)],
    [`high${i}`, arg >> 64n],
  ]);
  const x = new Map<number, bigint>();
  const hart = { writeRegister: (_: string, number: number, value: bigint) => void x.set(number, value) };
  evaluate(h.finish(), Object.fromEntries(fields), hart as unknown as Hart);
  return subroutine.results.map((_, i) => (x.get(2 * i + 1) ?? 0n) | ((x.get(2 * i + 2) ?? 0n) << 64n));
}

/** Calls subroutines in WebAssembly. */
export function wasmCalls(subroutines: readonly Subroutine[]): (call: Call) => readonly bigint[] {
  const module = new ModuleBuilder();
  let division: number | undefined;
  const wideDivision = (): number => {
    if (division === undefined) {
      const f = module.function(WIDE_DIVISION.parameters, WIDE_DIVISION.results);
      division = f.index;
      emitWideDivision(f.code);
    }
    return division;
  };
  const indexOf = defineSubroutines(module, wideDivision);
  const names = new Map(subroutines.map((each, i) => [each, `f${i}`]));
  for (const [each, name] of names) module.export(name, 'function', indexOf(each));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
  return ({ subroutine, args }) => {
    const f = exports[names.get(subroutine) ?? ''] as (...args: (bigint | number)[]) => unknown;
    const words = subroutine.parameters.flatMap(({ width }, i) => toWasm(args[i] ?? 0n, width));
    return fromWasm(
      [f(...words)].flat() as (bigint | number)[],
      subroutine.results.map(({ width }) => width),
    );
  };
}

/** A word of 128 bits is two i64, the low one first; of up to 32 bits an i32. */
function toWasm(word: bigint, width: Width): (bigint | number)[] {
  if (width === 128) return [BigInt.asIntN(64, word), BigInt.asIntN(64, word >> 64n)];
  return [width === 64 ? BigInt.asIntN(64, word) : Number(BigInt.asIntN(32, word))];
}

function fromWasm(words: readonly (bigint | number)[], widths: readonly Width[]): bigint[] {
  const rest = [...words];
  const next = (): bigint => {
    const word = rest.shift() ?? 0n;
    return typeof word === 'bigint' ? BigInt.asUintN(64, word) : BigInt(word >>> 0);
  };
  return widths.map((width) => (width === 128 ? next() | (next() << 64n) : next()));
}

const OUTPUT = SCRATCH_ADDRESS + SCRATCH_WORDS * WORD_BYTES;

/**
 * A contract of subroutines. Its calldata are calls: the number of a subroutine in the list, then its arguments, each a word
 * of 32 bytes. It returns all their results, each such a word.
 */
export function contractOf(subroutines: readonly Subroutine[]): string {
  const functions = new SubroutineFunctions();
  const cases = subroutines.map((each, number) => {
    const args = each.parameters.map((_, i) => `calldataload(add(p, ${WORD_BYTES * (i + 1)}))`);
    const results = each.results.map((_, i) => `a${i}`);
    const stores = results.map((result, i) => `mstore(add(out, ${WORD_BYTES * i}), ${result})`);
    return `case ${number} {
  let ${results.join(', ')} := ${functions.name(each)}(${args.join(', ')})
  ${stores.join(' ')}
  out := add(out, ${WORD_BYTES * results.length}) p := add(p, ${WORD_BYTES * (args.length + 1)})
}`;
  });
  const main = `if gt(mload(0x40), ${SCRATCH_ADDRESS}) { invalid() }
let out := ${OUTPUT}
for { let p := 0 } lt(p, calldatasize()) { } {
switch calldataload(p)
${cases.join('\n')}
default { invalid() }
}
return(${OUTPUT}, sub(out, ${OUTPUT}))`;
  const text = functions.text();
  return `// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;
uint256 constant M64 = 0xffffffffffffffff;
uint256 constant M128 = 0xffffffffffffffffffffffffffffffff;
contract Subroutines {
    fallback() external {
        assembly ("memory-safe") {
${text}
${runtimeFor(text, () => '0')}
${main}
        }
    }
}
`;
}

const word = (value: bigint): string => value.toString(16).padStart(2 * WORD_BYTES, '0');

/** Calldata for such a contract. */
export function encodeCalls(subroutines: readonly Subroutine[], calls: readonly Call[]): string {
  const texts = calls.map(({ subroutine, args }) =>
    [BigInt(subroutines.indexOf(subroutine)), ...args].map(word).join(''),
  );
  return `0x${texts.join('')}`;
}

/** What it returned. */
export function decodeResults(calls: readonly Call[], data: string): readonly (readonly bigint[])[] {
  let at = 2;
  return calls.map(({ subroutine }) =>
    subroutine.results.map(() => {
      const value = BigInt(`0x${data.slice(at, at + 2 * WORD_BYTES)}`);
      at += 2 * WORD_BYTES;
      return value;
    }),
  );
}
