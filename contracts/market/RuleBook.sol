// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";
import {IBeaconUser} from "../interfaces/IBeaconUser.sol";
import {IMarketExtension} from "../interfaces/IMarket.sol";
import {BeaconCall} from "../libraries/BeaconCall.sol";
import {FrozenRules, FrozenRulesLib} from "../libraries/FrozenRules.sol";
import {WorkloadWordLib} from "../libraries/WorkloadWord.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title What the owner can do for workloads to come: add rules, choose class terms
/// @notice Every bound is a constant here; nothing in this contract can touch a live workload or anyone's funds.
abstract contract RuleBook is WorkloadStore, IMarketExtension {
    /// @notice Rules numbers fit 12 bits of the workload word.
    uint256 public constant MAX_RULES = 4095;
    /// @notice Class numbers fit 6 bits of the workload word.
    uint256 public constant MAX_CLASS = 63;
    /// @notice At most a fifth of a fee burns by rule, so that a requester's money buys proofs.
    uint256 public constant MAX_BASE_BURN_BPS = 2000;
    /// @notice A silence window outlasts an outage or a censoring sequencer, but ends well inside the cooldown.
    uint256 public constant MAX_SILENCE_WINDOW = 3 days;
    /// @notice Reveal delay, reveal window and cancel delay each end within an hour.
    uint256 public constant MAX_SHORT_WINDOW = 1 hours;
    /// @notice At most a tenth of a fee goes to the committee.
    uint256 public constant MAX_COMMITTEE_BPS = 1000;
    /// @notice Where there are committees they earn at least a hundredth of the fee: it sets what a vote costs to buy and what an appeal costs.
    uint256 public constant MIN_COMMITTEE_BPS = 100;

    /// @inheritdoc IMarketExtension
    /// @custom:bound never changed again; windows and base burn within the constants of {RuleBook}, everything together below the
    /// cooldown; at most {MAX_RULES}; the beacon is any contract
    function addRules(Rules calldata rules_) external onlyOwner returns (uint256 number) {
        number = ++rulesCount;
        _checkRule("number", number, 1, MAX_RULES);
        _checkRule("beacon", rules_.beacon.code.length, 1, type(uint256).max);
        _checkRule("responseWindow", rules_.responseWindow, 0, WorkloadWordLib.MAX_RESPONSE);
        _checkRule("silenceWindow", rules_.silenceWindow, rules_.responseWindow, MAX_SILENCE_WINDOW);
        _checkRule("revealDelay", rules_.revealDelay, 0, MAX_SHORT_WINDOW);
        _checkRule("revealWindow", rules_.revealWindow, 1, MAX_SHORT_WINDOW);
        _checkRule("cancelDelay", rules_.cancelDelay, 0, MAX_SHORT_WINDOW);
        _checkRule("baseBurnBps", rules_.baseBurnBps, 0, MAX_BASE_BURN_BPS);
        _checkBounty("assignBounty", rules_.assignBounty);
        _checkBounty("settleBounty", rules_.settleBounty);
        _checkCommittee(rules_);
        _checkRule("longest life", _longestLife(rules_), 0, registry.cooldown() - 1);
        _rules[number] = StoredRules({
            beacon: rules_.beacon,
            frozen: FrozenRulesLib.pack(
                rules_.revealDelay,
                rules_.revealWindow,
                rules_.baseBurnBps,
                rules_.assignBounty,
                rules_.settleBounty
            ),
            responseWindow: uint16(rules_.responseWindow),
            silenceWindow: rules_.silenceWindow,
            cancelDelay: rules_.cancelDelay,
            committeeBps: rules_.committeeBps,
            verdictWindow: rules_.verdictWindow
        });
        emit RulesAdded(number, rules_);
    }

    /// @inheritdoc IMarketExtension
    /// @custom:bound classes up to {MAX_CLASS}; rules that exist, bounties covered by the minimum fee; only new submissions; rules zero closes the class to them
    function setClassTerms(uint8 class, ClassTerms calldata terms) external onlyOwner {
        StoredRules storage r = _rules[terms.rules];
        _checkRule("class", class, 0, MAX_CLASS);
        _checkRule("rules", terms.rules, 0, rulesCount);
        // The smallest fee must cover its bounties after the base burn and the committee's share.
        uint256 left = (uint256(terms.minimumFee) * GWEI * (BPS - r.frozen.baseBurnBps() - r.committeeBps)) / BPS;
        uint256 bounties = r.frozen.assignBounty() + r.frozen.settleBounty();
        _checkRule("left of minimumFee", left, bounties, type(uint256).max);
        StoredClass memory c;
        c.minimumFee = terms.minimumFee;
        c.minimumRate = terms.minimumRate;
        c.responseWindow = r.responseWindow;
        // New terms do not end a pause.
        c.rules = terms.rules | (_classes[class].rules & PAUSED);
        if (!_isOpen(AccessList.Requesters)) c.rules |= RESTRICTED;
        if (terms.rules != 0) {
            IBeacon.Schedule memory schedule = BeaconCall.scheduleOf(r.beacon);
            (c.genesis, c.period, c.lag) = (schedule.genesis, schedule.period, schedule.lag);
            if (!_isCounted(r.beacon, c)) c.rules |= ASKS;
        }
        _classes[class] = c;
        emit ClassTermsSet(class, terms);
    }

    /// @inheritdoc IBeaconUser
    /// @dev Reads all classes: it is needed once in a network's life, if ever, and whoever relays the round pays for it.
    function doubtClock() external {
        for (uint8 class; class <= MAX_CLASS; ++class) {
            uint16 rules = _classes[class].rules;
            if (rules == 0 || _rules[rules & ~MARKS].beacon != _msgSender()) continue;
            _classes[class].rules = rules | ASKS;
            emit ClockDoubted(class, true);
        }
    }

    /// @inheritdoc IMarketExtension
    function trustClock(uint8 class) external {
        StoredClass memory c = _classes[class];
        if (!_isCounted(_rules[c.rules & ~MARKS].beacon, c)) revert ClockInDoubt(class);
        _classes[class].rules = c.rules & ~ASKS;
        emit ClockDoubted(class, false);
    }

    /// @inheritdoc IMarketExtension
    function rulesOf(uint256 number) external view returns (Rules memory) {
        StoredRules storage r = _rules[number];
        FrozenRules f = r.frozen;
        return
            Rules({
                responseWindow: r.responseWindow,
                silenceWindow: r.silenceWindow,
                revealDelay: uint32(f.revealDelay()),
                revealWindow: uint32(f.revealWindow()),
                cancelDelay: r.cancelDelay,
                baseBurnBps: uint16(f.baseBurnBps()),
                assignBounty: uint32(f.assignBounty() / GWEI),
                settleBounty: uint32(f.settleBounty() / GWEI),
                committeeBps: r.committeeBps,
                verdictWindow: r.verdictWindow,
                beacon: r.beacon
            });
    }

    /// @inheritdoc IMarketExtension
    function classTermsOf(uint8 class) external view returns (ClassTerms memory) {
        StoredClass memory c = _classes[class];
        return ClassTerms({minimumFee: c.minimumFee, minimumRate: c.minimumRate, rules: c.rules & ~MARKS});
    }

    /// @dev Whether the beacon names a round now, and it is the one that the class's copy of the schedule says.
    function _isCounted(address beacon, StoredClass memory c) private view returns (bool) {
        if (c.lag == 0) return false;
        uint32 round = BeaconCall.nextRound(beacon);
        return round != 0 && round == _scheduledRound(c);
    }

    /// @dev Either no committees at all, or a share and a window within their bounds.
    function _checkCommittee(Rules calldata rules_) private pure {
        bool judges = rules_.verdictWindow != 0;
        _checkRule("verdictWindow", rules_.verdictWindow, 0, MAX_SHORT_WINDOW);
        _checkRule("committeeBps", rules_.committeeBps, judges ? MIN_COMMITTEE_BPS : 0, judges ? MAX_COMMITTEE_BPS : 0);
    }

    /// @dev A workload's word holds bounties in steps, up to a largest one.
    function _checkBounty(bytes32 rule, uint256 bounty) private pure {
        _checkRule(rule, bounty, 0, FrozenRulesLib.MAX_BOUNTY);
        _checkRule("part of a bounty's step", bounty % FrozenRulesLib.BOUNTY_STEP, 0, 0);
    }

    /// @dev Invariant 11: nobody leaves out of a workload. The draw may follow the leave by the assign window and the epoch it was submitted in.
    function _longestLife(Rules calldata rules_) private view returns (uint256) {
        return
            (ASSIGN_EPOCHS + 1) * registry.epochLength() +
            WorkloadWordLib.MAX_RUN_TIME +
            rules_.silenceWindow +
            rules_.revealDelay +
            rules_.revealWindow;
    }
}
