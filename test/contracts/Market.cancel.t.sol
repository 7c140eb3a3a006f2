// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketCancelTest is MarketFixture {
    using RequestBuilder for Request;

    // ─── Before the draw ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_cancel_BeforeTheRoundRefundsAll() public sound {
        Workload memory w = submit(aRequest());
        vm.expectEmit(address(market));
        emit Finished(w.id, Outcome.Cancelled, 0, FEE, 0);
        cancel(w, none());
        assertOutcome(w, Outcome.Cancelled);
        assertTrue(market.workloadOf(w.id).dutyEnded, "duty ended");
        assertEq(balanceOf(requester), 1000 ether, "everything is back");
    }

    function test_cancel_FreeUntilTheMarginBeforeTheRound() public sound {
        Workload memory w = submit(aRequest());
        beacon.reach(uint32(w.round) - 1);
        vm.expectRevert(abi.encodeWithSelector(RoundFixed.selector, w.round));
        cancel(w, none());
        beacon.reach(uint32(w.round));
        vm.expectRevert(abi.encodeWithSelector(RoundFixed.selector, w.round));
        cancel(w, none());
        beacon.reach(uint32(w.round) - 2);
        cancel(w, none());
        assertOutcome(w, Outcome.Cancelled);
    }

    /// @dev Attack: look at the draw, and take the money back when it is not to one's taste.
    function test_cancel_NobodyRerollsADrawForFree() public sound {
        Workload memory w = submit(aRequest());
        beacon.publish(uint32(w.round), bytes32("known"));
        vm.expectRevert(abi.encodeWithSelector(RoundFixed.selector, w.round));
        cancel(w, none());
        assign(w);
        cancel(w, none());
        warp(w.startedAt + CANCEL_DELAY + 1);
        cancel(w, none());
        assertEq(
            balanceOf(requester),
            1000 ether - baseBurnOf(FEE) - ASSIGN_BOUNTY,
            "the base burn and the assign bounty are gone"
        );
    }

    // ─── After the draw ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_cancel_AfterTheDrawTakesTwoSteps() public sound {
        Workload memory w = drawnToAliceAndBob();
        warp(w.startedAt + 40);
        vm.expectEmit(address(market));
        emit CancelRequested(w.id, block.timestamp + CANCEL_DELAY);
        cancel(w, none());
        assertPhase(w, Phase.Proving);
        assertEq(market.workloadOf(w.id).cancelRequestedAt, w.startedAt + 40, "requested");

        warp(w.startedAt + 40 + CANCEL_DELAY - 1);
        vm.expectRevert(
            abi.encodeWithSelector(CancelDelayRunning.selector, block.timestamp, w.startedAt + 40 + CANCEL_DELAY)
        );
        cancel(w, none());
        warp(w.startedAt + 40 + CANCEL_DELAY);
        uint256 burned = baseBurnOf(FEE);
        vm.expectEmit(address(market));
        emit Finished(w.id, Outcome.Cancelled, 0, potOf(FEE), burned);
        cancel(w, none());
        assertEq(balanceOf(requester), 1000 ether - burned - ASSIGN_BOUNTY, "refund");
        assertEq(burnOf(requester), burned, "base burn");
    }

    function test_cancel_CompensatesAcceptedSeatsForTheirTime() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        accept(w, seatOf[bob]);
        warp(w.startedAt + 500);
        cancel(w, none());
        warp(w.startedAt + 500 + CANCEL_DELAY + 7);
        uint256 each = (potOf(FEE) * (500 + CANCEL_DELAY + 7)) / (RUN_TIME * 2);
        vm.expectEmit(address(market));
        emit SlotSettled(w.id, seatOf[bob], 0, each);
        vm.expectEmit(address(market));
        emit SlotSettled(w.id, seatOf[alice], 0, each);
        vm.expectEmit(address(market));
        emit Finished(w.id, Outcome.Cancelled, 2 * each, potOf(FEE) - 2 * each, baseBurnOf(FEE));
        cancel(w, pair(seatOf[bob], seatOf[alice]));
        assertEq(balanceOf(alice), each, "Alice");
        assertEq(balanceOf(bob), each, "Bob");
        assertFalse(core.isHeld(seatOf[alice]), "free");
    }

    function test_cancel_EndsTheDutyToAnswer() public sound {
        Workload memory w = drawnToAliceAndBob();
        cancel(w, none());
        warp(w.startedAt + CANCEL_DELAY + 1);
        cancel(w, none());
        toSilence(w);
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[alice]));
        slash(w, one(seatOf[alice]));
        clear(w, pair(seatOf[alice], seatOf[bob]));
        assertFalse(core.isHeld(seatOf[alice]), "free");
    }

    function test_cancel_InTheSecondOfTheDrawIsRecordedToo() public sound {
        Workload memory w = drawnToAlice();
        vm.expectEmit(address(market));
        emit CancelRequested(w.id, w.startedAt + 1 + CANCEL_DELAY);
        cancel(w, none());
        assertEq(market.workloadOf(w.id).cancelRequestedAt, w.startedAt + 1, "one second on, so that zero means none");
        warp(w.startedAt + CANCEL_DELAY + 1);
        cancel(w, none());
        assertOutcome(w, Outcome.Cancelled);
    }

    function test_cancel_AFailedSeatIsNotCompensatedAndNoMissIsCounted() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        fail(w, seatOf[alice], FailReason.OutOfTime);
        cancel(w, none());
        warp(w.startedAt + CANCEL_DELAY + 1);
        cancel(w, none());
        startLogs();
        clear(w, one(seatOf[alice]));
        assertEq(countLogs(Missed.selector), 0, "no miss");
        assertEq(balanceOf(alice), 0, "no pay");
    }

    function testFuzz_cancel_PaysExactlyTheStatedCompensation(
        uint256 elapsed,
        uint256 fee,
        uint256 accepts
    ) public sound {
        fee = bound(fee, MINIMUM_RATE * RUN_TIME * 3, 900 ether);
        accepts = bound(accepts, 0, 3);
        uint256[] memory all = three(seatOf[alice], seatOf[bob], seatOf[carol]);
        Workload memory w = drawn(aRequest().withSlots(3).withFee(fee), all);
        uint256[] memory seats = new uint256[](accepts);
        for (uint256 i; i < accepts; ++i) accept(w, seats[i] = all[i]);
        cancel(w, none());
        elapsed = bound(elapsed, CANCEL_DELAY + 1, RUN_TIME);
        warp(w.startedAt + elapsed);
        cancel(w, seats);
        uint256 each = (potOf(fee) * elapsed) / (RUN_TIME * 3);
        for (uint256 i; i < accepts; ++i) assertEq(balanceOf(operatorOf[all[i]]), each, "compensation");
        assertEq(
            balanceOf(requester),
            1000 ether - baseBurnOf(fee) - ASSIGN_BOUNTY - each * accepts,
            "the rest is refunded"
        );
    }

    // ─── Refused ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_cancel_RevertWhen_NotTheRequester() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(NotRequester.selector, w.id, alice, requester));
        vm.prank(alice);
        market.cancel(w.spec, none());
    }

    function test_cancel_RevertWhen_ACommitExists() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(CommitsExist.selector, 1));
        cancel(w, none());
    }

    function test_cancel_RevertWhen_ACommitCameMeanwhile() public sound {
        Workload memory w = drawnToAliceAndBob();
        cancel(w, none());
        warp(responseEnd(w) + 1);
        commitOpen(w, seatOf[carol]);
        warp(w.startedAt + CANCEL_DELAY * 3);
        vm.expectRevert(abi.encodeWithSelector(CommitsExist.selector, 1));
        cancel(w, none());
    }

    function test_cancel_RevertWhen_Proven() public sound {
        Workload memory w = drawnToAlice();
        cancel(w, none());
        submitProof(w, seatOf[alice]);
        warp(w.startedAt + CANCEL_DELAY + 1);
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Final, Phase.Proving));
        cancel(w, none());
    }

    function test_cancel_RevertWhen_AfterTheDeadline() public sound {
        Workload memory w = drawnToAlice();
        cancel(w, none());
        warp(deadlineOf(w) + 1);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, deadlineOf(w)));
        cancel(w, none());
        warp(deadlineOf(w));
        cancel(w, none());
    }

    function test_cancel_RevertWhen_AnAcceptedSeatIsMissing() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        accept(w, seatOf[bob]);
        cancel(w, none());
        warp(w.startedAt + CANCEL_DELAY + 1);
        vm.expectRevert(abi.encodeWithSelector(ClaimsIncomplete.selector, 1, 2));
        cancel(w, one(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Free));
        cancel(w, pair(seatOf[alice], seatOf[alice]));
    }

    function test_cancel_RevertWhen_ASeatDidNotAcceptInTime() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        warp(responseEnd(w) + 1);
        accept(w, seatOf[bob]);
        cancel(w, none());
        warp(block.timestamp + CANCEL_DELAY);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[bob], SlotState.Accepted));
        cancel(w, one(seatOf[bob]));
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[carol], SlotState.Free));
        cancel(w, one(seatOf[carol]));
        cancel(w, one(seatOf[alice]));
    }

    function test_cancel_RevertWhen_Unknown() public sound {
        Workload memory w = submit(aRequest());
        w.spec.inputs = bytes32("other");
        bytes32 id = market.idOf(w.spec);
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, id, Phase.None, Phase.Proving));
        cancel(w, none());
    }

    function test_cancel_RevertWhen_CancelledAlready() public sound {
        Workload memory w = submit(aRequest());
        cancel(w, none());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Final, Phase.Proving));
        cancel(w, none());
    }
}
