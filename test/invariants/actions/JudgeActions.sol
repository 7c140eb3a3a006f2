// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee, ICommitteeErrors, ICommitteeTypes} from "../../../contracts/interfaces/ICommittee.sol";
import {CHEATS} from "../world/Cheats.sol";
import {ProveActions} from "./ProveActions.sol";

/// @title Committees at work: open, draw, post, appeal, report two verdicts of one member, take what appeals left
/// @notice Some committees agree with the proofs, some lie, some disagree, some are silent: an attempt's mood is a function of its number.
abstract contract JudgeActions is ProveActions {
    // ─── One step of a judging ──────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Takes the next steps of a judging, now and then another one.
    function judge(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickJudgeable();
        if (index == NOTHING) return;
        for (uint256 steps = 1 + _roll(5); steps != 0; --steps) {
            uint256 step = _chance(24) ? _roll(4) : _nextStep(index, _stageOf(index));
            if (step == 0) _open(index);
            else if (step == 1) _drawMembers(index);
            else if (step == 2) _post(index);
            else if (step == 3) _appeal(index);
        }
    }

    /// @dev What usually comes next; 4: wait.
    function _nextStep(uint256 index, ICommitteeTypes.Stage stage) private returns (uint256) {
        JudgeBook storage j = _judgings[index];
        Attempt storage a = _attempts[index][_attemptOf(j)];
        if (stage == ICommitteeTypes.Stage.None || stage == ICommitteeTypes.Stage.Failed) return 0;
        if (stage == ICommitteeTypes.Stage.Drawing && a.round == 0) {
            _goTo(_chance(4) ? _lastDraw(a) + _roll(2) : _clock + _roll(60));
            return _chance(6) ? 1 : 0;
        }
        if (stage == ICommitteeTypes.Stage.Drawing) {
            _goTo(_chance(12) ? _lastDraw(a) + _roll(2) : a.round * 30 - (_chance(12) ? 1 : 0));
            return 1;
        }
        if (stage == ICommitteeTypes.Stage.Voting) {
            if (_answers(a) != 0 && _chance(j.appealed ? 6 : 2)) _goTo(a.until + 1);
            if (_chance(16)) _goTo(a.until + _roll(2));
            return 2;
        }
        if (stage == ICommitteeTypes.Stage.Appealable) return 3;
        return 4;
    }

    /// @dev A judged workload with reveals, whose reveals are over or about to be; now and then any.
    function _pickJudgeable() private returns (uint256) {
        uint256 start = _roll(_live.length + 1);
        for (uint256 i; i < _live.length && !_chance(20); ++i) {
            uint256 index = _live[(start + i) % _live.length];
            Job storage job = _jobs[index];
            if (!job.judged || job.phase != Phase.Proving || _revealedOf(index) == 0) continue;
            (, uint256 until) = _revealWindow(job);
            if (!_revealsOver(index) && _chance(3)) _goTo(until + 1);
            return index;
        }
        return _chance(8) ? _pickJob(Phase.Proving) : NOTHING;
    }

    /// @dev What every step that is given the spec needs.
    function _judgingError(uint256 index) private view returns (bytes4) {
        Job storage job = _jobs[index];
        if (job.phase != Phase.Proving) return WrongPhase.selector;
        if (!job.judged) return NotJudged.selector;
        if (!_revealsOver(index)) return TooEarly.selector;
        return _revealedOf(index) == 0 ? NothingToJudge.selector : bytes4(0);
    }

    function _tryCommittee(
        string memory act,
        address actor,
        bytes memory call,
        bytes4 predicted
    ) internal returns (bool) {
        return _try(act, actor, address(_committee), call, predicted);
    }

    // ─── Open and draw ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _open(uint256 index) internal {
        ICommitteeTypes.Stage stage = _stageOf(index);
        bytes4 predicted = _judgingError(index);
        JudgeBook storage j = _judgings[index];
        bool fits = stage == ICommitteeTypes.Stage.None || stage == ICommitteeTypes.Stage.Failed;
        // One that got no round when it was opened.
        bool again = stage == ICommitteeTypes.Stage.Drawing && _attempts[index][_attemptOf(j)].round == 0;
        if (predicted == 0 && !fits && !again) predicted = ICommitteeErrors.WrongStage.selector;
        else if (predicted == 0 && again && _beacon.isMute(_clock)) predicted = ICommitteeErrors.NoRoundYet.selector;
        bytes memory call = abi.encodeCall(ICommittee.open, (_jobs[index].spec));
        if (!_tryCommittee("open a judging", _anybody(), call, predicted)) return;
        if (stage == ICommitteeTypes.Stage.Failed) {
            ++seen["attempt failed"];
            _applyVerdictMisses(index, j.attempts);
        }
        if (again) ++seen["round named late"];
        else ++j.attempts;
        _fixRound(_attempts[index][_attemptOf(j)]);
    }

    function _fixRound(Attempt storage a) private {
        a.round = _beacon.isMute(_clock) ? 0 : _beacon.nextRound();
        a.epoch = _epochNow();
    }

    /// @dev Lists that are whole, in the order of the reveals; now and then one entry short or two of them swapped.
    function _drawMembers(uint256 index) internal {
        Attempt storage a = _attempts[index][_attemptOf(_judgings[index])];
        ICommitteeTypes.Reveal[] memory reveals = _revealsOf(index);
        uint256[] memory unrevealed = _unrevealedOf(index);
        bytes4 predicted = _judgingError(index);
        if (predicted == 0 && _stageOf(index) != ICommitteeTypes.Stage.Drawing)
            predicted = ICommitteeErrors.WrongStage.selector;
        bool known = a.round != 0 && _clock >= a.round * 30 && !_beacon.isLost(a.round);
        if (predicted == 0 && !known) predicted = ICommitteeErrors.RoundNotKnown.selector;
        uint256[] memory members = _membersFor(index, reveals, unrevealed);
        uint256 quorum = _judgings[index].appealed ? APPEAL_QUORUM : QUORUM;
        if (predicted == 0 && reveals.length > 1 && _chance(12)) {
            (reveals[0], reveals[1]) = (reveals[1], reveals[0]);
            predicted = ICommitteeErrors.RevealsMismatch.selector;
        } else if (predicted == 0 && unrevealed.length != 0 && _chance(12)) {
            unrevealed = new uint256[](0);
            predicted = ICommitteeErrors.CommitsIncomplete.selector;
        } else if (predicted == 0 && unrevealed.length > 1 && _chance(6)) {
            unrevealed[0] = unrevealed[1];
            predicted = ICommitteeErrors.NotUnrevealed.selector;
        } else if (predicted == 0 && members.length < quorum) {
            ++seen["committee too small"];
            predicted = ICommitteeErrors.CommitteeTooSmall.selector;
        }
        bytes memory call = abi.encodeCall(ICommittee.draw, (_jobs[index].spec, reveals, unrevealed));
        if (!_tryCommittee("draw a committee", _anybody(), call, predicted)) return;
        _applyDraw(index, a, reveals, members);
    }

    function _applyDraw(
        uint256 index,
        Attempt storage a,
        ICommitteeTypes.Reveal[] memory reveals,
        uint256[] memory members
    ) private {
        JudgeBook storage j = _judgings[index];
        a.until = _clock + _rules[_jobs[index].rules].verdictWindow;
        a.seats = members;
        a.votes = new uint256[](members.length);
        a.answered = new bool[](members.length);
        a.slashed = new bool[](members.length);
        (j.revealed, j.proofs) = (0, 0);
        for (uint256 i; i < reveals.length; ++i) {
            ICommitteeTypes.Reveal memory r = reveals[i];
            j.revealed += 2 ** r.order;
            j.proofs = keccak256(abi.encode(j.proofs, r.order, r.operator, r.proofDigest));
        }
        (uint256[] memory seats, , ) = _committee.membersOf(_jobs[index].id, _attemptOf(j));
        _same("members", seats.length, members.length);
        for (uint256 i; i < seats.length; ++i) _same("member", seats[i], members[i]);
    }

    /// @dev The model's own draw: the validators' set shuffled, without whoever left it and without operators of the workload.
    function _membersFor(
        uint256 index,
        ICommitteeTypes.Reveal[] memory reveals,
        uint256[] memory unrevealed
    ) private view returns (uint256[] memory members) {
        JudgeBook storage j = _judgings[index];
        Attempt storage a = _attempts[index][_attemptOf(j)];
        uint256 size = j.appealed ? APPEAL_SIZE : SIZE;
        bytes32 randomness = keccak256(abi.encode("round", uint32(a.round)));
        bytes32 seed = keccak256(abi.encode(randomness, _jobs[index].id, _attemptOf(j)));
        uint256[] memory order = _shuffled(VALIDATORS, a.epoch, seed, 3 * size);
        uint256[] memory fit = new uint256[](size);
        uint256 count;
        for (uint256 i; i < order.length && count < size; ++i) {
            SeatBook storage s = _seats[order[i]];
            if (s.status != SeatStatus.Active && s.status != SeatStatus.Leaving) continue;
            if (!_isInvolved(s.operator, reveals, unrevealed)) fit[count++] = order[i];
        }
        members = new uint256[](count);
        for (uint256 i; i < count; ++i) members[i] = fit[i];
    }

    function _isInvolved(
        address operator,
        ICommitteeTypes.Reveal[] memory reveals,
        uint256[] memory unrevealed
    ) private view returns (bool) {
        for (uint256 k; k < reveals.length; ++k) if (reveals[k].operator == operator) return true;
        for (uint256 k; k < unrevealed.length; ++k) if (_seats[unrevealed[k]].operator == operator) return true;
        return false;
    }

    function _revealsOf(uint256 index) private view returns (ICommitteeTypes.Reveal[] memory reveals) {
        uint256[] storage ids = _revealOrder[index];
        reveals = new ICommitteeTypes.Reveal[](ids.length);
        for (uint256 i; i < ids.length; ++i) {
            Place storage p = _places[ids[i]];
            reveals[i] = ICommitteeTypes.Reveal(p.order, p.operator, sha256(p.proof));
        }
    }

    function _unrevealedOf(uint256 index) private view returns (uint256[] memory seats) {
        uint256[] storage ids = _placesOf[index];
        uint256[] memory all = new uint256[](ids.length);
        uint256 count;
        for (uint256 i; i < ids.length; ++i) {
            if (_places[ids[i]].state == SlotState.Committed) all[count++] = _places[ids[i]].seat;
        }
        seats = new uint256[](count);
        for (uint256 i; i < count; ++i) seats[i] = all[i];
    }

    // ─── Votes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Posts verdicts of some members, those that have answered among them.
    function _post(uint256 index) internal {
        JudgeBook storage j = _judgings[index];
        uint256 attempt = _attemptOf(j);
        Attempt storage a = _attempts[index][attempt];
        uint256 mood = uint256(keccak256(abi.encode(_jobs[index].id, attempt))) % 8;
        if (attempt == APPEAL) mood = mood < 2 ? 1 : 4;
        // One workload in six finds silent committees only.
        if (uint256(_jobs[index].id) % 6 == 0 || (mood == 0 && !_chance(6))) return;
        ICommitteeTypes.Ballot[] memory ballots = _ballots(index, attempt, mood);
        bytes4 predicted;
        if (_stageOf(index) != ICommitteeTypes.Stage.Voting) predicted = ICommitteeErrors.WrongStage.selector;
        else if (ballots.length != 0 && _chance(12)) predicted = _spoil(index, attempt, ballots[0]);
        bytes memory call = abi.encodeCall(ICommittee.post, (_jobs[index].id, ballots));
        if (!_tryCommittee("post verdicts", _anybody(), call, predicted)) return;
        for (uint256 i; i < ballots.length; ++i) {
            uint256 member = ballots[i].member;
            if (a.answered[member]) continue;
            a.answered[member] = true;
            a.votes[member] = ballots[i].valid;
        }
    }

    function _ballots(
        uint256 index,
        uint256 attempt,
        uint256 mood
    ) private returns (ICommitteeTypes.Ballot[] memory ballots) {
        Attempt storage a = _attempts[index][attempt];
        uint256[] memory members = _someMembers(a);
        ballots = new ICommitteeTypes.Ballot[](members.length);
        for (uint256 i; i < members.length; ++i) {
            uint256 valid = _opinion(index, mood);
            // Who answered thinks again: the first opinion counts.
            if (a.answered[members[i]]) valid = _opinion(index, mood + 1);
            ballots[i] = _signed(index, attempt, members[i], valid, _keyOfMember(a, members[i]));
        }
    }

    /// @dev All members or some in a row, now and then one missing. A seat that was withdrawn has nobody to sign for it.
    function _someMembers(Attempt storage a) private returns (uint256[] memory members) {
        uint256 size = a.seats.length;
        if (size == 0) return members;
        uint256 start = _roll(size);
        uint256[] memory all = new uint256[](_chance(2) ? size : 1 + _roll(size));
        uint256 count;
        for (uint256 i; i < all.length; ++i) {
            uint256 member = (start + i) % size;
            if (!_chance(8) && _seats[a.seats[member]].operator != address(0)) all[count++] = member;
        }
        members = new uint256[](count);
        for (uint256 i; i < count; ++i) members[i] = all[i];
    }

    /// @dev What a member finds valid: the good proofs, or in some committees their opposite or anything.
    function _opinion(uint256 index, uint256 mood) private returns (uint256 valid) {
        uint256[] storage ids = _revealOrder[index];
        bool wild = mood == 2 ? _chance(2) : _chance(16);
        for (uint256 i; i < ids.length; ++i) {
            Place storage p = _places[ids[i]];
            bool says = wild ? _chance(2) : (mood % 4 == 1 ? !p.good : p.good);
            if (says) valid += 2 ** p.order;
        }
    }

    function _signed(
        uint256 index,
        uint256 attempt,
        uint256 member,
        uint256 valid,
        uint256 key
    ) internal view returns (ICommitteeTypes.Ballot memory) {
        bytes32 digest = _committee.digestOf(_jobs[index].id, attempt, _judgings[index].proofs, valid);
        (uint8 v, bytes32 r, bytes32 s) = CHEATS.sign(key, digest);
        return ICommitteeTypes.Ballot(member, valid, r, bytes32(uint256(s) + (v == 28 ? 2 ** 255 : 0)));
    }

    function _keyOfMember(Attempt storage a, uint256 member) internal view returns (uint256) {
        for (uint256 i; i < ACTORS; ++i) if (_actor(i) == _seats[a.seats[member]].operator) return _keyOf(i);
        revert Differs("member without a key", a.seats[member], 0);
    }

    /// @dev Makes one ballot wrong in one respect.
    function _spoil(uint256 index, uint256 attempt, ICommitteeTypes.Ballot memory ballot) private returns (bytes4) {
        uint256 how = _roll(3);
        if (how == 0) {
            ballot.member = _chance(2) ? 16 : _attempts[index][attempt].seats.length;
            return ICommitteeErrors.UnknownMember.selector;
        }
        if (how == 1) {
            ballot.valid += 2 ** 31;
            return ICommitteeErrors.NotRevealed.selector;
        }
        ballot.r = keccak256("not the member's signature");
        return ICommitteeErrors.WrongSigner.selector;
    }

    // ─── Appeals, two verdicts, what is owed ────────────────────────────────────────────────────────────────────────────────

    function _appeal(uint256 index) internal {
        JudgeBook storage j = _judgings[index];
        bytes4 predicted = _judgingError(index);
        if (predicted == 0 && _stageOf(index) != ICommitteeTypes.Stage.Appealable)
            predicted = ICommitteeErrors.WrongStage.selector;
        address appellant = _anybody();
        uint256 bond = BOND_SHARES * _committeeShare(_jobs[index]);
        if (_wallet[appellant] < bond) return;
        bytes memory call = abi.encodeCall(ICommittee.appeal, (_jobs[index].spec));
        if (!_tryCommittee("appeal", appellant, call, predicted)) return;
        _applyVerdictMisses(index, j.attempts);
        (j.appealed, j.appellant, j.bond) = (true, appellant, bond);
        _wallet[appellant] -= bond;
        _bondsHeld += bond;
        _fixRound(_attempts[index][APPEAL]);
    }

    /// @notice Reports a member with two verdicts of one attempt, now and then with one, or for the second time.
    function equivocate(uint256 seed) external {
        _begin(seed);
        (uint256 index, uint256 attempt) = _pickDrawnAttempt();
        if (index == NOTHING || !_chance(3)) return;
        Attempt storage a = _attempts[index][attempt];
        uint256 member = _roll(a.seats.length);
        if (_seats[a.seats[member]].operator == address(0)) return;
        uint256 key = _keyOfMember(a, member);
        uint256 other = _chance(8) ? 1 : 0;
        bool honest = _chance(8);
        ICommitteeTypes.Ballot memory first = _signed(index, attempt, member, 1, key);
        ICommitteeTypes.Ballot memory second = _signed(index, attempt, member, other, honest ? key + 1 : key);
        bytes4 predicted;
        if (other == 1 || a.slashed[member]) predicted = ICommitteeErrors.NotEquivocal.selector;
        else if (honest) predicted = ICommitteeErrors.WrongSigner.selector;
        bytes memory call = abi.encodeCall(ICommittee.slash, (_jobs[index].id, attempt, first, second));
        address reporter = _anybody();
        if (!_tryCommittee("report two verdicts", reporter, call, predicted)) return;
        a.slashed[member] = true;
        uint256 bond = _seats[a.seats[member]].bond;
        _same("slash above the bond", _applySlash(a.seats[member], reporter) > bond ? 1 : 0, 0);
    }

    function _pickDrawnAttempt() private returns (uint256, uint256) {
        uint256 start = _roll(_jobs.length + 1);
        for (uint256 i; i < _jobs.length && i < 40; ++i) {
            uint256 index = (start + i) % _jobs.length;
            uint256 attempt = _attemptOf(_judgings[index]);
            if (_jobs[index].judged && _attempts[index][attempt].seats.length != 0) return (index, attempt);
        }
        return (NOTHING, 0);
    }

    /// @notice Takes what appeals left.
    function takeOwed(uint256 seed) public {
        _begin(seed);
        address account = _anybody();
        for (uint256 i; i < ACTORS; ++i) if (_owedByCommittee[_actor(i)] != 0 && _chance(2)) account = _actor(i);
        bytes4 predicted = _owedByCommittee[account] == 0 ? ICommitteeErrors.NothingOwed.selector : bytes4(0);
        address to = _anybody();
        if (!_tryCommittee("take what is owed", account, abi.encodeCall(ICommittee.withdraw, (to)), predicted)) return;
        _wallet[to] += _owedByCommittee[account];
        _owedByCommittee[account] = 0;
    }
}
