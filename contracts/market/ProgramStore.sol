// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {Verifier} from "../libraries/Verifier.sol";
import {RuleStore} from "./RuleStore.sol";

/// @title Programs, as stored, and proof verification
/// @notice Programs are immutable; a program's id is the hash of its content and of its verifier's code. It is part of the market because every
/// submission reads it (docs/adr/0002-market-and-extension.md).
/// EXTERNAL CALLS. The verifier: staticcall, gas capped, at most 32 bytes of return data copied. A revert means "not valid".
abstract contract ProgramStore is RuleStore {
    /// @dev A submission reads the first word. The others are for readers: a verification is passed them again.
    struct StoredProgram {
        Verifier verifier;
        bytes32 packages;
        bytes32 codeHash;
    }

    /// @dev Gas kept for what follows a verification.
    uint256 private constant GAS_RESERVE = 60_000;

    mapping(bytes32 program => StoredProgram stored) internal _programs;

    /// @dev The id of a program: no other chain, market, content or code of the verifier can give the same.
    function _programIdOf(bytes32 packages, Verifier verifier, bytes32 codeHash) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), packages, verifier, codeHash));
    }

    /// @dev Runs the pinned verifier. Refuses to run it with less gas than its allowance, so that nobody who relays or
    /// batches can make a valid proof look invalid (EIP-150).
    function _verify(
        bytes32 workload,
        Spec calldata spec,
        Pin calldata pin,
        bytes calldata publicInputs,
        bytes calldata proof
    ) internal view returns (bool valid) {
        bytes32 digest = keccak256(publicInputs);
        if (digest != spec.publicInputs) revert PublicInputsMismatch(digest, spec.publicInputs);
        Verifier v = Verifier.wrap(pin.verifier);
        address verifier = v.account();
        uint256 cap = v.gasLimit();
        // One hash says that this is the program's verifier and that its code is still the pinned one.
        bytes32 program = _programIdOf(pin.packages, v, verifier.codehash);
        if (verifier == address(0) || program != spec.program) _refusePin(spec.program, pin, program);
        (uint256 input, uint256 size) = _encodeVerify(workload, _msgSender(), publicInputs, proof);
        unchecked {
            uint256 needed = (cap * 64) / 63 + GAS_RESERVE;
            if (gasleft() < needed) revert NotEnoughGas(gasleft(), needed);
        }
        assembly ("memory-safe") {
            // Only the first word of the answer is copied: a return bomb costs nobody but its author.
            valid := staticcall(cap, verifier, input, size, 0x00, 0x20)
            valid := and(and(valid, gt(returndatasize(), 31)), eq(mload(0x00), 1))
            // What the call was encoded in is free again: memory costs more the more of it there is.
            mstore(0x40, input)
        }
    }

    /// @dev abi.encodeCall(IProofVerifier.verify, (workload, operator, publicInputs, proof)), straight from calldata.
    function _encodeVerify(
        bytes32 workload,
        address operator,
        bytes calldata publicInputs,
        bytes calldata proof
    ) private pure returns (uint256 input, uint256 size) {
        bytes4 selector = IProofVerifier.verify.selector;
        assembly ("memory-safe") {
            function append(at, offset, length) -> end {
                mstore(at, length)
                at := add(at, 0x20)
                end := add(at, and(add(length, 31), not(31)))
                // The last word first: what the bytes do not fill is zero.
                if length {
                    mstore(sub(end, 0x20), 0)
                }
                calldatacopy(at, offset, length)
            }
            input := mload(0x40)
            mstore(input, selector)
            let head := add(input, 4)
            mstore(head, workload)
            mstore(add(head, 0x20), operator)
            mstore(add(head, 0x40), 0x80)
            let second := append(add(head, 0x80), publicInputs.offset, publicInputs.length)
            mstore(add(head, 0x60), sub(second, head))
            let end := append(second, proof.offset, proof.length)
            size := sub(end, input)
            mstore(0x40, and(add(end, 31), not(31)))
        }
    }

    /// @dev Says why a pin with the verifier's code of today is not the program.
    function _refusePin(bytes32 program, Pin calldata pin, bytes32 have) private view {
        StoredProgram storage p = _programs[program];
        if (p.verifier.account() == address(0)) revert NoVerifierContract(program);
        bool isPin = pin.packages == p.packages && pin.verifier == Verifier.unwrap(p.verifier);
        // A changed verifier is a fault of the program, not of the prover: nothing is recorded and the slot stays as it is.
        if (isPin) revert VerifierChanged(p.verifier.account(), p.verifier.account().codehash, p.codeHash);
        revert PinMismatch(have, program);
    }
}
