export { appeal, getJudging, withdrawAppeals, type AppealParams, type Judging, type JudgingParams } from './appeal.js'
export { getBounty, withdrawBounty } from './bounty.js'
export { cancel, type CancelParams } from './cancel.js'
export { DEFAULT_SETTINGS, type Client, type ClientSettings } from './Client.js'
export { createClient, type GevulotClient } from './createClient.js'
export type { Bound, ClientOptions } from './makeClient.js'
export { decodeProof, type CarriedProof } from './decodeProof.js'
export { DirectoryInbox, type DirectoryInboxOptions } from './delivery/DirectoryInbox.js'
export type { Delivery, DeliveryInbox, ListedDelivery, ReceivedDelivery } from './delivery/DeliveryInbox.js'
export { openDeliveries, type OpenedDelivery } from './delivery/openDeliveries.js'
export { signDelivery, signerOfDelivery, type DeliveryDomain } from './delivery/signDelivery.js'
export { deployProgram, type DeployedProgram, type DeployProgramParams } from './deployProgram.js'
export { deposit, type DepositParams } from './deposit.js'
export { deriveStatus, type Epochs, type StatusFacts } from './deriveStatus.js'
export { assign, clear, settle, slash, type EndWorkloadParams } from './endWorkload.js'
export { settleMany, type SettledWorkload, type SettleManyParams } from './settleMany.js'
export { fetchProof, type FetchProofParams, type Proof } from './fetchProof.js'
export { getBalance, type Balance } from './getBalance.js'
export { getPinnedProgram, getProgram, type PinnedProgram, type ProgramDetails } from './getProgram.js'
export { getWorkload, type GetWorkloadParams } from './getWorkload.js'
export {
  claimRewards,
  findUnrecorded,
  getRewards,
  recordRewards,
  type ClaimRewardsParams,
  type GetRewardsParams,
  type NetworkRewards,
  type RecordRewardsParams,
} from './networkRewards.js'
export {
  operatorHistory,
  type HistoryOfMoney,
  type HistoryOfWork,
  type OperatorHistory,
  type OperatorHistoryParams,
} from './operatorHistory.js'
export { fileState } from './pipeline/fileState.js'
export {
  Pipeline,
  pipeline,
  type PipelineProgress,
  type RunPipelineOptions,
  type Stage,
  type StageResult,
} from './pipeline/Pipeline.js'
export type { PipelineState } from './pipeline/PipelineState.js'
export { proveWithin, type Attempt, type Escalation, type ProvenWithin, type ProveWithinParams } from './proveWithin.js'
export { programHistory, type ProgramHistory, type ProgramHistoryParams, type RunTimes } from './programHistory.js'
export { quote, type Quote, type QuoteParams, type Settled } from './quote.js'
export { readWorkload, type ReadWorkloadOptions, type WorkloadReading } from './readWorkload.js'
export { release, type ReleaseParams } from './release.js'
export { releaseWhenServed, type ReleaseWhenServedParams } from './releaseWhenServed.js'
export {
  getSeats,
  joinSeats,
  leaveSeats,
  stakeSeats,
  topUpSeats,
  withdrawSeats,
  type JoinSeatsParams,
  type Seat,
  type SeatsParams,
  type StakeSeatsParams,
} from './seats.js'
export type { CallOptions } from './call.js'
export type { FeeOptions } from './gasFees.js'
export type { SendOptions } from './send.js'
export { nameSubmitter, revokeSubmitter, submitterUntil, type NameSubmitterParams } from './submitters.js'
export { publishInputs, type PublishedInputs, type PublishOptions } from './publishInputs.js'
export type { SubmittedWorkload, WorkloadRequest } from './submission.js'
export { submit, type SubmitParams } from './submit.js'
export { submitMany, type SubmitManyParams } from './submitMany.js'
export { getDuties, type Duties, type Duty, type GetDutiesParams, type ValidatorSeat } from './validators.js'
export { verifyProof, type Verification, type VerifyProofParams } from './verifyProof.js'
export { verifyProofWithProgram, type VerifyWithProgramParams } from './verifyProofWithProgram.js'
export { waitForProof, type WaitForProofParams } from './waitForProof.js'
export { waitForProofs, type WaitForProofsParams } from './waitForProofs.js'
export { watchWorkload, type WatchWorkloadParams, type WorkloadUpdate } from './watchWorkload.js'
export { watchWorkloads, type WatchWorkloadsParams } from './watchWorkloads.js'
export { withdraw, type WithdrawParams } from './withdraw.js'
export type * from './Workload.js'
export { workloadHistory, type WorkloadHistory } from './workloadHistory.js'
