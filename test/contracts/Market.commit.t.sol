// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketCommitTest is MarketFixture {
    using RequestBuilder for Request;

    function test_commit_RecordsTheCommitmentAndItsOrder() public sound {
        Workload memory w = drawnToAliceAndBob();
        uint160 commitment = commitmentOf(w, seatOf[bob], proofOf(seatOf[bob]));
        vm.expectEmit(address(market));
        emit Committed(w.id, seatOf[bob], 1, 0, commitment);
        commit(w, seatOf[bob]);

        SlotView memory s = market.slotOf(w.id, seatOf[bob]);
        assertEq(uint256(s.state), uint256(SlotState.Committed), "state");
        assertEq(s.payload, commitment, "commitment");
        assertEq(s.slot, 1, "slot");
        assertEq(s.order, 0, "order");
        WorkloadState memory state = market.workloadOf(w.id);
        assertEq(state.commits, 1, "commits");
        assertEq(state.committedOwn, 1, "own");
        assertEq(state.accepted, 1, "a commit is an accept too");
        assertFalse(state.closedEarly, "one slot is missing");
        assertFalse(core.isHeld(seatOf[bob]), "free for other work");
    }

    function test_commit_AfterAnAcceptCountsTheSlotOnce() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        commit(w, seatOf[alice]);
        assertEq(market.workloadOf(w.id).accepted, 1, "accepted");
        warp(responseEnd(w) + 1);
        accept(w, seatOf[bob]);
        assertEq(market.workloadOf(w.id).accepted, 1, "too late to count");
        commit(w, seatOf[bob]);
        assertEq(market.workloadOf(w.id).accepted, 2, "the commit counts");
    }

    function test_commit_OfTheLastSlotClosesCommits() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        warp(w.startedAt + 50);
        vm.expectEmit(address(market));
        emit CommitsClosed(w.id, false);
        commit(w, seatOf[bob]);

        WorkloadState memory state = market.workloadOf(w.id);
        assertTrue(state.closedEarly, "closed");
        assertFalse(state.dutyEnded, "not released");
        assertEq(state.deadline, w.startedAt + 50, "the deadline is now");
        assertEq(market.slotOf(w.id, seatOf[bob]).order, 1, "order");
    }

    /// @dev Attack: the only seat of a workload commits junk, so that commits close and nobody can rescue it.
    function test_commit_RevertWhen_ALoneSlotIsItsSeatsOwn() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(SubmitAtOnce.selector);
        commitJunk(w, seatOf[alice]);
        accept(w, seatOf[alice]);
        warp(rescueAt(w) - 1);
        vm.expectRevert(SubmitAtOnce.selector);
        commitJunk(w, seatOf[alice]);
        warp(rescueAt(w));
        commitJunk(w, seatOf[alice]);
        assertFalse(market.workloadOf(w.id).closedEarly, "closes nothing");
    }

    /// @dev Attack: the same once the slot is open. Backups stay welcome, and the first valid one fills the slot.
    function test_commit_JunkOnAnOpenSlotKeepsNobodyOut() public sound {
        Workload memory w = drawnToAlice();
        warp(responseEnd(w) + 1);
        commitJunk(w, seatOf[alice]);
        assertEq(market.openSlots(w.id), 1, "still open");
        commitOpen(w, seatOf[carol]);
        warp(rescueAt(w));
        commitOpen(w, seatOf[dave]);
        toReveals(w);
        revealJunk(w, seatOf[alice]);
        reveal(w, seatOf[carol]);
        reveal(w, seatOf[dave]);
        settle(w, three(seatOf[alice], seatOf[carol], seatOf[dave]));
        assertEq(balanceOf(carol), potOf(FEE), "the first valid commit");
    }

    function test_commit_JunkOnTheLastOpenSlotKeepsNobodyOut() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[bob]);
        warp(rescueAt(w));
        commitJunk(w, seatOf[alice]);
        assertFalse(market.workloadOf(w.id).closedEarly, "closes nothing");
        commitOpen(w, seatOf[carol]);
        toReveals(w);
        reveal(w, seatOf[bob]);
        reveal(w, seatOf[carol]);
        toRevealsOver(w);
        settle(w, pair(seatOf[bob], seatOf[carol]));
        assertEq(balanceOf(bob), shareOf(potOf(FEE), 1, 2), "Bob");
        assertEq(balanceOf(carol), shareOf(potOf(FEE), 2, 2), "Carol in the place of the junk");
    }

    function test_commit_IsPossibleUntilTheDeadlineAndNotLater() public sound {
        Workload memory w = drawnToAlice();
        warp(deadlineOf(w) + 1);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, deadlineOf(w)));
        commit(w, seatOf[alice]);
        warp(deadlineOf(w));
        uint256 saved = snapshot();
        commit(w, seatOf[alice]);
        assertSlot(w, seatOf[alice], SlotState.Committed);
        restore(saved);
        warp(deadlineOf(w) - 1);
        commit(w, seatOf[alice]);
        assertSlot(w, seatOf[alice], SlotState.Committed);
    }

    function test_commit_AfterTheResponseWindowIsStillTheSeatsOwn() public sound {
        Workload memory w = drawnToAliceAndBob();
        warp(rescueAt(w) + 1);
        commit(w, seatOf[alice]);
        assertEq(market.slotOf(w.id, seatOf[alice]).slot, 0, "own slot");
        assertEq(market.openSlots(w.id), 1, "one is left");
    }

    function test_commit_VoidsACancelRequest() public sound {
        Workload memory w = drawnToAliceAndBob();
        cancel(w, none());
        assertLt(0, market.workloadOf(w.id).cancelRequestedAt, "requested");
        commit(w, seatOf[alice]);
        assertEq(market.workloadOf(w.id).cancelRequestedAt, 0, "void");
        assertEq(market.workloadOf(w.id).invalid, 0, "the word's field is reused cleanly");
    }

    function test_commit_RevertWhen_Twice() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Committed));
        commit(w, seatOf[alice]);
    }

    function test_commit_RevertWhen_Failed() public sound {
        Workload memory w = drawnToAlice();
        fail(w, seatOf[alice], FailReason.OutOfTime);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Failed));
        commit(w, seatOf[alice]);
    }

    function test_commit_RevertWhen_Declined() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(SeatNotInWorkload.selector, w.id, seatOf[alice]));
        commit(w, seatOf[alice]);
    }

    function test_commit_RevertWhen_NotTheOperator() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(abi.encodeWithSelector(NotOperator.selector, seatOf[alice], bob, alice));
        vm.prank(bob);
        market.commit(w.id, seatOf[alice], 1);
    }

    function test_commit_RevertWhen_SeatNotDrawn() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(abi.encodeWithSelector(SeatNotInWorkload.selector, w.id, seatOf[bob]));
        commit(w, seatOf[bob]);
    }

    function test_commit_RevertWhen_SeatWorksForAnotherWorkload() public sound {
        Workload memory w = drawnToAlice();
        Workload memory other = drawn(aRequest(), one(seatOf[bob]));
        vm.expectRevert(abi.encodeWithSelector(SeatNotInWorkload.selector, other.id, seatOf[alice]));
        commit(other, seatOf[alice]);
        submitProof(w, seatOf[alice]);
    }

    function test_commit_RevertWhen_NotDrawnYet() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Pending, Phase.Proving));
        commit(w, seatOf[alice]);
    }

    function test_commit_RevertWhen_Released() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        release(w);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, block.timestamp));
        commit(w, seatOf[bob]);
    }
}
