// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore} from "../../../contracts/interfaces/IMarket.sol";
import {IProverRegistry} from "../../../contracts/interfaces/IProverRegistry.sol";
import {ISeatHolder} from "../../../contracts/interfaces/ISeatHolder.sol";
import {CHEATS} from "../world/Cheats.sol";
import {MoneyChecks} from "./MoneyChecks.sol";

/// @title Checks of workloads, slots, seats and draws
/// @notice Some checks try an act that must work or must be refused. They run as invariants, whose changes of state are thrown away.
abstract contract WorkChecks is MoneyChecks {
    uint256 private constant MAX_RUN_TIME = 1 days;
    uint256 private constant ASSIGN_EPOCHS = 3;

    // ─── INV-06 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice No slash but of seats silent through the whole window, once an assignment; seats that may still answer cannot be slashed.
    function checkSlashes() external {
        for (uint256 i; i < _places.length; ++i) {
            Place storage p = _places[i];
            if (p.slashes == 0) continue;
            _same("slashes of a place", p.slashes, 1);
            _same("slashed although it answered", p.answeredAt, 0);
            _same("slashed for an open commit", p.open ? 1 : 0, 0);
        }
        for (uint256 i; i < _live.length; ++i) {
            Job storage job = _jobs[_live[i]];
            uint256[] storage ids = _placesOf[_live[i]];
            for (uint256 j; j < ids.length && job.phase == Phase.Proving; ++j) {
                Place storage p = _places[ids[j]];
                if (p.state == SlotState.Assigned && _clock > _silentAt(job) && !job.released) continue;
                bytes memory call = abi.encodeCall(IMarketCore.slash, (job.spec, _one(p.seat)));
                CHEATS.prank(_actor(ACTORS - 1));
                (bool ok, ) = address(_market).call(call);
                _same("slash of a seat that is not silent", ok ? 1 : 0, 0);
            }
        }
    }

    // ─── INV-07 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Drawn seats of a live workload are distinct, of its class, in distinct slots; every slot word is what the model says.
    function checkSlots() external view {
        for (uint256 i; i < _live.length; ++i) {
            Job storage job = _jobs[_live[i]];
            uint256[] storage ids = _placesOf[_live[i]];
            for (uint256 j; j < ids.length; ++j) {
                Place storage p = _places[ids[j]];
                if (!p.open && p.slot >= job.redundancy) revert Differs("slot", p.slot, job.redundancy);
                for (uint256 k; k < j; ++k) {
                    Place storage other = _places[ids[k]];
                    bool twice = !p.open && !other.open && (p.seat == other.seat || p.slot == other.slot);
                    _same("seat or slot drawn twice", twice ? 1 : 0, 0);
                }
                _compareSlot(job, p);
            }
        }
    }

    function _compareSlot(Job storage job, Place storage p) private view {
        if (p.state == SlotState.Free) return;
        SlotView memory s = _market.slotOf(job.id, p.seat);
        _same("slot state", uint256(s.state), uint256(p.state));
        _same("slot number", s.slot, p.slot);
        if (_hasCommit(p.state)) _same("commit order", s.order, p.order);
        uint160 payload = p.state == SlotState.Committed ? p.commitment : uint160(p.operator);
        _same("payload", s.payload, payload);
        if (_atWork(p.state)) _same("held", s.held ? 1 : 0, p.inTime ? 1 : 0);
    }

    // ─── INV-08 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Every open slot takes a commit of any eligible operator that has none there, whatever commits stand already.
    function checkOpenSlots() external {
        for (uint256 i; i < _live.length; ++i) {
            _same("open slots", _market.openSlots(_jobs[_live[i]].id), _openSlots(_live[i]));
        }
        if (_live.length == 0) return;
        // One workload a check: the commit that is tried is not in the books of the next.
        uint256 index = _live[acts % _live.length];
        for (uint256 seat = 1; seat <= _seatCount; ++seat) {
            address operator = _seats[seat].operator;
            if (_commitOpenError(index, seat, operator) != 0) continue;
            bytes memory call = abi.encodeCall(IMarketCore.commitOpen, (_jobs[index].spec, seat, uint160(seat)));
            _tryMarket("commit to an open slot", operator, call, 0);
            return;
        }
    }

    // ─── INV-09 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Seats are as the model says, and no bond leaves while its seat is at work, active or cooling down.
    function checkBonds() external {
        for (uint256 seat = 1; seat <= _seatCount; ++seat) {
            SeatBook storage s = _seats[seat];
            Seat memory have = _registry.seatOf(seat);
            _same("operator", uint160(have.operator), uint160(s.operator));
            _same("status", uint256(have.status), uint256(s.status));
            _same("bond", have.bond, s.bond);
            _same("unlock time", have.unlockAt, s.unlockAt);
            _same("floor", have.priceFloor, s.floor);
            _same("declines", have.declines, s.declineWeek == _clock / WEEK ? s.declines : 0);
            bool held = ISeatHolder(address(_market)).isHeld(seat);
            _same("held", held ? 1 : 0, _isAtWork(seat) ? 1 : 0);
            bool done = s.status == SeatStatus.Leaving || s.status == SeatStatus.Dropped;
            if (s.operator == address(0) || (done && _clock >= s.unlockAt && !held)) continue;
            CHEATS.prank(s.operator);
            (bool ok, ) = address(_registry).call(abi.encodeCall(IProverRegistry.withdraw, (_one(seat), s.operator)));
            _same("withdrawal of a locked bond", ok ? 1 : 0, 0);
        }
    }

    // ─── INV-11 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Under all rules ever written the longest workload, drawn as late as can be, is over before a cooldown.
    function checkCooldown() external view {
        for (uint256 i = 1; i < _rules.length; ++i) {
            Rules memory r = _market.rulesOf(i);
            uint256 windows = uint256(r.silenceWindow) + r.revealDelay + r.revealWindow;
            uint256 longest = (ASSIGN_EPOCHS + 1) * _registry.epochLength() + MAX_RUN_TIME + windows;
            if (longest >= _registry.cooldown()) revert Differs("cooldown", _registry.cooldown(), longest);
        }
    }

    // ─── INV-12 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Terms, rules and program of a live workload are those it was submitted with; its state is what the model says.
    function checkFrozen() external view {
        for (uint256 i; i < _live.length; ++i) {
            Job storage job = _jobs[_live[i]];
            _same("id", uint256(_market.idOf(job.spec)), uint256(job.id));
            bytes32 rules = keccak256(abi.encode(_market.rulesOf(job.rules)));
            _same("rules", uint256(rules), uint256(keccak256(abi.encode(_rules[job.rules]))));
            (, , , uint8 class, bool binds, ) = _market.programOf(job.spec.program);
            _same("class", class, job.class);
            _same("binding", binds ? 1 : 0, _programs[job.program].binds ? 1 : 0);
            _compareWorkload(_live[i]);
        }
        for (uint256 i = _ended.length; i != 0 && i + 4 > _ended.length; --i) {
            Job storage job = _jobs[_ended[i - 1]];
            WorkloadState memory w = _market.workloadOf(job.id);
            _same("final phase", uint256(w.phase), uint256(Phase.Final));
            _same("final outcome", uint256(w.outcome), uint256(job.outcome));
            _same("duty ended", w.dutyEnded ? 1 : 0, job.dutyEnded ? 1 : 0);
        }
    }

    function _compareWorkload(uint256 index) private view {
        Job storage job = _jobs[index];
        WorkloadState memory w = _market.workloadOf(job.id);
        _same("phase", uint256(w.phase), uint256(job.phase));
        _same("fee", w.fee, job.phase == Phase.Pending ? job.fee : 0);
        _same("redundancy", w.redundancy, job.redundancy);
        if (job.phase == Phase.Pending) {
            _same("round", w.round, job.round);
            _same("epoch", w.epoch, job.epoch);
            return;
        }
        _same("time of the draw", w.startedAt, job.drawnAt);
        _same("deadline", w.deadline, _deadlineOf(job));
        _same("commits", w.commits, job.commits);
        _same("own commits", w.committedOwn, _ownCommits(index));
        _same("accepted", w.accepted, _ownCommits(index) + _waiting(index));
        _same("judged", w.judged ? 1 : 0, job.judged ? 1 : 0);
        _same("valid", w.valid, _validOf(index));
        _same("revealed", w.revealed, _revealedOf(index));
        _same("invalid", w.invalid, _invalidOf(index));
        _same("cancel request", w.cancelRequestedAt, job.commits == 0 ? job.cancelAskedAt : 0);
    }

    // ─── INV-15 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice What a pending workload will draw from is what it was at submission, whoever joined, left, was dropped or slashed since.
    function checkCandidates() external view {
        for (uint256 i; i < _live.length; ++i) {
            Job storage job = _jobs[_live[i]];
            if (job.phase != Phase.Pending || _epochNow() > job.epoch + ASSIGN_EPOCHS) continue;
            _same("candidates", uint256(_probeDraw(job)), uint256(_candidatesAtSubmit[_live[i]]));
            _same("active seats", _registry.activeSeats(job.class, job.epoch), _setIn(job.class, job.epoch).length);
        }
    }

    // ─── INV-14 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice A stranger ends every workload and frees every seat; then everybody leaves and both contracts are empty.
    function checkEnding() external {
        if (acts % 16 != 0) return;
        endEverything();
    }

    /// @notice The end of the world: see {checkEnding}.
    function endEverything() public {
        address stranger = _actor(ACTORS - 1);
        while (_live.length != 0) {
            uint256 index = _live[0];
            Job storage job = _jobs[index];
            if (job.phase == Phase.Pending) {
                _goTo(_genesis + (job.epoch + ASSIGN_EPOCHS) * _epochLength);
            } else {
                (, uint256 until) = _revealWindow(job);
                _goTo(until + 1);
                if (job.judged && _revealedOf(index) != 0) _endJudging(index);
            }
            _trySettle(index, stranger, _unsettledSeats(index, 0), 0);
        }
        for (uint256 i; i < _ended.length; ++i) _freeSeats(_ended[i], stranger);
        for (uint256 seat = 1; seat <= _seatCount; ++seat) {
            _same("places left unsettled", _unsettled[seat].length, 0);
            _same("seat still held", ISeatHolder(address(_market)).isHeld(seat) ? 1 : 0, 0);
            SeatStatus status = _seats[seat].status;
            if (status != SeatStatus.Active && status != SeatStatus.Inactive) continue;
            bytes memory call = abi.encodeCall(IProverRegistry.leaveSet, (_one(seat)));
            _tryRegistry("leave at the end", _seats[seat].operator, call, 0);
            _applyLeave(seat);
        }
        _pass(_cooldown);
        _emptyContracts();
    }

    /// @dev Slashes the silent seats of a finished workload and clears the others.
    function _freeSeats(uint256 index, address stranger) private {
        uint256[] memory silent = _silentSeats(index);
        if (silent.length != 0 && !_jobs[index].dutyEnded) {
            _goTo(_silentAt(_jobs[index]) + 1);
            _trySlash(index, stranger, silent, 0);
        }
        uint256[] memory rest = _unsettledSeats(index, 0);
        if (rest.length != 0) _tryClear(index, stranger, rest, 0);
    }

    /// @dev Brings a judging to its end; see {PeerChecks}.
    function _endJudging(uint256 index) internal virtual;

    /// @dev Empties committee and rewards; see {PeerChecks}.
    function _emptyPeers() internal virtual;

    function _emptyContracts() private {
        _emptyPeers();
        for (uint256 seat = 1; seat <= _seatCount; ++seat) {
            if (_seats[seat].bond == 0) continue;
            address operator = _seats[seat].operator;
            bytes memory call = abi.encodeCall(IProverRegistry.withdraw, (_one(seat), operator));
            _tryRegistry("unstake at the end", operator, call, 0);
            _applyUnstake(seat, operator);
        }
        for (uint256 i; i < ACTORS; ++i) {
            address actor = _actor(i);
            if (_balance[actor] != 0) _takeAll(actor);
            if (_bounty[actor] == 0) continue;
            bytes memory call = abi.encodeCall(IProverRegistry.withdrawBounty, (actor));
            _tryRegistry("take bounty at the end", actor, call, 0);
        }
        _market.burnFees(_everybody());
        _same("tokens left in the market", _token.balanceOf(address(_market)), 0);
        uint256 slashes;
        for (uint256 i; i < ACTORS; ++i) slashes += _slashesToBurn[_actor(i)];
        if (slashes != 0) _registry.burnSlashes(_everybody());
        _same("tokens left in the registry", _token.balanceOf(address(_registry)), 0);
    }
}
