// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore, IMarketExtension} from "../../../contracts/interfaces/IMarket.sol";
import {ICommittee, ICommitteeErrors} from "../../../contracts/interfaces/ICommittee.sol";
import {IProverRegistry} from "../../../contracts/interfaces/IProverRegistry.sol";
import {IQualification} from "../../../contracts/interfaces/IQualification.sol";
import {IRelayErrors} from "../../../contracts/interfaces/IRelay.sol";
import {IRewards} from "../../../contracts/interfaces/IRewards.sol";
import {CHEATS} from "../world/Cheats.sol";
import {SeatActions} from "./SeatActions.sol";

/// @title Money, time, the owner and strangers
abstract contract OtherActions is SeatActions {
    uint256 private constant MOST_RULES = 24;

    // ─── Money ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Pays in, for oneself or another.
    function deposit(uint256 seed) public {
        _begin(seed);
        address from = _anybody();
        address account = _chance(2) ? from : _anybody();
        uint256 amount = _roll(_wallet[from] / 100 + 1);
        bytes memory call = abi.encodeCall(IMarketCore.deposit, (account, amount));
        if (!_tryMarket("deposit", from, call, 0)) return;
        _wallet[from] -= amount;
        _balance[account] += amount;
    }

    /// @notice Takes out, now and then a wei more than there is.
    function withdraw(uint256 seed) public {
        _begin(seed);
        address account = _anybody();
        address to = _anybody();
        uint256 amount = _chance(8) ? _balance[account] + _roll(2) : _roll(_balance[account] / 10 + 1);
        bytes4 predicted = amount > _balance[account] ? InsufficientBalance.selector : bytes4(0);
        bytes memory call = abi.encodeCall(IMarketCore.withdraw, (to, amount));
        if (!_tryMarket("withdraw", account, call, predicted)) return;
        _balance[account] -= amount;
        _wallet[to] += amount;
    }

    /// @notice Burns what is booked to burn in both contracts, with one account named twice.
    function burn(uint256 seed) public {
        _begin(seed);
        address[] memory accounts = new address[](4);
        for (uint256 i; i < 4; ++i) accounts[i] = i == 3 ? accounts[0] : _anybody();
        uint256 slashes;
        for (uint256 i; i < 4; ++i) {
            _supply -= _feesToBurn[accounts[i]];
            _feesToBurn[accounts[i]] = 0;
            slashes += _slashesToBurn[accounts[i]];
            _slashesToBurn[accounts[i]] = 0;
        }
        _supply -= slashes;
        _tryMarket("burn fees", _anybody(), abi.encodeCall(IMarketExtension.burnFees, (accounts)), 0);
        bytes4 predicted = slashes == 0 ? NothingDue.selector : bytes4(0);
        _tryRegistry("burn slashes", _anybody(), abi.encodeCall(IProverRegistry.burnSlashes, (accounts)), predicted);
    }

    /// @notice Takes a reporter's bounties.
    function takeBounty(uint256 seed) public {
        _begin(seed);
        address reporter = _anybody();
        for (uint256 i; i < ACTORS; ++i) if (_bounty[_actor(i)] != 0 && _chance(2)) reporter = _actor(i);
        bytes4 predicted = _bounty[reporter] == 0 ? NothingDue.selector : bytes4(0);
        address to = _anybody();
        bytes memory call = abi.encodeCall(IProverRegistry.withdrawBounty, (to));
        if (!_tryRegistry("take bounty", reporter, call, predicted)) return;
        _wallet[to] += _bounty[reporter];
        _bounty[reporter] = 0;
    }

    // ─── Time ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Lets time pass: a little, up to a boundary second of a live workload and one off it, or over epochs.
    function wait_(uint256 seed) external {
        _begin(seed);
        if (_live.length == 0 || _chance(2)) return _pass(_roll(_chance(24) ? 4 * _epochLength : 20));
        Job storage job = _jobs[_live[_roll(_live.length)]];
        uint256 second = _boundary(job, _roll(8));
        uint256 off = _roll(3);
        _goTo(second + off - 1);
    }

    function _boundary(Job storage job, uint256 which) private view returns (uint256) {
        if (job.phase == Phase.Pending) {
            if (which < 3) return job.round * 30 - 5;
            if (which < 6) return job.round * 30;
            return _genesis + (job.epoch + (which == 6 ? 0 : 3)) * _epochLength;
        }
        (uint256 from, uint256 until) = _revealWindow(job);
        if (which < 2) return job.drawnAt + job.responseWindow;
        if (which == 2) return job.drawnAt + (job.maxRunTime * job.rescue) / 100;
        if (which == 3) return _deadlineOf(job);
        if (which == 4) return from;
        if (which == 5) return until;
        if (which == 6 && job.cancelAskedAt != 0) return job.cancelAskedAt + _rules[job.rules].cancelDelay;
        return which == 7 ? _silentAt(job) : job.drawnAt + job.responseWindow;
    }

    // ─── The owner ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Changes what new submissions, stakes and operators must meet, within the bounds; nothing of it may touch what is live.
    function govern(uint256 seed) external {
        _begin(seed);
        uint256 pending = _pickPending();
        if (pending != NOTHING && _chance(2)) return _changeRulesOf(_jobs[pending].class);
        if (!_chance(4)) return;
        uint8 class = uint8(_roll(2));
        uint256 what = _roll(12);
        if (what < 2) _writeRules();
        else if (what < 4) {
            _chooseTerms(class, _chance(6) ? 0 : 1 + _roll(_rules.length - 1));
        } else if (what == 4) {
            if (!_admissionOpen) _admit(_operator(_roll(OPERATORS)), !_chance(4));
        } else if (what == 5) {
            uint96 bond = uint96(500 ether + _roll(1500 ether));
            _setBond(class, ClassBond(bond, uint16(_roll(5001)), uint16(_roll(1001)), uint8(_roll(4))));
            ++seen["class bond changed"];
        } else if (what == 6) {
            _pause(class);
        } else if (what == 7) {
            _lift(class);
        } else if (what < 10) {
            _newPolicy();
        } else if (what == 10) {
            _setRewards(uint96(_roll(100 ether)), uint16(_roll(9501)));
            ++seen["rewards changed"];
        } else if (_chance(6) && !_admissionOpen) {
            _registry.openAdmission();
            _admissionOpen = true;
            ++seen["admission opened"];
        }
    }

    /// @dev A workload that waits for its draw.
    function _pickPending() private view returns (uint256) {
        for (uint256 i; i < _live.length; ++i) if (_jobs[_live[i]].phase == Phase.Pending) return _live[i];
        return NOTHING;
    }

    /// @dev New rules for a class with a workload that waits for its draw: it must keep its own.
    function _changeRulesOf(uint8 class) private {
        _writeRules();
        _chooseTerms(class, _rules.length - 1);
        ++seen["rules changed before a draw"];
    }

    function _writeRules() private {
        if (_rules.length == MOST_RULES) return;
        bool committees = !_chance(6);
        uint32 response = uint32(_roll(200));
        _addRules(
            Rules({
                responseWindow: response,
                silenceWindow: response + uint32(_chance(4) ? _roll(1 days) : _roll(30 minutes)),
                revealDelay: uint32(_roll(30)),
                revealWindow: 1 + uint32(_roll(600)),
                cancelDelay: uint32(_roll(120)),
                baseBurnBps: uint16(_roll(2001)),
                assignBounty: uint32(_roll(1e4) * 1000),
                settleBounty: uint32(_roll(1e4) * 1000),
                committeeBps: committees ? uint16(100 + _roll(901)) : 0,
                verdictWindow: committees ? 1 + uint32(_roll(1200)) : 0,
                beacon: address(_beacon)
            })
        );
        ++seen["rules added"];
    }

    function _chooseTerms(uint8 class, uint256 rules) private {
        _setTerms(class, ClassTerms(uint32(1e8 + _roll(1e8)), uint32(_roll(2000)), uint16(rules)));
        ++seen["class terms changed"];
    }

    /// @dev Other checks from now on, or none.
    function _newPolicy() private {
        uint24 window = uint24(60 + _roll(900));
        uint32 period = uint32(2 * window + _roll(2 hours));
        Policy memory policy = _aPolicy(window, period, uint16(1 + _roll(10_000)), uint8(_roll(4)), uint16(_roll(501)));
        if (_chance(4)) policy.puzzle = address(0);
        _setPolicy(policy);
        ++seen[policy.puzzle == address(0) ? "class without a puzzle" : "policy changed"];
    }

    function _pause(uint8 class) private {
        address actor = _chance(6) ? _anybody() : _guardian();
        uint256 duration = _chance(8) ? 3 days + _roll(2) : 1 + _roll(20 minutes);
        bytes4 predicted;
        if (actor != _guardian()) predicted = NotGuardian.selector;
        else if (duration > 3 days) predicted = InvalidRules.selector;
        else if (_pauseEnd[class] != 0 && _clock <= _pauseEnd[class] + 7 days) predicted = PausedTooRecently.selector;
        bytes memory call = abi.encodeCall(IMarketExtension.pauseSubmissions, (class, duration));
        if (!_tryMarket("pause", actor, call, predicted)) return;
        (_pauseEnd[class], _pauseSet[class]) = (_clock + duration, true);
    }

    function _lift(uint8 class) private {
        address actor = _chance(2) ? _anybody() : _guardian();
        bool running = _clock <= _pauseEnd[class];
        bytes4 predicted;
        if (!_pauseSet[class]) predicted = NotPaused.selector;
        else if (running && actor != _guardian()) predicted = NotGuardian.selector;
        if (!_tryMarket("lift", actor, abi.encodeCall(IMarketExtension.liftPause, (class)), predicted)) return;
        if (running) _pauseEnd[class] = _clock - 1;
        _pauseSet[class] = false;
    }

    // ─── Strangers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Tries what only the owner or another contract may do.
    function trespass(uint256 seed) external {
        _begin(seed);
        address actor = _anybody();
        uint256 seat = 1 + _roll(_seatCount);
        uint256 what = _roll(4);
        if (what == 0) _trespassOwner(actor);
        else if (what == 1) _trespassRegistry(actor, seat);
        else if (what == 2) _trespassRelay(actor);
        else if (_jobs.length != 0) {
            bytes memory call = abi.encodeCall(ICommittee.conclude, (_jobs[_roll(_jobs.length)].id));
            _try("trespass", actor, address(_committee), call, ICommitteeErrors.OnlyMarket.selector);
        }
    }

    function _trespassOwner(address actor) private {
        address target = address(_market);
        bytes memory call;
        uint256 what = _roll(6);
        if (what == 0) call = abi.encodeCall(IMarketExtension.addRules, (_rules[1]));
        if (what == 1) call = abi.encodeCall(IMarketExtension.setClassTerms, (0, _terms[0]));
        if (what == 2 || what == 3) target = address(_registry);
        if (what == 2) call = abi.encodeWithSignature("admit(address,bool)", actor, true);
        if (what == 3) call = abi.encodeWithSignature("openAdmission()");
        if (what == 4) (target, call) = (address(_rewards), abi.encodeCall(IRewards.setParameters, (1, 1, 1)));
        if (what == 5) {
            target = address(_qualification);
            call = abi.encodeCall(IQualification.setPolicy, (CHECKED, _policies[0]));
        }
        _try("trespass", actor, target, call, _notOwner(target, call));
    }

    function _trespassRegistry(address actor, uint256 seat) private {
        uint256 what = _roll(5);
        bytes memory call;
        bytes4 refusal = OnlyPeer.selector;
        if (what == 0) call = abi.encodeCall(IProverRegistry.slash, (seat, actor));
        if (what == 1) call = abi.encodeCall(IProverRegistry.drop, (seat));
        if (what == 2) (call, refusal) = (abi.encodeCall(IProverRegistry.countDecline, (seat)), OnlyMarket.selector);
        if (what > 2) refusal = OnlyQualification.selector;
        if (what == 3) call = abi.encodeCall(IProverRegistry.activate, (seat));
        if (what == 4) call = abi.encodeCall(IProverRegistry.evict, (seat, actor, 500));
        _tryRegistry("trespass", actor, call, refusal);
    }

    /// @dev A submitter key can act, but not take money; and a key that was not named can do nothing.
    function _trespassRelay(address actor) private {
        bytes memory call = abi.encodeCall(IMarketCore.withdraw, (_actor(ACTORS - 1), 1));
        CHEATS.prank(actor);
        _relay.nameSubmitter(_submitter(), _clock + 1);
        bytes memory relayed = abi.encodeCall(_relay.act, (actor, address(_market), call));
        _try("trespass", _submitter(), address(_relay), relayed, IRelayErrors.NotAnAct.selector);
        relayed = abi.encodeCall(_relay.act, (actor, address(_market), abi.encodeCall(IMarketCore.assign, (0))));
        _pass(2);
        _try("trespass", _submitter(), address(_relay), relayed, IRelayErrors.NotSubmitter.selector);
    }
}
