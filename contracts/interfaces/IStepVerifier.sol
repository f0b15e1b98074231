// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The contract that executes one step of the machine: the end of every dispute.

import {IPreimageStore} from "./IPreimageStore.sol";
import {IStepErrors} from "./IStepErrors.sol";

/// @title Executes one step of the machine `rv64`, version 1
/// @notice A state is known by its hash: keccak256 of the hot part of the state record, the first byte replaced by the
/// status (0 halted with exit code 0, 1 halted with another, 2 panic, 3 running). From the hash of a state and a one-step
/// proof the verifier computes the hash of the state after the step. It has no storage, no owner and no upgrade.
interface IStepVerifier is IStepErrors {
    /// @notice The state hash after one step of the state with hash `pre`.
    /// @dev A halted state returns itself and takes the empty proof. For a running state the proof opens exactly what the
    /// step touches; its bytes are specified in src/dispute/stepProof/format.ts. A step has one accepted proof (but that a
    /// preimage which the store has proven may also be given whole): anything else reverts with an error of IStepErrors, or with
    /// UnknownPart of the preimage store if the proof refers to a part that nobody has proven.
    /// Whoever calls must know that `pre` is the hash of a state of a program: a hash of something else is refused with
    /// WrongPreState by every proof if it claims to be running, but returned as it is if it claims to have halted.
    /// @param pre hash of the state before the step
    /// @param proof the packed one-step proof; with a preimage of up to 120,000 bytes in it if the step reads one
    /// @return post hash of the state after the step
    function step(bytes32 pre, bytes calldata proof) external view returns (bytes32 post);

    /// @notice Executes the integer instructions.
    function core() external view returns (address);

    /// @notice Executes the floating-point instructions.
    function float() external view returns (address);

    /// @notice Executes the system calls.
    function system() external view returns (address);

    /// @notice Has proven parts of preimages that do not fit into a step's transaction.
    function store() external view returns (IPreimageStore);
}
