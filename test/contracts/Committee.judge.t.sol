// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "../../contracts/Committee.sol";
import {ICommitteeErrors, ICommitteeEvents, ICommitteeTypes} from "../../contracts/interfaces/ICommittee.sol";
import {IMarketErrors} from "../../contracts/interfaces/IMarket.sol";
import {IProverRegistry, IProverRegistryTypes} from "../../contracts/interfaces/IProverRegistry.sol";
import {CommitteeFixture} from "../support/solidity/CommitteeFixture.sol";

/// @notice Open, draw, post: how a committee comes to its verdict.
contract CommitteeJudgeTest is CommitteeFixture {
    // ─── Open ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_constructor_RevertWhen_TheRegistryIsAnothers() public sound {
        address made = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotOurRegistry.selector, committee, made));
        new Committee(token, market, IProverRegistry(address(registry)), VALIDATORS);
    }

    /// @dev Attack, seed timing: whoever opens fixes a round that nobody can know yet.
    function test_open_FixesAFutureRoundAndTheSetOfNow() public sound {
        Workload memory w = revealedByBoth();
        vm.expectEmit(address(committee));
        emit ICommitteeEvents.JudgingOpened(w.id, 1, beacon.nextRound(), registry.currentEpoch());
        open(w);
        assertStage(w, ICommitteeTypes.Stage.Drawing);
        expectStage(w, ICommitteeTypes.Stage.Drawing);
        open(w);
    }

    function test_open_RevertWhen_RevealsCanStillCome() public sound {
        Workload memory w = committedByBoth();
        revealTo(w, seatOf[alice]);
        uint256 end = market.workloadOf(w.id).deadline + REVEAL_DELAY + REVEAL_WINDOW;
        vm.expectRevert(abi.encodeWithSelector(IMarketErrors.TooEarly.selector, block.timestamp, end + 1));
        open(w);
    }

    function test_open_RevertWhen_AContractDecides() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        toReveals(w);
        reveal(w, seatOf[alice]);
        reveal(w, seatOf[bob]);
        vm.expectRevert(abi.encodeWithSelector(NotJudged.selector, w.id));
        open(w);
    }

    // ─── Draw ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_draw_NamesSevenDistinctValidators() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        assertStage(w, ICommitteeTypes.Stage.Voting);
        assertEq(committee.judgmentOf(w.id).until, block.timestamp + VERDICT_WINDOW, "until");
        uint256[] memory seats = members(w);
        assertEq(seats.length, SIZE, "members");
        for (uint256 i; i < SIZE; ++i) {
            assertEq(registry.seatOf(seats[i]).class, VALIDATORS, "class");
            for (uint256 k; k < i; ++k) assertTrue(seats[i] != seats[k], "distinct");
        }
    }

    function test_draw_RevertWhen_TheRoundIsNotKnown() public sound {
        Workload memory w = revealedByBoth();
        open(w);
        uint256 round = committee.judgmentOf(w.id).round;
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.RoundNotKnown.selector, round));
        drawCommittee(w);
    }

    function test_draw_RevertWhen_NotOpenedOrDrawnAlready() public sound {
        Workload memory w = revealedByBoth();
        expectStage(w, ICommitteeTypes.Stage.None);
        drawCommittee(w);
        seated(w);
        expectStage(w, ICommitteeTypes.Stage.Voting);
        drawCommittee(w);
    }

    function test_draw_UntilTheLastSecondTheSetIsRemembered() public sound {
        Workload memory w = revealedByBoth();
        open(w);
        publishRound(w, bytes32("round"));
        toDrawOver(w);
        assertStage(w, ICommitteeTypes.Stage.Failed);
        warp(block.timestamp - 1);
        assertStage(w, ICommitteeTypes.Stage.Drawing);
        drawCommittee(w);
    }

    /// @dev Attack: a prover that validates too would judge its own proof. Every operator with a commit is left out.
    function test_draw_LeavesOutWhoCommitted() public sound {
        stakeIn(VALIDATORS, alice, 5, 0);
        stakeIn(VALIDATORS, bob, 5, 0);
        nextEpoch();
        Workload memory w = committedByBoth();
        revealTo(w, seatOf[alice]);
        toRevealsOver(w);
        open(w);
        for (uint256 value = 1; value < 20; ++value) {
            uint256 saved = snapshot();
            publishRound(w, bytes32(value));
            drawCommittee(w, one(seatOf[bob]));
            uint256[] memory seats = members(w);
            for (uint256 i; i < seats.length; ++i) {
                address operator = registry.seatOf(seats[i]).operator;
                assertTrue(operator != alice && operator != bob, "has no part in the workload");
            }
            restore(saved);
        }
    }

    /// @dev Attack: whoever draws leaves itself out of the list of those to be left out.
    function test_draw_RevertWhen_TheListsAreIncomplete() public sound {
        Workload memory w = committedByBoth();
        revealTo(w, seatOf[alice]);
        toRevealsOver(w);
        open(w);
        publishRound(w, bytes32("round"));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.CommitsIncomplete.selector, 1, 2));
        drawCommittee(w);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.CommitsIncomplete.selector, 3, 2));
        drawCommittee(w, pair(seatOf[bob], seatOf[bob]));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotUnrevealed.selector, seatOf[alice]));
        drawCommittee(w, one(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotUnrevealed.selector, seatOf[carol]));
        drawCommittee(w, one(seatOf[carol]));
        drawCommittee(w, one(seatOf[bob]));
    }

    function test_draw_RevertWhen_TheRevealsAreNotThose() public sound {
        Workload memory w = revealedByBoth();
        open(w);
        publishRound(w, bytes32("round"));
        ICommitteeTypes.Reveal[] memory reveals = revealsOf[w.id];
        (reveals[0], reveals[1]) = (reveals[1], reveals[0]);
        _expectMismatch(w, reveals);
        (reveals[0], reveals[1]) = (reveals[1], reveals[0]);
        reveals[1].operator = carol;
        _expectMismatch(w, reveals);
        reveals[1].operator = bob;
        reveals[0].order = 256;
        _expectMismatch(w, reveals);
        reveals[0].order = 0;
        reveals[0].proofDigest = bytes32("other");
        _expectMismatch(w, reveals);
    }

    function _expectMismatch(Workload memory w, ICommitteeTypes.Reveal[] memory reveals) private {
        (bool ok, bytes memory reason) = address(committee).call(
            abi.encodeCall(committee.draw, (w.spec, reveals, none()))
        );
        assertTrue(!ok && bytes4(reason) == ICommitteeErrors.RevealsMismatch.selector, "mismatch");
    }

    function test_draw_PassesOverWhoIsNotActiveAnyMore() public sound {
        Workload memory w = revealedByBoth();
        open(w);
        publishRound(w, bytes32("round"));
        uint256 saved = snapshot();
        drawCommittee(w);
        uint256 first = members(w)[0];
        restore(saved);
        vm.prank(address(market));
        registry.drop(first);
        drawCommittee(w);
        uint256[] memory seats = members(w);
        assertEq(seats.length, SIZE, "another takes the place");
        for (uint256 i; i < SIZE; ++i) assertTrue(seats[i] != first, "passed over");
    }

    function test_draw_RevertWhen_TooFewValidatorsAreLeft() public sound {
        Workload memory w = revealedByBoth();
        open(w);
        publishRound(w, bytes32("round"));
        // Of the twenty-one candidates there are twenty; four are left.
        for (uint256 i; i < 16; ++i) {
            vm.prank(address(market));
            registry.drop(seatOf[vm.addr(1000 + i)]);
        }
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.CommitteeTooSmall.selector, 4, QUORUM));
        drawCommittee(w);
        toDrawOver(w);
        assertStage(w, ICommitteeTypes.Stage.Failed);
    }

    // ─── Post ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_post_AQuorumInOneTransactionDecides() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        ICommitteeTypes.Ballot[] memory list = ballots(w, 0, QUORUM, 1);
        vm.expectEmit(address(committee));
        emit ICommitteeEvents.Voted(w.id, 1, members(w)[0], 1);
        vm.expectEmit(address(committee));
        emit ICommitteeEvents.VerdictReached(w.id, 1, 1);
        post(w, list);
        ICommitteeTypes.Judgment memory j = committee.judgmentOf(w.id);
        assertEq(j.revealed, 3, "revealed");
        assertEq(j.decided, 3, "decided");
        assertEq(j.valid, 1, "valid");
        assertStage(w, ICommitteeTypes.Stage.Voting);
        toVotesOver(w);
        assertStage(w, ICommitteeTypes.Stage.Appealable);
        toFinal(w);
        assertStage(w, ICommitteeTypes.Stage.Final);
    }

    function test_post_OneByOneDecidesWithTheFifth() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        for (uint256 i; i < QUORUM; ++i) {
            assertEq(committee.judgmentOf(w.id).decided, 0, "not yet");
            vote(w, i, i + 1, 2);
        }
        assertEq(committee.judgmentOf(w.id).valid, 2, "valid");
    }

    function test_post_LateAnswersCountAsAnswers() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, QUORUM, 3);
        warp(committee.judgmentOf(w.id).until);
        vote(w, QUORUM, SIZE, 0);
        (, uint256 answered, uint256[] memory votes) = committee.membersOf(w.id, 1);
        assertEq(answered, 127, "all answered");
        assertEq(votes[6], 0, "what it found");
        assertEq(committee.judgmentOf(w.id).valid, 3, "the verdict stays");
        warp(block.timestamp + 1);
        ICommitteeTypes.Ballot[] memory list = ballots(w, 0, 1, 3);
        expectStage(w, ICommitteeTypes.Stage.Appealable);
        post(w, list);
    }

    /// @dev Attack, griefing a batch: an answer that was posted before does not stop those beside it, and is not counted twice.
    function test_post_PassesOverWhoAnsweredBefore() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, 1, 3);
        vote(w, 0, 4, 3);
        assertEq(committee.judgmentOf(w.id).decided, 0, "four answers, one of them twice");
        vote(w, 0, 5, 3);
        assertEq(committee.judgmentOf(w.id).decided, 3, "five");
    }

    /// @dev Attack, two tongues: a second, other verdict of a member is no verdict; it is what the member can be slashed for.
    function test_post_OfAMemberTheFirstVerdictCounts() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, QUORUM - 1, 0);
        vote(w, 0, 1, 3);
        (, , uint256[] memory votes) = committee.membersOf(w.id, 1);
        assertEq(votes[0], 0, "what it found first");
        vote(w, QUORUM - 1, QUORUM, 0);
        assertEq(committee.judgmentOf(w.id).decided, 3, "five equal opinions");
        assertEq(committee.judgmentOf(w.id).valid, 0, "valid");
    }

    function test_post_EachProofNeedsItsOwnQuorum() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, 4, 3);
        vote(w, 4, SIZE, 1);
        ICommitteeTypes.Judgment memory j = committee.judgmentOf(w.id);
        assertEq(j.decided, 1, "of the other four say valid and three invalid");
        assertEq(j.valid, 1, "valid");
        toVotesOver(w);
        assertStage(w, ICommitteeTypes.Stage.Failed);
    }

    /// @dev What one committee decided the next cannot undo: it only judges what is left.
    function test_post_TheNextCommitteeDecidesWhatIsLeft() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        vote(w, 0, 4, 3);
        vote(w, 4, SIZE, 1);
        toVotesOver(w);
        seated(w);
        vote(w, 0, QUORUM, 2);
        ICommitteeTypes.Judgment memory j = committee.judgmentOf(w.id);
        assertEq(j.decided, 3, "decided");
        assertEq(j.valid, 3, "valid");
    }

    function test_post_RevertWhen_SignedByAnother() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        address member = operatorOf[members(w)[0]];
        address other = vm.addr(77);
        ICommitteeTypes.Ballot[] memory list = new ICommitteeTypes.Ballot[](1);
        list[0] = ballotBy(w, 77, 0, 3);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, other, member));
        post(w, list);
        list[0] = ballot(w, 1, 3);
        list[0].member = 0;
        vm.expectRevert(
            abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, operatorOf[members(w)[1]], member)
        );
        post(w, list);
        list[0] = ballot(w, 0, 3);
        list[0].vs = 0;
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongSigner.selector, address(0), member));
        post(w, list);
    }

    /// @dev Attack, replay: a verdict of another attempt, workload or set of proofs is not a verdict here.
    function test_post_RevertWhen_SignedForAnotherAttempt() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        ICommitteeTypes.Ballot memory first = ballot(w, 0, 3);
        toVotesOver(w);
        seated(w);
        uint256[] memory seats = members(w);
        (uint256[] memory before, , ) = committee.membersOf(w.id, 1);
        for (uint256 i; i < SIZE; ++i) if (seats[i] == before[0]) first.member = i;
        ICommitteeTypes.Ballot[] memory list = new ICommitteeTypes.Ballot[](1);
        list[0] = first;
        (bool ok, bytes memory reason) = address(committee).call(abi.encodeCall(committee.post, (w.id, list)));
        assertTrue(!ok && bytes4(reason) == ICommitteeErrors.WrongSigner.selector, "another message");
    }

    function test_post_RevertWhen_ThereIsNoSuchMember() public sound {
        Workload memory w = revealedByBoth();
        seated(w);
        ICommitteeTypes.Ballot[] memory list = ballots(w, 0, 1, 3);
        uint256[2] memory unknown = [uint256(7), 16];
        for (uint256 i; i < 2; ++i) {
            list[0].member = unknown[i];
            vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.UnknownMember.selector, unknown[i]));
            post(w, list);
        }
    }

    /// @dev Attack: a committee that finds valid what was never revealed.
    function test_post_RevertWhen_NotRevealed() public sound {
        Workload memory w = committedByBoth();
        revealTo(w, seatOf[alice]);
        toRevealsOver(w);
        open(w);
        publishRound(w, bytes32("round"));
        drawCommittee(w, one(seatOf[bob]));
        ICommitteeTypes.Ballot[] memory list = ballots(w, 0, QUORUM, 3);
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.NotRevealed.selector, 3, 1));
        post(w, list);
        vote(w, 0, QUORUM, 1);
        assertEq(committee.judgmentOf(w.id).valid, 1, "valid");
    }

    function test_post_AnOperatorAnswersForEachOfItsSeats() public sound {
        addValidator(5000, 64);
        nextEpoch();
        Workload memory w = revealedByBoth();
        seated(w);
        address big = vm.addr(5000);
        uint256 held;
        uint256[] memory seats = members(w);
        for (uint256 i; i < SIZE; ++i) if (registry.seatOf(seats[i]).operator == big) ++held;
        assertTrue(held > 1, "several seats");
        vote(w, 0, SIZE, 3);
        (, uint256 answered, ) = committee.membersOf(w.id, 1);
        assertEq(answered, 127, "all");
    }

    function testFuzz_post_AgreesWithAPlainCount(uint256 votes, uint256 answering, uint256 reveals) public sound {
        Workload memory w = committedByBoth();
        reveals = bound(reveals, 1, 3);
        if (reveals & 1 != 0) revealTo(w, seatOf[alice]);
        if (reveals & 2 != 0) revealTo(w, seatOf[bob]);
        toRevealsOver(w);
        open(w);
        publishRound(w, keccak256(abi.encode(votes)));
        if (reveals == 3) drawCommittee(w);
        else drawCommittee(w, one(seatOf[reveals == 1 ? bob : alice]));
        uint256[2] memory found;
        uint256 answers;
        for (uint256 i; i < SIZE; ++i) {
            if ((answering >> i) & 1 == 0) continue;
            uint256 valid = (votes >> (2 * i)) & reveals;
            vote(w, i, i + 1, valid);
            ++answers;
            found[0] += valid & 1;
            found[1] += valid >> 1;
        }
        (uint256 decided, uint256 verdict) = (0, 0);
        for (uint256 order; order < 2; ++order) {
            if ((reveals >> order) & 1 == 0) continue;
            // With seven members and five equal opinions, the order of the answers cannot matter.
            if (found[order] >= QUORUM) (decided, verdict) = (decided | (1 << order), verdict | (1 << order));
            else if (answers - found[order] >= QUORUM) decided |= 1 << order;
        }
        assertEq(committee.judgmentOf(w.id).decided, decided, "decided");
        assertEq(committee.judgmentOf(w.id).valid, verdict, "valid");
    }

    function test_draw_ALeavingValidatorCanStillBeDrawn() public sound {
        Workload memory w = revealedByBoth();
        open(w);
        for (uint256 i; i < VALIDATOR_COUNT; ++i) leaveSet(seatOf[vm.addr(1000 + i)]);
        publishRound(w, bytes32("round"));
        drawCommittee(w);
        assertSeat(members(w)[0], IProverRegistryTypes.SeatStatus.Leaving);
        vote(w, 0, QUORUM, 3);
        assertEq(committee.judgmentOf(w.id).valid, 3, "its verdict counts");
    }
}
