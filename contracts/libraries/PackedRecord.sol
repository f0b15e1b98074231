// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Numbers and 32-byte fields of the state record: from the codes and minimal bytes of a proof (format.ts) to words of the
// frame, and from there to the bytes that are hashed.

import {IStepErrors} from "../interfaces/IStepErrors.sol";
import {M64} from "../step/generated/Frame.sol";

/// @title Reading and writing fields of the state record
library PackedRecord {
    /// @dev Reads `count` numbers from calldata at `p` into words from `to` on. `codes` holds their codes in its highest bits;
    /// those read are shifted out.
    function readNumbers(uint256 codes, uint256 p, uint256 to, uint256 count)
        internal
        pure
        returns (uint256 codesLeft, uint256 end)
    {
        bool bad;
        assembly ("memory-safe") {
            for { let last := add(to, shl(5, count)) } lt(to, last) { to := add(to, 32) } {
                let size := shr(252, codes)
                codes := shl(4, codes)
                // Code 0 is the number 0, which is there already.
                if size {
                    let value := calldataload(p)
                    switch gt(size, 8)
                    case 0 {
                        // Its lowest bytes, the first not 0; not all 8 where the first two are 255.
                        value := shr(sub(256, shl(3, size)), value)
                        bad := or(bad, or(iszero(shr(shl(3, sub(size, 1)), value)), eq(shr(48, value), 0xffff)))
                    }
                    default {
                        // Its lowest bytes, the first not 255; all bytes above are 255.
                        size := sub(size, 9)
                        bad := or(bad, and(gt(size, 0), eq(byte(0, value), 255)))
                        let above := sub(64, shl(3, size))
                        value := shr(192, or(shr(above, value), not(shr(above, not(0)))))
                    }
                    mstore(to, value)
                    p := add(p, size)
                }
            }
            codesLeft := codes
            end := p
        }
        if (bad) revert IStepErrors.NumberNotCanonical();
    }

    /// @dev Refuses a number that was read from a proof and does not fit its field of `size` bytes.
    function checkNumber(uint256 from, uint256 size) internal pure {
        uint256 value;
        assembly ("memory-safe") {
            value := mload(from)
        }
        if (value >> (size << 3) != 0) revert IStepErrors.NumberNotCanonical();
    }

    /// @dev Reads one 32-byte field into four words from `to` on, each the little-endian reading of 8 of its bytes.
    function readBytes32(uint256 codes, uint256 p, uint256 to) internal pure returns (uint256 codesLeft, uint256 end) {
        uint256 code = codes >> 252;
        uint256 word;
        if (code != 0) {
            assembly ("memory-safe") {
                word := calldataload(p)
            }
            if (code > 1 || word == 0) revert IStepErrors.NumberNotCanonical();
            word = reverse(word);
            assembly ("memory-safe") {
                mstore(to, and(word, M64))
                mstore(add(to, 32), and(shr(64, word), M64))
                mstore(add(to, 64), and(shr(128, word), M64))
                mstore(add(to, 96), shr(192, word))
            }
        }
        return (codes << 4, p + (code << 5));
    }

    /// @dev The codes of a part, which begins at `p` in calldata: at most 64 of 4 bits.
    function codesAt(uint256 p) internal pure returns (uint256 codes) {
        assembly ("memory-safe") {
            codes := calldataload(p)
        }
    }

    /// @dev Writes one number of `size` bytes, big-endian, to memory at `to`. Up to 32 bytes from there on may change.
    function writeNumber(uint256 from, uint256 size, uint256 to) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            mstore(to, shl(sub(256, shl(3, size)), mload(from)))
            end := add(to, size)
        }
    }

    /// @dev Writes `count` numbers of 8 bytes, four to a word. Up to 32 bytes after them may change.
    function writeNumbers(uint256 from, uint256 count, uint256 to) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            end := add(to, shl(3, count))
            for {} lt(to, end) { to := add(to, 32) } {
                mstore(
                    to,
                    or(
                        or(shl(192, mload(from)), shl(128, mload(add(from, 32)))),
                        or(shl(64, mload(add(from, 64))), mload(add(from, 96)))
                    )
                )
                from := add(from, 128)
            }
        }
    }

    /// @dev Writes one 32-byte field from its four words.
    function writeBytes32(uint256 from, uint256 to) internal pure returns (uint256 end) {
        bytes32 word = bytes32At(from);
        assembly ("memory-safe") {
            mstore(to, word)
            end := add(to, 32)
        }
    }

    /// @dev Writes one byte.
    function writeByte(uint256 value, uint256 to) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            mstore8(to, value)
            end := add(to, 1)
        }
    }

    /// @dev Writes 32 bytes.
    function writeHash(bytes32 value, uint256 to) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            mstore(to, value)
            end := add(to, 32)
        }
    }

    /// @dev keccak256 of `size` bytes of memory.
    function hash(uint256 from, uint256 size) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            result := keccak256(from, size)
        }
    }

    /// @dev One byte of memory.
    function byteAt(uint256 from) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, mload(from))
        }
    }

    /// @dev The 32-byte field whose four words are at `from`.
    function bytes32At(uint256 from) internal pure returns (bytes32) {
        uint256 word;
        assembly ("memory-safe") {
            word := or(
                or(mload(from), shl(64, mload(add(from, 32)))),
                or(shl(128, mload(add(from, 64))), shl(192, mload(add(from, 96))))
            )
        }
        return bytes32(reverse(word));
    }

    /// @dev The bytes of a word in the opposite order.
    function reverse(uint256 word) internal pure returns (uint256) {
        uint256 mask = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
        word = ((word & mask) << 8) | ((word >> 8) & mask);
        mask = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
        word = ((word & mask) << 16) | ((word >> 16) & mask);
        mask = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
        word = ((word & mask) << 32) | ((word >> 32) & mask);
        mask = 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
        word = ((word & mask) << 64) | ((word >> 64) & mask);
        return (word << 128) | (word >> 128);
    }
}
