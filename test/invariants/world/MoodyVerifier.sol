// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../../../contracts/interfaces/IProofVerifier.sol";

/// @title A verifier that answers as the proof's first byte says
/// @notice GOOD is the only valid proof, and for the binding kind only together with its prover's address. Every other byte is one way
/// of a verifier to misbehave, none of which may count as valid or stop the market.
contract MoodyVerifier is IProofVerifier {
    bytes1 public constant GOOD = 0x01;

    bool public immutable binds;

    error NotAProof();

    constructor(bool binds_) {
        binds = binds_;
    }

    /// @inheritdoc IProofVerifier
    function verify(bytes32, address prover, bytes calldata, bytes calldata proof) external view returns (bool) {
        bytes1 mood = proof[0];
        if (mood == GOOD) return !binds || address(bytes20(proof[1:21])) == prover;
        if (mood == 0x02) revert NotAProof();
        if (mood == 0x03) _answer(2, 32);
        if (mood == 0x04) _answer(1, 31);
        if (mood == 0x05) _answer(0, 4096);
        if (mood == 0x06) _exhaust();
        return false;
    }

    /// @dev Answers with `length` bytes that begin with `word`.
    function _answer(uint256 word, uint256 length) private pure {
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, word)
            return(at, length)
        }
    }

    function _exhaust() private view {
        uint256 sum;
        while (gasleft() > 5000) sum += gasleft();
        if (sum != 0) revert NotAProof();
    }
}
