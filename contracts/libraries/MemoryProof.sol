// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The multiproof of the leaves in the frame: src/commitment/multiproof.ts specifies its walk and its bytes. One walk gives two
// roots: that before the step, from the leaves as the proof gives them, and that after it, from the leaves as the step left
// them; what did not change is hashed once.

import {IStepErrors} from "../interfaces/IStepErrors.sol";
import {LEAF_COUNT, LEAF_INDEX, LEAF_VALUE, QUEUE, ZERO_HASHES, ZERO_HASHES_END, ZEROED} from "../step/generated/Frame.sol";

/// @title Roots of the memory tree from a few of its nodes
library MemoryProof {
    /// Bytes of a node in the queue of the walk: its index, its hash before the step, its hash after it.
    uint256 private constant NODE = 96;
    /// The index of no node: it ends the queue.
    uint256 private constant NONE = 0xffffffff;

    /// @dev The roots to which the multiproof in calldata at `p` leads. The table of zero hashes must be filled.
    /// @param leaves where the leaves before the step are in calldata; after it they are in the frame
    /// @return before root before the step
    /// @return afterwards root after the step
    /// @return end of the multiproof in calldata; it may lie beyond the end of the proof, which the caller checks
    function roots(uint256 leaves, uint256 p) internal pure returns (bytes32 before, bytes32 afterwards, uint256 end) {
        uint256 bitmap;
        (bitmap, p) = _bitmap(p);
        _enqueue(leaves);
        uint256 node;
        assembly ("memory-safe") {
            node := mload(ZEROED)
        }
        uint256 height = ZERO_HASHES;
        if (node != 0) {
            height += (node >> 32) << 5;
            (bitmap, p) = _climb(ZERO_HASHES, height, bitmap, p);
            (bitmap, p) = _insert(node & 0xffffffff, height, bitmap, p);
        }
        (bitmap, end) = _climb(height, ZERO_HASHES_END, bitmap, p);
        // What is left of the bitmap is its mark, fewer than 8 bits down: not too few bits, nor too many, nor other ones.
        if (bitmap < 1 << 248 || bitmap & (bitmap - 1) != 0) revert IStepErrors.MultiproofNotCanonical();
        assembly ("memory-safe") {
            before := mload(add(QUEUE, 32))
            afterwards := mload(add(QUEUE, 64))
        }
    }

    /// @dev The bitmap, with a 1 bit after its last byte as a mark, and where the hashes begin. A bitmap of 32 bytes or more
    /// has no room for the mark and is refused in the end: no proof has so many entries.
    function _bitmap(uint256 p) private pure returns (uint256 bitmap, uint256 hashes) {
        assembly ("memory-safe") {
            let bits := shl(3, byte(0, calldataload(p)))
            bitmap := or(and(calldataload(add(p, 1)), not(shr(bits, not(0)))), shr(bits, shl(255, 1)))
            hashes := add(add(p, 1), shr(3, bits))
        }
    }

    /// @dev Fills the queue of the walk with the leaves.
    function _enqueue(uint256 leaves) private pure {
        assembly ("memory-safe") {
            let to := QUEUE
            let last := shl(5, mload(LEAF_COUNT))
            for { let i := 0 } lt(i, last) { i := add(i, 32) } {
                mstore(to, mload(add(LEAF_INDEX, i)))
                mstore(add(to, 32), calldataload(add(leaves, i)))
                mstore(add(to, 64), mload(add(LEAF_VALUE, i)))
                to := add(to, NODE)
            }
            mstore(to, NONE)
        }
    }

    /// @dev Replaces the nodes in the queue by those of the height `until`. Heights are addresses in the table of zero hashes.
    function _climb(uint256 height, uint256 until, uint256 bitmap, uint256 p)
        private
        pure
        returns (uint256 bitmapLeft, uint256 end)
    {
        assembly ("memory-safe") {
            // While there are several nodes.
            for {} and(lt(height, until), iszero(eq(mload(add(QUEUE, NODE)), NONE))) { height := add(height, 32) } {
                let from := QUEUE
                let to := QUEUE
                for {} 1 {} {
                    let index := mload(from)
                    if eq(index, NONE) { break }
                    let side := shl(5, and(index, 1))
                    let hash := mload(add(from, 32))
                    let changed := xor(hash, mload(add(from, 64)))
                    mstore(side, hash)
                    switch eq(mload(add(from, NODE)), xor(index, 1))
                    case 0 {
                        // The sibling is the next entry: a bit alone if it is zero, else a bit and 32 bytes.
                        hash := mload(height)
                        if iszero(slt(bitmap, 0)) {
                            // A bitmap without its mark is refused in the end.
                            if eq(hash, calldataload(p)) { bitmap := 0 }
                            hash := calldataload(p)
                            p := add(p, 32)
                        }
                        bitmap := shl(1, bitmap)
                        mstore(xor(side, 32), hash)
                        hash := keccak256(0, 64)
                        mstore(add(to, 32), hash)
                        if changed {
                            mstore(side, mload(add(from, 64)))
                            hash := keccak256(0, 64)
                        }
                    }
                    default {
                        // It stands to the right.
                        mstore(32, mload(add(from, add(NODE, 32))))
                        mstore(add(to, 32), keccak256(0, 64))
                        mstore(0, mload(add(from, 64)))
                        mstore(32, mload(add(from, add(NODE, 64))))
                        hash := keccak256(0, 64)
                        from := add(from, NODE)
                    }
                    mstore(add(to, 64), hash)
                    mstore(to, shr(1, index))
                    to := add(to, NODE)
                    from := add(from, NODE)
                }
                mstore(to, NONE)
            }
            // The same for one node, without the queue.
            let index := mload(QUEUE)
            let hash := mload(add(QUEUE, 32))
            let afterwards := mload(add(QUEUE, 64))
            let changed := xor(hash, afterwards)
            for {} lt(height, until) { height := add(height, 32) } {
                let side := shl(5, and(index, 1))
                mstore(side, hash)
                hash := mload(height)
                if iszero(slt(bitmap, 0)) {
                    if eq(hash, calldataload(p)) { bitmap := 0 }
                    hash := calldataload(p)
                    p := add(p, 32)
                }
                bitmap := shl(1, bitmap)
                mstore(xor(side, 32), hash)
                hash := keccak256(0, 64)
                index := shr(1, index)
                if changed {
                    mstore(side, afterwards)
                    afterwards := keccak256(0, 64)
                }
            }
            if iszero(changed) { afterwards := hash }
            mstore(QUEUE, index)
            mstore(add(QUEUE, 32), hash)
            mstore(add(QUEUE, 64), afterwards)
            bitmapLeft := bitmap
            end := p
        }
    }

    /// @dev Puts the subtree's node into the queue, in its place, if the walk has not come to it from leaves below. After the
    /// step it is zero.
    function _insert(uint256 index, uint256 height, uint256 bitmap, uint256 p)
        private
        pure
        returns (uint256 bitmapLeft, uint256 end)
    {
        assembly ("memory-safe") {
            let to := QUEUE
            for {} lt(mload(to), index) { to := add(to, NODE) } {}
            let zero := mload(height)
            bitmapLeft := bitmap
            if xor(mload(to), index) {
                // Room for it before the nodes that stand to its right.
                let last := to
                for {} xor(mload(last), NONE) { last := add(last, NODE) } {}
                mcopy(add(to, NODE), to, add(sub(last, to), 32))
                mstore(to, index)
                mstore(add(to, 32), zero)
                bitmapLeft := shl(1, bitmap)
                if iszero(slt(bitmap, 0)) {
                    if eq(calldataload(p), zero) { bitmapLeft := 0 }
                    mstore(add(to, 32), calldataload(p))
                    p := add(p, 32)
                }
            }
            mstore(add(to, 64), zero)
            end := p
        }
    }
}
