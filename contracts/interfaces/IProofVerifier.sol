// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A verifier contract of a program
/// @notice Decides on chain whether a proof is valid (design §6). A program pins the address and the code hash of its verifier
/// contract; the verifying key is compiled into it, so neither can change under a live workload.
/// @dev The market calls it by `staticcall` with the gas cap of the program and reads one word back. It trusts nothing else: a revert,
/// a missing answer and running out of the cap all mean "not valid".
interface IProofVerifier {
    /// @notice Whether `proof` proves `publicInputs`. May revert on a bad proof instead of returning false.
    /// @param workload Id of the workload; context for programs whose statement includes it, ignored by others.
    /// @param prover Operator that submits the proof; context for programs whose statement includes it, ignored by others.
    /// @param publicInputs What is proved: 32-byte words in the layout of the program. Comes from the workload, which pinned its
    /// keccak-256 when it was submitted, never from the proof.
    /// @param proof The proof in the encoding of the program.
    /// @return valid True if and only if the proof is valid.
    function verify(
        bytes32 workload,
        address prover,
        bytes calldata publicInputs,
        bytes calldata proof
    ) external view returns (bool valid);
}
