// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FilecoinPostVerifier} from "../../../contracts/verifiers/FilecoinPostVerifier.sol";

/// @title Verifier of small proofs of spacetime with a key given at deployment
/// @notice For tests that try many keys without compiling a contract for each.
contract FilecoinKeyedVerifier is FilecoinPostVerifier(1, 2, 2) {
    bytes private _bytes;

    constructor(bytes memory key) {
        _bytes = key;
    }

    /// @inheritdoc FilecoinPostVerifier
    function _key() internal view override returns (bytes memory key) {
        return _bytes;
    }
}
