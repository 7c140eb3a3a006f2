// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Aztec's rollup as far as posting a proof goes: the same names, the same errors, in the order of the real one's checks
/// @notice One checkpoint an epoch. What is true is told to it; an empty proof is right and any other wrong.
contract RollupDouble {
    struct PublicInputArgs {
        bytes32 previousArchive;
        bytes32 endArchive;
        bytes32 outHash;
        address proverId;
    }

    struct CommitteeAttestations {
        bytes signatureIndices;
        bytes signaturesOrAddresses;
    }

    struct SubmitEpochRootProofArgs {
        uint256 start;
        uint256 end;
        PublicInputArgs args;
        bytes32[] fees;
        CommitteeAttestations attestations;
        bytes blobInputs;
        bytes proof;
    }

    uint256 public pending;
    uint256 public proven;
    uint256 public currentEpoch;
    uint256 public deadline;
    mapping(uint256 checkpoint => bytes32 archive) public archives;
    mapping(uint256 epoch => mapping(uint256 length => mapping(address prover => bool submitted))) private _submitted;

    error Rollup__ProverHaveAlreadySubmitted(address prover, uint256 epoch);
    error Rollup__PastDeadline(uint256 deadline, uint256 currentEpoch);
    error Rollup__InvalidArchive(bytes32 expected, bytes32 actual);
    error Rollup__InvalidPreviousArchive(bytes32 expected, bytes32 actual);
    error Rollup__InvalidOutHash(bytes32 expected, bytes32 actual);
    error Rollup__InvalidCheckpointNumber(uint256 expected, uint256 actual);
    error Rollup__StartAndEndNotSameEpoch(uint256 start, uint256 end);
    error Rollup__StartIsNotBuildingOnProven();
    error Rollup__InvalidProof();
    error Rollup__InvalidBlobProof(bytes32 blobHash);
    error Rollup__InvalidAttestations();
    error Rollup__ManaLimitExceeded();

    event L2ProofVerified(uint256 indexed checkpointNumber, address indexed proverId);

    function set(uint256 pending_, uint256 proven_, uint256 currentEpoch_, uint256 deadline_) external {
        pending = pending_;
        proven = proven_;
        currentEpoch = currentEpoch_;
        deadline = deadline_;
    }

    function setArchive(uint256 checkpoint, bytes32 archive) external {
        archives[checkpoint] = archive;
    }

    function submitEpochRootProof(SubmitEpochRootProofArgs calldata p) external {
        uint256 epoch = getEpochForCheckpoint(p.start);
        uint256 last = getEpochForCheckpoint(p.end);
        if (epoch != last) revert Rollup__StartAndEndNotSameEpoch(epoch, last);
        if (currentEpoch > deadline) revert Rollup__PastDeadline(deadline, currentEpoch);
        if (p.start - 1 > proven) revert Rollup__StartIsNotBuildingOnProven();
        if (p.attestations.signatureIndices.length != 0) revert Rollup__InvalidAttestations();
        if (p.args.previousArchive != archives[p.start - 1]) {
            revert Rollup__InvalidPreviousArchive(archives[p.start - 1], p.args.previousArchive);
        }
        if (p.args.endArchive != archives[p.end]) revert Rollup__InvalidArchive(archives[p.end], p.args.endArchive);
        if (p.args.outHash != 0) revert Rollup__InvalidOutHash(0, p.args.outHash);
        // Stands for all that a caller can do nothing about.
        if (p.fees[0] != 0) revert Rollup__ManaLimitExceeded();
        if (p.blobInputs.length != 0) revert Rollup__InvalidBlobProof(bytes32(p.blobInputs));
        if (p.proof.length != 0) revert Rollup__InvalidProof();
        uint256 length = p.end - p.start + 1;
        if (_submitted[epoch][length][p.args.proverId]) {
            revert Rollup__ProverHaveAlreadySubmitted(p.args.proverId, epoch);
        }
        _submitted[epoch][length][p.args.proverId] = true;
        if (p.end > proven) proven = p.end;
        emit L2ProofVerified(p.end, p.args.proverId);
    }

    function getProvenCheckpointNumber() external view returns (uint256 checkpoint) {
        return proven;
    }

    function getHasSubmitted(uint256 epoch, uint256 length, address prover) external view returns (bool submitted) {
        return _submitted[epoch][length][prover];
    }

    function getEpochForCheckpoint(uint256 checkpoint) public view returns (uint256 epoch) {
        if (checkpoint > pending) revert Rollup__InvalidCheckpointNumber(pending, checkpoint);
        return checkpoint;
    }
}
