// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SudokuVerifier} from "../../../contracts/verifiers/groth16-sudoku/SudokuVerifier.sol";

/// @title The verifier of the program groth16-sudoku, called as snarkjs calls its own
/// @notice Shows what the interface of the market's verifiers costs: the same check without context and without lengths.
contract BareSudokuVerifier is SudokuVerifier {
    /// @notice Whether the proof is valid.
    /// @param a Point A of the proof.
    /// @param inputs The public inputs.
    /// @return valid True if and only if it is.
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata,
        uint256[2] calldata,
        uint256[2] calldata inputs
    ) external view returns (bool valid) {
        bytes calldata proof;
        bytes calldata publicInputs;
        assembly ("memory-safe") {
            // The points follow each other, like in the bytes of a proof.
            proof.offset := a
            proof.length := 256
            publicInputs.offset := inputs
            publicInputs.length := 64
        }
        return _isValid(publicInputs, proof);
    }
}
