// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The shell of the step verifier: checks a proof against the state hash, fetches and decodes the instruction, has one
// generated contract execute it on the frame (generated/Frame.sol), and hashes the state that it leaves.

import {IPreimageStore} from "../interfaces/IPreimageStore.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {MemoryProof} from "../libraries/MemoryProof.sol";
import {Opened, ProofReader} from "../libraries/ProofReader.sol";
import {Fetch} from "./generated/Fetch.sol";
import {
    FP_HASH,
    FRAME,
    LEAF_COUNT,
    LEAVES_USED,
    LENGTH,
    M64,
    NEXT_PC,
    PARTS,
    PC,
    PREEMPT_STEP,
    PREIMAGE_GIVEN,
    PREIMAGE_USED,
    SCRATCH,
    STATUS,
    STEP,
    THREAD_GIVEN,
    THREAD_USED,
    WINDOW,
    WORD,
    ZEROED,
    ZEROED_USED
} from "./generated/Frame.sol";
import {Record} from "./generated/Record.sol";

/// @title The step verifier
contract StepVerifier is IStepVerifier {
    /// Status of a machine that goes on.
    uint256 private constant RUNNING = 3;

    /// @inheritdoc IStepVerifier
    address public immutable core;
    /// @inheritdoc IStepVerifier
    address public immutable float;
    /// @inheritdoc IStepVerifier
    address public immutable system;
    /// @inheritdoc IStepVerifier
    IPreimageStore public immutable store;

    constructor(address core_, address float_, address system_, IPreimageStore store_) {
        core = core_;
        float = float_;
        system = system_;
        store = store_;
    }

    /// @inheritdoc IStepVerifier
    function step(bytes32 pre, bytes calldata proof) external view returns (bytes32 post) {
        uint256 status = uint256(pre) >> 248;
        if (status > RUNNING) revert NotAState(pre);
        if (status < RUNNING) {
            if (proof.length != 0) revert ProofLength(0, proof.length);
            return pre;
        }
        return _step(pre, proof);
    }

    /// @dev The step is executed on what the proof claims; then one walk over the memory proof shows whether `pre` is the
    /// state that it claims, and what state it became.
    function _step(bytes32 pre, bytes calldata proof) private view returns (bytes32) {
        Opened memory opened;
        _allocate();
        ProofReader.read(proof, store, opened);
        Record.pack(opened.coldHash, opened.fpHash);
        _execute(opened.frameEnd);
        (bytes32 rootBefore, bytes32 rootAfter) = _roots(proof, opened);
        bytes32 found = Record.stateHash(rootBefore);
        if (found != pre) revert WrongPreState(pre, found);

        uint256 parts = _word(PARTS);
        bytes32 coldHash = parts & 1 == 0 ? opened.coldHash : Record.coldHash();
        bytes32 fpHash = parts & 2 == 0 ? bytes32(_word(FP_HASH)) : Record.fpHash();
        Record.pack(coldHash, fpHash);
        return Record.stateHash(rootAfter);
    }

    /// @dev Takes the memory up to the window: from here on it is all zero and ours.
    function _allocate() private pure {
        assembly ("memory-safe") {
            if gt(mload(0x40), SCRATCH) { invalid() }
            mstore(0x40, WINDOW)
        }
    }

    /// @dev The memory roots before and after the step: those that the multiproof leads to, or the one that is given where
    /// there are no leaves. The proof must end there.
    function _roots(bytes calldata proof, Opened memory opened) private pure returns (bytes32 before, bytes32 afterwards) {
        uint256 end;
        if (_word(LEAF_COUNT) != 0) {
            Record.fillZeroHashes();
            (before, afterwards, end) = MemoryProof.roots(opened.leaves, opened.multiproof);
        } else {
            uint256 p = opened.multiproof;
            assembly ("memory-safe") {
                before := calldataload(p)
                afterwards := before
                end := add(p, 32)
            }
        }
        uint256 start;
        assembly ("memory-safe") {
            start := proof.offset
        }
        if (end != start + proof.length) revert ProofLength(end - start, proof.length);
    }

    /// @dev Executes one instruction, or a thread switch, on the frame.
    function _execute(uint256 frameEnd) private view {
        if (_word(STEP) >= _word(PREEMPT_STEP)) {
            // The thread's turn is over: a switch, which is no instruction and has no length.
            assembly ("memory-safe") {
                mstore(NEXT_PC, mload(PC))
            }
            _call(system, frameEnd);
            _finish();
            return;
        }
        Fetch.fetch();
        if (_word(STATUS) == RUNNING) {
            uint256 word = _word(WORD);
            if (_word(LENGTH) == 2) word = Fetch.expand(word);
            assembly ("memory-safe") {
                mstore(WORD, word)
                mstore(NEXT_PC, and(add(mload(PC), mload(LENGTH)), M64))
            }
            _call(Fetch.isSystemCall(word) ? system : Fetch.isFloat(word) ? float : core, frameEnd);
        } else if (_word(PARTS) != 0) {
            revert PartsMismatch(0);
        } else {
            assembly ("memory-safe") {
                mstore(NEXT_PC, mload(PC))
            }
        }
        _finish();
    }

    /// @dev Counts the step, and checks that it used all that the proof gives.
    function _finish() private pure {
        assembly ("memory-safe") {
            mstore(PC, mload(NEXT_PC))
            mstore(STEP, and(add(mload(STEP), 1), M64))
        }
        if (_word(LEAVES_USED) != (1 << _word(LEAF_COUNT)) - 1) revert LeafUnused(_word(LEAVES_USED));
        if (_word(ZEROED) != 0 && _word(ZEROED_USED) == 0) revert ZeroedMismatch(0);
        if (_word(PREIMAGE_GIVEN) != _word(PREIMAGE_USED)) revert PreimageUnused();
        if (_word(THREAD_GIVEN) != _word(THREAD_USED)) revert ThreadUnused();
    }

    /// @dev Has the contract `group` execute the instruction on the frame, which ends at `frameEnd`. It gives back the frame,
    /// but not the preimage behind it.
    function _call(address group, uint256 frameEnd) private view {
        assembly ("memory-safe") {
            let size := sub(frameEnd, FRAME)
            let returned := sub(WINDOW, FRAME)
            if lt(size, returned) { returned := size }
            if iszero(staticcall(gas(), group, FRAME, size, FRAME, returned)) {
                let memoryEnd := mload(0x40)
                returndatacopy(memoryEnd, 0, returndatasize())
                revert(memoryEnd, returndatasize())
            }
        }
    }

    function _word(uint256 address_) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(address_)
        }
    }
}
