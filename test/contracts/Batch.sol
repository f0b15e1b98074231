// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// For tests: many calls of a contract in one eth_call, with the gas that each took.

contract Batch {
    struct Result {
        bool ok;
        uint256 gasUsed;
        bytes data;
    }

    /// @param warm contracts that count as accessed before, so that every call finds them warm
    function run(address target, address[] calldata warm, bytes[] calldata calls)
        external
        view
        returns (Result[] memory results)
    {
        results = new Result[](calls.length);
        // The sum is used, so that the compiler does not leave the accesses out.
        uint256 size = 0;
        for (uint256 i = 0; i < warm.length; i++) size += warm[i].code.length;
        require(size > 0);
        for (uint256 i = 0; i < calls.length; i++) {
            bytes memory input = calls[i];
            bool ok;
            uint256 gasUsed;
            assembly {
                gasUsed := gas()
                ok := staticcall(gas(), target, add(input, 32), mload(input), 0, 0)
                gasUsed := sub(gasUsed, gas())
            }
            bytes memory data;
            assembly {
                data := mload(0x40)
                mstore(data, returndatasize())
                returndatacopy(add(data, 32), 0, returndatasize())
                mstore(0x40, add(add(data, 32), and(add(returndatasize(), 31), not(31))))
            }
            results[i] = Result(ok, gasUsed, data);
        }
    }
}
