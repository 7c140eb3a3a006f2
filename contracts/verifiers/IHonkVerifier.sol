// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A verifier contract written by Aztec's bb
/// @notice Checks an UltraHonk proof against the key compiled into it.
interface IHonkVerifier {
    /// @notice Returns true or reverts; it never returns false.
    /// @param proof The proof as bb writes it.
    /// @param publicInputs The public inputs of the circuit, each below the order of the scalar field.
    /// @return valid True.
    function verify(bytes calldata proof, bytes32[] calldata publicInputs) external view returns (bool valid);
}
