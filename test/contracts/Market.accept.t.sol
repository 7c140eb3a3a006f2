// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketAcceptTest is MarketFixture {
    using RequestBuilder for Request;

    function test_accept_KeepsTheSlotForItsSeat() public sound {
        Workload memory w = drawnToAlice();
        vm.expectEmit(address(market));
        emit Accepted(w.id, seatOf[alice]);
        accept(w, seatOf[alice]);

        SlotView memory s = market.slotOf(w.id, seatOf[alice]);
        assertEq(uint256(s.state), uint256(SlotState.Accepted), "state");
        assertTrue(s.held, "held");
        assertEq(address(s.payload), alice, "operator");
        assertEq(market.workloadOf(w.id).accepted, 1, "accepted");
        warp(responseEnd(w) + 1);
        assertEq(market.openSlots(w.id), 0, "nothing is open after the response window");
    }

    function test_accept_CountsUpToTheLastSecondOfTheResponseWindow() public sound {
        for (uint256 late; late < 2; ++late) {
            uint256 saved = snapshot();
            Workload memory w = drawnToAlice();
            warp(responseEnd(w) - 1 + late);
            accept(w, seatOf[alice]);
            assertTrue(market.slotOf(w.id, seatOf[alice]).held, "held");
            warp(responseEnd(w) + 1);
            assertEq(market.openSlots(w.id), 0, "not open");
            restore(saved);
        }
    }

    function test_accept_OneSecondLateOnlyEndsTheSilence() public sound {
        Workload memory w = drawnToAlice();
        warp(responseEnd(w) + 1);
        accept(w, seatOf[alice]);

        SlotView memory s = market.slotOf(w.id, seatOf[alice]);
        assertEq(uint256(s.state), uint256(SlotState.Accepted), "state");
        assertFalse(s.held, "not held");
        assertEq(market.workloadOf(w.id).accepted, 0, "not counted");
        assertEq(market.openSlots(w.id), 1, "the slot stays open");
        toSilence(w);
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[alice]));
        slash(w, one(seatOf[alice]));
    }

    function test_accept_ResponseWindowIsATenthOfAShortRun() public sound {
        Workload memory w = drawn(aRequest().withRunTime(1000), one(seatOf[alice]));
        warp(w.startedAt + 100);
        uint256 saved = snapshot();
        accept(w, seatOf[alice]);
        assertTrue(market.slotOf(w.id, seatOf[alice]).held, "the hundredth second still counts");
        restore(saved);
        warp(w.startedAt + 101);
        accept(w, seatOf[alice]);
        assertFalse(market.slotOf(w.id, seatOf[alice]).held, "the next does not");
    }

    function test_accept_IsPossibleUntilTheDeadline() public sound {
        Workload memory w = drawnToAlice();
        warp(deadlineOf(w) + 1);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, deadlineOf(w)));
        accept(w, seatOf[alice]);
        warp(deadlineOf(w));
        accept(w, seatOf[alice]);
        assertSlot(w, seatOf[alice], SlotState.Accepted);
    }

    function test_accept_KeepsTheSeatBusyForOtherDraws() public sound {
        Workload memory first = drawnToAlice();
        accept(first, seatOf[alice]);
        assertTrue(core.isHeld(seatOf[alice]), "held");
        Workload memory second = drawnToAlice();
        assertSlot(second, seatOf[alice], SlotState.Free);
    }

    function test_accept_RevertWhen_NotDrawnYet() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Pending, Phase.Proving));
        accept(w, seatOf[alice]);
    }

    function test_accept_RevertWhen_SeatNotDrawn() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(abi.encodeWithSelector(SeatNotInWorkload.selector, w.id, seatOf[bob]));
        accept(w, seatOf[bob]);
    }

    function test_accept_RevertWhen_NotTheOperator() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(abi.encodeWithSelector(NotOperator.selector, seatOf[alice], bob, alice));
        vm.prank(bob);
        market.accept(w.id, seatOf[alice]);
    }

    function test_accept_RevertWhen_AcceptedAlready() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongSlotState.selector, seatOf[alice], SlotState.Accepted));
        accept(w, seatOf[alice]);
    }

    function test_accept_RevertWhen_Released() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        release(w);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, block.timestamp));
        accept(w, seatOf[bob]);
    }
}
