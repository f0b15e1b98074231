// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Preimages that are too large for the transaction of the step that reads them: the manual of contracts/oracle.

/// @title Parts of keccak256 preimages, proven once and for everybody
/// @notice Anybody may call anything here, for nothing but gas. The store holds facts and no sessions: every fact is true
/// whoever proved it, none is ever changed or removed, and a call depends on nothing but facts. So nobody can hinder,
/// corrupt or undo anybody's upload; wrong bytes prove at most something true about themselves. There is no owner, no
/// deposit, no deadline and no challenge: what is proven holds from the same transaction on.
///
/// A *key* is 0x02 followed by the last 31 bytes of the preimage's keccak256. A *part* is what one step reads: 32 bytes,
/// from an offset on, of the preimage with its length in front (8 bytes, big-endian), filled up with zeros after the end.
///
/// A preimage of up to about 120,000 bytes takes one transaction, `store`. A larger one (to 2^24 bytes) is *absorbed* by
/// Keccak's sponge, 136 bytes a block, over many transactions, which anybody may continue:
///
///   absorb, absorb, ..., absorb      each 864 blocks (117,504 bytes) for 10 million gas
///   finish                           the last bytes, padding, and the key: 0.2 to 0.8 million gas
///   provePart                        one for each part: 0.13 to 0.2 million gas
///
/// 1.7 million bytes are 15 + 1 + 1 transactions and 146 million gas. Disputes that read the same preimage share the upload.
///
/// *Streams.* One `absorb` computes eight sponges at once, side by side in 256-bit words. The blocks of the call are cut
/// into eight equal runs; the caller says in which state each run starts, and each run must end in the state in which the
/// next starts. A run has as many blocks as the call has *groups*; group t holds block t of each of the eight runs.
///
/// *Slices.* Bit z of 64-bit lane j in stream k is bit 8 floor(z / 2) + k of word 2 j + (z mod 2), where words are 32
/// bytes, big-endian: 50 words are eight states (lane x + 5 y, FIPS 202), 34 words are eight blocks. So a rotation of all
/// eight lanes is a rotation of a word by bytes. Stream 0 is bit 0 of every byte.
///
/// *Commitment.* So that later any part can be proven, what was absorbed is committed to. A chunk (the groups of one call)
/// is keccak256(first block, groups, root), root being that of the binary tree over the keccak256 of each group's 1,088
/// bytes, where a node without a sibling moves up as it is. The chain is keccak256(chain before, chunk), from zero.
interface IPreimageStore {
    /// @notice What has been absorbed.
    /// @param blocks blocks of 136 bytes
    /// @param chain the chain of their chunks
    struct Prefix {
        uint64 blocks;
        bytes32 chain;
    }

    /// @notice A preimage that was absorbed to its end.
    /// @param key its key
    /// @param length its bytes
    /// @param blocks blocks absorbed in streams
    /// @param chain the chain of their chunks
    /// @param tail keccak256 of the bytes after them
    struct Preimage {
        bytes32 key;
        uint64 length;
        uint64 blocks;
        bytes32 chain;
        bytes32 tail;
    }

    /// @notice Shows one group of a chain.
    /// @param chain the chain before the group's chunk
    /// @param firstBlock blocks before the chunk
    /// @param groups groups of the chunk
    /// @param group the group, 1,088 bytes
    /// @param siblings its path in the chunk's tree, from the bottom
    /// @param later the chunks after it
    struct Opening {
        bytes32 chain;
        uint64 firstBlock;
        uint64 groups;
        bytes group;
        bytes32[] siblings;
        bytes32[] later;
    }

    /// @notice A prefix was proven; `from` is the one that it extends.
    event Absorbed(bytes32 indexed id, bytes32 indexed from, uint64 blocks, bytes32 chain);
    /// @notice A preimage was absorbed to its end.
    event Finished(bytes32 indexed key, bytes32 indexed id, uint64 length, uint64 blocks, bytes32 chain, bytes32 tail);
    /// @notice A part was proven.
    event PartProven(bytes32 indexed key, uint64 indexed offset, uint64 length, bytes32 data);

