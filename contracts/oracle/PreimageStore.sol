// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Large preimages: absorbed over many transactions, eight sponges at a time. The manual is IPreimageStore.

import {IPreimageStore} from "../interfaces/IPreimageStore.sol";
import {BitSlices} from "../libraries/BitSlices.sol";
import {ChunkTree} from "../libraries/ChunkTree.sol";
import {KeccakStreams} from "./generated/KeccakStreams.sol";

/// @title Store of proven preimages and their parts
contract PreimageStore is IPreimageStore {
    using BitSlices for uint64;

    uint256 private constant STREAMS = 8;
    uint256 private constant BLOCK_SIZE = 136;
    uint256 private constant STATE_WORDS = 50;
    /// Bytes of the length in front of a preimage.
    uint256 private constant PREFIX_SIZE = 8;
    uint256 private constant MAX_LENGTH = 1 << 24;
    /// What the streams but the first have of a word.
    uint256 private constant OTHERS = ~BitSlices.FIRST;
    /// keccak256 of no blocks, no chain and the zero state.
    bytes32 private immutable EMPTY = keccak256(new bytes(32 * (2 + STATE_WORDS)));

    struct Part {
        bytes32 data;
        /// One more than the length of the preimage; zero where there is no part.
        uint256 lengthPlusOne;
    }

    mapping(bytes32 id => bool) private _prefixes;
    mapping(bytes32 id => bool) private _preimages;
    mapping(bytes32 key => mapping(uint64 offset => Part)) private _parts;

    /// @inheritdoc IPreimageStore
    function store(bytes calldata preimage, uint64 offset) external returns (bytes32 key) {
        _checkOffset(offset, uint64(preimage.length));
        key = _key(keccak256(preimage));
        // The length, then as much of the preimage as the part may show.
        uint256 from = offset < PREFIX_SIZE ? 0 : offset - PREFIX_SIZE;
        uint256 size = _min(preimage.length - from, 32);
        bytes memory window = bytes.concat(bytes8(uint64(preimage.length)), preimage[from:from + size], bytes32(0));
        _keep(key, offset, uint64(preimage.length), _word(window, offset < PREFIX_SIZE ? offset : PREFIX_SIZE));
    }

    /// @inheritdoc IPreimageStore
    function absorb(Prefix calldata prefix, bytes32[50] calldata streams, bytes calldata groups, bytes32 result) external {
        KeccakStreams.setUp();
        if (isPrefix(result)) return;
        uint256 count = groups.length / KeccakStreams.GROUP_SIZE;
        if (count == 0 || groups.length % KeccakStreams.GROUP_SIZE != 0) revert BadGroups(groups.length);
        uint256 blocks = prefix.blocks + STREAMS * count;
        if (blocks * BLOCK_SIZE > MAX_LENGTH) revert TooLong(blocks * BLOCK_SIZE);

        bytes32 from = _load(prefix, streams, BitSlices.FIRST);
        bytes32 chain = ChunkTree.chained(prefix.chain, ChunkTree.chunk(prefix.blocks, count, _absorb(groups, count)));
        bytes32 id = _prefixId(uint64(blocks), chain, _lastStream(streams));
        if (id != result) revert WrongPrefix(result, id);
        _prefixes[id] = true;
        emit Absorbed(id, from, uint64(blocks), chain);
    }

    /// @inheritdoc IPreimageStore
    function finish(Prefix calldata prefix, bytes32[50] calldata state, bytes calldata tail, bytes32 key)
        external
        returns (bytes32 id)
    {
        KeccakStreams.setUp();
        if (tail.length >= KeccakStreams.GROUP_SIZE) revert TailTooLong(tail.length);
        uint256 length = prefix.blocks * BLOCK_SIZE + tail.length;
        if (length > MAX_LENGTH) revert TooLong(length);
        Preimage memory preimage = Preimage(key, uint64(length), prefix.blocks, prefix.chain, keccak256(tail));
        id = keccak256(abi.encode(preimage));
        if (_preimages[id]) return id;

        _load(prefix, state, type(uint256).max);
        bytes32 computed = _key(_squeezed(tail));
        if (computed != key) revert WrongKey(key, computed);
        _preimages[id] = true;
        emit Finished(key, id, preimage.length, preimage.blocks, preimage.chain, preimage.tail);
    }

    /// @inheritdoc IPreimageStore
    function provePart(Preimage calldata preimage, uint64 offset, bytes calldata tail, Opening[] calldata openings)
        external
    {
        bytes32 id = keccak256(abi.encode(preimage));
        if (!_preimages[id]) revert UnknownPreimage(id);
        _checkOffset(offset, preimage.length);
        // The length, then the blocks that the part may reach into; the length is seen from the first block only.
        uint256 first = offset < PREFIX_SIZE ? 0 : (offset - PREFIX_SIZE) / BLOCK_SIZE;
        bytes memory window = bytes.concat(bytes8(preimage.length));
        uint256 used;
        for (uint256 i = first; i < first + 2; i++) {
            // The part ends before the second block, or the preimage does.
            bool read = i * BLOCK_SIZE < preimage.length && i * BLOCK_SIZE < offset + 32 - PREFIX_SIZE;
            if (!read) break;
            if (i < preimage.blocks) {
                if (used == openings.length) revert WrongOpenings(used + 1, openings.length);
                window = bytes.concat(window, _openedBlock(preimage.chain, openings[used], used, i));
                used++;
            } else {
                if (keccak256(tail) != preimage.tail) revert WrongTail(preimage.tail, keccak256(tail));
                uint256 start = (i - preimage.blocks) * BLOCK_SIZE;
                window = bytes.concat(window, tail[start:_min(start + BLOCK_SIZE, tail.length)]);
            }
        }
        if (used != openings.length) revert WrongOpenings(used, openings.length);
        window = bytes.concat(window, bytes32(0));
        _keep(preimage.key, offset, preimage.length, _word(window, offset - first * BLOCK_SIZE));
    }

    /// @inheritdoc IPreimageStore
    function part(bytes32 key, uint64 offset) external view returns (uint64 length, bytes32 data) {
        Part storage kept = _parts[key][offset];
        if (kept.lengthPlusOne == 0) revert UnknownPart(key, offset);
        return (uint64(kept.lengthPlusOne - 1), kept.data);
    }

    /// @inheritdoc IPreimageStore
    function isPrefix(bytes32 id) public view returns (bool) {
        return id == EMPTY || _prefixes[id];
    }

    /// @inheritdoc IPreimageStore
    function isPreimage(bytes32 id) external view returns (bool) {
        return _preimages[id];
    }

    /// @dev Loads the states of the streams. What `mask` leaves of them must be the state after the prefix.
    function _load(Prefix calldata prefix, bytes32[50] calldata streams, uint256 mask) private view returns (bytes32 id) {
        uint256[STATE_WORDS] memory state;
        for (uint256 i; i < STATE_WORDS; i++) {
            KeccakStreams.setWord(i, uint256(streams[i]));
            state[i] = uint256(streams[i]) & mask;
        }
        id = _prefixId(prefix.blocks, prefix.chain, state);
        if (!isPrefix(id)) revert UnknownPrefix(id);
    }

    /// @dev Absorbs groups; the root of their tree.
    function _absorb(bytes calldata groups, uint256 count) private pure returns (bytes32) {
        bytes32[] memory leaves = new bytes32[](count);
        uint256 source;
        assembly ("memory-safe") {
            source := groups.offset
        }
        for (uint256 i; i < count; i++) {
            leaves[i] = KeccakStreams.absorb(source);
            KeccakStreams.permute();
            source += KeccakStreams.GROUP_SIZE;
        }
        return ChunkTree.root(leaves);
    }

    /// @dev Checks that each stream ends where the next one starts; the end of the last one, as stream 0.
    function _lastStream(bytes32[50] calldata streams) private pure returns (uint256[STATE_WORDS] memory state) {
        uint256 differences;
        for (uint256 i; i < STATE_WORDS; i++) {
            uint256 end = KeccakStreams.word(i);
            differences |= (end << 1) ^ uint256(streams[i]);
            state[i] = (end >> (STREAMS - 1)) & BitSlices.FIRST;
        }
        differences &= OTHERS;
        if (differences == 0) return state;
        for (uint256 bits = 128; bits >= 8; bits /= 2) differences |= differences >> bits;
        revert StreamsNotJoined(differences & 0xff);
    }

    /// @dev Absorbs the last bytes and their padding in stream 0; the hash.
    function _squeezed(bytes calldata tail) private pure returns (bytes32 hash) {
        bytes memory padded = bytes.concat(tail, new bytes(BLOCK_SIZE - tail.length % BLOCK_SIZE));
        padded[tail.length] = 0x01;
        padded[padded.length - 1] |= 0x80;
        for (uint256 start; start < padded.length; start += BLOCK_SIZE) {
            for (uint256 lane; lane < BLOCK_SIZE / 8; lane++) {
                uint64 bytes_ = uint64(uint256(_word(padded, start + 8 * lane)) >> 192);
                (uint256 even, uint256 odd) = bytes_.reversed().split();
                KeccakStreams.xorWord(2 * lane, even);
                KeccakStreams.xorWord(2 * lane + 1, odd);
            }
            KeccakStreams.permute();
        }
        for (uint256 lane; lane < 4; lane++) {
            uint64 value = BitSlices.join(KeccakStreams.word(2 * lane), KeccakStreams.word(2 * lane + 1));
            hash = (hash << 64) | bytes32(uint256(value.reversed()));
        }
    }

    /// @dev The bytes of block `block_`, which an opening shows.
    function _openedBlock(bytes32 chain, Opening calldata opening, uint256 index, uint256 block_)
        private
        pure
        returns (bytes memory bytes_)
    {
        uint256 count = opening.groups;
        bool right = opening.group.length == KeccakStreams.GROUP_SIZE && block_ >= opening.firstBlock
            && block_ - opening.firstBlock < STREAMS * count;
        if (!right) revert WrongOpening(index, uint64(block_));
        uint256 relative = block_ - opening.firstBlock;
        bytes32 root = ChunkTree.rootOf(keccak256(opening.group), relative % count, count, opening.siblings);
        bytes32 reached = ChunkTree.chained(opening.chain, ChunkTree.chunk(opening.firstBlock, count, root));
        for (uint256 i; i < opening.later.length; i++) reached = ChunkTree.chained(reached, opening.later[i]);
        if (reached != chain) revert WrongOpening(index, uint64(block_));

        uint256 stream = relative / count;
        for (uint256 lane; lane < BLOCK_SIZE / 8; lane++) {
            uint256 even = uint256(bytes32(opening.group[64 * lane:])) >> stream;
            uint256 odd = uint256(bytes32(opening.group[64 * lane + 32:])) >> stream;
            bytes_ = bytes.concat(bytes_, bytes8(BitSlices.join(even, odd).reversed()));
        }
    }

    function _keep(bytes32 key, uint64 offset, uint64 length, bytes32 data) private {
        if (_parts[key][offset].lengthPlusOne != 0) return;
        _parts[key][offset] = Part(data, uint256(length) + 1);
        emit PartProven(key, offset, length, data);
    }

    function _checkOffset(uint64 offset, uint64 length) private pure {
        if (offset > length + PREFIX_SIZE) revert OffsetBeyondEnd(offset, length);
    }

    /// @dev The hash with the type of key, 2, for its first byte.
    function _key(bytes32 hash) private pure returns (bytes32) {
        return bytes32(uint256(2) << 248) | ((hash << 8) >> 8);
    }

    function _prefixId(uint64 blocks, bytes32 chain, uint256[STATE_WORDS] memory state) private pure returns (bytes32) {
        return keccak256(abi.encode(blocks, chain, state));
    }

    /// @dev 32 bytes of `data` from `index` on; all of them must be within it.
    function _word(bytes memory data, uint256 index) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), index))
        }
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
