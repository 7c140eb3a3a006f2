// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommitteeTypes} from "../../../contracts/interfaces/ICommittee.sol";
import {SeatModel} from "./SeatModel.sol";

/// @title The model of committees: attempts, votes, verdicts, and whom they pay
/// @notice A verdict is counted anew from all votes each time it is asked for; nothing but the votes is kept.
abstract contract JudgeModel is SeatModel {
    /// @notice One committee.
    struct Attempt {
        uint256 round;
        uint256 epoch;
        uint256 until;
        uint256[] seats;
        uint256[] votes;
        bool[] answered;
        bool[] slashed;
    }

    /// @notice The judging of a workload.
    struct JudgeBook {
        uint256 attempts;
        bool appealed;
        uint256 revealed;
        bytes32 proofs;
        address appellant;
        uint256 bond;
    }

    uint256 internal constant SIZE = 7;
    uint256 internal constant QUORUM = 5;
    uint256 internal constant APPEAL = 4;
    uint256 internal constant APPEAL_SIZE = 15;
    uint256 internal constant APPEAL_QUORUM = 10;
    uint256 internal constant ATTEMPTS = 3;
    uint256 internal constant BOND_SHARES = 3;
    uint256 internal constant EVERY_PROOF = type(uint256).max;

    mapping(uint256 job => JudgeBook judging) internal _judgings;
    mapping(uint256 job => mapping(uint256 attempt => Attempt made)) internal _attempts;
    /// @dev Places in the order of their reveals.
    mapping(uint256 job => uint256[] places) internal _revealOrder;
    mapping(uint256 seat => uint256 streak) internal _verdictStreak;
    mapping(address account => uint256 amount) internal _owedByCommittee;
    uint256 internal _bondsHeld;

    // ─── Counting votes ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev The attempt under way.
    function _attemptOf(JudgeBook storage j) internal view returns (uint256) {
        return j.appealed ? APPEAL : j.attempts;
    }

    function _isDrawn(Attempt storage a) internal view returns (bool) {
        return a.until != 0;
    }

    function _answers(Attempt storage a) internal view returns (uint256 count) {
        for (uint256 i; i < a.seats.length; ++i) if (a.answered[i]) ++count;
    }

    /// @dev What one committee says of the proof with commit order `order`: 0 nothing, 1 invalid, 2 valid.
    function _saysOf(Attempt storage a, uint256 quorum, uint256 order) private view returns (uint256) {
        uint256 valid;
        uint256 invalid;
        for (uint256 i; i < a.seats.length; ++i) {
            if (!a.answered[i]) continue;
            if ((a.votes[i] >> order) % 2 == 1) ++valid;
            else ++invalid;
        }
        if (valid >= quorum) return 2;
        return invalid >= quorum ? 1 : 0;
    }

    /// @dev The verdict of the committees before an appeal: each proof as the first of them that decided it.
    function _firstVerdict(uint256 index) internal view returns (uint256 decided, uint256 valid, bool formed) {
        JudgeBook storage j = _judgings[index];
        for (uint256 n = 1; n <= j.attempts; ++n) {
            Attempt storage a = _attempts[index][n];
            if (_answers(a) >= QUORUM) formed = true;
            for (uint256 order; order < 31; ++order) {
                uint256 bit = 2 ** order;
                if (j.revealed & bit == 0 || decided & bit != 0) continue;
                uint256 said = _saysOf(a, QUORUM, order);
                if (said != 0) decided |= bit;
                if (said == 2) valid |= bit;
            }
        }
    }

    /// @dev The verdict as it stands, and whether an appeal decided anything of it.
    function _verdict(uint256 index) internal view returns (uint256 valid, bool heard) {
        JudgeBook storage j = _judgings[index];
        (, valid, ) = _firstVerdict(index);
        if (!j.appealed) return (valid, false);
        for (uint256 order; order < 31; ++order) {
            uint256 bit = 2 ** order;
            if (j.revealed & bit == 0) continue;
            uint256 said = _saysOf(_attempts[index][APPEAL], APPEAL_QUORUM, order);
            if (said != 0) heard = true;
            if (said == 2) valid |= bit;
            if (said == 1) valid &= ~bit;
        }
    }

    /// @dev Where a judging is at this second. A verdict between the appeal's end and the settlement is final.
    function _stageOf(uint256 index) internal view returns (ICommitteeTypes.Stage) {
        JudgeBook storage j = _judgings[index];
        if (j.attempts == 0) return ICommitteeTypes.Stage.None;
        Attempt storage a = _attempts[index][_attemptOf(j)];
        uint256 end = _isDrawn(a) ? a.until : _lastDraw(a);
        if (_clock <= end) return _isDrawn(a) ? ICommitteeTypes.Stage.Voting : ICommitteeTypes.Stage.Drawing;
        if (j.appealed) return ICommitteeTypes.Stage.Final;
        (uint256 decided, , bool formed) = _firstVerdict(index);
        if (formed && (decided == j.revealed || j.attempts == ATTEMPTS)) {
            bool over = _clock > end + _rules[_jobs[index].rules].verdictWindow;
            return over ? ICommitteeTypes.Stage.Final : ICommitteeTypes.Stage.Appealable;
        }
        return j.attempts == ATTEMPTS ? ICommitteeTypes.Stage.GivenUp : ICommitteeTypes.Stage.Failed;
    }

    /// @dev Last second in which a committee can be drawn: the registry remembers three epochs.
    function _lastDraw(Attempt storage a) internal view returns (uint256) {
        return _genesis + (a.epoch + 3) * _epochLength - 1;
    }

    // ─── Money and misses ───────────────────────────────────────────────────────────────────────────────────────────────────

    function _committeeShare(Job storage job) internal view returns (uint256) {
        return (job.fee * _rules[job.rules].committeeBps) / 10_000;
    }

    /// @dev Members that did not answer have a miss; the third in a row drops the seat.
    function _applyVerdictMisses(uint256 index, uint256 attempt) internal {
        Attempt storage a = _attempts[index][attempt];
        for (uint256 i; i < a.seats.length; ++i) {
            uint256 seat = a.seats[i];
            if (a.answered[i]) {
                _verdictStreak[seat] = 0;
                continue;
            }
            ++seen["verdict missed"];
            if (++_verdictStreak[seat] < 3) continue;
            _verdictStreak[seat] = 0;
            ++seen["dropped for missed verdicts"];
            _applyDrop(seat);
        }
    }

    /// @dev Operators of the members of an attempt that answered and were not caught with two answers.
    function _payeesOf(Attempt storage a) internal view returns (address[] memory payees) {
        uint256 count;
        address[] memory all = new address[](a.seats.length);
        for (uint256 i; i < a.seats.length; ++i) {
            address operator = _seats[a.seats[i]].operator;
            if (a.answered[i] && !a.slashed[i] && operator != address(0)) all[count++] = operator;
        }
        payees = new address[](count);
        for (uint256 i; i < count; ++i) payees[i] = all[i];
    }

    /// @dev How a judged workload with reveals ends.
    function _outcomeJudged(uint256 index) internal view returns (Outcome) {
        if (_stageOf(index) == ICommitteeTypes.Stage.GivenUp) return Outcome.Unjudged;
        (uint256 valid, ) = _verdict(index);
        return valid == 0 ? Outcome.InvalidProof : Outcome.Proven;
    }

    /// @dev The end of a judging: its verdict goes to the workload, the members' pay out of the fee, the appeal's bond where it belongs.
    function _conclude(uint256 index) internal {
        Job storage job = _jobs[index];
        JudgeBook storage j = _judgings[index];
        uint256 share = _committeeShare(job);
        bool givenUp = _stageOf(index) == ICommitteeTypes.Stage.GivenUp;
        (uint256 valid, bool heard) = _verdict(index);
        (, uint256 first, ) = _firstVerdict(index);
        _applyVerdictMisses(index, _attemptOf(j));
        job.potCut = share;
        if (givenUp) {
            uint256 pot = _potBefore(job) - share;
            job.potCut += pot - pot / 2;
            job.winning = EVERY_PROOF;
            return;
        }
        job.winning = valid;
        bool changed = j.appealed && valid != first;
        if (changed) ++seen["verdict changed by an appeal"];
        if (j.appealed) _closeAppeal(index, changed || !heard);
        if (changed) return _payMembers(job, _attempts[index][APPEAL], share / APPEAL_SIZE);
        uint256 drawn;
        for (uint256 n = 1; n <= j.attempts; ++n) if (_isDrawn(_attempts[index][n])) ++drawn;
        for (uint256 n = 1; n <= j.attempts; ++n) _payMembers(job, _attempts[index][n], share / (SIZE * drawn));
    }

    function _payMembers(Job storage job, Attempt storage a, uint256 each) private {
        address[] memory payees = _payeesOf(a);
        for (uint256 i; i < payees.length; ++i) {
            _payFrom(job, payees[i], each, false);
            job.committeePaid += each;
            ++seen["committee member paid"];
        }
    }

    function _closeAppeal(uint256 index, bool returned) private {
        JudgeBook storage j = _judgings[index];
        _bondsHeld -= j.bond;
        if (returned) {
            _owedByCommittee[j.appellant] += j.bond;
            return;
        }
        address[] memory payees = _payeesOf(_attempts[index][APPEAL]);
        uint256 each = j.bond / (BOND_SHARES * SIZE);
        for (uint256 i; i < payees.length; ++i) _owedByCommittee[payees[i]] += each;
        _supply -= j.bond - each * payees.length;
        ++seen["appeal lost"];
    }

    /// @dev The pot before the committee's share is taken off.
    function _potBefore(Job storage job) internal view virtual returns (uint256);
}
