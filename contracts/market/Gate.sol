// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketExtension} from "../interfaces/IMarket.sol";
import {WorkloadStore} from "./WorkloadStore.sol";

/// @title Who may submit and deploy, and who can pause submissions
/// @notice A network starts with lists of requesters and deployers; each list opens once, for ever. Nothing here touches a live workload.
abstract contract Gate is WorkloadStore, IMarketExtension {
    /// @notice A pause ends by itself after three days at most: time to warn and to write other rules, not to hold a market.
    uint256 public constant MAX_PAUSE = 3 days;
    /// @notice Between two pauses of a class lie at least seven days, so that pauses cannot be strung together.
    uint256 public constant PAUSE_GAP = 7 days;
    /// @dev Class numbers fit 6 bits.
    uint256 private constant CLASSES = 64;

    // ─── Lists ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IMarketExtension
    /// @custom:bound not after {openList}; workloads and programs of before stay
    function admit(AccessList list, address account, bool isAdmitted_) external onlyOwner {
        if (_isOpen(list)) revert ListIsOpen(list);
        _admitted[list][account] = isAdmitted_;
        emit Admitted(list, account, isAdmitted_);
    }

    /// @inheritdoc IMarketExtension
    /// @custom:bound once and for ever
    function openList(AccessList list) external onlyOwner {
        if (_isOpen(list)) revert ListIsOpen(list);
        _openLists |= uint8(1 << uint8(list));
        emit ListOpened(list);
    }

    /// @inheritdoc IMarketExtension
    function liftRestriction(uint8 class) external {
        if (!_isOpen(AccessList.Requesters)) revert ListIsClosed(AccessList.Requesters);
        _classes[class].rules &= ~RESTRICTED;
    }

    /// @inheritdoc IMarketExtension
    function isAdmitted(AccessList list, address account) external view returns (bool) {
        return _isOpen(list) || _admitted[list][account];
    }

    // ─── Guardian ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IMarketExtension
    /// @custom:bound no more than what {pauseSubmissions} can do; the new guardian has to accept
    function setGuardian(address guardian_) external onlyOwner {
        pendingGuardian = guardian_;
        if (guardian_ != address(0)) {
            emit GuardianOffered(guardian_);
            return;
        }
        guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    /// @inheritdoc IMarketExtension
    /// @custom:bound the account that was offered it
    function acceptGuardian() external {
        address caller = _msgSender();
        if (caller != pendingGuardian) revert NotPendingGuardian(caller, pendingGuardian);
        pendingGuardian = address(0);
        guardian = caller;
        emit GuardianSet(caller);
    }

    /// @inheritdoc IMarketExtension
    /// @custom:bound at most {MAX_PAUSE}, {PAUSE_GAP} after the last pause of the class; ends by itself; nothing that is live, and no withdrawal
    function pauseSubmissions(uint8 class, uint256 duration) external {
        address caller = _msgSender();
        if (caller != guardian) revert NotGuardian(caller, guardian);
        _checkRule("class", class, 0, CLASSES - 1);
        _checkRule("duration", duration, 1, MAX_PAUSE);
        uint256 last = pausedUntil[class];
        if (last != 0 && block.timestamp <= last + PAUSE_GAP)
            revert PausedTooRecently(class, block.timestamp, last + PAUSE_GAP + 1);
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
            if (caller != guardian) revert NotGuardian(caller, guardian);
            pausedUntil[class] = block.timestamp - 1;
        }
        _classes[class].rules &= ~PAUSED;
        emit PauseSet(class, 0);
    }
}
