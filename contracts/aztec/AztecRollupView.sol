// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAztecRollup} from "./IAztecRollup.sol";
import {IRollupView} from "./IRollupView.sol";

/// @title A rollup of Aztec as the bonds see it
/// @notice Holds nothing, changes nothing, has no owner.
/// @dev The rollup keeps archive roots for ever and takes no proof after an epoch's deadline, so that "proven" can be asked at any later time.
contract AztecRollupView is IRollupView {
    /// @notice The rollup.
    IAztecRollup public immutable rollup;

    /// @param rollup_ The rollup; a new one is another view.
    constructor(IAztecRollup rollup_) {
        rollup = rollup_;
    }

    /// @inheritdoc IRollupView
    function proposerOf(uint256 slot) external returns (address proposer) {
        return rollup.getProposerAt(rollup.getTimestampForSlot(slot));
    }

    /// @inheritdoc IRollupView
    function epochOf(uint256 slot) external view returns (uint256 epoch) {
        return rollup.getEpochAtSlot(slot);
    }

    /// @inheritdoc IRollupView
    function isWhole(Span calldata span) external view returns (bool whole) {
        uint256 pending = rollup.getPendingCheckpointNumber();
        if (span.first == 0 || span.first > span.last || span.last > pending) return false;
        if (rollup.getCurrentEpoch() <= span.epoch || rollup.archiveAt(span.last) != span.archive) return false;
        if (_epochOf(span.first) != span.epoch || _epochOf(span.last) != span.epoch) return false;
        // The checkpoint before the first one of all is the rollup's genesis and of no epoch.
        if (span.first > 1 && _epochOf(span.first - 1) == span.epoch) return false;
        return span.last == pending || _epochOf(span.last + 1) != span.epoch;
    }

    /// @inheritdoc IRollupView
    function deadlineOf(uint256 epoch) external view returns (uint256 deadline) {
        return rollup.getTimestampForEpoch(epoch + rollup.getProofSubmissionEpochs() + 1);
    }

    /// @inheritdoc IRollupView
    function standingOf(Span calldata span, address proverId) external view returns (bool proven, bool byProver) {
        proven = rollup.getProvenCheckpointNumber() >= span.last && rollup.archiveAt(span.last) == span.archive;
        byProver = proven && rollup.getHasSubmitted(span.epoch, span.last - span.first + 1, proverId);
    }

    function _epochOf(uint256 checkpoint) private view returns (uint256 epoch) {
        return rollup.getEpochForCheckpoint(checkpoint);
    }
}
