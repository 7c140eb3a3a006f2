// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProverRegistry} from "../../contracts/ProverRegistry.sol";
import {IProverRegistryErrors, IProverRegistryEvents} from "../../contracts/interfaces/IProverRegistry.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract ProverRegistryDisciplineTest is MarketFixture, IProverRegistryErrors, IProverRegistryEvents {
    // ─── Only the market ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_slash_RevertWhen_NotTheMarket() public {
        _expectRefused(abi.encodeCall(registry.slash, (seatOf[alice], bob)), OnlyPeer.selector);
    }

    function test_drop_RevertWhen_NotTheMarket() public {
        _expectRefused(abi.encodeCall(registry.drop, (seatOf[alice])), OnlyPeer.selector);
    }

    function test_countDecline_RevertWhen_NotTheMarket() public {
        _expectRefused(abi.encodeCall(registry.countDecline, (seatOf[alice])), OnlyMarket.selector);
        vm.expectRevert(abi.encodeWithSelector(OnlyMarket.selector, address(committee)));
        vm.prank(address(committee));
        registry.countDecline(seatOf[alice]);
    }

    function _expectRefused(bytes memory data, bytes4 error) private {
        address[3] memory callers = [owner, alice, address(extension)];
        for (uint256 i; i < 3; ++i) {
            vm.prank(callers[i]);
            (bool ok, bytes memory reason) = address(registry).call(data);
            assertFalse(ok, "refused");
            assertEq(reason, abi.encodeWithSelector(error, callers[i]), "reason");
        }
    }

    // ─── Slash ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _slash(uint256 seat, address reporter) private {
        vm.prank(address(market));
        registry.slash(seat, reporter);
    }

    function test_slash_AgainAndAgainNeverTakesMoreThanTheBond() public balanced {
        uint256 left = BOND;
        for (uint256 i; i < 12; ++i) {
            _slash(seatOf[alice], keeper);
            left -= left / 10;
            assertEq(registry.seatOf(seatOf[alice]).bond, left, "a tenth of what was left");
        }
        (uint256 bounty, uint256 burn) = registry.reports(keeper);
        assertEq(bounty + burn, BOND - left, "what was taken, and no more");
    }

    function test_slash_ALoweredClassBondLowersTheSlash() public balanced {
        vm.prank(owner);
        registry.setClassBond(
            CLASS,
            ClassBond({bond: uint96(BOND / 4), slashBps: 1000, bountyBps: 1000, declineQuota: 0})
        );
        _slash(seatOf[alice], keeper);
        assertEq(registry.seatOf(seatOf[alice]).bond, BOND - BOND / 40, "a tenth of today's bond");
    }

    function test_slash_ARaisedClassBondDoesNotRaiseTheSlash() public balanced {
        vm.prank(owner);
        registry.setClassBond(
            CLASS,
            ClassBond({bond: uint96(BOND * 4), slashBps: 1000, bountyBps: 1000, declineQuota: 0})
        );
        _slash(seatOf[alice], keeper);
        assertEq(registry.seatOf(seatOf[alice]).bond, BOND - SLASH, "a tenth of what the seat bonded");
    }

    function test_slash_ADroppedSeatStaysDropped() public balanced {
        vm.prank(address(market));
        registry.drop(seatOf[alice]);
        _slash(seatOf[alice], keeper);
        assertSeat(seatOf[alice], SeatStatus.Dropped);
    }

    function test_withdrawBounty_PaysTheReporter() public balanced {
        _slash(seatOf[alice], keeper);
        vm.expectEmit(address(registry));
        emit BountyWithdrawn(keeper, bob, SLASH_BOUNTY);
        vm.prank(keeper);
        registry.withdrawBounty(bob);
        assertEq(token.balanceOf(bob), SLASH_BOUNTY, "paid");
        vm.expectRevert(NothingDue.selector);
        vm.prank(keeper);
        registry.withdrawBounty(bob);
    }

    function test_burnSlashes_BurnsTheRest() public balanced {
        _slash(seatOf[alice], keeper);
        _slash(seatOf[bob], carol);
        uint256 supply = token.totalSupply();
        address[] memory reporters = new address[](3);
        (reporters[0], reporters[1], reporters[2]) = (keeper, carol, keeper);
        vm.expectEmit(address(registry));
        emit SlashesBurned(2 * (SLASH - SLASH_BOUNTY));
        registry.burnSlashes(reporters);
        assertEq(token.totalSupply(), supply - 2 * (SLASH - SLASH_BOUNTY), "supply");
        vm.expectRevert(NothingDue.selector);
        registry.burnSlashes(reporters);
    }

    // ─── Drop ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_drop_PutsAnActiveSeatOut() public {
        vm.expectEmit(address(registry));
        emit Dropped(seatOf[alice], alice, block.timestamp + COOLDOWN);
        vm.prank(address(market));
        registry.drop(seatOf[alice]);
        assertSeat(seatOf[alice], SeatStatus.Dropped);
        assertEq(registry.activeSeats(CLASS, registry.currentEpoch() + 1), 4, "from the next epoch");
        uint256[] memory seats = one(seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongSeatStatus.selector, seatOf[alice], SeatStatus.Dropped));
        vm.prank(alice);
        registry.leaveSet(seats);
    }

    function test_drop_ALeavingSeatKeepsItsCooldown() public {
        leaveSet(seatOf[alice]);
        uint256 until = block.timestamp + COOLDOWN;
        vm.warp(until - 1);
        vm.expectEmit(address(registry));
        emit Dropped(seatOf[alice], alice, until);
        vm.prank(address(market));
        registry.drop(seatOf[alice]);
        assertSeat(seatOf[alice], SeatStatus.Dropped);
        vm.warp(until);
        vm.prank(alice);
        registry.withdraw(one(seatOf[alice]), alice);
        assertEq(token.balanceOf(alice), BOND, "bond");
    }

    function test_drop_AnInactiveOrDroppedSeatStaysAsItIs() public {
        _slash(seatOf[alice], keeper);
        vm.recordLogs();
        vm.prank(address(market));
        registry.drop(seatOf[alice]);
        assertSeat(seatOf[alice], SeatStatus.Inactive);
        vm.startPrank(address(market));
        registry.drop(seatOf[bob]);
        registry.drop(seatOf[bob]);
        vm.stopPrank();
        assertEq(countLogs(Dropped.selector), 1, "once");
    }

    function test_countDecline_CountIsCappedAtItsField() public {
        vm.startPrank(address(market));
        for (uint256 i; i < 300; ++i) registry.countDecline(seatOf[alice]);
        vm.stopPrank();
        assertEq(registry.seatOf(seatOf[alice]).declines, 255, "capped");
        vm.warp(block.timestamp + 1 weeks);
        assertEq(registry.seatOf(seatOf[alice]).declines, 0, "of another week");
    }

    // ─── Owner ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_admit_RevertWhen_NotTheOwner() public {
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", alice));
        vm.prank(alice);
        registry.admit(alice, true);
    }

    function test_admit_TakingOffTheListLeavesSeatsAlone() public {
        vm.expectEmit(address(registry));
        emit OperatorAdmitted(alice, false);
        vm.prank(owner);
        registry.admit(alice, false);
        assertSeat(seatOf[alice], SeatStatus.Active);
        vm.expectRevert(abi.encodeWithSelector(OperatorNotAdmitted.selector, alice));
        vm.prank(alice);
        registry.stake(CLASS, 1, 0);
    }

    function test_setClassBond_RevertWhen_OutOfBounds() public {
        _expectInvalid(ClassBond({bond: 0, slashBps: 0, bountyBps: 0, declineQuota: 0}));
        _expectInvalid(ClassBond({bond: 1, slashBps: 5001, bountyBps: 0, declineQuota: 0}));
        _expectInvalid(ClassBond({bond: 1, slashBps: 0, bountyBps: 1001, declineQuota: 0}));
        ClassBond memory most = ClassBond({bond: 1, slashBps: 5000, bountyBps: 1000, declineQuota: 255});
        vm.expectEmit(address(registry));
        emit ClassBondSet(7, most);
        vm.prank(owner);
        registry.setClassBond(7, most);
    }

    function _expectInvalid(ClassBond memory params) private {
        vm.expectRevert(InvalidClassBond.selector);
        vm.prank(owner);
        registry.setClassBond(CLASS, params);
    }

    function test_setClassBond_RevertWhen_NotTheOwner() public {
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", alice));
        vm.prank(alice);
        registry.setClassBond(CLASS, ClassBond({bond: 1, slashBps: 0, bountyBps: 0, declineQuota: 0}));
    }

    function test_constructor_RevertWhen_OutOfBounds() public {
        (address m, address r, address c) = (address(market), address(relay), address(committee));
        vm.expectRevert(InvalidPeers.selector);
        new ProverRegistry(token, Peers(address(0), r, address(0), c), owner, 600, 1);
        vm.expectRevert(InvalidPeers.selector);
        new ProverRegistry(token, Peers(m, r, address(0), address(0)), owner, 600, 1);
        vm.expectRevert(InvalidPeers.selector);
        new ProverRegistry(token, Peers(m, r, address(0), c), owner, 3, 1);
        vm.expectRevert(InvalidPeers.selector);
        new ProverRegistry(token, Peers(m, r, address(0), c), owner, 1 days + 1, 1);
        vm.expectRevert(InvalidPeers.selector);
        new ProverRegistry(token, Peers(m, r, address(0), c), owner, 600, 0);
    }

    function test_currentEpoch_BeginsWithItsFirstSecond() public {
        uint256 genesis = registry.genesis();
        vm.warp(genesis);
        assertEq(registry.currentEpoch(), 1, "first");
        vm.warp(genesis + EPOCH - 1);
        assertEq(registry.currentEpoch(), 1, "last second of it");
        vm.warp(genesis + EPOCH);
        assertEq(registry.currentEpoch(), 2, "second");
    }
}
