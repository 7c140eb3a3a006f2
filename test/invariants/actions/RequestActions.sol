// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore, IMarketExtension} from "../../../contracts/interfaces/IMarket.sol";
import {World} from "../world/World.sol";

/// @title What requesters do: submit, cancel, release
abstract contract RequestActions is World {
    uint256 internal constant MAX_LIVE = 8;
    uint256 internal constant NOTHING = type(uint256).max;

    /// @notice Acts tried so far.
    uint256 public acts;

    mapping(uint256 job => bytes32 candidates) internal _candidatesAtSubmit;

    // ─── Choosing ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A workload in `phase` if there is one, now and then any other.
    function _pickJob(Phase phase) internal returns (uint256) {
        if (_jobs.length == 0) return NOTHING;
        if (_chance(24)) return _roll(_jobs.length);
        uint256[] storage list = phase == Phase.Final ? _ended : _live;
        if (list.length == 0) return NOTHING;
        uint256 start = _roll(list.length);
        for (uint256 i; i < list.length; ++i) {
            uint256 job = list[(start + i) % list.length];
            if (_jobs[job].phase == phase) return job;
        }
        return list[start];
    }

    // ─── Submit ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Submits one workload, or two in one call, sometimes with something wrong.
    function submit(uint256 seed) external {
        _begin(seed);
        if (_live.length >= MAX_LIVE) return _pass(_roll(20));
        address requester = _requester(_roll(REQUESTERS));
        uint256 count = 1 + (_chance(4) ? 1 : 0);
        Request[] memory requests = new Request[](count);
        bytes4 predicted;
        uint256 total;
        for (uint256 i; i < count; ++i) {
            requests[i] = _request(_nonce[requester] + i);
            total += requests[i].fee;
        }
        if (_chance(20)) requests[0].nonce += 1;
        if (total > _balance[requester]) predicted = InsufficientBalance.selector;
        else if (requests[0].nonce != _nonce[requester]) predicted = WrongNonce.selector;
        if (count == 2 && requests[1].nonce != requests[0].nonce + 1) predicted = WrongNonce.selector;
        for (uint256 i; i < count && predicted == 0; ++i) predicted = _requestError(requests[i]);
        bytes memory call =
            count == 1
                ? abi.encodeCall(IMarketCore.submit, (requests[0]))
                : abi.encodeCall(IMarketCore.submitMany, (requests));
        if (!_tryMarket(count == 1 ? "submit" : "submitMany", requester, call, predicted)) return;
        for (uint256 i; i < count; ++i) _applySubmit(requester, requests[i]);
    }

    function _request(uint256 nonce) private returns (Request memory r) {
        // Mostly of the first class, whose seats need no puzzle.
        r.program = _programs[_roll(_chance(4) ? _programs.length : _programs.length / 2)].id;
        r.inputs = bytes32(_roll(type(uint256).max));
        r.publicInputs = keccak256(PUBLIC_INPUTS);
        r.redundancy = 1 + (_chance(3) ? 0 : _roll(_chance(3) ? 8 : 3));
        r.maxRunTime = _chance(8) ? 1 + _roll(20) : (_chance(8) ? 4 hours : 60 + _roll(3000));
        r.rescue = _chance(4) ? 50 + _roll(51) : 60;
        r.fee = 1 ether + _roll(100 ether);
        r.nonce = nonce;
        uint256 wrong = _roll(40);
        if (wrong == 0) r.program = keccak256("no program");
        else if (wrong == 1) r.redundancy = _chance(2) ? 0 : 9;
        else if (wrong == 2) r.maxRunTime = _chance(2) ? 0 : 1 days + 1;
        else if (wrong == 3) r.rescue = _chance(2) ? 49 : 101;
        else if (wrong == 4) r.fee = _roll(1e17);
        else if (wrong == 5) r.fee = uint256(type(uint80).max) + 1;
    }

    function _programIndex(bytes32 id) private view returns (uint256) {
        for (uint256 i; i < _programs.length; ++i) if (_programs[i].id == id) return i;
        return NOTHING;
    }

    function _requestError(Request memory r) private view returns (bytes4) {
        uint256 program = _programIndex(r.program);
        if (program == NOTHING) return UnknownProgram.selector;
        ClassTerms memory terms = _terms[_programs[program].class];
        if (_clock <= _pauseEnd[_programs[program].class]) return SubmissionsPaused.selector;
        if (terms.rules == 0) return ClassClosed.selector;
        bool inBounds =
            r.redundancy >= 1 &&
                r.redundancy <= 8 &&
                r.maxRunTime >= 1 &&
                r.maxRunTime >= _rules[terms.rules].responseWindow &&
                r.maxRunTime <= 1 days &&
                r.rescue >= 50 &&
                r.rescue <= 100 &&
                r.fee < 2 ** 80;
        if (!inBounds) return InvalidTerms.selector;
        uint256 perSlot = uint256(terms.minimumRate) * r.maxRunTime;
        if (perSlot < terms.minimumFee) perSlot = terms.minimumFee;
        bool enough = r.fee >= perSlot * r.redundancy * GWEI_UNIT;
        if (!enough) return FeeTooLow.selector;
        if (_beacon.isMute(_clock)) return NoRoundYet.selector;
        bool hasCommittees = _rules[terms.rules].verdictWindow != 0;
        return _programs[program].judged && !hasCommittees ? CommitteesOff.selector : bytes4(0);
    }

    function _applySubmit(address requester, Request memory r) private {
        if (_number[requester] == 0) _number[requester] = ++_accounts;
        uint256 index = _jobs.length;
        Job storage job = _jobs.push();
        job.program = _programIndex(r.program);
        job.fee = r.fee;
        job.maxRunTime = r.maxRunTime;
        job.redundancy = r.redundancy;
        job.rescue = r.rescue;
        job.class = _programs[job.program].class;
        job.judged = _programs[job.program].judged;
        job.rules = _terms[job.class].rules;
        job.phase = Phase.Pending;
        job.round = _beacon.nextRound();
        job.epoch = _epochNow();
        uint256 response = _rules[job.rules].responseWindow;
        job.responseWindow = r.maxRunTime / 10 < response ? r.maxRunTime / 10 : response;
        job.spec = Spec(
            r.program,
            r.inputs,
            r.publicInputs,
            r.deliveryKey,
            _termsWord(job, requester, r.nonce),
            requester
        );
        job.id = _market.idOf(job.spec);
        _balance[requester] -= r.fee;
        ++_nonce[requester];
        _live.push(index);
        _candidatesAtSubmit[index] = _probeDraw(job);
    }

    /// @dev What the registry would draw for a workload from its frozen set: seat ids of a draw with a fixed seed, hashed.
    function _probeDraw(Job storage job) internal view returns (bytes32) {
        uint256[] memory words = _registry.draw(job.class, job.id, job.epoch, 0, 24);
        for (uint256 i; i < words.length; ++i) words[i] = uint24(words[i]);
        return keccak256(abi.encode(words));
    }

    /// @dev The terms word, as its documentation lays it out.
    function _termsWord(Job storage job, address requester, uint256 nonce) private view returns (uint256) {
        uint256 low = job.fee + job.maxRunTime * 2 ** 80 + job.redundancy * 2 ** 104 + job.rescue * 2 ** 112;
        uint256 high = uint256(job.class) * 2 ** 120 + job.rules * 2 ** 128 + nonce * 2 ** 144;
        return low + high + _number[requester] * 2 ** 176;
    }

    // ─── Cancel and release ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Takes either step of a cancel, waiting for the second's delay now and then.
    function cancel(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickCancelable();
        if (index == NOTHING) return;
        Job storage job = _jobs[index];
        address caller = _chance(12) ? _anybody() : job.spec.requester;
        if (job.phase == Phase.Proving && job.cancelAskedAt == 0) {
            _askForCancel(index, caller);
            if (_waiting(index) == 0 || _chance(2)) return;
        }
        if (job.cancelAskedAt != 0 && _chance(2)) _goTo(job.cancelAskedAt + _rules[job.rules].cancelDelay);
        _completeCancel(index, caller);
    }

    function _askForCancel(uint256 index, address caller) private {
        Job storage job = _jobs[index];
        uint256[] memory none = new uint256[](0);
        bytes memory call = abi.encodeCall(IMarketExtension.cancel, (job.spec, none));
        if (!_tryMarket("ask for a cancel", caller, call, _cancelError(index, caller, none))) return;
        // In the draw's own second the request counts from the next.
        job.cancelAskedAt = _clock == job.drawnAt ? _clock + 1 : _clock;
    }

    function _completeCancel(uint256 index, address caller) private {
        Job storage job = _jobs[index];
        if (job.phase == Phase.Proving && job.cancelAskedAt == 0) return;
        bool drawn = job.phase == Phase.Proving;
        uint256[] memory seats = drawn ? _waitingSeats(index) : new uint256[](0);
        bytes4 predicted = _cancelError(index, caller, seats);
        bytes memory call = abi.encodeCall(IMarketExtension.cancel, (job.spec, seats));
        if (!_tryMarket(drawn ? "cancel" : "cancel before the draw", caller, call, predicted)) return;
        if (drawn) return _applyCancel(index, seats);
        _refundFrom(job, job.fee);
        _end(index, Outcome.Cancelled, true, caller);
    }

    /// @dev Mostly a workload whose cancel was asked for, or one whose seats are at work.
    function _pickCancelable() private returns (uint256) {
        for (uint256 i; i < _live.length; ++i) {
            Job storage job = _jobs[_live[i]];
            if (job.cancelAskedAt != 0 && job.commits == 0 && _takesCommits(job)) return _live[i];
        }
        for (uint256 i; i < _live.length && !_chance(4); ++i) {
            if (_waiting(_live[i]) != 0 && _jobs[_live[i]].commits == 0) return _live[i];
        }
        return _pickJob(_chance(3) ? Phase.Pending : Phase.Proving);
    }

    /// @notice Closes commits early.
    function release(uint256 seed) external {
        _begin(seed);
        uint256 index = _pickReleasable();
        if (index == NOTHING || (_waiting(index) == 0 && !_chance(3))) return;
        Job storage job = _jobs[index];
        // Late, what seats at work would have got of a cancel is more than what is unfilled.
        if (_waiting(index) != 0 && _chance(2)) _goTo(job.drawnAt + job.maxRunTime - _roll(job.maxRunTime / 2));
        address caller = _chance(12) ? _anybody() : job.spec.requester;
        bytes4 predicted;
        if (caller != job.spec.requester) predicted = NotRequester.selector;
        else if (job.phase != Phase.Proving) predicted = WrongPhase.selector;
        else if (!_takesCommits(job)) predicted = CommitsClosedAlready.selector;
        else if (job.commits == 0) predicted = NoCommits.selector;
        bytes memory call = abi.encodeCall(IMarketExtension.release, (job.spec));
        if (!_tryMarket("release", caller, call, predicted)) return;
        job.closed = true;
        job.released = _ownCommits(index) < job.redundancy;
        job.closedAt = _clock;
        if (_waiting(index) != 0) ++seen["release with seats waiting"];
    }

    /// @dev Mostly a workload with a commit that still takes more, best one with other seats at work.
    function _pickReleasable() private returns (uint256) {
        uint256 found = NOTHING;
        for (uint256 i; i < _live.length; ++i) {
            if (_jobs[_live[i]].commits == 0 || !_takesCommits(_jobs[_live[i]])) continue;
            if (found == NOTHING || _waiting(_live[i]) != 0) found = _live[i];
        }
        if (found != NOTHING) return found;
        return _chance(4) ? _pickJob(Phase.Proving) : NOTHING;
    }

    function _cancelError(uint256 index, address caller, uint256[] memory seats) private returns (bytes4) {
        Job storage job = _jobs[index];
        if (caller != job.spec.requester) return NotRequester.selector;
        if (job.phase == Phase.Pending) return _beacon.isOpen(uint32(job.round)) ? bytes4(0) : RoundFixed.selector;
        if (job.phase != Phase.Proving) return WrongPhase.selector;
        if (!_takesCommits(job)) return CommitsClosedAlready.selector;
        if (job.commits != 0) return CommitsExist.selector;
        if (job.cancelAskedAt == 0) return 0;
        if (_clock < job.cancelAskedAt + _rules[job.rules].cancelDelay) return CancelDelayRunning.selector;
        if (seats.length != 0 && _chance(8)) {
            seats[0] = _seatCount + 1;
            return WrongSlotState.selector;
        }
        return 0;
    }

    /// @dev Every waiting seat gets its slot's part of the pot for the time that went by; the requester the rest and the bounty.
    function _applyCancel(uint256 index, uint256[] memory seats) private {
        Job storage job = _jobs[index];
        uint256 pot = _pot(job);
        uint256 each = (pot * (_clock - job.drawnAt)) / (job.maxRunTime * job.redundancy);
        for (uint256 i; i < seats.length; ++i) {
            uint256 id = _placeOf(index, seats[i]) - 1;
            _payPlace(job, _places[id], each);
            _settlePlace(id);
            ++seen["compensated by a cancel"];
        }
        _refundFrom(job, pot - each * seats.length);
        _payFrom(job, job.spec.requester, uint256(_rules[job.rules].settleBounty) * GWEI_UNIT, true);
        _end(index, Outcome.Cancelled, true, job.spec.requester);
    }

    /// @dev Seats that accepted in time and neither committed nor failed.
    function _waitingSeats(uint256 index) internal view returns (uint256[] memory seats) {
        seats = new uint256[](_waiting(index));
        uint256 count;
        uint256[] storage ids = _placesOf[index];
        for (uint256 i; i < ids.length; ++i) {
            Place storage p = _places[ids[i]];
            if (p.state == SlotState.Accepted && p.inTime) seats[count++] = p.seat;
        }
    }

    // ─── Time ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Starts an act: the block's time is the handler's clock.
    function _begin(uint256 seed) internal {
        ++acts;
        _shake(seed);
        _pass(_chance(3) ? _roll(15) : 0);
    }

    /// @dev Moves the clock to `time`, never back, and at most past one cooldown.
    function _goTo(uint256 time) internal {
        if (time > _clock && time < _clock + 8 days) _pass(time - _clock);
    }
}
