// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {QualificationFixture} from "../support/solidity/QualificationFixture.sol";

contract QualificationJoinTest is QualificationFixture {
    function test_stake_WaitsWhereTheClassHasAPuzzle() public sound {
        uint256 seat = waitingSeat(alice);
        assertSeat(seat, SeatStatus.Inactive);
        assertEq(registry.activeSeats(CLASS, registry.currentEpoch() + 1), 5, "not in the set");
        (, , bool active) = registry.standing(seat);
        assertFalse(active, "takes no open slots");
        assertEq(registry.membershipOf(seat).fromEpoch, 0, "never was in the set");
    }

    function test_answer_JoinsFromTheNextEpoch() public sound {
        uint256 seat = waitingSeat(alice);
        uint256 check = run("value");
        bytes memory solution = solutionOf(seat);
        uint256 epoch = registry.currentEpoch();
        vm.expectEmit(address(qualification));
        emit Answered(seat, check);
        vm.expectEmit(address(registry));
        emit Joined(seat, alice, 0, epoch + 1);
        answerWith(seat, solution);
        assertSeat(seat, SeatStatus.Active);
        assertEq(registry.activeSeats(CLASS, epoch), 5, "this epoch");
        assertEq(registry.activeSeats(CLASS, epoch + 1), 6, "the next");
        assertEq(registry.membershipOf(seat).fromEpoch, epoch + 1, "since when");
        vm.expectRevert(abi.encodeWithSelector(NotSelected.selector, seat, check));
        answerWith(seat, solution);
    }

    function test_answer_JoinsInTheLastSecondOfTheWindow() public sound {
        uint256 seat = waitingSeat(alice);
        run("value");
        bytes memory solution = solutionOf(seat);
        uint256 until = windowEnd();
        warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(WindowOver.selector, until + 1, until));
        answerWith(seat, solution);
        warp(until);
        answerWith(seat, solution);
        assertSeat(seat, SeatStatus.Active);
    }

    function test_answer_JoinsASeatStakedDuringTheWindow() public sound {
        run("value");
        uint256 seat = waitingSeat(alice);
        answer(seat);
        assertSeat(seat, SeatStatus.Active);
    }

    function test_answer_RevertWhen_BondIsIncomplete() public sound {
        uint256 seat = _evicted(alice);
        warp(registry.seatOf(seat).unlockAt);
        vm.expectRevert(abi.encodeWithSelector(BondIncomplete.selector, seat, BOND - CHARGE, BOND));
        join(seat);
        topUp(seat, CHARGE);
        join(seat);
        // The class asks for more in the meantime.
        vm.prank(owner);
        registry.setClassBond(CLASS, ClassBond(uint96(2 * BOND), 1000, 1000, 4));
        run("another value");
        bytes memory solution = solutionOf(seat);
        vm.expectRevert(abi.encodeWithSelector(BondIncomplete.selector, seat, BOND, 2 * BOND));
        answerWith(seat, solution);
    }

    function test_answer_RevertWhen_NoCheckRuns() public sound {
        uint256 seat = waitingSeat(alice);
        vm.expectRevert(abi.encodeWithSelector(NotStarted.selector, CLASS, 0));
        answerWith(seat, "");
        uint256 check = open();
        vm.expectRevert(abi.encodeWithSelector(NotStarted.selector, CLASS, check));
        answerWith(seat, "");
    }

    function test_join_WaitsWithANewFloor() public sound {
        uint256 seat = _evicted(alice);
        warp(registry.seatOf(seat).unlockAt);
        topUp(seat, CHARGE);
        vm.expectEmit(address(registry));
        emit Waiting(seat, alice, 7);
        vm.prank(alice);
        registry.join(one(seat), 7);
        assertSeat(seat, SeatStatus.Inactive);
        assertEq(registry.seatOf(seat).unlockAt, 0, "locked again");
        run("another value");
        answer(seat);
        assertSeat(seat, SeatStatus.Active);
        assertEq(registry.seatOf(seat).priceFloor, 7, "floor");
    }

    function test_join_OfAWaitingSeatThatLeftAgain() public sound {
        uint256 seat = waitingSeat(alice);
        leaveSet(seat);
        assertSeat(seat, SeatStatus.Leaving);
        warp(block.timestamp + COOLDOWN);
        vm.prank(alice);
        registry.withdraw(one(seat), alice);
        assertEq(token.balanceOf(alice), BOND, "the whole bond");
    }

    function test_join_IsDirectAgainOnceThePuzzleIsGone() public sound {
        uint256 seat = waitingSeat(alice);
        Policy memory nothing;
        setPolicy(nothing);
        assertFalse(qualification.mustQualify(CLASS), "no puzzle");
        warp(block.timestamp + 3 * EPOCH);
        join(seat);
        assertSeat(seat, SeatStatus.Active);
    }

    function test_stake_IsDirectInAClassWithoutAPuzzle() public sound {
        vm.startPrank(owner);
        registry.setClassBond(2, ClassBond(uint96(BOND), 1000, 1000, 4));
        vm.stopPrank();
        token.transfer(alice, BOND);
        vm.startPrank(alice);
        token.approve(address(registry), BOND);
        uint256 seat = registry.stake(2, 1, 0);
        vm.stopPrank();
        assertSeat(seat, SeatStatus.Active);
        vm.expectRevert(abi.encodeWithSelector(NoPuzzle.selector, 2));
        qualification.open(2);
    }

    function test_activate_RevertWhen_NotByQualification() public sound {
        uint256 seat = waitingSeat(alice);
        vm.expectRevert(abi.encodeWithSelector(OnlyQualification.selector, alice, address(qualification)));
        vm.prank(alice);
        registry.activate(seat);
        vm.expectRevert(abi.encodeWithSelector(OnlyQualification.selector, owner, address(qualification)));
        vm.prank(owner);
        registry.evict(seat, owner, 100);
    }

    function test_activate_RevertWhen_NotWaiting() public sound {
        uint256 seat = seatOf[alice];
        vm.expectRevert(abi.encodeWithSelector(WrongSeatStatus.selector, seat, SeatStatus.Active));
        vm.prank(address(qualification));
        registry.activate(seat);
    }

    /// @dev A seat evicted just now.
    function _evicted(address operator) private returns (uint256 seat) {
        seat = seatOf[operator];
        uint256 check = runFor(list(operator), list(bob));
        warp(windowEnd() + 1);
        evict(check, one(seat));
    }
}
