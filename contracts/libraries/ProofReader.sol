// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Reads a one-step proof into the frame. The bytes are specified in src/dispute/stepProof/format.ts; every one of them is
// bound by the state hash, or refused. Reads beyond the end of the proof give other calldata or zeros and do no harm: the
// end that the reading comes to is compared with the end of the proof before a step is accepted.

import {IPreimageStore} from "../interfaces/IPreimageStore.sol";
import {IStepErrors} from "../interfaces/IStepErrors.sol";
import {
    FP_HASH,
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
    THREAD_BELOW,
    THREAD_END,
    THREAD_FP_HASH,
    THREAD_GIVEN,
    THREAD_NUMBERS,
    WINDOW,
    WINDOW_END,
    WINDOW_START,
    ZEROED
} from "../step/generated/Frame.sol";
import {Record} from "../step/generated/Record.sol";
import {PackedRecord} from "./PackedRecord.sol";

/// What a proof gives of memory, and the hashes of the parts of the record.
struct Opened {
    bytes32 coldHash;
    bytes32 fpHash;
    /// Where the values of the leaves are in calldata.
    uint256 leaves;
    /// Where the multiproof begins in calldata.
    uint256 multiproof;
    /// The end of the frame in memory.
    uint256 frameEnd;
}

/// @title Reading of a one-step proof
library ProofReader {
    uint256 private constant RUNNING = 3;
    // Bits of the header.
    uint256 private constant COLD = 0x20;
    uint256 private constant FP = 0x10;
    uint256 private constant SUBTREE = 0x08;
    uint256 private constant PREIMAGE = 0x06;
    uint256 private constant THREAD = 0x01;

    uint256 private constant MAX_LEAVES = 8;
    uint256 private constant LEAF_END = 1 << 27;
    /// Largest preimage that a proof carries whole, in bytes.
    uint256 private constant MAX_PREIMAGE = 120_000;
    /// Bytes of the length in front of a preimage.
    uint256 private constant PREFIX = 8;
    uint256 private constant INPUT_COUNT = 6;
    uint256 private constant INPUTS_SIZE = 192;
    /// Bytes of a part in the preimage store.
    uint256 private constant PART_SIZE = 32;

    /// @dev Reads all that stands before the multiproof.
    function read(bytes calldata proof, IPreimageStore store, Opened memory opened) internal view {
        uint256 header;
        uint256 codes;
        uint256 p;
        assembly ("memory-safe") {
            p := proof.offset
            header := byte(0, calldataload(p))
            codes := calldataload(add(p, 1))
            p := add(p, 19)
        }
        _readHeader(header);
        p = Record.readHot(codes << 4, p);
        bool hasCold = header & COLD != 0;
        bool hasFp = header & FP != 0;
        (opened.coldHash, p) = hasCold ? (bytes32(0), Record.readCold(p)) : _readHash(p);
        (opened.fpHash, p) = hasFp ? (bytes32(0), Record.readFp(p)) : _readHash(p);
        if (hasCold) opened.coldHash = Record.coldHash();
        if (hasFp) opened.fpHash = Record.fpHash();
        opened.frameEnd = Record.frameEnd(hasCold, hasFp);
        bytes32 fpHash = opened.fpHash;
        assembly ("memory-safe") {
            mstore(FP_HASH, fpHash)
        }
        if (header & THREAD != 0) (p, opened.frameEnd) = (_readThread(p), THREAD_END);
        if (header & PREIMAGE != 0) (p, opened.frameEnd) = _readPreimage((header & PREIMAGE) >> 1, p, store);
        (opened.leaves, p) = _readLeaves(codes >> 252, p);
        if (header & SUBTREE != 0) p = _readSubtree(p);
        opened.multiproof = p;
    }

    function _readHeader(uint256 header) private pure {
        bool keyless = header & PREIMAGE != 0 && header & COLD == 0;
        // A switch opens the cold part and leaves the registers of floating point alone.
        bool idle = header & THREAD != 0 && header & (COLD | FP) != COLD;
        if (idle || header >> 6 == 3 || keyless) revert IStepErrors.BadHeader(header);
        assembly ("memory-safe") {
            mstore(STATUS, RUNNING)
            // 0, 1, 2 for 0, 4, 8 bytes.
            mstore(RESERVATION_WIDTH, shl(2, shr(6, header)))
            mstore(PARTS, or(and(shr(5, header), 1), and(shr(3, header), 2)))
        }
    }

    function _readHash(uint256 p) private pure returns (bytes32 hash, uint256 end) {
        assembly ("memory-safe") {
            hash := calldataload(p)
            end := add(p, 32)
        }
    }

    /// @dev The thread on top of a stack: its numbers, its fp hash, and the hash of the stack without it.
    function _readThread(uint256 p) private pure returns (uint256 end) {
        uint256 codes = PackedRecord.codesAt(p);
        (, p) = PackedRecord.readNumbers(codes, p + 18, THREAD_NUMBERS, 36);
        assembly ("memory-safe") {
            mstore(THREAD_GIVEN, 1)
            mstore(THREAD_FP_HASH, calldataload(p))
            mstore(THREAD_BELOW, calldataload(add(p, 32)))
            end := add(p, 64)
        }
    }

    function _readLeaves(uint256 count, uint256 p) private pure returns (uint256 leaves, uint256 end) {
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
        leaves = p;
        assembly ("memory-safe") {
            mstore(LEAF_COUNT, count)
            calldatacopy(LEAF_VALUE, p, shl(5, count))
            end := add(p, shl(5, count))
        }
    }

    function _readSubtree(uint256 p) private pure returns (uint256 end) {
        uint256 node;
        assembly ("memory-safe") {
            node := shr(224, calldataload(p))
            end := add(p, 4)
        }
        uint256 height = node >> 24;
        uint256 index = node & 0xffffff;
        if (height < 7 || height > 27 || index >> (27 - height) != 0) revert IStepErrors.BadSubtree(node);
        assembly ("memory-safe") {
            mstore(ZEROED, or(shl(32, height), index))
        }
    }

    /// @dev Reads the preimage of the key in the record, of one of the three kinds.
    function _readPreimage(uint256 kind, uint256 p, IPreimageStore store)
        private
        view
        returns (uint256 end, uint256 frameEnd)
    {
        bytes32 key = PackedRecord.bytes32At(PREIMAGE_KEY_0);
        assembly ("memory-safe") {
            mstore(PREIMAGE_GIVEN, 1)
        }
        if (kind == 1) return _readWhole(p, key);
        if (kind == 2) return _readInputs(p, key);
        return _readPart(p, key, store);
    }

    /// @dev The preimage itself: its size in 3 bytes, and the bytes, whose hash is the key.
    function _readWhole(uint256 p, bytes32 key) private pure returns (uint256 end, uint256 frameEnd) {
        uint256 size;
        bytes32 hash;
        assembly ("memory-safe") {
            size := shr(232, calldataload(p))
            p := add(p, 3)
        }
        if (size > MAX_PREIMAGE) revert IStepErrors.PreimageTooLarge(size);
        frameEnd = _window(size, 0, size + PREFIX);
        assembly ("memory-safe") {
            calldatacopy(add(WINDOW, PREFIX), p, size)
            hash := keccak256(add(WINDOW, PREFIX), size)
            end := add(p, size)
        }
        // The key is the hash, the first byte replaced by the type of key, 2.
        if (key != bytes32((uint256(hash) & (type(uint256).max >> 8)) | (2 << 248))) {
            revert IStepErrors.PreimageMismatch(key);
        }
    }

    /// @dev The six input words, whose hash is in the record; the key numbers one of them, from 1 on.
    function _readInputs(uint256 p, bytes32 key) private pure returns (uint256 end, uint256 frameEnd) {
        uint256 index = uint256(key) & 0xff;
        if (uint256(key) != (1 << 248) | index || index == 0 || index > INPUT_COUNT) {
            revert IStepErrors.PreimageMismatch(key);
        }
        bytes32 hash;
        assembly ("memory-safe") {
            calldatacopy(WINDOW, p, INPUTS_SIZE)
            hash := keccak256(WINDOW, INPUTS_SIZE)
        }
        if (hash != PackedRecord.bytes32At(INPUTS_HASH_0)) revert IStepErrors.PreimageMismatch(key);
        frameEnd = _window(32, 0, 32 + PREFIX);
        assembly ("memory-safe") {
            mstore(add(WINDOW, PREFIX), calldataload(add(p, shl(5, sub(index, 1)))))
            end := add(p, INPUTS_SIZE)
        }
    }

    /// @dev The part from preimageOffset on that the store has proven; the proof holds nothing of it.
    function _readPart(uint256 p, bytes32 key, IPreimageStore store)
        private
        view
        returns (uint256 end, uint256 frameEnd)
    {
        uint256 offset;
        assembly ("memory-safe") {
            offset := mload(PREIMAGE_OFFSET)
        }
        (uint64 length, bytes32 data) = store.part(key, uint64(offset));
        // At the end of the preimage there is nothing to show, and nothing that a step copies.
        uint256 total = uint256(length) + PREFIX;
        frameEnd = _window(length, offset, offset + PART_SIZE < total ? offset + PART_SIZE : total);
        assembly ("memory-safe") {
            mstore(WINDOW, data)
        }
        end = p;
    }

    /// @dev Says in the frame what it holds of a preimage, bytes `start` to `end` counted with the prefix, and takes the
    /// memory for it. The prefix is written as if it began there.
    function _window(uint256 length, uint256 start, uint256 end) private pure returns (uint256 frameEnd) {
        assembly ("memory-safe") {
            mstore(PREIMAGE_LENGTH, add(length, PREFIX))
            mstore(WINDOW_START, start)
            mstore(WINDOW_END, end)
            mstore(WINDOW, shl(192, length))
            frameEnd := add(WINDOW, sub(end, start))
            mstore(0x40, and(add(frameEnd, 63), not(31)))
        }
    }
}
