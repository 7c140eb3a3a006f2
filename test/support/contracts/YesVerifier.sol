// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../../../contracts/interfaces/IProofVerifier.sol";
import {IHonkVerifier} from "../../../contracts/verifiers/IHonkVerifier.sol";

/// @title Says yes to everything, whichever way it is asked
/// @notice What a call of it costs is the price of the interface alone.
contract YesVerifier is IProofVerifier, IHonkVerifier {
    /// @inheritdoc IProofVerifier
    function verify(bytes32, address, bytes calldata, bytes calldata) external pure returns (bool valid) {
        return true;
    }

    /// @inheritdoc IHonkVerifier
    function verify(bytes calldata, bytes32[] calldata) external pure returns (bool valid) {
        return true;
    }

    /// @notice The interface of snarkjs, with two public inputs.
    /// @return valid True.
    function verifyProof(
        uint256[2] calldata,
        uint256[2][2] calldata,
        uint256[2] calldata,
        uint256[2] calldata
    ) external pure returns (bool valid) {
        return true;
    }
}
