// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketAcceptTest is MarketFixture {
    function test_accept_KeepsTheSlotForItsSeat() public balanced {
        Workload memory w = drawnToAlice();
        vm.expectEmit(address(market));
        emit Accepted(w.id, seatOf[alice]);
        accept(w, seatOf[alice]);

        SlotView memory s = market.slotOf(w.id, seatOf[alice]);
        assertEq(uint256(s.state), uint256(SlotState.Accepted), "state");
        assertTrue(s.held, "held");
        assertEq(address(s.payload), alice, "operator");
        assertEq(market.workloadOf(w.id).accepted, 1, "accepted");
        vm.warp(responseEnd(w) + 1);
        assertEq(market.openSlots(w.id), 0, "nothing is open after the response window");
    }
}
