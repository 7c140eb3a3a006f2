// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Books} from "./Books.sol";

/// @title The model of the registry: seats, bonds, active sets, draws
/// @notice The active set of a class is a plain array; a change makes a whole new copy that counts from the next epoch. A draw is the
/// textbook shuffle of the copy in force, nothing sparse.
abstract contract SeatModel is Books {
    uint256 private constant DRAW_EPOCHS = 3;

    // ─── Active sets ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev The set of a class in an epoch.
    function _setIn(uint8 class, uint256 epoch) internal view returns (uint256[] memory seats) {
        SetVersion[] storage versions = _sets[class];
        for (uint256 i = versions.length; i != 0; --i) {
            if (versions[i - 1].fromEpoch <= epoch) return versions[i - 1].seats;
        }
    }

    /// @dev The version that counts from the next epoch, made if need be from the one before.
    function _nextSet(uint8 class) private returns (uint256[] storage seats) {
        SetVersion[] storage versions = _sets[class];
        uint256 from = _epochNow() + 1;
        uint256 count = versions.length;
        if (count == 0 || versions[count - 1].fromEpoch != from) {
            SetVersion storage version = versions.push();
            version.fromEpoch = from;
            if (count != 0) version.seats = versions[count - 1].seats;
        }
        return versions[versions.length - 1].seats;
    }

    function _enterSet(uint256 seat) internal {
        _nextSet(_seats[seat].class).push(seat);
        _seats[seat].status = SeatStatus.Active;
        _seats[seat].fromEpoch = _epochNow() + 1;
    }

    /// @dev The last seat of the set takes the place of the one that goes.
    function _leaveSet(uint256 seat, SeatStatus status) internal {
        uint256[] storage seats = _nextSet(_seats[seat].class);
        for (uint256 i; i < seats.length; ++i) {
            if (seats[i] != seat) continue;
            seats[i] = seats[seats.length - 1];
            seats.pop();
            break;
        }
        _seats[seat].status = status;
        _seats[seat].leftEpoch = _epochNow();
    }

    /// @dev The first `count` seats of the set of `epoch`, shuffled by `seed`.
    function _shuffled(
        uint8 class,
        uint256 epoch,
        bytes32 seed,
        uint256 count
    ) internal view returns (uint256[] memory chosen) {
        uint256[] memory seats = _setIn(class, epoch);
        if (count > seats.length) count = seats.length;
        chosen = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            uint256 j = i + (uint256(keccak256(abi.encode(seed, i))) % (seats.length - i));
            (seats[i], seats[j]) = (seats[j], seats[i]);
            chosen[i] = seats[i];
        }
    }

    /// @dev Whether seats of a class have to solve a puzzle before they are active.
    function _mustQualify(uint8 class) internal view virtual returns (bool);

    // ─── Effects of the operator's acts ─────────────────────────────────────────────────────────────────────────────────────

    function _applyStake(address operator, uint8 class, uint256 count, uint256 floor) internal {
        uint256 bond = _bonds[class].bond;
        for (uint256 i; i < count; ++i) {
            SeatBook storage s = _seats[++_seatCount];
            s.operator = operator;
            s.class = class;
            s.floor = floor;
            s.bond = bond;
            if (_mustQualify(class)) s.status = SeatStatus.Inactive;
            else _enterSet(_seatCount);
        }
        _wallet[operator] -= bond * count;
    }

    function _applyJoin(uint256 seat, uint256 floor) internal {
        _seats[seat].unlockAt = 0;
        _seats[seat].floor = floor;
        if (_mustQualify(_seats[seat].class)) _seats[seat].status = SeatStatus.Inactive;
        else _enterSet(seat);
    }

    function _applyLeave(uint256 seat) internal {
        SeatBook storage s = _seats[seat];
        if (s.status == SeatStatus.Active) _leaveSet(seat, SeatStatus.Leaving);
        s.status = SeatStatus.Leaving;
        s.unlockAt = _clock + _cooldown;
    }

    function _applyTopUp(uint256 seat) internal {
        SeatBook storage s = _seats[seat];
        uint256 due = _bonds[s.class].bond - s.bond;
        s.bond += due;
        _wallet[s.operator] -= due;
    }

    function _applyUnstake(uint256 seat, address to) internal {
        _wallet[to] += _seats[seat].bond;
        delete _seats[seat].bond;
        delete _seats[seat].operator;
        delete _seats[seat].class;
        delete _seats[seat].unlockAt;
        delete _seats[seat].floor;
        delete _seats[seat].declines;
        delete _seats[seat].fromEpoch;
        delete _seats[seat].leftEpoch;
        _seats[seat].status = SeatStatus.None;
    }

    // ─── Effects of the market ──────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A drop puts an active seat into its cooldown; one that is leaving keeps its own, but has to sit it out.
    function _applyDrop(uint256 seat) internal {
        SeatBook storage s = _seats[seat];
        if (s.status == SeatStatus.Active) {
            _leaveSet(seat, SeatStatus.Dropped);
            s.unlockAt = _clock + _cooldown;
        } else if (s.status == SeatStatus.Leaving) {
            s.status = SeatStatus.Dropped;
        }
    }

    /// @dev The third miss in a row drops the seat and starts a new row.
    function _applyMiss(uint256 seat) internal {
        if (++_seats[seat].streak < 3) return;
        _seats[seat].streak = 0;
        ++seen["dropped for misses"];
        _applyDrop(seat);
    }

    function _applyDecline(uint256 seat) internal {
        SeatBook storage s = _seats[seat];
        uint256 week = _clock / WEEK;
        if (s.declineWeek != week) s.declines = 0;
        s.declineWeek = week;
        ++s.declines;
        if (s.declines > _termsOf(s.class).declineQuota) _applyDrop(seat);
    }

    /// @dev Takes part of a seat's bond, whatever its class asks for today.
    /// @return amount What the seat lost.
    function _applySlash(uint256 seat, address reporter) internal returns (uint256 amount) {
        SeatBook storage s = _seats[seat];
        ClassBond memory params = _termsOf(s.class);
        amount = _partOfBond(s, params.slashBps);
        uint256 bounty = reporter == s.operator ? 0 : (amount * params.bountyBps) / 10_000;
        s.bond -= amount;
        _bounty[reporter] += bounty;
        _slashesToBurn[reporter] += amount - bounty;
        if (s.status == SeatStatus.Active) _leaveSet(seat, SeatStatus.Inactive);
    }

    /// @dev Parameters of a class as they count now: what changed counts a cooldown after it was set.
    function _termsOf(uint8 class) internal view returns (ClassBond memory) {
        bool turned = _waitingUntil[class] != 0 && _clock >= _waitingUntil[class];
        return turned ? _waitingTerms[class] : _bonds[class];
    }

    /// @dev Part of what a seat has bonded.
    function _partOfBond(SeatBook storage s, uint256 bps) internal view returns (uint256) {
        return (s.bond * bps) / 10_000;
    }

    // ─── What must hold for an operator's act, as the error that says otherwise ─────────────────────────────────────────────

    function _joinError(uint256 seat, address caller) internal view returns (bytes4) {
        SeatBook storage s = _seats[seat];
        if (s.operator != caller) return NotSeatOperator.selector;
        if (s.status == SeatStatus.Active) return WrongSeatStatus.selector;
        // Where seats are checked, a leaving one sits its cooldown out like a dropped one.
        bool mustCool = s.status == SeatStatus.Dropped || (s.status == SeatStatus.Leaving && _mustQualify(s.class));
        if (mustCool && _clock < s.unlockAt) return CoolingDown.selector;
        if (_epochNow() <= s.leftEpoch + DRAW_EPOCHS) return RejoinTooEarly.selector;
        if (s.bond < _bonds[s.class].bond) return BondIncomplete.selector;
        return 0;
    }

    function _leaveError(uint256 seat, address caller) internal view returns (bytes4) {
        SeatBook storage s = _seats[seat];
        if (s.operator != caller) return NotSeatOperator.selector;
        if (s.status != SeatStatus.Active && s.status != SeatStatus.Inactive) return WrongSeatStatus.selector;
        return 0;
    }

    function _topUpError(uint256 seat, address caller) internal view returns (bytes4) {
        SeatBook storage s = _seats[seat];
        if (s.operator != caller) return NotSeatOperator.selector;
        if (s.bond >= _bonds[s.class].bond) return NothingDue.selector;
        return 0;
    }

    function _unstakeError(uint256 seat, address caller) internal view returns (bytes4) {
        SeatBook storage s = _seats[seat];
        if (s.operator != caller) return NotSeatOperator.selector;
        if (s.status != SeatStatus.Leaving && s.status != SeatStatus.Dropped) return WrongSeatStatus.selector;
        if (_clock < s.unlockAt) return CoolingDown.selector;
        if (_isAtWork(seat)) return SeatHeld.selector;
        if (s.bond == 0) return NothingDue.selector;
        return 0;
    }
}
