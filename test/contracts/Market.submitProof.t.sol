// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";
import {BindingVerifier} from "../support/solidity/Verifiers.sol";

contract MarketSubmitProofTest is MarketFixture {
    using RequestBuilder for Request;

    function test_submitProof_ProvesVerifiesAndPaysAtOnce() public sound {
        Workload memory w = drawnToAlice();
        vm.expectEmit(address(market));
        emit Revealed(w.id, seatOf[alice], sha256(proofOf(seatOf[alice])), true);
        vm.expectEmit(address(market));
        emit SlotSettled(w.id, seatOf[alice], 1, potOf(FEE));
        vm.expectEmit(address(market));
        emit Finished(w.id, Outcome.Proven, potOf(FEE), 0, baseBurnOf(FEE));
        submitProof(w, seatOf[alice]);

        assertOutcome(w, Outcome.Proven);
        assertEq(balanceOf(alice), potOf(FEE) + SETTLE_BOUNTY, "pot and settle bounty");
        assertEq(burnOf(alice), baseBurnOf(FEE), "the burn is booked");
        assertEq(balanceOf(keeper), ASSIGN_BOUNTY, "assign bounty");
        assertSlot(w, seatOf[alice], SlotState.Free);
        assertFalse(core.isHeld(seatOf[alice]), "free");
    }

    function test_submitProof_IsPossibleFromTheDrawToTheDeadline() public sound {
        Workload memory w = drawnToAlice();
        uint256 saved = snapshot();
        submitProof(w, seatOf[alice]);
        restore(saved);
        accept(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, deadlineOf(w)));
        submitProof(w, seatOf[alice]);
        warp(deadlineOf(w));
        submitProof(w, seatOf[alice]);
        assertOutcome(w, Outcome.Proven);
    }

    function test_submitProof_EndsAStreakOfMisses() public sound {
        for (uint256 i; i < 2; ++i) {
            Workload memory missed = drawnToAlice();
            accept(missed, seatOf[alice]);
            warp(deadlineOf(missed) + 1);
            settle(missed, one(seatOf[alice]));
        }
        submitProof(drawnToAlice(), seatOf[alice]);
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[alice], 1);
        settle(w, one(seatOf[alice]));
    }

    function test_submitProof_RevertWhen_ProofNotValid() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(ProofNotValid.selector);
        vm.prank(alice);
        market.submitProof(w.spec, pinOf(w), seatOf[alice], PUBLIC_INPUTS, junkOf(seatOf[alice]));
        submitProof(w, seatOf[alice]);
    }

    function test_submitProof_RevertWhen_PublicInputsAreOthers() public sound {
        Workload memory w = drawnToAlice();
        bytes memory proof = abi.encodePacked(keccak256("easier"));
        vm.expectRevert(
            abi.encodeWithSelector(PublicInputsMismatch.selector, keccak256("easier"), keccak256(PUBLIC_INPUTS))
        );
        vm.prank(alice);
        market.submitProof(w.spec, pinOf(w), seatOf[alice], "easier", proof);
    }

    /// @dev Attack: see the proof in the pool of pending transactions and send it first.
    function test_submitProof_RevertWhen_ACopycatSendsIt() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(abi.encodeWithSelector(NotOperator.selector, seatOf[alice], bob, alice));
        vm.prank(bob);
        market.submitProof(w.spec, pinOf(w), seatOf[alice], PUBLIC_INPUTS, proofOf(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(SeatNotInWorkload.selector, w.id, seatOf[bob]));
        vm.prank(bob);
        market.submitProof(w.spec, pinOf(w), seatOf[bob], PUBLIC_INPUTS, proofOf(seatOf[alice]));
    }

    /// @dev Attack: once the slot is open, commit to the copied proof first. The assignee commits then, and ranks before.
    function test_submitProof_ACopyThatCommitsFirstWinsNothing() public sound {
        Workload memory w = drawnToAlice();
        warp(rescueAt(w));
        bytes memory seen = proofOf(seatOf[alice]);
        uint160 copy = uint160(
            uint256(keccak256(abi.encode(sha256(seen), bob, w.id, seatOf[bob], saltOf(seatOf[bob]))))
        );
        vm.prank(bob);
        market.commitOpen(w.spec, seatOf[bob], copy);
        vm.expectRevert(CommitFirst.selector);
        submitProof(w, seatOf[alice]);
        commit(w, seatOf[alice]);
        toReveals(w);
        vm.prank(bob);
        market.reveal(w.spec, pinOf(w), seatOf[bob], PUBLIC_INPUTS, seen, saltOf(seatOf[bob]));
        reveal(w, seatOf[alice]);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(alice), potOf(FEE), "the slot's own seat");
        assertEq(balanceOf(bob), 0, "the copy");
    }

    function test_submitProof_RevertWhen_SeveralSlots() public sound {
        Workload memory w = drawnToAliceAndBob();
        vm.expectRevert(CommitFirst.selector);
        submitProof(w, seatOf[alice]);
    }

    function test_submitProof_RevertWhen_Failed() public sound {
        Workload memory w = drawnToAlice();
        fail(w, seatOf[alice], FailReason.OutOfTime);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Failed));
        submitProof(w, seatOf[alice]);
    }

    function test_submitProof_RevertWhen_Committed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Committed));
        submitProof(w, seatOf[alice]);
    }

    function test_submitProof_RevertWhen_Twice() public sound {
        Workload memory w = drawnToAlice();
        submitProof(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Final, Phase.Proving));
        submitProof(w, seatOf[alice]);
    }

    function test_submitProof_RevertWhen_NotDrawnYet() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Pending, Phase.Proving));
        submitProof(w, seatOf[alice]);
    }

    function testFuzz_submitProof_PaysTheWholePot(uint256 fee) public sound {
        fee = bound(fee, MINIMUM_RATE * RUN_TIME, 900 ether);
        Workload memory w = drawn(aRequest().withFee(fee), one(seatOf[alice]));
        submitProof(w, seatOf[alice]);
        assertEq(balanceOf(alice) + baseBurnOf(fee) + ASSIGN_BOUNTY, fee, "every wei of the fee");
    }
}

