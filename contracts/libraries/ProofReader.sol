// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Reads a one-step proof into the frame. The bytes are specified in src/dispute/stepProof/format.ts; every one of them is
// bound by the state hash, or refused. Reads beyond the end of the proof give other calldata or zeros and do no harm: the
// end that the reading comes to is compared with the end of the proof before anything depends on what was read.

import {IPreimageOracle} from "../interfaces/IPreimageOracle.sol";
import {IStepErrors} from "../interfaces/IStepErrors.sol";
import {
    INPUTS_HASH_0,
    LEAF_COUNT,
    LEAF_INDEX,
    LEAF_VALUE,
    PARTS,
    PREIMAGE_GIVEN,
    PREIMAGE_KEY_0,
    PREIMAGE_LENGTH,
    PREIMAGE_OFFSET,
    RESERVATION_WIDTH,
    STATUS,
    WINDOW,
    WINDOW_END,
    WINDOW_START,
    ZEROED
} from "../step/generated/Frame.sol";
import {Record} from "../step/generated/Record.sol";
import {PackedRecord} from "./PackedRecord.sol";

/// @title Reading of a one-step proof
library ProofReader {
    uint256 private constant MAX_LEAVES = 8;
    uint256 private constant LEAF_END = 1 << 27;
    /// Largest preimage that a proof carries whole, in bytes.
    uint256 private constant MAX_PREIMAGE = 120_000;
    /// Bytes of the length in front of a preimage.
    uint256 private constant PREFIX = 8;
    /// Input words, and the bytes of all of them.
    uint256 private constant INPUTS = 6;
    uint256 private constant INPUTS_SIZE = 192;
    /// Where the header's code for the preimage is kept until the preimage is read.
    uint256 private constant KIND_AT = PREIMAGE_GIVEN;

    /// @dev Reads all that stands before the multiproof.
    /// @return coldHash the hash of the cold part, given or computed
    /// @return fpHash the hash of the fp part, given or computed
    /// @return p where the multiproof begins in calldata
    function readState(bytes calldata proof) internal pure returns (bytes32 coldHash, bytes32 fpHash, uint256 p) {
        uint256 header;
        uint256 codes;
        assembly ("memory-safe") {
            p := proof.offset
            header := byte(0, calldataload(p))
            codes := calldataload(add(p, 1))
            p := add(p, 19)
        }
        if (header & 1 != 0 || header >> 6 == 3 || (header & 6 != 0 && header & 0x20 == 0)) {
            revert IStepErrors.BadHeader(header);
        }
        assembly ("memory-safe") {
            mstore(STATUS, 3)
            // 0, 1, 2 for 0, 4, 8 bytes.
            mstore(RESERVATION_WIDTH, shl(2, shr(6, header)))
            mstore(PARTS, or(and(shr(5, header), 1), and(shr(3, header), 2)))
            mstore(KIND_AT, and(shr(1, header), 3))
        }
        uint256 count = codes >> 252;
        p = Record.readHot(codes << 4, p);
        (coldHash, p) = header & 0x20 == 0 ? _hash(p) : (bytes32(0), Record.readCold(p));
        (fpHash, p) = header & 0x10 == 0 ? _hash(p) : (bytes32(0), Record.readFp(p));
        if (header & 0x20 != 0) coldHash = Record.coldHash();
        if (header & 0x10 != 0) fpHash = Record.fpHash();
        p = _readLeaves(count, p);
        if (header & 8 != 0) p = _readZeroed(p);
    }

    /// @dev Reads the preimage, which begins at `p` in calldata, and checks that the proof ends with it.
    /// @return windowEnd the end of what the frame holds of it in memory
    function readPreimage(bytes calldata proof, uint256 p, IPreimageOracle oracle)
        internal
        view
        returns (uint256 windowEnd)
    {
        uint256 kind;
        uint256 size;
        uint256 end;
        assembly ("memory-safe") {
            kind := mload(KIND_AT)
            mstore(PREIMAGE_GIVEN, gt(kind, 0))
            end := add(proof.offset, proof.length)
        }
        if (kind == 0) size = 0;
        else if (kind == 1) size = end < p ? 0 : end - p;
        else if (kind == 2) size = INPUTS_SIZE;
        else size = 40;
        if (p + size != end) revert IStepErrors.ProofLength(p + size - (end - proof.length), proof.length);
        if (kind == 0) return WINDOW;
        bytes32 key = PackedRecord.bytes32At(PREIMAGE_KEY_0);
        if (kind == 1) return _whole(p, size, key);
        if (kind == 2) return _input(p, key);
        return _part(p, key, oracle);
    }

    function _hash(uint256 p) private pure returns (bytes32 hash, uint256 end) {
        assembly ("memory-safe") {
            hash := calldataload(p)
            end := add(p, 32)
        }
    }

    function _readLeaves(uint256 count, uint256 p) private pure returns (uint256 end) {
        if (count > MAX_LEAVES) revert IStepErrors.TooManyLeaves(count);
        uint256 least = 0;
        for (uint256 i = 0; i < count; i++) {
            uint256 index;
            assembly ("memory-safe") {
                index := shr(224, calldataload(p))
                p := add(p, 4)
                mstore(add(LEAF_INDEX, shl(5, i)), index)
            }
            if (index < least || index >= LEAF_END) revert IStepErrors.LeavesNotAscending(index);
            least = index + 1;
        }
        assembly ("memory-safe") {
            mstore(LEAF_COUNT, count)
            calldatacopy(LEAF_VALUE, p, shl(5, count))
            end := add(p, shl(5, count))
        }
    }

    function _readZeroed(uint256 p) private pure returns (uint256 end) {
        uint256 node;
        assembly ("memory-safe") {
            node := shr(224, calldataload(p))
            end := add(p, 4)
        }
        uint256 height = node >> 24;
        if (height < 7 || height > 27 || (node & 0xffffff) >> (27 - height) != 0) revert IStepErrors.BadSubtree(node);
        assembly ("memory-safe") {
            mstore(ZEROED, or(shl(32, height), and(node, 0xffffff)))
        }
    }

    /// @dev The preimage itself: `size` bytes of calldata at `p`, whose hash is the key.
    function _whole(uint256 p, uint256 size, bytes32 key) private pure returns (uint256 windowEnd) {
        if (size > MAX_PREIMAGE) revert IStepErrors.PreimageTooLarge(size);
        bytes32 hash;
        assembly ("memory-safe") {
            calldatacopy(add(WINDOW, PREFIX), p, size)
            hash := keccak256(add(WINDOW, PREFIX), size)
        }
        // The key is the hash, the first byte replaced by the type of key, 2.
        if (key != (hash & bytes32(type(uint256).max >> 8)) | bytes32(uint256(2) << 248)) {
            revert IStepErrors.PreimageMismatch(key);
        }
        return _window(size, 0, size + PREFIX);
    }

    /// @dev One of the six input words: 192 bytes of calldata at `p`, whose hash is in the record.
    function _input(uint256 p, bytes32 key) private pure returns (uint256 windowEnd) {
        uint256 index = uint256(key) & 0xff;
        if (key != bytes32((uint256(1) << 248) | index) || index == 0 || index > INPUTS) {
            revert IStepErrors.PreimageMismatch(key);
        }
        bytes32 hash;
        assembly ("memory-safe") {
            calldatacopy(WINDOW, p, INPUTS_SIZE)
            hash := keccak256(WINDOW, INPUTS_SIZE)
            mstore(add(WINDOW, PREFIX), calldataload(add(p, shl(5, sub(index, 1)))))
        }
        if (hash != PackedRecord.bytes32At(INPUTS_HASH_0)) revert IStepErrors.PreimageMismatch(key);
        return _window(32, 0, 32 + PREFIX);
    }

    /// @dev A part that the oracle has verified: the length, 8 bytes, and 32 bytes from preimageOffset on.
    function _part(uint256 p, bytes32 key, IPreimageOracle oracle) private view returns (uint256 windowEnd) {
        uint256 length;
        uint256 offset;
        bytes32 part;
        assembly ("memory-safe") {
            length := shr(192, calldataload(p))
            part := calldataload(add(p, 8))
            offset := mload(PREIMAGE_OFFSET)
        }
        if (!oracle.isVerified(key, uint64(offset), uint64(length), part)) revert IStepErrors.PreimageMismatch(key);
        uint256 total = length + PREFIX;
        // At the end of the preimage there is nothing to show, and nothing that a step copies.
        uint256 end = offset + 32 < total ? offset + 32 : total;
        windowEnd = _window(length, offset < end ? offset : end, end);
        assembly ("memory-safe") {
            mstore(WINDOW, part)
        }
    }

    /// @dev Says in the frame what it holds of the preimage: bytes `start` to `end`, counted with the prefix.
    function _window(uint256 length, uint256 start, uint256 end) private pure returns (uint256 windowEnd) {
        assembly ("memory-safe") {
            mstore(PREIMAGE_LENGTH, add(length, PREFIX))
            mstore(WINDOW_START, start)
            mstore(WINDOW_END, end)
            mstore(WINDOW, or(shl(192, length), and(mload(WINDOW), shr(64, not(0)))))
            windowEnd := add(WINDOW, sub(end, start))
            mstore(0x40, and(add(windowEnd, 63), not(31)))
        }
    }
}
