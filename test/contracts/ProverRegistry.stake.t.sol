// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProverRegistryErrors, IProverRegistryEvents} from "../../contracts/interfaces/IProverRegistry.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Recipient} from "../../contracts/libraries/Recipient.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract ProverRegistryStakeTest is MarketFixture, IProverRegistryErrors, IProverRegistryEvents {
    function _approve(address who, uint256 amount) private {
        token.transfer(who, amount);
        vm.prank(who);
        token.approve(address(registry), amount);
    }

    // ─── Stake ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_stake_BondsAndJoinsFromTheNextEpoch() public sound {
        _approve(alice, 2 * BOND);
        uint256 epoch = registry.currentEpoch();
        for (uint256 seat = 6; seat <= 7; ++seat) {
            vm.expectEmit(address(registry));
            emit Staked(seat, alice, CLASS, BOND);
            vm.expectEmit(address(registry));
            emit Joined(seat, alice, 77, epoch + 1);
        }
        vm.prank(alice);
        assertEq(registry.stake(CLASS, 2, 77), 6, "first seat");

        Seat memory seat_ = registry.seatOf(7);
        assertEq(seat_.operator, alice, "operator");
        assertEq(seat_.priceFloor, 77, "floor");
        assertEq(seat_.class, CLASS, "class");
        assertEq(uint256(seat_.status), uint256(SeatStatus.Active), "status");
        assertEq(seat_.bond, BOND, "bond");
        assertEq(seat_.unlockAt, 0, "no cooldown");
        assertEq(registry.activeSeats(CLASS, epoch), 5, "this epoch");
        assertEq(registry.activeSeats(CLASS, epoch + 1), 7, "the next");
        (address operator, uint8 class, bool active) = registry.standing(7);
        assertEq(operator, alice, "operator");
        assertEq(class, CLASS, "class");
        assertTrue(active, "active");
    }

    function test_stake_RevertWhen_NotAdmitted() public sound {
        vm.expectRevert(abi.encodeWithSelector(OperatorNotAdmitted.selector, keeper));
        vm.prank(keeper);
        registry.stake(CLASS, 1, 0);
    }

    function test_openAdmission_AnyoneStakesAndTheListIsPast() public sound {
        vm.prank(owner);
        registry.admit(alice, false);
        vm.prank(owner);
        vm.expectEmit(address(registry));
        emit AdmissionOpened();
        registry.openAdmission();
        assertTrue(registry.isOpen(), "open");
        _approve(keeper, BOND);
        vm.prank(keeper);
        uint256 seat = registry.stake(CLASS, 1, 0);
        assertEq(registry.seatOf(seat).operator, keeper, "never listed");
        _approve(alice, BOND);
        vm.prank(alice);
        seat = registry.stake(CLASS, 1, 0);
        assertEq(registry.seatOf(seat).operator, alice, "taken off the list before");
    }

    /// @dev Attack: an owner that wants its list back.
    function test_openAdmission_CannotBeUndone() public sound {
        vm.startPrank(owner);
        registry.openAdmission();
        vm.expectRevert(abi.encodeWithSelector(AdmissionIsOpen.selector));
        registry.openAdmission();
        vm.expectRevert(abi.encodeWithSelector(AdmissionIsOpen.selector));
        registry.admit(alice, false);
        // The bit shares the word of the pending owner: a handover leaves it as it is.
        registry.transferOwnership(bob);
        vm.stopPrank();
        vm.prank(bob);
        registry.acceptOwnership();
        assertTrue(registry.isOpen(), "open for ever");
    }

    function test_openAdmission_RevertWhen_NotTheOwner() public sound {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, alice));
        vm.prank(alice);
        registry.openAdmission();
        assertFalse(registry.isOpen(), "the list decides");
    }

    function test_stake_RevertWhen_CountIsOutOfBounds() public sound {
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(InvalidSeatCount.selector, 0, 1, 64));
        registry.stake(CLASS, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(InvalidSeatCount.selector, 65, 1, 64));
        registry.stake(CLASS, 65, 0);
        vm.stopPrank();
        stake(alice, 64, 0);
    }

    /// @dev Seat ids have 24 bits in the history of the active set.
    function test_stake_RevertWhen_IdsRunOut() public sound {
        vm.store(address(registry), bytes32(uint256(5)), bytes32(uint256(type(uint24).max) - 1));
        assertEq(registry.seatCount(), type(uint24).max - 1, "the slot of the counter");
        vm.expectRevert(abi.encodeWithSelector(InvalidSeatCount.selector, 2, 1, 1));
        vm.prank(alice);
        registry.stake(CLASS, 2, 0);
        assertEq(stake(alice, 1, 0), type(uint24).max, "the last one");
    }

    function test_stake_RevertWhen_ClassUnknown() public sound {
        vm.expectRevert(abi.encodeWithSelector(UnknownClass.selector, 9));
        vm.prank(alice);
        registry.stake(9, 1, 0);
    }

    function test_stake_RevertWhen_NotApproved() public sound {
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", registry, 0, BOND)
        );
        vm.prank(alice);
        registry.stake(CLASS, 1, 0);
    }

    // ─── Leave and withdraw ─────────────────────────────────────────────────────────────────────────────────────────────────

    function test_leaveSet_StartsTheCooldown() public sound {
        vm.expectEmit(address(registry));
        emit Left(seatOf[alice], alice, block.timestamp + COOLDOWN);
        leaveSet(seatOf[alice]);
        assertSeat(seatOf[alice], SeatStatus.Leaving);
        assertEq(registry.seatOf(seatOf[alice]).unlockAt, block.timestamp + COOLDOWN, "unlock");
        (, , bool active) = registry.standing(seatOf[alice]);
        assertFalse(active, "takes no open slots");
    }

    function test_leaveSet_RevertWhen_LeavingAlready() public sound {
        leaveSet(seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongSeatStatus.selector, seatOf[alice], SeatStatus.Leaving));
        leaveSet(seatOf[alice]);
    }

    function test_leaveSet_RevertWhen_NotTheOperator() public sound {
        uint256[] memory seats = one(seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(NotSeatOperator.selector, seatOf[alice], bob, alice));
        vm.prank(bob);
        registry.leaveSet(seats);
    }

    function test_withdraw_PaysTheBondsAfterTheCooldown() public sound {
        uint256 second = stake(alice, 1, 0);
        leaveSet(seatOf[alice]);
        leaveSet(second);
        uint256 until = block.timestamp + COOLDOWN;
        uint256[] memory seats = pair(seatOf[alice], second);
        warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(CoolingDown.selector, seatOf[alice], block.timestamp, until));
        vm.prank(alice);
        registry.withdraw(seats, bob);
        warp(until);
        vm.expectEmit(address(registry));
        emit IProverRegistryEvents.Withdrawn(seatOf[alice], alice, bob, BOND);
        vm.expectEmit(address(registry));
        emit IProverRegistryEvents.Withdrawn(second, alice, bob, BOND);
        vm.prank(alice);
        registry.withdraw(seats, bob);
        assertEq(token.balanceOf(bob), 2 * BOND, "paid");
        assertSeat(second, SeatStatus.None);
    }

    function test_withdraw_RevertWhen_Active() public sound {
        _expectWithdrawRevert(abi.encodeWithSelector(WrongSeatStatus.selector, seatOf[alice], SeatStatus.Active));
    }

    function test_withdraw_RevertWhen_Twice() public sound {
        leaveSet(seatOf[alice]);
        warp(block.timestamp + COOLDOWN);
        uint256[] memory twice = pair(seatOf[alice], seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(NotSeatOperator.selector, seatOf[alice], alice, address(0)));
        vm.prank(alice);
        registry.withdraw(twice, alice);
        vm.prank(alice);
        registry.withdraw(one(seatOf[alice]), alice);
        _expectWithdrawRevert(abi.encodeWithSelector(NotSeatOperator.selector, seatOf[alice], alice, address(0)));
    }

    function test_withdraw_RevertWhen_Nothing() public sound {
        vm.expectRevert(NothingDue.selector);
        vm.prank(alice);
        registry.withdraw(new uint256[](0), alice);
    }

    /// @dev Invariant 9: no way to the bond while a slot waits for an answer or a proof.
    function test_withdraw_RevertWhen_Held() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        leaveSet(seatOf[alice]);
        warp(block.timestamp + COOLDOWN);
        _expectWithdrawRevert(abi.encodeWithSelector(SeatHeld.selector, seatOf[alice]));
        settle(w, one(seatOf[alice]));
        vm.prank(alice);
        registry.withdraw(one(seatOf[alice]), alice);
    }

    /// @dev A bond sent to the market is no deposit, and one sent to the registry no bond.
    function test_withdraw_RevertWhen_NobodyCouldUseItThere() public sound {
        leaveSet(seatOf[alice]);
        warp(block.timestamp + COOLDOWN);
        uint256[] memory seats = one(seatOf[alice]);
        address[2] memory dead = [address(market), address(registry)];
        for (uint256 i; i < dead.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Recipient.InvalidRecipient.selector, dead[i]));
            vm.prank(alice);
            registry.withdraw(seats, dead[i]);
        }
    }

    function _expectWithdrawRevert(bytes memory reason) private {
        uint256[] memory seats = one(seatOf[alice]);
        vm.expectRevert(reason);
        vm.prank(alice);
        registry.withdraw(seats, alice);
    }

    // ─── Join ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_join_AfterTheLastDrawThatCouldNameTheSeat() public sound {
        leaveSet(seatOf[alice]);
        uint256 left = registry.currentEpoch();
        uint256 from = registry.genesis() + (left + 3) * EPOCH;
        uint256[] memory seats = one(seatOf[alice]);
        warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(RejoinTooEarly.selector, seatOf[alice], left + 3, left + 4));
        vm.prank(alice);
        registry.join(seats, 5);
        warp(from);
        vm.expectEmit(address(registry));
        emit Joined(seatOf[alice], alice, 5, registry.currentEpoch() + 1);
        vm.prank(alice);
        registry.join(seats, 5);
        assertEq(registry.seatOf(seatOf[alice]).priceFloor, 5, "new floor");
        assertEq(registry.seatOf(seatOf[alice]).unlockAt, 0, "locked again");
        assertSeat(seatOf[alice], SeatStatus.Active);
    }

    function test_join_RevertWhen_Active() public sound {
        uint256[] memory seats = one(seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongSeatStatus.selector, seatOf[alice], SeatStatus.Active));
        vm.prank(alice);
        registry.join(seats, 0);
    }

    function test_join_OfADroppedSeatOnlyAfterTheCooldown() public sound {
        vm.prank(address(market));
        registry.drop(seatOf[alice]);
        uint256 until = block.timestamp + COOLDOWN;
        uint256[] memory seats = one(seatOf[alice]);
        warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(CoolingDown.selector, seatOf[alice], block.timestamp, until));
        vm.prank(alice);
        registry.join(seats, 0);
        warp(until);
        vm.prank(alice);
        registry.join(seats, 0);
        assertSeat(seatOf[alice], SeatStatus.Active);
    }

    function test_join_OfASlashedSeatOnlyAfterATopUp() public sound {
        Workload memory w = drawnToAlice();
        toSilence(w);
        slash(w, one(seatOf[alice]));
        for (uint256 i; i < 4; ++i) nextEpoch();
        uint256[] memory seats = one(seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(BondIncomplete.selector, seatOf[alice], BOND - SLASH, BOND));
        vm.prank(alice);
        registry.join(seats, 0);
        _approve(alice, SLASH);
        vm.expectEmit(address(registry));
        emit ToppedUp(seatOf[alice], alice, SLASH);
        vm.prank(alice);
        registry.topUp(seatOf[alice]);
        vm.prank(alice);
        registry.join(seats, 0);
        assertSeat(seatOf[alice], SeatStatus.Active);
    }

    function test_topUp_RevertWhen_Full() public sound {
        uint256 seat = seatOf[alice];
        vm.expectRevert(NothingDue.selector);
        vm.prank(alice);
        registry.topUp(seat);
    }

    function test_topUp_RevertWhen_NotTheOperator() public sound {
        uint256 seat = seatOf[alice];
        vm.expectRevert(abi.encodeWithSelector(NotSeatOperator.selector, seat, bob, alice));
        vm.prank(bob);
        registry.topUp(seat);
    }

    function test_leaveSet_OfASlashedSeatWorksToo() public sound {
        Workload memory w = drawnToAlice();
        toSilence(w);
        slash(w, one(seatOf[alice]));
        leaveSet(seatOf[alice]);
        warp(block.timestamp + COOLDOWN);
        vm.prank(alice);
        registry.withdraw(one(seatOf[alice]), alice);
        assertEq(token.balanceOf(alice), BOND - SLASH, "what is left");
    }
}
