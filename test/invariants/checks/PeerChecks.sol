// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../../contracts/interfaces/ICommittee.sol";
import {ICommitteeTypes} from "../../../contracts/interfaces/ICommittee.sol";
import {IRewards} from "../../../contracts/interfaces/IRewards.sol";
import {WorkChecks} from "./WorkChecks.sol";

/// @title Checks of committees, qualification and network rewards
abstract contract PeerChecks is WorkChecks {
    // ─── INV-17, INV-18 ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Rewards holds its pool, what is set apart for epochs, and what operators have; each as the model says.
    function checkRewardBalance() external view {
        uint256 owed = _rewards.pool();
        _same("pool", owed, _pool);
        for (uint256 epoch = 1; epoch <= _rewardEpoch(); ++epoch) {
            (uint96 points, uint96 money) = _rewards.epochs(epoch);
            _same("points of an epoch", points, _pointsIn[epoch]);
            _same("money of an epoch", money, _moneyIn[epoch]);
            owed += money;
        }
        for (uint256 i; i < ACTORS; ++i) {
            (uint96 points, uint96 due, ) = _rewards.accounts(_actor(i));
            _same("points of an operator", points, _earners[_actor(i)].points);
            _same("rewards of an operator", due, _earners[_actor(i)].due);
            owed += due;
        }
        _same("tokens of rewards", _token.balanceOf(address(_rewards)), owed);
    }

    /// @notice What was claimed and what everybody could still claim is at most κ times what burned in what was recorded.
    function checkRewardBound() external view {
        uint256 earned = _claimedRewards;
        for (uint256 i; i < ACTORS; ++i) {
            (uint256 due, uint256 pending) = _rewards.rewardsOf(_actor(i));
            earned += due + pending;
        }
        if (earned > _allowedRewards) revert Differs("rewards above kappa times the burn", earned, _allowedRewards);
    }

    // ─── INV-19 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice The committee holds the bonds of appeals under way and what it owes, to the wei.
    function checkCommitteeBalance() external view {
        uint256 owed;
        for (uint256 i; i < ACTORS; ++i) {
            uint256 amount = _committee.owed(_actor(i));
            _same("owed by the committee", amount, _owedByCommittee[_actor(i)]);
            owed += amount;
        }
        _same("tokens of the committee", _token.balanceOf(address(_committee)), owed + _bondsHeld);
    }

    // ─── INV-20 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice A verdict needs a quorum of members that have no part in the workload, and stands as the votes say.
    function checkVerdicts() external view {
        for (uint256 i; i < _live.length; ++i) {
            uint256 index = _live[i];
            Job storage job = _jobs[index];
            if (!job.judged || _judgings[index].attempts == 0) continue;
            ICommitteeTypes.Judgment memory have = _committee.judgmentOf(job.id);
            JudgeBook storage j = _judgings[index];
            _same("stage of a judging", uint256(have.stage), uint256(_stageOf(index)));
            _same("attempts", have.attempts, j.attempts);
            _same("revealed", have.revealed, j.revealed);
            _same("appeal's bond", have.bond, j.bond);
            (uint256 valid, ) = _verdict(index);
            _same("verdict", have.valid, valid);
            for (uint256 n = 1; n <= APPEAL; ++n) _checkMembers(index, n);
        }
        for (uint256 i = _ended.length; i != 0 && i + 6 > _ended.length; --i) {
            Job storage job = _jobs[_ended[i - 1]];
            uint256 most = _committeeShare(job);
            if (job.committeePaid > most) revert Differs("pay of a committee", job.committeePaid, most);
        }
    }

    function _checkMembers(uint256 index, uint256 attempt) private view {
        Attempt storage a = _attempts[index][attempt];
        (uint256[] memory seats, uint256 answered, uint256[] memory votes) = _committee.membersOf(
            _jobs[index].id,
            attempt
        );
        _same("members", seats.length, a.seats.length);
        for (uint256 i; i < a.seats.length; ++i) {
            _same("seat of a member", seats[i], a.seats[i]);
            _same("whether a member answered", (answered >> i) & 1, a.answered[i] ? 1 : 0);
            _same("vote of a member", votes[i], a.answered[i] ? a.votes[i] : 0);
            _same(
                "class of a member",
                _seats[a.seats[i]].operator == address(0) ? VALIDATORS : _seats[a.seats[i]].class,
                VALIDATORS
            );
            for (uint256 k; k < i; ++k) _same("member twice", a.seats[i] == a.seats[k] ? 1 : 0, 0);
            address operator = _seats[a.seats[i]].operator;
            uint256[] storage ids = _placesOf[index];
            for (uint256 k; k < ids.length && operator != address(0); ++k) {
                Place storage p = _places[ids[k]];
                bool judgesItself = p.committedAt != 0 && p.operator == operator;
                _same("member with a part in the workload", judgesItself ? 1 : 0, 0);
            }
        }
    }

    // ─── INV-21 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Verdicts missed in a row are as the model counts them: only silence in a window is a miss, three in a row drop the seat.
    function checkVerdictMisses() external view {
        for (uint256 seat = 1; seat <= _seatCount; ++seat) {
            _same("verdicts missed", _committee.missesOf(seat), _verdictStreak[seat]);
            if (_verdictStreak[seat] > 2) revert Differs("streak of misses", _verdictStreak[seat], 2);
        }
    }

    // ─── INV-22 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Whom a check asks, who answered and who is excused is as the model says; nobody is in the set of the class but by an answer.
    function checkQualified() external view {
        uint256 newest = _checks.length - 1;
        (uint16 policy, uint32 have, uint40 nextAt) = _qualification.scheduleOf(CHECKED);
        _same("policy", policy, _policy);
        _same("newest check", have, newest);
        _same("next check", nextAt, _nextCheckAt);
        bool started = newest != 0 && _checks[newest].startedAt != 0;
        for (uint256 seat = 1; seat <= _seatCount; ++seat) {
            Record memory r = _qualification.recordOf(seat);
            _same("last check answered", r.check, _answeredCheck[seat]);
            _same("excuses", r.excuses, _excuses[seat]);
            if (!started || _seats[seat].class != CHECKED || _seats[seat].operator == address(0)) continue;
            bool asked = _qualification.isSelected(CHECKED, newest, seat);
            _same("asked by the newest check", asked ? 1 : 0, _isAsked(newest, seat) ? 1 : 0);
            _same("seed", uint256(_qualification.seedOf(CHECKED, newest, seat)), uint256(_seedOf(newest, seat)));
        }
    }

    // ─── The end ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A stranger lets a judging end: opens what can be opened, and waits.
    function _endJudging(uint256 index) internal override {
        for (uint256 i; i < 8; ++i) {
            ICommitteeTypes.Stage stage = _stageOf(index);
            if (stage == ICommitteeTypes.Stage.Final || stage == ICommitteeTypes.Stage.GivenUp) return;
            if (stage == ICommitteeTypes.Stage.None || stage == ICommitteeTypes.Stage.Failed) _open(index);
            Attempt storage a = _attempts[index][_attemptOf(_judgings[index])];
            uint256 end = _isDrawn(a) ? a.until : _lastDraw(a);
            if (stage == ICommitteeTypes.Stage.Appealable) end += _rules[_jobs[index].rules].verdictWindow;
            _goTo(end + 1);
        }
        revert Differs("judging without an end", index, 0);
    }

    /// @dev Everybody takes what committee and rewards owe; nothing is left but the pool and less than a wei for each operator and epoch.
    function _emptyPeers() internal override {
        _pass(REWARD_EPOCH);
        for (uint256 n; n < 4; ++n) {
            for (uint256 i; i < ACTORS; ++i) {
                address[] memory operators = new address[](1);
                operators[0] = _actor(i);
                if (_comingTo(operators[0]) == 0) continue;
                bytes memory call = abi.encodeCall(IRewards.claim, (operators));
                if (_try("claim at the end", _actor(ACTORS - 1), address(_rewards), call, 0)) _applyClaim(operators);
            }
        }
        uint256 open = _rewardEpochOpen == 0 ? 0 : _moneyIn[_rewardEpochOpen];
        uint256 left = _token.balanceOf(address(_rewards)) - _pool - open;
        if (left > _rewardEpoch()) revert Differs("rewards that nobody can claim", left, _rewardEpoch());
        for (uint256 i; i < ACTORS; ++i) {
            if (_owedByCommittee[_actor(i)] == 0) continue;
            bytes memory call = abi.encodeCall(ICommittee.withdraw, (_actor(i)));
            _tryCommittee("take what is owed at the end", _actor(i), call, 0);
            _wallet[_actor(i)] += _owedByCommittee[_actor(i)];
            _owedByCommittee[_actor(i)] = 0;
        }
        _same("bonds of appeals at the end", _bondsHeld, 0);
        _same("tokens left in the committee", _token.balanceOf(address(_committee)), 0);
    }
}
