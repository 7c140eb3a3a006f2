// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProverRegistryEvents, IProverRegistryTypes} from "../../contracts/interfaces/IProverRegistry.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketSlashTest is MarketFixture {
    using RequestBuilder for Request;

    function test_slash_TakesPartOfASilentSeatsBond() public sound {
        Workload memory w = drawnToAlice();
        toSilence(w);
        vm.expectEmit(address(market));
        emit Silent(w.id, seatOf[alice], keeper);
        vm.expectEmit(address(registry));
        emit IProverRegistryEvents.Slashed(seatOf[alice], alice, SLASH, keeper, SLASH_BOUNTY);
        slash(w, one(seatOf[alice]));

        assertEq(registry.seatOf(seatOf[alice]).bond, BOND - SLASH, "bond");
        assertSeat(seatOf[alice], IProverRegistryTypes.SeatStatus.Inactive);
        assertFalse(core.isHeld(seatOf[alice]), "free");
        (uint256 bounty, uint256 burn) = registry.reports(keeper);
        assertEq(bounty, SLASH_BOUNTY, "bounty");
        assertEq(burn, SLASH - SLASH_BOUNTY, "the rest burns");
    }

    function test_slash_OnlyAfterTheSilenceWindow() public sound {
        Workload memory w = drawnToAlice();
        uint256 silentAt = w.startedAt + SILENCE;
        for (uint256 second = silentAt - 1; second <= silentAt; ++second) {
            warp(second);
            vm.expectRevert(abi.encodeWithSelector(TooEarly.selector, block.timestamp, silentAt + 1));
            slash(w, one(seatOf[alice]));
        }
        warp(silentAt + 1);
        slash(w, one(seatOf[alice]));
    }

    function test_slash_AlsoAfterTheWorkloadIsSettled() public sound {
        Workload memory w = drawnToAliceAndBob();
        warp(deadlineOf(w) + 1);
        settle(w, none());
        toSilence(w);
        slash(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(registry.seatOf(seatOf[bob]).bond, BOND - SLASH, "bond");
    }

    function test_slash_SelfReportPaysNothing() public sound {
        Workload memory w = drawnToAlice();
        toSilence(w);
        vm.expectEmit(address(registry));
        emit IProverRegistryEvents.Slashed(seatOf[alice], alice, SLASH, alice, 0);
        vm.prank(alice);
        market.slash(w.spec, one(seatOf[alice]));
        (uint256 bounty, uint256 burn) = registry.reports(alice);
        assertEq(bounty, 0, "no bounty");
        assertEq(burn, SLASH, "all burns");
    }

    /// @dev Attack: report oneself through another account. It brings back a tenth of what it costs.
    function test_slash_SelfReportThroughAFriendStillCosts() public sound {
        Workload memory w = drawnToAlice();
        toSilence(w);
        vm.prank(bob);
        market.slash(w.spec, one(seatOf[alice]));
        (uint256 bounty, ) = registry.reports(bob);
        assertLe(bounty * 10, SLASH, "at most a tenth of the slash");
    }

    function test_slash_LeavingDodgesNothing() public sound {
        Workload memory w = submit(aRequest());
        leaveSet(seatOf[alice]);
        assignTo(w, one(seatOf[alice]));
        assertSlot(w, seatOf[alice], SlotState.Assigned);
        toSilence(w);
        slash(w, one(seatOf[alice]));
        assertEq(registry.seatOf(seatOf[alice]).bond, BOND - SLASH, "bond");
        assertSeat(seatOf[alice], IProverRegistryTypes.SeatStatus.Leaving);
    }

    // ─── Who answered is never slashed ──────────────────────────────────────────────────────────────────────────────────────

    function test_slash_RevertWhen_Accepted() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        _expectNotSilent(w);
    }

    function test_slash_RevertWhen_AcceptedLate() public sound {
        Workload memory w = drawnToAlice();
        warp(deadlineOf(w));
        accept(w, seatOf[alice]);
        _expectNotSilent(w);
    }

    function test_slash_RevertWhen_Declined() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        _expectNotSilent(w);
    }

    function test_slash_RevertWhen_Failed() public sound {
        Workload memory w = drawnToAlice();
        warp(w.startedAt + SILENCE);
        fail(w, seatOf[alice], FailReason.OutOfTime);
        _expectNotSilent(w);
    }

    function test_slash_RevertWhen_CommittedJunkAndNeverRevealed() public sound {
        Workload memory w = drawnToAlice();
        warp(responseEnd(w) + 1);
        commitJunk(w, seatOf[alice]);
        _expectNotSilent(w);
        settle(w, none());
        _expectNotSilent(w);
    }

    function test_slash_RevertWhen_Proven() public sound {
        Workload memory w = drawnToAlice();
        submitProof(w, seatOf[alice]);
        _expectNotSilent(w);
    }

    function test_slash_RevertWhen_NeverDrawn() public sound {
        Workload memory w = drawnToAlice();
        toSilence(w);
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[bob]));
        slash(w, one(seatOf[bob]));
    }

    function test_slash_RevertWhen_Cancelled() public sound {
        Workload memory w = drawnToAlice();
        cancel(w, none());
        warp(w.startedAt + CANCEL_DELAY + 1);
        cancel(w, none());
        _expectNotSilent(w);
    }

    function test_slash_RevertWhen_NotDrawnYet() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Pending, Phase.Proving));
        slash(w, one(seatOf[alice]));
    }

    // ─── Once ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_slash_RevertWhen_Twice() public sound {
        Workload memory w = drawnToAlice();
        toSilence(w);
        slash(w, one(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[alice]));
        slash(w, one(seatOf[alice]));
        warp(block.timestamp + 1);
        settle(w, none());
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[alice]));
        slash(w, one(seatOf[alice]));
    }

    function test_slash_RevertWhen_ASeatIsThereTwice() public sound {
        Workload memory w = drawnToAlice();
        toSilence(w);
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[alice]));
        slash(w, pair(seatOf[alice], seatOf[alice]));
    }

    function test_slash_AnswersAfterItRevert() public sound {
        Workload memory w = drawnToAlice();
        toSilence(w);
        slash(w, one(seatOf[alice]));
        bytes memory gone = abi.encodeWithSelector(SeatNotInWorkload.selector, w.id, seatOf[alice]);
        vm.expectRevert(gone);
        decline(w, seatOf[alice]);
        vm.expectRevert(gone);
        fail(w, seatOf[alice], FailReason.OutOfTime);
    }

    /// @dev Attack: take the bond out while silent. The seat is held until it answers or is slashed.
    function test_slash_BondCannotLeaveBefore() public sound {
        Workload memory w = drawnToAlice();
        leaveSet(seatOf[alice]);
        warp(block.timestamp + COOLDOWN);
        vm.expectRevert(abi.encodeWithSignature("SeatHeld(uint256)", seatOf[alice]));
        vm.prank(alice);
        registry.withdraw(one(seatOf[alice]), alice);
        slash(w, one(seatOf[alice]));
        vm.prank(alice);
        registry.withdraw(one(seatOf[alice]), alice);
        assertEq(token.balanceOf(alice), BOND - SLASH, "what is left");
    }

    function testFuzz_slash_NeverTakesMoreThanTheBond(uint16 slashBps, uint16 bountyBps, uint96 newBond) public sound {
        Workload memory w = drawnToAlice();
        IProverRegistryTypes.ClassBond memory params = IProverRegistryTypes.ClassBond({
            bond: uint96(bound(newBond, 1, type(uint96).max)),
            slashBps: uint16(bound(slashBps, 0, 5000)),
            bountyBps: uint16(bound(bountyBps, 0, 1000)),
            declineQuota: 0
        });
        vm.prank(owner);
        registry.setClassBond(CLASS, params);
        // Long enough for the new terms to count: whatever they are, the books hold.
        warp(block.timestamp + COOLDOWN);
        slash(w, one(seatOf[alice]));
        (uint256 bounty, uint256 burn) = registry.reports(keeper);
        assertEq(registry.seatOf(seatOf[alice]).bond + bounty + burn, BOND, "nothing is lost or made");
        assertLe(bounty * 10, bounty + burn, "bounty at most a tenth");
    }

    function _expectNotSilent(Workload memory w) private {
        toSilence(w);
        vm.expectRevert(abi.encodeWithSelector(NotSilent.selector, seatOf[alice]));
        slash(w, one(seatOf[alice]));
    }
}
