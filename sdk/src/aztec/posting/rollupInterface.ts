import { Interface } from 'ethers'

/** What is called of Aztec's rollup, and the errors of it that have a next step. Source: the rollup of release 4.1.2. */
export const ROLLUP = new Interface([
  `function submitEpochRootProof((uint256 start, uint256 end,
    (bytes32 previousArchive, bytes32 endArchive, bytes32 outHash, address proverId) args,
    bytes32[] fees, (bytes signatureIndices, bytes signaturesOrAddresses) attestations,
    bytes blobInputs, bytes proof) args)`,
  'function getEpochForCheckpoint(uint256 checkpoint) view returns (uint256)',
  'function getHasSubmitted(uint256 epoch, uint256 length, address prover) view returns (bool)',
  'function getProvenCheckpointNumber() view returns (uint256)',
  'event L2ProofVerified(uint256 indexed checkpointNumber, address indexed proverId)',
  'error Rollup__ProverHaveAlreadySubmitted(address prover, uint256 epoch)',
  'error Rollup__PastDeadline(uint256 deadline, uint256 currentEpoch)',
  'error Rollup__InvalidArchive(bytes32 expected, bytes32 actual)',
  'error Rollup__InvalidPreviousArchive(bytes32 expected, bytes32 actual)',
  'error Rollup__InvalidOutHash(bytes32 expected, bytes32 actual)',
  'error Rollup__InvalidCheckpointNumber(uint256 expected, uint256 actual)',
  'error Rollup__StartAndEndNotSameEpoch(uint256 start, uint256 end)',
  'error Rollup__StartIsNotFirstCheckpointOfEpoch()',
  'error Rollup__StartIsNotBuildingOnProven()',
  'error Rollup__InvalidProof()',
  'error Rollup__InvalidBlobProof(bytes32 blobHash)',
  'error Rollup__InvalidAttestations()',
  'error Rollup__InvalidFirstEpochProof()',
])

/** The codes of {@link aztecError} for what the rollup answers. `undefined`: it has this prover's proof already. */
export const REFUSALS: Readonly<Record<string, RefusalCode | undefined>> = {
  Rollup__ProverHaveAlreadySubmitted: undefined,
  Rollup__PastDeadline: 'AZTEC_PROOF_LATE',
  Rollup__InvalidArchive: 'AZTEC_CHAIN_MOVED',
  Rollup__InvalidPreviousArchive: 'AZTEC_CHAIN_MOVED',
  Rollup__InvalidOutHash: 'AZTEC_CHAIN_MOVED',
  Rollup__InvalidCheckpointNumber: 'AZTEC_CHAIN_MOVED',
  Rollup__StartAndEndNotSameEpoch: 'AZTEC_PROOF_NOT_OF_EPOCH',
  Rollup__StartIsNotFirstCheckpointOfEpoch: 'AZTEC_PROOF_NOT_OF_EPOCH',
  Rollup__InvalidFirstEpochProof: 'AZTEC_PROOF_NOT_OF_EPOCH',
  Rollup__StartIsNotBuildingOnProven: 'AZTEC_PROOF_EARLY',
  Rollup__InvalidProof: 'AZTEC_PROOF_REFUSED',
  Rollup__InvalidBlobProof: 'AZTEC_PROOF_REFUSED',
  Rollup__InvalidAttestations: 'AZTEC_ATTESTATIONS_REFUSED',
}

/** What a refusal comes to. */
export type RefusalCode =
  | 'AZTEC_PROOF_LATE'
  | 'AZTEC_CHAIN_MOVED'
  | 'AZTEC_PROOF_NOT_OF_EPOCH'
  | 'AZTEC_PROOF_EARLY'
  | 'AZTEC_PROOF_REFUSED'
  | 'AZTEC_ATTESTATIONS_REFUSED'
