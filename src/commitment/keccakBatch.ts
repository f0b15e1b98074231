// Batch hashing as emitted WebAssembly: a list of jobs, each a few u32 addresses, run two at a time in the halves of v128
// lanes. Nothing is copied to be hashed.
//
// A message may be hashed by two functions: one leaves the state after the first blocks in memory, the other goes on from
// there. Messages that begin alike share the first.
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import { Load, Op, Simd, SimdMemory, SimdMemoryLane, ValueType } from '../wasm/opcodes.ts';
import { emitPermutation, LANES, laneLocals, pairedLanes, RATE_BYTES } from './keccakPermutation.ts';

const LANE_BYTES = 8;
const RATE_LANES = RATE_BYTES / LANE_BYTES;
const HASH_LANES = 4;
const { i32 } = ValueType;

/** A piece of a message: `bytes` bytes at the address in word `word` of the job. All but the last are multiples of 8. */
export interface Segment {
  readonly word: number;
  readonly bytes: number;
}

/** A batch function of the module. Its parameters are the address of the jobs and their count (at least 1). */
export interface BatchFunction {
  readonly name: string;
  /** u32 words of a job. */
  readonly jobWords: number;
  /** The message. Up to 7 bytes behind its end are read, and ignored. */
  readonly message: readonly Segment[];
  /** Blocks to absorb, from `first` on, up to but without `end`; by default all of them, padding included. */
  readonly blocks?: { readonly first: number; readonly end: number };
  /** Word with the address of the 200-byte state to go on from; without it the state starts as zero. */
  readonly stateWord?: number;
  /** Word with the address of the result: the 32-byte hash, or the 200-byte state. */
  readonly result: { readonly word: number; readonly kind: 'hash' | 'state' };
}

/** Where one lane of a block comes from: 1 to 8 bytes of the message, padding bits, or both. */
interface LanePlan {
  readonly lane: number;
  readonly source?: { readonly word: number; readonly offset: number; readonly bytes: number };
  readonly padding: bigint;
}

/** The lanes of every block of the padded message (pad10*1 with the domain bit of keccak256: 0x01 ... 0x80). */
function planBlocks(message: readonly Segment[]): LanePlan[][] {
  const plans: LanePlan[] = [];
  let length = 0;
  for (const { word, bytes } of message) {
    if (length % LANE_BYTES !== 0) throw new RangeError('only the last segment may end inside a lane');
    for (let offset = 0; offset < bytes; offset += LANE_BYTES) {
      const lane = (length + offset) / LANE_BYTES;
      plans[lane] = { lane, source: { word, offset, bytes: Math.min(LANE_BYTES, bytes - offset) }, padding: 0n };
    }
    length += bytes;
  }
  const blockCount = Math.floor(length / RATE_BYTES) + 1;
  pad(plans, Math.floor(length / LANE_BYTES), 1n << BigInt(8 * (length % LANE_BYTES)));
  pad(plans, blockCount * RATE_LANES - 1, 1n << 63n);
  const blocks: LanePlan[][] = Array.from({ length: blockCount }, () => []);
  for (const plan of plans.filter((p) => p !== undefined))
    blocks[Math.floor(plan.lane / RATE_LANES)]?.push({ ...plan, lane: plan.lane % RATE_LANES });
  return blocks;
}

function pad(plans: LanePlan[], lane: number, bits: bigint): void {
  const plan = plans[lane] ?? { lane, padding: 0n };
  plans[lane] = { ...plan, padding: plan.padding | bits };
}

/** A local of each of the two jobs of a turn. */
type Pair = readonly [first: number, second: number];

/** Emits batch(jobs, count), count at least 1: two jobs a turn, the last of an odd count beside itself. */
export function emitBatch(code: CodeBuilder, batch: BatchFunction, constantsAddress: number): void {
  const [job, count] = [0, 1];
  const second = code.local(i32);
  const block = code.local(i32);
  const words = Array.from({ length: batch.jobWords }, (): Pair => [code.local(i32), code.local(i32)]);
  const word = (index: number) => words[index] as Pair;
  const state = laneLocals(code, pairedLanes, LANES);
  const plans = planBlocks(batch.message);
  const { first, end } = batch.blocks ?? { first: 0, end: plans.length };
  const jobBytes = 4 * batch.jobWords;

  const nextTurn = code.loop();
  code.localGet(job).i32Const(jobBytes).op(Op.i32Add).localGet(job);
  code.localGet(count).i32Const(1).op(Op.i32GtS).op(Op.select).localSet(second);
  words.forEach((pair, i) => {
    code
      .localGet(job)
      .load(Load.i32, 4 * i, 2)
      .localSet(pair[0]);
    code
      .localGet(second)
      .load(Load.i32, 4 * i, 2)
      .localSet(pair[1]);
  });
  emitInitialState(code, state, batch.stateWord === undefined ? undefined : word(batch.stateWord));
  code.i32Const(first).localSet(block);
  const nextBlock = code.loop();
  for (let b = first; b < end; b++) {
    code.localGet(block).i32Const(b).op(Op.i32Eq).if();
    for (const plan of plans[b] ?? []) emitAbsorbLane(code, state[plan.lane] as number, plan, words);
    code.end();
  }
  emitPermutation(code, pairedLanes, state, constantsAddress);
  code.localGet(block).i32Const(1).op(Op.i32Add).localTee(block).i32Const(end).op(Op.i32LtS).brIf(nextBlock).end();
  emitResult(code, word(batch.result.word), state.slice(0, batch.result.kind === 'hash' ? HASH_LANES : LANES));
  code
    .localGet(job)
    .i32Const(2 * jobBytes)
    .op(Op.i32Add)
    .localSet(job);
  code.localGet(count).i32Const(2).op(Op.i32Sub).localTee(count);
  code.i32Const(0).op(Op.i32GtS).brIf(nextTurn).end();
}

function emitInitialState(code: CodeBuilder, state: readonly number[], from: Pair | undefined): void {
  state.forEach((lane, i) => {
    if (from) emitLoadPair(code, from, LANE_BYTES * i);
    else code.v128Const(new Uint8Array(16));
    code.localSet(lane);
  });
}

/** Pushes the 8 bytes at (address + offset) of both jobs. */
function emitLoadPair(code: CodeBuilder, [first, second]: Pair, offset: number): void {
  code.localGet(second).localGet(first).simdMemory(SimdMemory.v128Load64Zero, offset);
  code.simdMemoryLane(SimdMemoryLane.v128Load64, 1, offset);
}

function emitAbsorbLane(code: CodeBuilder, lane: number, plan: LanePlan, words: readonly Pair[]): void {
  code.localGet(lane);
  if (plan.source) {
    const { word, offset, bytes } = plan.source;
    emitLoadPair(code, words[word] as Pair, offset);
    if (bytes < LANE_BYTES) code.v128Const(twice((1n << BigInt(8 * bytes)) - 1n)).simd(Simd.v128And);
    code.simd(Simd.v128Xor);
  }
  if (plan.padding !== 0n) code.v128Const(twice(plan.padding)).simd(Simd.v128Xor);
  code.localSet(lane);
}

function emitResult(code: CodeBuilder, [first, second]: Pair, lanes: readonly number[]): void {
  lanes.forEach((lane, i) => {
    code
      .localGet(first)
      .localGet(lane)
      .simdMemoryLane(SimdMemoryLane.v128Store64, 0, LANE_BYTES * i);
    code
      .localGet(second)
      .localGet(lane)
      .simdMemoryLane(SimdMemoryLane.v128Store64, 1, LANE_BYTES * i);
  });
}

function twice(lane: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(lane, lane).buffer);
}
