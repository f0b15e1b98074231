// Numbers of the WebAssembly instructions that OMO emits: integers, memory, control, bulk memory, sign extension, tail
// calls and the integer part of SIMD. There are no floating-point instructions here on purpose: their NaN bits are not
// deterministic. Names are those of the WebAssembly specification (core 2.0, section 5.4) in camel case.

/** Types of values, locals, tables and blocks. */
export const ValueType = { i32: 0x7f, i64: 0x7e, v128: 0x7b, funcref: 0x70 } as const;
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

/** Instructions of one byte without immediates: `code.op(Op.i64Add)`. */
export const Op = {
  unreachable: 0x00,
  nop: 0x01,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtS: 0x4a,
  i32GtU: 0x4b,
  i32LeS: 0x4c,
  i32LeU: 0x4d,
  i32GeS: 0x4e,
  i32GeU: 0x4f,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64GtS: 0x55,
  i64GtU: 0x56,
  i64LeS: 0x57,
  i64LeU: 0x58,
  i64GeS: 0x59,
  i64GeU: 0x5a,
  i32Clz: 0x67,
  i32Ctz: 0x68,
  i32Popcnt: 0x69,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32DivS: 0x6d,
  i32DivU: 0x6e,
  i32RemS: 0x6f,
  i32RemU: 0x70,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i32ShrS: 0x75,
  i32ShrU: 0x76,
  i32Rotl: 0x77,
  i32Rotr: 0x78,
  i64Clz: 0x79,
  i64Ctz: 0x7a,
  i64Popcnt: 0x7b,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64DivS: 0x7f,
  i64DivU: 0x80,
  i64RemS: 0x81,
  i64RemU: 0x82,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64ShrU: 0x88,
  i64Rotl: 0x89,
  i64Rotr: 0x8a,
  i32WrapI64: 0xa7,
  i64ExtendI32S: 0xac,
  i64ExtendI32U: 0xad,
  i32Extend8S: 0xc0,
  i32Extend16S: 0xc1,
  i64Extend8S: 0xc2,
  i64Extend16S: 0xc3,
  i64Extend32S: 0xc4,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

/** Loads, for `code.load`: the number in the name is the width in memory. */
export const Load = {
  i32: 0x28,
  i64: 0x29,
  i32From8S: 0x2c,
  i32From8U: 0x2d,
  i32From16S: 0x2e,
  i32From16U: 0x2f,
  i64From8S: 0x30,
  i64From8U: 0x31,
  i64From16S: 0x32,
  i64From16U: 0x33,
  i64From32S: 0x34,
  i64From32U: 0x35,
} as const;
export type Load = (typeof Load)[keyof typeof Load];

/** Stores, for `code.store`: the number in the name is the width in memory. */
export const Store = {
  i32: 0x36,
  i64: 0x37,
  i32To8: 0x3a,
  i32To16: 0x3b,
  i64To8: 0x3c,
  i64To16: 0x3d,
  i64To32: 0x3e,
} as const;
export type Store = (typeof Store)[keyof typeof Store];

/** SIMD instructions without immediates (prefix 0xfd), for `code.simd`. */
export const Simd = {
  i8x16Swizzle: 14,
  i8x16Splat: 15,
  i32x4Splat: 17,
  i64x2Splat: 18,
  i8x16Eq: 35,
  i8x16Ne: 36,
  i32x4Eq: 55,
  v128Not: 77,
  v128And: 78,
  v128Andnot: 79,
  v128Or: 80,
  v128Xor: 81,
  v128Bitselect: 82,
  v128AnyTrue: 83,
  i8x16AllTrue: 99,
  i8x16Bitmask: 100,
  i64x2AllTrue: 195,
  i64x2Shl: 203,
  i64x2ShrU: 205,
  i64x2Add: 206,
  i64x2Sub: 209,
  i64x2Eq: 214,
} as const;
export type Simd = (typeof Simd)[keyof typeof Simd];

/** SIMD loads and stores of a memory address, for `code.simdMemory`. */
export const SimdMemory = { v128Load: 0, v128Load64Splat: 10, v128Store: 11, v128Load64Zero: 93 } as const;
export type SimdMemory = (typeof SimdMemory)[keyof typeof SimdMemory];

/** SIMD loads and stores of one lane, for `code.simdMemoryLane`. */
export const SimdMemoryLane = { v128Load32: 86, v128Load64: 87, v128Store32: 90, v128Store64: 91 } as const;
export type SimdMemoryLane = (typeof SimdMemoryLane)[keyof typeof SimdMemoryLane];

/** SIMD lane accesses, for `code.simdLane`. */
export const SimdLane = {
  i8x16ExtractU: 22,
  i32x4Extract: 27,
  i32x4Replace: 28,
  i64x2Extract: 29,
  i64x2Replace: 30,
} as const;
export type SimdLane = (typeof SimdLane)[keyof typeof SimdLane];

/** Instructions that take operands and so have a method each in `CodeBuilder`. */
export const Structured = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  prefixBulk: 0xfc,
  prefixSimd: 0xfd,
} as const;
