// Keccak-f[1600] (FIPS 202, section 3) as emitted WebAssembly, over lanes of any kind: plain 64-bit integers (one state),
// or the two halves of a v128 (two states at once).
//
// Two rounds are unrolled in a loop of twelve: the first reads lanes `a` and writes lanes `e`, the second goes back, so no
// lane is ever copied. Measured: more unrolling gains nothing up to eight rounds and loses a third from twelve on.
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import { Load, Op, Simd, SimdMemory, ValueType } from '../wasm/opcodes.ts';

/** Lanes of a Keccak state: lane (x, y) is number x + 5 y. */
export const LANES = 25;
/** Bytes of a whole state. */
export const STATE_BYTES = 200;
/** Rate of keccak256: bytes absorbed by one permutation. */
export const RATE_BYTES = 136;

const ROUNDS_PER_PASS = 2;

/** Constants of step iota, one a round. */
export const ROUND_CONSTANTS: readonly bigint[] = [
  0x0000000000000001n,
  0x0000000000008082n,
  0x800000000000808an,
  0x8000000080008000n,
  0x000000000000808bn,
  0x0000000080000001n,
  0x8000000080008081n,
  0x8000000000008009n,
  0x000000000000008an,
  0x0000000000000088n,
  0x0000000080008009n,
  0x000000008000000an,
  0x000000008000808bn,
  0x800000000000008bn,
  0x8000000000008089n,
  0x8000000000008003n,
  0x8000000000008002n,
  0x8000000000000080n,
  0x000000000000800an,
  0x800000008000000an,
  0x8000000080008081n,
  0x8000000000008080n,
  0x0000000080000001n,
  0x8000000080008008n,
];

/** Rotation of each lane in step rho, in bits. */
export const ROTATIONS: readonly number[] = [
  ...[0, 1, 62, 28, 27],
  ...[36, 44, 6, 55, 20],
  ...[3, 10, 43, 25, 39],
  ...[41, 45, 15, 21, 8],
  ...[18, 2, 61, 56, 14],
];

/** Bytes of the round constants in memory: little-endian, for a data segment that `emitPermutation` reads. */
export function roundConstantBytes(): Uint8Array {
  return new Uint8Array(BigUint64Array.from(ROUND_CONSTANTS).buffer);
}

/** How operations on lanes are emitted. Operands are on the stack; `scratch` is a local of the lane's type. */
export interface LaneCode {
  readonly type: ValueType;
  xor(code: CodeBuilder): void;
  /** x & ~y. */
  andNot(code: CodeBuilder): void;
  rotateLeft(code: CodeBuilder, bits: number, scratch: number): void;
  /** Pushes the 64-bit constant at (address on the stack) + offset in every state. */
  loadConstant(code: CodeBuilder, offset: number): void;
}

/** One state. */
export const scalarLanes: LaneCode = {
  type: ValueType.i64,
  xor: (code) => void code.op(Op.i64Xor),
  andNot: (code) => void code.i64Const(-1).op(Op.i64Xor).op(Op.i64And),
  rotateLeft: (code, bits) => void code.i64Const(bits).op(Op.i64Rotl),
  loadConstant: (code, offset) => void code.load(Load.i64, offset, 3),
};

/** Two states side by side. */
export const pairedLanes: LaneCode = {
  type: ValueType.v128,
  xor: (code) => void code.simd(Simd.v128Xor),
  andNot: (code) => void code.simd(Simd.v128Andnot),
  rotateLeft: (code, bits, scratch) => {
    code.localTee(scratch).i32Const(bits).simd(Simd.i64x2Shl);
    code
      .localGet(scratch)
      .i32Const(64 - bits)
      .simd(Simd.i64x2ShrU)
      .simd(Simd.v128Or);
  },
  loadConstant: (code, offset) => void code.simdMemory(SimdMemory.v128Load64Splat, offset, 3),
};

/** `count` new locals for lanes. */
export function laneLocals(code: CodeBuilder, lanes: LaneCode, count: number): number[] {
  return Array.from({ length: count }, () => code.local(lanes.type));
}

/**
 * Emits the permutation of the 25 locals `state`, in place. Call once a function: it takes 42 locals of its own.
 * @param constantsAddress where `roundConstantBytes` are in memory
 */
export function emitPermutation(
  code: CodeBuilder,
  lanes: LaneCode,
  state: readonly number[],
  constantsAddress: number,
): void {
  const other = laneLocals(code, lanes, LANES);
  const scratch = {
    parity: laneLocals(code, lanes, 5),
    effect: laneLocals(code, lanes, 5),
    row: laneLocals(code, lanes, 5),
    rotated: code.local(lanes.type),
  };
  const offset = code.local(ValueType.i32);
  code.i32Const(0).localSet(offset);
  const again = code.loop();
  for (let i = 0; i < ROUNDS_PER_PASS; i++) {
    const [from, to] = i % 2 === 0 ? [state, other] : [other, state];
    emitRound(code, lanes, from, to, scratch);
    code.localGet(offset);
    lanes.loadConstant(code, constantsAddress + 8 * i);
    code.localGet(to[0] as number);
    lanes.xor(code);
    code.localSet(to[0] as number);
  }
  code
    .localGet(offset)
    .i32Const(8 * ROUNDS_PER_PASS)
    .op(Op.i32Add)
    .localTee(offset);
  code
    .i32Const(8 * ROUND_CONSTANTS.length)
    .op(Op.i32Ne)
    .brIf(again)
    .end();
}

interface RoundScratch {
  readonly parity: readonly number[];
  readonly effect: readonly number[];
  readonly row: readonly number[];
  readonly rotated: number;
}

/** Steps theta, rho, pi, chi from lanes `a` to lanes `e`. */
function emitRound(
  code: CodeBuilder,
  lanes: LaneCode,
  a: readonly number[],
  e: readonly number[],
  { parity, effect, row, rotated }: RoundScratch,
): void {
  const get = (locals: readonly number[], index: number) => code.localGet(locals[index] as number);
  const set = (locals: readonly number[], index: number) => code.localSet(locals[index] as number);
  const rotate = (bits: number) => {
    if (bits > 0) lanes.rotateLeft(code, bits, rotated);
  };
  for (let x = 0; x < 5; x++) {
    get(a, x);
    for (let y = 1; y < 5; y++) {
      get(a, x + 5 * y);
      lanes.xor(code);
    }
    set(parity, x);
  }
  for (let x = 0; x < 5; x++) {
    get(parity, (x + 1) % 5);
    rotate(1);
    get(parity, (x + 4) % 5);
    lanes.xor(code);
    set(effect, x);
  }
  for (let y = 0; y < 5; y++) {
    // Pi moves lane (sx, sy) to (sy, 2 sx + 3 sy): row y takes, at x, the lane with sy = x and sx = 3 (y - 3 x) mod 5.
    for (let x = 0; x < 5; x++) {
      const source = (3 * (y + 12 * x)) % 5;
      get(a, source + 5 * x);
      get(effect, source);
      lanes.xor(code);
      rotate(ROTATIONS[source + 5 * x] as number);
      set(row, x);
    }
    for (let x = 0; x < 5; x++) {
      get(row, x);
      get(row, (x + 2) % 5);
      get(row, (x + 1) % 5);
      lanes.andNot(code);
      lanes.xor(code);
      set(e, x + 5 * y);
    }
  }
}
