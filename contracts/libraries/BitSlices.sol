// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Between 64-bit lanes and their slices, for stream 0: bit z of a lane is bit 8 floor(z / 2) of word z mod 2.

/// @title Slices of one lane of one stream
library BitSlices {
    /// Bit 0 of every byte: what stream 0 has of a word.
    uint256 internal constant FIRST = 0x0101010101010101010101010101010101010101010101010101010101010101;
    uint256 private constant EVEN = 0x5555555555555555;

    /// @dev The eight bytes of a lane, of which the first is the lowest, to a number, and back.
    function reversed(uint64 x) internal pure returns (uint64) {
        x = ((x & 0x00ff00ff00ff00ff) << 8) | ((x >> 8) & 0x00ff00ff00ff00ff);
        x = ((x & 0x0000ffff0000ffff) << 16) | ((x >> 16) & 0x0000ffff0000ffff);
        return (x << 32) | (x >> 32);
    }

    /// @dev The two words of a lane.
    function split(uint64 lane) internal pure returns (uint256 even, uint256 odd) {
        even = _spread(lane & EVEN);
        odd = _spread((lane >> 1) & EVEN);
    }

    /// @dev The lane of two words; the bits of other streams are ignored.
    function join(uint256 even, uint256 odd) internal pure returns (uint64 lane) {
        lane = uint64(_gather(even & FIRST) | (_gather(odd & FIRST) << 1));
    }

    /// @dev Bits 2 i to bits 8 i: each doubling of the distance moves the upper half of every group.
    function _spread(uint256 x) private pure returns (uint256) {
        x = (x | (x << 96)) & 0x000000000000000000000000ffffffff000000000000000000000000ffffffff;
        x = (x | (x << 48)) & 0x000000000000ffff000000000000ffff000000000000ffff000000000000ffff;
        x = (x | (x << 24)) & 0x000000ff000000ff000000ff000000ff000000ff000000ff000000ff000000ff;
        x = (x | (x << 12)) & 0x000f000f000f000f000f000f000f000f000f000f000f000f000f000f000f000f;
        return (x | (x << 6)) & FIRST;
    }

    /// @dev Bits 8 i to bits 2 i.
    function _gather(uint256 x) private pure returns (uint256) {
        x = (x | (x >> 6)) & 0x000f000f000f000f000f000f000f000f000f000f000f000f000f000f000f000f;
        x = (x | (x >> 12)) & 0x000000ff000000ff000000ff000000ff000000ff000000ff000000ff000000ff;
        x = (x | (x >> 24)) & 0x000000000000ffff000000000000ffff000000000000ffff000000000000ffff;
        x = (x | (x >> 48)) & 0x000000000000000000000000ffffffff000000000000000000000000ffffffff;
        return (x | (x >> 96)) & EVEN;
    }
}
