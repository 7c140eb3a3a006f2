// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketReleaseTest is MarketFixture {
    using RequestBuilder for Request;

    function _drawnToThree() private returns (Workload memory) {
        return drawn(aRequest().withSlots(3), three(seatOf[alice], seatOf[bob], seatOf[carol]));
    }

    function test_release_ClosesCommits() public sound {
        Workload memory w = _drawnToThree();
        commit(w, seatOf[alice]);
        warp(w.startedAt + 700);
        vm.expectEmit(address(market));
        emit CommitsClosed(w.id, true);
        release(w);
        WorkloadState memory state = market.workloadOf(w.id);
        assertTrue(state.closedEarly, "closed");
        assertTrue(state.dutyEnded, "nobody has to answer any more");
        assertEq(state.deadline, w.startedAt + 700, "deadline");
        assertEq(market.openSlots(w.id), 0, "open slots");
    }

    function test_release_PaysWaitingSeatsWhatACancelWouldHave() public sound {
        Workload memory w = _drawnToThree();
        accept(w, seatOf[bob]);
        accept(w, seatOf[carol]);
        commit(w, seatOf[alice]);
        warp(w.startedAt + 1000);
        release(w);
        toReveals(w);
        reveal(w, seatOf[alice]);

        uint256 pot = potOf(FEE);
        uint256 first = shareOf(pot, 1, 3);
        uint256 each = (pot * 1000) / (RUN_TIME * 3);
        vm.expectEmit(address(market));
        emit SlotSettled(w.id, seatOf[alice], 1, first);
        vm.expectEmit(address(market));
        emit SlotSettled(w.id, seatOf[carol], 0, each);
        vm.expectEmit(address(market));
        emit SlotSettled(w.id, seatOf[bob], 0, each);
        vm.expectEmit(address(market));
        emit Finished(
            w.id,
            Outcome.Proven,
            first + 2 * each,
            0,
            FEE - ASSIGN_BOUNTY - SETTLE_BOUNTY - first - 2 * each
        );
        settle(w, three(seatOf[carol], seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(alice), first, "rank 1");
        assertEq(balanceOf(bob), each, "Bob waited");
        assertEq(balanceOf(carol), each, "Carol too");
        assertFalse(core.isHeld(seatOf[bob]), "free");
    }

    function test_release_CompensationStopsAtTheUnfilledRanks() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[bob]);
        commit(w, seatOf[alice]);
        warp(deadlineOf(w));
        release(w);
        toReveals(w);
        reveal(w, seatOf[alice]);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        uint256 first = shareOf(potOf(FEE), 1, 2);
        assertLt(potOf(FEE) - first, potOf(FEE) / 2, "half the pot for the whole time would be more than is left");
        assertEq(balanceOf(alice), first, "rank 1 is untouched");
        assertEq(balanceOf(bob), potOf(FEE) - first, "what is left, and no more");
    }

    function test_release_EndsTheDutyOfSeatsThatNeverAnswered() public sound {
        Workload memory w = _drawnToThree();
        commit(w, seatOf[alice]);
        release(w);
        toSilence(w);
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[bob]));
        slash(w, one(seatOf[bob]));
        settle(w, none());
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[bob]));
        slash(w, one(seatOf[bob]));
        startLogs();
        clear(w, pair(seatOf[bob], seatOf[carol]));
        assertEq(countLogs(Missed.selector), 0, "no misses");
        assertFalse(core.isHeld(seatOf[bob]), "free");
    }

    function test_release_LateAcceptIsNotPaid() public sound {
        Workload memory w = _drawnToThree();
        warp(responseEnd(w) + 1);
        accept(w, seatOf[bob]);
        commit(w, seatOf[alice]);
        release(w);
        toReveals(w);
        reveal(w, seatOf[alice]);
        startLogs();
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(countLogs(Missed.selector), 0, "no miss");
        assertEq(balanceOf(bob), 0, "nothing");
    }

    function test_release_WithoutAProofWaitingSeatsGetTheirPartByTimeAndTheRestBurns() public sound {
        Workload memory w = _drawnToThree();
        accept(w, seatOf[bob]);
        commit(w, seatOf[alice]);
        warp(w.startedAt + 300);
        release(w);
        toRevealsOver(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.NotRevealed);
        assertEq(balanceOf(bob), (potOf(FEE) * 300) / (RUN_TIME * 3), "compensation");
        assertEq(balanceOf(requester), 1000 ether - FEE, "no refund");
    }

    function test_release_InTheSecondOfTheDrawPaysNobodyForWaiting() public sound {
        Workload memory w = _drawnToThree();
        accept(w, seatOf[bob]);
        commit(w, seatOf[alice]);
        release(w);
        toReveals(w);
        reveal(w, seatOf[alice]);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(bob), 0, "no time went by");
    }

    function test_release_NeedsOnlyAnOpenSlotCommit() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        commitOpen(w, seatOf[bob]);
        release(w);
        assertTrue(market.workloadOf(w.id).dutyEnded, "released");
    }

    function test_release_IsPossibleUntilTheDeadline() public sound {
        Workload memory w = _drawnToThree();
        commit(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, deadlineOf(w)));
        release(w);
        warp(deadlineOf(w));
        release(w);
    }

    function test_release_RevertWhen_NoCommits() public sound {
        Workload memory w = _drawnToThree();
        accept(w, seatOf[alice]);
        vm.expectRevert(NoCommits.selector);
        release(w);
    }

    function test_release_RevertWhen_NotTheRequester() public sound {
        Workload memory w = _drawnToThree();
        commit(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(NotRequester.selector, w.id, bob, requester));
        vm.prank(bob);
        market.release(w.spec);
    }

    function test_release_RevertWhen_Twice() public sound {
        Workload memory w = _drawnToThree();
        commit(w, seatOf[alice]);
        release(w);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, block.timestamp));
        release(w);
    }

    function test_release_RevertWhen_NotDrawnYet() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Pending, Phase.Proving));
        release(w);
    }

    function test_release_SettleRevertWhen_AWaitingSeatIsMissing() public sound {
        Workload memory w = _drawnToThree();
        accept(w, seatOf[bob]);
        accept(w, seatOf[carol]);
        commit(w, seatOf[alice]);
        release(w);
        toReveals(w);
        reveal(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(ClaimsIncomplete.selector, 1, 2));
        settle(w, pair(seatOf[alice], seatOf[bob]));
        vm.expectRevert(abi.encodeWithSelector(ClaimsIncomplete.selector, 1, 2));
        settle(w, three(seatOf[alice], seatOf[bob], seatOf[bob]));
    }

    /// @dev Whatever the requester does with the second it releases in, it never gets anything back.
    function testFuzz_release_NobodyGainsByReleasingEarly(uint256 after_, bool bobAccepts, bool revealed) public sound {
        Workload memory w = _drawnToThree();
        if (bobAccepts) accept(w, seatOf[bob]);
        commit(w, seatOf[alice]);
        warp(w.startedAt + bound(after_, 0, RUN_TIME));
        release(w);
        toReveals(w);
        if (revealed) reveal(w, seatOf[alice]);
        toRevealsOver(w);
        uint256 before = balanceOf(requester);
        settle(w, bobAccepts ? pair(seatOf[alice], seatOf[bob]) : one(seatOf[alice]));
        assertEq(balanceOf(requester), before, "the requester gets nothing back");
        assertLe(balanceOf(alice) + balanceOf(bob), potOf(FEE), "never more than the pot");
        assertEq(balanceOf(alice), revealed ? shareOf(potOf(FEE), 1, 3) : 0, "rank 1 is what it would have been");
    }
}
