// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProverRegistry} from "../../../contracts/interfaces/IProverRegistry.sol";
import {EndActions} from "./EndActions.sol";

/// @title What operators do with their seats: stake, join, leave, top up, withdraw
abstract contract SeatActions is EndActions {
    uint256 internal constant MAX_SEATS = 60;

    /// @notice Stakes new seats, sometimes of a class that does not exist or without being admitted.
    function stake(uint256 seed) public {
        _begin(seed);
        if (_seatCount >= MAX_SEATS) return _pass(_roll(60));
        address operator = _chance(12) ? _anybody() : _operator(_roll(OPERATORS));
        uint8 class = uint8(_chance(16) ? 3 + _roll(3) : _roll(3));
        uint256 count = _chance(16) ? (_chance(2) ? 0 : 65) : 1 + _roll(2);
        uint40 floor = _floor();
        bytes4 predicted;
        if (!_admitted[operator] && !_admissionOpen) predicted = OperatorNotAdmitted.selector;
        else if (count == 0 || count > 64) predicted = InvalidSeatCount.selector;
        else if (_bonds[class].bond == 0) predicted = UnknownClass.selector;
        bytes memory call = abi.encodeCall(IProverRegistry.stake, (class, count, floor));
        if (_tryRegistry("stake", operator, call, predicted)) _applyStake(operator, class, count, floor);
    }

    /// @notice Puts a seat back into the active set.
    function join(uint256 seed) public {
        _begin(seed);
        uint256 seat = _pickSeatBy(SeatStatus.Inactive, SeatStatus.Leaving, SeatStatus.Dropped);
        if (_chance(3)) _waitToRejoin(seat);
        address caller = _chance(16) ? _anybody() : _operatorOf(seat);
        uint40 floor = _floor();
        bytes4 predicted = _joinError(seat, caller);
        bytes memory call = abi.encodeCall(IProverRegistry.join, (_one(seat), floor));
        if (_tryRegistry("join", caller, call, predicted)) _applyJoin(seat, floor);
    }

    /// @notice Takes a seat out of the active set.
    function goAway(uint256 seed) public {
        _begin(seed);
        if (!_chance(2)) return;
        uint256 seat = _pickSeatBy(SeatStatus.Active, SeatStatus.Inactive, SeatStatus.Active);
        address caller = _chance(6) ? _anybody() : _operatorOf(seat);
        bytes4 predicted = _leaveError(seat, caller);
        bytes memory call = abi.encodeCall(IProverRegistry.leaveSet, (_one(seat)));
        if (_tryRegistry("leave", caller, call, predicted)) _applyLeave(seat);
    }

    /// @notice Makes a slashed seat's bond whole again.
    function topUp(uint256 seed) public {
        _begin(seed);
        uint256 seat = 1 + _roll(_seatCount);
        for (uint256 i = 1; i <= _seatCount; ++i) {
            if (_seats[i].operator != address(0) && _topUpError(i, _seats[i].operator) == 0 && _chance(2)) seat = i;
        }
        address caller = _chance(16) ? _anybody() : _operatorOf(seat);
        bytes4 predicted = _topUpError(seat, caller);
        bytes memory call = abi.encodeCall(IProverRegistry.topUp, (seat));
        if (_tryRegistry("top up", caller, call, predicted)) _applyTopUp(seat);
    }

    /// @notice Withdraws a seat's bond, at the end of its cooldown, a second too early, or while it is held.
    function unstake(uint256 seed) public {
        _begin(seed);
        uint256 seat = _pickSeatBy(SeatStatus.Leaving, SeatStatus.Dropped, SeatStatus.Leaving);
        if (_seats[seat].unlockAt != 0 && _chance(6)) _goTo(_seats[seat].unlockAt - (_chance(6) ? 1 : 0));
        address caller = _chance(16) ? _anybody() : _operatorOf(seat);
        address to = _anybody();
        bytes4 predicted = _unstakeError(seat, caller);
        bytes memory call = abi.encodeCall(IProverRegistry.withdraw, (_one(seat), to));
        if (_tryRegistry("unstake", caller, call, predicted)) _applyUnstake(seat, to);
        if (predicted == SeatHeld.selector) ++seen["bond held by an open slot"];
    }

    /// @dev Some seats have a floor that some offers do not meet.
    function _floor() private returns (uint40) {
        return _chance(3) ? uint40(_roll(4e7)) : 0;
    }

    /// @dev A seat in one of three statuses if there is one.
    function _pickSeatBy(SeatStatus a, SeatStatus b, SeatStatus c) private returns (uint256) {
        uint256 start = _roll(_seatCount);
        if (_chance(20)) return 1 + start;
        for (uint256 i; i < _seatCount; ++i) {
            uint256 seat = 1 + ((start + i) % _seatCount);
            SeatStatus have = _seats[seat].status;
            if (have == a || have == b || have == c) return seat;
        }
        return 1 + start;
    }

    /// @dev To the first second in which a seat may join again, or the last in which it may not.
    function _waitToRejoin(uint256 seat) private {
        SeatBook storage s = _seats[seat];
        uint256 early = _chance(8) ? 1 : 0;
        if (s.leftEpoch != 0) _goTo(_genesis + (s.leftEpoch + 3) * _epochLength - early);
        if (s.status == SeatStatus.Dropped && _chance(3)) _goTo(s.unlockAt - early);
    }
}
