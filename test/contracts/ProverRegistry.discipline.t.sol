// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProverRegistry} from "../../contracts/ProverRegistry.sol";
import {IProverRegistryErrors, IProverRegistryEvents} from "../../contracts/interfaces/IProverRegistry.sol";
import {Recipient} from "../../contracts/libraries/Recipient.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract ProverRegistryDisciplineTest is MarketFixture, IProverRegistryErrors, IProverRegistryEvents {
    // ─── Only the market ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_slash_RevertWhen_NotTheMarket() public sound {
        _expectRefused(
            abi.encodeCall(registry.slash, (seatOf[alice], bob)),
            OnlyPeer.selector,
            abi.encode(market, committee)
        );
    }

    function test_drop_RevertWhen_NotTheMarket() public sound {
        _expectRefused(
            abi.encodeCall(registry.drop, (seatOf[alice])),
            OnlyPeer.selector,
            abi.encode(market, committee)
        );
    }

    function test_countDecline_RevertWhen_NotTheMarket() public sound {
        _expectRefused(abi.encodeCall(registry.countDecline, (seatOf[alice])), OnlyMarket.selector, abi.encode(market));
        vm.expectRevert(abi.encodeWithSelector(OnlyMarket.selector, address(committee), address(market)));
        vm.prank(address(committee));
        registry.countDecline(seatOf[alice]);
    }

    /// @param wanted Who may, encoded.
    function _expectRefused(bytes memory data, bytes4 refusal, bytes memory wanted) private {
        address[3] memory callers = [owner, alice, address(extension)];
        for (uint256 i; i < 3; ++i) {
            vm.prank(callers[i]);
            (bool ok, bytes memory reason) = address(registry).call(data);
            assertFalse(ok, "refused");
            assertEq(reason, bytes.concat(refusal, abi.encode(callers[i]), wanted), "reason");
        }
    }

    // ─── Slash ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _slash(uint256 seat, address reporter) private {
        vm.prank(address(market));
        registry.slash(seat, reporter);
    }

    function test_slash_AgainAndAgainNeverTakesMoreThanTheBond() public sound {
        uint256 left = BOND;
        for (uint256 i; i < 12; ++i) {
            _slash(seatOf[alice], keeper);
            left -= left / 10;
            assertEq(registry.seatOf(seatOf[alice]).bond, left, "a tenth of what was left");
        }
        (uint256 bounty, uint256 burn) = registry.reports(keeper);
        assertEq(bounty + burn, BOND - left, "what was taken, and no more");
    }

    /// @dev Attack, escaping a slash: an owner that acts with a silent seat lowers the bond of its class first.
    function test_slash_ALoweredClassBondDoesNotLowerTheSlash() public sound {
        _setTerms(BOND / 4, 1000, 1000, DECLINE_QUOTA);
        _slash(seatOf[alice], keeper);
        assertEq(registry.seatOf(seatOf[alice]).bond, BOND - SLASH, "a tenth of what the seat bonded");
    }

    function test_slash_ARaisedClassBondDoesNotRaiseTheSlash() public sound {
        _setTerms(BOND * 4, 1000, 1000, DECLINE_QUOTA);
        _slash(seatOf[alice], keeper);
        assertEq(registry.seatOf(seatOf[alice]).bond, BOND - SLASH, "a tenth of what the seat bonded");
    }

    // ─── Changed terms ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Attack, changed config on old jobs: the owner raises the penalties while seats are at work. It counts a cooldown later.
    function test_slash_ChangedTermsDoNotReachOldWork() public sound {
        _setTerms(BOND, 5000, 0, 0);
        warp(block.timestamp + COOLDOWN - 1);
        _slash(seatOf[alice], keeper);
        assertEq(registry.seatOf(seatOf[alice]).bond, BOND - SLASH, "the old share");
        (uint256 bounty, ) = registry.reports(keeper);
        assertEq(bounty, SLASH_BOUNTY, "the old bounty");
        warp(block.timestamp + 1);
        _slash(seatOf[bob], keeper);
        assertEq(registry.seatOf(seatOf[bob]).bond, BOND / 2, "the new share");
        (uint256 after_, ) = registry.reports(keeper);
        assertEq(after_, bounty, "the new bounty");
    }

    function test_countDecline_AChangedQuotaDoesNotReachOldWork() public sound {
        _setTerms(BOND, 1000, 1000, 0);
        warp(block.timestamp + COOLDOWN - 1);
        vm.prank(address(market));
        registry.countDecline(seatOf[alice]);
        assertSeat(seatOf[alice], SeatStatus.Active);
        warp(block.timestamp + 1);
        vm.prank(address(market));
        registry.countDecline(seatOf[bob]);
        assertSeat(seatOf[bob], SeatStatus.Dropped);
    }

    /// @dev Whoever does not like the new terms is out with its bond in the second they begin.
    function test_setClassBond_WhoDisagreesIsOutBefore() public sound {
        _setTerms(BOND, 5000, 0, 0);
        leaveSet(seatOf[alice]);
        (, uint256 from) = registry.nextClassBond(CLASS);
        warp(from);
        vm.prank(alice);
        registry.withdraw(one(seatOf[alice]), alice);
        assertEq(token.balanceOf(alice), BOND, "all of it");
    }

    function test_nextClassBond_SaysWhatComesAndWhen() public sound {
        (ClassBond memory next, uint256 from) = registry.nextClassBond(CLASS);
        assertEq(keccak256(abi.encode(next)), keccak256(abi.encode(someBond())), "nothing waits");
        assertEq(from, 0, "nothing waits");
        _setTerms(2 * BOND, 5000, 0, 1);
        (next, from) = registry.nextClassBond(CLASS);
        assertEq(from, block.timestamp + COOLDOWN, "a cooldown ahead");
        assertEq(next.slashBps, 5000, "the share to come");
        assertEq(registry.classBonds(CLASS).slashBps, 1000, "the share in force");
        assertEq(registry.classBonds(CLASS).bond, 2 * BOND, "the bond, at once");
        warp(from);
        assertEq(keccak256(abi.encode(registry.classBonds(CLASS))), keccak256(abi.encode(next)), "in force");
        (, from) = registry.nextClassBond(CLASS);
        assertEq(from, 0, "nothing waits any more");
    }

    /// @dev Attack: a change that is due is put off, or one that waits is brought forward, by setting again.
    function test_setClassBond_AgainStartsTheCooldownAgain() public sound {
        _setTerms(BOND, 5000, 0, 0);
        warp(block.timestamp + COOLDOWN - 1);
        _setTerms(BOND, 4000, 0, 0);
        (, uint256 from) = registry.nextClassBond(CLASS);
        assertEq(from, block.timestamp + COOLDOWN, "a cooldown from now");
        warp(from - 1);
        assertEq(registry.classBonds(CLASS).slashBps, 1000, "the first terms");
        warp(from);
        assertEq(registry.classBonds(CLASS).slashBps, 4000, "the last ones");
        _setTerms(BOND, 3000, 0, 0);
        assertEq(registry.classBonds(CLASS).slashBps, 4000, "those in force");
    }

    function test_setClassBond_TheTermsInForceTakeBackWhatWaits() public sound {
        _setTerms(BOND, 5000, 0, 0);
        _setTerms(BOND, 1000, 1000, DECLINE_QUOTA);
        warp(block.timestamp + COOLDOWN);
        assertEq(registry.classBonds(CLASS).slashBps, 1000, "unchanged");
    }

    function _setTerms(uint256 bond, uint16 slashBps, uint16 bountyBps, uint8 quota) private {
        vm.prank(owner);
        registry.setClassBond(CLASS, ClassBond(uint96(bond), slashBps, bountyBps, quota));
    }

    function test_slash_ADroppedSeatStaysDropped() public sound {
        vm.prank(address(market));
        registry.drop(seatOf[alice]);
        _slash(seatOf[alice], keeper);
        assertSeat(seatOf[alice], SeatStatus.Dropped);
    }

    function test_withdrawBounty_PaysTheReporter() public sound {
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

    function test_withdrawBounty_RevertWhen_NobodyCouldUseItThere() public sound {
        _slash(seatOf[alice], keeper);
        address[2] memory dead = [address(market), address(registry)];
        for (uint256 i; i < dead.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Recipient.InvalidRecipient.selector, dead[i]));
            vm.prank(keeper);
            registry.withdrawBounty(dead[i]);
        }
    }

    function test_burnSlashes_BurnsTheRest() public sound {
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

    function test_drop_PutsAnActiveSeatOut() public sound {
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

    function test_drop_ALeavingSeatKeepsItsCooldown() public sound {
        leaveSet(seatOf[alice]);
        uint256 until = block.timestamp + COOLDOWN;
        warp(until - 1);
        vm.expectEmit(address(registry));
        emit Dropped(seatOf[alice], alice, until);
        vm.prank(address(market));
        registry.drop(seatOf[alice]);
        assertSeat(seatOf[alice], SeatStatus.Dropped);
        warp(until);
        vm.prank(alice);
        registry.withdraw(one(seatOf[alice]), alice);
        assertEq(token.balanceOf(alice), BOND, "bond");
    }

    function test_drop_AnInactiveOrDroppedSeatStaysAsItIs() public sound {
        _slash(seatOf[alice], keeper);
        startLogs();
        vm.prank(address(market));
        registry.drop(seatOf[alice]);
        assertSeat(seatOf[alice], SeatStatus.Inactive);
        vm.startPrank(address(market));
        registry.drop(seatOf[bob]);
        registry.drop(seatOf[bob]);
        vm.stopPrank();
        assertEq(countLogs(Dropped.selector), 1, "once");
    }

    function test_countDecline_CountIsCappedAtItsField() public sound {
        vm.startPrank(address(market));
        for (uint256 i; i < 300; ++i) registry.countDecline(seatOf[alice]);
        vm.stopPrank();
        assertEq(registry.seatOf(seatOf[alice]).declines, 255, "capped");
        warp(block.timestamp + 1 weeks);
        assertEq(registry.seatOf(seatOf[alice]).declines, 0, "of another week");
    }

    // ─── Owner ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_admit_RevertWhen_NotTheOwner() public sound {
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", alice));
        vm.prank(alice);
        registry.admit(alice, true);
    }

    function test_admit_TakingOffTheListLeavesSeatsAlone() public sound {
        vm.expectEmit(address(registry));
        emit OperatorAdmitted(alice, false);
        vm.prank(owner);
        registry.admit(alice, false);
        assertSeat(seatOf[alice], SeatStatus.Active);
        vm.expectRevert(abi.encodeWithSelector(OperatorNotAdmitted.selector, alice));
        vm.prank(alice);
        registry.stake(CLASS, 1, 0);
    }

    function test_setClassBond_RevertWhen_OutOfBounds() public sound {
        _expectInvalid(
            ClassBond({bond: 0, slashBps: 0, bountyBps: 0, declineQuota: 0}),
            "bond",
            0,
            1,
            type(uint256).max
        );
        _expectInvalid(ClassBond({bond: 1, slashBps: 5001, bountyBps: 0, declineQuota: 0}), "slashBps", 5001, 0, 5000);
        _expectInvalid(ClassBond({bond: 1, slashBps: 0, bountyBps: 1001, declineQuota: 0}), "bountyBps", 1001, 0, 1000);
        ClassBond memory most = ClassBond({bond: 1, slashBps: 5000, bountyBps: 1000, declineQuota: 255});
        vm.expectEmit(address(registry));
        emit ClassBondSet(7, most, block.timestamp);
        vm.prank(owner);
        registry.setClassBond(7, most);
    }

    function _expectInvalid(ClassBond memory params, bytes32 what, uint256 have, uint256 least, uint256 most) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidClassBond.selector, what, have, least, most));
        vm.prank(owner);
        registry.setClassBond(CLASS, params);
    }

    function test_setClassBond_RevertWhen_NotTheOwner() public sound {
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", alice));
        vm.prank(alice);
        registry.setClassBond(CLASS, ClassBond({bond: 1, slashBps: 0, bountyBps: 0, declineQuota: 0}));
    }

    function test_constructor_RevertWhen_OutOfBounds() public sound {
        (address m, address r, address c) = (address(market), address(relay), address(committee));
        vm.expectRevert(abi.encodeWithSelector(InvalidPeers.selector, bytes32("market"), 0, 1, type(uint160).max));
        new ProverRegistry(token, Peers(address(0), r, address(0), c), owner, 600, 1);
        vm.expectRevert(abi.encodeWithSelector(InvalidPeers.selector, bytes32("committee"), 0, 1, type(uint160).max));
        new ProverRegistry(token, Peers(m, r, address(0), address(0)), owner, 600, 1);
        vm.expectRevert(abi.encodeWithSelector(InvalidPeers.selector, bytes32("epochLength"), 3, 4, 1 days));
        new ProverRegistry(token, Peers(m, r, address(0), c), owner, 3, 1);
        vm.expectRevert(abi.encodeWithSelector(InvalidPeers.selector, bytes32("epochLength"), 1 days + 1, 4, 1 days));
        new ProverRegistry(token, Peers(m, r, address(0), c), owner, 1 days + 1, 1);
        vm.expectRevert(abi.encodeWithSelector(InvalidPeers.selector, bytes32("cooldown"), 0, 1, type(uint256).max));
        new ProverRegistry(token, Peers(m, r, address(0), c), owner, 600, 0);
    }

    function test_currentEpoch_BeginsWithItsFirstSecond() public sound {
        uint256 genesis = registry.genesis();
        warp(genesis);
        assertEq(registry.currentEpoch(), 1, "first");
        warp(genesis + EPOCH - 1);
        assertEq(registry.currentEpoch(), 1, "last second of it");
        warp(genesis + EPOCH);
        assertEq(registry.currentEpoch(), 2, "second");
    }
}
