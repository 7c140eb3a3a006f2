// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketTypes} from "../../contracts/interfaces/IMarket.sol";
import {FrozenRules, FrozenRulesLib} from "../../contracts/libraries/FrozenRules.sol";
import {Receipt} from "../../contracts/libraries/Receipt.sol";
import {SlotWord, SlotWordLib} from "../../contracts/libraries/SlotWord.sol";
import {Terms, TermsLib} from "../../contracts/libraries/Terms.sol";
import {Verifier, VerifierLib} from "../../contracts/libraries/Verifier.sol";
import {WorkloadWord, WorkloadWordLib} from "../../contracts/libraries/WorkloadWord.sol";
import {Test} from "../support/solidity/Test.sol";

/// @notice Packed words: every field comes back, and changing one leaves the others alone.
contract WordsTest is Test, IMarketTypes {
    /// @dev Every bit of their place.
    FrozenRules private constant FROZEN = FrozenRules.wrap(type(uint80).max);

    // ─── Rules and verifiers ────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_frozenRules_ComeBack(
        uint256 delay,
        uint256 window,
        uint256 burn,
        uint256 assign,
        uint256 settle,
        uint80 fee
    ) public pure {
        delay = bound(delay, 0, 1 hours);
        window = bound(window, 0, 1 hours);
        burn = bound(burn, 0, 2000);
        assign = bound(assign, 0, 4_194_303);
        settle = bound(settle, 0, 4_194_303);
        FrozenRules f = FrozenRulesLib.pack(delay, window, burn, assign * 1000, settle * 1000);
        assertEq(f.revealDelay(), delay, "reveal delay");
        assertEq(f.revealWindow(), window, "reveal window");
        assertEq(f.baseBurnBps(), burn, "base burn");
        assertEq(f.assignBounty(), assign * 1e12, "assign bounty");
        assertEq(f.settleBounty(), settle * 1e12, "settle bounty");
        assertEq(f.baseBurnOf(fee), (uint256(fee) * burn) / 10_000, "base burn of a fee");
        uint256 taken = f.baseBurnOf(fee) + (assign + settle) * 1e12;
        if (taken <= fee) assertEq(f.potOf(fee), fee - taken, "pot");
    }

    function testFuzz_verifier_ComesBack(address account_, uint32 gas_, uint8 class, bool binds) public pure {
        Verifier v = VerifierLib.pack(account_, gas_, class, binds);
        assertEq(v.account(), account_, "account");
        assertEq(v.gasLimit(), gas_, "gas");
        assertEq(v.class(), class, "class");
        assertTrue(v.bindsProver() == binds, "binds the prover");
        assertTrue(v.exists(), "exists, also when all else is zero");
        assertTrue(!Verifier.wrap(0).exists(), "nothing stored");
    }

    // ─── Terms ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_terms_ComeBack(
        uint80 fee,
        uint24 run,
        uint8 slots,
        uint8 rescue,
        uint8 class,
        uint16 rules
    ) public pure {
        Terms t = TermsLib.pack(fee, run, slots, rescue, class, rules, type(uint64).max);
        assertEq(t.fee(), fee, "fee");
        assertEq(t.maxRunTime(), run, "run time");
        assertEq(t.redundancy(), slots, "redundancy");
        assertEq(t.class(), class, "class");
        assertEq(t.rules(), rules, "rules");
        assertEq(Terms.unwrap(t) >> 144, type(uint64).max, "tag");
    }

    // ─── Slot word ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    struct Slot {
        uint160 payload;
        uint256 tag;
        uint256 state;
        uint256 slot;
        uint256 order;
        bool held;
        uint256 streak;
        uint256 reason;
    }

    function _check(SlotWord s, Slot memory x) private pure {
        assertEq(s.payload(), x.payload, "payload");
        assertEq(s.tag(), x.tag, "tag");
        assertEq(uint256(s.state()), x.state, "state");
        assertEq(s.slot(), x.slot, "slot");
        assertEq(s.order(), x.order, "order");
        assertTrue(s.held() == x.held, "held");
        assertEq(s.streak(), x.streak, "streak");
        assertEq(uint256(s.reason()), x.reason, "reason");
        bool busy = x.state == uint256(SlotState.Assigned) || x.state == uint256(SlotState.Accepted);
        assertTrue(s.busy() == busy, "busy");
    }

    function testFuzz_slotWord_EveryChangeTouchesItsFieldAlone(Slot memory x, Slot memory y) public pure {
        _bound(x);
        _bound(y);
        SlotWord s = SlotWordLib.create(
            SlotWord.wrap(type(uint256).max).withStreak(x.streak),
            x.payload,
            x.tag,
            SlotState(x.state),
            x.slot,
            x.order
        );
        (x.held, x.reason) = (false, 0);
        _check(s, x);
        s = s.become(SlotState(y.state));
        x.state = y.state;
        _check(s, x);
        s = s.withPayload(y.payload).withOrder(y.order);
        (x.payload, x.order) = (y.payload, y.order);
        _check(s, x);
        s = s.withReason(FailReason(y.reason)).withStreak(y.streak);
        (x.reason, x.streak) = (y.reason, y.streak);
        _check(s, x);
        s = s.hold();
        x.held = true;
        _check(s, x);
    }

    function _bound(Slot memory x) private pure {
        x.tag = uint64(x.tag);
        x.state = bound(x.state, 0, uint256(type(SlotState).max));
        x.slot = bound(x.slot, 0, 15);
        x.order = bound(x.order, 0, 31);
        x.streak = bound(x.streak, 0, 15);
        x.reason = bound(x.reason, 0, uint256(type(FailReason).max));
    }

    // ─── Workload word ──────────────────────────────────────────────────────────────────────────────────────────────────────

    struct Pending {
        uint80 fee;
        uint64 tag;
        uint32 round;
        uint256 runTime;
        uint256 response;
        uint256 rescue;
        uint256 slots;
        uint256 class;
        uint256 rules;
        uint24 epoch;
    }

    function _pending(Pending memory x) private pure returns (WorkloadWord) {
        x.runTime = bound(x.runTime, 1, 1 days);
        x.response = bound(x.response, 0, 511);
        x.rescue = bound(x.rescue, 50, 100);
        x.slots = bound(x.slots, 1, 8);
        x.class = bound(x.class, 0, 63);
        x.rules = bound(x.rules, 0, 4095);
        return
            WorkloadWordLib.pending(
                WorkloadWordLib.feeAndTag(x.fee, x.tag),
                x.round,
                x.runTime,
                x.response,
                x.rescue,
                x.slots,
                WorkloadWordLib.drawInfo(x.class, x.rules, x.epoch)
            );
    }

    function _proving(Pending memory x, uint32 time) private pure returns (WorkloadWord) {
        return _pending(x).proving(time, 3, FROZEN);
    }

    function testFuzz_workloadWord_PendingComesBack(Pending memory x) public pure {
        WorkloadWord w = _pending(x);
        assertEq(uint256(w.phase()), uint256(Phase.Pending), "phase");
        assertEq(w.fee(), x.fee, "fee");
        assertEq(w.tag(), x.tag, "tag");
        assertEq(w.time(), x.round, "round");
        assertEq(w.runTime(), x.runTime, "run time");
        assertEq(w.redundancy(), x.slots, "redundancy");
        assertEq(w.class(), x.class, "class");
        assertEq(w.rules(), x.rules, "rules");
        assertEq(w.epoch(), x.epoch, "epoch");
        assertTrue(!w.judged(), "a contract decides");
    }

    function testFuzz_workloadWord_JudgedTouchesNothingElse(Pending memory x, uint32 time, uint256 random) public pure {
        WorkloadWord plain = _pending(x);
        WorkloadWord w = plain.judge();
        assertTrue(w.judged(), "judged");
        assertEq(WorkloadWord.unwrap(w) ^ WorkloadWord.unwrap(plain), 1 << 202, "one bit");
        w = w.proving(time, 0, FROZEN).commitOwn(false).commitOpen().reveal(true);
        if (random & 1 == 1) w = w.close(uint256(time) + (random % x.runTime));
        assertTrue(w.judged(), "still judged");
        assertEq(w.responseEnd(), uint256(time) + x.response, "response end");
        assertEq(w.valid(), 1, "revealed");
    }

    function testFuzz_workloadWord_ProvingStartsClean(Pending memory x, uint32 time, uint256 unfilled) public pure {
        unfilled = bound(unfilled, 0, 8);
        WorkloadWord w = _pending(x).proving(time, unfilled, FROZEN);
        assertEq(uint256(w.phase()), uint256(Phase.Proving), "phase");
        assertEq(w.time(), time, "time");
        assertEq(FrozenRules.unwrap(w.frozen()), FrozenRules.unwrap(FROZEN), "frozen rules");
        assertEq(w.tag(), x.tag, "tag");
        assertEq(w.deadline(), uint256(time) + x.runTime, "deadline");
        assertEq(w.responseEnd(), uint256(time) + x.response, "response end");
        assertEq(w.vacated(), unfilled, "vacated");
        assertEq(w.accepted() + w.own() + w.commits() + w.valid() + w.invalid() + w.cancelRequest(), 0, "clean");
        assertTrue(!w.closed() && !w.released() && w.failReason() == FailReason.None, "clean");
    }

    struct Counters {
        uint256 vacated;
        uint256 accepted;
        uint256 own;
        uint256 commits;
        uint256 valid;
        uint256 invalid;
    }

    /// @dev Any sequence of changes that the market could make, against plain counters.
    function testFuzz_workloadWord_CountersNeverSpill(Pending memory x, uint256 random) public pure {
        WorkloadWord w = _pending(x).proving(1000, 0, FROZEN);
        Counters memory c;
        for (uint256 step; step < 40; ++step) {
            uint256 act = (random >> (step * 4)) & 7;
            if (act == 0 && c.vacated < 8) (w, c.vacated) = (w.vacate(), c.vacated + 1);
            if (act == 1 && c.accepted < 8) (w, c.accepted) = (w.accept(), c.accepted + 1);
            if (act == 2 && c.accepted > c.own) (w, c.accepted) = (w.unaccept(), c.accepted - 1);
            if (act == 3 && c.commits < 31) (w, c.commits) = (w.commitOpen(), c.commits + 1);
            if (act == 4 && c.own < 8 && c.accepted < 8 && c.commits < 31) {
                w = w.commitOwn(false);
                (c.own, c.accepted, c.commits) = (c.own + 1, c.accepted + 1, c.commits + 1);
            }
            if (act == 5 && c.valid + c.invalid < c.commits) (w, c.valid) = (w.reveal(true), c.valid + 1);
            if (act == 6 && c.valid + c.invalid < c.commits) (w, c.invalid) = (w.reveal(false), c.invalid + 1);
            if (act == 7 && c.commits == 0) w = w.requestCancel(1000 + (random % x.runTime));
            _check(w, c);
            assertEq(FrozenRules.unwrap(w.frozen()), FrozenRules.unwrap(FROZEN), "frozen rules");
            assertEq(w.tag(), x.tag, "tag");
            assertEq(w.deadline(), 1000 + x.runTime, "deadline");
        }
    }

    function _check(WorkloadWord w, Counters memory c) private pure {
        assertEq(w.vacated(), c.vacated, "vacated");
        assertEq(w.accepted(), c.accepted, "accepted");
        assertEq(w.own(), c.own, "own");
        assertEq(w.commits(), c.commits, "commits");
        assertEq(w.valid(), c.valid, "valid");
        assertEq(w.invalid(), c.invalid, "invalid");
    }

    function testFuzz_workloadWord_FinalKeepsTagTimeAndReceipt(
        Pending memory x,
        uint32 time,
        uint256 outcome,
        bool ended,
        uint256 receipt
    ) public pure {
        outcome = bound(outcome, 1, uint256(type(Outcome).max));
        WorkloadWord w = _proving(x, time).accept().commitOpen().finish(Outcome(outcome), ended, receipt);
        assertEq(uint256(w.phase()), uint256(Phase.Final), "phase");
        assertEq(uint256(w.outcome()), outcome, "outcome");
        assertTrue(w.dutyEnded() == ended, "duty");
        assertEq(w.tag(), x.tag, "tag");
        assertEq(w.time(), time, "time");
        assertEq(w.receipt(), receipt & Receipt.MASK, "receipt");
        assertEq(w.fee(), uint80(receipt), "no fee is held: the place is the receipt's");
    }

    function testFuzz_workloadWord_CloseCutsTheRunTime(Pending memory x, uint256 after_, uint256 reasons) public pure {
        WorkloadWord w = _pending(x).proving(1000, 0, FROZEN);
        after_ = bound(after_, 0, x.runTime);
        FailReason reason = FailReason(1 + (reasons % 3));
        w = w.addReason(reason).addReason(reason);
        assertEq(uint256(w.failReason()), uint256(reason), "the shared reason");
        w = w.addReason(FailReason(1 + ((reasons + 1) % 3)));
        assertEq(uint256(w.failReason()), uint256(FailReason.OutOfTime), "they differ");
        w = w.commitOwn(false).close(1000 + after_);
        assertEq(w.deadline(), 1000 + after_, "deadline");
        assertTrue(w.closed(), "closed");
        assertTrue(w.released() == (x.slots > 1), "released unless all slots committed");
        assertEq(w.commits(), 1, "commits");
    }
}
