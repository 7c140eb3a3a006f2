// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeatHolder} from "../../contracts/interfaces/ISeatHolder.sol";
import {QualificationFixture} from "../support/solidity/QualificationFixture.sol";

/// @dev Each test is an attack of docs/threat-model.md, tried.
contract QualificationAttacksTest is QualificationFixture {
    // ─── Work that is not the seat's own, or not in time ────────────────────────────────────────────────────────────────────

    /// @dev The seed holds the beacon's value: work done for any other value, or for an earlier check, is lost.
    function testFuzz_attack_WorkDoneBeforehandIsWorthless(bytes32 guess, bytes32 value) public sound {
        vm.assume(value != 0 && guess != value);
        uint256 seat = waitingSeat(alice);
        uint256 first = run("an earlier value");
        bytes memory earlier = solutionOf(seat);
        uint256 second = run(value);
        vm.expectRevert(abi.encodeWithSelector(WrongSolution.selector, seat));
        answerWith(seat, earlier);
        bytes32 guessed = keccak256(abi.encode(guess, block.chainid, qualification, CLASS, second, seat));
        bytes memory prepared = solve(guessed);
        vm.expectRevert(abi.encodeWithSelector(WrongSolution.selector, seat));
        answerWith(seat, prepared);
        assertTrue(first != second, "two checks");
    }

    function test_attack_OneSolutionServesOneSeat() public sound {
        uint256 first = waitingSeat(alice);
        uint256 second = waitingSeat(alice);
        run("value");
        bytes memory solution = solutionOf(first);
        answerWith(first, solution);
        vm.expectRevert(abi.encodeWithSelector(WrongSolution.selector, second));
        answerWith(second, solution);
    }

    /// @dev An answer seen in the mempool serves nobody else, and nobody can make another's seat active by working for it.
    function test_attack_AnAnswerOfAnotherIsRefused() public sound {
        uint256 hers = waitingSeat(alice);
        uint256 his = waitingSeat(bob);
        run("value");
        bytes memory solution = solutionOf(hers);
        vm.expectRevert(abi.encodeWithSelector(NotSeatsOperator.selector, hers, bob, alice));
        vm.prank(bob);
        qualification.answer(hers, solution);
        vm.expectRevert(abi.encodeWithSelector(WrongSolution.selector, his));
        answerWith(his, solution);
    }

    /// @dev Joining and staying share one window: there is no second time in which the same machine could join more seats.
    function test_attack_NobodyJoinsOutsideAWindow() public sound {
        uint256 seat = waitingSeat(alice);
        run("value");
        bytes memory solution = solutionOf(seat);
        uint256 until = windowEnd();
        warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(WindowOver.selector, until + 1, until));
        answerWith(seat, solution);
        warp(block.timestamp + 4 * EPOCH);
        // Asking for a direct way in leads back to waiting.
        join(seat);
        assertSeat(seat, SeatStatus.Inactive);
    }

    // ─── Being away when the check comes ────────────────────────────────────────────────────────────────────────────────────

    /// @dev Who leaves once the check is open stays selected, is evicted, and pays.
    function test_attack_LeavingAfterTheFreezeDodgesNothing() public sound {
        uint256 seat = seatOf[alice];
        uint256 check = open();
        leaveSet(seat);
        uint256 unlockAt = registry.seatOf(seat).unlockAt;
        begin(check, valueFor(list(alice), list(bob)));
        warp(windowEnd() + 1);
        assertTrue(qualification.isSelected(CLASS, check, seat), "selected");
        evict(check, one(seat));
        assertSeat(seat, SeatStatus.Dropped);
        assertEq(registry.seatOf(seat).bond, BOND - CHARGE, "charged");
        assertEq(registry.seatOf(seat).unlockAt, unlockAt, "no second cooldown");
    }

    function test_attack_ALeaverThatAnswersKeepsItsBond() public sound {
        uint256 seat = seatOf[alice];
        uint256 check = open();
        leaveSet(seat);
        begin(check, valueFor(list(alice), list(bob)));
        answer(seat);
        warp(windowEnd() + 1);
        vm.expectRevert(NobodyEvicted.selector);
        evict(check, one(seat));
    }

    /// @dev Leaving before a check and coming back after it costs the whole cooldown, in which there are many checks.
    function test_attack_RejoinCyclingCostsTheCooldown() public sound {
        uint256 seat = seatOf[alice];
        leaveSet(seat);
        uint256 until = registry.seatOf(seat).unlockAt;
        uint256[] memory seats = one(seat);
        warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(CoolingDown.selector, seat, block.timestamp, until));
        vm.prank(alice);
        registry.join(seats, 0);
        warp(until);
        join(seat);
        assertSeat(seat, SeatStatus.Inactive);
        assertLe(2 * uint256(PERIOD), COOLDOWN, "checks in a cooldown");
    }

    /// @dev The latest possible window ends before the earliest possible withdrawal of a seat that left when the check was opened.
    function test_attack_NobodyWithdrawsBeforeTheEviction() public sound {
        uint256 seat = seatOf[alice];
        uint256 check = open();
        leaveSet(seat);
        uint256 startBy = qualification.checkOf(CLASS, check).startBy;
        warp(startBy);
        begin(check, valueFor(list(alice), list(bob)));
        assertLt(windowEnd(), registry.seatOf(seat).unlockAt, "still bonded");
        warp(windowEnd() + 1);
        evict(check, one(seat));
    }

    /// @dev A seat that joins while a check is open is not asked in it, and cannot be evicted in it.
    function test_attack_NewcomersAreNotAskedTwice() public sound {
        uint256 seat = waitingSeat(alice);
        uint256 check = runForAlice();
        answer(seat);
        assertFalse(qualification.isSelected(CLASS, check, seat), "joined after the freeze");
        warp(windowEnd() + 1);
        vm.expectRevert(NobodyEvicted.selector);
        evict(check, one(seat));
    }

    /// @dev A waiting seat has promised nothing: nobody earns by evicting it.
    function test_attack_AWaitingSeatIsNotEvicted() public sound {
        uint256 seat = waitingSeat(alice);
        uint256 check = runForAlice();
        warp(windowEnd() + 1);
        vm.expectRevert(abi.encodeWithSelector(NotSelected.selector, seat, check));
        evict(check, one(seat));
    }

    // ─── Excuses ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Who keeps its own seats at work, or never has a workload settled, is excused twice; then it has to show its machine.
    function test_attack_FloodingOneselfWithWorkEndsAtTheLastExcuse() public sound {
        uint256 seat = seatOf[alice];
        Workload memory w = drawnToAlice();
        accept(w, seat);
        runForAlice();
        excuse(seat);
        runFor(list(bob), list(alice));
        excuse(seat);
        uint256 check = runFor(list(bob), list(alice));
        assertTrue(ISeatHolder(address(market)).isHeld(seat), "still at work");
        vm.expectRevert(abi.encodeWithSelector(NoExcuseLeft.selector, seat, EXCUSES, EXCUSES));
        excuse(seat);
        warp(windowEnd() + 1);
        evict(check, one(seat));
        assertSeat(seat, SeatStatus.Dropped);
    }

    /// @dev Nobody uses up another's excuses.
    function test_attack_ExcusesAreTheOperators() public sound {
        uint256 seat = seatOf[alice];
        Workload memory w = drawnToAlice();
        accept(w, seat);
        runForAlice();
        vm.expectRevert(abi.encodeWithSelector(NotSeatsOperator.selector, seat, keeper, alice));
        vm.prank(keeper);
        qualification.excuse(one(seat));
    }

    // ─── Money ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_attack_SelfEvictionEarnsNothing() public sound {
        uint256 check = runForAlice();
        warp(windowEnd() + 1);
        vm.prank(alice);
        qualification.evict(CLASS, check, one(seatOf[alice]));
        (uint128 bounty, uint128 burn) = registry.reports(alice);
        assertEq(bounty, 0, "bounty");
        assertEq(burn, CHARGE, "all burns");
    }

    /// @dev Under another name half of the charge is lost, and the seat is out for the cooldown.
    function test_attack_SelfEvictionUnderAnotherNameCosts() public sound {
        uint256 check = runForAlice();
        warp(windowEnd() + 1);
        vm.prank(bob);
        qualification.evict(CLASS, check, one(seatOf[alice]));
        (uint128 bounty, ) = registry.reports(bob);
        assertEq(BOND - registry.seatOf(seatOf[alice]).bond - bounty, CHARGE / 2, "lost");
        assertSeat(seatOf[alice], SeatStatus.Dropped);
    }

    /// @dev No sequence of checks takes more than one charge of a seat's life in the set.
    function test_attack_ASeatIsChargedOnce() public sound {
        uint256 seat = seatOf[alice];
        uint256 first = runForAlice();
        uint256 second = runForAlice();
        warp(windowEnd() + 1);
        evict(second, one(seat));
        vm.expectRevert(NobodyEvicted.selector);
        evict(first, one(seat));
        assertEq(registry.seatOf(seat).bond, BOND - CHARGE, "one charge");
    }

    function testFuzz_attack_NoPolicyTakesMoreThanATwentieth(uint256 chargeBps) public sound {
        vm.prank(address(qualification));
        assertTrue(registry.evict(seatOf[alice], keeper, chargeBps), "evicted");
        assertLe(BOND - registry.seatOf(seatOf[alice]).bond, BOND / 20, "bounded");
    }

    // ─── Beacon, schedule, policy ───────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A round that does not come, or comes too late for a whole window, evicts nobody.
    function test_attack_AMissingRoundVoidsTheCheck() public sound {
        uint256 check = open();
        uint256 startBy = qualification.checkOf(CLASS, check).startBy;
        warp(startBy + 1);
        beacon.publish(qualification.checkOf(CLASS, check).round, valueFor(list(alice), list(bob)));
        vm.expectRevert(abi.encodeWithSelector(CheckVoid.selector, CLASS, check, block.timestamp, startBy));
        qualification.start(CLASS);
        vm.expectRevert(abi.encodeWithSelector(NotStarted.selector, CLASS, check));
        evict(check, one(seatOf[alice]));
        assertEq(open(), check + 1, "the next one");
    }

    /// @dev A late round costs nobody a second: the window counts from when it is on chain.
    function test_attack_ALateRoundGivesTheWholeWindow() public sound {
        uint256 check = open();
        uint256 startBy = qualification.checkOf(CLASS, check).startBy;
        warp(startBy);
        begin(check, valueFor(list(alice), list(bob)));
        warp(startBy + WINDOW);
        answer(seatOf[alice]);
    }

    /// @dev Who opens a check, and when, decides nothing: its round is in the future, and it is opened once.
    function test_attack_OpeningIsNobodysChoice() public sound {
        uint256 check = open();
        assertTrue(beacon.isOpen(qualification.checkOf(CLASS, check).round), "nobody knows the round");
        (, , uint40 nextAt) = qualification.scheduleOf(CLASS);
        vm.expectRevert(abi.encodeWithSelector(NotDue.selector, CLASS, block.timestamp, nextAt));
        qualification.open(CLASS);
    }

    /// @dev A beacon that forgets (the block beacon does) cannot undo a check that has started.
    function test_attack_AForgottenRoundChangesNothing() public sound {
        uint256 check = runForAlice();
        bytes32 seed = qualification.seedOf(CLASS, check, seatOf[alice]);
        beacon.publish(qualification.checkOf(CLASS, check).round, 0);
        assertEq(qualification.seedOf(CLASS, check, seatOf[alice]), seed, "seed");
        answer(seatOf[alice]);
    }

    /// @dev New policies, or none, leave an open check as it is.
    function test_attack_APolicyChangeTouchesNoOpenCheck() public sound {
        uint256 check = runForAlice();
        uint256 until = windowEnd();
        Policy memory policy = aPolicy();
        (policy.window, policy.fractionBps, policy.chargeBps) = (1, 10_000, 500);
        setPolicy(policy);
        Policy memory nothing;
        setPolicy(nothing);
        warp(until);
        assertFalse(qualification.isSelected(CLASS, check, seatOf[bob]), "fraction");
        vm.expectRevert(abi.encodeWithSelector(WindowOpen.selector, until, until));
        evict(check, one(seatOf[alice]));
        warp(until + 1);
        evict(check, one(seatOf[alice]));
        assertEq(registry.seatOf(seatOf[alice]).bond, BOND - CHARGE, "charge");
    }
}
