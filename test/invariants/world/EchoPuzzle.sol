// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPuzzle} from "../../../contracts/interfaces/IPuzzle.sol";

/// @title A puzzle whose solution is its question
/// @notice What the tests ask is who is asked for what and when, not how long the work takes.
contract EchoPuzzle is IPuzzle {
    /// @inheritdoc IPuzzle
    function isSolved(bytes32 seed, address operator, bytes calldata solution) external pure returns (bool) {
        return keccak256(solution) == keccak256(abi.encode(seed, operator));
    }
}
