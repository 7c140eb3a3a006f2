// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JudgeModel} from "./JudgeModel.sol";

/// @title The model of a workload: what is open, when it ends, how it ends, who is paid
/// @notice Every figure is counted slot by slot from the places, each time anew.
abstract contract JobModel is JudgeModel {
    // ─── Time ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Last second for commits.
    function _deadlineOf(Job storage job) internal view returns (uint256) {
        return job.closed ? job.closedAt : job.drawnAt + job.maxRunTime;
    }

    function _takesCommits(Job storage job) internal view returns (bool) {
        return job.phase == Phase.Proving && !job.closed && _clock <= job.drawnAt + job.maxRunTime;
    }

    /// @dev Last second of the silence window.
    function _silentAt(Job storage job) internal view returns (uint256) {
        return job.drawnAt + _rules[job.rules].silenceWindow;
    }

    /// @dev Reveals lie after `from` and not after `until`.
    function _revealWindow(Job storage job) internal view returns (uint256 from, uint256 until) {
        Rules storage r = _rules[job.rules];
        from = _deadlineOf(job) + r.revealDelay;
        until = from + r.revealWindow;
    }

    // ─── Counting ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Slots that anybody may fill at this second.
    function _openSlots(uint256 index) internal view returns (uint256 count) {
        Job storage job = _jobs[index];
        if (!_takesCommits(job)) return 0;
        bool rescue = _clock >= job.drawnAt + (job.maxRunTime * job.rescue) / 100;
        bool answersOver = _clock > job.drawnAt + job.responseWindow;
        count = job.undrawn;
        uint256[] storage ids = _placesOf[index];
        for (uint256 i; i < ids.length; ++i) {
            Place storage p = _places[ids[i]];
            if (p.open || _hasCommit(p.state)) continue;
            bool kept = p.inTime && p.state == SlotState.Accepted;
            if (p.vacated || rescue || (answersOver && !kept)) ++count;
        }
        // All commits are there, but one came when its slot was open: it may be junk, so backups stay welcome.
        if (_ownCommits(index) == job.redundancy) count = job.redundancy;
    }

    /// @dev Places of a workload in one state, own slots or open ones.
    function _count(uint256 index, SlotState state, bool open) internal view returns (uint256 count) {
        uint256[] storage ids = _placesOf[index];
        for (uint256 i; i < ids.length; ++i) {
            Place storage p = _places[ids[i]];
            if (p.state == state && p.open == open) ++count;
        }
    }

    /// @dev Own slots with a commit.
    function _ownCommits(uint256 index) internal view returns (uint256) {
        return
            _count(index, SlotState.Committed, false) +
            _count(index, SlotState.Valid, false) +
            _count(index, SlotState.Invalid, false) +
            _count(index, SlotState.Revealed, false);
    }

    /// @dev Seats that accepted in time and neither committed nor failed.
    function _waiting(uint256 index) internal view returns (uint256 count) {
        uint256[] storage ids = _placesOf[index];
        for (uint256 i; i < ids.length; ++i) {
            if (_places[ids[i]].state == SlotState.Accepted && _places[ids[i]].inTime) ++count;
        }
    }

    function _validOf(uint256 index) internal view returns (uint256) {
        return _count(index, SlotState.Valid, false) + _count(index, SlotState.Valid, true);
    }

    function _revealedOf(uint256 index) internal view returns (uint256) {
        return _count(index, SlotState.Revealed, false) + _count(index, SlotState.Revealed, true);
    }

    /// @dev Whether the reveals of a workload are over: none can come any more, or all have come.
    function _revealsOver(uint256 index) internal view returns (bool) {
        (, uint256 until) = _revealWindow(_jobs[index]);
        bool unopened = _count(index, SlotState.Committed, false) + _count(index, SlotState.Committed, true) != 0;
        return !_takesCommits(_jobs[index]) && !(unopened && _clock <= until);
    }

    /// @dev Whether a place is to be paid: found valid by its verifier contract or, once settled, by the committee.
    function _wins(Place storage p) internal view returns (bool) {
        if (p.state == SlotState.Valid) return true;
        return p.state == SlotState.Revealed && (_jobs[p.job].winning >> p.order) % 2 == 1;
    }

    function _winnersOf(uint256 index) internal view returns (uint256 count) {
        uint256[] storage ids = _placesOf[index];
        for (uint256 i; i < ids.length; ++i) if (_wins(_places[ids[i]])) ++count;
    }

    function _invalidOf(uint256 index) internal view returns (uint256) {
        return _count(index, SlotState.Invalid, false) + _count(index, SlotState.Invalid, true);
    }

    // ─── Money ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _baseBurn(Job storage job) internal view returns (uint256) {
        return (job.fee * _rules[job.rules].baseBurnBps) / 10_000;
    }

    /// @dev What the ranks share. Where a committee judged, its share is off by then, and half of the rest if none came together.
    function _pot(Job storage job) internal view returns (uint256) {
        return _potBefore(job) - job.potCut;
    }

    function _potBefore(Job storage job) internal view override returns (uint256) {
        Rules storage r = _rules[job.rules];
        return job.fee - _baseBurn(job) - (uint256(r.assignBounty) + r.settleBounty) * GWEI_UNIT;
    }

    /// @dev What rank `rank` (from 1) of `ranks` earns: 0.8^(rank − 1) over the sum of those weights, with whole numbers.
    function _shareOf(uint256 pot, uint256 rank, uint256 ranks) internal pure returns (uint256) {
        uint256 sum;
        for (uint256 k; k < ranks; ++k) sum += 4 ** k * 5 ** (7 - k);
        return (pot * (4 ** (rank - 1) * 5 ** (8 - rank))) / sum;
    }

    // ─── The end ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev How a workload ends that is settled now.
    function _outcomeNow(uint256 index) internal view returns (Outcome) {
        if (_jobs[index].judged && _revealedOf(index) != 0) return _outcomeJudged(index);
        if (_validOf(index) != 0) return Outcome.Proven;
        if (_invalidOf(index) != 0) return Outcome.InvalidProof;
        if (_jobs[index].commits != 0) return Outcome.NotRevealed;
        FailReason reason;
        uint256[] storage ids = _placesOf[index];
        for (uint256 i; i < ids.length; ++i) {
            Place storage p = _places[ids[i]];
            bool failedInTime = p.state == SlotState.Failed && p.vacated;
            if (p.inTime && !failedInTime && p.state != SlotState.Free) return Outcome.TimedOut;
            if (!failedInTime) continue;
            if (reason != FailReason.None && reason != p.reason) reason = FailReason.OutOfTime;
            else reason = p.reason;
        }
        if (reason == FailReason.ProgramFailed) return Outcome.ProgramFailed;
        if (reason == FailReason.InputsUnavailable) return Outcome.InputsUnavailable;
        return reason == FailReason.OutOfTime ? Outcome.TimedOut : Outcome.Unserved;
    }

    /// @dev Whether `a` ranks before `b`: own slots first, then by commit order.
    function _ranksBefore(Place storage a, Place storage b) internal view returns (bool) {
        if (a.open != b.open) return !a.open;
        return a.order < b.order;
    }

    /// @dev Places to be paid of a workload in rank order.
    function _ranking(uint256 index) internal view returns (uint256[] memory ranked) {
        uint256[] storage ids = _placesOf[index];
        ranked = new uint256[](_winnersOf(index));
        for (uint256 i; i < ids.length; ++i) {
            if (!_wins(_places[ids[i]])) continue;
            uint256 before;
            for (uint256 j; j < ids.length; ++j) {
                bool rival = i != j && _wins(_places[ids[j]]);
                if (rival && _ranksBefore(_places[ids[j]], _places[ids[i]])) ++before;
            }
            ranked[before] = ids[i];
        }
    }

    /// @dev Gives ranks and pay to valid places; one open-market rank an operator and none beside a slot of its own.
    function _payRanking(uint256 index) internal {
        Job storage job = _jobs[index];
        uint256[] memory ranked = _ranking(index);
        uint256 pot = _pot(job);
        uint256 rank;
        for (uint256 i; i < ranked.length; ++i) {
            Place storage p = _places[ranked[i]];
            bool again;
            for (uint256 j; j < i; ++j) if (_places[ranked[j]].operator == p.operator) again = true;
            if (rank == job.redundancy || (p.open && again)) continue;
            p.rank = ++rank;
            _payPlace(job, p, _shareOf(pot, rank, job.redundancy));
        }
    }

    function _payPlace(Job storage job, Place storage p, uint256 amount) internal {
        p.paid += amount;
        ++p.pays;
        _payFrom(job, p.operator, amount, false);
    }

    /// @dev Frees a place at the end of its workload, as a miss or not.
    function _freeAtEnd(uint256 id, Outcome outcome, bool dutyEnded) internal {
        Place storage p = _places[id];
        SlotState state = p.state;
        if (state == SlotState.Assigned && !dutyEnded) return;
        bool wins = _wins(p);
        bool missed =
            state == SlotState.Committed ||
                state == SlotState.Invalid ||
                (state == SlotState.Revealed && !wins) ||
                (state == SlotState.Accepted && !dutyEnded) ||
                (state == SlotState.Failed && outcome == Outcome.Proven);
        _settlePlace(id);
        if (wins && outcome == Outcome.Proven) _seats[p.seat].streak = 0;
        else if (missed) _applyMiss(p.seat);
    }
}
