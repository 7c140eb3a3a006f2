// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketExtension} from "../../contracts/interfaces/IMarket.sol";
import {HashcashPuzzle} from "../../contracts/puzzles/HashcashPuzzle.sol";
import {ProofPuzzle} from "../../contracts/puzzles/ProofPuzzle.sol";
import {QualificationFixture} from "../support/solidity/QualificationFixture.sol";
import {StatementVerifier} from "../support/solidity/StatementVerifier.sol";

contract PuzzlesTest is QualificationFixture {
    bytes32 private constant SEED = keccak256("a seed");

    // ─── Hashcash ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_hashcash_TakesASolutionOfItsSeedOnly(bytes32 seed, bytes32 other) public sound {
        vm.assume(seed != other);
        bytes memory solution = solve(seed);
        assertTrue(puzzle.isSolved(seed, alice, solution), "solved");
        // Six numbers that fit another seed by chance: one in 32^6.
        assertFalse(puzzle.isSolved(other, alice, solution), "another seed");
    }

    function test_hashcash_RefusesWhatIsNotRising() public sound {
        bytes memory solution = solve(SEED);
        bytes memory twice = bytes.concat(solution);
        for (uint256 i; i < 6; ++i) twice[6 + i] = solution[i];
        assertFalse(puzzle.isSolved(SEED, alice, twice), "one find counted twice");
        bytes memory swapped = bytes.concat(solution);
        for (uint256 i; i < 6; ++i) (swapped[i], swapped[6 + i]) = (solution[6 + i], solution[i]);
        assertFalse(puzzle.isSolved(SEED, alice, swapped), "falling");
    }

    function test_hashcash_RefusesOtherLengths() public sound {
        bytes memory solution = solve(SEED);
        assertFalse(puzzle.isSolved(SEED, alice, ""), "nothing");
        assertFalse(puzzle.isSolved(SEED, alice, bytes.concat(solution, bytes6(uint48(1e9)))), "one more");
        assembly ("memory-safe") {
            mstore(solution, sub(mload(solution), 1))
        }
        assertFalse(puzzle.isSolved(SEED, alice, solution), "one byte less");
    }

    function testFuzz_hashcash_RefusesJunk(bytes calldata junk) public sound {
        assertFalse(puzzle.isSolved(SEED, alice, junk), "junk");
    }

    /// @dev Zero is a number like any other, also as the first.
    function test_hashcash_TakesZero() public sound {
        HashcashPuzzle any = new HashcashPuzzle(1, 2);
        assertTrue(any.isSolved(SEED, alice, bytes.concat(bytes6(0), bytes6(uint48(1)))), "0 and 1");
        assertFalse(any.isSolved(SEED, alice, bytes.concat(bytes6(0), bytes6(0))), "0 and 0");
        assertTrue(any.isSolved(SEED, alice, bytes.concat(bytes6(0), bytes6(type(uint48).max))), "to the last");
    }

    function test_hashcash_RevertWhen_OutOfBounds() public sound {
        vm.expectRevert(abi.encodeWithSelector(HashcashPuzzle.InvalidDifficulty.selector, 0, 1, 256));
        new HashcashPuzzle(0, 1);
        vm.expectRevert(abi.encodeWithSelector(HashcashPuzzle.InvalidDifficulty.selector, 1, 0, 256));
        new HashcashPuzzle(1, 0);
        vm.expectRevert(abi.encodeWithSelector(HashcashPuzzle.InvalidDifficulty.selector, 1, 257, 256));
        new HashcashPuzzle(1, 257);
        assertEq(new HashcashPuzzle(type(uint64).max, 256).count(), 256, "the most");
    }

    // ─── Proofs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_proof_JoinsWithAProofOfTheSeatsStatement() public sound {
        (ProofPuzzle proofs, StatementVerifier judge) = _useProofs();
        uint256 seat = waitingSeat(alice);
        uint256 check = run("value");
        bytes32 seed = qualification.seedOf(CLASS, check, seat);
        bytes memory proof = judge.proofOf(proofs.statementOf(seed), alice);
        assertEq(proofs.statementOf(seed).length, 32, "one word");
        assertEq(uint256(bytes32(proofs.statementOf(seed))) >> 248, 0, "in every field");
        answerWith(seat, proof);
        assertSeat(seat, SeatStatus.Active);
    }

    function test_attack_AProofOfAnotherSeatOrOperatorIsRefused() public sound {
        (ProofPuzzle proofs, StatementVerifier judge) = _useProofs();
        uint256 hers = waitingSeat(alice);
        uint256 his = waitingSeat(bob);
        uint256 check = run("value");
        bytes memory proof = judge.proofOf(proofs.statementOf(qualification.seedOf(CLASS, check, hers)), alice);
        vm.expectRevert(abi.encodeWithSelector(WrongSolution.selector, his));
        answerWith(his, proof);
        proof = judge.proofOf(proofs.statementOf(qualification.seedOf(CLASS, check, his)), alice);
        vm.expectRevert(abi.encodeWithSelector(WrongSolution.selector, his));
        answerWith(his, proof);
    }

    /// @dev A verifier that reverts, burns its gas, answers too much, too little or something else: not solved, and nothing more.
    function test_attack_AMaliciousVerifierSolvesNothing() public sound {
        (ProofPuzzle proofs, ) = _useProofs();
        for (uint8 mood = 1; mood <= 5; ++mood)
            assertFalse(proofs.isSolved(SEED, alice, abi.encodePacked(mood)), "not solved");
    }

    /// @dev A relayer that gives too little gas gets an error, not a wrong verdict.
    function test_attack_StarvingTheVerifierReverts() public sound {
        (ProofPuzzle proofs, StatementVerifier judge) = _useProofs();
        bytes memory proof = judge.proofOf(proofs.statementOf(SEED), alice);
        assertTrue(proofs.isSolved(SEED, alice, proof), "enough");
        bytes memory call = abi.encodeCall(proofs.isSolved, (SEED, alice, proof));
        (bool ok, bytes memory why) = address(proofs).staticcall{gas: VERIFIER_GAS}(call);
        assertFalse(ok, "refused");
        assertEq(bytes32(bytes4(why)), bytes32(NotEnoughGas.selector), "why");
    }

    function test_attack_AChangedVerifierIsFound() public sound {
        (ProofPuzzle proofs, StatementVerifier judge) = _useProofs();
        bytes32 pinned = address(judge).codehash;
        vm.etch(address(judge), hex"600160005260206000f3");
        bytes32 have = address(judge).codehash;
        vm.expectRevert(abi.encodeWithSelector(ProofPuzzle.VerifierChanged.selector, judge, have, pinned));
        proofs.isSolved(SEED, alice, "");
    }

    function test_proof_RevertWhen_TheProgramIsUnknown() public sound {
        vm.expectRevert(abi.encodeWithSelector(ProofPuzzle.UnknownProgram.selector, SEED));
        new ProofPuzzle(IMarketExtension(address(market)), SEED);
    }

    function _useProofs() private returns (ProofPuzzle proofs, StatementVerifier judge) {
        judge = new StatementVerifier();
        bytes32 made = deployProgram(address(judge), true);
        proofs = new ProofPuzzle(IMarketExtension(address(market)), made);
        Policy memory policy = aPolicy();
        policy.puzzle = address(proofs);
        setPolicy(policy);
    }
}
