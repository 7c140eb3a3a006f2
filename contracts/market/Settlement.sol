// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore} from "../interfaces/IMarket.sol";
import {RankShares} from "../libraries/RankShares.sol";
import {Receipt} from "../libraries/Receipt.sol";
import {SlotWord, SlotWordLib} from "../libraries/SlotWord.sol";
import {Terms} from "../libraries/Terms.sol";
import {WorkloadWord} from "../libraries/WorkloadWord.sol";
import {CommitteeMode} from "./CommitteeMode.sol";

/// @title How a workload ends
/// @notice MONEY. Ranks go to valid proofs, those of slots' own seats first, then open-slot ones, each by commit order. An operator gets
/// at most one rank through an open slot, and none if it has another. What nobody earned burns.
/// ROUNDING. Down for every payee.
abstract contract Settlement is CommitteeMode {
    /// @dev How a workload ends and what is to be paid: `winners` proofs; where a committee judged, those whose commit order's bit is set in `winning`.
    struct Ending {
        Outcome outcome;
        uint256 pot;
        uint256 winning;
        uint256 winners;
        uint256 committeePaid;
    }

    /// @dev What settling has found so far. Entries are those of {Receipt}, sorted: the slots' own seats before open ones, then by commit order.
    struct Tally {
        uint256[] entries;
        uint256 count;
        uint256[] waiting;
        uint256 waitingCount;
    }

    uint256 private constant SEAT = 160;

    /// @inheritdoc IMarketCore
    function settle(Spec calldata spec, uint256[] calldata seats) external {
        bytes32 workload = _idOf(spec);
        WorkloadWord w = _workloads[workload];
        if (w.isIn(Phase.Pending)) _settlePending(workload, w, spec.requester);
        else _settleProving(workload, w, spec, seats);
    }

    /// @dev No draw in time: the requester gets everything back but the bounty for ending it.
    function _settlePending(bytes32 workload, WorkloadWord w, address requester) private {
        if (_currentEpoch() <= w.epoch() + ASSIGN_EPOCHS) revert WrongPhase(workload, Phase.Pending, Phase.Proving);
        uint256 bounty = _rules[w.rules()].frozen.settleBounty();
        _credit(requester, w.fee() - bounty);
        _credit(_msgSender(), bounty);
        _finish(workload, w, Outcome.Unserved, true, Ledger(0, w.fee() - bounty, 0, 0));
    }

    function _settleProving(bytes32 workload, WorkloadWord w, Spec calldata spec, uint256[] calldata seats) private {
        if (!w.isIn(Phase.Proving)) revert WrongPhase(workload, w.phase(), Phase.Proving);
        _checkRevealsOver(w);
        uint256 fee = Terms.wrap(spec.terms).fee();
        Ending memory end = _endOf(workload, w, spec, fee);
        Tally memory tally = _collect(workload, w, end, seats);
        Ledger memory ledger;
        if (end.outcome == Outcome.Unserved) {
            // The network's own absence is not charged.
            ledger.refunded = end.pot;
            _credit(spec.requester, end.pot);
        } else {
            ledger.paid = _payRanks(workload, end.pot, w.redundancy(), tally);
            uint256 unfilled = end.pot - ledger.paid;
            ledger.paid += _compensate(workload, end.pot, unfilled, w, Terms.wrap(spec.terms).maxRunTime(), tally);
            ledger.paid += end.committeePaid;
        }
        uint256 bounty = w.frozen().settleBounty();
        ledger.burned = fee - w.frozen().assignBounty() - bounty - ledger.paid - ledger.refunded;
        _creditAndBurn(_msgSender(), bounty, ledger.burned);
        if (end.outcome == Outcome.Proven) ledger.receipt = Receipt.hash(workload, ledger.burned, tally.entries);
        _finish(workload, w, end.outcome, w.released(), ledger);
    }

    /// @dev How a workload ends: by its counters alone, or by what the committee concluded from its reveals.
    function _endOf(
        bytes32 workload,
        WorkloadWord w,
        Spec calldata spec,
        uint256 fee
    ) private returns (Ending memory end) {
        end.outcome = _outcomeOf(w);
        end.pot = w.frozen().potOf(fee);
        end.winners = w.valid();
        if (end.winners == 0 || !w.judged()) return end;
        uint256 share = _committeeShareOf(fee, _rulesOf(spec));
        end.pot -= share;
        bool judged;
        (judged, end.winning, end.committeePaid) = _conclude(workload, share);
        if (judged) {
            end.winners = _countOf(end.winning);
            if (end.winning == 0) end.outcome = Outcome.InvalidProof;
            return end;
        }
        // Half the pot: enough for those who may have worked, and less than a verdict pays them.
        end.outcome = Outcome.Unjudged;
        end.pot /= 2;
        end.winning = type(uint256).max;
    }

    /// @dev Number of bits set.
    function _countOf(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) ++count;
    }

    /// @dev Why a workload ends as it does, unless a committee says so; counters alone decide.
    function _outcomeOf(WorkloadWord w) private pure returns (Outcome) {
        if (w.valid() != 0) return Outcome.Proven;
        if (w.invalid() != 0) return Outcome.InvalidProof;
        if (w.commits() != 0) return Outcome.NotRevealed;
        if (w.accepted() != 0) return Outcome.TimedOut;
        FailReason reason = w.failReason();
        if (reason == FailReason.ProgramFailed) return Outcome.ProgramFailed;
        if (reason == FailReason.InputsUnavailable) return Outcome.InputsUnavailable;
        if (reason == FailReason.OutOfTime) return Outcome.TimedOut;
        return Outcome.Unserved;
    }

    /// @dev Frees the listed seats and collects those to be paid. Every reveal to be paid must be listed, and after a release every
    /// seat that had accepted in time.
    function _collect(
        bytes32 workload,
        WorkloadWord w,
        Ending memory end,
        uint256[] calldata seats
    ) private returns (Tally memory tally) {
        bool released = w.released();
        uint256 waiting = released ? w.accepted() - w.own() : 0;
        tally.entries = new uint256[](end.winners);
        if (waiting != 0) tally.waiting = new uint256[](waiting);
        for (uint256 i; i < seats.length; ++i) {
            uint256 seat = seats[i];
            (uint256 key, SlotWord s) = _find(seat, w.tag());
            // A seat that was freed since the list was made must not block the end; the counts below find what is missing.
            if (s.isIn(SlotState.Free)) continue;
            if (_wins(s, end.winning)) {
                _insert(tally, s, seat);
                _free(workload, key, s, false, end.outcome == Outcome.Proven);
            } else {
                if (released && s.held() && s.isIn(SlotState.Accepted)) {
                    tally.waiting[tally.waitingCount++] = (seat << SEAT) | s.payload();
                }
                _release(workload, key, s, end.outcome, released);
            }
        }
        if (tally.count != end.winners) revert ClaimsIncomplete(tally.count, end.winners);
        if (tally.waitingCount != waiting) revert ClaimsIncomplete(tally.waitingCount, waiting);
    }

    /// @dev Whether a slot's proof is to be paid: its verifier contract found it valid, or the committee did.
    function _wins(SlotWord s, uint256 winning) private pure returns (bool) {
        if (s.isIn(SlotState.Valid)) return true;
        return s.isIn(SlotState.Revealed) && (winning >> s.order()) & 1 == 1;
    }

    /// @dev Insertion into the sorted entries; there are at most 31.
    function _insert(Tally memory tally, SlotWord s, uint256 seat) private pure {
        uint256[] memory entries = tally.entries;
        unchecked {
            uint256 rankKey = s.order() + (s.slot() == SlotWordLib.OPEN_SLOT ? Receipt.OPEN_RANK : 0);
            uint256 entry = Receipt.entry(rankKey, seat, s.payload());
            uint256 place = tally.count++;
            for (; place != 0 && entries[place - 1] > entry; --place) entries[place] = entries[place - 1];
            entries[place] = entry;
        }
    }

    /// @dev Pays the ranks in order, and leaves the entries that were paid, for the receipt.
    function _payRanks(
        bytes32 workload,
        uint256 pot,
        uint256 ranks,
        Tally memory tally
    ) private returns (uint256 paid) {
        uint256 rank;
        uint256 sum = RankShares.total(ranks);
        uint256[] memory entries = tally.entries;
        uint256 count = entries.length;
        for (uint256 i; i < count; ++i) {
            uint256 entry = entries[i];
            uint256 share;
            bool unpaid = rank == ranks || (Receipt.isOpen(entry) && _ranksBefore(entries, i));
            if (!unpaid) {
                // Moves up behind the last one paid. What it leaves behind is read again for its operator only.
                if (rank != i) entries[rank] = entry;
                share = RankShares.share(pot, rank, sum);
                // Shares are at most the pot together.
                unchecked {
                    ++rank;
                    paid += share;
                }
            }
            _pay(workload, Receipt.seat(entry), Receipt.operator(entry), unpaid ? 0 : rank, share);
        }
        assembly ("memory-safe") {
            mstore(entries, rank)
        }
    }

    /// @dev Whether the operator of entry `i` has one of the entries before it.
    function _ranksBefore(uint256[] memory entries, uint256 i) private pure returns (bool) {
        uint160 operator = uint160(entries[i]);
        while (i != 0) if (uint160(entries[--i]) == operator) return true;
        return false;
    }

    /// @dev After a release each seat that had accepted gets what a cancel would have paid it, as far as the unfilled ranks' money goes.
    /// More would let a requester with a waiting seat take back what must burn.
    function _compensate(
        bytes32 workload,
        uint256 pot,
        uint256 unfilled,
        WorkloadWord w,
        uint256 maxRunTime,
        Tally memory tally
    ) private returns (uint256 paid) {
        uint256 count = tally.waitingCount;
        if (count == 0) return 0;
        uint256 each = (pot * w.runTime()) / (maxRunTime * w.redundancy());
        if (each > unfilled / count) each = unfilled / count;
        for (uint256 i; i < count; ++i) {
            _pay(workload, uint24(tally.waiting[i] >> SEAT), uint160(tally.waiting[i]), 0, each);
        }
        return each * count;
    }
}
