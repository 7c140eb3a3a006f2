// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IHonkVerifier} from "./IHonkVerifier.sol";

/// @title Makes a verifier written by bb a verifier contract of a program
/// @notice A derived contract inherits this and bb's verifier, so that one code hash pins both.
/// @dev bb's code reads its arguments at fixed places of the calldata and ends the call itself, hence the call to `this`.
abstract contract HonkProofVerifier is IProofVerifier {
    /// @inheritdoc IProofVerifier
    /// @dev Reverts with bb's custom errors on a bad proof and on a wrong number of public inputs.
    function verify(
        bytes32,
        address,
        bytes calldata publicInputs,
        bytes calldata proof
    ) external view returns (bool valid) {
        if (publicInputs.length % 32 != 0) return false;
        bytes32[] memory words = new bytes32[](publicInputs.length / 32);
        for (uint256 i = 0; i < words.length; ++i) words[i] = bytes32(publicInputs[32 * i:]);
        return IHonkVerifier(address(this)).verify(proof, words);
    }
}
