// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommitteeTypes} from "../../contracts/interfaces/ICommittee.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {CommitteeFixture} from "../support/solidity/CommitteeFixture.sol";

/// @dev Attacks on verdicts that the contract does not prevent: what they win is bounded, and the numbers are in docs/threat-model.md.
contract CommitteeAttacksTest is CommitteeFixture {
    using RequestBuilder for Request;

    /// @dev Attack: members that run nothing and sign what was posted first. A liar that is faster than the honest decides with four of them; the
    /// appeal undoes it, and then none of the five is paid.
    function test_attack_CopiedVerdictsLetOneLiarDecide() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, 1, 0);
        (, , uint256[] memory posted) = committee.membersOf(w.id, 1);
        vote(w, 1, QUORUM, posted[0]);
        vote(w, QUORUM, SIZE, 3);
        ICommitteeTypes.Judgment memory j = committee.judgmentOf(w.id);
        assertEq(j.decided, 3, "decided");
        assertEq(j.valid, 0, "as the liar says");
        uint256[] memory copiers = members(w);
        toVotesOver(w);
        fundBond(alice);
        appeal(w, alice);
        publishRound(w, bytes32("the appeal's"));
        drawCommittee(w);
        vote(w, 0, APPEAL_SIZE, 3);
        uint256[] memory judges = members(w);
        toVotesOver(w);
        settle(w, pair(seatOf[alice], seatOf[bob]));
        assertOutcome(w, Outcome.Proven);
        for (uint256 i; i < QUORUM; ++i) {
            bool isJudge;
            for (uint256 k; k < APPEAL_SIZE; ++k) if (judges[k] == copiers[i]) isJudge = true;
            if (!isJudge) assertEq(balanceOf(operatorOf[copiers[i]]), 0, "nothing for a copy that did not stand");
        }
    }

    // ─── A prover that failed judges those who did not ──────────────────────────────────────────────────────────────────────

    /// @dev Attack: it has committed nothing, so it may be drawn. With two of seven seats it changes nothing: its failure is a miss, as somebody proved.
    function test_attack_AProverThatFailedIsTwoVotesOfSeven() public sound {
        (Workload memory w, address failed) = _judgedByWhoFailed(2);
        for (uint256 i; i < SIZE; ++i) vote(w, i, i + 1, operatorOf[members(w)[i]] == failed ? 0 : 3);
        toFinal(w);
        vm.expectEmit(address(market));
        emit Missed(w.id, seatOf[failed], 1);
        settle(w, three(seatOf[alice], seatOf[bob], seatOf[failed]));
        assertOutcome(w, Outcome.Proven);
        assertEq(balanceOf(failed), 2 * (committeeShareOf(FEE) / SIZE), "two members' parts, whatever it votes");
        assertEq(balanceOf(alice), shareOf(judgedPotOf(FEE), 1, 3), "the first rank's share");
    }

    /// @dev The same with five: until somebody appeals it keeps the others' pay from them, gets nothing of it, and is spared a miss.
    function test_attack_AProverThatFailedWithFiveSeatsIsSparedAMissAndPaidNoMore() public sound {
        (Workload memory w, address failed) = _judgedByWhoFailed(QUORUM);
        for (uint256 i; i < SIZE; ++i) vote(w, i, i + 1, operatorOf[members(w)[i]] == failed ? 0 : 3);
        toFinal(w);
        startLogs();
        settle(w, three(seatOf[alice], seatOf[bob], seatOf[failed]));
        // Alice and Bob miss, for proofs that were found invalid.
        assertEq(countLogs(Missed.selector), 2, "misses");
        assertOutcome(w, Outcome.InvalidProof);
        assertEq(balanceOf(failed), QUORUM * (committeeShareOf(FEE) / SIZE), "its members' parts");
        assertEq(balanceOf(alice) + balanceOf(bob), 0, "theirs burns");
    }

    /// @dev A workload that Alice and Bob proved and an operator of many validator seats failed; `count` of these sit on its committee.
    function _judgedByWhoFailed(uint256 count) private returns (Workload memory w, address failed) {
        failed = vm.addr(7777);
        keyOf[failed] = 7777;
        stake(failed, 1, 0);
        stakeIn(VALIDATORS, failed, VALIDATOR_COUNT, 0);
        nextEpoch();
        w = drawn(aJudgedRequest().withSlots(3), three(seatOf[alice], seatOf[bob], seatOf[failed]));
        fail(w, seatOf[failed], FailReason.ProgramFailed);
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        toReveals(w);
        revealTo(w, seatOf[alice]);
        revealTo(w, seatOf[bob]);
        open(w);
        uint256 epoch = committee.judgmentOf(w.id).epoch;
        for (uint256 i = 1; i < 500; ++i) {
            bytes32 seed = keccak256(abi.encode(bytes32(i), w.id, uint256(1)));
            uint256[] memory candidates = registry.draw(VALIDATORS, seed, epoch, 0, SIZE);
            uint256 found;
            for (uint256 k; k < SIZE; ++k) if (operatorOf[uint24(candidates[k])] == failed) ++found;
            if (found != count) continue;
            publishRound(w, bytes32(i));
            drawCommittee(w);
            return (w, failed);
        }
        revert("no value draws so many of its seats");
    }
}
