// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketExtension} from "../interfaces/IMarket.sol";
import {WorkloadWordLib} from "../libraries/WorkloadWord.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title What the owner can do: add rules, choose class terms for new submissions, name the guardian that can pause them
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
    /// @notice A pause ends by itself after three days at most: time to warn and to write other rules, not to hold a market.
    uint256 public constant MAX_PAUSE = 3 days;
    /// @notice Between two pauses of a class lie at least seven days, so that pauses cannot be strung together.
    uint256 public constant PAUSE_GAP = 7 days;
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
        if (
            rules_.beacon.code.length == 0 ||
            rules_.responseWindow > WorkloadWordLib.MAX_RESPONSE ||
            rules_.silenceWindow > MAX_SILENCE_WINDOW ||
            rules_.revealWindow == 0 ||
            rules_.revealWindow > MAX_SHORT_WINDOW ||
            rules_.revealDelay > MAX_SHORT_WINDOW ||
            rules_.cancelDelay > MAX_SHORT_WINDOW ||
            rules_.baseBurnBps > MAX_BASE_BURN_BPS ||
            rules_.silenceWindow < rules_.responseWindow ||
            rulesCount == MAX_RULES ||
            !_committeeFits(rules_) ||
            _longestLife(rules_) >= registry.cooldown()
        ) revert InvalidRules();
        number = ++rulesCount;
        _rules[number] = StoredRules({
            beacon: rules_.beacon,
            drawBounty: rules_.assignBounty,
            responseWindow: rules_.responseWindow,
            assignBounty: rules_.assignBounty,
            settleBounty: rules_.settleBounty,
            baseBurnBps: rules_.baseBurnBps,
            silenceWindow: rules_.silenceWindow,
            revealDelay: rules_.revealDelay,
            revealWindow: rules_.revealWindow,
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
        uint256 bounties = uint256(r.assignBounty) + r.settleBounty;
        // The smallest fee must cover its bounties after the base burn and the committee's share.
        bool covered = uint256(terms.minimumFee) * (BPS - r.baseBurnBps - r.committeeBps) >= bounties * BPS;
        if (class > MAX_CLASS || terms.rules > rulesCount || !covered) revert InvalidRules();
        _classes[class] = StoredClass({
            beacon: r.beacon,
            minimumFee: terms.minimumFee,
            minimumRate: terms.minimumRate,
            // New terms do not end a pause.
            rules: terms.rules | (_classes[class].rules & PAUSED),
            responseWindow: uint16(r.responseWindow)
        });
        emit ClassTermsSet(class, terms);
    }

    /// @inheritdoc IMarketExtension
    /// @custom:bound no more than what {pauseSubmissions} can do
    function setGuardian(address guardian_) external onlyOwner {
        guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    /// @inheritdoc IMarketExtension
    /// @custom:bound at most {MAX_PAUSE}, {PAUSE_GAP} after the last pause of the class; ends by itself; nothing that is live, and no withdrawal
    function pauseSubmissions(uint8 class, uint256 duration) external {
        address caller = _msgSender();
        if (caller != guardian) revert NotGuardian(caller);
        if (class > MAX_CLASS || duration == 0 || duration > MAX_PAUSE) revert InvalidRules();
        uint256 last = pausedUntil[class];
        if (last != 0 && block.timestamp <= last + PAUSE_GAP) revert PausedTooRecently(class, last + PAUSE_GAP + 1);
        uint256 until = block.timestamp + duration;
        pausedUntil[class] = until;
        _classes[class].rules |= PAUSED;
        emit PauseSet(class, until);
    }

    /// @inheritdoc IMarketExtension
    /// @custom:bound the guardian at any time, anyone once the pause ran out
    function liftPause(uint8 class) external {
        uint256 until = pausedUntil[class];
        if (_classes[class].rules & PAUSED == 0) revert NotPaused(class);
        if (block.timestamp <= until) {
            address caller = _msgSender();
            if (caller != guardian) revert NotGuardian(caller);
            pausedUntil[class] = block.timestamp - 1;
        }
        _classes[class].rules &= ~PAUSED;
        emit PauseSet(class, 0);
    }

    /// @inheritdoc IMarketExtension
    function rulesOf(uint256 number) external view returns (Rules memory) {
        StoredRules storage r = _rules[number];
        return
            Rules({
                responseWindow: r.responseWindow,
                silenceWindow: r.silenceWindow,
                revealDelay: r.revealDelay,
                revealWindow: r.revealWindow,
                cancelDelay: r.cancelDelay,
                baseBurnBps: r.baseBurnBps,
                assignBounty: r.assignBounty,
                settleBounty: r.settleBounty,
                committeeBps: r.committeeBps,
                verdictWindow: r.verdictWindow,
                beacon: r.beacon
            });
    }

    /// @inheritdoc IMarketExtension
    function classTermsOf(uint8 class) external view returns (ClassTerms memory) {
        StoredClass memory c = _classes[class];
        return ClassTerms({minimumFee: c.minimumFee, minimumRate: c.minimumRate, rules: c.rules & ~PAUSED});
    }

    /// @dev Either no committees at all, or a share and a window within their bounds.
    function _committeeFits(Rules calldata rules_) private pure returns (bool) {
        if (rules_.verdictWindow == 0) return rules_.committeeBps == 0;
        return
            rules_.verdictWindow <= MAX_SHORT_WINDOW &&
            rules_.committeeBps >= MIN_COMMITTEE_BPS &&
            rules_.committeeBps <= MAX_COMMITTEE_BPS;
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
