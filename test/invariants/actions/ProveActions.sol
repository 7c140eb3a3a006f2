// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore, IMarketExtension} from "../../../contracts/interfaces/IMarket.sol";
import {DrawActions} from "./DrawActions.sol";

/// @title What provers do: accept, decline, fail, commit, commit to an open slot, reveal, submit at once
abstract contract ProveActions is DrawActions {
    uint256 private constant MAX_COMMITS = 31;

    // ─── Choosing ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A live workload with a place in one of two states if there is one, now and then any.
    function _pickJobWith(SlotState a, SlotState b) private returns (uint256) {
        uint256 start = _roll(_live.length + 1);
        for (uint256 i; i < _live.length && !_chance(16); ++i) {
            uint256 index = _live[(start + i) % _live.length];
            bool has = _count(index, a, false) + _count(index, b, false) != 0;
            if (has && _takesCommits(_jobs[index])) return index;
        }
        return _pickJob(Phase.Proving);
    }

    /// @dev A seat at work in the workload if there is one, now and then any other, and its operator, now and then somebody else.
    function _pickSeat(uint256 index, SlotState a, SlotState b) private returns (uint256 seat, address caller) {
        uint256[] storage ids = _placesOf[index];
        seat = 1 + _roll(_seatCount);
        uint256 start = ids.length == 0 ? 0 : _roll(ids.length);
        bool strange = _chance(20);
        for (uint256 i; i < ids.length && !strange; ++i) {
            Place storage p = _places[ids[(start + i) % ids.length]];
            if (p.state != a && p.state != b) continue;
            seat = p.seat;
            break;
        }
        caller = _chance(20) ? _anybody() : _operatorOf(seat);
    }

    /// @dev Always a released workload with seats at work if there is one: their answers are worth nothing but must do no harm.
    function _pickFailing() private returns (uint256) {
        for (uint256 i; i < _live.length; ++i) if (_jobs[_live[i]].released && _waiting(_live[i]) != 0) return _live[i];
        return _chance(2) ? _pickAnsweringLate() : _pickJobWith(SlotState.Assigned, SlotState.Accepted);
    }

    /// @dev A workload that takes no more commits and has a seat at work that may still answer.
    function _pickAnsweringLate() private returns (uint256) {
        for (uint256 i = _jobs.length; i != 0 && i + 20 > _jobs.length; --i) {
            uint256 index = i - 1;
            bool atWork = _count(index, SlotState.Assigned, false) + _count(index, SlotState.Accepted, false) != 0;
            bool late = !_takesCommits(_jobs[index]) && _clock <= _silentAt(_jobs[index]);
            if (atWork && late && !_chance(3)) return index;
        }
        return _pickJob(_chance(2) ? Phase.Final : Phase.Proving);
    }

    /// @dev Operator of a seat, or the stranger when the seat is gone.
    function _operatorOf(uint256 seat) internal view returns (address) {
        address operator = _seats[seat].operator;
        return operator == address(0) ? _actor(ACTORS - 1) : operator;
    }

    /// @dev The place that an act of the seat itself in the workload finds: its newest one, if it is of the workload and not settled.
    function _ownError(uint256 index, uint256 seat, address caller) private view returns (bytes4, uint256 id) {
        uint256 newest = _seats[seat].newest;
        if (newest == 0) return (SeatNotInWorkload.selector, 0);
        id = newest - 1;
        Place storage p = _places[id];
        if (p.job != index || p.state == SlotState.Free) return (SeatNotInWorkload.selector, 0);
        if (_atWork(p.state) && p.operator != caller) return (NotOperator.selector, 0);
        return (0, id);
    }

    /// @dev What an act of a seat on a workload that takes commits needs.
    function _openError(uint256 index) internal view returns (bytes4) {
        if (_jobs[index].phase != Phase.Proving) return WrongPhase.selector;
        return _takesCommits(_jobs[index]) ? bytes4(0) : CommitsClosedAlready.selector;
    }

    function _workError(uint256 index, uint256 seat, address caller) private view returns (bytes4 refusal, uint256 id) {
        refusal = _openError(index);
        if (refusal == 0) (refusal, id) = _ownError(index, seat, caller);
        if (refusal == 0 && !_atWork(_places[id].state)) refusal = WrongSlotState.selector;
    }

    // ─── Answers ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Accepts a slot, in the response window or later.
    function accept(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickJobWith(SlotState.Assigned, SlotState.Assigned);
        if (index == NOTHING) return;
        (uint256 seat, address caller) = _pickSeat(index, SlotState.Assigned, SlotState.Assigned);
        (bytes4 predicted, uint256 id) = _workError(index, seat, caller);
        if (predicted == 0 && _places[id].state != SlotState.Assigned) predicted = WrongSlotState.selector;
        bytes memory call = abi.encodeCall(IMarketCore.accept, (_jobs[index].id, seat));
        if (!_tryMarket("accept", caller, call, predicted)) return;
        Place storage p = _places[id];
        p.state = SlotState.Accepted;
        p.answeredAt = _clock;
        p.inTime = _clock <= _jobs[index].drawnAt + _jobs[index].responseWindow;
        ++seen[p.inTime ? "accepted in time" : "accepted late"];
    }

    /// @notice Declines a slot, of a live workload or one that is over.
    function decline(uint256 seed) external {
        _begin(seed);
        uint256 index = _chance(4) ? _pickAnsweringLate() : _pickJobWith(SlotState.Assigned, SlotState.Assigned);
        if (index == NOTHING) return;
        Job storage job = _jobs[index];
        if (_chance(16) && job.phase >= Phase.Proving) _goTo(_silentAt(job) + _roll(2));
        (uint256 seat, address caller) = _pickSeat(index, SlotState.Assigned, SlotState.Assigned);
        (bytes4 predicted, uint256 id) = _answerError(index, seat, caller);
        if (predicted == 0 && _places[id].state != SlotState.Assigned) predicted = WrongSlotState.selector;
        bytes memory call = abi.encodeCall(IMarketExtension.decline, (job.spec, seat));
        if (!_tryMarket("decline", caller, call, predicted)) return;
        _places[id].answeredAt = _clock;
        _places[id].vacated = _takesCommits(job);
        _settlePlace(id);
        if (!job.dutyEnded && !job.released) _applyDecline(seat);
        if (_seats[seat].status == SeatStatus.Dropped) ++seen["dropped for declines"];
    }

    /// @notice Fails, of a live workload or one that is over.
    function fail(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickFailing();
        if (index == NOTHING) return;
        Job storage job = _jobs[index];
        if (_chance(16) && job.phase >= Phase.Proving) _goTo(_silentAt(job) + _roll(2));
        (uint256 seat, address caller) = _pickSeat(index, SlotState.Accepted, SlotState.Assigned);
        FailReason reason = _failReason(job);
        (bytes4 predicted, uint256 id) = _answerError(index, seat, caller);
        if (predicted == 0 && !_atWork(_places[id].state)) predicted = WrongSlotState.selector;
        if (reason == FailReason.None) predicted = InvalidTerms.selector;
        bytes memory call = abi.encodeCall(IMarketExtension.fail, (job.spec, seat, reason));
        if (!_tryMarket("fail", caller, call, predicted)) return;
        _applyFail(job, id, reason);
    }

    /// @dev Often the same reason for all seats of a workload, so that every reason is reached as an outcome.
    function _failReason(Job storage job) private returns (FailReason) {
        if (_chance(30)) return FailReason.None;
        if (_chance(3)) return FailReason(1 + _roll(3));
        return FailReason(1 + (uint256(job.spec.inputs) % 2));
    }

    function _applyFail(Job storage job, uint256 id, FailReason reason) private {
        Place storage p = _places[id];
        p.answeredAt = _clock;
        if (job.phase == Phase.Final) {
            ++seen["fail after the end"];
            _settlePlace(id);
            if (job.outcome == Outcome.Proven && !job.dutyEnded) _applyMiss(p.seat);
            return;
        }
        if (job.released) {
            ++seen["fail after a release"];
            _settlePlace(id);
            return;
        }
        p.state = SlotState.Failed;
        p.vacated = _takesCommits(job);
        p.reason = p.vacated ? reason : FailReason.OutOfTime;
    }

    function _answerError(
        uint256 index,
        uint256 seat,
        address caller
    ) private view returns (bytes4 refusal, uint256 id) {
        Job storage job = _jobs[index];
        if (job.phase < Phase.Proving) return (WrongPhase.selector, 0);
        (refusal, id) = _ownError(index, seat, caller);
        if (refusal != 0) return (refusal, 0);
        if (_places[id].state == SlotState.Assigned && _clock > _silentAt(job)) refusal = SilenceWindowOver.selector;
    }

    // ─── Commits ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Commits for a seat's own slot: to a valid proof, to a bad one, or to junk that opens to nothing.
    function commit(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickJobWith(SlotState.Accepted, SlotState.Assigned);
        if (index == NOTHING) return;
        if (_chance(24) && _jobs[index].phase == Phase.Proving) _goTo(_deadlineOf(_jobs[index]) + _roll(2));
        (uint256 seat, address caller) = _pickSeat(index, SlotState.Accepted, SlotState.Assigned);
        (bytes4 predicted, uint256 id) = _workError(index, seat, caller);
        bool open = _openSlots(index) != 0;
        bool alone = _jobs[index].redundancy == 1 && _jobs[index].commits == 0;
        if (predicted == 0 && alone && !open && !_jobs[index].judged) predicted = SubmitAtOnce.selector;
        (bytes memory proof, bool good) = _aProof(index, caller);
        bytes32 salt = bytes32(_roll(type(uint256).max));
        uint160 commitment = _commitment(index, seat, caller, proof, salt);
        bytes memory call = abi.encodeCall(IMarketCore.commit, (_jobs[index].id, seat, commitment));
        if (!_tryMarket("commit", caller, call, predicted)) return;
        _applyCommit(index, id);
        _keep(id, proof, salt, commitment, good);
        _places[id].state = SlotState.Committed;
        _closeWhenFull(index, open);
    }

    /// @notice Commits to an open slot with any seat, sensible or not.
    function commitOpen(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickJob(Phase.Proving);
        if (index == NOTHING) return;
        Job storage job = _jobs[index];
        if (job.phase != Phase.Proving) return;
        if (_openSlots(index) == 0 && _chance(4)) _goTo(job.drawnAt + job.responseWindow + _roll(2));
        if (_openSlots(index) == 0 && _chance(8)) _goTo(job.drawnAt + (job.maxRunTime * job.rescue) / 100);
        uint256 seat = _pickOpener(index);
        address caller = _chance(20) ? _anybody() : _operatorOf(seat);
        bytes4 predicted = _commitOpenError(index, seat, caller);
        (bytes memory proof, bool good) = _aProof(index, caller);
        bytes32 salt = bytes32(_roll(type(uint256).max));
        uint160 commitment = _commitment(index, seat, caller, proof, salt);
        bytes memory call = abi.encodeCall(IMarketCore.commitOpen, (job.spec, seat, commitment));
        if (!_tryMarket("commitOpen", caller, call, predicted)) return;
        _committedOpen[index][caller] = true;
        uint256 id = _places.length;
        _addPlace(index, seat, true, OPEN);
        _applyCommit(index, id);
        _keep(id, proof, salt, commitment, good);
        _places[id].state = SlotState.Committed;
    }

    /// @dev An eligible seat if there is one, often of an operator that has a slot here already.
    function _pickOpener(uint256 index) private returns (uint256 seat) {
        uint256 start = _roll(_seatCount);
        for (uint256 i; i < _seatCount && !_chance(30); ++i) {
            seat = 1 + ((start + i) % _seatCount);
            if (_commitOpenError(index, seat, _seats[seat].operator) != 0) continue;
            if (_isIn(index, _seats[seat].operator) || _chance(3)) return seat;
        }
        return 1 + start;
    }

    function _isIn(uint256 index, address operator) private view returns (bool) {
        uint256[] storage ids = _placesOf[index];
        for (uint256 i; i < ids.length; ++i) if (_places[ids[i]].operator == operator) return true;
        return false;
    }

    function _commitOpenError(uint256 index, uint256 seat, address caller) internal view returns (bytes4) {
        Job storage job = _jobs[index];
        bytes4 refusal = _openError(index);
        if (refusal != 0) return refusal;
        if (_openSlots(index) == 0) return NoOpenSlot.selector;
        if (job.commits + job.redundancy - _ownCommits(index) >= MAX_COMMITS) return TooManyCommits.selector;
        if (_committedOpen[index][caller]) return AlreadyCommitted.selector;
        SeatBook storage s = _seats[seat];
        if (s.operator != caller) return NotOperator.selector;
        bool eligible =
            s.status == SeatStatus.Active && s.class == job.class && _isFree(seat) && _placeOf(index, seat) == 0;
        return eligible ? bytes4(0) : SeatNotEligible.selector;
    }

    function _applyCommit(uint256 index, uint256 id) private {
        Job storage job = _jobs[index];
        Place storage p = _places[id];
        p.order = job.commits++;
        p.committedAt = _clock;
        p.answeredAt = _clock;
    }

    function _keep(uint256 id, bytes memory proof, bytes32 salt, uint160 commitment, bool good) private {
        Place storage p = _places[id];
        p.proof = proof;
        p.salt = salt;
        p.commitment = commitment;
        p.good = good;
    }

    /// @dev The last own commit closes, unless a slot was open to others, who may be working for it.
    function _closeWhenFull(uint256 index, bool wasOpen) private {
        Job storage job = _jobs[index];
        // One commit of one seat closes nothing either: it may be junk that nobody sees before the close.
        if (wasOpen || job.redundancy == 1 || _ownCommits(index) != job.redundancy) return;
        job.closed = true;
        job.closedAt = _clock;
        ++seen["closed by the last own commit"];
    }

    // ─── Proofs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Reveals: mostly a committed place in its window, now and then somebody else's or too early or late.
    function reveal(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickRevealable();
        if (index == NOTHING) return;
        Job storage job = _jobs[index];
        if (job.judged ? !_chance(8) : _chance(40)) return _revealToCommittee(index);
        (uint256 seat, address caller) = _pickSeat(index, SlotState.Committed, SlotState.Committed);
        uint256 id = _placeOf(index, seat);
        bytes memory proof = id == 0 ? bytes(hex"01") : _places[id - 1].proof;
        bytes32 salt = id == 0 ? bytes32(0) : _places[id - 1].salt;
        bytes memory inputs = PUBLIC_INPUTS;
        if (_chance(30)) proof = hex"0102";
        if (_chance(30)) inputs = "others";
        bytes4 predicted = _revealError(index, seat, caller, proof, salt, inputs);
        Pin memory pin = _aPin(job, predicted == 0);
        if (predicted == 0 && pin.verifier != _programs[job.program].pin.verifier) predicted = PinMismatch.selector;
        bytes memory call = abi.encodeCall(IMarketCore.reveal, (job.spec, pin, seat, inputs, proof, salt));
        if (!_tryMarket("reveal", caller, call, predicted)) return;
        Place storage p = _places[id - 1];
        _same("revealed by its operator", uint160(caller), uint160(p.operator));
        p.state = p.good ? SlotState.Valid : SlotState.Invalid;
        ++seen[p.good ? "valid reveal" : "invalid reveal"];
    }

    /// @dev The same for a committee to judge: the digest, and now and then the bytes, which may be others.
    function _revealToCommittee(uint256 index) private {
        Job storage job = _jobs[index];
        (uint256 seat, address caller) = _pickSeat(index, SlotState.Committed, SlotState.Committed);
        uint256 id = _placeOf(index, seat);
        bytes memory proof = id == 0 ? bytes(hex"01") : _places[id - 1].proof;
        bytes32 digest = _chance(30) ? sha256("another proof") : sha256(proof);
        bytes32 salt = id == 0 ? bytes32(0) : _places[id - 1].salt;
        bytes memory shown = _chance(2) ? bytes("") : (_chance(30) ? bytes(hex"0102") : proof);
        if (_chance(60)) shown = new bytes(1025);
        bytes4 predicted = _judgedRevealError(index, seat, caller, digest, shown);
        bytes memory call = abi.encodeCall(
            IMarketCore.revealToCommittee,
            (job.spec, seat, digest, salt, shown, "https://proofs.example/")
        );
        if (!_tryMarket("reveal to a committee", caller, call, predicted)) return;
        _places[id - 1].state = SlotState.Revealed;
        _revealOrder[index].push(id - 1);
    }

    function _judgedRevealError(
        uint256 index,
        uint256 seat,
        address caller,
        bytes32 digest,
        bytes memory shown
    ) private view returns (bytes4) {
        if (_jobs[index].phase != Phase.Proving) return WrongPhase.selector;
        if (!_jobs[index].judged) return NotJudged.selector;
        if (shown.length > 1024) return ContentTooLong.selector;
        (uint256 from, uint256 until) = _revealWindow(_jobs[index]);
        if (_clock <= from || _clock > until) return OutsideRevealWindow.selector;
        uint256 id = _placeOf(index, seat);
        if (id == 0 || _places[id - 1].state != SlotState.Committed) return WrongSlotState.selector;
        Place storage p = _places[id - 1];
        if (p.operator != caller || digest != sha256(p.proof)) return CommitmentMismatch.selector;
        return shown.length != 0 && sha256(shown) != digest ? ProofNotValid.selector : bytes4(0);
    }

    /// @notice Submits a proof at once.
    function submitProof(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickJobWith(SlotState.Accepted, SlotState.Assigned);
        if (index == NOTHING) return;
        Job storage job = _jobs[index];
        (uint256 seat, address caller) = _pickSeat(index, SlotState.Accepted, SlotState.Assigned);
        (bytes4 predicted, uint256 id) = _workError(index, seat, caller);
        (bytes memory proof, bool good) = _aProof(index, caller);
        bool alone = job.redundancy == 1 && job.commits == 0;
        bool open = _openSlots(index) != 0;
        if (predicted == 0 && !alone && !_programs[job.program].binds) predicted = CommitFirst.selector;
        if (predicted == 0 && job.judged) predicted = NoVerifierContract.selector;
        Pin memory pin = _aPin(job, predicted == 0);
        if (predicted == 0 && pin.verifier != _programs[job.program].pin.verifier) predicted = PinMismatch.selector;
        if (predicted == 0 && !good) predicted = ProofNotValid.selector;
        bytes memory call = abi.encodeCall(IMarketCore.submitProof, (job.spec, pin, seat, PUBLIC_INPUTS, proof));
        if (!_tryMarket("submitProof", caller, call, predicted)) return;
        _applyCommit(index, id);
        _places[id].good = true;
        _places[id].state = SlotState.Valid;
        if (!alone) return _closeWhenFull(index, open);
        ++seen["paid at once"];
        _places[id].rank = 1;
        _payPlace(job, _places[id], _pot(job));
        _settlePlace(id);
        _seats[seat].streak = 0;
        _payFrom(job, caller, uint256(_rules[job.rules].settleBounty) * GWEI_UNIT, true);
        _end(index, Outcome.Proven, false, caller);
    }

    /// @dev Mostly a workload with an unopened commit, at a second of its window.
    function _pickRevealable() private returns (uint256) {
        for (uint256 i; i < _live.length; ++i) {
            Job storage job = _jobs[_live[i]];
            if (job.phase != Phase.Proving || _chance(10)) continue;
            if (_count(_live[i], SlotState.Committed, false) + _count(_live[i], SlotState.Committed, true) == 0)
                continue;
            if (_takesCommits(job) && !_chance(3)) continue;
            (uint256 from, uint256 until) = _revealWindow(job);
            if (_clock <= from) _goTo(_chance(12) ? from : from + 1 + _roll(5));
            else if (_chance(16)) _goTo(until + _roll(2));
            return _live[i];
        }
        return _chance(4) ? _pickJob(Phase.Proving) : NOTHING;
    }

    function _revealError(
        uint256 index,
        uint256 seat,
        address caller,
        bytes memory proof,
        bytes32 salt,
        bytes memory inputs
    ) private view returns (bytes4) {
        if (_jobs[index].phase != Phase.Proving) return WrongPhase.selector;
        (uint256 from, uint256 until) = _revealWindow(_jobs[index]);
        if (_clock <= from || _clock > until) return OutsideRevealWindow.selector;
        uint256 id = _placeOf(index, seat);
        if (id == 0 || _places[id - 1].state != SlotState.Committed) return WrongSlotState.selector;
        if (_commitment(index, seat, caller, proof, salt) != _places[id - 1].commitment)
            return CommitmentMismatch.selector;
        if (keccak256(inputs) != keccak256(PUBLIC_INPUTS)) return PublicInputsMismatch.selector;
        return _jobs[index].judged ? NoVerifierContract.selector : bytes4(0);
    }

    /// @dev The pin of a workload's program; now and then, where nothing else is wrong, one that names another verifier.
    function _aPin(Job storage job, bool mayLie) private returns (Pin memory pin) {
        pin = _programs[job.program].pin;
        if (mayLie && _chance(24)) pin.verifier ^= 1 << _roll(200);
    }

    /// @dev A proof for `prover`, three in four good; the bad ones in every way a verifier can misbehave, or bound to another prover.
    function _aProof(uint256 index, address prover) private returns (bytes memory proof, bool good) {
        good = !_chance(4);
        if (good) return (abi.encodePacked(bytes1(0x01), prover, _roll(2)), true);
        if (_programs[_jobs[index].program].binds && _chance(2))
            return (abi.encodePacked(bytes1(0x01), _actor(prover == _actor(10) ? 9 : 10)), false);
        return (abi.encodePacked(bytes1(uint8(_chance(2) ? 0 : 2 + _roll(5)))), false);
    }

    function _commitment(
        uint256 index,
        uint256 seat,
        address prover,
        bytes memory proof,
        bytes32 salt
    ) internal view returns (uint160) {
        bytes32 digest = sha256(proof);
        return uint160(uint256(keccak256(abi.encode(digest, prover, _jobs[index].id, seat, salt))));
    }
}
