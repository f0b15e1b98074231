// Subroutines are the same function in all three readings (evaluated, WebAssembly, a contract in an EVM): three whose
// results BigInt arithmetic knows too, and random ones.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Provider } from 'ethers';
import { startEmbeddedL1 } from '../../src/chain/embeddedL1.ts';
import { InvariantError } from '../../src/invariant.ts';
import type { Width } from '../../src/semantics/operators.ts';
import type { Subroutine } from '../../src/semantics/program.ts';
import { subroutine } from '../../src/semantics/subroutine.ts';
import { Random } from '../commitment/random.ts';
import { deploySource } from '../contracts/evm.ts';
import { randomSubroutine } from './randomSubroutine.ts';
import { type Call, contractOf, decodeResults, encodeCalls, evaluateCall, wasmCalls } from './readings.ts';

const M64 = (1n << 64n) - 1n;
const M128 = (1n << 128n) - 1n;
/** Calls in one eth_call. */
const BATCH = 1500;

let l1: Awaited<ReturnType<typeof startEmbeddedL1>>;
before(async () => {
  l1 = await startEmbeddedL1();
});
after(() => l1.stop());

/** Results of calls of the subroutines of one contract. */
async function evmResults(subroutines: readonly Subroutine[], calls: readonly Call[]) {
  const source = contractOf(subroutines);
  const [to] = await deploySource(
    await l1.signer(0),
    new URL('Subroutines.sol', import.meta.url),
    'Subroutines',
    source,
  );
  const results: (readonly bigint[])[] = [];
  for (let i = 0; i < calls.length; i += BATCH) {
    const batch = calls.slice(i, i + BATCH);
    const data = await (l1.provider as Provider).call({ to, data: encodeCalls(subroutines, batch) });
    results.push(...decodeResults(batch, data));
  }
  return results;
}

/** Asserts that all readings give the same, and `known` if it is given. */
async function agree(calls: readonly Call[], known?: (call: Call) => readonly bigint[]): Promise<void> {
  const subroutines = [...new Set(calls.map(({ subroutine }) => subroutine))];
  const inWasm = wasmCalls(subroutines);
  const inEvm = await evmResults(subroutines, calls);
  for (const [i, call] of calls.entries()) {
    const what = `${call.subroutine.name}(${call.args.map((arg) => `0x${arg.toString(16)}`).join(', ')})`;
    const evaluated = evaluateCall(call);
    if (known) assert.deepEqual(evaluated, known(call), what);
    assert.deepEqual(inWasm(call), evaluated, `${what} in WebAssembly`);
    assert.deepEqual(inEvm[i], evaluated, `${what} in the EVM`);
  }
}

function edges(width: Width): bigint[] {
  const top = 1n << BigInt(width);
  const all = [
    0n,
    1n,
    2n,
    top / 2n - 1n,
    top / 2n,
    top / 2n + 1n,
    top - 2n,
    top - 1n,
    BigInt(width),
    BigInt(width) - 1n,
  ];
  const mixed = [7n, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210n, M64, 1n << 64n, M64 << 3n];
  return [...new Set([...all, ...mixed].map((value) => BigInt.asUintN(width, value)))];
}

function drawWord(width: Width, random: Random): bigint {
  if (random.below(3) === 0) return random.pick(edges(width));
  const bits = [...random.bytes(16)].reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return BigInt.asUintN(width, bits >> BigInt(random.below(width)));
}

/** `count` calls on drawn arguments. */
function drawCalls(called: Subroutine, count: number, random: Random): Call[] {
  return Array.from({ length: count }, () => ({
    subroutine: called,
    args: called.parameters.map(({ width }) => drawWord(width, random)),
  }));
}

/** a x b + c as two words of 64 bits. */
const multiplyAdd = subroutine('multiplyAdd', [64, 64, 64, 64], (h, a, b, c, d) => {
  const product = h.mul(h.zext(a, 128), h.zext(b, 128));
  const sum = h.add(h.add(product, h.zext(c, 128)), h.zext(d, 128));
  return [h.trunc(h.shrU(sum, 64), 64), h.trunc(sum, 64)];
});

/** The 256 bits of a product of 128-bit words: four calls, one upon the results of the other. */
const multiplyWide = subroutine('multiplyWide', [128, 128], (h, a, b) => {
  const halves = (value: typeof a) => [h.trunc(h.shrU(value, 64), 64), h.trunc(value, 64)] as const;
  const [a1, a0] = halves(a);
  const [b1, b0] = halves(b);
  const zero = h.constant(0);
  const call = (...args: (typeof a)[]) => h.call(multiplyAdd, ...args) as [typeof a, typeof a];
  const [carry0, r0] = call(a0, b0, zero, zero);
  const [carry1, middle] = call(a1, b0, carry0, zero);
  const [carry2, r1] = call(a0, b1, middle, zero);
  const [r3, r2] = call(a1, b1, carry1, carry2);
  const join = (high: typeof a, low: typeof a) => h.or(h.shl(h.zext(high, 128), 64), h.zext(low, 128));
  return [join(r3, r2), join(r1, r0)];
});

