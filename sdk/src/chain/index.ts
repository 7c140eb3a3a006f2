export * from './action.js'
export { activeSetAfter } from './activeSet.js'
export { asChainError } from './asChainError.js'
export { commitmentOf, type CommitmentParts } from './commitment.js'
export { connect, type Contracts, type MarketContract } from './connect.js'
export { codeOf, contractError, contractErrorOf } from './contractErrorOf.js'
export { decodeEvent } from './decodeEvent.js'
export * from './deployment.js'
export { readDeploymentRecord } from './readDeploymentRecord.js'
export * from './draw.js'
export type { EventFilter } from './EventFilter.js'
export type * from './events.js'
export { followEvents, type BlockRef, type Cursor, type EventBatch, type FollowOptions } from './followEvents.js'
export * from './hex.js'
export * from './judgingLists.js'
export * from './isIn.js'
export * from './names.js'
export { readEvents, type ReadEventsOptions } from './readEvents.js'
export {
  readPuzzleSeed,
  readQualification,
  readSeatQualification,
  type QualificationCheck,
  type QualificationPolicy,
  type QualificationState,
  type SeatQualification,
} from './readQualification.js'
export * from './readJudgment.js'
export * from './readWorkloadState.js'
export * from './receipts.js'
export * from './rewards.js'
export { rpcProvider, type RpcProviderOptions } from './rpcProvider.js'
export { readPin, type Pin } from './pin.js'
export * from './rules.js'
export { specOf, workloadIdOf, type Spec } from './spec.js'
export { packTerms, unpackTerms, type Terms } from './terms.js'
export * from './verdict.js'
export * from './workloadSeats.js'
export type { GevulotToken } from './generated/GevulotToken.js'
export type { ICommittee } from './generated/ICommittee.js'
export type { IBeacon } from './generated/IBeacon.js'
export type { IMarket } from './generated/IMarket.js'
export type { ProverRegistry } from './generated/ProverRegistry.js'
export type { Rewards } from './generated/Rewards.js'
