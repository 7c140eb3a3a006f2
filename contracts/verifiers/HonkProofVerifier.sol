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
        bytes4 selector = IHonkVerifier.verify.selector;
        // By hand, because the compiler would copy the public inputs word by word, and once more to pass them on.
        assembly ("memory-safe") {
            // The selector, then where the proof is and where the inputs are, then each with its length.
            let arguments := mload(64)
            let inputs := add(add(arguments, 100), and(add(proof.length, 31), not(31)))
            mstore(sub(inputs, 32), 0) // what fills the last word of the proof
            mstore(arguments, selector)
            mstore(add(arguments, 4), 64)
            mstore(add(arguments, 36), sub(inputs, add(arguments, 4)))
            mstore(add(arguments, 68), proof.length)
            calldatacopy(add(arguments, 100), proof.offset, proof.length)
            mstore(inputs, div(publicInputs.length, 32))
            calldatacopy(add(inputs, 32), publicInputs.offset, publicInputs.length)
            let end := add(add(inputs, 32), publicInputs.length)

            valid := staticcall(gas(), address(), arguments, sub(end, arguments), 0, 32)
            if iszero(valid) {
                returndatacopy(arguments, 0, returndatasize())
                revert(arguments, returndatasize())
            }
            valid := and(eq(returndatasize(), 32), eq(mload(0), 1))
        }
    }
}
