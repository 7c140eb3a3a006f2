// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the prover registry asks of qualification
interface ISeatQualifier {
    /// @notice Whether seats of a class have to solve a puzzle to become active.
    /// @param class Hardware class.
    /// @return Whether they have to.
    function mustQualify(uint8 class) external view returns (bool);
}