    /// @notice Nobody has proven that the sponge is in this state after these blocks.
    error UnknownPrefix(bytes32 id);
    /// @notice Nobody has proven this preimage.
    error UnknownPreimage(bytes32 id);
    /// @notice Nobody has proven this part.
    error UnknownPart(bytes32 key, uint64 offset);
    /// @notice The groups are not one or more times 1,088 bytes.
    error BadGroups(uint256 size);
    /// @notice The preimage would have more than 2^24 bytes.
    error TooLong(uint256 length);
    /// @notice Streams that do not end where the next one starts: bit k set for the start of stream k.
    error StreamsNotJoined(uint256 streams);
    /// @notice What was absorbed is not what the caller expected.
    error WrongPrefix(bytes32 expected, bytes32 id);
    /// @notice A tail has fewer than 1,088 bytes: more are absorbed.
    error TailTooLong(uint256 size);
    /// @notice The bytes have another key.
    error WrongKey(bytes32 expected, bytes32 key);
    /// @notice An offset is at most the length and its 8 bytes.
    error OffsetBeyondEnd(uint64 offset, uint64 length);
    /// @notice The tail is not the preimage's.
    error WrongTail(bytes32 expected, bytes32 tail);
    /// @notice A part needs one opening for each of its blocks (at most two) that was absorbed in streams, and no other.
    error WrongOpenings(uint256 needed, uint256 given);
    /// @notice The opening does not show the block, or not of this preimage.
    error WrongOpening(uint256 index, uint64 block_);

    /// @notice Proves a part of a preimage that fits into one transaction, and keeps it.
    /// @dev About 70,000 gas, or, where that is more, 21,000 and 40 gas (64 under the coming schedule) a byte: 4.8 million for
    /// 120,000 bytes. Repeating it is harmless.
    /// @param preimage all of it
    /// @param offset where the part begins, at most length + 8
    /// @return key the key of the preimage
    function store(bytes calldata preimage, uint64 offset) external returns (bytes32 key);

    /// @notice Extends a proven prefix (or nothing: no blocks, chain zero, stream 0 zero) by the blocks of `groups`.
    /// @dev 121,000 gas and 91,700 a group (11,470 a block, of which 2,176 are calldata). Keep it below the gas and size of a
    /// transaction: 108 groups are 10 million gas and 120,000 bytes. If `result` is proven already, nothing is done and only
    /// the calldata is paid for: so whoever comes second loses less.
    /// @param prefix what was absorbed before
    /// @param streams the states in which the eight streams start, sliced; stream 0's is the state after `prefix`
    /// @param groups 1,088 bytes each, sliced: 34 words
    /// @param result the id of the prefix that this proves
    function absorb(Prefix calldata prefix, bytes32[50] calldata streams, bytes calldata groups, bytes32 result) external;

    /// @notice Ends a preimage: absorbs its last bytes, pads, and compares the hash with the key.
    /// @dev 82,000 gas, and 90,000 for each block: one more than the tail has whole ones. If the preimage is proven already,
    /// nothing is done.
    /// @param prefix what was absorbed before
    /// @param state the state after it: stream 0, the other streams zero
    /// @param tail the rest of the preimage, less than 1,088 bytes, as they are
    /// @param key the key that it must have
    /// @return id the preimage's id
    function finish(Prefix calldata prefix, bytes32[50] calldata state, bytes calldata tail, bytes32 key)
        external
        returns (bytes32 id);

    /// @notice Proves a part of a finished preimage, and keeps it.
    /// @dev 85,000 gas, 45,000 for each opening and 1,000 for each chunk after it. Repeating it is harmless.
    /// @param preimage which one
    /// @param offset where the part begins, at most length + 8
    /// @param tail the preimage's tail if the part reaches into it, else anything
    /// @param openings for each of the part's blocks that was absorbed in streams, in order
    function provePart(Preimage calldata preimage, uint64 offset, bytes calldata tail, Opening[] calldata openings)
        external;

    /// @notice A proven part. Reverts with UnknownPart for any other.
    /// @return length the bytes of the preimage
    /// @return data the part
    function part(bytes32 key, uint64 offset) external view returns (uint64 length, bytes32 data);

    /// @notice Whether a prefix is proven: `id` is keccak256(blocks, chain, the 50 words of its state: stream 0, the other
    /// streams zero). The empty prefix is.
    function isPrefix(bytes32 id) external view returns (bool);

    /// @notice Whether a preimage is proven: `id` is keccak256 of the five members of `Preimage`, a word each.
    function isPreimage(bytes32 id) external view returns (bool);
}
