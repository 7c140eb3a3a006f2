// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MarketExtension} from "../../contracts/MarketExtension.sol";
import {ProverRegistry} from "../../contracts/ProverRegistry.sol";
import {IProverRegistry, IProverRegistryTypes} from "../../contracts/interfaces/IProverRegistry.sol";
import {RequestBuilder, RulesBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketRulesTest is MarketFixture {
    using RequestBuilder for Request;
    using RulesBuilder for Rules;

    function test_addRules_StoresThemUnderTheNextNumber() public sound {
        Rules memory rules = someRules().withResponse(60).withReveal(0, 300).withBaseBurn(2000).withBounties(
            1000,
            2000
        );
        vm.expectEmit(address(market));
        emit RulesAdded(2, rules);
        vm.prank(owner);
        assertEq(market.addRules(rules), 2, "number");
        assertEq(core.rulesCount(), 2, "count");
        assertEq(abi.encode(market.rulesOf(2)), abi.encode(rules), "rules");
    }

    function testFuzz_addRules_EveryFieldComesBack(Rules memory rules) public sound {
        rules.responseWindow = uint32(bound(rules.responseWindow, 0, 511));
        rules.silenceWindow = uint32(bound(rules.silenceWindow, 511, 3 days));
        rules.revealDelay = uint32(bound(rules.revealDelay, 0, 1 hours));
        rules.revealWindow = uint32(bound(rules.revealWindow, 1, 1 hours));
        rules.cancelDelay = uint32(bound(rules.cancelDelay, 0, 1 hours));
        rules.baseBurnBps = uint16(bound(rules.baseBurnBps, 0, 2000));
        rules.committeeBps = uint16(bound(rules.committeeBps, 100, 1000));
        rules.verdictWindow = uint32(bound(rules.verdictWindow, 1, 1 hours));
        (rules.assignBounty, rules.settleBounty) = (_bounty(rules.assignBounty), _bounty(rules.settleBounty));
        rules.beacon = address(beacon);
        vm.prank(owner);
        uint256 number = market.addRules(rules);
        assertEq(abi.encode(market.rulesOf(number)), abi.encode(rules), "rules");
    }

    /// @dev A bounty that rules can have.
    function _bounty(uint256 seed) private pure returns (uint32) {
        return uint32(bound(seed, 0, 4_194_303) * 1000);
    }

    function test_addRules_RevertWhen_NotTheOwner() public sound {
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", alice));
        vm.prank(alice);
        market.addRules(someRules());
    }

    function test_addRules_RevertWhen_OutOfBounds() public sound {
        _expectInvalid(someRules().withBeacon(alice), "beacon", 0, 1, type(uint256).max);
        _expectInvalid(someRules().withResponse(512), "responseWindow", 512, 0, 511);
        _expectInvalid(someRules().withSilence(3 days + 1), "silenceWindow", 3 days + 1, RESPONSE, 3 days);
        _expectInvalid(someRules().withSilence(uint32(RESPONSE) - 1), "silenceWindow", RESPONSE - 1, RESPONSE, 3 days);
        _expectInvalid(someRules().withReveal(36, 0), "revealWindow", 0, 1, 1 hours);
        _expectInvalid(someRules().withReveal(36, 1 hours + 1), "revealWindow", 3601, 1, 1 hours);
        _expectInvalid(someRules().withReveal(1 hours + 1, 600), "revealDelay", 3601, 0, 1 hours);
        _expectInvalid(someRules().withCancelDelay(1 hours + 1), "cancelDelay", 3601, 0, 1 hours);
        _expectInvalid(someRules().withBaseBurn(2001), "baseBurnBps", 2001, 0, 2000);
        _expectInvalid(someRules().withBounties(999, 1000), "part of a bounty's step", 999, 0, 0);
        _expectInvalid(someRules().withBounties(1000, 1001), "part of a bounty's step", 1, 0, 0);
        _expectInvalid(someRules().withBounties(4_194_304_000, 0), "assignBounty", 4_194_304_000, 0, 4_194_303_000);
        _expectInvalid(someRules().withBounties(0, 4_194_304_000), "settleBounty", 4_194_304_000, 0, 4_194_303_000);
        _expectInvalid(someRules().withCommittee(99, 600), "committeeBps", 99, 100, 1000);
        _expectInvalid(someRules().withCommittee(1001, 600), "committeeBps", 1001, 100, 1000);
        _expectInvalid(someRules().withCommittee(500, 1 hours + 1), "verdictWindow", 3601, 0, 1 hours);
        _expectInvalid(someRules().withCommittee(500, 0), "committeeBps", 500, 0, 0);
    }

    /// @dev Invariant 11. The last second at which a seat can be drawn is four epochs after it left.
    function test_addRules_RevertWhen_AWorkloadCouldOutliveTheCooldown() public sound {
        uint256 longest = 4 * EPOCH + 1 days + SILENCE + REVEAL_DELAY + REVEAL_WINDOW;
        Rules memory rules = someRules();
        MarketExtension short = _extensionWithCooldown(longest);
        vm.expectRevert(
            abi.encodeWithSelector(InvalidRules.selector, bytes32("longest life"), longest, 0, longest - 1)
        );
        vm.prank(address(1));
        short.addRules(rules);
        MarketExtension enough = _extensionWithCooldown(longest + 1);
        vm.prank(address(1));
        assertEq(enough.addRules(rules), 1, "one second more is enough");
    }

    /// @dev Bounds are the same at the extension's own address, whose owner is nobody's key.
    function _extensionWithCooldown(uint256 cooldown) private returns (MarketExtension) {
        IProverRegistryTypes.Peers memory peers = IProverRegistryTypes.Peers({
            market: address(market),
            relay: address(relay),
            qualification: address(0),
            committee: address(committee)
        });
        ProverRegistry other = new ProverRegistry(token, peers, owner, EPOCH, cooldown);
        return new MarketExtension(token, IProverRegistry(address(other)));
    }

    function test_addRules_AllowsEveryBound() public sound {
        vm.startPrank(owner);
        market.addRules(someRules().withResponse(511).withSilence(3 days).withReveal(1 hours, 1 hours));
        market.addRules(someRules().withResponse(0).withSilence(0).withReveal(0, 1).withCancelDelay(0).withBaseBurn(0));
        market.addRules(someRules().withCancelDelay(1 hours).withBaseBurn(2000));
        market.addRules(someRules().withBounties(4_194_303_000, 0));
        market.addRules(someRules().withBounties(0, 4_194_303_000));
        market.addRules(someRules().withCommittee(0, 0));
        market.addRules(someRules().withCommittee(100, 1));
        market.addRules(someRules().withCommittee(1000, 1 hours));
        vm.stopPrank();
    }

    function test_setClassTerms_IsForNewSubmissionsOnly() public sound {
        Workload memory before = drawnToAliceAndBob();
        Rules memory rules = someRules().withReveal(0, 60);
        uint256 number = useRules(rules);
        assertEq(abi.encode(market.classTermsOf(CLASS)), abi.encode(someTerms(uint16(number))), "terms");
        // Live workloads keep theirs (invariant 12).
        commit(before, seatOf[alice]);
        commit(before, seatOf[bob]);
        warp(block.timestamp + REVEAL_DELAY);
        vm.expectRevert(
            abi.encodeWithSelector(
                OutsideRevealWindow.selector,
                block.timestamp,
                before.startedAt + REVEAL_DELAY,
                before.startedAt + REVEAL_DELAY + REVEAL_WINDOW
            )
        );
        reveal(before, seatOf[alice]);
        Workload memory later = drawn(aRequest().withSlots(2), pair(seatOf[carol], seatOf[dave]));
        commit(later, seatOf[carol]);
        commit(later, seatOf[dave]);
        warp(block.timestamp + 1);
        reveal(later, seatOf[carol]);
        reveal(before, seatOf[alice]);
    }

    function test_setClassTerms_EmitsAndCloses() public sound {
        ClassTerms memory closed = ClassTerms({minimumFee: 0, minimumRate: 0, rules: 0});
        vm.expectEmit(address(market));
        emit ClassTermsSet(CLASS, closed);
        vm.prank(owner);
        market.setClassTerms(CLASS, closed);
        assertEq(market.classTermsOf(CLASS).rules, 0, "closed");
    }

    function test_setClassTerms_RevertWhen_NotTheOwner() public sound {
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", alice));
        vm.prank(alice);
        market.setClassTerms(CLASS, someTerms(1));
    }

    function test_setClassTerms_RevertWhen_ClassDoesNotFit() public sound {
        vm.expectRevert(abi.encodeWithSelector(InvalidRules.selector, bytes32("class"), 64, 0, 63));
        vm.prank(owner);
        market.setClassTerms(64, someTerms(1));
        vm.prank(owner);
        market.setClassTerms(63, someTerms(1));
    }

    function test_setClassTerms_RevertWhen_RulesDoNotExist() public sound {
        vm.expectRevert(abi.encodeWithSelector(InvalidRules.selector, bytes32("rules"), 2, 0, 1));
        vm.prank(owner);
        market.setClassTerms(CLASS, someTerms(2));
    }

    /// @dev The smallest fee, less its base burn, must pay both bounties.
    function test_setClassTerms_RevertWhen_TheMinimumDoesNotCoverTheBounties() public sound {
        uint32 bounties = uint32((ASSIGN_BOUNTY + SETTLE_BOUNTY) / GWEI);
        uint32 minimum = uint32((uint256(bounties) * 10_000 + 8_999) / 9_000);
        uint256 left = (uint256(minimum - 1) * GWEI * 9_000) / 10_000;
        uint256 least = uint256(bounties) * GWEI;
        vm.expectRevert(
            abi.encodeWithSelector(InvalidRules.selector, bytes32("left of minimumFee"), left, least, type(uint256).max)
        );
        vm.prank(owner);
        market.setClassTerms(CLASS, ClassTerms(minimum - 1, 1, 1));
        vm.prank(owner);
        market.setClassTerms(CLASS, ClassTerms(minimum, 1, 1));
        Workload memory w = drawn(aRequest().withRunTime(RESPONSE).withFee(minimum * GWEI), one(seatOf[alice]));
        submitProof(w, seatOf[alice]);
        assertBooks();
    }

    function testFuzz_setClassTerms_WhatItAllowsCanAlwaysBeSettled(
        uint16 burnBps,
        uint32 assignBounty,
        uint32 settleBounty,
        uint32 minimum
    ) public sound {
        (assignBounty, settleBounty) = (_bounty(assignBounty), _bounty(settleBounty));
        Rules memory rules = someRules().withBaseBurn(uint16(bound(burnBps, 0, 2000))).withBounties(
            assignBounty,
            settleBounty
        );
        vm.prank(owner);
        uint16 number = uint16(market.addRules(rules));
        uint256 kept = uint256(minimum) * (10_000 - rules.baseBurnBps - COMMITTEE_BPS);
        if (minimum == 0 || kept < (uint256(assignBounty) + settleBounty) * 10_000) return;
        vm.prank(owner);
        market.setClassTerms(CLASS, ClassTerms(minimum, 0, number));
        Workload memory w = drawn(
            aRequest().withRunTime(RESPONSE).withFee(uint256(minimum) * GWEI),
            one(seatOf[alice])
        );
        submitProof(w, seatOf[alice]);
        assertEq(
            balanceOf(alice) + balanceOf(keeper) + burnOf(alice),
            uint256(minimum) * GWEI,
            "every wei of the smallest fee"
        );
    }

    /// @dev A request does not name its rules: what they can take of it at the worst is what a class's smallest fee can cover.
    function test_attack_NewTermsJustBeforeASubmissionTakeNoMoreThanTheirBounds() public sound {
        uint256 fee = 12 ether;
        uint32 mostMinimum = type(uint32).max;
        uint256 left = (uint256(mostMinimum) * GWEI * 7_000) / 10_000;
        uint32 bounties = uint32(left / GWEI / 1000) * 1000;
        Request memory request = aRequest().withFee(fee);
        uint256 worst = _addRules(bounties);
        uint256 beyond = _addRules(bounties + 1000);
        vm.startPrank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(
                InvalidRules.selector,
                bytes32("left of minimumFee"),
                left,
                (uint256(bounties) + 1000) * GWEI,
                type(uint256).max
            )
        );
        market.setClassTerms(CLASS, ClassTerms(mostMinimum, 1, uint16(beyond)));
        market.setClassTerms(CLASS, ClassTerms(mostMinimum, 1, uint16(worst)));
        vm.stopPrank();
        Workload memory w = drawn(request, one(seatOf[alice]));
        submitProof(w, seatOf[alice]);
        assertEq(balanceOf(keeper), uint256(bounties) * GWEI, "all bounties, to whoever assigned");
        assertEq(burnOf(alice), fee / 5, "burned");
        assertEq(balanceOf(alice), (fee * 4) / 5 - uint256(bounties) * GWEI, "what is left to the prover");
        assertLt(uint256(bounties) * GWEI, 3.01 ether, "bounties beside the largest shares");
    }

    /// @dev Rules at their bounds, with a bounty of assigning.
    function _addRules(uint32 assignBounty) private returns (uint256 number) {
        vm.prank(owner);
        return
            market.addRules(someRules().withBaseBurn(2000).withCommittee(1000, 1 hours).withBounties(assignBounty, 0));
    }

    /// @dev Invariant 13: nothing the owner can do stops a withdrawal.
    function test_owner_CannotStopWithdrawals() public sound {
        fund(alice, 1 ether);
        vm.startPrank(owner);
        market.setClassTerms(CLASS, ClassTerms(0, 0, 0));
        registry.admit(alice, false);
        core.renounceOwnership();
        registry.renounceOwnership();
        vm.stopPrank();
        vm.prank(alice);
        market.withdraw(alice, 1 ether);
        leaveSet(seatOf[alice]);
        warp(block.timestamp + COOLDOWN);
        vm.prank(alice);
        registry.withdraw(one(seatOf[alice]), alice);
        assertEq(token.balanceOf(alice), BOND + 1 ether, "everything");
    }

    function test_owner_ChangesInTwoSteps() public sound {
        vm.prank(owner);
        core.transferOwnership(alice);
        assertEq(core.owner(), owner, "not yet");
        vm.prank(alice);
        core.acceptOwnership();
        vm.prank(alice);
        assertEq(market.addRules(someRules()), 2, "the new owner's, in the extension too");
    }

    function _expectInvalid(Rules memory rules, bytes32 what, uint256 have, uint256 least, uint256 most) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidRules.selector, what, have, least, most));
        vm.prank(owner);
        market.addRules(rules);
    }
}
