// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";
import {Vm} from "../support/solidity/Vm.sol";

contract MarketAssignTest is MarketFixture {
    using RequestBuilder for Request;

    function test_assign_GivesTheSlotsInTheOrderOfTheDraw() public sound {
        Workload memory w = submit(aRequest().withSlots(3));
        uint256[] memory seats = three(seatOf[carol], seatOf[alice], seatOf[erin]);
        beacon.publish(uint32(w.round), valueFor(w, seats));
        vm.expectEmit(address(market));
        emit Assigned(
            w.id,
            keeper,
            three(
                _reported(seatOf[carol], Draw.Drawn, 0),
                _reported(seatOf[alice], Draw.Drawn, 1),
                _reported(seatOf[erin], Draw.Drawn, 2)
            )
        );
        assign(w);

        for (uint256 i; i < 3; ++i) {
            SlotView memory s = market.slotOf(w.id, seats[i]);
            assertEq(uint256(s.state), uint256(SlotState.Assigned), "state");
            assertEq(s.slot, i, "slot");
            assertEq(address(s.payload), operatorOf[seats[i]], "operator");
            assertTrue(core.isHeld(seats[i]), "at work");
        }
        WorkloadState memory state = market.workloadOf(w.id);
        assertEq(uint256(state.phase), uint256(Phase.Proving), "phase");
        assertEq(state.startedAt, block.timestamp, "start");
        assertEq(state.deadline, block.timestamp + RUN_TIME, "deadline");
        assertEq(state.vacated, 0, "all slots have a seat");
        assertEq(state.fee, 0, "the spec names the fee from now on");
        assertEq(balanceOf(keeper), ASSIGN_BOUNTY, "bounty");
    }

    // ─── Who is passed over ─────────────────────────────────────────────────────────────────────────────────────────────────

    function test_assign_PassesOverABusySeat() public sound {
        accept(drawnToAlice(), seatOf[alice]);
        Workload memory w = submit(aRequest());
        uint256[] memory order = three(seatOf[alice], seatOf[bob], seatOf[carol]);
        beacon.publish(uint32(w.round), valueFor(w, order));
        vm.expectEmit(address(market));
        emit Assigned(
            w.id,
            keeper,
            three(
                _reported(seatOf[alice], Draw.Busy, OPEN_SLOT),
                _reported(seatOf[bob], Draw.Drawn, 0),
                _reported(seatOf[carol], Draw.Spare, OPEN_SLOT)
            )
        );
        assign(w);
        assertSlot(w, seatOf[bob], SlotState.Assigned);
    }

    function test_assign_PassesOverASeatWhoseFloorIsAboveTheOffer() public sound {
        address dear = account("dear");
        uint256 offer = FEE / (RUN_TIME * GWEI);
        uint256 above = stake(dear, 1, offer + 1);
        uint256 exact = stake(dear, 1, offer);
        nextEpoch();
        Workload memory w = submit(aRequest());
        beacon.publish(uint32(w.round), valueFor(w, pair(above, exact)));
        startLogs();
        assign(w);
        uint256[] memory report = _report();
        assertEq(report[0], _reported(above, Draw.BelowFloor, OPEN_SLOT), "above the offer");
        assertEq(report[1], _reported(exact, Draw.Drawn, 0), "at the offer");
        assertEq(registry.seatOf(above).declines, 0, "not counted as a decline");
    }

    function test_assign_PassesOverAnInactiveSeat() public sound {
        Workload memory silent = drawnToAlice();
        toSilence(silent);
        Workload memory w = submit(aRequest());
        slash(silent, one(seatOf[alice]));
        beacon.publish(uint32(w.round), valueFor(w, pair(seatOf[alice], seatOf[bob])));
        startLogs();
        assign(w);
        assertEq(_report()[0], _reported(seatOf[alice], Draw.Inactive, OPEN_SLOT), "inactive");
        assertSlot(w, seatOf[bob], SlotState.Assigned);
    }

    function test_assign_PrefersOtherOperators() public sound {
        uint256 second = stake(alice, 1, 0);
        nextEpoch();
        Workload memory w = submit(aRequest().withSlots(2));
        uint256[] memory order = three(seatOf[alice], second, seatOf[dave]);
        beacon.publish(uint32(w.round), valueFor(w, order));
        startLogs();
        assign(w);
        uint256[] memory report = _report();
        assertEq(report.length, 6, "three candidates a slot");
        assertEq(report[0], _reported(seatOf[alice], Draw.Drawn, 0), "first");
        assertEq(report[1], _reported(second, Draw.SameOperator, OPEN_SLOT), "set aside");
        assertEq(report[2], _reported(seatOf[dave], Draw.Drawn, 1), "the next operator");
    }

    function test_assign_TakesTheSameOperatorWhenThereIsNoOther() public sound {
        uint256 second = stake(alice, 1, 0);
        for (uint256 seat = 2; seat <= 5; ++seat) leaveSet(seat);
        nextEpoch();
        Workload memory w = submit(aRequest().withSlots(2));
        beacon.publish(uint32(w.round), valueFor(w, pair(second, seatOf[alice])));
        startLogs();
        assign(w);
        uint256[] memory report = _report();
        assertEq(report[0], _reported(second, Draw.Drawn, 0), "first");
        assertEq(report[1], _reported(seatOf[alice], Draw.Drawn, 1), "after all");
    }

    function test_assign_ALeaverStaysDrawable() public sound {
        Workload memory w = submit(aRequest());
        leaveSet(seatOf[alice]);
        assignTo(w, one(seatOf[alice]));
        assertSlot(w, seatOf[alice], SlotState.Assigned);
        Workload memory later = submit(aRequest());
        assertEq(registry.activeSeats(CLASS, later.epoch), 5, "this epoch's set is as it was");
        nextEpoch();
        assertEq(registry.activeSeats(CLASS, registry.currentEpoch()), 4, "the next one's is without Alice");
    }

    function test_assign_WithoutSeatsLeavesEverySlotOpen() public sound {
        for (uint256 seat = 1; seat <= 5; ++seat) leaveSet(seat);
        nextEpoch();
        Workload memory w = submit(aRequest().withSlots(3));
        beacon.publish(uint32(w.round), bytes32("any"));
        assign(w);
        assertEq(market.openSlots(w.id), 3, "open");
        warp(deadlineOf(w) + 1);
        settle(w, none());
        assertOutcome(w, Outcome.Unserved);
    }

    function test_assign_LooksAtNoMoreThanThreeCandidatesASlot() public sound {
        for (uint256 seat = 1; seat <= 3; ++seat) drawn(aRequest(), one(seat));
        Workload memory w = submit(aRequest());
        beacon.publish(uint32(w.round), valueFor(w, three(1, 2, 3)));
        assign(w);
        assertEq(market.openSlots(w.id), 1, "all three were busy, so the slot is open to Dave and Erin");
    }

    // ─── When ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_assign_RevertWhen_TheRoundIsNotKnown() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(RoundNotKnown.selector, w.round));
        assign(w);
        beacon.reach(uint32(w.round));
        vm.expectRevert(abi.encodeWithSelector(RoundNotKnown.selector, w.round));
        assign(w);
    }

    function test_assign_RevertWhen_Twice() public sound {
        Workload memory w = drawnToAlice();
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Proving, Phase.Pending));
        assign(w);
    }

    function test_assign_RevertWhen_Unknown() public sound {
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, bytes32("none"), Phase.None, Phase.Pending));
        market.assign(bytes32("none"));
    }

    function test_assign_RevertWhen_Cancelled() public sound {
        Workload memory w = submit(aRequest());
        cancel(w, none());
        beacon.publish(uint32(w.round), bytes32("any"));
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Final, Phase.Pending));
        assign(w);
    }

    function test_assign_WindowEndsWithTheThirdEpochAfter() public sound {
        Workload memory w = submit(aRequest());
        beacon.publish(uint32(w.round), bytes32("any"));
        uint256 over = registry.genesis() + (w.epoch + 3) * EPOCH;
        warp(over);
        vm.expectRevert(abi.encodeWithSelector(AssignWindowOver.selector, w.epoch + 4, w.epoch + 3));
        assign(w);
        warp(over - 1);
        assign(w);
        assertPhase(w, Phase.Proving);
    }

    // ─── Several ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_assignMany_PassesOverWhatCannotBeDrawn() public sound {
        Workload memory drawnBefore = drawnToAlice();
        Workload memory old = submit(aRequest());
        for (uint256 i; i < 4; ++i) nextEpoch();
        Workload memory ready = submit(aRequest());
        beacon.publish(uint32(ready.round), bytes32("ready"));
        Workload memory waiting = submit(aRequest());
        bytes32[] memory ids = new bytes32[](6);
        ids[0] = drawnBefore.id;
        ids[1] = old.id;
        ids[2] = ready.id;
        ids[3] = waiting.id;
        ids[4] = bytes32("none");
        ids[5] = ready.id;
        vm.prank(carol);
        market.assignMany(ids);
        assertPhase(ready, Phase.Proving);
        assertPhase(old, Phase.Pending);
        assertPhase(waiting, Phase.Pending);
        assertEq(balanceOf(carol), ASSIGN_BOUNTY, "one bounty");
    }

    function test_assignMany_SameAsOneByOne() public sound {
        Workload memory a = submit(aRequest().withSlots(2));
        Workload memory b = submit(aRequest().withSlots(2));
        beacon.publish(uint32(a.round), bytes32("both"));
        uint256 saved = snapshot();
        assign(a);
        assign(b);
        uint256[] memory expected = new uint256[](10);
        for (uint256 seat = 1; seat <= 5; ++seat) {
            expected[seat - 1] = uint256(market.slotOf(a.id, seat).state);
            expected[seat + 4] = uint256(market.slotOf(b.id, seat).state);
        }
        restore(saved);
        vm.prank(keeper);
        market.assignMany(_ids(a, b));
        for (uint256 seat = 1; seat <= 5; ++seat) {
            assertSlot(a, seat, SlotState(expected[seat - 1]));
            assertSlot(b, seat, SlotState(expected[seat + 4]));
        }
        assertEq(balanceOf(keeper), 2 * ASSIGN_BOUNTY, "two bounties");
    }

    /// @dev Alice is the first candidate of both: whichever workload is assigned first gets her. Nothing else of either draw changes.
    function test_assignMany_TheOrderDecidesWhoGetsASharedSeatAndNothingElse() public sound {
        (Workload memory a, Workload memory b) = _twoOfOneRound();
        beacon.publish(uint32(a.round), _valueForBoth(a, b, seatOf[alice]));
        uint256 saved = snapshot();
        (uint256[] memory ofA, uint256[] memory ofB) = _assignBoth(a, b);
        assertEq(ofA, one(_reported(seatOf[alice], Draw.Drawn, 0)), "the first gets her");
        _assertPassedOver(b, ofB);
        restore(saved);
        (ofB, ofA) = _assignBoth(b, a);
        assertEq(ofB, one(_reported(seatOf[alice], Draw.Drawn, 0)), "in the other order the other gets her");
        _assertPassedOver(a, ofA);
    }

    /// @dev How often an order matters at all: exactly where the first candidates are one seat, which is one draw of as many as there are
    /// seats (docs/threat-model.md, D3).
    function testFuzz_assignMany_TheOrderMattersOnlyWhereTheFirstCandidatesAreOneSeat(bytes32 value) public sound {
        (Workload memory a, Workload memory b) = _twoOfOneRound();
        if (value == 0) value = bytes32("any");
        beacon.publish(uint32(a.round), value);
        bool shared = uint24(_draw(a, 1)[0]) == uint24(_draw(b, 1)[0]);
        uint256 saved = snapshot();
        (uint256[] memory ofA, uint256[] memory ofB) = _assignBoth(a, b);
        restore(saved);
        (uint256[] memory thenOfB, uint256[] memory thenOfA) = _assignBoth(b, a);
        assertEq(ofA.length, 1, "the one assigned first looks at its first candidate alone");
        assertEq(thenOfB.length, 1, "and so does the other when it is the first");
        if (shared) {
            _assertPassedOver(b, ofB);
            _assertPassedOver(a, thenOfA);
        } else {
            assertEq(thenOfA, ofA, "the draw of one is the same in both orders");
            assertEq(thenOfB, ofB, "and that of the other");
        }
    }

    function _twoOfOneRound() private returns (Workload memory a, Workload memory b) {
        a = submit(aRequest());
        b = submit(aRequest());
        assertEq(a.round, b.round, "one round");
    }

    /// @dev A value for which `seat` is the first candidate of both workloads.
    function _valueForBoth(Workload memory a, Workload memory b, uint256 seat) private view returns (bytes32 value) {
        for (uint256 i = 1; i < 1000; ++i) {
            value = bytes32(i);
            if (_firstOf(a, value) == seat && _firstOf(b, value) == seat) return value;
        }
        revert("no value draws this seat twice");
    }

    function _firstOf(Workload memory w, bytes32 value) private view returns (uint256) {
        return uint24(registry.draw(CLASS, keccak256(abi.encode(value, w.id)), w.epoch, 0, 1)[0]);
    }

    /// @dev The first candidates of a workload whose round is published, from the registry alone.
    function _draw(Workload memory w, uint256 count) private view returns (uint256[] memory) {
        bytes32 seed = keccak256(abi.encode(beacon.value(uint32(w.round)), w.id));
        return registry.draw(CLASS, seed, w.epoch, 0, count);
    }

    /// @dev Assigns both in one call, in this order.
    function _assignBoth(
        Workload memory first,
        Workload memory second
    ) private returns (uint256[] memory ofFirst, uint256[] memory ofSecond) {
        startLogs();
        vm.prank(keeper);
        market.assignMany(_ids(first, second));
        Vm.Log[] memory logs = takeLogs();
        assertEq(logs.length, 2, "two draws");
        assertEq(logs[0].topics[1], first.id, "the first");
        assertEq(logs[1].topics[1], second.id, "the second");
        return (abi.decode(logs[0].data, (uint256[])), abi.decode(logs[1].data, (uint256[])));
    }

    /// @dev The candidates are those of the registry in its order; the first was busy, the second got the slot, the third was not needed.
    function _assertPassedOver(Workload memory w, uint256[] memory report) private view {
        uint256[] memory seats = _draw(w, 3);
        uint256[] memory expected = three(
            _reported(uint24(seats[0]), Draw.Busy, OPEN_SLOT),
            _reported(uint24(seats[1]), Draw.Drawn, 0),
            _reported(uint24(seats[2]), Draw.Spare, OPEN_SLOT)
        );
        assertEq(report, expected, "passed over where it was busy, and drawn on in the same sequence");
    }

    function _ids(Workload memory a, Workload memory b) private pure returns (bytes32[] memory ids) {
        ids = new bytes32[](2);
        (ids[0], ids[1]) = (a.id, b.id);
    }

    function _reported(uint256 seat, Draw draw, uint256 slot) private view returns (uint256) {
        return (uint256(uint160(operatorOf[seat])) << 96) | (slot << 32) | (uint256(draw) << 24) | seat;
    }

    /// @dev The candidates of the one Assigned event since the logs are recorded.
    function _report() private returns (uint256[] memory) {
        Vm.Log[] memory logs = takeLogs();
        return abi.decode(logs[logs.length - 1].data, (uint256[]));
    }
}
