// contracts/oracle/generated/KeccakStreams.sol: Keccak-f[1600] (FIPS 202, section 3) of eight states at once, as Yul.
//
// What is cheap in the EVM decides the form. A rotation by whole bytes is a load from an unaligned address, if the word is
// stored twice in a row: so each word that is rotated is stored twice (9 gas instead of 21 for two shifts and an or), and
// lanes are sliced such that all rotations are by bytes (src/dispute/largePreimage/slices.ts). Six lanes are kept inverted,
// which leaves one negation of five a row. Rounds go from one buffer to the other and back, so nothing is copied. The two
// kinds of round are functions called twice each: the optimizer then neither inlines them nor keeps lanes on the stack.

import { LANES, RATE_BYTES, ROTATIONS, ROUND_CONSTANTS } from '../../src/commitment/keccakPermutation.ts';
import { LANE_WORDS, rotatedFrom, SLICED_LANE_BYTES, slice } from '../../src/dispute/largePreimage/slices.ts';
import { assert } from '../../src/invariant.ts';
import { head, indented } from './files.ts';

const ROW = [0, 1, 2, 3, 4] as const;
const HALVES = [0, 1] as const;
/** Bytes of a word stored twice. */
const SLOT = 64;
const GROUP_BYTES = (RATE_BYTES / 8) * SLICED_LANE_BYTES;
const ROUNDS_PER_PASS = 4;

/** Lanes kept inverted ("lane complementing", Keccak implementation overview, section 2.2). */
const INVERTED: ReadonlySet<number> = new Set([1, 2, 8, 12, 17, 20]);

/** Where things are in memory. */
const AT = (() => {
  const first = 0x400;
  const buffer = LANES * LANE_WORDS * SLOT;
  const second = first + buffer;
  const effects = second + buffer;
  const constants = effects + 5 * LANE_WORDS * SLOT;
  const group = constants + ROUND_CONSTANTS.length * LANE_WORDS * 32;
  return { first, second, effects, constants, group, end: group + GROUP_BYTES };
})();

const hex = (value: number): string => `0x${value.toString(16)}`;
const lane = (x: number, y: number): number => x + 5 * y;
/** The address of half `half` of a lane in a buffer, or of that half rotated left by some bytes. */
const at = (buffer: number, index: number, half: number, bytes = 0): string =>
  hex(buffer + SLOT * (LANE_WORDS * index + half) + bytes);

/** Halves of lanes (2 lane + half) that a round loads rotated. */
const ROTATED: ReadonlySet<number> = new Set(
  ROTATIONS.flatMap((bits, index) =>
    HALVES.flatMap((half) => {
      const from = rotatedFrom(bits, half);
      return from.bytes === 0 ? [] : [2 * index + from.word];
    }),
  ),
);

/** Stores `value` as half `half` of a lane. */
function put(buffer: number, index: number, half: number, value: string, twice: boolean): string {
  if (!twice) return `mstore(${at(buffer, index, half)}, ${value})`;
  return `{ let w := ${value} mstore(${at(buffer, index, half)}, w) mstore(${at(buffer, index, half, 32)}, w) }`;
}

/** Step theta: the effect of each column, stored twice. Columns in an order that keeps few of their parities at a time. */
function theta(from: number): string[] {
  const parity = (x: number) =>
    HALVES.map((half) => {
      const loads = ROW.map((y) => `mload(${at(from, lane(x, y), half)})`);
      return `let c${x}${half} := ${loads.reduce((sum, load) => `xor(${load}, ${sum})`)}`;
    });
  const effect = (x: number) => {
    const [before, after] = [`c${(x + 4) % 5}`, `c${(x + 1) % 5}`];
    return [
      put(AT.effects, x, 0, `xor(${before}0, or(shl(8, ${after}1), shr(248, ${after}1)))`, true),
      put(AT.effects, x, 1, `xor(${before}1, ${after}0)`, true),
    ];
  };
  return [
    ...[...parity(4), ...parity(1), ...effect(0)],
    ...[...parity(3), ...effect(2)],
    ...[...parity(0), ...effect(4)],
    ...[...parity(2), ...effect(1), ...effect(3)],
  ];
}

