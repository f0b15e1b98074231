// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Why a one-step proof is refused. Every refusal is one of these errors; a proof is never half accepted.

/// @title Errors of the step verifier and of the contracts that execute instructions for it
interface IStepErrors {
    /// The state hash does not begin with a status: 0 valid, 1 invalid, 2 panic, 3 running.
    error NotAState(bytes32 pre);
    /// The proof is one of another state.
    error WrongPreState(bytes32 expected, bytes32 found);
    /// The proof should end after `expected` bytes but has `found`.
    error ProofLength(uint256 expected, uint256 found);
    /// The first byte of the proof has a bit that means nothing, or a preimage without the cold part.
    error BadHeader(uint256 header);
    /// A number or 32-byte field is not written in its shortest form, or does not fit its field.
    error NumberNotCanonical();
    /// The half byte after an odd count of codes is not 0.
    error PaddingNotZero();
    /// More leaves than a proof may open.
    error TooManyLeaves(uint256 count);
    /// Leaf indices are not strictly ascending, or not below 2^27.
    error LeavesNotAscending(uint256 index);
    /// No subtree of whole pages has this node: height << 24 | index.
    error BadSubtree(uint256 node);
    /// The multiproof's bitmap is not as long as its entries need, has a bit after the last that is not 0, or an entry spells
    /// out the hash of a zero subtree.
    error MultiproofNotCanonical();
    /// The step opens other parts of the record than the proof gives: bit 0 cold, bit 1 fp.
    error PartsMismatch(uint256 opened);
    /// The step accesses a leaf that the proof does not give.
    error LeafMissing(uint256 index);
    /// The proof gives leaves that the step does not access: bit i of `used` is leaf i of the proof.
    error LeafUnused(uint256 used);
    /// The step zeroes another node than the proof gives: height << 32 | index; 0 if it zeroes none.
    error ZeroedMismatch(uint256 node);
    /// The step looks at a preimage, or at a part of it, that the proof does not give.
    error PreimageMissing();
    /// The proof gives a preimage that the step does not look at.
    error PreimageUnused();
    /// What the proof gives is not the preimage of this key.
    error PreimageMismatch(bytes32 key);
    /// A preimage larger than a proof may carry: it goes through the preimage store.
    error PreimageTooLarge(uint256 length);

    /// @notice The step takes a thread from a stack, and the proof does not give it.
    error ThreadMissing();

    /// @notice The thread that the proof gives is not on top of its stack.
    error ThreadMismatch();

    /// @notice The proof gives a thread, and the step takes none.
    error ThreadUnused();
}
