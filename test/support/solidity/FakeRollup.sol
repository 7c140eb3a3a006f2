// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAztecRollup} from "../../../contracts/aztec/IAztecRollup.sol";

/// @title A rollup that behaves as Aztec's is documented to, without proofs and without a committee
/// @notice Checkpoints are put on it by {propose}, at most one a slot; a proof that is not empty is a wrong one.
contract FakeRollup is IAztecRollup {
    uint256 public constant SLOT = 12;
    uint256 public constant SLOTS = 4;
    uint256 public constant SUBMISSION_EPOCHS = 1;

    uint256 public immutable genesis = block.timestamp;

    uint256 public pending;
    uint256 public proven;
    /// @notice No question is answered any more.
    bool public isBroken;
    /// @notice Every question uses all gas it gets.
    bool public isBurning;

    mapping(uint256 checkpoint => bytes32 archive) private _archives;
    mapping(uint256 checkpoint => uint256 slot) private _slots;
    mapping(uint256 slot => address proposer) private _proposers;
    mapping(uint256 epoch => mapping(uint256 length => mapping(address proverId => bool submitted))) private _submitted;

    error InvalidProof();
    error PastDeadline(uint256 deadlineEpoch, uint256 currentEpoch);
    error ProverHaveAlreadySubmitted(address proverId, uint256 epoch);
    error StartIsNotBuildingOnProven();
    error StartIsNotFirstCheckpointOfEpoch();
    error StartAndEndNotSameEpoch();
    error InvalidCheckpointNumber();
    error Broken();

    modifier answers() {
        if (isBroken) revert Broken();
        if (isBurning) while (true) {}
        _;
    }

    function setProposer(uint256 slot, address proposer) external {
        _proposers[slot] = proposer;
    }

    function breakDown(bool broken, bool burning) external {
        isBroken = broken;
        isBurning = burning;
    }

    /// @notice Puts a checkpoint into the present slot.
    function propose(bytes32 archive) external returns (uint256 checkpoint) {
        prune();
        checkpoint = ++pending;
        _archives[checkpoint] = archive;
        _slots[checkpoint] = (block.timestamp - genesis) / SLOT;
        assert(checkpoint == 1 || _slots[checkpoint] > _slots[checkpoint - 1]);
    }

    /// @notice Takes back unproven checkpoints from `checkpoint` on, as bad attestations would.
    function invalidate(uint256 checkpoint) external {
        pending = checkpoint - 1;
    }

    function submitEpochRootProof(SubmitEpochRootProofArgs calldata p) external {
        prune();
        uint256 epoch = getEpochForCheckpoint(p.start);
        if (epoch != getEpochForCheckpoint(p.end)) revert StartAndEndNotSameEpoch();
        if (getCurrentEpoch() > epoch + SUBMISSION_EPOCHS) {
            revert PastDeadline(epoch + SUBMISSION_EPOCHS + 1, getCurrentEpoch());
        }
        if (p.start != 1 && getEpochForCheckpoint(p.start - 1) == epoch) revert StartIsNotFirstCheckpointOfEpoch();
        if (p.start - 1 > proven) revert StartIsNotBuildingOnProven();
        if (p.proof.length != 0) revert InvalidProof();
        uint256 length = p.end - p.start + 1;
        if (_submitted[epoch][length][p.args.proverId]) revert ProverHaveAlreadySubmitted(p.args.proverId, epoch);
        _submitted[epoch][length][p.args.proverId] = true;
        if (p.end > proven) proven = p.end;
    }

    /// @notice Takes back what was not proven in time.
    function prune() public {
        if (pending > proven && getCurrentEpoch() > getEpochForCheckpoint(proven + 1) + SUBMISSION_EPOCHS)
            pending = proven;
    }

    function getProposerAt(uint256 timestamp) external view returns (address proposer) {
        return _proposers[(timestamp - genesis) / SLOT];
    }

    function archiveAt(uint256 checkpoint) external view answers returns (bytes32 archive) {
        return checkpoint <= pending ? _archives[checkpoint] : bytes32(0);
    }

    function getProvenCheckpointNumber() external view answers returns (uint256 checkpoint) {
        return proven;
    }

    function getPendingCheckpointNumber() external view returns (uint256 checkpoint) {
        return pending;
    }

    function getEpochForCheckpoint(uint256 checkpoint) public view returns (uint256 epoch) {
        if (checkpoint > pending) revert InvalidCheckpointNumber();
        return _slots[checkpoint] / SLOTS;
    }

    function getCurrentEpoch() public view returns (uint256 epoch) {
        return (block.timestamp - genesis) / SLOT / SLOTS;
    }

    function getEpochAtSlot(uint256 slot) external pure returns (uint256 epoch) {
        return slot / SLOTS;
    }

    function getTimestampForSlot(uint256 slot) external view returns (uint256 timestamp) {
        return genesis + slot * SLOT;
    }

    function getTimestampForEpoch(uint256 epoch) external view returns (uint256 timestamp) {
        return genesis + epoch * SLOTS * SLOT;
    }

    function getProofSubmissionEpochs() external pure returns (uint256 epochs) {
        return SUBMISSION_EPOCHS;
    }

    function getHasSubmitted(uint256 epoch, uint256 length, address proverId) external view returns (bool submitted) {
        return _submitted[epoch][length][proverId];
    }
}