/** Whether the effect of theta on column x comes out inverted. */
const effectInverted = (x: number): boolean => {
  const column = (each: number) => ROW.filter((y) => INVERTED.has(lane(each, y))).length;
  return (column((x + 4) % 5) + column((x + 1) % 5)) % 2 === 1;
};

/**
 * Step chi for one lane: b0 ^ (~b1 & b2), where some of the three are inverted, and the result is to be.
 * By De Morgan an `and` of which both sides are negated is an `or` that is inverted, and that inversion is free.
 */
function chi(names: readonly string[], inverted: readonly boolean[], result: boolean): string {
  const [b0, b1, b2] = names;
  const [i0, i1, i2] = inverted;
  const negated = i1 ? b1 : `not(${b1})`;
  const product = i2 ? `or(${i1 ? `not(${b1})` : b1}, ${b2})` : `and(${negated}, ${b2})`;
  const sumInverted = i0 !== i2;
  return `xor(${sumInverted === result ? b0 : `not(${b0})`}, ${product})`;
}

/** Steps theta to iota, from one buffer to the other; `p` is where the round's constants are. */
function round(name: string, from: number, to: number): string {
  const rows = ROW.flatMap((y) => HALVES.map((half) => row(from, to, y, half)));
  return `function ${name}(p) {\n${indented([...theta(from), ...rows].join('\n'), '    ')}\n}`;
}

/** Rho and pi into one half of row y (in the order in which the stack needs it least rearranged), then chi and iota. */
function row(from: number, to: number, y: number, half: number): string {
  // Pi moves lane (sx, sy) to (sy, 2 sx + 3 sy): row y takes, at x, the lane with sy = x and sx = 3 (y - 3 x) mod 5.
  const column = (x: number) => (3 * (y + 12 * x)) % 5;
  const inverted = ROW.map((x) => INVERTED.has(lane(column(x), x)) !== effectInverted(column(x)));
  const loads = [0, 1, 4, 3, 2].map((x) => {
    const index = lane(column(x), x);
    const { word, bytes } = rotatedFrom(ROTATIONS[index] as number, half);
    return `let b${x} := xor(mload(${at(from, index, word, bytes)}), mload(${at(AT.effects, column(x), word, bytes)}))`;
  });
  const stores = ROW.map((x) => {
    const three = [x, (x + 1) % 5, (x + 2) % 5];
    const index = lane(x, y);
    const value = chi(
      three.map((i) => `b${i}`),
      three.map((i) => inverted[i] as boolean),
      INVERTED.has(index),
    );
    const constant = `mload(${half === 0 ? 'p' : 'add(p, 32)'})`;
    return put(to, index, half, index === 0 ? `xor(${constant}, ${value})` : value, ROTATED.has(2 * index + half));
  });
  return `{\n${indented([...loads, ...stores].join('\n'), '    ')}\n}`;
}

/** Round constants, sliced, the same in all streams. */
function constantStores(): string {
  const words = ROUND_CONSTANTS.flatMap((constant) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, constant, true);
    const sliced = slice(new Array(8).fill(bytes));
    return HALVES.map((half) => Buffer.from(sliced.subarray(32 * half, 32 * half + 32)).toString('hex'));
  });
  return words
    .map((word, i) => `mstore(${hex(AT.constants + 32 * i)}, 0x${word.replace(/^(00)+(?=..)/, '')})`)
    .join('\n');
}

/** Exclusive or of the group into the first lanes. */
function absorbStores(): string {
  return Array.from({ length: (RATE_BYTES / 8) * LANE_WORDS }, (_, i) => {
    const [index, half] = [i >> 1, i & 1];
    const value = `xor(mload(${at(AT.first, index, half)}), mload(${hex(AT.group + 32 * i)}))`;
    return put(AT.first, index, half, value, ROTATED.has(i));
  }).join('\n');
}

