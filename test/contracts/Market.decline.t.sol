// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProverRegistryEvents, IProverRegistryTypes} from "../../contracts/interfaces/IProverRegistry.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketDeclineTest is MarketFixture {
    using RequestBuilder for Request;

    function test_decline_OpensTheSlotAtOnce() public sound {
        Workload memory w = drawnToAlice();
        vm.expectEmit(address(market));
        emit Declined(w.id, seatOf[alice]);
        vm.expectEmit(address(registry));
        emit IProverRegistryEvents.DeclineCounted(seatOf[alice], 1, DECLINE_QUOTA);
        decline(w, seatOf[alice]);

        assertSlot(w, seatOf[alice], SlotState.Free);
        assertFalse(core.isHeld(seatOf[alice]), "free for other work");
        assertEq(market.workloadOf(w.id).vacated, 1, "vacated");
        assertEq(market.openSlots(w.id), 1, "open");
        commitOpen(w, seatOf[bob]);
    }

    function test_decline_CostsNothingAndIsNoMiss() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        settle(w, none());
        assertOutcome(w, Outcome.Unserved);
        assertEq(balanceOf(alice), 0, "no pay");
        toSilence(w);
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[alice]));
        slash(w, one(seatOf[alice]));
        assertEq(registry.seatOf(seatOf[alice]).bond, BOND, "bond");
    }

    function test_decline_MayCommitToTheSlotItOpened() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        commitOpen(w, seatOf[alice]);
        assertEq(market.slotOf(w.id, seatOf[alice]).slot, OPEN_SLOT, "an open one now");
    }

    function test_decline_IsPossibleUntilTheSilenceWindowIsOver() public sound {
        Workload memory w = drawnToAlice();
        warp(w.startedAt + SILENCE + 1);
        vm.expectRevert(abi.encodeWithSelector(SilenceWindowOver.selector, block.timestamp, w.startedAt + SILENCE));
        decline(w, seatOf[alice]);
        warp(w.startedAt + SILENCE);
        decline(w, seatOf[alice]);
        assertSlot(w, seatOf[alice], SlotState.Free);
        // After the deadline it opens nothing.
        assertEq(market.workloadOf(w.id).vacated, 0, "vacated");
        assertEq(market.openSlots(w.id), 0, "closed");
    }

    function test_decline_ClearsASeatOfASettledWorkload() public sound {
        Workload memory w = drawnToAlice();
        warp(deadlineOf(w) + 1);
        settle(w, none());
        decline(w, seatOf[alice]);
        toSilence(w);
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[alice]));
        slash(w, one(seatOf[alice]));
    }

    function test_decline_AboveTheQuotaDropsTheSeat() public sound {
        for (uint256 i; i < DECLINE_QUOTA; ++i) decline(drawnToAlice(), seatOf[alice]);
        assertSeat(seatOf[alice], IProverRegistryTypes.SeatStatus.Active);
        assertEq(registry.seatOf(seatOf[alice]).declines, DECLINE_QUOTA, "declines");
        Workload memory w = drawnToAlice();
        vm.expectEmit(address(registry));
        emit IProverRegistryEvents.DeclineCounted(seatOf[alice], DECLINE_QUOTA + 1, DECLINE_QUOTA);
        vm.expectEmit(address(registry));
        emit IProverRegistryEvents.Dropped(seatOf[alice], alice, block.timestamp + COOLDOWN);
        decline(w, seatOf[alice]);
        assertSeat(seatOf[alice], IProverRegistryTypes.SeatStatus.Dropped);
    }

    function test_decline_IsNotCountedWhenNobodyHasToAnswer() public sound {
        Workload memory released = drawnToAliceAndBob();
        commit(released, seatOf[bob]);
        release(released);
        decline(released, seatOf[alice]);
        Workload memory cancelled = drawnToAlice();
        cancel(cancelled, none());
        warp(block.timestamp + CANCEL_DELAY + 1);
        cancel(cancelled, none());
        decline(cancelled, seatOf[alice]);
        assertEq(registry.seatOf(seatOf[alice]).declines, 0, "declines");
    }

    function test_decline_QuotaIsCountedByTheWeek() public sound {
        uint256 nextWeek = (block.timestamp / 1 weeks + 1) * 1 weeks;
        warp(nextWeek - 1);
        for (uint256 i; i < DECLINE_QUOTA; ++i) decline(drawnToAlice(), seatOf[alice]);
        uint256 saved = snapshot();
        decline(drawnToAlice(), seatOf[alice]);
        assertSeat(seatOf[alice], IProverRegistryTypes.SeatStatus.Dropped);
        restore(saved);
        warp(nextWeek);
        decline(drawnToAlice(), seatOf[alice]);
        assertSeat(seatOf[alice], IProverRegistryTypes.SeatStatus.Active);
        assertEq(registry.seatOf(seatOf[alice]).declines, 1, "a new count");
    }

    function test_decline_RevertWhen_Accepted() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Accepted));
        decline(w, seatOf[alice]);
    }

    function test_decline_RevertWhen_Committed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Committed));
        decline(w, seatOf[alice]);
    }

    function test_decline_RevertWhen_Twice() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(SeatNotInWorkload.selector, w.id, seatOf[alice]));
        decline(w, seatOf[alice]);
    }

    function test_decline_RevertWhen_NotDrawnYet() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Pending, Phase.Proving));
        decline(w, seatOf[alice]);
    }

    function test_decline_RevertWhen_NotTheOperator() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(abi.encodeWithSelector(NotOperator.selector, seatOf[alice], bob, alice));
        vm.prank(bob);
        market.decline(w.spec, seatOf[alice]);
    }

    function test_decline_RevertWhen_SpecChanged() public sound {
        Workload memory w = drawnToAlice();
        w.spec.inputs = bytes32("other");
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, market.idOf(w.spec), Phase.None, Phase.Proving));
        decline(w, seatOf[alice]);
    }
}
