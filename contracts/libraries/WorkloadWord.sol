// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketTypes} from "../interfaces/IMarket.sol";
import {FrozenRules} from "./FrozenRules.sol";
import {Receipt} from "./Receipt.sol";

/// @title A workload's whole stored state in one word
/// @notice From bit 0: fee 80 | tag 64 | time 32 | run time 17 | response window 9 | judged 1 | rescue per cent − 50 6 | redundancy − 1 3 | phase 2 |
/// vacated 4 | accepted 4 | committed own 4 | commits 5 | valid 5 | closed 1 | fail reason 2 | cancel 17.
/// `time` is the beacon round while Pending and the time of the draw afterwards. While Pending the 42 bits from `vacated`
/// on hold class 6 | rules 12 | epoch 24. The draw puts {FrozenRules} where the fee was, which is in the spec. `cancel` is the second (since the draw) of a cancel request while nobody has
/// committed, and the number of invalid reveals later. `judged`: a committee decides; then `valid` counts reveals, judged or not.
/// When commits close early, `run time` is cut to that moment.
/// Once Final the word keeps tag and time, and from `vacated` on: outcome 4 | duty ended 1. The rest is the receipt of a proven
/// workload (see {Receipt}), zero for others.
type WorkloadWord is uint256;

using WorkloadWordLib for WorkloadWord global;