function permuteLoop(): string {
  assert(ROUND_CONSTANTS.length % ROUNDS_PER_PASS === 0, 'rounds that do not fill the passes');
  const size = 32 * LANE_WORDS;
  const calls = Array.from({ length: ROUNDS_PER_PASS }, (_, i) => {
    const p = i === 0 ? 'p' : `add(p, ${hex(size * i)})`;
    return `    ${i % 2 === 0 ? 'there' : 'back'}(${p})`;
  });
  const end = hex(AT.constants + size * ROUND_CONSTANTS.length);
  const step = hex(size * ROUNDS_PER_PASS);
  return `for { let p := ${hex(AT.constants)} } lt(p, ${end}) { p := add(p, ${step}) } {\n${calls.join('\n')}\n}`;
}

const CODE = '            ';

/** Bit i set: lane i is kept inverted. */
const INVERTED_MASK = [...INVERTED].reduce((mask, index) => mask | (1 << index), 0);

const CONSTANTS = `    /// Bytes of a group: a block of each stream.
    uint256 internal constant GROUP_SIZE = ${GROUP_BYTES};
    /// The state: ${LANES * LANE_WORDS} words, each stored twice in a row.
    uint256 private constant STATE = ${hex(AT.first)};
    uint256 private constant GROUP = ${hex(AT.group)};
    uint256 private constant END = ${hex(AT.end)};
    /// Lanes that are kept inverted between permutations.
    uint256 private constant INVERTED = ${hex(INVERTED_MASK)};
`;

/** Access to single words, which hides that some are kept inverted. */
const WORD_FUNCTIONS = `    /// @dev Word i of the state, 0 to ${LANES * LANE_WORDS - 1}.
    function word(uint256 i) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := xor(mload(add(STATE, shl(6, i))), sub(0, and(shr(shr(1, i), INVERTED), 1)))
        }
    }

    function setWord(uint256 i, uint256 value) internal pure {
        assembly ("memory-safe") {
            let p := add(STATE, shl(6, i))
            value := xor(value, sub(0, and(shr(shr(1, i), INVERTED), 1)))
            mstore(p, value)
            mstore(add(p, 32), value)
        }
    }

    /// @dev Exclusive or of a value into word i; that the word may be inverted makes no difference.
    function xorWord(uint256 i, uint256 value) internal pure {
        assembly ("memory-safe") {
            let p := add(STATE, shl(6, i))
            value := xor(value, mload(p))
            mstore(p, value)
            mstore(add(p, 32), value)
        }
    }
`;

/** The file. */
export function keccakFile(): { readonly path: string; readonly text: string } {
  const rounds = [round('there', AT.first, AT.second), round('back', AT.second, AT.first)].join('\n\n');
  const text = `${head('Keccak-f[1600] of eight states at once: see tools/solidity/keccak.ts for how, IPreimageStore for the slices.')}
/// @title Eight Keccak sponges side by side, at fixed places in memory
library KeccakStreams {
${CONSTANTS}
    /// @dev Takes its memory. Call it once, and first: it needs memory below ${hex(AT.first)} to be all that is in use.
    function setUp() internal pure {
        assembly ("memory-safe") {
            if gt(mload(0x40), STATE) { invalid() }
            mstore(0x40, END)
${indented(constantStores(), CODE)}
        }
    }

${WORD_FUNCTIONS}
    /// @dev Absorbs the group at \`source\` in calldata; the permutation is still to follow.
    /// @return hash keccak256 of the group
    function absorb(uint256 source) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            calldatacopy(GROUP, source, GROUP_SIZE)
            hash := keccak256(GROUP, GROUP_SIZE)
${indented(absorbStores(), CODE)}
        }
    }

    function permute() internal pure {
        assembly ("memory-safe") {
${indented(permuteLoop(), CODE)}

${indented(rounds, CODE)}
        }
    }
}
`;
  return { path: 'contracts/oracle/generated/KeccakStreams.sol', text };
}
