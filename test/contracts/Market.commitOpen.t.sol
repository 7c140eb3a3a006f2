// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProverRegistryTypes} from "../../contracts/interfaces/IProverRegistry.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketCommitOpenTest is MarketFixture {
    using RequestBuilder for Request;

    function test_commitOpen_TakesNoSlotAway() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        uint160 commitment = commitmentOf(w, seatOf[bob], proofOf(seatOf[bob]));
        vm.expectEmit(address(market));
        emit Committed(w.id, seatOf[bob], OPEN_SLOT, 0, commitment);
        commitOpen(w, seatOf[bob]);
        commitOpen(w, seatOf[carol]);

        SlotView memory s = market.slotOf(w.id, seatOf[carol]);
        assertEq(uint256(s.state), uint256(SlotState.Committed), "state");
        assertEq(s.slot, OPEN_SLOT, "an open slot");
        assertEq(s.order, 1, "order");
        WorkloadState memory state = market.workloadOf(w.id);
        assertEq(state.commits, 2, "commits");
        assertEq(state.committedOwn, 0, "own");
        assertFalse(state.closedEarly, "a commit to an open slot closes nothing");
        assertEq(market.openSlots(w.id), 1, "still open");
    }

    // ─── When is a slot open ────────────────────────────────────────────────────────────────────────────────────────────────

    function test_commitOpen_UnansweredSlotOpensAfterTheResponseWindow() public sound {
        Workload memory w = drawnToAlice();
        warp(responseEnd(w) - 1);
        _expectNotOpen(w);
        warp(responseEnd(w));
        _expectNotOpen(w);
        warp(responseEnd(w) + 1);
        commitOpen(w, seatOf[bob]);
    }

    function test_commitOpen_AcceptedSlotOpensAtTheRescueSecond() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        warp(rescueAt(w) - 1);
        _expectNotOpen(w);
        warp(rescueAt(w));
        uint256 saved = snapshot();
        commitOpen(w, seatOf[bob]);
        restore(saved);
        warp(rescueAt(w) + 1);
        commitOpen(w, seatOf[bob]);
    }

    function testFuzz_commitOpen_RescueSecondIsTheRequesters(uint256 rescue, uint256 runTime) public sound {
        rescue = bound(rescue, 50, 100);
        runTime = bound(runTime, RESPONSE, 10_000);
        Workload memory w = drawn(aRequest().withRescue(rescue).withRunTime(runTime), one(seatOf[alice]));
        accept(w, seatOf[alice]);
        uint256 second = w.startedAt + (runTime * rescue) / 100;
        warp(second - 1);
        assertEq(market.openSlots(w.id), 0, "before");
        warp(second);
        assertEq(market.openSlots(w.id), 1, "from then on");
    }

    function test_commitOpen_CommittedSlotNeverOpens() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        accept(w, seatOf[bob]);
        warp(rescueAt(w) - 1);
        assertEq(market.openSlots(w.id), 0, "nothing is open");
        warp(rescueAt(w));
        assertEq(market.openSlots(w.id), 1, "only Bob's");
    }

    function test_commitOpen_UndrawnSlotIsOpenFromTheStart() public sound {
        // Six slots for five operators: the sixth has nobody.
        Workload memory w = submit(aRequest().withSlots(6));
        beacon.publish(uint32(w.round), bytes32("any"));
        assign(w);
        assertEq(market.openSlots(w.id), 1, "open");
        assertEq(market.workloadOf(w.id).vacated, 1, "vacated");
    }

    function test_commitOpen_FailedSlotOpensAtOnceAgain() public sound {
        Workload memory w = drawnToAlice();
        accept(w, seatOf[alice]);
        _expectNotOpen(w);
        fail(w, seatOf[alice], FailReason.OutOfTime);
        commitOpen(w, seatOf[bob]);
    }

    function test_commitOpen_IsPossibleUntilTheDeadlineAndNotLater() public sound {
        Workload memory w = drawnToAlice();
        warp(deadlineOf(w) + 1);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, deadlineOf(w)));
        commitOpen(w, seatOf[bob]);
        warp(deadlineOf(w));
        commitOpen(w, seatOf[bob]);
        warp(deadlineOf(w) - 1);
        commitOpen(w, seatOf[carol]);
    }

    // ─── Who may ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_commitOpen_RevertWhen_SameOperatorAgain() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        uint256 second = stake(bob, 1, 0);
        commitOpen(w, seatOf[bob]);
        vm.expectRevert(abi.encodeWithSelector(AlreadyCommitted.selector, bob));
        commitOpen(w, second);
    }

    function test_commitOpen_RevertWhen_SeatHasASlotOfTheWorkload() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        warp(rescueAt(w));
        vm.expectRevert(abi.encodeWithSelector(SeatNotEligible.selector, seatOf[alice]));
        commitOpen(w, seatOf[alice]);
    }

    function test_commitOpen_RevertWhen_SeatFailedInTheWorkload() public sound {
        Workload memory w = drawnToAlice();
        fail(w, seatOf[alice], FailReason.OutOfTime);
        vm.expectRevert(abi.encodeWithSelector(SeatNotEligible.selector, seatOf[alice]));
        commitOpen(w, seatOf[alice]);
    }

    function test_commitOpen_RevertWhen_SeatIsAtWork() public sound {
        drawn(aRequest(), one(seatOf[bob]));
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(SeatNotEligible.selector, seatOf[bob]));
        commitOpen(w, seatOf[bob]);
    }

    function test_commitOpen_RevertWhen_SeatIsLeaving() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        leaveSet(seatOf[bob]);
        vm.expectRevert(abi.encodeWithSelector(SeatNotEligible.selector, seatOf[bob]));
        commitOpen(w, seatOf[bob]);
    }

    function test_commitOpen_RevertWhen_ClassDiffers() public sound {
        vm.prank(owner);
        registry.setClassBond(
            2,
            IProverRegistryTypes.ClassBond({bond: 1 ether, slashBps: 0, bountyBps: 0, declineQuota: 0})
        );
        token.transfer(bob, 1 ether);
        vm.prank(bob);
        token.approve(address(registry), 1 ether);
        vm.prank(bob);
        uint256 other = registry.stake(2, 1, 0);
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(SeatNotEligible.selector, other));
        vm.prank(bob);
        market.commitOpen(w.spec, other, 1);
    }

    function test_commitOpen_RevertWhen_NotTheOperator() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(NotOperator.selector, seatOf[bob], carol, bob));
        vm.prank(carol);
        market.commitOpen(w.spec, seatOf[bob], 1);
    }

    function test_commitOpen_RevertWhen_SeatDoesNotExist() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(NotOperator.selector, 99, bob, address(0)));
        vm.prank(bob);
        market.commitOpen(w.spec, 99, 1);
    }

    function test_commitOpen_RevertWhen_Closed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, block.timestamp));
        commitOpen(w, seatOf[bob]);
    }

    function test_commitOpen_RevertWhen_NotDrawnYet() public sound {
        Workload memory w = submit(aRequest());
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, w.id, Phase.Pending, Phase.Proving));
        commitOpen(w, seatOf[bob]);
    }

    // ─── Room ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_commitOpen_KeepsRoomForTheSlotsOwnSeats() public sound {
        stakeMany(30);
        Workload memory w = drawn(aRequest().withSlots(2), pair(seatOf[alice], seatOf[bob]));
        warp(rescueAt(w));
        // 31 commits fit the word; two of them are kept for Alice and Bob.
        for (uint256 seat = 6; seat < 6 + 29; ++seat) commitOpenJunk(w, seat);
        vm.expectRevert(abi.encodeWithSelector(TooManyCommits.selector, 32, 31));
        commitOpen(w, seatOf[carol]);
        commit(w, seatOf[alice]);
        vm.expectRevert(abi.encodeWithSelector(TooManyCommits.selector, 32, 31));
        commitOpen(w, seatOf[carol]);
        commit(w, seatOf[bob]);
        WorkloadState memory state = market.workloadOf(w.id);
        assertEq(state.commits, 31, "commits");
        assertFalse(state.closedEarly, "what was open is not closed by commits");
        vm.expectRevert(abi.encodeWithSelector(TooManyCommits.selector, 32, 31));
        commitOpen(w, seatOf[carol]);
        assertEq(market.slotOf(w.id, seatOf[bob]).order, 30, "the last order fits its field");

        // The junk took nobody's money.
        toReveals(w);
        reveal(w, seatOf[bob]);
        reveal(w, seatOf[alice]);
        toRevealsOver(w);
        settle(w, pair(seatOf[bob], seatOf[alice]));
        assertEq(balanceOf(alice), shareOf(potOf(FEE), 1, 2), "Alice committed first");
        assertEq(balanceOf(bob), shareOf(potOf(FEE), 2, 2), "Bob second");
    }

    function test_commitOpen_JunkCannotPreventTheFill() public sound {
        Workload memory w = drawnToAlice();
        decline(w, seatOf[alice]);
        commitOpenJunk(w, seatOf[bob]);
        commitOpenJunk(w, seatOf[carol]);
        commitOpen(w, seatOf[dave]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        revealJunk(w, seatOf[bob]);
        reveal(w, seatOf[dave]);
        toRevealsOver(w);
        settle(w, three(seatOf[bob], seatOf[carol], seatOf[dave]));
        assertOutcome(w, Outcome.Proven);
        assertEq(balanceOf(dave), potOf(FEE), "the first valid commit takes the slot");
        assertEq(balanceOf(bob) + balanceOf(carol), 0, "junk earns nothing");
    }

    function _expectNotOpen(Workload memory w) private {
        assertEq(market.openSlots(w.id), 0, "open slots");
        vm.expectRevert(NoOpenSlot.selector);
        commitOpen(w, seatOf[bob]);
    }
}
