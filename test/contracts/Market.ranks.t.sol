// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

/// @notice Who gets which rank, and what a rank earns.
contract MarketRanksTest is MarketFixture {
    using RequestBuilder for Request;

    function test_rank_OwnSlotsComeBeforeOpenOnes() public sound {
        Workload memory w = drawnToAliceAndBob();
        warp(rescueAt(w));
        commitOpen(w, seatOf[carol]);
        commit(w, seatOf[bob]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        reveal(w, seatOf[carol]);
        reveal(w, seatOf[bob]);
        settle(w, pair(seatOf[carol], seatOf[bob]));
        assertEq(balanceOf(bob), shareOf(potOf(FEE), 1, 2), "Bob's own slot, though Carol committed first");
        assertEq(balanceOf(carol), shareOf(potOf(FEE), 2, 2), "Carol fills Alice's");
    }

    function test_rank_OpenSlotsGoToTheFirstValidCommits() public sound {
        Workload memory w = drawnToAliceAndBob();
        warp(rescueAt(w));
        commitOpenJunk(w, seatOf[carol]);
        commitOpen(w, seatOf[dave]);
        commitOpen(w, seatOf[erin]);
        commit(w, seatOf[alice]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        revealJunk(w, seatOf[carol]);
        reveal(w, seatOf[erin]);
        reveal(w, seatOf[dave]);
        reveal(w, seatOf[alice]);
        uint256[] memory seats = three(seatOf[erin], seatOf[dave], seatOf[alice]);
        vm.expectEmit(address(market));
        emit SlotSettled(w.id, seatOf[alice], 1, shareOf(potOf(FEE), 1, 2));
        vm.expectEmit(address(market));
        emit SlotSettled(w.id, seatOf[dave], 2, shareOf(potOf(FEE), 2, 2));
        vm.expectEmit(address(market));
        emit SlotSettled(w.id, seatOf[erin], 0, 0);
        settle(w, seats);
        assertEq(balanceOf(erin), 0, "valid, but no slot was left");
    }

    function test_rank_AnOperatorWithAnOwnRankGetsNoOpenOne() public sound {
        uint256 second = stake(alice, 1, 0);
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        warp(rescueAt(w));
        commitOpen(w, second);
        commitOpen(w, seatOf[carol]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        reveal(w, seatOf[alice]);
        reveal(w, second);
        reveal(w, seatOf[carol]);
        settle(w, three(second, seatOf[carol], seatOf[alice]));
        assertEq(balanceOf(alice), shareOf(potOf(FEE), 1, 2), "one rank");
        assertEq(balanceOf(carol), shareOf(potOf(FEE), 2, 2), "the next operator takes the open one");
    }

    function test_rank_AnOperatorWhoseOwnProofFailedMayWinAnOpenSlot() public sound {
        uint256 second = stake(alice, 1, 0);
        Workload memory w = drawnToAliceAndBob();
        commitJunk(w, seatOf[alice]);
        warp(rescueAt(w));
        commitOpen(w, second);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        revealJunk(w, seatOf[alice]);
        reveal(w, second);
        settle(w, pair(second, seatOf[alice]));
        assertEq(balanceOf(alice), shareOf(potOf(FEE), 1, 2), "one rank");
    }

    function test_rank_AnOperatorDrawnTwiceEarnsTwice() public sound {
        // All seats of the class are Alice's, so both slots fall to her.
        uint256 second = stake(alice, 1, 0);
        for (uint256 seat = 2; seat <= 5; ++seat) leaveSet(seat);
        nextEpoch();
        Workload memory w = drawn(aRequest().withSlots(2), pair(seatOf[alice], second));
        commit(w, second);
        commit(w, seatOf[alice]);
        toReveals(w);
        reveal(w, second);
        reveal(w, seatOf[alice]);
        settle(w, pair(seatOf[alice], second));
        assertEq(balanceOf(alice), shareOf(potOf(FEE), 1, 2) + shareOf(potOf(FEE), 2, 2), "both ranks");
    }

    function test_rank_SharesOfUnfilledRanksBurn() public sound {
        uint256[] memory seats = three(seatOf[alice], seatOf[bob], seatOf[carol]);
        Workload memory w = drawn(aRequest().withSlots(3), seats);
        commit(w, seatOf[bob]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        reveal(w, seatOf[bob]);
        settle(w, seats);
        uint256 first = shareOf(potOf(FEE), 1, 3);
        assertEq(balanceOf(bob), first, "rank 1 of 3, not the whole pot");
        assertEq(burnOf(keeper), FEE - ASSIGN_BOUNTY - SETTLE_BOUNTY - first, "the rest burns");
        assertEq(balanceOf(requester), 1000 ether - FEE, "no refund");
    }

    /// @dev Any redundancy, any fee, any order of commits, any subset of reveals.
    function testFuzz_rank_SharesFallAndNeverExceedThePot(
        uint256 slots,
        uint256 fee,
        uint256 order,
        uint256 revealed
    ) public sound {
        slots = bound(slots, 1, 8);
        fee = bound(fee, MINIMUM_RATE * RUN_TIME * 8, 900 ether);
        stakeMany(4);
        Workload memory w = submit(aRequest().withSlots(slots).withFee(fee));
        beacon.publish(uint32(w.round), keccak256(abi.encode(order)));
        assign(w);

        uint256[] memory seats = _shuffled(_drawnSeats(w, slots), order);
        // A lone slot takes commits only once it is open.
        if (slots == 1) warp(responseEnd(w) + 1);
        for (uint256 i; i < slots; ++i) commit(w, seats[i]);
        toReveals(w);
        uint256[] memory ranked = _revealSome(w, seats, revealed);
        toRevealsOver(w);
        settle(w, seats);
        _checkShares(ranked, fee, slots);
    }

    function _revealSome(
        Workload memory w,
        uint256[] memory seats,
        uint256 revealed
    ) private returns (uint256[] memory ranked) {
        uint256 count;
        for (uint256 i; i < seats.length; ++i) count += (revealed >> i) & 1;
        ranked = new uint256[](count);
        count = 0;
        for (uint256 i; i < seats.length; ++i) {
            if ((revealed >> i) & 1 == 0) continue;
            reveal(w, seats[i]);
            ranked[count++] = seats[i];
        }
    }

    function _checkShares(uint256[] memory ranked, uint256 fee, uint256 slots) private view {
        uint256 sum;
        uint256 last = type(uint256).max;
        for (uint256 i; i < ranked.length; ++i) {
            uint256 earned = balanceOf(operatorOf[ranked[i]]);
            assertEq(earned, shareOf(potOf(fee), i + 1, slots), "share of the rank");
            assertLt(earned, last, "each rank earns less than the one before");
            sum += last = earned;
        }
        assertLe(sum, potOf(fee), "never more than the pot");
        assertEq(burnOf(keeper) + sum + ASSIGN_BOUNTY + SETTLE_BOUNTY, fee, "every wei is paid or burned");
    }

    function _drawnSeats(Workload memory w, uint256 slots) private view returns (uint256[] memory seats) {
        seats = new uint256[](slots);
        for (uint256 seat = 1; seat <= registry.seatCount(); ++seat) {
            SlotView memory s = market.slotOf(w.id, seat);
            if (s.state == SlotState.Assigned) seats[s.slot] = seat;
        }
    }

    function _shuffled(uint256[] memory list, uint256 random) private pure returns (uint256[] memory) {
        for (uint256 i = list.length; i > 1; --i) {
            uint256 j = uint256(keccak256(abi.encode(random, i))) % i;
            (list[i - 1], list[j]) = (list[j], list[i - 1]);
        }
        return list;
    }
}
