// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IQualification} from "../../../contracts/interfaces/IQualification.sol";
import {IProverRegistry} from "../../../contracts/interfaces/IProverRegistry.sol";
import {BeaconCall} from "../../../contracts/libraries/BeaconCall.sol";
import {OtherActions} from "./OtherActions.sol";

/// @title Checks of the class with a puzzle: open, start, answer, excuse, evict
abstract contract QualifyActions is OtherActions {
    /// @notice What the moment asks for, now and then something else.
    function check(uint256 seed) external {
        _begin(seed);
        uint256 step = _chance(6) ? _roll(5) : _nextCheckStep();
        if (step == 0) _openCheck();
        else if (step == 1) _startCheck();
        else if (step == 2) _answer();
        else if (step == 3) _excuse();
        else _evict();
    }

    function _nextCheckStep() private returns (uint256) {
        uint256 newest = _checks.length - 1;
        if (newest == 0 || (_clock >= _nextCheckAt && _policy != 0)) return 0;
        CheckBook storage c = _checks[newest];
        if (c.startedAt == 0) return _clock <= c.startBy ? 1 : 0;
        if (_clock <= _answersUntil(c)) return _busyAsked() != 0 && _chance(2) ? 3 : (_chance(8) ? 3 : 2);
        return _chance(3) ? 0 : 4;
    }

    function _tryQualification(
        string memory act,
        address actor,
        bytes memory call,
        bytes4 predicted
    ) private returns (bool) {
        return _try(act, actor, address(_qualification), call, predicted);
    }

    // ─── Checks ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _openCheck() private {
        if (_chance(3)) _goTo(_nextCheckAt - (_chance(8) ? 1 : 0));
        uint8 class = _chance(24) ? 0 : CHECKED;
        bytes4 predicted;
        uint256 next;
        if (class != CHECKED || _policy == 0) predicted = NoPuzzle.selector;
        else if (_clock < _nextCheckAt) predicted = NotDue.selector;
        else {
            Policy storage p = _policies[_policy - 1];
            next = _nextCheckAt;
            // The first second of the grid after this one.
            next += p.period * ((_clock - next) / p.period + 1);
            if (_clock + p.window >= next) predicted = NotDue.selector;
            else if (_beacon.isMute(_clock)) predicted = BeaconCall.NoRoundYet.selector;
        }
        bytes memory call = abi.encodeCall(IQualification.open, (class));
        if (!_tryQualification("open a check", _anybody(), call, predicted)) return;
        CheckBook storage c = _checks.push();
        c.policy = _policies[_policy - 1];
        c.round = _beacon.nextRound();
        c.epoch = _epochNow();
        c.startBy = next - c.policy.window;
        _nextCheckAt = next;
    }

    function _startCheck() private {
        uint256 newest = _checks.length - 1;
        CheckBook storage c = _checks[newest];
        if (newest != 0) _goTo(_chance(16) ? c.startBy + _roll(2) : c.round * 30 - (_chance(16) ? 1 : 0));
        bytes4 predicted;
        if (newest == 0) predicted = NotStarted.selector;
        else if (c.startedAt != 0) predicted = StartedAlready.selector;
        else if (_clock > c.startBy) predicted = CheckVoid.selector;
        else if (_clock < c.round * 30 || _beacon.isLost(c.round)) predicted = RoundMissing.selector;
        bytes memory call = abi.encodeCall(IQualification.start, (CHECKED));
        if (!_tryQualification("start a check", _anybody(), call, predicted)) return;
        c.startedAt = _clock;
        c.seed = keccak256(abi.encode("round", uint32(c.round)));
    }

    // ─── Answers ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _answer() private {
        uint256 newest = _checks.length - 1;
        if (_chance(16) && _checks[newest].startedAt != 0) _goTo(_answersUntil(_checks[newest]) + _roll(2));
        uint256 seat = _pickAsked(newest);
        address caller = _chance(16) ? _anybody() : _operatorOf(seat);
        bool right = !_chance(12);
        bytes32 seed = _seedOf(newest, seat);
        bytes memory solution = right ? abi.encode(seed, caller) : abi.encode(seed, address(this));
        bool waiting = _seats[seat].status == SeatStatus.Inactive;
        bytes4 predicted = _askedError(seat, caller);
        if (predicted == 0 && !right) predicted = WrongSolution.selector;
        bool complete = _seats[seat].bond >= _bonds[CHECKED].bond;
        if (predicted == 0 && waiting && !complete) predicted = BondIncomplete.selector;
        bytes memory call = abi.encodeCall(IQualification.answer, (seat, solution));
        if (!_tryQualification("answer a check", caller, call, predicted)) return;
        // A newcomer is in no set of a check yet, so there is nothing to remember of it.
        if (!waiting || _excuses[seat] != 0) (_answeredCheck[seat], _excuses[seat]) = (newest, 0);
        if (!waiting) return;
        _enterSet(seat);
        ++seen["joined by a puzzle"];
    }

    function _excuse() private {
        uint256 newest = _checks.length - 1;
        uint256 seat = _pickAsked(newest);
        if (_busyAsked() != 0) seat = _busyAsked();
        address caller = _chance(16) ? _anybody() : _operatorOf(seat);
        bytes4 predicted = _askedError(seat, caller);
        if (predicted == 0 && _seats[seat].status == SeatStatus.Inactive) predicted = NotSelected.selector;
        if (predicted == 0 && _answeredCheck[seat] == newest) predicted = AnsweredAlready.selector;
        if (predicted == 0 && !_isAtWork(seat)) predicted = NotBusy.selector;
        if (predicted == 0 && _excuses[seat] >= _checks[newest].policy.excuses) predicted = NoExcuseLeft.selector;
        bytes memory call = abi.encodeCall(IQualification.excuse, (_one(seat)));
        if (!_tryQualification("excuse a seat", caller, call, predicted)) return;
        _answeredCheck[seat] = newest;
        ++_excuses[seat];
    }

    /// @dev A seat at work that the newest check asks; zero when there is none.
    function _busyAsked() private view returns (uint256 seat) {
        for (uint256 i = 1; i <= _seatCount; ++i) {
            SeatBook storage s = _seats[i];
            bool inSet = s.operator != address(0) && s.status != SeatStatus.Inactive;
            if (inSet && _isAtWork(i) && _askedError(i, s.operator) == 0) seat = i;
        }
    }

    /// @dev Mostly a seat that waits or is asked and has not answered.
    function _pickAsked(uint256 newest) private returns (uint256) {
        uint256 start = _roll(_seatCount);
        for (uint256 i; i < _seatCount && !_chance(40); ++i) {
            uint256 seat = 1 + ((start + i) % _seatCount);
            if (_seats[seat].class != CHECKED || _answeredCheck[seat] == newest) continue;
            bool waits = _seats[seat].status == SeatStatus.Inactive;
            if (_seats[seat].operator != address(0) && (waits || _isAsked(newest, seat))) return seat;
        }
        return 1 + start;
    }

    function _seedOf(uint256 number, uint256 seat) internal view returns (bytes32) {
        return
            keccak256(abi.encode(_checks[number].seed, block.chainid, address(_qualification), CHECKED, number, seat));
    }

    // ─── Evictions ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _evict() private {
        uint256 number = _checks.length - 1;
        if (number == 0) return;
        if (_chance(6)) number = 1 + _roll(number);
        CheckBook storage c = _checks[number];
        if (c.startedAt != 0 && _chance(2)) _goTo(_answersUntil(c) + (_chance(3) ? 0 : 1));
        uint256[] memory seats = _missingSeats(number);
        if (seats.length != 0 && _chance(6)) _slipAway(seats[0]);
        if (seats.length == 0 || _chance(12)) seats = _one(1 + _roll(_seatCount));
        address evictor = _anybody();
        bytes4 predicted = _evictError(c, number, seats);
        bytes memory call = abi.encodeCall(IQualification.evict, (CHECKED, number, seats));
        if (!_tryQualification("evict", evictor, call, predicted)) return;
        for (uint256 i; i < seats.length; ++i) {
            if (_isExcused(c, number, seats[i])) continue;
            if (_seats[seats[i]].operator == evictor) ++seen["evicted by its own operator"];
            if (_seats[seats[i]].status == SeatStatus.Leaving) ++seen["evicted while leaving"];
            _applyEvict(seats[i], evictor, c.policy.chargeBps);
        }
    }

    /// @dev A seat that did not answer leaves before anybody evicts it.
    function _slipAway(uint256 seat) private {
        if (_leaveError(seat, _seats[seat].operator) != 0) return;
        bytes memory call = abi.encodeCall(IProverRegistry.leaveSet, (_one(seat)));
        if (_tryRegistry("leave", _seats[seat].operator, call, 0)) _applyLeave(seat);
    }

    /// @dev Seats of the class that a check asked and that did not answer; those evicted before among them.
    function _missingSeats(uint256 number) private view returns (uint256[] memory seats) {
        CheckBook storage c = _checks[number];
        uint256[] memory all = new uint256[](_seatCount);
        uint256 count;
        for (uint256 seat = 1; seat <= _seatCount; ++seat) {
            if (_seats[seat].class != CHECKED || _isExcused(c, number, seat)) continue;
            if (_isAsked(number, seat)) all[count++] = seat;
        }
        seats = new uint256[](count);
        for (uint256 i; i < count; ++i) seats[i] = all[i];
    }

    /// @dev Whether an eviction passes over a seat: it is gone, came (back) after the check's set was frozen, or answered.
    function _isExcused(CheckBook storage c, uint256 number, uint256 seat) private view returns (bool) {
        SeatBook storage s = _seats[seat];
        return s.operator == address(0) || s.fromEpoch > c.epoch || _answeredCheck[seat] >= number;
    }

    function _evictError(CheckBook storage c, uint256 number, uint256[] memory seats) private view returns (bytes4) {
        if (c.startedAt == 0) return NotStarted.selector;
        if (_clock <= _answersUntil(c)) return WindowOpen.selector;
        bool any;
        for (uint256 i; i < seats.length; ++i) {
            SeatBook storage s = _seats[seats[i]];
            if (_isExcused(c, number, seats[i])) continue;
            if (s.class != CHECKED) return WrongClass.selector;
            if (!_isAsked(number, seats[i])) return NotSelected.selector;
            if (s.status == SeatStatus.Active || s.status == SeatStatus.Leaving) any = true;
        }
        return any ? bytes4(0) : NobodyEvicted.selector;
    }
}
