// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The commitment to what was absorbed: a tree over the groups of a chunk, a chain over the chunks.

/// @title Chunks of groups, and their chain
library ChunkTree {
    /// @dev Root of the binary tree over one or more leaves, which are overwritten. A node without a sibling moves up.
    function root(bytes32[] memory nodes) internal pure returns (bytes32) {
        for (uint256 count = nodes.length; count > 1; count = (count + 1) / 2) {
            for (uint256 i; i < count / 2; i++) nodes[i] = _parent(nodes[2 * i], nodes[2 * i + 1]);
            if (count % 2 == 1) nodes[count / 2] = nodes[count - 1];
        }
        return nodes[0];
    }

    /// @dev Root of the tree over `count` leaves of which the one at `index` and its siblings, from the bottom, are given.
    /// Zero, which is no root, unless the siblings are as many as it has.
    function rootOf(bytes32 node, uint256 index, uint256 count, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32)
    {
        uint256 used;
        for (; count > 1; count = (count + 1) / 2) {
            if ((index ^ 1) < count) {
                if (used == siblings.length) return 0;
                bytes32 sibling = siblings[used++];
                node = index % 2 == 0 ? _parent(node, sibling) : _parent(sibling, node);
            }
            index /= 2;
        }
        return used == siblings.length ? node : bytes32(0);
    }

    /// @dev A chunk: where it begins, how many groups it has, and the root of their tree.
    function chunk(uint256 firstBlock, uint256 groups, bytes32 root_) internal pure returns (bytes32) {
        return keccak256(abi.encode(firstBlock, groups, root_));
    }

    /// @dev A chain with one chunk more.
    function chained(bytes32 chain, bytes32 chunk_) internal pure returns (bytes32) {
        return _parent(chain, chunk_);
    }

    function _parent(bytes32 left, bytes32 right) private pure returns (bytes32 parent) {
        assembly ("memory-safe") {
            mstore(0, left)
            mstore(32, right)
            parent := keccak256(0, 64)
        }
    }
}