/** The sum of all a[i] x a[j], i < j, of eight 128-bit parameters, and twelve products that are all used twice, late. */
const pairs = subroutine('pairs', [128, 128, 128, 128, 128, 128, 128, 128], (h, ...a) => {
  const products = a.flatMap((x, i) => a.slice(i + 1).map((y) => h.mul(x, y)));
  const sum = products.reduce((total, each) => h.add(total, each));
  const mixed = products.reduceRight((total, each) => h.xor(h.add(total, 1), each));
  return [sum, mixed];
});

/** Integer square root of 128 bits, and whether it is exact: a loop, a branch, variables of 128 and 64 bits. */
const squareRoot = subroutine('squareRoot', [128], (h, a) => {
  const rest = h.variable(a);
  const root = h.variable(h.constant(0, 128));
  const steps = h.variable(h.constant(0));
  h.repeat(64, (i) => {
    const bit = h.shl(h.constant(1, 128), h.zext(h.shl(h.sub(h.constant(63), i), 1), 128));
    const trial = h.add(h.get(root), bit);
    const fits = h.not(h.ltU(h.get(rest), trial));
    h.set(root, h.shrU(h.get(root), 1));
    h.when(fits, () => {
      h.set(rest, h.sub(h.get(rest), trial));
      h.set(root, h.add(h.get(root), bit));
      h.set(steps, h.add(h.get(steps), 1));
    });
  });
  return [h.trunc(h.get(root), 64), h.eq(h.get(rest), 0), h.get(steps)];
});

describe('subroutines whose results are known otherwise', () => {
  const random = new Random('subroutines');

  it('a product of 128 by 128 bits, by nested calls', () =>
    agree(drawCalls(multiplyWide, 400, random), ({ args: [a = 0n, b = 0n] }) => [(a * b) >> 128n, (a * b) & M128]));

  it('28 products of eight wide parameters, more than the stack holds', () =>
    agree(drawCalls(pairs, 200, random), ({ args }) => {
      const products = args.flatMap((x, i) => args.slice(i + 1).map((y) => x * y));
      const sum = products.reduce((total, each) => total + each, 0n);
      const mixed = products.reduceRight((total, each) => BigInt.asUintN(128, (total + 1n) ^ each));
      return [sum & M128, mixed & M128];
    }));

  it('a square root, by a loop', () =>
    agree(drawCalls(squareRoot, 300, random), ({ args: [a = 0n] }) => {
      let root = 0n;
      for (let bit = 1n << 63n; bit > 0n; bit >>= 1n) if ((root + bit) ** 2n <= a) root += bit;
      return [root, root * root === a ? 1n : 0n, BigInt([...root.toString(2)].filter((digit) => digit === '1').length)];
    }));
});

describe('random subroutines', () => {
  it('give the same in all readings', async () => {
    const random = new Random('random subroutines');
    const layer = (name: string, callees: readonly Subroutine[]) =>
      Array.from({ length: 3 }, (_, i) => randomSubroutine(`${name}${i}`, random, callees));
    const leaves = layer('leaf', []);
    const middle = layer('middle', leaves);
    const top = layer('top', [...leaves, ...middle]);
    await agree([...leaves, ...middle, ...top].flatMap((each) => drawCalls(each, 60, random)));
  });
});

describe('a subroutine', () => {
  it('is refused if it reads or writes a machine, or ends a step', () => {
    const refused = (body: Parameters<typeof subroutine>[2], message: RegExp): void =>
      assert.throws(
        () => subroutine('impure', [64], body),
        (error) => error instanceof InvariantError && message.test(error.message),
      );
    refused((h) => [h.x(1)], /readRegister in subroutine impure/);
    refused((h, a) => [h.load(a, 8)], /in subroutine impure/);
    refused((h) => [h.state('fcsr')], /readState in subroutine impure/);
    refused((h, a) => {
      h.writeX(1, a);
      return [a];
    }, /writeRegister in subroutine impure/);
    refused((h, a) => {
      h.when(h.eq(a, 0), () => h.trap('illegalInstruction'));
      return [a];
    }, /trap in subroutine impure/);
    refused((h, a) => {
      h.jump(a);
      return [a];
    }, /subroutine impure ends a step/);
  });

  it('is called with arguments of its widths', () => {
    const narrow = (count: number) =>
      subroutine('narrow', [32], (h, a) => h.call(multiplyAdd, ...Array.from({ length: count }, () => a)));
    assert.throws(() => narrow(4), /argument 0 of multiplyAdd has width 32/);
    assert.throws(() => narrow(3), /multiplyAdd called with 3 arguments/);
  });
});