/// @notice A program whose proof binds the prover: a copy is worth nothing, so it can be shown at once.
contract MarketSubmitBoundProofTest is MarketFixture {
    using RequestBuilder for Request;

    function setUp() public override {
        super.setUp();
        program = deployProgram(address(new BindingVerifier()), true);
    }

    function _boundProof(address prover) private pure returns (bytes memory) {
        return abi.encodePacked(keccak256(abi.encode(keccak256(PUBLIC_INPUTS), prover)));
    }

    function _submitBound(Workload memory w, address prover) private {
        vm.prank(prover);
        market.submitProof(w.spec, pinOf(w), seatOf[prover], PUBLIC_INPUTS, _boundProof(prover));
    }

    function test_submitProof_CountsAsCommitAndReveal() public sound {
        Workload memory w = drawnToAliceAndBob();
        vm.expectEmit(address(market));
        emit Revealed(w.id, seatOf[bob], sha256(_boundProof(bob)), true);
        vm.expectEmit(address(market));
        emit Committed(w.id, seatOf[bob], 1, 0, 0);
        _submitBound(w, bob);
        SlotView memory s = market.slotOf(w.id, seatOf[bob]);
        assertEq(uint256(s.state), uint256(SlotState.Valid), "state");
        assertEq(address(s.payload), bob, "operator");
        vm.expectEmit(address(market));
        emit CommitsClosed(w.id, false);
        _submitBound(w, alice);

        // Nothing is left to reveal, so there is nothing to wait for.
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(bob), shareOf(potOf(FEE), 1, 2), "Bob was first");
        assertEq(balanceOf(alice), shareOf(potOf(FEE), 2, 2), "Alice second");
    }

    function test_submitProof_MixesWithCommits() public sound {
        Workload memory w = drawnToAliceAndBob();
        bytes32 salt = bytes32("salt");
        bytes32 digest = sha256(_boundProof(alice));
        vm.prank(alice);
        market.commit(
            w.id,
            seatOf[alice],
            uint160(uint256(keccak256(abi.encode(digest, alice, w.id, seatOf[alice], salt))))
        );
        _submitBound(w, bob);
        uint256 revealEnd = block.timestamp + REVEAL_DELAY + REVEAL_WINDOW;
        vm.expectRevert(abi.encodeWithSelector(TooEarly.selector, block.timestamp, revealEnd + 1));
        settle(w, pair(seatOf[alice], seatOf[bob]));
        toReveals(w);
        vm.prank(alice);
        market.reveal(w.spec, pinOf(w), seatOf[alice], PUBLIC_INPUTS, _boundProof(alice), salt);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(alice), shareOf(potOf(FEE), 1, 2), "Alice committed first");
        assertEq(balanceOf(bob), shareOf(potOf(FEE), 2, 2), "Bob showed his proof second");
    }

    function test_submitProof_OneSlotIsPaidAtOnce() public sound {
        Workload memory w = drawnToAlice();
        _submitBound(w, alice);
        assertOutcome(w, Outcome.Proven);
    }

    function test_submitProof_OneSlotWithARivalIsSettledLater() public sound {
        Workload memory w = drawnToAlice();
        warp(rescueAt(w));
        commitOpenJunk(w, seatOf[bob]);
        _submitBound(w, alice);
        assertPhase(w, Phase.Proving);
        toRevealsOver(w);
        settle(w, one(seatOf[alice]));
        assertEq(balanceOf(alice), potOf(FEE), "Alice");
    }

    /// @dev Attack: show the proof another prover showed.
    function test_submitProof_RevertWhen_TheProofBindsAnother() public sound {
        Workload memory w = drawnToAliceAndBob();
        _submitBound(w, alice);
        vm.expectRevert(ProofNotValid.selector);
        vm.prank(bob);
        market.submitProof(w.spec, pinOf(w), seatOf[bob], PUBLIC_INPUTS, _boundProof(alice));
    }
}
