// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../../../contracts/interfaces/IProofVerifier.sol";

/// @title A verifier whose proofs bind statement and prover, and that misbehaves on demand
/// @notice A proof is {proofOf} its statement. One byte instead of a proof asks for one way to misbehave.
contract StatementVerifier is IProofVerifier {
    error NotAProof();

    /// @inheritdoc IProofVerifier
    function verify(
        bytes32,
        address prover,
        bytes calldata statement,
        bytes calldata proof
    ) external view returns (bool) {
        if (proof.length != 1) return keccak256(proof) == keccak256(proofOf(statement, prover));
        uint8 mood = uint8(proof[0]);
        if (mood == 1) revert NotAProof();
        if (mood == 2) _answer(2, 32);
        if (mood == 3) _answer(1, 31);
        if (mood == 4) _answer(0, 100_000);
        if (mood == 5) while (gasleft() > 0) mood = 5;
        return false;
    }

    /// @notice The one proof of a statement by a prover.
    function proofOf(bytes calldata statement, address prover) public pure returns (bytes memory) {
        return abi.encode(keccak256(abi.encode(statement, prover)));
    }

    function _answer(uint256 word, uint256 length) private pure {
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, word)
            return(at, length)
        }
    }
}
