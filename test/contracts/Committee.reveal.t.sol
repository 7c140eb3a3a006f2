// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder, RulesBuilder} from "../support/solidity/Builders.sol";
import {CommitteeFixture} from "../support/solidity/CommitteeFixture.sol";

/// @notice Workloads of programs without a verifier contract, up to the judging.
contract CommitteeRevealTest is CommitteeFixture {
    using RequestBuilder for Request;
    using RulesBuilder for Rules;

    function test_submit_RevertWhen_TheRulesHaveNoCommittees() public sound {
        uint256 number = useRules(someRules().withCommittee(0, 0));
        Request memory request = aJudgedRequest();
        vm.expectRevert(abi.encodeWithSelector(CommitteesOff.selector, number));
        vm.prank(requester);
        market.submit(request);
        submit(aRequest());
    }

    function test_commit_OfTheOnlySlotClosesNothing() public sound {
        Workload memory w = drawn(aJudgedRequest().withSlots(1), one(seatOf[alice]));
        commit(w, seatOf[alice]);
        WorkloadState memory state = market.workloadOf(w.id);
        assertTrue(state.judged, "judged");
        assertTrue(!state.closedEarly, "still open");
        assertEq(market.openSlots(w.id), 1, "to backups too");
    }

    /// @dev Who need not wait for the deadline is the requester: it can close with the only commit there.
    function test_release_OfTheOnlySlotOnceItIsCommitted() public sound {
        Workload memory w = drawn(aJudgedRequest().withSlots(1), one(seatOf[alice]));
        commit(w, seatOf[alice]);
        release(w);
        toReveals(w);
        revealTo(w, seatOf[alice]);
        judge(w, 1);
        settle(w, one(seatOf[alice]));
        assertOutcome(w, Outcome.Proven);
        assertEq(balanceOf(alice), judgedPotOf(FEE), "paid whole");
    }

    /// @dev Attack, junk commits: the drawn seat of a lone slot commits junk, before anybody else may commit, so that commits
    /// close and the fee burns. They stay open: a backup proves the workload and earns all of it.
    function test_commit_JunkOnTheOnlySlotKeepsNobodyOut() public sound {
        Workload memory w = drawn(aJudgedRequest().withSlots(1), one(seatOf[alice]));
        commit(w, seatOf[alice]);
        commitOpen(w, seatOf[bob]);
        warp(deadlineOf(w));
        toReveals(w);
        revealTo(w, seatOf[alice]);
        revealTo(w, seatOf[bob]);
        judge(w, 2);
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[alice], 1);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
        assertEq(balanceOf(alice), 0, "junk earns nothing");
        assertEq(balanceOf(bob), judgedPotOf(FEE), "the backup earns the rank");
    }

    /// @dev The same if the junk is never shown.
    function test_commit_JunkOnTheOnlySlotThatIsNeverRevealed() public sound {
        Workload memory w = drawn(aJudgedRequest().withSlots(1), one(seatOf[alice]));
        commit(w, seatOf[alice]);
        commitOpen(w, seatOf[bob]);
        warp(deadlineOf(w));
        toReveals(w);
        revealTo(w, seatOf[bob]);
        toRevealsOver(w);
        open(w);
        publishRound(w, bytes32("round of the committee"));
        drawCommittee(w, one(seatOf[alice]));
        vote(w, 0, SIZE, 2);
        toFinal(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(bob), judgedPotOf(FEE), "the backup earns the rank");
    }

    /// @dev Without a contract nobody can verify a proof at once, however the prover asks.
    function test_submitProof_RevertWhen_ThereIsNoContract() public sound {
        Workload memory w = drawn(aJudgedRequest().withSlots(1), one(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(NoVerifierContract.selector, judgedProgram));
        submitProof(w, seatOf[alice]);
    }

    function test_reveal_RevertWhen_ThereIsNoContract() public sound {
        Workload memory w = committedByBoth();
        vm.expectRevert(abi.encodeWithSelector(NoVerifierContract.selector, judgedProgram));
        reveal(w, seatOf[alice]);
    }

    function test_revealToCommittee_RevertWhen_AContractDecides() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        toReveals(w);
        bytes32 digest = sha256(proofOf(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(NotJudged.selector, w.id));
        _reveal(w, alice, digest, "");
    }

    function test_revealToCommittee_RecordsTheOpenedDigest() public sound {
        Workload memory w = committedByBoth();
        uint256 seat = seatOf[alice];
        bytes32 digest = sha256(proofOf(seat));
        vm.expectEmit(address(market));
        emit RevealedToCommittee(w.id, seat, alice, 0, digest, "", "https://proofs.example/");
        _reveal(w, alice, digest, "");
        assertSlot(w, seat, SlotState.Revealed);
        assertEq(market.slotOf(w.id, seat).payload, uint160(alice), "operator");
        WorkloadState memory state = market.workloadOf(w.id);
        assertEq(state.revealed, 1, "revealed");
        assertEq(state.valid + state.invalid, 0, "not judged");
    }

    function test_revealToCommittee_CarriesAShortProof() public sound {
        Workload memory w = committedByBoth();
        uint256 seat = seatOf[alice];
        bytes32 digest = sha256(proofOf(seat));
        vm.expectEmit(address(market));
        emit RevealedToCommittee(w.id, seat, alice, 0, digest, proofOf(seat), "https://proofs.example/");
        _reveal(w, alice, digest, proofOf(seat));
    }

    function test_revealToCommittee_RevertWhen_TheBytesAreNotTheProof() public sound {
        Workload memory w = committedByBoth();
        bytes32 digest = sha256(proofOf(seatOf[alice]));
        vm.expectRevert(ProofNotValid.selector);
        _reveal(w, alice, digest, "other bytes");
    }

    function test_revealToCommittee_RevertWhen_TooLong() public sound {
        Workload memory w = committedByBoth();
        bytes32 digest = sha256(proofOf(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(ContentTooLong.selector, 1025, 1024));
        _reveal(w, alice, digest, new bytes(1025));
        vm.expectRevert(abi.encodeWithSelector(ContentTooLong.selector, 257, 256));
        vm.prank(alice);
        market.revealToCommittee(w.spec, 1, digest, saltOf(1), "", string(new bytes(257)));
    }

    function test_revealToCommittee_CarriesAProofOfTheLimit() public sound {
        bytes memory proof = new bytes(1024);
        Workload memory w = drawn(aJudgedRequest().withSlots(1), one(seatOf[alice]));
        uint160 commitment = commitmentOf(w, seatOf[alice], proof);
        vm.prank(alice);
        market.commit(w.id, seatOf[alice], commitment);
        toReveals(w);
        _reveal(w, alice, sha256(proof), proof);
        assertEq(market.workloadOf(w.id).revealed, 1, "revealed");
    }

    /// @dev Attack, proof copying: what another committed to cannot be opened.
    function test_revealToCommittee_RevertWhen_TheDigestIsAnothers() public sound {
        Workload memory w = committedByBoth();
        revealTo(w, seatOf[alice]);
        bytes32 digest = sha256(proofOf(seatOf[alice]));
        uint160 opened = uint160(uint256(keccak256(abi.encode(digest, bob, w.id, seatOf[bob], saltOf(seatOf[bob])))));
        uint160 committed = commitmentOf(w, seatOf[bob], proofOf(seatOf[bob]));
        vm.expectRevert(abi.encodeWithSelector(CommitmentMismatch.selector, opened, committed));
        _reveal(w, bob, digest, "");
    }

    function test_revealToCommittee_OnlyInItsWindowAndOnce() public sound {
        Workload memory w = drawn(aJudgedRequest(), pair(seatOf[alice], seatOf[bob]));
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        uint256 from = market.workloadOf(w.id).deadline + REVEAL_DELAY;
        bytes32 digest = sha256(proofOf(seatOf[alice]));
        warp(from);
        vm.expectRevert(
            abi.encodeWithSelector(OutsideRevealWindow.selector, block.timestamp, from, from + REVEAL_WINDOW)
        );
        _reveal(w, alice, digest, "");
        warp(from + REVEAL_WINDOW + 1);
        vm.expectRevert(
            abi.encodeWithSelector(OutsideRevealWindow.selector, block.timestamp, from, from + REVEAL_WINDOW)
        );
        _reveal(w, alice, digest, "");
        warp(from + REVEAL_WINDOW);
        _reveal(w, alice, digest, "");
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Revealed));
        _reveal(w, alice, digest, "");
    }

    function test_judgingOf_OnlyWhenTheRevealsAreOver() public sound {
        Workload memory w = committedByBoth();
        uint256 end = market.workloadOf(w.id).deadline + REVEAL_DELAY + REVEAL_WINDOW;
        revealTo(w, seatOf[alice]);
        warp(end);
        vm.expectRevert(abi.encodeWithSelector(TooEarly.selector, block.timestamp, end + 1));
        market.judgingOf(w.spec);
        warp(end + 1);
        Judging memory j = market.judgingOf(w.spec);
        assertEq(j.commits, 2, "commits");
        assertEq(j.reveals, 1, "reveals");
        assertEq(j.share, committeeShareOf(FEE), "share");
        bytes32 chained = keccak256(abi.encode(bytes32(0), 0, alice, sha256(proofOf(seatOf[alice]))));
        assertEq(j.proofs, chained, "proofs");
    }

    function test_judgingOf_AtOnceWhenAllAreRevealed() public sound {
        Workload memory w = revealedByBoth();
        assertEq(market.judgingOf(w.spec).reveals, 2, "reveals");
    }

    function test_judgingOf_RevertWhen_NothingWasRevealed() public sound {
        Workload memory w = committedByBoth();
        toRevealsOver(w);
        vm.expectRevert(abi.encodeWithSelector(NothingToJudge.selector, w.id));
        market.judgingOf(w.spec);
        vm.expectRevert(abi.encodeWithSelector(NothingToJudge.selector, w.id));
        open(w);
    }

    /// @dev With nothing to judge there is no committee to pay: the share belongs to the pot, or burns with it.
    function test_settle_WithoutRevealsNeedsNoCommittee() public sound {
        Workload memory w = committedByBoth();
        toRevealsOver(w);
        uint256 toBurn = FEE - ASSIGN_BOUNTY - SETTLE_BOUNTY;
        vm.expectEmit(address(market));
        emit Finished(w.id, Outcome.NotRevealed, 0, 0, toBurn);
        settle(w, pair(seatOf[alice], seatOf[bob]));
    }

    function test_settle_UnservedRefundsTheCommitteesShareToo() public sound {
        Workload memory w = drawn(aJudgedRequest(), pair(seatOf[alice], seatOf[bob]));
        warp(deadlineOf(w) + 1);
        uint256 before = balanceOf(requester);
        settle(w, none());
        assertOutcome(w, Outcome.Unserved);
        assertEq(balanceOf(requester) - before, potOf(FEE), "refund");
    }

    /// @dev A committee finds `valid`, and nobody appeals.
    function judge(Workload memory w, uint256 valid) private {
        seated(w);
        vote(w, 0, SIZE, valid);
        toFinal(w);
    }

    function _reveal(Workload memory w, address who, bytes32 digest, bytes memory proof) private {
        uint256 seat = seatOf[who];
        vm.prank(who);
        market.revealToCommittee(w.spec, seat, digest, saltOf(seat), proof, "https://proofs.example/");
    }
}
