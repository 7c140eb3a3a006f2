// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {RuleStore} from "./RuleStore.sol";

/// @title Programs, as stored, and proof verification
/// @notice Programs are immutable; a program's id is the hash of its content and of its verifier's code. It is part of the market because every
/// submission and every verification reads it (docs/adr/0002-market-and-extension.md).
/// EXTERNAL CALLS. The verifier: staticcall, gas capped, at most 32 bytes of return data copied. A revert means "not valid".
abstract contract ProgramStore is RuleStore {
    /// @dev Hot word and code hash of a program; both zero but `deployed` and `class` where a committee judges.
    struct StoredProgram {
        address verifier;
        uint32 verifierGas;
        uint8 class;
        bool bindsProver;
        bool deployed;
        bytes32 codeHash;
    }

    /// @dev Gas kept for what follows a verification.
    uint256 private constant GAS_RESERVE = 60_000;

    mapping(bytes32 program => StoredProgram stored) internal _programs;

    /// @dev Runs the pinned verifier. Refuses to run it with less gas than its allowance, so that nobody who relays or
    /// batches can make a valid proof look invalid (EIP-150).
    function _verify(
        bytes32 workload,
        Spec calldata spec,
        bytes calldata publicInputs,
        bytes calldata proof
    ) internal view returns (bool valid) {
        bytes32 digest = keccak256(publicInputs);
        if (digest != spec.publicInputs) revert PublicInputsMismatch(digest, spec.publicInputs);
        StoredProgram storage p = _programs[spec.program];
        address verifier = p.verifier;
        uint256 cap = p.verifierGas;
        if (verifier == address(0)) revert NoVerifierContract(spec.program);
        // A changed verifier is a fault of the program, not of the prover: nothing is recorded and the slot stays as it is.
        if (verifier.codehash != p.codeHash) revert VerifierChanged(verifier);
        bytes memory input = abi.encodeCall(IProofVerifier.verify, (workload, _msgSender(), publicInputs, proof));
        uint256 needed = (cap * 64) / 63 + GAS_RESERVE;
        if (gasleft() < needed) revert NotEnoughGas(gasleft(), needed);
        assembly ("memory-safe") {
            // Only the first word of the answer is copied: a return bomb costs nobody but its author.
            valid := staticcall(cap, verifier, add(input, 32), mload(input), 0x00, 0x20)
            valid := and(and(valid, gt(returndatasize(), 31)), eq(mload(0x00), 1))
        }
    }
}
