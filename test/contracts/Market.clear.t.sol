// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProverRegistryTypes} from "../../contracts/interfaces/IProverRegistry.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketClearTest is MarketFixture {
    using RequestBuilder for Request;

    function _settledWithAcceptedAlice() private returns (Workload memory w) {
        w = drawnToAlice();
        accept(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        settle(w, none());
    }

    function test_clear_FreesTheSeatAndCountsItsMiss() public sound {
        Workload memory w = _settledWithAcceptedAlice();
        assertTrue(core.isHeld(seatOf[alice]), "at work until cleared");
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[alice], 1);
        clear(w, one(seatOf[alice]));
        assertFalse(core.isHeld(seatOf[alice]), "free");
        assertSlot(w, seatOf[alice], SlotState.Free);
    }

    function test_clear_LeavesASeatThatNeverAnswered() public sound {
        Workload memory w = drawnToAlice();
        warp(deadlineOf(w) + 1);
        settle(w, none());
        clear(w, one(seatOf[alice]));
        assertSlot(w, seatOf[alice], SlotState.Assigned);
        toSilence(w);
        slash(w, one(seatOf[alice]));
    }

    function test_clear_RevertWhen_Twice() public sound {
        Workload memory w = _settledWithAcceptedAlice();
        clear(w, one(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(SeatNotInWorkload.selector, w.id, seatOf[alice]));
        clear(w, one(seatOf[alice]));
    }

    function test_clear_RevertWhen_NotFinal() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Proving, Phase.Final));
        clear(w, one(seatOf[alice]));
    }

    function test_clear_RevertWhen_SeatIsNotInIt() public sound {
        Workload memory w = _settledWithAcceptedAlice();
        vm.expectRevert(abi.encodeWithSelector(SeatNotInWorkload.selector, w.id, seatOf[bob]));
        clear(w, one(seatOf[bob]));
    }

    // ─── Streaks ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_clear_ThreeMissesInARowDropTheSeat() public sound {
        for (uint256 i = 1; i <= 3; ++i) {
            assertSeat(seatOf[alice], IProverRegistryTypes.SeatStatus.Active);
            Workload memory w = _settledWithAcceptedAlice();
            vm.expectEmit(address(market));
            emit Missed(w.id, seatOf[alice], i);
            clear(w, one(seatOf[alice]));
        }
        assertSeat(seatOf[alice], IProverRegistryTypes.SeatStatus.Dropped);
        assertEq(registry.seatOf(seatOf[alice]).unlockAt, block.timestamp + COOLDOWN, "cooldown");
        assertEq(registry.seatOf(seatOf[alice]).bond, BOND, "never slashed for being slow");
    }

    function test_clear_StreakStartsAgainAfterTheDrop() public sound {
        for (uint256 i; i < 3; ++i) clear(_settledWithAcceptedAlice(), one(seatOf[alice]));
        warp(block.timestamp + COOLDOWN);
        vm.prank(alice);
        registry.join(one(seatOf[alice]), 0);
        nextEpoch();
        Workload memory w = _settledWithAcceptedAlice();
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[alice], 1);
        clear(w, one(seatOf[alice]));
    }

    function test_clear_AProofEndsTheStreakADeclineDoesNot() public sound {
        clear(_settledWithAcceptedAlice(), one(seatOf[alice]));
        decline(drawnToAlice(), seatOf[alice]);
        Workload memory w = _settledWithAcceptedAlice();
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[alice], 2);
        clear(w, one(seatOf[alice]));
        submitProof(drawnToAlice(), seatOf[alice]);
        w = _settledWithAcceptedAlice();
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[alice], 1);
        clear(w, one(seatOf[alice]));
    }

    /// @dev Attack: leave before the third miss is booked, and come back when it is, without the cooldown of a dropped seat.
    function test_clear_LeavingDoesNotEscapeTheDrop() public sound {
        for (uint256 i; i < 2; ++i) clear(_settledWithAcceptedAlice(), one(seatOf[alice]));
        Workload memory w = _settledWithAcceptedAlice();
        leaveSet(seatOf[alice]);
        uint256 until = registry.seatOf(seatOf[alice]).unlockAt;
        warp(block.timestamp + 100);
        clear(w, one(seatOf[alice]));
        assertSeat(seatOf[alice], IProverRegistryTypes.SeatStatus.Dropped);
        assertEq(registry.seatOf(seatOf[alice]).unlockAt, until, "a late booking does not lengthen the cooldown");
    }
}
