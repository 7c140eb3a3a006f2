// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {QualificationFixture} from "../support/solidity/QualificationFixture.sol";

contract QualificationChecksTest is QualificationFixture {
    // ─── Open and start ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_open_FixesRoundAndSet() public sound {
        (, , uint40 due) = qualification.scheduleOf(CLASS);
        uint256 epoch = registry.currentEpoch();
        vm.expectEmit(address(qualification));
        emit CheckOpened(CLASS, 1, beacon.nextRound(), epoch, due + PERIOD - WINDOW);
        qualification.open(CLASS);
        Check memory check = qualification.checkOf(CLASS, 1);
        assertEq(check.round, beacon.nextRound(), "round");
        assertEq(check.epoch, epoch, "epoch");
        assertEq(check.policy, 1, "policy");
        assertEq(check.startedAt, 0, "not started");
        (uint16 policy, uint32 newest, uint40 nextAt) = qualification.scheduleOf(CLASS);
        assertEq(policy, 1, "policy");
        assertEq(newest, 1, "newest");
        assertEq(nextAt, due + PERIOD, "next");
    }

    function test_open_RevertWhen_NotDue() public sound {
        open();
        (, , uint40 nextAt) = qualification.scheduleOf(CLASS);
        warp(nextAt - 1);
        vm.expectRevert(abi.encodeWithSelector(NotDue.selector, CLASS, nextAt - 1, nextAt));
        qualification.open(CLASS);
        warp(nextAt);
        assertEq(qualification.open(CLASS), 2, "the next one");
    }

    /// @dev However late a check is opened, later ones stay on the grid; too late to end before the next, it is skipped.
    function test_open_StaysOnTheGrid() public sound {
        open();
        (, , uint40 due) = qualification.scheduleOf(CLASS);
        uint256 next = uint256(due) + 3 * PERIOD;
        warp(next - WINDOW);
        vm.expectRevert(abi.encodeWithSelector(NotDue.selector, CLASS, next - WINDOW, next));
        qualification.open(CLASS);
        warp(next - WINDOW - 1);
        qualification.open(CLASS);
        (, , uint40 nextAt) = qualification.scheduleOf(CLASS);
        assertEq(nextAt, next, "grid");
    }

    function test_start_RecordsTheSeed() public sound {
        uint256 check = open();
        warp(block.timestamp + 60);
        beacon.publish(qualification.checkOf(CLASS, check).round, "value");
        vm.expectEmit(address(qualification));
        emit CheckStarted(CLASS, check, "value", block.timestamp + WINDOW);
        qualification.start(CLASS);
        assertEq(qualification.checkOf(CLASS, check).startedAt, block.timestamp, "time");
        assertEq(qualification.checkOf(CLASS, check).seed, "value", "seed");
    }

    function test_start_RevertWhen_TheRoundIsMissing() public sound {
        vm.expectRevert(abi.encodeWithSelector(NotStarted.selector, CLASS, 0));
        qualification.start(CLASS);
        uint256 check = open();
        uint32 round = qualification.checkOf(CLASS, check).round;
        vm.expectRevert(abi.encodeWithSelector(RoundMissing.selector, round));
        qualification.start(CLASS);
    }

    function test_start_RevertWhen_StartedAlready() public sound {
        uint256 check = run("value");
        vm.expectRevert(abi.encodeWithSelector(StartedAlready.selector, CLASS, check));
        qualification.start(CLASS);
    }

    // ─── Selection ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_isSelected_AllSeatsOfAnOperatorTogether() public sound {
        uint256 second = waitingSeat(alice);
        run("value");
        answer(second);
        nextEpoch();
        uint256 check = runForAlice();
        assertTrue(qualification.isSelected(CLASS, check, seatOf[alice]), "first");
        assertTrue(qualification.isSelected(CLASS, check, second), "second");
        assertFalse(qualification.isSelected(CLASS, check, seatOf[bob]), "another's");
    }

    function testFuzz_isSelected_AgreesWithTheRule(bytes32 value) public sound {
        vm.assume(value != 0);
        uint256 check = run(value);
        address[5] memory operators = [alice, bob, carol, dave, erin];
        for (uint256 i; i < 5; ++i)
            assertTrue(
                qualification.isSelected(CLASS, check, seatOf[operators[i]]) == drawn(value, operators[i]),
                "selection"
            );
    }

    /// @dev A third of the operators, whoever they are: 6,000 draws deviate by less than five standard deviations.
    function test_isSelected_TakesTheFraction() public pure {
        uint256 selected;
        for (uint256 i; i < 6000; ++i)
            if (drawn(keccak256(abi.encode("seed", i / 60)), address(uint160(1000 + (i % 60))))) ++selected;
        assertLt(selected, 2000 + 183, "not more");
        assertLt(2000 - 183, selected, "not less");
    }

    // ─── Answer ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_answer_KeepsASelectedSeat() public sound {
        uint256 seat = seatOf[alice];
        uint256 check = runForAlice();
        answer(seat);
        assertEq(qualification.recordOf(seat).check, check, "answered");
        warp(windowEnd() + 1);
        vm.expectRevert(NobodyEvicted.selector);
        evict(check, one(seat));
        assertSeat(seat, SeatStatus.Active);
    }

    function test_answer_RevertWhen_NotSelected() public sound {
        uint256 check = runForAlice();
        bytes memory solution = solutionOf(seatOf[bob]);
        vm.expectRevert(abi.encodeWithSelector(NotSelected.selector, seatOf[bob], check));
        answerWith(seatOf[bob], solution);
    }

    function test_answer_RevertWhen_Wrong() public sound {
        uint256 seat = seatOf[alice];
        runForAlice();
        bytes memory solution = solutionOf(seat);
        solution[5] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(WrongSolution.selector, seat));
        answerWith(seat, solution);
    }

    function test_answer_RevertWhen_Twice() public sound {
        uint256 seat = seatOf[alice];
        uint256 check = runForAlice();
        answer(seat);
        bytes memory solution = solutionOf(seat);
        vm.expectRevert(abi.encodeWithSelector(AnsweredAlready.selector, seat, check));
        answerWith(seat, solution);
    }

    // ─── Excuse ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_excuse_PutsTheAnswerOff() public sound {
        uint256 seat = seatOf[alice];
        _busyAlice();
        uint256 check = runForAlice();
        vm.expectEmit(address(qualification));
        emit Excused(seat, check, 1);
        excuse(seat);
        warp(windowEnd() + 1);
        vm.expectRevert(NobodyEvicted.selector);
        evict(check, one(seat));
        // The draw spares Alice in the next check; she is asked all the same.
        check = runFor(list(bob), list(alice));
        assertTrue(qualification.isSelected(CLASS, check, seat), "owes an answer");
        answer(seat);
        assertEq(qualification.recordOf(seat).excuses, 0, "owes none");
        check = runFor(list(bob), list(alice));
        assertFalse(qualification.isSelected(CLASS, check, seat), "spared");
    }

    function test_excuse_RevertWhen_NotBusy() public sound {
        uint256 seat = seatOf[alice];
        runForAlice();
        vm.expectRevert(abi.encodeWithSelector(NotBusy.selector, seat));
        excuse(seat);
    }

    function test_excuse_RevertWhen_TwiceInOneCheck() public sound {
        uint256 seat = seatOf[alice];
        _busyAlice();
        uint256 check = runForAlice();
        excuse(seat);
        vm.expectRevert(abi.encodeWithSelector(AnsweredAlready.selector, seat, check));
        excuse(seat);
        // It may still answer, and owes nothing then.
        answer(seat);
        assertEq(qualification.recordOf(seat).excuses, 0, "owes none");
    }

    function test_excuse_RevertWhen_NotSelectedOrWaiting() public sound {
        uint256 waiting = waitingSeat(carol);
        uint256 check = runForAlice();
        vm.expectRevert(abi.encodeWithSelector(NotSelected.selector, seatOf[bob], check));
        excuse(seatOf[bob]);
        vm.expectRevert(abi.encodeWithSelector(NotSelected.selector, waiting, check));
        excuse(waiting);
    }

    // ─── Evict ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_evict_DropsAndPaysHalfOfTheCharge() public sound {
        uint256 seat = seatOf[alice];
        uint256 check = runForAlice();
        uint256 until = windowEnd();
        warp(until);
        vm.expectRevert(abi.encodeWithSelector(WindowOpen.selector, until, until));
        evict(check, one(seat));
        warp(until + 1);
        vm.expectEmit(address(registry));
        emit Evicted(seat, alice, keeper, CHARGE, CHARGE / 2);
        vm.expectEmit(address(registry));
        emit Dropped(seat, alice, until + 1 + COOLDOWN);
        vm.expectEmit(address(qualification));
        emit Missing(seat, check, keeper);
        evict(check, one(seat));
        assertSeat(seat, SeatStatus.Dropped);
        assertEq(registry.seatOf(seat).bond, BOND - CHARGE, "bond");
        assertEq(registry.seatOf(seat).unlockAt, until + 1 + COOLDOWN, "cooldown");
        (uint128 bounty, uint128 burn) = registry.reports(keeper);
        assertEq(bounty, CHARGE / 2, "bounty");
        assertEq(burn, CHARGE / 2, "burn");
        assertEq(registry.activeSeats(CLASS, registry.currentEpoch() + 1), 4, "out of the set");
    }

    function test_evict_ManyAtOnceAndNobodyTwice() public sound {
        uint256 check = runFor(list(alice, bob), list(carol));
        warp(windowEnd() + 1);
        evict(check, one(seatOf[bob]));
        // The neighbour was faster with Bob: Alice is evicted all the same.
        evict(check, three(seatOf[bob], seatOf[alice], seatOf[alice]));
        assertSeat(seatOf[alice], SeatStatus.Dropped);
        assertEq(registry.seatOf(seatOf[alice]).bond, BOND - CHARGE, "charged once");
        assertEq(registry.seatOf(seatOf[bob]).bond, BOND - CHARGE, "charged once");
        vm.expectRevert(NobodyEvicted.selector);
        evict(check, pair(seatOf[alice], seatOf[bob]));
    }

    function test_evict_RevertWhen_NotSelected() public sound {
        uint256 check = runForAlice();
        warp(windowEnd() + 1);
        vm.expectRevert(abi.encodeWithSelector(NotSelected.selector, seatOf[bob], check));
        evict(check, pair(seatOf[alice], seatOf[bob]));
    }

    function test_evict_RevertWhen_OfAnotherClass() public sound {
        vm.startPrank(owner);
        registry.setClassBond(2, ClassBond(uint96(BOND), 1000, 1000, 4));
        qualification.setPolicy(2, aPolicy());
        vm.stopPrank();
        uint256 check = qualification.open(2);
        beacon.publish(qualification.checkOf(2, check).round, "value");
        qualification.start(2);
        warp(block.timestamp + WINDOW + 1);
        vm.expectRevert(abi.encodeWithSelector(WrongClass.selector, seatOf[alice], CLASS, 2));
        qualification.evict(2, check, one(seatOf[alice]));
        assertFalse(qualification.isSelected(2, check, seatOf[alice]), "not its check");
    }

    function test_evict_RevertWhen_NotStarted() public sound {
        uint256 check = open();
        vm.expectRevert(abi.encodeWithSelector(NotStarted.selector, CLASS, check));
        evict(check, one(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(NotStarted.selector, CLASS, 9));
        qualification.isSelected(CLASS, 9, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(NotStarted.selector, CLASS, 9));
        qualification.seedOf(CLASS, 9, seatOf[alice]);
    }

    /// @dev A seat dropped by the market in the meantime loses nothing more.
    function test_evict_PassesOverADroppedSeat() public sound {
        uint256 check = runForAlice();
        vm.prank(address(market));
        registry.drop(seatOf[alice]);
        warp(windowEnd() + 1);
        vm.expectRevert(NobodyEvicted.selector);
        evict(check, one(seatOf[alice]));
        assertEq(registry.seatOf(seatOf[alice]).bond, BOND, "bond");
    }

    /// @dev Alice's seat is given work with a long run time and takes it.
    function _busyAlice() private {
        Workload memory w = drawn(aRequest(), one(seatOf[alice]));
        accept(w, seatOf[alice]);
    }
}
