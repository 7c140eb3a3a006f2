// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IQualificationErrors, IQualificationTypes} from "../../../contracts/interfaces/IQualification.sol";
import {JobModel} from "./JobModel.sol";

/// @title The model of qualification: checks of the one class that has a puzzle
/// @notice Who is asked, who answered and who may be evicted is told from the list of checks and from what each seat did.
abstract contract QualifyModel is JobModel, IQualificationTypes, IQualificationErrors {
    /// @notice One check.
    struct CheckBook {
        Policy policy;
        uint256 round;
        uint256 epoch;
        uint256 startBy;
        uint256 startedAt;
        bytes32 seed;
    }

    /// @dev All policies ever set, and the number of the one in force; zero for none.
    Policy[] internal _policies;
    uint256 internal _policy;
    uint256 internal _nextCheckAt;
    /// @dev Check n is at place n; place 0 is empty.
    CheckBook[] internal _checks;
    mapping(uint256 seat => uint256 check) internal _answeredCheck;
    mapping(uint256 seat => uint256 count) internal _excuses;

    function _mustQualify(uint8 class) internal view override returns (bool) {
        return class == CHECKED && _policy != 0;
    }

    /// @dev Last second for answers of a started check.
    function _answersUntil(CheckBook storage c) internal view returns (uint256) {
        return c.startedAt + c.policy.window;
    }

    /// @dev Whether a check asks a seat: it was in the frozen set, and its operator was drawn or it owes an answer.
    function _isAsked(uint256 number, uint256 seat) internal view returns (bool) {
        CheckBook storage c = _checks[number];
        SeatBook storage s = _seats[seat];
        bool wasIn = s.fromEpoch != 0 && s.fromEpoch <= c.epoch;
        bool isIn = s.status == SeatStatus.Active || s.leftEpoch >= c.epoch;
        if (!wasIn || !isIn) return false;
        if (_excuses[seat] != 0) return true;
        return uint256(keccak256(abi.encode(c.seed, s.operator))) % 10_000 < c.policy.fractionBps;
    }

    /// @dev Half of an eviction's charge is the evictor's, unless it evicts itself; the rest burns; the seat is out.
    function _applyEvict(uint256 seat, address evictor, uint256 chargeBps) internal returns (bool) {
        SeatBook storage s = _seats[seat];
        if (s.status != SeatStatus.Active && s.status != SeatStatus.Leaving) return false;
        uint256 charge = _partOfBond(s, chargeBps);
        uint256 bounty = evictor == s.operator ? 0 : charge / 2;
        s.bond -= charge;
        _bounty[evictor] += bounty;
        _slashesToBurn[evictor] += charge - bounty;
        _applyDrop(seat);
        return true;
    }

    /// @dev What an answer or an excuse of a seat needs in the newest check of its class.
    function _askedError(uint256 seat, address caller) internal view returns (bytes4) {
        SeatBook storage s = _seats[seat];
        if (s.operator != caller) return NotSeatsOperator.selector;
        uint256 number = _checks.length - 1;
        if (s.class != CHECKED || number == 0 || _checks[number].startedAt == 0) return NotStarted.selector;
        if (_clock > _answersUntil(_checks[number])) return WindowOver.selector;
        if (_answeredCheck[seat] == number && _excuses[seat] == 0) return AnsweredAlready.selector;
        if (s.status == SeatStatus.Inactive) return 0;
        return _isAsked(number, seat) ? bytes4(0) : NotSelected.selector;
    }
}