/// @title Reading and changing {WorkloadWord}
/// @dev Unchecked throughout: sums of times fit any word, and no counter can leave its bits, because the market never counts more than eight slots
/// and 31 commits (test/contracts/Words.t.sol).
library WorkloadWordLib {
    /// @notice Longest run time the word can hold is 2^17 − 1 s; the market allows a day.
    uint256 internal constant MAX_RUN_TIME = 1 days;
    /// @notice Longest response window the word can hold.
    uint256 internal constant MAX_RESPONSE = 511;
    /// @notice Most commits a workload can hold: up to 8 of its own seats and at least 23 for open slots.
    uint256 internal constant MAX_COMMITS = 31;

    uint256 private constant TAG = 80;
    uint256 private constant TIME = 144;
    uint256 private constant RUN = 176;
    uint256 private constant RESPONSE = 193;
    uint256 private constant JUDGED = 202;
    uint256 private constant RESCUE = 203;
    uint256 private constant REDUNDANCY = 209;
    uint256 private constant PHASE = 212;
    uint256 private constant VACATED = 214;
    uint256 private constant ACCEPTED = 218;
    uint256 private constant OWN = 222;
    uint256 private constant COMMITS = 226;
    uint256 private constant VALID = 231;
    uint256 private constant CLOSED = 236;
    uint256 private constant REASON = 237;
    uint256 private constant CANCEL = 239;

    uint256 private constant RUN_MASK = (1 << 17) - 1;

    // ─── Pending ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice A new workload; every argument must fit its field.
    function pending(
        uint256 feeAndTag_,
        uint256 round,
        uint256 runTime_,
        uint256 response,
        uint256 rescue,
        uint256 slots,
        uint256 drawInfo_
    ) internal pure returns (WorkloadWord) {
        unchecked {
            return
                WorkloadWord.wrap(
                    feeAndTag_ |
                        (round << TIME) |
                        (runTime_ << RUN) |
                        (response << RESPONSE) |
                        ((rescue - 50) << RESCUE) |
                        ((slots - 1) << REDUNDANCY) |
                        (uint256(IMarketTypes.Phase.Pending) << PHASE) |
                        (drawInfo_ << VACATED)
                );
        }
    }

    /// @notice The new workload as one whose proofs a committee judges.
    function judge(WorkloadWord w) internal pure returns (WorkloadWord) {
        return WorkloadWord.wrap(WorkloadWord.unwrap(w) | (1 << JUDGED));
    }

    /// @notice Packs fee and tag for {pending}.
    function feeAndTag(uint256 fee_, uint256 tag_) internal pure returns (uint256) {
        return fee_ | (tag_ << TAG);
    }

    /// @notice Packs what the draw needs for {pending}.
    function drawInfo(uint256 class_, uint256 rules_, uint256 epoch_) internal pure returns (uint256) {
        return class_ | (rules_ << 6) | (epoch_ << 18);
    }

    /// @notice Hardware class, while Pending.
    function class(WorkloadWord w) internal pure returns (uint8) {
        return uint8((WorkloadWord.unwrap(w) >> VACATED) & 63);
    }

    /// @notice Rules number, while Pending.
    function rules(WorkloadWord w) internal pure returns (uint256) {
        return (WorkloadWord.unwrap(w) >> (VACATED + 6)) & 4095;
    }

    /// @notice Epoch drawn from, while Pending.
    function epoch(WorkloadWord w) internal pure returns (uint256) {
        return WorkloadWord.unwrap(w) >> (VACATED + 18);
    }

    // ─── Any phase ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Whole fee in token units, while Pending.
    function fee(WorkloadWord w) internal pure returns (uint256) {
        return uint80(WorkloadWord.unwrap(w));
    }

    /// @notice account << 32 | nonce of the requester: unique to the workload.
    function tag(WorkloadWord w) internal pure returns (uint256) {
        return uint64(WorkloadWord.unwrap(w) >> TAG);
    }

    /// @notice Beacon round while Pending, time of the draw afterwards.
    function time(WorkloadWord w) internal pure returns (uint256) {
        return uint32(WorkloadWord.unwrap(w) >> TIME);
    }

    /// @notice Seconds from the draw until commits close.
    function runTime(WorkloadWord w) internal pure returns (uint256) {
        return (WorkloadWord.unwrap(w) >> RUN) & RUN_MASK;
    }

    /// @notice Number of slots.
    function redundancy(WorkloadWord w) internal pure returns (uint256) {
        unchecked {
            return ((WorkloadWord.unwrap(w) >> REDUNDANCY) & 7) + 1;
        }
    }

    /// @notice Whether a committee judges the proofs, until Final.
    function judged(WorkloadWord w) internal pure returns (bool) {
        return (WorkloadWord.unwrap(w) >> JUDGED) & 1 == 1;
    }

    /// @notice Whether the stored phase is `phase_`; cheaper than to compare {phase}, which checks its range.
    function isIn(WorkloadWord w, IMarketTypes.Phase phase_) internal pure returns (bool) {
        return (WorkloadWord.unwrap(w) >> PHASE) & 3 == uint256(phase_);
    }

    /// @notice Stored phase.
    function phase(WorkloadWord w) internal pure returns (IMarketTypes.Phase) {
        return IMarketTypes.Phase((WorkloadWord.unwrap(w) >> PHASE) & 3);
    }

    // ─── Proving ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice The word after the draw at `now_` that left `unfilled` slots without a seat.
    function proving(
        WorkloadWord w,
        uint256 now_,
        uint256 unfilled,
        FrozenRules frozen_
    ) internal pure returns (WorkloadWord) {
        uint256 cleared = (uint256(type(uint32).max) << TIME) | type(uint80).max;
        uint256 kept = WorkloadWord.unwrap(w) & ((1 << PHASE) - 1) & ~cleared;
        return
            WorkloadWord.wrap(
                kept |
                    FrozenRules.unwrap(frozen_) |
                    (now_ << TIME) |
                    (uint256(IMarketTypes.Phase.Proving) << PHASE) |
                    (unfilled << VACATED)
            );
    }

    /// @notice The rules it was submitted under, as far as most acts need them, while Proving.
    function frozen(WorkloadWord w) internal pure returns (FrozenRules) {
        return FrozenRules.wrap(uint80(WorkloadWord.unwrap(w)));
    }

    /// @notice Last second for commits.
    function deadline(WorkloadWord w) internal pure returns (uint256) {
        unchecked {
            return time(w) + runTime(w);
        }
    }

    /// @notice Slots never drawn, declined or failed.
    function vacated(WorkloadWord w) internal pure returns (uint256) {
        return (WorkloadWord.unwrap(w) >> VACATED) & 15;
    }

    /// @notice Slots accepted in time or committed by their own seat, and not failed.
    function accepted(WorkloadWord w) internal pure returns (uint256) {
        return (WorkloadWord.unwrap(w) >> ACCEPTED) & 15;
    }

    /// @notice Slots committed by their own seat.
    function own(WorkloadWord w) internal pure returns (uint256) {
        return (WorkloadWord.unwrap(w) >> OWN) & 15;
    }

    /// @notice All commits.
    function commits(WorkloadWord w) internal pure returns (uint256) {
        return (WorkloadWord.unwrap(w) >> COMMITS) & 31;
    }

    /// @notice Valid reveals; all reveals when a committee judges them.
    function valid(WorkloadWord w) internal pure returns (uint256) {
        return (WorkloadWord.unwrap(w) >> VALID) & 31;
    }

    /// @notice Whether commits closed before the maximum run time.
    function closed(WorkloadWord w) internal pure returns (bool) {
        return (WorkloadWord.unwrap(w) >> CLOSED) & 1 == 1;
    }

    /// @notice Whether the requester closed commits while slots were missing.
    function released(WorkloadWord w) internal pure returns (bool) {
        return closed(w) && own(w) < redundancy(w);
    }

    /// @notice The reason all failed slots share, OutOfTime when they differ, None when none failed.
    function failReason(WorkloadWord w) internal pure returns (IMarketTypes.FailReason) {
        return IMarketTypes.FailReason((WorkloadWord.unwrap(w) >> REASON) & 3);
    }

    /// @notice Second since the draw of a cancel request, while nobody has committed; zero for none.
    function cancelRequest(WorkloadWord w) internal pure returns (uint256) {
        return commits(w) == 0 ? WorkloadWord.unwrap(w) >> CANCEL : 0;
    }

    /// @notice Invalid reveals.
    function invalid(WorkloadWord w) internal pure returns (uint256) {
        return commits(w) == 0 ? 0 : WorkloadWord.unwrap(w) >> CANCEL;
    }

    /// @notice Last second in which an unanswered slot still belongs to its seat alone.
    function responseEnd(WorkloadWord w) internal pure returns (uint256) {
        unchecked {
            return time(w) + ((WorkloadWord.unwrap(w) >> RESPONSE) & MAX_RESPONSE);
        }
    }

    /// @notice Slots open to any eligible operator at `now_`, as long as commits are not closed. When every slot has its own seat's commit
    /// and that closed nothing, one was open when its commit came: any of them may be junk, so backups stay welcome.
    function openSlots(WorkloadWord w, uint256 now_) internal pure returns (uint256) {
        unchecked {
            uint256 slots = redundancy(w);
            if (own(w) == slots) return slots;
            uint256 rescueAt = time(w) + (runTime(w) * (((WorkloadWord.unwrap(w) >> RESCUE) & 63) + 50)) / 100;
            if (now_ >= rescueAt) return slots - own(w);
            if (now_ > responseEnd(w)) return slots - accepted(w);
            return vacated(w);
        }
    }

    /// @notice Counts a slot that nobody holds any more.
    function vacate(WorkloadWord w) internal pure returns (WorkloadWord) {
        unchecked {
            return WorkloadWord.wrap(WorkloadWord.unwrap(w) + (1 << VACATED));
        }
    }

    /// @notice Counts an acceptance in time.
    function accept(WorkloadWord w) internal pure returns (WorkloadWord) {
        unchecked {
            return WorkloadWord.wrap(WorkloadWord.unwrap(w) + (1 << ACCEPTED));
        }
    }

    /// @notice Takes an acceptance back.
    function unaccept(WorkloadWord w) internal pure returns (WorkloadWord) {
        unchecked {
            return WorkloadWord.wrap(WorkloadWord.unwrap(w) - (1 << ACCEPTED));
        }
    }

    /// @notice Adds the reason of a failed slot.
    function addReason(WorkloadWord w, IMarketTypes.FailReason reason) internal pure returns (WorkloadWord) {
        IMarketTypes.FailReason have = failReason(w);
        if (have == reason) return w;
        if (have != IMarketTypes.FailReason.None) reason = IMarketTypes.FailReason.OutOfTime;
        return WorkloadWord.wrap((WorkloadWord.unwrap(w) & ~(uint256(3) << REASON)) | (uint256(reason) << REASON));
    }

    /// @notice Counts a commit to an open slot. The first commit of all voids a cancel request.
    function commitOpen(WorkloadWord w) internal pure returns (WorkloadWord) {
        uint256 word = WorkloadWord.unwrap(w);
        if (commits(w) == 0) word &= (1 << CANCEL) - 1;
        unchecked {
            return WorkloadWord.wrap(word + (1 << COMMITS));
        }
    }

    /// @notice Counts a commit of a slot's own seat; `counted` when it had accepted in time.
    function commitOwn(WorkloadWord w, bool counted) internal pure returns (WorkloadWord) {
        unchecked {
            return
                WorkloadWord.wrap(
                    WorkloadWord.unwrap(commitOpen(w)) + (1 << OWN) + (counted ? 0 : uint256(1) << ACCEPTED)
                );
        }
    }

    /// @notice Closes commits at `now_`, before the deadline.
    function close(WorkloadWord w, uint256 now_) internal pure returns (WorkloadWord) {
        uint256 word = WorkloadWord.unwrap(w) & ~(RUN_MASK << RUN);
        unchecked {
            return WorkloadWord.wrap(word | ((now_ - time(w)) << RUN) | (1 << CLOSED));
        }
    }

    /// @notice Records the first step of a cancel at `now_`.
    /// @dev At least one second after the draw, so that zero can mean none.
    function requestCancel(WorkloadWord w, uint256 now_) internal pure returns (WorkloadWord) {
        uint256 since = now_ - time(w);
        return WorkloadWord.wrap(WorkloadWord.unwrap(w) | ((since == 0 ? 1 : since) << CANCEL));
    }

    /// @notice Counts a reveal.
    function reveal(WorkloadWord w, bool isValid) internal pure returns (WorkloadWord) {
        unchecked {
            return WorkloadWord.wrap(WorkloadWord.unwrap(w) + (isValid ? 1 << VALID : 1 << CANCEL));
        }
    }

    // ─── Final ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice The word of a finished workload.
    /// @param receipt_ Hash of its receipt, cut here; zero for none.
    function finish(
        WorkloadWord w,
        IMarketTypes.Outcome outcome_,
        bool dutyEnded_,
        uint256 receipt_
    ) internal pure returns (WorkloadWord) {
        // Without a draw the time is a beacon round, which is of no use any more.
        uint256 bits = phase(w) == IMarketTypes.Phase.Pending ? TIME - TAG : RUN - TAG;
        uint256 kept = WorkloadWord.unwrap(w) & (((1 << bits) - 1) << TAG);
        return
            WorkloadWord.wrap(
                kept |
                    (receipt_ & Receipt.MASK) |
                    (uint256(IMarketTypes.Phase.Final) << PHASE) |
                    (uint256(outcome_) << VACATED) |
                    (dutyEnded_ ? uint256(1) << (VACATED + 4) : 0)
            );
    }

    /// @notice How the workload ended, once Final.
    function outcome(WorkloadWord w) internal pure returns (IMarketTypes.Outcome) {
        return IMarketTypes.Outcome((WorkloadWord.unwrap(w) >> VACATED) & 15);
    }

    /// @notice Whether nobody has to answer any more, once Final.
    function dutyEnded(WorkloadWord w) internal pure returns (bool) {
        return (WorkloadWord.unwrap(w) >> (VACATED + 4)) & 1 == 1;
    }

    /// @notice What is kept of the receipt's hash, once Final.
    function receipt(WorkloadWord w) internal pure returns (uint256) {
        return WorkloadWord.unwrap(w) & Receipt.MASK;
    }
}
