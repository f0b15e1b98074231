// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The multiproof of the leaves in the frame: src/commitment/multiproof.ts specifies its walk and its bytes. It gives the root
// before the step from the leaves as the proof gives them, and the root after it from the leaves as the step left them.

import {IStepErrors} from "../interfaces/IStepErrors.sol";
import {LEAF_COUNT, LEAF_INDEX, LEAF_VALUE, QUEUE, ZERO_HASHES, ZEROED} from "../step/generated/Frame.sol";

/// @title Roots of the memory tree from a few of its nodes
library MemoryProof {
    /// Height of the memory tree.
    uint256 private constant DEPTH = 27;

    /// @dev Fills the table of zero hashes. Once, before the first root.
    function prepare() internal pure {
        assembly ("memory-safe") {
            let hash := 0
            for { let to := ZERO_HASHES } lt(to, QUEUE) { to := add(to, 32) } {
                mstore(to, hash)
                mstore(0, hash)
                mstore(32, hash)
                hash := keccak256(0, 64)
            }
        }
    }

    /// @dev The root to which the multiproof in calldata place `p` leads from the leaves in the frame.
    /// @param zeroes whether the subtree that the frame names counts as zero
    /// @return root 32 bytes
    /// @return end of the multiproof in calldata; it may lie beyond the end of the proof, which the caller checks
    function rootOf(uint256 p, bool zeroes) internal pure returns (bytes32 root, uint256 end) {
        uint256 bitmap;
        uint256 size;
        uint256 entries;
        bool explicitZero;
        assembly ("memory-safe") {
            size := byte(0, calldataload(p))
            // At most 32 bytes: a larger size is refused below, since no proof has so many entries.
            bitmap := and(calldataload(add(p, 1)), not(shr(shl(3, size), not(0))))
            p := add(add(p, 1), size)
        }
        (root, end, entries, explicitZero) = _walk(p, bitmap, zeroes);
        if (explicitZero) revert IStepErrors.MultiproofExplicitZero();
        if (size != (entries + 7) >> 3) revert IStepErrors.MultiproofBitmap(size);
        if (bitmap << entries != 0) revert IStepErrors.MultiproofPadding();
    }

    function _walk(uint256 p, uint256 bitmap, bool zeroes)
        private
        pure
        returns (bytes32 root, uint256 end, uint256 entries, bool explicitZero)
    {
        assembly ("memory-safe") {
            // The next entry of the proof, for height h: a bit alone if it is zero, else a bit and 32 bytes.
            function entry(h, bits, i, from) -> hash, next, wrong {
                let zero := mload(add(ZERO_HASHES, shl(5, h)))
                next := from
                switch and(shr(sub(255, i), bits), 1)
                case 0 {
                    hash := calldataload(from)
                    next := add(from, 32)
                    wrong := eq(hash, zero)
                }
                default { hash := zero }
            }

            // Bytes of pairs in the queue.
            let n := shl(6, mload(LEAF_COUNT))
            for { let i := 0 } lt(i, n) { i := add(i, 64) } {
                mstore(add(QUEUE, i), mload(add(LEAF_INDEX, shr(1, i))))
                mstore(add(QUEUE, add(i, 32)), mload(add(LEAF_VALUE, shr(1, i))))
            }
            for { let h := 0 } 1 { h := add(h, 1) } {
                if and(eq(shr(32, mload(ZEROED)), h), gt(h, 0)) {
                    let index := and(mload(ZEROED), 0xffffffff)
                    let place := QUEUE
                    for { let last := add(QUEUE, n) } lt(place, last) { place := add(place, 64) } {
                        if iszero(lt(mload(place), index)) { break }
                    }
                    // A pair that stands there already is that of leaves below the subtree.
                    if iszero(and(lt(place, add(QUEUE, n)), eq(mload(place), index))) {
                        let wrong
                        mcopy(add(place, 64), place, sub(add(QUEUE, n), place))
                        n := add(n, 64)
                        mstore(place, index)
                        let hash
                        hash, p, wrong := entry(h, bitmap, entries, p)
                        mstore(add(place, 32), hash)
                        explicitZero := or(explicitZero, wrong)
                        entries := add(entries, 1)
                    }
                    if zeroes { mstore(add(place, 32), mload(add(ZERO_HASHES, shl(5, h)))) }
                }
                if eq(h, DEPTH) { break }
                // Pairs of this height are read from `from` on, pairs of the next written before it.
                let to := QUEUE
                let last := add(QUEUE, n)
                for { let from := QUEUE } lt(from, last) {} {
                    let index := mload(from)
                    let side := shl(5, and(index, 1))
                    mstore(side, mload(add(from, 32)))
                    from := add(from, 64)
                    switch and(lt(from, last), eq(mload(from), xor(index, 1)))
                    case 0 {
                        let hash, wrong
                        hash, p, wrong := entry(h, bitmap, entries, p)
                        mstore(xor(side, 32), hash)
                        explicitZero := or(explicitZero, wrong)
                        entries := add(entries, 1)
                    }
                    default {
                        mstore(32, mload(add(from, 32)))
                        from := add(from, 64)
                    }
                    mstore(to, shr(1, index))
                    mstore(add(to, 32), keccak256(0, 64))
                    to := add(to, 64)
                }
                n := sub(to, QUEUE)
            }
            root := mload(add(QUEUE, 32))
            end := p
        }
    }
}
