// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../../interfaces/IProofVerifier.sol";

/// @title A verifier that is cheap and still real
/// @notice A proof is a number that, hashed behind the public inputs with sha-256, gives twelve leading zero bits. Making one takes some
/// four thousand hashes, guessing one is hopeless, and checking one is a single hash.
contract HashcashVerifier is IProofVerifier {
    /// @inheritdoc IProofVerifier
    function verify(bytes32, address, bytes calldata publicInputs, bytes calldata proof) external pure returns (bool) {
        return uint256(sha256(bytes.concat(publicInputs, proof))) >> 244 == 0;
    }
}
