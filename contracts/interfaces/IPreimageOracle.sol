// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Preimages that are too large for one transaction.

/// @title Verified parts of large preimages
interface IPreimageOracle {
    /// @notice Whether it was verified that the preimage of `key` has `length` bytes, and that `part` are 32 bytes of it
    /// from `offset` on, counted with the 8-byte big-endian length in front, filled up with zeros after its end.
    function isVerified(bytes32 key, uint64 offset, uint64 length, bytes32 part) external view returns (bool);
}
