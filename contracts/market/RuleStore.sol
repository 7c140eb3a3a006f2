// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProverRegistry} from "../interfaces/IProverRegistry.sol";
import {FrozenRules} from "../libraries/FrozenRules.sol";
import {Accounts} from "./Accounts.sol";

/// @title Rules and class terms of the market, as stored
/// @notice Rules are written once under a number and never change; a workload freezes the number it was submitted under. The owner
/// can add rules and choose which are in force for new submissions, within the bounds below, and nothing else.
abstract contract RuleStore is Accounts {
    /// @dev The first word is what the draw needs; of it the workload's word keeps `frozen`. The second is for the rarer acts.
    struct StoredRules {
        // word 0
        address beacon;
        FrozenRules frozen;
        uint16 responseWindow;
        // word 1
        uint32 silenceWindow;
        uint32 cancelDelay;
        uint16 committeeBps;
        uint32 verdictWindow;
    }

    /// @dev Everything a submission needs to know of a class, in one word. While submissions are paused or for listed requesters only, `rules` has
    /// {PAUSED} or {RESTRICTED} too, and {ASKS} while its beacon must be asked for the round, so that a submission reads nothing more, and calls
    /// nobody, to find that they are not. The beacon's schedule is a copy: docs/adr/0048-counted-rounds.md.
    struct StoredClass {
        uint40 genesis;
        uint16 period;
        uint16 lag;
        uint32 minimumFee;
        uint32 minimumRate;
        uint16 rules;
        uint16 responseWindow;
    }

    /// @dev Unit of bounties, minimum fees and price floors: 1e-9 of a token.
    uint256 internal constant GWEI = 1e9;
    uint256 internal constant BPS = 10_000;
    /// @dev Bit of a class's `rules`; their numbers have twelve bits.
    uint16 internal constant PAUSED = 1 << 15;
    /// @dev Another one.
    uint16 internal constant RESTRICTED = 1 << 14;
    /// @dev Another one.
    uint16 internal constant ASKS = 1 << 13;
    /// @dev All of them.
    uint16 internal constant MARKS = PAUSED | RESTRICTED | ASKS;

    /// @notice The registry of provers and bonds.
    IProverRegistry public immutable registry;

    /// @dev The registry's epochs, copied so that a submission needs no call for them.
    uint256 private immutable _epochLength;
    uint256 private immutable _epochGenesis;

    /// @notice Can pause the submissions of a class for a limited time, and nothing else. Zero for none.
    address public guardian;
    /// @dev Bit k: list k is open to all, for ever. In the word of the guardian.
    uint8 internal _openLists;
    /// @notice Was offered to become the guardian; zero for none.
    address public pendingGuardian;

    /// @notice Number of rules written so far; rules run from 1.
    uint256 public rulesCount;

    mapping(uint256 number => StoredRules rules) internal _rules;
    mapping(uint8 class => StoredClass terms) internal _classes;
    /// @notice Last second of a class's last pause, whether it was lifted or ran out.
    mapping(uint8 class => uint256 time) public pausedUntil;
    /// @dev Who may submit and deploy while a list is not open.
    mapping(AccessList list => mapping(address account => bool admitted)) internal _admitted;

    constructor(IProverRegistry registry_) {
        registry = registry_;
        _epochLength = registry_.epochLength();
        _epochGenesis = registry_.genesis();
    }

    /// @dev Reverts unless a rule is within its bounds.
    function _checkRule(bytes32 rule, uint256 have, uint256 least, uint256 most) internal pure {
        if (have < least || have > most) revert InvalidRules(rule, have, least, most);
    }

    /// @dev Whether a list is open to all.
    function _isOpen(AccessList list) internal view returns (bool) {
        return (_openLists >> uint8(list)) & 1 == 1;
    }

    /// @dev Reverts unless an account is on a list, or the list open.
    function _checkAdmitted(AccessList list, address account) internal view {
        if (!_isOpen(list) && !_admitted[list][account]) revert NotAdmitted(list, account);
    }

    /// @dev Same as the registry's currentEpoch.
    function _currentEpoch() internal view returns (uint256) {
        return (block.timestamp - _epochGenesis) / _epochLength + 1;
    }

    /// @dev Same as the `nextRound` of the class's beacon, by its schedule.
    function _scheduledRound(StoredClass memory c) internal view returns (uint32) {
        if (c.period == 0) return uint32(block.number) + c.lag;
        // The beacon named a round by this schedule when the class got it, so its genesis is past.
        unchecked {
            return uint32((block.timestamp - c.genesis) / c.period + 1) + c.lag;
        }
    }

    /// @dev The committee's share of `fee`, where one judges.
    function _committeeShareOf(uint256 fee, StoredRules storage r) internal view returns (uint256) {
        return (fee * r.committeeBps) / BPS;
    }
}
