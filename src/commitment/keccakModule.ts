// The WebAssembly module that hashes: one function that absorbs blocks into a state in memory, and batch functions that
// run a list of jobs, two at a time. A job is a few u32 addresses: nothing is copied to be hashed.
//
// A message longer than what the caller wants to gather may be hashed in two functions: one leaves the state after the
// first blocks in memory, another goes on from there. Messages that begin alike share the first.
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import { ModuleBuilder } from '../wasm/moduleBuilder.ts';
import { Load, Op, Store, ValueType } from '../wasm/opcodes.ts';
import { type BatchFunction, emitBatch } from './keccakBatch.ts';
import {
  emitPermutation,
  LANES,
  laneLocals,
  RATE_BYTES,
  roundConstantBytes,
  scalarLanes,
} from './keccakPermutation.ts';

const LANE_BYTES = 8;
const RATE_LANES = RATE_BYTES / LANE_BYTES;
const { i32 } = ValueType;

/** Where the module keeps its round constants: the first 192 bytes of memory are its own. */
const CONSTANTS_ADDRESS = 0;

/** Bytes of a module that imports memory `env.memory` and exports `absorb(state, data, blocks)` and the batch functions. */
export function keccakModule(functions: readonly BatchFunction[]): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', { minimum: 1, maximum: 65536 });
  module.data(CONSTANTS_ADDRESS, roundConstantBytes());
  const absorb = module.function([i32, i32, i32], [], 'absorb');
  emitAbsorb(absorb.code);
  module.export('absorb', 'function', absorb.index);
  for (const batch of functions) {
    const { code, index } = module.function([i32, i32], [], batch.name);
    emitBatch(code, batch, CONSTANTS_ADDRESS);
    module.export(batch.name, 'function', index);
  }
  return module.toBytes();
}

/** absorb(state, data, blocks): at least one block of 136 bytes into the 200-byte state. */
function emitAbsorb(code: CodeBuilder): void {
  const [state, data, blocks] = [0, 1, 2];
  const lanes = laneLocals(code, scalarLanes, LANES);
  lanes.forEach((lane, i) => {
    code
      .localGet(state)
      .load(Load.i64, LANE_BYTES * i)
      .localSet(lane);
  });
  const again = code.loop();
  for (let i = 0; i < RATE_LANES; i++) {
    const lane = lanes[i] as number;
    code
      .localGet(lane)
      .localGet(data)
      .load(Load.i64, LANE_BYTES * i)
      .op(Op.i64Xor)
      .localSet(lane);
  }
  emitPermutation(code, scalarLanes, lanes, CONSTANTS_ADDRESS);
  code.localGet(data).i32Const(RATE_BYTES).op(Op.i32Add).localSet(data);
  code.localGet(blocks).i32Const(1).op(Op.i32Sub).localTee(blocks).brIf(again).end();
  lanes.forEach((lane, i) => {
    code
      .localGet(state)
      .localGet(lane)
      .store(Store.i64, LANE_BYTES * i);
  });
}
