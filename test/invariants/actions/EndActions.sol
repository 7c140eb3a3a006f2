// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore, IMarketEvents, IMarketExtension} from "../../../contracts/interfaces/IMarket.sol";
import {Vm} from "../../support/solidity/Vm.sol";
import {CHEATS} from "../world/Cheats.sol";
import {ICommitteeErrors, ICommitteeTypes} from "../../../contracts/interfaces/ICommittee.sol";
import {JudgeActions} from "./JudgeActions.sol";

/// @title How workloads end: settle, clear, slash, by anyone
abstract contract EndActions is JudgeActions {
    /// @notice Settles a workload with a list that is whole, sparse, or wrong.
    function settle(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickJob(_chance(6) ? Phase.Pending : Phase.Proving);
        if (index == NOTHING) return;
        Job storage job = _jobs[index];
        _goToEnd(index);
        uint256[] memory seats = _settleList(index);
        bytes4 predicted = _settleError(index, seats);
        _trySettle(index, _anybody(), seats, predicted);
        if (job.phase == Phase.Final) ++seen[_outcomeName(job.outcome)];
    }

    /// @notice Clears seats of a workload that is over.
    function clear(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickJob(Phase.Final);
        if (index == NOTHING) return;
        uint256[] memory seats = _unsettledSeats(index, 0);
        if (seats.length != 0 && _chance(12)) seats[0] = 1 + _roll(_seatCount);
        _tryClear(index, _anybody(), seats, _clearError(index, seats));
    }

    /// @notice Reports silent seats, too early now and then, and seats that are not silent.
    function slash(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickSilent();
        if (index == NOTHING) return;
        Job storage job = _jobs[index];
        if (job.phase >= Phase.Proving && _chance(job.phase == Phase.Final ? 3 : 12)) _goTo(_silentAt(job) + _roll(3));
        uint256[] memory seats = _silentSeats(index);
        if (seats.length == 0 || _chance(12)) seats = _one(1 + _roll(_seatCount));
        if (_chance(12)) seats = _one(seats[0]);
        _trySlash(index, _anybody(), seats, _slashError(index, seats));
    }

    // ─── Settle ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Now and then moves on to the second from which the workload can be settled, or to the last one in which it cannot.
    function _goToEnd(uint256 index) private {
        Job storage job = _jobs[index];
        uint256 back = _chance(6) ? 1 : 0;
        if (job.phase == Phase.Pending) {
            if (_chance(8)) _goTo(_genesis + (job.epoch + 3) * _epochLength - back);
            return;
        }
        if (job.judged && _judgings[index].attempts != 0) return _goToVerdict(index, back);
        if (job.phase != Phase.Proving || !_chance(_takesCommits(job) ? 12 : 3)) return;
        (, uint256 until) = _revealWindow(job);
        _goTo((job.commits == 0 ? _deadlineOf(job) : until) + 1 - back);
    }

    /// @dev Now and then to the second from which a verdict stands, or the last one of an attempt.
    function _goToVerdict(uint256 index, uint256 back) private {
        Attempt storage a = _attempts[index][_attemptOf(_judgings[index])];
        uint256 end = _isDrawn(a) ? a.until : _lastDraw(a);
        if (_chance(3)) _goTo(end + 1 - back);
        if (_stageOf(index) == ICommitteeTypes.Stage.Appealable && _chance(2))
            _goTo(end + _rules[_jobs[index].rules].verdictWindow + 1 - back);
    }

    /// @dev Whole lists, the least that is needed, lists that miss one, doubles and strangers.
    function _settleList(uint256 index) private returns (uint256[] memory seats) {
        // Without those that wait.
        if (_jobs[index].released && _chance(4)) return _unsettledSeats(index, 1);
        uint256 kind = _roll(20);
        if (kind == 0) return new uint256[](0);
        if (kind == 1) return _one(1 + _roll(_seatCount));
        if (kind < 8) return _neededSeats(index);
        seats = _unsettledSeats(index, 0);
        if (kind == 8 && seats.length != 0) seats[_roll(seats.length)] = seats[0];
        if (kind == 9 && seats.length != 0) seats[_roll(seats.length)] = 1 + _roll(_seatCount);
    }

    /// @dev Seats that must be listed: valid reveals, and after a release those that wait.
    function _neededSeats(uint256 index) internal view returns (uint256[] memory) {
        return _unsettledSeats(index, _jobs[index].released ? 2 : 1);
    }

    /// @dev Seats with an unsettled place. `kind` 0: all, 1: the valid ones, 2: the valid and the waiting ones.
    function _unsettledSeats(uint256 index, uint256 kind) internal view returns (uint256[] memory seats) {
        uint256[] storage ids = _placesOf[index];
        uint256[] memory all = new uint256[](ids.length);
        uint256 count;
        for (uint256 i; i < ids.length; ++i) {
            Place storage p = _places[ids[i]];
            bool waiting = p.state == SlotState.Accepted && p.inTime;
            bool wanted = kind == 0 || _winsNow(p) || (kind == 2 && waiting);
            if (p.state != SlotState.Free && wanted) all[count++] = p.seat;
        }
        seats = new uint256[](count);
        for (uint256 i; i < count; ++i) seats[i] = all[i];
    }

    function _settleError(uint256 index, uint256[] memory seats) internal view returns (bytes4) {
        Job storage job = _jobs[index];
        if (job.phase == Phase.Pending) return _epochNow() <= job.epoch + 3 ? WrongPhase.selector : bytes4(0);
        if (job.phase != Phase.Proving) return WrongPhase.selector;
        if (!_revealsOver(index)) return TooEarly.selector;
        if (job.judged && _revealedOf(index) != 0 && !_isJudgedNow(index)) return ICommitteeErrors.WrongStage.selector;
        uint256 needed = _neededSeats(index).length;
        for (uint256 i; i < seats.length; ++i) {
            uint256 id = _placeOf(index, seats[i]);
            bool again;
            for (uint256 j; j < i; ++j) if (seats[j] == seats[i]) again = true;
            if (id == 0 || again) continue;
            Place storage p = _places[id - 1];
            bool waits = job.released && p.state == SlotState.Accepted && p.inTime;
            if (_winsNow(p) || waits) --needed;
        }
        return needed == 0 ? bytes4(0) : ClaimsIncomplete.selector;
    }

    /// @dev Whether the judging is over at this second, with or without a verdict.
    function _isJudgedNow(uint256 index) internal view returns (bool) {
        ICommitteeTypes.Stage stage = _stageOf(index);
        return stage == ICommitteeTypes.Stage.Final || stage == ICommitteeTypes.Stage.GivenUp;
    }

    /// @dev Whether a place would be paid if its workload were settled now.
    function _winsNow(Place storage p) private view returns (bool) {
        if (p.state == SlotState.Valid) return true;
        if (p.state != SlotState.Revealed) return false;
        if (_stageOf(p.job) == ICommitteeTypes.Stage.GivenUp) return true;
        (uint256 valid, ) = _verdict(p.job);
        return (valid >> p.order) % 2 == 1;
    }

    /// @dev The verdict enters the books; from now on a proof is as good as the committee found it.
    function _judgeInBooks(uint256 index) private {
        _conclude(index);
        uint256[] storage ids = _placesOf[index];
        for (uint256 i; i < ids.length; ++i) {
            if (_places[ids[i]].state == SlotState.Revealed) _places[ids[i]].good = _wins(_places[ids[i]]);
        }
    }

    function _trySettle(uint256 index, address caller, uint256[] memory seats, bytes4 predicted) internal {
        Job storage job = _jobs[index];
        bytes memory call = abi.encodeCall(IMarketCore.settle, (job.spec, seats));
        bool pending = job.phase == Phase.Pending;
        CHEATS.recordLogs();
        if (!_tryMarket(pending ? "settle an undrawn workload" : "settle", caller, call, predicted)) return;
        Vm.Log[] memory logs = CHEATS.getRecordedLogs();
        uint256 bounty = uint256(_rules[job.rules].settleBounty) * GWEI_UNIT;
        _payFrom(job, caller, bounty, true);
        if (pending) {
            _refundFrom(job, job.fee - bounty);
            _end(index, Outcome.Unserved, true, caller);
        } else {
            _applySettle(index, seats, caller);
        }
        _checkFinished(job, logs);
        _checkSettled(index, logs);
    }

    function _applySettle(uint256 index, uint256[] memory seats, address caller) private {
        Job storage job = _jobs[index];
        Outcome outcome = _outcomeNow(index);
        if (job.judged && _revealedOf(index) != 0) _judgeInBooks(index);
        if (outcome == Outcome.Unserved) {
            _refundFrom(job, _pot(job));
        } else {
            _payRanking(index);
            if (job.released) _compensate(index);
        }
        for (uint256 i; i < seats.length; ++i) {
            uint256 id = _placeOf(index, seats[i]);
            if (id != 0) _freeAtEnd(id - 1, outcome, job.released);
        }
        _end(index, outcome, job.released, caller);
    }

    /// @dev After a release the waiting seats get what a cancel would have paid them, as far as what no rank earned goes.
    function _compensate(uint256 index) private {
        Job storage job = _jobs[index];
        uint256[] memory seats = _waitingSeats(index);
        if (seats.length == 0) return;
        uint256 each = (_pot(job) * (job.closedAt - job.drawnAt)) / (job.maxRunTime * job.redundancy);
        uint256 most = (_pot(job) + job.committeePaid - job.paid) / seats.length;
        if (each > most) each = most;
        for (uint256 i; i < seats.length; ++i) {
            _payPlace(job, _places[_placeOf(index, seats[i]) - 1], each);
            ++seen["compensated after a release"];
        }
    }

    /// @dev The Finished event against the books.
    function _checkFinished(Job storage job, Vm.Log[] memory logs) private view {
        uint256 found;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IMarketEvents.Finished.selector) continue;
            (Outcome outcome, uint256 paid, uint256 refunded, uint256 burned) = abi.decode(
                logs[i].data,
                (Outcome, uint256, uint256, uint256)
            );
            _same("outcome", uint256(outcome), uint256(job.outcome));
            _same("paid", paid, job.paid);
            _same("refunded", refunded, job.refunded);
            _same("burned", burned, job.burned);
            ++found;
        }
        _same("Finished events", found, 1);
    }

    /// @dev The SlotSettled events against the books: rank and pay of every paid place, each once.
    function _checkSettled(uint256 index, Vm.Log[] memory logs) private view {
        uint256 total;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IMarketEvents.SlotSettled.selector) continue;
            (uint256 rank, uint256 paid) = abi.decode(logs[i].data, (uint256, uint256));
            Place storage p = _lastPlaceOf(index, uint256(logs[i].topics[2]));
            _same("rank of a seat", rank, p.rank);
            _same("pay of a seat", paid, p.paid);
            total += paid;
        }
        _same("pay of all seats", total, _jobs[index].paid - _jobs[index].committeePaid);
    }

    function _lastPlaceOf(uint256 index, uint256 seat) private view returns (Place storage p) {
        uint256[] storage ids = _placesOf[index];
        uint256 found;
        for (uint256 i; i < ids.length; ++i) if (_places[ids[i]].seat == seat) found = i;
        return _places[ids[found]];
    }

    function _outcomeName(Outcome outcome) private pure returns (string memory) {
        if (outcome == Outcome.Proven) return "proven";
        if (outcome == Outcome.Unserved) return "unserved";
        if (outcome == Outcome.TimedOut) return "timed out";
        if (outcome == Outcome.ProgramFailed) return "program failed";
        if (outcome == Outcome.InputsUnavailable) return "inputs unavailable";
        if (outcome == Outcome.InvalidProof) return "invalid proof";
        if (outcome == Outcome.NotRevealed) return "not revealed";
        if (outcome == Outcome.Unjudged) return "unjudged";
        return "cancelled";
    }

    // ─── Clear ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _clearError(uint256 index, uint256[] memory seats) internal view returns (bytes4) {
        Job storage job = _jobs[index];
        if (job.phase != Phase.Final) return WrongPhase.selector;
        for (uint256 i; i < seats.length; ++i) {
            uint256 id = _placeOf(index, seats[i]);
            if (id == 0) return SeatNotInWorkload.selector;
            bool stays = _places[id - 1].state == SlotState.Assigned && !job.dutyEnded;
            for (uint256 j; j < i; ++j) if (seats[j] == seats[i] && !stays) return SeatNotInWorkload.selector;
        }
        return 0;
    }

    function _tryClear(uint256 index, address caller, uint256[] memory seats, bytes4 predicted) internal {
        Job storage job = _jobs[index];
        bytes memory call = abi.encodeCall(IMarketExtension.clear, (job.spec, seats));
        if (!_tryMarket("clear", caller, call, predicted)) return;
        for (uint256 i; i < seats.length; ++i) {
            uint256 id = _placeOf(index, seats[i]);
            if (id != 0) _freeAtEnd(id - 1, job.outcome, job.dutyEnded);
        }
    }

    // ─── Slash ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A workload with a seat that has not answered.
    function _pickSilent() private returns (uint256) {
        uint256 start = _roll(_jobs.length + 1);
        for (uint256 i; i < _jobs.length && i < 40; ++i) {
            uint256 index = (start + i) % _jobs.length;
            if (_count(index, SlotState.Assigned, false) != 0) return index;
        }
        return _chance(4) ? _pickJob(Phase.Final) : NOTHING;
    }

    function _silentSeats(uint256 index) internal view returns (uint256[] memory seats) {
        seats = new uint256[](_count(index, SlotState.Assigned, false));
        uint256[] storage ids = _placesOf[index];
        uint256 count;
        for (uint256 i; i < ids.length; ++i) {
            if (_places[ids[i]].state == SlotState.Assigned) seats[count++] = _places[ids[i]].seat;
        }
    }

    /// @dev A seat is silent when it was drawn, said nothing through the whole silence window, and its duty has not ended.
    function _slashError(uint256 index, uint256[] memory seats) internal view returns (bytes4) {
        Job storage job = _jobs[index];
        if (job.phase < Phase.Proving) return WrongPhase.selector;
        if (job.drawnAt != 0 && _clock <= _silentAt(job)) return TooEarly.selector;
        bool excused = job.phase == Phase.Final ? job.dutyEnded : job.released;
        for (uint256 i; i < seats.length; ++i) {
            uint256 id = _placeOf(index, seats[i]);
            if (excused || id == 0 || _places[id - 1].state != SlotState.Assigned) return NotSilent.selector;
        }
        return 0;
    }

    function _trySlash(uint256 index, address caller, uint256[] memory seats, bytes4 predicted) internal {
        Job storage job = _jobs[index];
        bytes memory call = abi.encodeCall(IMarketCore.slash, (job.spec, seats));
        if (!_tryMarket("slash", caller, call, predicted)) return;
        for (uint256 i; i < seats.length; ++i) {
            uint256 id = _placeOf(index, seats[i]) - 1;
            Place storage p = _places[id];
            _same("answered before the slash", p.answeredAt, 0);
            ++p.slashes;
            _settlePlace(id);
            uint256 bond = _seats[p.seat].bond;
            _same("slash above the bond", _applySlash(p.seat, caller) > bond ? 1 : 0, 0);
            if (caller == p.operator) ++seen["slashed by its own operator"];
        }
    }
}
