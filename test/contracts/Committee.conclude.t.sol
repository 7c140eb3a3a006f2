// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommitteeErrors, ICommitteeEvents, ICommitteeTypes} from "../../contracts/interfaces/ICommittee.sol";
import {IProverRegistryEvents, IProverRegistryTypes} from "../../contracts/interfaces/IProverRegistry.sol";
import {Recipient} from "../../contracts/libraries/Recipient.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {CommitteeFixture} from "../support/solidity/CommitteeFixture.sol";

/// @notice What a verdict pays, what silence and two verdicts cost, appeals, and the end without a verdict.
contract CommitteeConcludeTest is CommitteeFixture {
    using RequestBuilder for Request;

    // ─── Verdicts in the books ───────────────────────────────────────────────────────────────────────────────────────────────

    function test_settle_PaysRanksAndMembers() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 3);
        uint256[] memory seats = members(w);
        toFinal(w);
        uint256 pot = judgedPotOf(FEE);
        uint256 each = committeeShareOf(FEE) / SIZE;
        uint256 ranked = shareOf(pot, 1, 2) + shareOf(pot, 2, 2);
        vm.expectEmit(address(market));
        emit Judged(w.id, 3, SIZE, each);
        vm.expectEmit(address(market));
        emit Finished(w.id, Outcome.Proven, ranked + each * SIZE, 0, FEE - potPaidElsewhere() - ranked - each * SIZE);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(alice), shareOf(pot, 1, 2), "first");
        assertEq(balanceOf(bob), shareOf(pot, 2, 2), "second");
        for (uint256 i; i < SIZE; ++i) assertEq(balanceOf(operatorOf[seats[i]]), each, "member");
    }

    function potPaidElsewhere() private pure returns (uint256) {
        return ASSIGN_BOUNTY + SETTLE_BOUNTY;
    }

    function test_settle_AnInvalidProofIsAMissAndTheOtherRisesInRank() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 2);
        toFinal(w);
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[alice], 1);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
        assertEq(balanceOf(alice), 0, "nothing for an invalid proof");
        assertEq(balanceOf(bob), shareOf(judgedPotOf(FEE), 1, 2), "first");
    }

    function test_settle_NothingValidBurnsThePot() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 0);
        toFinal(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.InvalidProof);
        uint256 each = committeeShareOf(FEE) / SIZE;
        assertEq(burnOf(keeper), FEE - ASSIGN_BOUNTY - SETTLE_BOUNTY - each * SIZE, "burned");
    }

    function test_settle_RevertWhen_AValidProofIsNotListed() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, QUORUM, 3);
        toFinal(w);
        vm.expectRevert(abi.encodeWithSelector(ClaimsIncomplete.selector, 1, 2));
        settle(w, one(seatOf[alice]));
    }

    function test_clear_OfAnInvalidProofIsAMiss() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, QUORUM, 2);
        toFinal(w);
        settle(w, one(seatOf[bob]));
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[alice], 1);
        clear(w, one(seatOf[alice]));
    }

    function test_settle_OnlyOnceTheVerdictIsFinal() public sound {
        Workload memory w = revealedByBoth();
        _expectStage(w, ICommitteeTypes.Stage.None);
        open(w);
        _expectStage(w, ICommitteeTypes.Stage.Drawing);
        publishRound(w, bytes32("round"));
        drawCommittee(w);
        vote(w, 0, QUORUM, 3);
        uint256 until = committee.judgmentOf(w.id).until;
        warp(until);
        _expectStage(w, ICommitteeTypes.Stage.Voting);
        warp(until + 1);
        _expectStage(w, ICommitteeTypes.Stage.Appealable);
        warp(until + VERDICT_WINDOW);
        _expectStage(w, ICommitteeTypes.Stage.Appealable);
        warp(until + VERDICT_WINDOW + 1);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Final, Phase.Proving));
        open(w);
    }

    function _expectStage(Workload memory w, ICommitteeTypes.Stage stage) private {
        assertStage(w, stage);
        expectStage(w, stage);
        settle(w, pair(seatOf[alice], seatOf[bob]));
    }

    function test_conclude_RevertWhen_NotTheMarket() public sound {
        Workload memory w = revealedByBoth();
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.OnlyMarket.selector, keeper, address(market)));
        vm.prank(keeper);
        committee.conclude(w.id);
    }

    // ─── Silence ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_settle_SilentMembersEarnNothingAndMiss() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, QUORUM, 3);
        uint256[] memory seats = members(w);
        toFinal(w);
        vm.expectEmit(address(committee));
        emit ICommitteeEvents.VerdictMissed(w.id, 1, seats[5], 1);
        vm.expectEmit(address(committee));
        emit ICommitteeEvents.VerdictMissed(w.id, 1, seats[6], 1);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(operatorOf[seats[4]]), committeeShareOf(FEE) / SIZE, "answered");
        assertEq(balanceOf(operatorOf[seats[5]]), 0, "silent");
        assertEq(committee.missesOf(seats[6]), 1, "streak");
    }

    function test_misses_ThreeInARowDropTheSeat() public sound {
        uint256[] memory kept = _shrinkTo(7);
        for (uint256 round = 1; round <= 3; ++round) {
            Workload memory w = revealedByBoth();
            open(w);
            publishRound(w, bytes32(round));
            drawCommittee(w);
            uint256[] memory seats = members(w);
            for (uint256 i; i < SIZE; ++i) if (seats[i] != kept[0]) vote(w, i, i + 1, 3);
            toFinal(w);
            settle(w, pair(seatOf[alice], seatOf[bob]));
            IProverRegistryTypes.SeatStatus want =
                round == 3 ? IProverRegistryTypes.SeatStatus.Dropped : IProverRegistryTypes.SeatStatus.Active;
            assertSeat(kept[0], want);
        }
        assertEq(committee.missesOf(kept[0]), 0, "a new streak");
    }

    function test_misses_AnAnswerEndsTheStreak() public sound {
        _shrinkTo(7);
        Workload memory w = revealedByBoth();
        seated(w);
        uint256 silent = members(w)[6];
        vote(w, 0, 6, 3);
        toFinal(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(committee.missesOf(silent), 1, "one");
        w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 3);
        toFinal(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(committee.missesOf(silent), 0, "none");
    }

    /// @dev Whoever was silent before an appeal has missed, whatever the appeal finds.
    function test_misses_AnAppealCountsThoseBeforeIt() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        uint256 silent = members(w)[QUORUM];
        vote(w, 0, QUORUM, 3);
        toVotesOver(w);
        fundBond(alice);
        appeal(w, alice);
        assertEq(committee.missesOf(silent), 1, "one");
    }

    /// @dev Leaves `count` validators in the set from now on.
    function _shrinkTo(uint256 count) private returns (uint256[] memory kept) {
        kept = new uint256[](count);
        for (uint256 i; i < VALIDATOR_COUNT; ++i) {
            uint256 seat = seatOf[vm.addr(1000 + i)];
            if (i < count) kept[i] = seat;
            else leaveSet(seat);
        }
        nextEpoch();
    }

    // ─── Failure path ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Attack, stalling a committee: who stalls is paid nothing and misses; revealers share half the pot, the rest burns.
    function test_stall_ThreeSilentCommitteesPayRevealersHalf() public sound {
        Workload memory w = revealedByBoth();
        giveUp(w);
        assertStage(w, ICommitteeTypes.Stage.GivenUp);
        expectStage(w, ICommitteeTypes.Stage.GivenUp);
        open(w);
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(ICommitteeErrors.WrongStage.selector, w.id, ICommitteeTypes.Stage.GivenUp)
        );
        committee.appeal(w.spec);
        uint256 half = judgedPotOf(FEE) / 2;
        uint256 paid = shareOf(half, 1, 2) + shareOf(half, 2, 2);
        vm.expectEmit(address(market));
        emit Finished(w.id, Outcome.Unjudged, paid, 0, FEE - ASSIGN_BOUNTY - SETTLE_BOUNTY - paid);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(alice), shareOf(half, 1, 2), "half of the first rank");
        assertFalse(core.isHeld(seatOf[alice]), "free");
    }

    function test_stall_NobodyWhoRevealedMisses() public sound {
        Workload memory w = revealedByBoth();
        giveUp(w);
        startLogs();
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(countLogs(Missed.selector), 0, "no miss");
    }

    function test_stall_CommitteesThatAreNeverDrawnEndItToo() public sound {
        Workload memory w = revealedByBoth();
        for (uint256 i; i < ATTEMPTS; ++i) {
            open(w);
            toDrawOver(w);
        }
        assertStage(w, ICommitteeTypes.Stage.GivenUp);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Unjudged);
    }

    /// @dev A minority that stalls one attempt delays the verdict and earns nothing; who answered in vain is paid like the others.
    function test_stall_OneAttemptOnlyDelays() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, 4, 3);
        uint256 early = members(w)[0];
        toVotesOver(w);
        assertStage(w, ICommitteeTypes.Stage.Failed);
        open(w);
        publishRound(w, bytes32("another"));
        drawCommittee(w);
        vote(w, 0, SIZE, 3);
        toFinal(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
        uint256 each = committeeShareOf(FEE) / (2 * SIZE);
        uint256 earned = balanceOf(operatorOf[early]);
        assertTrue(earned == each || earned == 2 * each, "its part, twice if it was drawn twice");
    }

    /// @dev Attack: content served to some members alone splits a committee. It cannot hold up the other proofs, and after the last attempt
    /// what no committee agreed on is invalid.
    function test_split_ContentThatNotEverybodyGetsIsInvalidInTheEnd() public sound {
        Workload memory w = revealedByBoth();
        for (uint256 i; i < ATTEMPTS; ++i) {
            open(w);
            publishRound(w, bytes32(i + 1));
            drawCommittee(w);
            vote(w, 0, 4, 3);
            vote(w, 4, SIZE, 1);
            assertEq(committee.judgmentOf(w.id).decided, 1, "the first proof alone");
            toVotesOver(w);
        }
        assertStage(w, ICommitteeTypes.Stage.Appealable);
        toFinal(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
        assertEq(balanceOf(alice), shareOf(judgedPotOf(FEE), 1, 2), "the first is paid in full");
        assertEq(balanceOf(bob), 0, "the other is not");
    }

    function test_split_LastAttemptNeverDrawnStillEnds() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, 4, 3);
        vote(w, 4, SIZE, 1);
        toVotesOver(w);
        for (uint256 i = 1; i < ATTEMPTS; ++i) {
            open(w);
            toDrawOver(w);
        }
        assertStage(w, ICommitteeTypes.Stage.Appealable);
        warp(block.timestamp + VERDICT_WINDOW);
        settle(w, one(seatOf[alice]));
        assertOutcome(w, Outcome.Proven);
    }

    // ─── Lying ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Attack, lying minority: two of seven change nothing. They are paid, for an honest member may be in the minority too.
    function test_lyingMinority_ChangesNothing() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, 2, 0);
        vote(w, 2, SIZE, 3);
        toFinal(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
        assertEq(balanceOf(alice), shareOf(judgedPotOf(FEE), 1, 2), "paid");
    }

    /// @dev Attack, bribed committee: five of seven can lie, until somebody appeals. Then they earn nothing for it, and the bond goes back.
    function test_bribedCommittee_AnAppealUndoesIt() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 0);
        uint256[] memory liars = members(w);
        toVotesOver(w);
        uint256 bond = fundBond(alice);
        appeal(w, alice);
        publishRound(w, bytes32("the appeal's"));
        drawCommittee(w);
        assertEq(members(w).length, APPEAL_SIZE, "fifteen");
        vote(w, 0, APPEAL_SIZE, 3);
        uint256[] memory judges = members(w);
        toVotesOver(w);
        assertStage(w, ICommitteeTypes.Stage.Final);
        vm.expectEmit(address(committee));
        emit ICommitteeEvents.AppealClosed(w.id, true, bond, 0, 0);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
        assertEq(committee.owed(alice), bond, "bond");
        uint256 each = committeeShareOf(FEE) / APPEAL_SIZE;
        for (uint256 i; i < APPEAL_SIZE; ++i) assertEq(balanceOf(operatorOf[judges[i]]), each, "judge");
        for (uint256 i; i < SIZE; ++i) {
            bool judge;
            for (uint256 k; k < APPEAL_SIZE; ++k) if (judges[k] == liars[i]) judge = true;
            if (!judge) assertEq(balanceOf(operatorOf[liars[i]]), 0, "nothing for a verdict that did not stand");
        }
        vm.prank(alice);
        committee.withdraw(alice);
        assertEq(token.balanceOf(alice), bond, "paid out");
        assertEq(token.balanceOf(address(committee)), 0, "nothing left");
    }

    // ─── Appeals ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_appeal_UpheldCostsTheBond() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 1);
        toVotesOver(w);
        uint256 bond = fundBond(bob);
        vm.expectEmit(address(committee));
        emit ICommitteeEvents.Appealed(w.id, bob, bond);
        appeal(w, bob);
        publishRound(w, bytes32("the appeal's"));
        drawCommittee(w);
        uint256[] memory judges = members(w);
        vote(w, 0, 12, 1);
        toVotesOver(w);
        uint256 each = bond / 21;
        uint256 supply = token.totalSupply();
        vm.expectEmit(address(committee));
        emit ICommitteeEvents.AppealClosed(w.id, false, 0, 12 * each, bond - 12 * each);
        settle(w, one(seatOf[alice]));
        assertEq(supply - token.totalSupply(), bond - 12 * each, "burned");
        assertEq(committee.owed(bob), 0, "lost");
        uint256 owed;
        for (uint256 i; i < VALIDATOR_COUNT; ++i) owed += committee.owed(vm.addr(1000 + i));
        assertEq(owed, 12 * each, "the judges'");
        assertEq(token.balanceOf(address(committee)), owed, "the committee holds what it owes");
        assertEq(committee.owed(operatorOf[judges[0]]), each, "each the same");
        assertEq(committee.missesOf(judges[14]), 1, "a silent judge misses");
    }

    /// @dev Attack: an appeal that nobody hears leaves the verdict as it is, and cannot hold the workload.
    function test_appeal_UnheardReturnsTheBond() public sound {
        for (uint256 drawn_; drawn_ < 2; ++drawn_) {
            uint256 saved = snapshot();
            Workload memory w = revealedByBoth();
            seated(w);
            vote(w, 0, SIZE, 1);
            toVotesOver(w);
            uint256 bond = fundBond(bob);
            appeal(w, bob);
            if (drawn_ == 1) {
                publishRound(w, bytes32("the appeal's"));
                drawCommittee(w);
                vote(w, 0, APPEAL_QUORUM - 1, 3);
                toVotesOver(w);
            } else {
                toDrawOver(w);
            }
            assertStage(w, ICommitteeTypes.Stage.Final);
            assertEq(committee.judgmentOf(w.id).valid, 1, "the verdict stands");
            settle(w, one(seatOf[alice]));
            assertEq(committee.owed(bob), bond, "returned");
            restore(saved);
        }
    }

    function test_appeal_OnlyOnceAndOnlyInItsWindow() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 1);
        fundBond(bob);
        expectStage(w, ICommitteeTypes.Stage.Voting);
        appeal(w, bob);
        toFinal(w);
        expectStage(w, ICommitteeTypes.Stage.Final);
        appeal(w, bob);
        warp(block.timestamp - 1);
        appeal(w, bob);
        fundBond(bob);
        expectStage(w, ICommitteeTypes.Stage.Drawing);
        appeal(w, bob);
        publishRound(w, bytes32("the appeal's"));
        drawCommittee(w);
        expectStage(w, ICommitteeTypes.Stage.Voting);
        appeal(w, bob);
        toVotesOver(w);
        expectStage(w, ICommitteeTypes.Stage.Final);
        appeal(w, bob);
    }

    function test_appeal_RevertWhen_TheBondIsNotThere() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 1);
        toVotesOver(w);
        (bool ok, ) = address(committee).call(abi.encodeCall(committee.appeal, (w.spec)));
        assertFalse(ok, "no allowance");
        assertStage(w, ICommitteeTypes.Stage.Appealable);
    }

    /// @dev What the appeal could not decide stays as the first verdict said.
    function test_appeal_DecidesProofByProof() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 1);
        toVotesOver(w);
        fundBond(bob);
        appeal(w, bob);
        publishRound(w, bytes32("the appeal's"));
        drawCommittee(w);
        vote(w, 0, 8, 2);
        vote(w, 8, APPEAL_SIZE, 3);
        toVotesOver(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
        assertEq(balanceOf(alice), shareOf(judgedPotOf(FEE), 1, 2), "undecided: as before");
        assertEq(balanceOf(bob), shareOf(judgedPotOf(FEE), 2, 2), "fifteen found it valid");
    }

    function test_withdraw_RevertWhen_NobodyCouldUseItThere() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 0);
        toVotesOver(w);
        fundBond(dave);
        appeal(w, dave);
        publishRound(w, bytes32("appeal"));
        drawCommittee(w);
        vote(w, 0, APPEAL_SIZE, 3);
        toVotesOver(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertLt(0, committee.owed(dave), "it was right");
        address[2] memory dead = [address(market), address(committee)];
        for (uint256 i; i < dead.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Recipient.InvalidRecipient.selector, dead[i]));
            vm.prank(dave);
            committee.withdraw(dead[i]);
        }
    }

    function test_withdraw_RevertWhen_NothingIsOwed() public sound {
        vm.expectRevert(ICommitteeErrors.NothingOwed.selector);
        vm.prank(alice);
        committee.withdraw(alice);
    }

    // ─── Equivocation ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_equivocation_IsSlashedOnAnybodysProof() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 3);
        uint256 seat = members(w)[2];
        (ICommitteeTypes.Ballot memory a, ICommitteeTypes.Ballot memory b) = (ballot(w, 2, 3), ballot(w, 2, 1));
        vm.expectEmit(address(committee));
        emit ICommitteeEvents.Equivocated(w.id, 1, seat, carol);
        vm.expectEmit(address(registry));
        emit IProverRegistryEvents.Slashed(seat, operatorOf[seat], SLASH, carol, SLASH_BOUNTY);
        vm.prank(carol);
        committee.slash(w.id, 1, a, b);
        assertEq(registry.seatOf(seat).bond, BOND - SLASH, "bond");
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotEquivocal.selector, 2));
        vm.prank(carol);
        committee.slash(w.id, 1, b, a);
        toFinal(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(operatorOf[seat]), 0, "and earns nothing");
    }

    /// @dev Attack, escaping a slash: the proof works after the end, and after the seat left, until its bond is withdrawn.
    function test_equivocation_AlsoAfterTheEndAndOfALeavingSeat() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, SIZE, 3);
        (ICommitteeTypes.Ballot memory a, ICommitteeTypes.Ballot memory b) = (ballot(w, 0, 3), ballot(w, 0, 0));
        uint256 seat = members(w)[0];
        leaveSet(seat);
        toFinal(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        vm.prank(carol);
        committee.slash(w.id, 1, a, b);
        assertEq(registry.seatOf(seat).bond, BOND - SLASH, "bond");
    }

    /// @dev Attack, self-slash for the bounty: reporting oneself pays nothing.
    function test_equivocation_SelfReportPaysNothing() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        (ICommitteeTypes.Ballot memory a, ICommitteeTypes.Ballot memory b) = (ballot(w, 0, 3), ballot(w, 0, 0));
        address operator = operatorOf[members(w)[0]];
        vm.prank(operator);
        committee.slash(w.id, 1, a, b);
        (uint256 bounty, ) = registry.reports(operator);
        assertEq(bounty, 0, "no bounty");
    }

    /// @dev Attack: framing. One verdict, two verdicts of two members, or a forged one prove nothing.
    function test_equivocation_RevertWhen_ItIsNone() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        uint256[] memory seats = members(w);
        ICommitteeTypes.Ballot memory a = ballot(w, 0, 3);
        ICommitteeTypes.Ballot memory forged = ballotBy(w, 77, 0, 1);
        ICommitteeTypes.Ballot memory others = ballot(w, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotEquivocal.selector, 0));
        committee.slash(w.id, 1, a, a);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotEquivocal.selector, 0));
        committee.slash(w.id, 1, a, others);
        others.member = 0;
        vm.expectRevert(
            abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, operatorOf[seats[1]], operatorOf[seats[0]])
        );
        committee.slash(w.id, 1, a, others);
        vm.expectRevert(
            abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, vm.addr(77), operatorOf[seats[0]])
        );
        committee.slash(w.id, 1, a, forged);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.UnknownMember.selector, 0));
        committee.slash(w.id, 2, a, others);
    }

    // ─── Money ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Invariants 1 and 2 with a committee: whatever members do, every wei of the fee ends once.
    function testFuzz_settle_EveryWeiEndsOnce(uint256 fee, uint256 votes, uint256 answering) public sound {
        fee = bound(fee, 10 ether, 100 ether);
        Workload memory w = drawn(aJudgedRequest().withFee(fee), pair(seatOf[alice], seatOf[bob]));
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        toReveals(w);
        revealTo(w, seatOf[alice]);
        revealTo(w, seatOf[bob]);
        for (uint256 attempt; attempt < ATTEMPTS; ++attempt) {
            ICommitteeTypes.Stage stage = committee.judgmentOf(w.id).stage;
            if (stage != ICommitteeTypes.Stage.None && stage != ICommitteeTypes.Stage.Failed) break;
            open(w);
            publishRound(w, keccak256(abi.encode(votes, attempt)));
            drawCommittee(w);
            for (uint256 i; i < SIZE; ++i) {
                uint256 k = attempt * SIZE + i;
                if ((answering >> k) & 1 == 1) vote(w, i, i + 1, (votes >> (2 * k)) & 3);
            }
            toVotesOver(w);
        }
        warp(block.timestamp + VERDICT_WINDOW);
        uint256 valid = committee.judgmentOf(w.id).valid;
        bool judged = committee.judgmentOf(w.id).stage == ICommitteeTypes.Stage.Final;
        settle(w, pair(seatOf[alice], seatOf[bob]));
        Outcome want = valid == 0 ? Outcome.InvalidProof : Outcome.Proven;
        assertOutcome(w, judged ? want : Outcome.Unjudged);
        uint256 paid = balanceOf(alice) + balanceOf(bob) + balanceOf(keeper) + burnOf(keeper);
        for (uint256 i; i < VALIDATOR_COUNT; ++i) paid += balanceOf(vm.addr(1000 + i));
        assertEq(paid, fee, "every wei once");
    }
}
