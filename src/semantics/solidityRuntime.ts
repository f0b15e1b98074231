// The Yul functions that emitted code calls: operators that the EVM lacks, memory of the machine as the frame holds it, and
// the ends of a step. A generated file carries those that it calls. Each is read here, once, by a human being.

/** Selectors of the errors that this code reverts with, by the names of IStepErrors; the first four bytes of a hash. */
export type ErrorSelector = (signature: string) => string;

/** One helper function: its text. */
type Runtime = Readonly<Record<string, (selector: ErrorSelector) => string>>;

/** Reverts with an error that has one argument, or none. */
const fail = (selector: string, argument?: string): string =>
  argument === undefined
    ? `mstore(0, ${selector}) revert(0, 4)`
    : `mstore(0, ${selector}) mstore(4, ${argument}) revert(0, 36)`;

export const RUNTIME: Runtime = {
  select: () => 'function select(c, a, b) -> r { r := b if c { r := a } }',
  ctz: () =>
    '// b has a bit above those of a, so that zero counts the whole width.\n' +
    'function ctz(a, b) -> n { n := or(a, b) n := sub(255, clz(and(n, sub(0, n)))) }',
  divU: () =>
    '// Division as RISC-V has it: by zero the quotient is all ones, the remainder the dividend.\n' +
    'function divU(a, b, ones) -> q { q := ones if b { q := div(a, b) } }',
  remU: () => 'function remU(a, b) -> r { r := a if b { r := mod(a, b) } }',
  divS: () => 'function divS(a, b) -> q { q := not(0) if b { q := sdiv(a, b) } }',
  remS: () => 'function remS(a, b) -> r { r := a if b { r := smod(a, b) } }',
  trap: () => 'function trap(reason) { mstore(STATUS, 2) mstore(REASON, reason) mstore(NEXT_PC, mload(PC)) }',
  halt: () => 'function halt(status) { mstore(STATUS, status) mstore(NEXT_PC, mload(PC)) }',
  opens: (selector) => `// A proof gives exactly the parts of the record that the row opens.
function opens(parts) { if xor(mload(PARTS), parts) { ${fail(selector('PartsMismatch(uint256)'), 'parts')} } }`,
  reverse8: () => `// The bytes of a 64-bit word in the opposite order.
function reverse8(a) -> b {
  b := or(shl(8, and(a, 0x00ff00ff00ff00ff)), and(shr(8, a), 0x00ff00ff00ff00ff))
  b := or(shl(16, and(b, 0x0000ffff0000ffff)), and(shr(16, b), 0x0000ffff0000ffff))
  b := or(shl(32, and(b, 0xffffffff)), shr(32, b))
}`,
  locate: (
    selector,
  ) => `// Where the frame holds the n bytes at an address: their leaf, and the one after it if they reach into it.
function locate(a, n) -> p {
  let leaf := shr(5, a)
  let end := shl(5, mload(LEAF_COUNT))
  let i := 0
  for {} 1 { i := add(i, 32) } {
    if eq(i, end) { ${fail(selector('LeafMissing(uint256)'), 'leaf')} }
    if eq(mload(add(LEAF_INDEX, i)), leaf) { break }
  }
  let used := shl(shr(5, i), 1)
  let offset := and(a, 31)
  p := add(add(LEAF_VALUE, i), offset)
  if gt(add(offset, n), 32) {
    let next := add(leaf, 1)
    if xor(mload(add(LEAF_INDEX, add(i, 32))), next) { ${fail(selector('LeafMissing(uint256)'), 'next')} }
    used := mul(used, 3)
  }
  mstore(LEAVES_USED, or(mload(LEAVES_USED), used))
}`,
  read: () => `// n bytes at an address, little-endian.
function read(a, n) -> v { v := and(reverse8(shr(192, mload(locate(a, n)))), shr(sub(256, shl(3, n)), not(0))) }`,
  write: () => `// Replaces n bytes at an address by v, little-endian.
function write(a, n, v) {
  let p := locate(a, n)
  mstore(p, or(and(mload(p), shr(shl(3, n), not(0))), shl(192, reverse8(v))))
}`,
  zeroPages: (selector) => `// Zeroes an aligned run of pages: the node that the proof opens for it, and no other.
function zeroPages(a, log2Pages) {
  let height := add(log2Pages, 7)
  let node := or(shl(32, height), shr(add(height, 5), a))
  if or(xor(mload(ZEROED), node), mload(ZEROED_USED)) { ${fail(selector('ZeroedMismatch(uint256)'), 'node')} }
  mstore(ZEROED_USED, 1)
}`,
  preimageLength: (selector) => `// Length of the preimage with its 8-byte prefix.
function preimageLength() -> n {
  if iszero(mload(PREIMAGE_GIVEN)) { ${fail(selector('PreimageMissing()'))} }
  mstore(PREIMAGE_USED, 1)
  n := mload(PREIMAGE_LENGTH)
}`,
  bytes32At: () => `// The 32 bytes whose four little-endian words are in the frame at p.
function bytes32At(p) -> v {
  for { let end := add(p, 128) } lt(p, end) { p := add(p, 32) } { v := or(shl(64, v), reverse8(mload(p))) }
}`,
  setBytes32: () => `// Sets the 32 bytes whose four little-endian words are in the frame at p.
function setBytes32(p, v) {
  for { let end := add(p, 128) } lt(p, end) { p := add(p, 32) } {
    mstore(p, reverse8(shr(192, v)))
    v := shl(64, v)
  }
}`,
  threadHash: () => `// Hash of the record of a thread: x1 to x31 and pc, its fp hash, its four other numbers.
function threadHash(registers, fpHash, others) -> h {
  let m := mload(0x40)
  for { let i := 0 } lt(i, 32) { i := add(i, 1) } { mstore(add(m, shl(3, i)), shl(192, mload(add(registers, shl(5, i))))) }
  mstore(add(m, 256), fpHash)
  for { let i := 0 } lt(i, 4) { i := add(i, 1) } {
    mstore(add(m, add(288, shl(3, i))), shl(192, mload(add(others, shl(5, i)))))
  }
  h := keccak256(m, 320)
}`,
  stackHash: () => `// Hash of a stack of threads: what is below, and the thread on top of it.
function stackHash(below, thread) -> h { mstore(0, below) mstore(32, thread) h := keccak256(0, 64) }`,
  stackAt: () => 'function stackAt(right) -> p { p := LEFT_STACK_0 if right { p := RIGHT_STACK_0 } }',
  pushThread: () => `// The thread that runs, onto a stack.
function pushThread(right) {
  let p := stackAt(right)
  setBytes32(p, stackHash(bytes32At(p), threadHash(add(X, 32), mload(FP_HASH), THREAD_ID)))
}`,
  popThread: (selector) => `// The thread on top of a stack, which the proof gives, becomes the one that runs.
function popThread(right) {
  if iszero(mload(THREAD_GIVEN)) { ${fail(selector('ThreadMissing()'))} }
  let p := stackAt(right)
  let others := add(THREAD_NUMBERS, 1024)
  let thread := threadHash(THREAD_NUMBERS, mload(THREAD_FP_HASH), others)
  if xor(stackHash(mload(THREAD_BELOW), thread), bytes32At(p)) { ${fail(selector('ThreadMismatch()'))} }
  mcopy(add(X, 32), THREAD_NUMBERS, 1024)
  mcopy(THREAD_ID, others, 128)
  mstore(FP_HASH, mload(THREAD_FP_HASH))
  setBytes32(p, mload(THREAD_BELOW))
  mstore(THREAD_USED, 1)
}`,
  copyPreimage: (selector) => `// Copies n (1 to 32) bytes of the prefixed preimage to an address, inside one leaf.
function copyPreimage(a, offset, n) {
  let start := mload(WINDOW_START)
  if or(lt(offset, start), gt(add(offset, n), mload(WINDOW_END))) { ${fail(selector('PreimageMissing()'))} }
  let p := locate(a, n)
  let keep := shr(shl(3, n), not(0))
  mstore(p, or(and(mload(p), keep), and(mload(add(WINDOW, sub(offset, start))), not(keep))))
}`,
};

/** What helpers call, so that a file carries no more than it needs. */
function closure(text: string, selector: ErrorSelector): ReadonlySet<string> {
  const needed = new Set<string>();
  const visit = (code: string): void => {
    for (const [name, make] of Object.entries(RUNTIME)) {
      if (needed.has(name) || !new RegExp(`\\b${name}\\(`).test(code)) continue;
      needed.add(name);
      visit(make(selector));
    }
  };
  visit(text);
  return needed;
}

/** The helper functions that `text` calls, directly or not, in the order of RUNTIME. */
export function runtimeFor(text: string, selector: ErrorSelector): string {
  const needed = closure(text, selector);
  return Object.entries(RUNTIME)
    .filter(([name]) => needed.has(name))
    .map(([, make]) => make(selector))
    .join('\n');
}
