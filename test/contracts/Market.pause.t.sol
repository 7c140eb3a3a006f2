// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketPauseTest is MarketFixture {
    using RequestBuilder for Request;

    address private guardian = account("guardian");

    function setUp() public override {
        super.setUp();
        vm.prank(owner);
        market.setGuardian(guardian);
        vm.prank(guardian);
        market.acceptGuardian();
    }

    function test_pauseSubmissions_StopsNewOnesOfTheClassAlone() public sound {
        uint256 until = block.timestamp + 1 hours;
        vm.expectEmit(address(market));
        emit PauseSet(CLASS, until);
        _pause(1 hours);
        Request memory request = aRequest();
        vm.expectRevert(abi.encodeWithSelector(SubmissionsPaused.selector, CLASS, block.timestamp, until));
        vm.prank(requester);
        market.submit(request);
        assertEq(market.classTermsOf(CLASS).rules, 1, "the terms are what they were");
        Program memory other = aProgram(verifier, false);
        other.class = 2;
        bytes32 id = market.deployProgram(other, "");
        vm.prank(owner);
        market.setClassTerms(2, someTerms(1));
        submit(request.withProgram(id));
    }

    function test_pauseSubmissions_EndsByItself() public sound {
        _pause(1 hours);
        warp(block.timestamp + 1 hours);
        Request memory request = aRequest();
        vm.expectRevert(abi.encodeWithSelector(SubmissionsPaused.selector, CLASS, block.timestamp, block.timestamp));
        vm.prank(requester);
        market.submit(request);
        warp(block.timestamp + 1);
        Workload memory w = submit(request);
        assertEq(uint16(w.spec.terms >> 128), 1, "under the rules in force, not a number with the pause in it");
        assignTo(w, one(seatOf[alice]));
        submitProof(w, seatOf[alice]);
    }

    function test_pauseSubmissions_LeavesLiveWorkloadsAndMoneyAlone() public sound {
        Workload memory w = drawnToAlice();
        _pause(3 days);
        accept(w, seatOf[alice]);
        submitProof(w, seatOf[alice]);
        assertPhase(w, Phase.Final);
        uint256 earned = balanceOf(alice);
        vm.prank(alice);
        market.withdraw(alice, earned);
        leaveSet(seatOf[alice]);
        warp(block.timestamp + COOLDOWN);
        vm.prank(alice);
        registry.withdraw(one(seatOf[alice]), alice);
        assertEq(token.balanceOf(alice), earned + BOND, "all of it");
    }

    function test_liftPause_ByTheGuardianAtOnceByAnyoneAfterwards() public sound {
        _pause(1 hours);
        vm.expectRevert(abi.encodeWithSelector(NotGuardian.selector, keeper, guardian));
        vm.prank(keeper);
        market.liftPause(CLASS);
        vm.prank(guardian);
        market.liftPause(CLASS);
        submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(NotPaused.selector, CLASS));
        market.liftPause(CLASS);
        warp(block.timestamp + 7 days + 1);
        _pause(1 hours);
        warp(block.timestamp + 1 hours + 1);
        vm.expectEmit(address(market));
        emit PauseSet(CLASS, 0);
        vm.prank(keeper);
        market.liftPause(CLASS);
    }

    /// @dev Attack: a guardian strings pauses together, and so holds the market for ever.
    function test_pauseSubmissions_RevertWhen_StrungTogether() public sound {
        uint256 from = block.timestamp + 3 days + 7 days + 1;
        _pause(3 days);
        vm.expectRevert(abi.encodeWithSelector(PausedTooRecently.selector, CLASS, block.timestamp, from));
        _pause(3 days);
        warp(from - 1);
        market.liftPause(CLASS);
        vm.expectRevert(abi.encodeWithSelector(PausedTooRecently.selector, CLASS, block.timestamp, from));
        _pause(3 days);
        warp(from);
        _pause(3 days);
    }

    /// @dev Attack: lifting and pausing again gets around neither the gap nor the limit.
    function test_pauseSubmissions_RevertWhen_LiftedAndSetAgain() public sound {
        _pause(3 days);
        uint256 from = block.timestamp + 1 days + 7 days;
        warp(block.timestamp + 1 days);
        vm.prank(guardian);
        market.liftPause(CLASS);
        vm.expectRevert(abi.encodeWithSelector(PausedTooRecently.selector, CLASS, block.timestamp, from));
        _pause(1);
        warp(from);
        _pause(1);
    }

    function test_pauseSubmissions_RevertWhen_OutOfBounds() public sound {
        vm.expectRevert(abi.encodeWithSelector(InvalidRules.selector, bytes32("duration"), 3 days + 1, 1, 3 days));
        _pause(3 days + 1);
        vm.expectRevert(abi.encodeWithSelector(InvalidRules.selector, bytes32("duration"), 0, 1, 3 days));
        _pause(0);
        vm.expectRevert(abi.encodeWithSelector(InvalidRules.selector, bytes32("class"), 64, 0, 63));
        vm.prank(guardian);
        market.pauseSubmissions(64, 1);
    }

    function test_setClassTerms_EndsNoPause() public sound {
        _pause(1 hours);
        vm.prank(owner);
        market.setClassTerms(CLASS, someTerms(1));
        Request memory request = aRequest();
        vm.expectRevert(
            abi.encodeWithSelector(SubmissionsPaused.selector, CLASS, block.timestamp, block.timestamp + 1 hours)
        );
        vm.prank(requester);
        market.submit(request);
    }

    function test_guardian_IsNamedByTheOwnerAndHasNoOtherRight() public sound {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        vm.prank(guardian);
        market.setGuardian(guardian);
        vm.expectRevert(abi.encodeWithSelector(NotGuardian.selector, owner, guardian));
        vm.prank(owner);
        market.pauseSubmissions(CLASS, 1);
        vm.expectEmit(address(market));
        emit GuardianSet(address(0));
        vm.prank(owner);
        market.setGuardian(address(0));
        vm.expectRevert(abi.encodeWithSelector(NotGuardian.selector, guardian, address(0)));
        _pause(1);
    }

    /// @dev A mistyped account never accepts; until the right one does, the old guardian keeps its right.
    function test_setGuardian_OnlyOffersIt() public sound {
        address next = account("next guardian");
        vm.expectEmit(address(market));
        emit GuardianOffered(next);
        vm.prank(owner);
        market.setGuardian(next);
        vm.expectRevert(abi.encodeWithSelector(NotPendingGuardian.selector, keeper, next));
        vm.prank(keeper);
        market.acceptGuardian();
        vm.expectRevert(abi.encodeWithSelector(NotGuardian.selector, next, guardian));
        vm.prank(next);
        market.pauseSubmissions(CLASS, 1);
        _pause(1);
        vm.expectEmit(address(market));
        emit GuardianSet(next);
        vm.prank(next);
        market.acceptGuardian();
        vm.expectRevert(abi.encodeWithSelector(NotPendingGuardian.selector, next, address(0)));
        vm.prank(next);
        market.acceptGuardian();
        warp(block.timestamp + 8 days);
        vm.expectRevert(abi.encodeWithSelector(NotGuardian.selector, guardian, next));
        _pause(1);
        vm.prank(next);
        market.pauseSubmissions(CLASS, 1);
    }

    /// @dev The owner takes back an offer by making another, or none.
    function test_acceptGuardian_RevertWhen_TheOfferWasTakenBack() public sound {
        vm.prank(owner);
        market.setGuardian(keeper);
        vm.prank(owner);
        market.setGuardian(address(0));
        vm.expectRevert(abi.encodeWithSelector(NotPendingGuardian.selector, keeper, address(0)));
        vm.prank(keeper);
        market.acceptGuardian();
    }

    function _pause(uint256 duration) private {
        vm.prank(guardian);
        market.pauseSubmissions(CLASS, duration);
    }
}
