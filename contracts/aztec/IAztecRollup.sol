// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What we use of Aztec's rollup contract on L1
/// @notice Names and shapes are those of the rollup of Aztec's release 4.1.2, in which epochs, slots and timestamps are words of their own
/// types. A checkpoint is what one proposer puts on L1 for its slot; an epoch's proof covers checkpoints of one epoch.
interface IAztecRollup {
    /// @notice Public inputs that whoever posts a proof gives.
    struct PublicInputArgs {
        bytes32 previousArchive;
        bytes32 endArchive;
        bytes32 outHash;
        address proverId;
    }

    /// @notice Attestations of the committee for the last checkpoint.
    struct CommitteeAttestations {
        bytes signatureIndices;
        bytes signaturesOrAddresses;
    }

    /// @notice An epoch's proof.
    struct SubmitEpochRootProofArgs {
        /// @dev First checkpoint, inclusive.
        uint256 start;
        /// @dev Last checkpoint, inclusive.
        uint256 end;
        PublicInputArgs args;
        /// @dev Recipient and value of each checkpoint, in turn.
        bytes32[] fees;
        CommitteeAttestations attestations;
        bytes blobInputs;
        bytes proof;
    }

    /// @notice Proves checkpoints; the caller plays no part, `args.proverId` earns.
    /// @param proof The proof and what it is about.
    function submitEpochRootProof(SubmitEpochRootProofArgs calldata proof) external;

    /// @notice Who may propose in the slot of a time. The rollup does not declare it a view, as it may write a cache.
    /// @param timestamp Unix seconds.
    /// @return proposer Zero while anyone may.
    function getProposerAt(uint256 timestamp) external returns (address proposer);

    /// @notice Archive root after a checkpoint of the pending chain.
    /// @param checkpoint Number.
    /// @return archive Zero where there is none.
    function archiveAt(uint256 checkpoint) external view returns (bytes32 archive);

    /// @notice The last proven checkpoint.
    /// @return checkpoint Number.
    function getProvenCheckpointNumber() external view returns (uint256 checkpoint);

    /// @notice The last checkpoint of the pending chain.
    /// @return checkpoint Number.
    function getPendingCheckpointNumber() external view returns (uint256 checkpoint);

    /// @notice The epoch of a checkpoint; reverts where there is none, or where it lies too far back.
    /// @param checkpoint Number.
    /// @return epoch Epoch.
    function getEpochForCheckpoint(uint256 checkpoint) external view returns (uint256 epoch);

    /// @notice The epoch that runs.
    /// @return epoch Epoch.
    function getCurrentEpoch() external view returns (uint256 epoch);

    /// @notice The epoch of a slot.
    /// @param slot Slot.
    /// @return epoch Epoch.
    function getEpochAtSlot(uint256 slot) external view returns (uint256 epoch);

    /// @notice When a slot begins.
    /// @param slot Slot.
    /// @return timestamp Unix seconds.
    function getTimestampForSlot(uint256 slot) external view returns (uint256 timestamp);

    /// @notice When an epoch begins.
    /// @param epoch Epoch.
    /// @return timestamp Unix seconds.
    function getTimestampForEpoch(uint256 epoch) external view returns (uint256 timestamp);

    /// @notice Epochs after its own in which an epoch's proof is still taken.
    /// @return epochs Number of them.
    function getProofSubmissionEpochs() external view returns (uint256 epochs);

    /// @notice Whether a prover has proven the first `length` checkpoints of an epoch.
    /// @param epoch Epoch.
    /// @param length Checkpoints from the epoch's first.
    /// @param proverId Who earns, as bound into the proof.
    /// @return submitted Whether it has.
    function getHasSubmitted(uint256 epoch, uint256 length, address proverId) external view returns (bool submitted);
}
