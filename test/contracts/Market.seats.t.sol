// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProverRegistryTypes} from "../../contracts/interfaces/IProverRegistry.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

/// @notice A seat is free as soon as it has committed: up to three unsettled words stand beside its new work.
contract MarketSeatsTest is MarketFixture {
    using RequestBuilder for Request;

    /// @dev `count` workloads, each of Alice and one other, in which both have committed and Alice's seat waits.
    function _committed(uint256 count) private returns (Workload[] memory ws) {
        address[4] memory others = [bob, carol, dave, erin];
        ws = new Workload[](count);
        for (uint256 i; i < count; ++i) {
            ws[i] = drawn(aRequest().withSlots(2), pair(seatOf[alice], seatOf[others[i]]));
            commit(ws[i], seatOf[alice]);
            commit(ws[i], seatOf[others[i]]);
        }
    }

    function test_seats_TakeNewWorkBesideThreeUnsettledCommits() public sound {
        Workload[] memory ws = _committed(3);
        Workload memory next = drawnToAlice();
        assertSlot(next, seatOf[alice], SlotState.Assigned);
        for (uint256 i; i < 3; ++i) assertSlot(ws[i], seatOf[alice], SlotState.Committed);
        submitProof(next, seatOf[alice]);
        assertOutcome(next, Outcome.Proven);
        for (uint256 i; i < 3; ++i) assertSlot(ws[i], seatOf[alice], SlotState.Committed);
    }

    function test_seats_AreBusyWhenAllWordsAreTaken() public sound {
        _committed(4);
        assertFalse(core.isHeld(seatOf[alice]), "it owes no answer");
        Workload memory fifth = drawnToAlice();
        assertSlot(fifth, seatOf[alice], SlotState.Free);
        // The fifth went to somebody else; whoever is drawn next must be free.
        uint256 idle = core.isHeld(seatOf[bob]) ? seatOf[carol] : seatOf[bob];
        Workload memory open = drawn(aRequest(), one(idle));
        decline(open, idle);
        vm.expectRevert(abi.encodeWithSelector(SeatNotEligible.selector, seatOf[alice]));
        commitOpen(open, seatOf[alice]);
    }

    function test_seats_RevealAndSettleFindWordsThatMoved() public sound {
        Workload[] memory ws = _committed(4);
        toReveals(ws[3]);
        for (uint256 i; i < 4; ++i) {
            reveal(ws[i], seatOf[alice]);
            assertSlot(ws[i], seatOf[alice], SlotState.Valid);
        }
        toRevealsOver(ws[3]);
        for (uint256 i; i < 4; ++i) {
            settle(ws[i], one(seatOf[alice]));
            assertSlot(ws[i], seatOf[alice], SlotState.Free);
        }
        assertEq(balanceOf(alice), 4 * shareOf(potOf(FEE), 1, 2), "all four are paid");
        Workload memory next = drawnToAlice();
        assertSlot(next, seatOf[alice], SlotState.Assigned);
    }

    function test_seats_AFreedSideWordIsUsedAgain() public sound {
        Workload[] memory ws = _committed(4);
        toReveals(ws[3]);
        reveal(ws[1], seatOf[alice]);
        reveal(ws[1], seatOf[carol]);
        settle(ws[1], pair(seatOf[alice], seatOf[carol]));
        Workload memory next = drawnToAlice();
        assertSlot(next, seatOf[alice], SlotState.Assigned);
        assertSlot(ws[0], seatOf[alice], SlotState.Committed);
        assertSlot(ws[2], seatOf[alice], SlotState.Committed);
        assertSlot(ws[3], seatOf[alice], SlotState.Committed);
    }

    function test_seats_FailedWordsMoveAsideToo() public sound {
        Workload memory failed = drawnToAlice();
        fail(failed, seatOf[alice], FailReason.OutOfTime);
        commitOpen(failed, seatOf[carol]);
        Workload memory next = drawnToAlice();
        accept(next, seatOf[alice]);
        toReveals(failed);
        reveal(failed, seatOf[carol]);
        vm.expectEmit(address(market));
        emit Missed(failed.id, seatOf[alice], 1);
        settle(failed, pair(seatOf[carol], seatOf[alice]));
        assertSlot(next, seatOf[alice], SlotState.Accepted);
        // Answers in a workload whose word moved are over.
        vm.expectRevert(abi.encodeWithSelector(SeatNotInWorkload.selector, failed.id, seatOf[alice]));
        fail(failed, seatOf[alice], FailReason.OutOfTime);
    }

    function test_seats_FourFailsKeepASeatOutUntilOneOfThemEnds() public sound {
        Workload[] memory ws = new Workload[](4);
        for (uint256 i; i < 4; ++i) {
            ws[i] = drawnToAlice();
            fail(ws[i], seatOf[alice], FailReason.InputsUnavailable);
        }
        assertFalse(core.isHeld(seatOf[alice]), "it owes no answer");
        assertSlot(drawnToAlice(), seatOf[alice], SlotState.Free);
        warp(deadlineOf(ws[0]) + 1);
        settle(ws[0], one(seatOf[alice]));
        assertOutcome(ws[0], Outcome.InputsUnavailable);
        assertSlot(drawnToAlice(), seatOf[alice], SlotState.Assigned);
    }

    function test_seats_MissesFromMovedWordsMakeOneStreak() public sound {
        Workload[] memory ws = _committed(3);
        Workload memory last = drawnToAlice();
        toRevealsOver(ws[2]);
        for (uint256 i; i < 3; ++i) {
            assertSeat(seatOf[alice], IProverRegistryTypes.SeatStatus.Active);
            vm.expectEmit(address(market));
            emit Missed(ws[i].id, seatOf[alice], i + 1);
            settle(ws[i], one(seatOf[alice]));
        }
        assertSeat(seatOf[alice], IProverRegistryTypes.SeatStatus.Dropped);
        // A dropped seat finishes what it was given.
        assertSlot(last, seatOf[alice], SlotState.Assigned);
        submitProof(last, seatOf[alice]);
        assertEq(balanceOf(alice), potOf(FEE) + SETTLE_BOUNTY, "and is paid");
    }

    function test_seats_AProofInAMovedWordEndsTheStreak() public sound {
        Workload[] memory ws = _committed(2);
        Workload memory last = drawnToAlice();
        accept(last, seatOf[alice]);
        toReveals(ws[1]);
        reveal(ws[1], seatOf[alice]);
        toRevealsOver(ws[1]);
        settle(ws[0], one(seatOf[alice]));
        settle(ws[1], one(seatOf[alice]));
        warp(deadlineOf(last) + 1);
        vm.expectEmit(address(market));
        emit Missed(last.id, seatOf[alice], 1);
        settle(last, one(seatOf[alice]));
    }

    function test_seats_StreakSurvivesNewWork() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        settle(w, one(seatOf[alice]));
        Workload[] memory ws = _committed(2);
        toRevealsOver(ws[1]);
        vm.expectEmit(address(market));
        emit Missed(ws[1].id, seatOf[alice], 2);
        settle(ws[1], one(seatOf[alice]));
    }
}
