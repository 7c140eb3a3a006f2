// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketExtension} from "../interfaces/IMarket.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IPuzzle} from "../interfaces/IPuzzle.sol";
import {ForeignCall} from "../libraries/ForeignCall.sol";

/// @title A proof of a seeded statement, made by a program of the market
/// @notice What only the class's hardware can do in time: run a real prover. The statement is {statementOf} the seat's seed, the program is
/// fixed for ever, its verifier contract decides. A program for this has one public input, any field element, and work that does not get
/// easier with the statement's number.
/// EXTERNAL CALLS. The verifier: staticcall, gas capped, one word of return data copied. A revert means "not solved".
contract ProofPuzzle is IPuzzle {
    /// @dev Gas kept for what follows a verification.
    uint256 private constant GAS_RESERVE = 60_000;
    /// @dev Bits cut off a seed, so that the statement is an element of every field of more than 248 bits.
    uint256 private constant CUT = 8;

    /// @notice Program whose proofs solve the puzzle.
    bytes32 public immutable program;
    /// @notice Verifier contract of the program.
    address public immutable verifier;
    /// @notice Its code hash when the program was deployed.
    bytes32 public immutable codeHash;
    /// @notice Most gas a verification may take.
    uint32 public immutable verifierGas;

    /// @notice The program is not deployed, or has no verifier contract.
    error UnknownProgram(bytes32 program);
    /// @notice The verifier is not the one the program was deployed with.
    error VerifierChanged(address verifier, bytes32 have, bytes32 want);

    /// @param market The market.
    /// @param program_ A program of it.
    constructor(IMarketExtension market, bytes32 program_) {
        (address verifier_, bytes32 codeHash_, uint32 gas_, , , ) = market.programOf(program_);
        if (verifier_ == address(0)) revert UnknownProgram(program_);
        (program, verifier, codeHash, verifierGas) = (program_, verifier_, codeHash_, gas_);
    }

    /// @inheritdoc IPuzzle
    function isSolved(bytes32 seed, address operator, bytes calldata solution) external view returns (bool solved) {
        address target = verifier;
        if (target.codehash != codeHash) revert VerifierChanged(target, target.codehash, codeHash);
        uint256 cap = verifierGas;
        bytes memory input = abi.encodeCall(IProofVerifier.verify, (seed, operator, statementOf(seed), solution));
        // Nobody that relays an answer can make a valid proof look invalid (EIP-150).
        ForeignCall.checkGas(cap, GAS_RESERVE);
        (, uint256 answer) = ForeignCall.ask(target, cap, input);
        return answer == 1;
    }

    /// @notice The public inputs of a seed's statement: one word, the seed without its lowest eight bits.
    /// @param seed Seed of one seat in one check.
    /// @return The public inputs.
    function statementOf(bytes32 seed) public pure returns (bytes memory) {
        return abi.encode(uint256(seed) >> CUT);
    }
}
