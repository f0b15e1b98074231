// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Numbers and 32-byte fields of the state record: from the codes and minimal bytes of a proof (format.ts) to words of the
// frame, and from there to the bytes that are hashed.

import {IStepErrors} from "../interfaces/IStepErrors.sol";
import {M64, STATUS} from "../step/generated/Frame.sol";

/// @title Reading and writing fields of the state record
library PackedRecord {
    /// @dev Reads `count` numbers from calldata at `p` into words from `to` on. `codes` holds their codes in its highest bits;
    /// those read are shifted out. `maxBits` is what a number may have.
    function readNumbers(uint256 codes, uint256 p, uint256 to, uint256 count, uint256 maxBits)
        internal
        pure
        returns (uint256 codesLeft, uint256 end)
    {
        uint256 bad = 0;
        assembly ("memory-safe") {
            for { let last := add(to, shl(5, count)) } lt(to, last) { to := add(to, 32) } {
                let code := shr(252, codes)
                codes := shl(4, codes)
                if code {
                    let word := calldataload(p)
                    let size := code
                    let value
                    // A number has no leading byte 0 and, if it has 8 bytes, not two leading bytes 255; with those left
                    // out, it has no leading byte 255 more.
                    switch gt(code, 8)
                    case 0 {
                        value := shr(sub(256, shl(3, size)), word)
                        if or(iszero(byte(0, word)), and(eq(size, 8), eq(shr(240, word), 0xffff))) { bad := code }
                    }
                    default {
                        size := sub(code, 9)
                        value := shr(192, or(shr(sub(64, shl(3, size)), word), not(shr(sub(64, shl(3, size)), not(0)))))
                        if and(iszero(iszero(size)), eq(byte(0, word), 255)) { bad := code }
                    }
                    if shr(maxBits, value) { bad := code }
                    mstore(to, value)
                    p := add(p, size)
                }
            }
            codesLeft := codes
            end := p
        }
        if (bad != 0) revert IStepErrors.NumberNotCanonical(bad);
    }

    /// @dev Reads one 32-byte field into four words from `to` on, each the little-endian reading of 8 of its bytes.
    function readBytes32(uint256 codes, uint256 p, uint256 to) internal pure returns (uint256 codesLeft, uint256 end) {
        uint256 code = codes >> 252;
        uint256 word;
        if (code != 0) {
            assembly ("memory-safe") {
                word := calldataload(p)
            }
            if (code > 1 || word == 0) revert IStepErrors.NumberNotCanonical(code);
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

    /// @dev Writes `count` numbers of `size` bytes each, big-endian, to memory at `to`; 32 bytes after them may change.
    function writeNumbers(uint256 from, uint256 count, uint256 size, uint256 to) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            let shift := sub(256, shl(3, size))
            for { let last := add(from, shl(5, count)) } lt(from, last) { from := add(from, 32) } {
                mstore(to, shl(shift, mload(from)))
                to := add(to, size)
            }
            end := to
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

    /// @dev A state hash: the first byte of the hash of the hot part is replaced by the status in the frame.
    function withStatus(bytes32 hotHash) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            result := or(and(hotHash, shr(8, not(0))), shl(248, mload(STATUS)))
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
