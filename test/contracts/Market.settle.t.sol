// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketSettleTest is MarketFixture {
    using RequestBuilder for Request;

    // ─── When ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_settle_RevertWhen_CommitsAreOpen() public sound {
        Workload memory w = drawnToAlice();
        warp(deadlineOf(w));
        vm.expectRevert(abi.encodeWithSelector(TooEarly.selector, block.timestamp, deadlineOf(w) + 1));
        settle(w, none());
        warp(deadlineOf(w) + 1);
        settle(w, none());
        assertOutcome(w, Outcome.Unserved);
    }

    function test_settle_RevertWhen_ACommitMayStillBeRevealed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        uint256 until = block.timestamp + REVEAL_DELAY + REVEAL_WINDOW;
        toReveals(w);
        reveal(w, seatOf[alice]);
        for (uint256 second = until - 1; second <= until; ++second) {
            warp(second);
            vm.expectRevert(abi.encodeWithSelector(TooEarly.selector, block.timestamp, until + 1));
            settle(w, one(seatOf[alice]));
        }
        warp(until + 1);
        settle(w, one(seatOf[alice]));
        assertOutcome(w, Outcome.Proven);
    }

    function test_settle_AtOnceWhenAllIsRevealed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        commitJunk(w, seatOf[bob]);
        toReveals(w);
        reveal(w, seatOf[alice]);
        revealJunk(w, seatOf[bob]);
        settle(w, one(seatOf[alice]));
        assertOutcome(w, Outcome.Proven);
    }

    function test_settle_RevertWhen_Unknown() public sound {
        Workload memory w = submit(aRequest());
        w.spec.inputs = bytes32("other");
        bytes32 id = market.idOf(w.spec);
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, id, Phase.None, Phase.Proving));
        settle(w, none());
    }

    function test_settle_RevertWhen_Twice() public sound {
        Workload memory w = drawnToAlice();
        warp(deadlineOf(w) + 1);
        settle(w, none());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Final, Phase.Proving));
        settle(w, none());
    }

    function test_settle_RevertWhen_PaidAtOnceAlready() public sound {
        Workload memory w = drawnToAlice();
        submitProof(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Final, Phase.Proving));
        settle(w, one(seatOf[alice]));
    }

    // ─── Never drawn ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_settle_UndrawnWorkloadIsRefundedAfterTheAssignWindow() public sound {
        Workload memory w = submit(aRequest());
        uint256 over = registry.genesis() + (w.epoch + 3) * EPOCH;
        warp(over - 1);
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Pending, Phase.Proving));
        settle(w, none());
        warp(over);
        vm.expectEmit(address(market));
        emit Finished(w.id, Outcome.Unserved, 0, FEE - SETTLE_BOUNTY, 0);
        settle(w, none());
        assertOutcome(w, Outcome.Unserved);
        assertEq(balanceOf(requester), 1000 ether - SETTLE_BOUNTY, "refund");
        assertEq(balanceOf(keeper), SETTLE_BOUNTY, "bounty");
    }

    // ─── Whom ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _provenByBoth() private returns (Workload memory w) {
        w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        toReveals(w);
        reveal(w, seatOf[alice]);
        reveal(w, seatOf[bob]);
    }

    function test_settle_RevertWhen_AValidSeatIsMissing() public sound {
        Workload memory w = _provenByBoth();
        vm.expectRevert(abi.encodeWithSelector(ClaimsIncomplete.selector, 1, 2));
        settle(w, one(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(ClaimsIncomplete.selector, 0, 2));
        settle(w, none());
    }

    function test_settle_NamingASeatTwicePaysItOnce() public sound {
        Workload memory w = _provenByBoth();
        vm.expectRevert(abi.encodeWithSelector(ClaimsIncomplete.selector, 1, 2));
        settle(w, pair(seatOf[alice], seatOf[alice]));
        settle(w, three(seatOf[alice], seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(alice), shareOf(potOf(FEE), 1, 2), "once");
        assertEq(balanceOf(bob), shareOf(potOf(FEE), 2, 2), "rank 2 is Bob's");
    }

    /// @dev Whoever frees its seat just before must not be able to block the end.
    function test_settle_PassesOverSeatsWithoutASlot() public sound {
        Workload memory w = _provenByBoth();
        drawn(aRequest(), one(seatOf[dave]));
        uint256[] memory seats = new uint256[](4);
        (seats[0], seats[1], seats[2], seats[3]) = (seatOf[carol], seatOf[alice], seatOf[dave], seatOf[bob]);
        settle(w, seats);
        assertEq(balanceOf(carol) + balanceOf(dave), 0, "nothing for who has no slot");
        assertTrue(core.isHeld(seatOf[dave]), "the other workload's slot stays");
    }

    function test_settle_TheOrderOfTheListDoesNotMatter() public sound {
        Workload memory w = _provenByBoth();
        vm.expectEmit(address(market));
        emit SlotSettled(w.id, seatOf[alice], 1, shareOf(potOf(FEE), 1, 2));
        vm.expectEmit(address(market));
        emit SlotSettled(w.id, seatOf[bob], 2, shareOf(potOf(FEE), 2, 2));
        settle(w, pair(seatOf[bob], seatOf[alice]));
    }

    // ─── Every outcome ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_settle_Proven() public sound {
        Workload memory w = _provenByBoth();
        uint256 paid = shareOf(potOf(FEE), 1, 2) + shareOf(potOf(FEE), 2, 2);
        vm.expectEmit(address(market));
        emit Finished(w.id, Outcome.Proven, paid, 0, FEE - ASSIGN_BOUNTY - SETTLE_BOUNTY - paid);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertEq(balanceOf(keeper), ASSIGN_BOUNTY + SETTLE_BOUNTY, "bounties");
        assertEq(burnOf(keeper), FEE - ASSIGN_BOUNTY - SETTLE_BOUNTY - paid, "base burn and the rounding remainder");
        assertEq(market.workloadOf(w.id).fee, 0, "nothing is held any more");
        assertFalse(market.workloadOf(w.id).dutyEnded, "who never answered still has to");
    }

    function test_settle_Unserved() public sound {
        Workload memory w = drawnToAliceAndBob();
        decline(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        vm.expectEmit(address(market));
        emit Finished(w.id, Outcome.Unserved, 0, potOf(FEE), baseBurnOf(FEE));
        settle(w, none());
        assertEq(
            balanceOf(requester),
            1000 ether - baseBurnOf(FEE) - ASSIGN_BOUNTY - SETTLE_BOUNTY,
            "the network's own absence is not charged"
        );
        assertSlot(w, seatOf[bob], SlotState.Assigned);
    }

    function test_settle_TimedOut() public sound {
        Workload memory w = drawnToAliceAndBob();
        accept(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        _expectAllBurned(w, Outcome.TimedOut);
    }

    function test_settle_TimedOutByFails() public sound {
        Workload memory w = drawnToAlice();
        fail(w, seatOf[alice], FailReason.OutOfTime);
        warp(deadlineOf(w) + 1);
        _expectAllBurned(w, Outcome.TimedOut);
    }

    function test_settle_ProgramFailed() public sound {
        Workload memory w = drawnToAliceAndBob();
        fail(w, seatOf[alice], FailReason.ProgramFailed);
        warp(deadlineOf(w) + 1);
        _expectAllBurned(w, Outcome.ProgramFailed);
    }

    function test_settle_InputsUnavailable() public sound {
        Workload memory w = drawnToAliceAndBob();
        fail(w, seatOf[alice], FailReason.InputsUnavailable);
        fail(w, seatOf[bob], FailReason.InputsUnavailable);
        warp(deadlineOf(w) + 1);
        _expectAllBurned(w, Outcome.InputsUnavailable);
    }

    function test_settle_InvalidProof() public sound {
        Workload memory w = drawnToAliceAndBob();
        commitJunk(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        toReveals(w);
        revealJunk(w, seatOf[alice]);
        toRevealsOver(w);
        _expectAllBurned(w, Outcome.InvalidProof);
    }

    function test_settle_NotRevealed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        accept(w, seatOf[bob]);
        warp(deadlineOf(w) + REVEAL_DELAY + REVEAL_WINDOW + 1);
        _expectAllBurned(w, Outcome.NotRevealed);
    }

    function _expectAllBurned(Workload memory w, Outcome outcome) private {
        uint256 burned = FEE - ASSIGN_BOUNTY - SETTLE_BOUNTY;
        vm.expectEmit(address(market));
        emit Finished(w.id, outcome, 0, 0, burned);
        settle(w, none());
        assertOutcome(w, outcome);
        assertEq(burnOf(keeper), burned, "burned");
        assertEq(balanceOf(requester), 1000 ether - FEE, "no refund");
    }

    // ─── Seats of a settled workload ────────────────────────────────────────────────────────────────────────────────────────

    function test_settle_FreesAndCountsMissesOfTheListed() public sound {
        uint256[] memory seats = three(seatOf[alice], seatOf[bob], seatOf[carol]);
        Workload memory w = drawn(aRequest().withSlots(3), seats);
        commit(w, seats[0]);
        accept(w, seats[1]);
        warp(deadlineOf(w) + REVEAL_DELAY + REVEAL_WINDOW + 1);
        vm.expectEmit(address(market));
        emit Missed(w.id, seats[0], 1);
        vm.expectEmit(address(market));
        emit Missed(w.id, seats[1], 1);
        settle(w, seats);
        assertSlot(w, seats[0], SlotState.Free);
        assertSlot(w, seats[1], SlotState.Free);
        assertSlot(w, seats[2], SlotState.Assigned);
    }

    function test_settle_LateAcceptOfAnUnservedWorkloadIsAMiss() public sound {
        Workload memory w = drawnToAlice();
        warp(responseEnd(w) + 1);
        accept(w, seatOf[alice]);
        warp(deadlineOf(w) + 1);
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[alice], 1);
        settle(w, one(seatOf[alice]));
        assertOutcome(w, Outcome.Unserved);
    }
}
