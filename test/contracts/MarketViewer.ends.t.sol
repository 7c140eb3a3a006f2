// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MarketViewer} from "../../contracts/MarketViewer.sol";
import {ICommitteeErrors, ICommitteeTypes} from "../../contracts/interfaces/ICommittee.sol";
import {IMarketViewer, IMarketViewerTypes} from "../../contracts/interfaces/IMarketViewer.sol";
import {IProverRegistry} from "../../contracts/interfaces/IProverRegistry.sol";
import {Receipt} from "../../contracts/libraries/Receipt.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {CommitteeFixture} from "../support/solidity/CommitteeFixture.sol";
import {Vm} from "../support/solidity/Vm.sol";

/// @notice The viewer's ends against the market's: outcome, every rank, every payment, whatever the seats did.
contract MarketViewerEndsTest is CommitteeFixture {
    using RequestBuilder for Request;

    /// @dev What a settling said in its events.
    struct Said {
        Outcome outcome;
        uint256 paid;
        uint256 refunded;
        uint256 burned;
        IMarketViewerTypes.Payee[] payees;
    }

    MarketViewer private _viewer;
    uint256 private _dice;
    mapping(Outcome outcome => uint256 count) private _seen;
    uint256 private _compensated;

    function setUp() public override {
        super.setUp();
        stakeMany(4);
        _viewer = new MarketViewer(IProverRegistry(address(registry)));
    }

    /// @dev Redundancy 1 to 5; drawn seats prove, commit junk, accept, decline, fail or stay silent; backups; releases; reveals or none.
    function testFuzz_end_IsWhatTheMarketPays(uint256 dice) public sound {
        _dice = dice;
        Workload memory w = _drawnAtRandom(aRequest().withSlots(1 + _roll(5)));
        uint256[] memory seats = _seats();
        for (uint256 i; i < seats.length; ++i) _answer(w, seats[i], _roll(8));
        if (market.workloadOf(w.id).phase == Phase.Final) return;
        _goOn(w, seats);
        for (uint256 i; i < seats.length; ++i) _revealOne(w, seats[i]);
        toRevealsOver(w);
        _settleAndCompare(w, seats);
    }

    /// @dev The same where a committee judges: any verdict, an appeal now and then, or nobody answers.
    function testFuzz_end_IsWhatTheMarketPaysAfterAVerdict(uint256 dice) public sound {
        _dice = dice;
        Workload memory w = _drawnAtRandom(aJudgedRequest().withSlots(1 + _roll(5)));
        uint256[] memory seats = _seats();
        for (uint256 i; i < seats.length; ++i) _answer(w, seats[i], _roll(6));
        _goOn(w, seats);
        (uint256[] memory unrevealed, uint256 revealed) = _revealSome(w, seats);
        toRevealsOver(w);
        if (revealed != 0) _judge(w, unrevealed, revealed);
        _settleAndCompare(w, seats);
    }

    /// @dev The fuzzing above is worth something only if it meets every outcome it can, and compensation.
    function test_end_MeetsEveryOutcome() public sound {
        for (uint256 i; i < 80; ++i) {
            uint256 saved = snapshot();
            uint256 dice = uint256(keccak256(abi.encode("outcomes", i)));
            if (i % 2 == 0) testFuzz_end_IsWhatTheMarketPays(dice);
            else testFuzz_end_IsWhatTheMarketPaysAfterAVerdict(dice);
            uint256[10] memory met;
            for (uint256 outcome; outcome < 10; ++outcome) met[outcome] = _seen[Outcome(outcome)];
            uint256 compensated = _compensated;
            restore(saved);
            for (uint256 outcome; outcome < 10; ++outcome) _seen[Outcome(outcome)] = met[outcome];
            _compensated = compensated;
        }
        Outcome[5] memory wanted = [
            Outcome.Proven,
            Outcome.TimedOut,
            Outcome.InvalidProof,
            Outcome.NotRevealed,
            Outcome.Unjudged
        ];
        for (uint256 i; i < wanted.length; ++i) assertTrue(_seen[wanted[i]] != 0, vm.toString(uint256(wanted[i])));
        assertTrue(_compensated != 0, "compensation after a release");
    }

    function test_reviewEnd_OfAProofSubmittedAtOnce() public sound {
        Workload memory w = drawnToAlice();
        submitProof(w, seatOf[alice]);
        uint256[] memory entries = one(Receipt.entry(0, seatOf[alice], uint160(alice)));
        IMarketViewerTypes.End memory end = _viewer.reviewEnd(w.spec, baseBurnOf(FEE), entries);
        assertEq(end.payees.length, 1, "one rank");
        assertEq(end.payees[0].operator, alice, "Alice");
        assertEq(end.payees[0].amount, balanceOf(alice) - SETTLE_BOUNTY, "paid");
        assertEq(end.members, 0, "nobody else");
    }

    /// @dev Attack: a forged receipt pays somebody else, or hides a burn.
    function test_reviewEnd_RevertWhen_TheReceiptIsNotTheMarkets() public sound {
        Workload memory w = drawnToAlice();
        submitProof(w, seatOf[alice]);
        uint256[] memory entries = one(Receipt.entry(0, seatOf[alice], uint160(alice)));
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.ReceiptUnknown.selector, w.id));
        _viewer.reviewEnd(w.spec, baseBurnOf(FEE) + 1, entries);
        entries[0] = Receipt.entry(0, seatOf[alice], uint160(bob));
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.ReceiptUnknown.selector, w.id));
        _viewer.reviewEnd(w.spec, baseBurnOf(FEE), entries);
    }

    function test_previewEnd_OfAWorkloadThatWasNeverDrawn() public sound {
        Workload memory w = submit(aRequest());
        uint256 from = registry.genesis() + (w.epoch + 3) * EPOCH;
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.TooEarly.selector, block.timestamp, from));
        _viewer.previewEnd(w.spec, none());
        warp(from);
        _settleAndCompare(w, none());
    }

    function test_previewEnd_RevertWhen_NothingIsDecided() public sound {
        Workload memory w = drawnToAliceAndBob();
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.TooEarly.selector, block.timestamp, deadlineOf(w) + 1));
        _viewer.previewEnd(w.spec, none());
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        toReveals(w);
        reveal(w, seatOf[alice]);
        uint256 last = market.workloadOf(w.id).deadline + REVEAL_DELAY + REVEAL_WINDOW;
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.TooEarly.selector, block.timestamp, last + 1));
        _viewer.previewEnd(w.spec, none());
        warp(last + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.ListIncomplete.selector, 0, 1));
        _viewer.previewEnd(w.spec, none());
        settle(w, one(seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.NotInPhase.selector, w.id, Phase.Final));
        _viewer.previewEnd(w.spec, one(seatOf[alice]));
    }

    function test_previewEnd_CountsASeatOnceHoweverOftenItIsListed() public sound {
        Workload memory w = drawnToAliceAndBob();
        commit(w, seatOf[alice]);
        commit(w, seatOf[bob]);
        toReveals(w);
        reveal(w, seatOf[alice]);
        reveal(w, seatOf[bob]);
        vm.expectRevert(abi.encodeWithSelector(IMarketViewer.ListIncomplete.selector, 1, 2));
        _viewer.previewEnd(w.spec, pair(seatOf[alice], seatOf[alice]));
        uint256[] memory seats = new uint256[](3);
        (seats[0], seats[1], seats[2]) = (seatOf[alice], seatOf[bob], seatOf[alice]);
        _settleAndCompare(w, seats);
    }

    function test_previewEnd_RevertWhen_TheVerdictIsNotFinal() public sound {
        Workload memory w = revealedByBoth();
        vm.expectRevert(abi.encodeWithSelector(ICommitteeErrors.WrongStage.selector, w.id, ICommitteeTypes.Stage.None));
        _viewer.previewEnd(w.spec, pair(seatOf[alice], seatOf[bob]));
    }

    // ─── Acts ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _drawnAtRandom(Request memory request) private returns (Workload memory w) {
        w = submit(request.withFee(FEE * 5));
        beacon.publish(uint32(w.round), bytes32(_roll(type(uint256).max) + 1));
        assign(w);
    }

    /// @dev All seats of provers.
    function _seats() private view returns (uint256[] memory seats) {
        uint256 count;
        seats = new uint256[](registry.seatCount());
        for (uint256 seat = 1; seat <= registry.seatCount(); ++seat) {
            if (registry.seatOf(seat).class == CLASS) seats[count++] = seat;
        }
        assembly ("memory-safe") {
            mstore(seats, count)
        }
    }

    /// @dev One answer of a drawn seat. What the market refuses changes nothing.
    function _answer(Workload memory w, uint256 seat, uint256 act) private {
        if (market.slotOf(w.id, seat).state != SlotState.Assigned) return;
        bytes memory call;
        if (act == 0) call = abi.encodeCall(market.decline, (w.spec, seat));
        if (act == 1) call = abi.encodeCall(market.fail, (w.spec, seat, FailReason(1 + _roll(3))));
        if (act == 2) call = abi.encodeCall(market.accept, (w.id, seat));
        if (act == 3) call = abi.encodeCall(market.commit, (w.id, seat, commitmentOf(w, seat, junkOf(seat))));
        if (act == 4 || act == 5) {
            call = abi.encodeCall(market.commit, (w.id, seat, commitmentOf(w, seat, proofOf(seat))));
        }
        if (act == 6) call = abi.encodeCall(market.submitProof, (w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat)));
        if (call.length != 0) _try(operatorOf[seat], call);
    }

    /// @dev Backups from whichever second slots open, and a release now and then.
    function _goOn(Workload memory w, uint256[] memory seats) private {
        if (_roll(3) == 0) warp(responseEnd(w) + 1);
        else if (_roll(2) == 0) warp(rescueAt(w));
        for (uint256 i; i < seats.length; ++i) {
            if (_roll(2) == 0) continue;
            bytes memory proof = _roll(4) == 0 ? junkOf(seats[i]) : proofOf(seats[i]);
            uint160 commitment = commitmentOf(w, seats[i], proof);
            _try(operatorOf[seats[i]], abi.encodeCall(market.commitOpen, (w.spec, seats[i], commitment)));
        }
        if (_roll(3) == 0) _try(requester, abi.encodeCall(market.release, (w.spec)));
        toReveals(w);
    }

    function _revealOne(Workload memory w, uint256 seat) private {
        if (_roll(5) == 0) return;
        for (uint256 i; i < 2; ++i) {
            bytes memory proof = i == 0 ? proofOf(seat) : junkOf(seat);
            _try(
                operatorOf[seat],
                abi.encodeCall(market.reveal, (w.spec, pinOf(w), seat, PUBLIC_INPUTS, proof, saltOf(seat)))
            );
        }
    }

    /// @dev Reveals good proofs to the committee; junk and what nobody shows stays unrevealed.
    function _revealSome(
        Workload memory w,
        uint256[] memory seats
    ) private returns (uint256[] memory unrevealed, uint256 revealed) {
        unrevealed = new uint256[](seats.length);
        uint256 count;
        for (uint256 i; i < seats.length; ++i) {
            SlotView memory s = market.slotOf(w.id, seats[i]);
            if (s.state != SlotState.Committed) continue;
            if (s.payload == commitmentOf(w, seats[i], proofOf(seats[i])) && _roll(5) != 0) {
                revealTo(w, seats[i]);
                revealed |= 1 << s.order;
            } else {
                unrevealed[count++] = seats[i];
            }
        }
        assembly ("memory-safe") {
            mstore(unrevealed, count)
        }
    }

    function _judge(Workload memory w, uint256[] memory unrevealed, uint256 revealed) private {
        uint256 attempts = _roll(6) == 0 ? ATTEMPTS : 1;
        for (uint256 i; i < attempts; ++i) {
            open(w);
            publishRound(w, bytes32(_roll(type(uint256).max) + 1));
            drawCommittee(w, unrevealed);
            if (attempts == 1) vote(w, 0, QUORUM + _roll(3), revealed & _roll(1 << 31));
            toVotesOver(w);
        }
        if (attempts != 1) return;
        if (_roll(3) == 0) {
            fundBond(dave);
            token.transfer(dave, FEE * 5);
            vm.prank(dave);
            token.approve(address(committee), type(uint256).max);
            appeal(w, dave);
            publishRound(w, bytes32(_roll(type(uint256).max) + 1));
            drawCommittee(w, unrevealed);
            if (_roll(3) != 0) vote(w, 0, APPEAL_QUORUM, revealed & _roll(1 << 31));
            toVotesOver(w);
        }
        toFinal(w);
    }

    function _try(address who, bytes memory call) private returns (bool ok) {
        vm.prank(who);
        (ok, ) = address(market).call(call);
    }

    // ─── Comparing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _settleAndCompare(Workload memory w, uint256[] memory seats) private {
        IMarketViewerTypes.End memory want = _viewer.previewEnd(w.spec, seats);
        startLogs();
        settle(w, seats);
        Said memory have = _read(takeLogs());
        ++_seen[have.outcome];
        assertEq(uint256(want.outcome), uint256(have.outcome), "outcome");
        assertEq(want.paid, have.paid, "paid");
        assertEq(want.refunded, have.refunded, "refunded");
        assertEq(want.burned, have.burned, "burned");
        assertEq(want.payees.length, have.payees.length, "payees");
        for (uint256 i; i < want.payees.length; ++i) {
            assertEq(want.payees[i].seat, have.payees[i].seat, "seat");
            assertEq(want.payees[i].rank, have.payees[i].rank, "rank");
            assertEq(want.payees[i].amount, have.payees[i].amount, "amount");
            assertEq(want.payees[i].operator, operatorOf[want.payees[i].seat], "operator");
            if (want.payees[i].rank == 0 && want.payees[i].amount != 0) ++_compensated;
        }
        if (want.outcome == Outcome.Proven) _compareLater(w, want);
    }

    /// @dev The same from the receipt alone, when seats' words are free.
    function _compareLater(Workload memory w, IMarketViewerTypes.End memory want) private view {
        IMarketViewerTypes.End memory later = _viewer.reviewEnd(w.spec, want.burned, want.entries);
        assertEq(later.paid, want.paid, "paid, later");
        uint256 k;
        for (uint256 i; i < want.payees.length; ++i) {
            if (want.payees[i].rank == 0) continue;
            assertEq(keccak256(abi.encode(later.payees[k++])), keccak256(abi.encode(want.payees[i])), "rank, later");
        }
        assertEq(later.payees.length, k, "ranks, later");
    }

    function _read(Vm.Log[] memory logs) private pure returns (Said memory said) {
        said.payees = new IMarketViewerTypes.Payee[](logs.length);
        uint256 count;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == SlotSettled.selector) {
                IMarketViewerTypes.Payee memory payee = said.payees[count++];
                payee.seat = uint256(logs[i].topics[2]);
                (payee.rank, payee.amount) = abi.decode(logs[i].data, (uint256, uint256));
            } else if (logs[i].topics[0] == Finished.selector) {
                (said.outcome, said.paid, said.refunded, said.burned) = abi.decode(
                    logs[i].data,
                    (Outcome, uint256, uint256, uint256)
                );
            }
        }
        IMarketViewerTypes.Payee[] memory payees = said.payees;
        assembly ("memory-safe") {
            mstore(payees, count)
        }
    }

    function _roll(uint256 sides) private returns (uint256) {
        _dice = uint256(keccak256(abi.encode(_dice)));
        return _dice % sides;
    }
}
