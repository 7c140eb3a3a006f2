// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Rewards} from "../../contracts/Rewards.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {RewardsFixture} from "../support/solidity/RewardsFixture.sol";

contract RewardsTest is RewardsFixture {
    using RequestBuilder for Request;

    // ─── Receipts of the market ─────────────────────────────────────────────────────────────────────────────────────────────

    function test_receiptOf_IsTheHashOfWhatBurnedAndWhoWasPaid() public sound {
        Workload memory w = drawnToAlice();
        assertEq(market.receiptOf(w.id), 0, "none before the end");
        IRewards.Receipt memory receipt = prove(w, one(seatOf[alice]));
        assertEq(receipt.burned, baseBurnOf(FEE), "the base burn");
        uint256 mask =
            type(uint256).max ^
                (((1 << 96) - 1) << 80) ^ // tag and time
                (uint256(0x7f) << 212); // phase, outcome, duty
        uint256 hash = uint256(keccak256(abi.encodePacked(w.id, receipt.burned, entryOf(0, seatOf[alice]))));
        assertEq(market.receiptOf(w.id), hash & mask, "153 bits of it");
        WorkloadState memory state = market.workloadOf(w.id);
        assertEq(uint256(state.outcome), uint256(Outcome.Proven), "the rest of the word is as it was");
        assertEq(state.startedAt, w.startedAt, "time");
    }

    function test_receiptOf_IsNoneForAWorkloadThatNobodyProved() public sound {
        Workload memory w = submit(aRequest());
        cancel(w, none());
        assertEq(market.receiptOf(w.id), 0, "cancelled");
        w = drawnToAlice();
        commitAfterOpen(w);
        assertEq(market.receiptOf(w.id), 0, "not revealed");
    }

    // ─── Record ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_record_GivesKappaTimesWhatBurnedToTheRanks() public sound {
        IRewards.Receipt memory receipt = prove(
            drawn(aRequest().withSlots(3), three(seatOf[alice], seatOf[bob], seatOf[carol])),
            three(seatOf[bob], seatOf[alice], seatOf[carol])
        );
        assertEq(record(receipt), 1, "one");
        assertTrue(rewards.isRecorded(receipt.spec), "marked");
        uint256 most = (receipt.burned * KAPPA_BPS) / 10_000;
        // Weights 1, 0.8, 0.64 in commit order.
        _assertPending(bob, (most * 100) / 244);
        _assertPending(alice, (most * 80) / 244);
        _assertPending(carol, (most * 64) / 244);
        assertEq(dueOf(bob), 0, "not before the epoch is over");
    }

    function test_record_UnfilledRanksBurnAndRaiseOnlyWhatThatBurnAllows() public sound {
        Workload memory w = drawn(aRequest().withSlots(3), three(seatOf[alice], seatOf[bob], seatOf[carol]));
        IRewards.Receipt memory receipt = prove(w, one(seatOf[alice]));
        assertEq(receipt.burned, baseBurnOf(FEE) + potOf(FEE) - (potOf(FEE) * 100) / 244, "unfilled ranks burn");
        record(receipt);
        _assertPending(alice, (receipt.burned * KAPPA_BPS) / 10_000);
    }

    function test_record_RevertWhen_ItWasBefore() public sound {
        IRewards.Receipt memory receipt = prove(drawnToAlice(), one(seatOf[alice]));
        record(receipt);
        _refuses(receipt);
        nextRewardEpoch();
        _refuses(receipt);
    }

    function test_record_RevertWhen_Forged() public sound {
        IRewards.Receipt memory receipt = prove(drawnToAliceAndBob(), pair(seatOf[alice], seatOf[bob]));
        uint256 burned = receipt.burned;
        receipt.burned = burned + 1;
        _refuses(receipt);
        receipt.burned = burned;
        uint256[] memory entries = receipt.entries;
        receipt.entries = pair(entries[1], entries[0]);
        _refuses(receipt);
        receipt.entries = one(entries[0]);
        _refuses(receipt);
        receipt.entries = none();
        _refuses(receipt);
        receipt.entries = pair(entries[0], ((entries[1] >> 160) << 160) | uint160(erin));
        _refuses(receipt);
        receipt.entries = entries;
        receipt.spec.inputs = keccak256("other inputs");
        _refuses(receipt);
        receipt.spec.inputs = keccak256("inputs manifest");
        receipt.spec.requester = erin;
        _refuses(receipt);
        receipt.spec.requester = requester;
        assertEq(record(receipt), 1, "the real one");
    }

    function test_record_RevertWhen_NobodyProvedIt() public sound {
        Workload memory w = drawnToAlice();
        _refuses(IRewards.Receipt(w.spec, 0, none()));
        commitAfterOpen(w);
        _refuses(IRewards.Receipt(w.spec, FEE, none()));
    }

    function test_record_ABadOneNeverBlocksItsNeighbours() public sound {
        IRewards.Receipt[] memory receipts = new IRewards.Receipt[](3);
        receipts[0] = prove(drawnToAlice(), one(seatOf[alice]));
        receipts[1] = IRewards.Receipt(submit(aRequest()).spec, 1, none());
        receipts[2] = receipts[0];
        assertEq(rewards.record(receipts), 1, "the first, once");
        _assertPending(alice, (receipts[0].burned * KAPPA_BPS) / 10_000);
    }

    function test_record_AnOpenProofEarnsOnlyIfItWasCommittedFirst() public sound {
        // Carol fills the slot that Alice declined before anybody committed.
        Workload memory w = drawnToAliceAndBob();
        decline(w, seatOf[alice]);
        commitOpen(w, seatOf[carol]);
        commit(w, seatOf[bob]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        reveal(w, seatOf[carol]);
        reveal(w, seatOf[bob]);
        settle(w, pair(seatOf[bob], seatOf[carol]));
        assertEq(record(_twoRanks(w, 1, seatOf[bob], 32, seatOf[carol])), 1, "own first, then open");
        uint256 most = (baseBurnOf(FEE) * KAPPA_BPS) / 10_000;
        _assertNear(_pending(bob), (most * 100) / 180, "own slot");
        _assertNear(_pending(carol), (most * 80) / 180, "open, but the first commit of all");
    }

    function test_record_AnOpenProofAfterTheFirstCommitEarnsNothing() public sound {
        Workload memory w = drawnToAliceAndBob();
        decline(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        commitOpen(w, seatOf[carol]);
        warp(deadlineOf(w) + REVEAL_DELAY + 1);
        reveal(w, seatOf[bob]);
        reveal(w, seatOf[carol]);
        settle(w, pair(seatOf[bob], seatOf[carol]));
        record(_twoRanks(w, 0, seatOf[bob], 33, seatOf[carol]));
        _assertNear(_pending(bob), (((baseBurnOf(FEE) * KAPPA_BPS) / 10_000) * 100) / 180, "its own part, no more");
        _assertPending(carol, 0);
    }

    function test_record_AHigherKappaNeedsBothProgramAndRequester() public sound {
        vm.startPrank(owner);
        rewards.listProgram(program, true);
        vm.stopPrank();
        record(prove(drawnToAlice(), one(seatOf[alice])));
        _assertPending(alice, (baseBurnOf(FEE) * KAPPA_BPS) / 10_000);
        vm.prank(owner);
        rewards.listRequester(requester, true);
        record(prove(drawn(aRequest(), one(seatOf[bob])), one(seatOf[bob])));
        _assertPending(bob, (baseBurnOf(FEE) * BOOST_BPS) / 10_000);
        vm.prank(owner);
        rewards.listProgram(program, false);
        record(prove(drawn(aRequest(), one(seatOf[carol])), one(seatOf[carol])));
        _assertPending(carol, (baseBurnOf(FEE) * KAPPA_BPS) / 10_000);
    }

    // ─── Claim ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_claim_MovesRewardsOfEndedEpochsIntoTheMarket() public sound {
        IRewards.Receipt memory receipt = prove(drawnToAlice(), one(seatOf[alice]));
        record(receipt);
        vm.expectRevert(IRewards.NothingToClaim.selector);
        claim(alice);
        nextRewardEpoch();
        uint256 before = balanceOf(alice);
        uint256 reward = (receipt.burned * KAPPA_BPS) / 10_000;
        assertEq(dueOf(alice), reward, "due");
        vm.prank(account("a stranger"));
        assertEq(claim(alice), reward, "anyone may claim for her");
        assertEq(balanceOf(alice), before + reward, "into her balance");
        vm.expectRevert(IRewards.NothingToClaim.selector);
        claim(alice);
        assertEq(rewards.pool(), POOL - reward, "the rest of the budget went back");
        assertEq(token.balanceOf(address(rewards)), rewards.pool(), "nothing else is left");
        assertBooks();
    }

    function test_claim_ABudgetThatIsTooSmallIsSharedByPoints() public sound {
        vm.prank(owner);
        rewards.setParameters(0.3 ether, uint16(KAPPA_BPS), uint16(BOOST_BPS));
        record(prove(drawnToAlice(), one(seatOf[alice])));
        record(prove(drawn(aRequest().withFee(2 * FEE), one(seatOf[bob])), one(seatOf[bob])));
        nextRewardEpoch();
        assertEq(dueOf(alice), 0.1 ether, "a third");
        assertEq(dueOf(bob), 0.2 ether, "two thirds");
        assertEq(rewards.claim(_two(alice, bob)), 0.3 ether, "all of it");
        assertEq(token.balanceOf(address(rewards)), rewards.pool(), "to the wei");
    }

    function test_claim_PointsOfManyEpochsNeedNoLoop() public sound {
        uint256 total;
        for (uint256 i; i < 5; ++i) {
            IRewards.Receipt memory receipt = prove(drawnToAlice(), one(seatOf[alice]));
            record(receipt);
            total += (receipt.burned * KAPPA_BPS) / 10_000;
            warp(block.timestamp + (i + 1) * REWARD_EPOCH);
        }
        assertEq(dueOf(alice), total, "all epochs");
        assertEq(claim(alice), total, "in one call");
    }

    function test_claim_OfOneNeverBlocksAnother() public sound {
        record(prove(drawnToAlice(), one(seatOf[alice])));
        nextRewardEpoch();
        address[] memory operators = new address[](3);
        (operators[0], operators[1], operators[2]) = (erin, alice, alice);
        assertEq(rewards.claim(operators), (baseBurnOf(FEE) * KAPPA_BPS) / 10_000, "once");
    }

    function test_claim_AnEpochThatRunsIsNotTouched() public sound {
        record(prove(drawnToAlice(), one(seatOf[alice])));
        nextRewardEpoch();
        record(prove(drawn(aRequest(), one(seatOf[bob])), one(seatOf[bob])));
        assertEq(rewards.claim(_two(alice, bob)), (baseBurnOf(FEE) * KAPPA_BPS) / 10_000, "only hers is over");
        _assertPending(bob, (baseBurnOf(FEE) * KAPPA_BPS) / 10_000);
    }

    function test_record_WithAnEmptyPoolIsWorthNothing() public sound {
        Rewards poor = new Rewards(market, token, owner, REWARD_EPOCH);
        vm.prank(owner);
        poor.setParameters(BUDGET, uint16(KAPPA_BPS), 0);
        poor.record(list(prove(drawnToAlice(), one(seatOf[alice]))));
        nextRewardEpoch();
        (uint256 due, ) = poor.rewardsOf(alice);
        assertEq(due, 0, "nothing there");
        vm.expectRevert(IRewards.NothingToClaim.selector);
        poor.claim(list(alice));
    }

    // ─── Owner ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_setParameters_RevertWhen_KappaCouldPayWashTrading() public sound {
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IRewards.OutOfBounds.selector, 9501, 9500));
        rewards.setParameters(BUDGET, 9501, 0);
        vm.expectRevert(abi.encodeWithSelector(IRewards.OutOfBounds.selector, 30_001, 30_000));
        rewards.setParameters(BUDGET, 9000, 30_001);
        rewards.setParameters(BUDGET, 9500, 30_000);
        vm.stopPrank();
    }

    function test_owner_IsTheOnlyOneToSetAnything() public sound {
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this));
        vm.expectRevert(refusal);
        rewards.setParameters(0, 0, 0);
        vm.expectRevert(refusal);
        rewards.listProgram(program, true);
        vm.expectRevert(refusal);
        rewards.listRequester(requester, true);
    }

    function test_setParameters_LeavesAnOpenEpochAndItsPointsAlone() public sound {
        record(prove(drawnToAlice(), one(seatOf[alice])));
        vm.prank(owner);
        rewards.setParameters(0, 0, 0);
        nextRewardEpoch();
        assertEq(dueOf(alice), (baseBurnOf(FEE) * KAPPA_BPS) / 10_000, "as recorded");
    }

    function test_constructor_RevertWhen_TheEpochIsTooShort() public sound {
        vm.expectRevert(abi.encodeWithSelector(IRewards.EpochTooShort.selector, 59, 60));
        new Rewards(market, token, owner, 59);
        assertEq(new Rewards(market, token, owner, 60).currentEpoch(), 1, "the first");
    }

    function test_fund_RevertWhen_NobodyCouldHaveThatMuch() public sound {
        vm.expectRevert(abi.encodeWithSelector(IRewards.OutOfBounds.selector, 1 << 96, type(uint96).max));
        rewards.fund(1 << 96);
    }

    // ─── Helpers ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Ends a workload drawn to Alice with a commit that nobody reveals.
    function commitAfterOpen(Workload memory w) private {
        decline(w, seatOf[alice]);
        commitOpen(w, seatOf[bob]);
        toRevealsOver(w);
        settle(w, one(seatOf[bob]));
    }

    function _refuses(IRewards.Receipt memory receipt) private {
        vm.expectRevert(IRewards.NothingRecorded.selector);
        record(receipt);
    }

    function _twoRanks(
        Workload memory w,
        uint256 firstKey,
        uint256 first,
        uint256 secondKey,
        uint256 second
    ) private view returns (IRewards.Receipt memory) {
        // Both ranks are filled: only the base burn and what rounding left burn.
        uint256 pot = potOf(FEE);
        uint256 burned = baseBurnOf(FEE) + pot - (pot * 100) / 180 - (pot * 80) / 180;
        return IRewards.Receipt(w.spec, burned, pair(entryOf(firstKey, first), entryOf(secondKey, second)));
    }

    function _pending(address operator) private view returns (uint256 pending) {
        (, pending) = rewards.rewardsOf(operator);
    }

    function _assertPending(address operator, uint256 points) private view {
        assertEq(_pending(operator), points, "points");
    }

    function _assertNear(uint256 have, uint256 want, string memory message) private pure {
        assertTrue(have + 2 > want && have < want + 2, message);
    }

    function _two(address a, address b) private pure returns (address[] memory operators) {
        operators = new address[](2);
        (operators[0], operators[1]) = (a, b);
    }
}
