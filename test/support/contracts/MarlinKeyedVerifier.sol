// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MarlinVerifier} from "../../../contracts/verifiers/MarlinVerifier.sol";

/// @title Marlin verifier with a key given at deployment
/// @notice For tests that try many keys without compiling a contract for each.
contract MarlinKeyedVerifier is MarlinVerifier {
    uint256[25] private _words;

    constructor(uint256[25] memory words) {
        _words = words;
    }

    /// @inheritdoc MarlinVerifier
    function _key() internal view override returns (uint256[25] memory key) {
        return _words;
    }
}
