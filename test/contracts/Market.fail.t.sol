// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketFailTest is MarketFixture {
    using RequestBuilder for Request;

    function test_fail_OpensTheSlotAtOnce() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        vm.expectEmit(address(market));
        emit Failed(w.id, seatOf[alice], FailReason.OutOfTime);
        fail(w, seatOf[alice], FailReason.OutOfTime);

        SlotView memory s = market.slotOf(w.id, seatOf[alice]);
        assertEq(uint256(s.state), uint256(SlotState.Failed), "state");
        assertEq(uint256(s.reason), uint256(FailReason.OutOfTime), "reason");
        WorkloadState memory state = market.workloadOf(w.id);
        assertEq(state.accepted, 0, "the acceptance is taken back");
        assertEq(state.vacated, 1, "vacated");
        assertEq(market.openSlots(w.id), 1, "open");
        assertFalse(core.isHeld(seatOf[alice]), "free for other work");
    }

    function test_fail_WithoutAcceptingIsPossible() public sound {
        Workload memory w = drawnToAlice();
        fail(w, seatOf[alice], FailReason.InputsUnavailable);
        assertEq(market.openSlots(w.id), 1, "open");
        warp(deadlineOf(w) + 1);
        settle(w, one(seatOf[alice]));
        assertOutcome(w, Outcome.InputsUnavailable);
    }

    function test_fail_AfterALateAcceptTakesNothingBack() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[bob]);
        warp(responseEnd(w) + 1);
        accept(w, seatOf[alice]);
        fail(w, seatOf[alice], FailReason.ProgramFailed);
        assertEq(market.workloadOf(w.id).accepted, 1, "Bob's acceptance stands");
    }

    function test_fail_ReasonIsSharedOrOutOfTime() public sound {
        uint256[] memory seats = three(seatOf[alice], seatOf[bob], seatOf[carol]);
        Workload memory w = drawn(aRequest().withSlots(3), seats);
        fail(w, seats[0], FailReason.ProgramFailed);
        fail(w, seats[1], FailReason.ProgramFailed);
        assertEq(uint256(market.workloadOf(w.id).failReason), uint256(FailReason.ProgramFailed), "shared");
        fail(w, seats[2], FailReason.InputsUnavailable);
        assertEq(uint256(market.workloadOf(w.id).failReason), uint256(FailReason.OutOfTime), "they differ");
    }

    function test_fail_IsNobodysMissWithoutAProof() public sound {
        Workload memory w = drawnToAliceAndBob();
        fail(w, seatOf[alice], FailReason.ProgramFailed);
        fail(w, seatOf[bob], FailReason.ProgramFailed);
        warp(deadlineOf(w) + 1);
        startLogs();
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.ProgramFailed);
        assertEq(_misses(), 0, "misses");
    }

    function test_fail_IsNobodysMissWhenReasonsDiffer() public sound {
        Workload memory w = drawnToAliceAndBob();
        fail(w, seatOf[alice], FailReason.ProgramFailed);
        fail(w, seatOf[bob], FailReason.InputsUnavailable);
        warp(deadlineOf(w) + 1);
        startLogs();
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.TimedOut);
        assertEq(_misses(), 0, "misses");
    }

    function test_fail_IsAMissWhenAnotherProved() public sound {
        Workload memory w = drawnToAliceAndBob();
        fail(w, seatOf[alice], FailReason.ProgramFailed);
        commit(w, seatOf[bob]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        reveal(w, seatOf[bob]);
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[alice], 1);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
    }

    function test_fail_AfterTheDeadlineCountsAsOutOfTime() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        fail(w, seatOf[alice], FailReason.InputsUnavailable);
        assertEq(uint256(market.slotOf(w.id, seatOf[alice]).reason), uint256(FailReason.OutOfTime), "reason");
        assertEq(market.workloadOf(w.id).vacated, 0, "opens nothing");
        settle(w, one(seatOf[alice]));
        assertOutcome(w, Outcome.TimedOut);
    }

    function test_fail_AtTheDeadlineStillCounts() public sound {
        Workload memory w = drawnToAlice();
        warp(deadlineOf(w));
        fail(w, seatOf[alice], FailReason.InputsUnavailable);
        warp(deadlineOf(w) + 1);
        settle(w, none());
        assertOutcome(w, Outcome.InputsUnavailable);
    }

    function test_fail_OfASilentSeatAfterTheDeadlineDoesNotMakeItTimedOut() public sound {
        Workload memory w = drawnToAlice();
        warp(deadlineOf(w) + 1);
        fail(w, seatOf[alice], FailReason.OutOfTime);
        settle(w, none());
        assertOutcome(w, Outcome.Unserved);
    }

    function test_fail_AfterAReleaseDoesNotBlockSettling() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[bob]);
        commit(w, seatOf[alice]);
        release(w);
        fail(w, seatOf[bob], FailReason.OutOfTime);
        toReveals(w);
        reveal(w, seatOf[alice]);
        settle(w, one(seatOf[alice]));
        assertOutcome(w, Outcome.Proven);
        assertEq(balanceOf(bob), 0, "who gives up waits for nothing");
    }

    function test_fail_AfterAReleaseIsNoMiss() public sound {
        Workload memory w = drawn(aRequest().withSlots(3), three(seatOf[alice], seatOf[bob], seatOf[carol]));
        accept(w, seatOf[bob]);
        commit(w, seatOf[alice]);
        release(w);
        startLogs();
        fail(w, seatOf[bob], FailReason.OutOfTime);
        fail(w, seatOf[carol], FailReason.OutOfTime);
        toRevealsOver(w);
        settle(w, none());
        assertEq(countLogs(Missed.selector), 0, "nobody has to answer after a release");
        assertSlot(w, seatOf[bob], SlotState.Free);
        assertSlot(w, seatOf[carol], SlotState.Free);
    }

    function test_fail_InASettledWorkloadFreesTheSeat() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        settle(w, none());
        startLogs();
        fail(w, seatOf[alice], FailReason.OutOfTime);
        assertSlot(w, seatOf[alice], SlotState.Free);
        fail(w, seatOf[bob], FailReason.OutOfTime);
        assertEq(_misses(), 0, "nobody proved it");
        toSilence(w);
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[bob]));
        slash(w, one(seatOf[bob]));
    }

    function test_fail_InAProvenWorkloadIsAMiss() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[bob]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        reveal(w, seatOf[bob]);
        settle(w, one(seatOf[bob]));
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[alice], 1);
        fail(w, seatOf[alice], FailReason.OutOfTime);
        assertSlot(w, seatOf[alice], SlotState.Free);
    }

    function test_fail_InACancelledWorkloadIsNoMiss() public sound {
        Workload memory w = drawnToAlice();
        cancel(w, none());
        warp(block.timestamp + CANCEL_DELAY + 1);
        cancel(w, none());
        startLogs();
        fail(w, seatOf[alice], FailReason.OutOfTime);
        assertEq(_misses(), 0, "misses");
        assertFalse(core.isHeld(seatOf[alice]), "free");
    }

    function test_fail_OfASilentSeatIsPossibleUntilTheSilenceWindowIsOver() public sound {
        Workload memory w = drawnToAlice();
        warp(w.startedAt + SILENCE + 1);
        vm.expectRevert(abi.encodeWithSelector(SilenceWindowOver.selector, block.timestamp, w.startedAt + SILENCE));
        fail(w, seatOf[alice], FailReason.OutOfTime);
        warp(w.startedAt + SILENCE);
        fail(w, seatOf[alice], FailReason.OutOfTime);
        assertSlot(w, seatOf[alice], SlotState.Failed);
    }

    function test_fail_OfAnAcceptedSeatIsPossibleForEver() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        warp(w.startedAt + SILENCE * 30);
        fail(w, seatOf[alice], FailReason.OutOfTime);
        assertSlot(w, seatOf[alice], SlotState.Failed);
    }

    function test_fail_RevertWhen_NoReason() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(abi.encodeWithSelector(InvalidTerms.selector, bytes32("reason"), 0, 1, type(FailReason).max));
        fail(w, seatOf[alice], FailReason.None);
    }

    function test_fail_RevertWhen_Twice() public sound {
        Workload memory w = drawnToAlice();
        fail(w, seatOf[alice], FailReason.OutOfTime);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Failed));
        fail(w, seatOf[alice], FailReason.OutOfTime);
    }

    function test_fail_RevertWhen_Committed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Committed));
        fail(w, seatOf[alice], FailReason.OutOfTime);
    }

    function test_fail_RevertWhen_NotTheOperator() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(abi.encodeWithSelector(NotOperator.selector, seatOf[alice], bob, alice));
        vm.prank(bob);
        market.fail(w.spec, seatOf[alice], FailReason.OutOfTime);
    }

    function test_fail_RevertWhen_NotDrawnYet() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Pending, Phase.Proving));
        fail(w, seatOf[alice], FailReason.OutOfTime);
    }

    function test_fail_RevertWhen_SeatNotDrawn() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(abi.encodeWithSelector(SeatNotInWorkload.selector, w.id, seatOf[bob]));
        fail(w, seatOf[bob], FailReason.OutOfTime);
    }

    /// @dev Misses since the logs are recorded.
    function _misses() private returns (uint256) {
        return countLogs(Missed.selector);
    }
}
