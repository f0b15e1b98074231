// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The shell of the step verifier: checks a proof against the state hash, fetches and decodes the instruction, has one
// generated contract execute it on the frame (generated/Frame.sol), and hashes the state that it leaves.

import {IPreimageOracle} from "../interfaces/IPreimageOracle.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {MemoryProof} from "../libraries/MemoryProof.sol";
import {ProofReader} from "../libraries/ProofReader.sol";
import {Fetch} from "./generated/Fetch.sol";
import {
    COLD_END,
    FP_END,
    FRAME,
    HOT_END,
    LEAF_COUNT,
    LEAVES_USED,
    LEAVES_WRITTEN,
    LENGTH,
    M64,
    NEXT_PC,
    PARTS,
    PC,
    PREIMAGE_GIVEN,
    PREIMAGE_USED,
    SCRATCH,
    STATUS,
    STEP,
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
    address public immutable system;
    /// @inheritdoc IStepVerifier
    IPreimageOracle public immutable oracle;

    constructor(address core_, address system_, IPreimageOracle oracle_) {
        core = core_;
        system = system_;
        oracle = oracle_;
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

    function _step(bytes32 pre, bytes calldata proof) private view returns (bytes32) {
        _allocate();
        (bytes32 coldHash, bytes32 fpHash, uint256 memoryAt) = ProofReader.readState(proof);
        (bytes32 root, uint256 end) = _rootBefore(memoryAt);
        bytes32 found = Record.stateHash(coldHash, fpHash, root);
        if (found != pre) revert WrongPreState(pre, found);
        uint256 windowEnd = ProofReader.readPreimage(proof, end, oracle);

        _execute(windowEnd);

        if (_word(LEAVES_WRITTEN) | _word(ZEROED) != 0) (root,) = MemoryProof.rootOf(memoryAt, true);
        if (_word(PARTS) & 1 != 0) coldHash = Record.coldHash();
        if (_word(PARTS) & 2 != 0) fpHash = Record.fpHash();
        return Record.stateHash(coldHash, fpHash, root);
    }

    /// @dev Takes the memory up to the window: from here on it is all zero and ours.
    function _allocate() private pure {
        assembly ("memory-safe") {
            if gt(mload(0x40), SCRATCH) { invalid() }
            mstore(0x40, WINDOW)
        }
    }

    /// @dev The memory root of the record: what the multiproof leads to, or what is given where there are no leaves.
    function _rootBefore(uint256 memoryAt) private pure returns (bytes32 root, uint256 end) {
        MemoryProof.prepare();
        if (_word(LEAF_COUNT) != 0) return MemoryProof.rootOf(memoryAt, false);
        assembly ("memory-safe") {
            root := calldataload(memoryAt)
            end := add(memoryAt, 32)
        }
    }

    /// @dev Executes one instruction on the frame, and checks that it used all that the proof gives.
    function _execute(uint256 windowEnd) private view {
        Fetch.fetch();
        if (_word(STATUS) == RUNNING) {
            uint256 word = _word(WORD);
            if (_word(LENGTH) == 2) word = Fetch.expand(word);
            assembly ("memory-safe") {
                mstore(WORD, word)
                mstore(NEXT_PC, and(add(mload(PC), mload(LENGTH)), M64))
            }
            _call(Fetch.isSystemCall(word) ? system : core, windowEnd);
        } else if (_word(PARTS) != 0) {
            revert PartsMismatch(0);
        } else {
            assembly ("memory-safe") {
                mstore(NEXT_PC, mload(PC))
            }
        }
        assembly ("memory-safe") {
            mstore(PC, mload(NEXT_PC))
            mstore(STEP, and(add(mload(STEP), 1), M64))
        }
        if (_word(LEAVES_USED) != (1 << _word(LEAF_COUNT)) - 1) revert LeafUnused(_word(LEAVES_USED));
        if (_word(ZEROED) != 0 && _word(ZEROED_USED) == 0) revert ZeroedMismatch(0);
        if (_word(PREIMAGE_GIVEN) != _word(PREIMAGE_USED)) revert PreimageUnused();
    }

    /// @dev Has the contract `group` execute the instruction. Its frame ends with the last part that is given.
    function _call(address group, uint256 windowEnd) private view {
        uint256 parts = _word(PARTS);
        uint256 end = parts == 0 ? HOT_END : parts == 1 ? COLD_END : FP_END;
        assembly ("memory-safe") {
            let size := sub(end, FRAME)
            if gt(windowEnd, WINDOW) { end := windowEnd }
            if iszero(staticcall(gas(), group, FRAME, sub(end, FRAME), FRAME, size)) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
    }

    function _word(uint256 address_) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(address_)
        }
    }
}
