import type { Digest } from '../../content/digest.js'
import type { WorkloadId } from '../../chain/hex.js'
import type { FailReason } from '../../chain/names.js'
import type { JobState } from './transitions.js'

/** What names a job. */
export interface JobKey {
  readonly workload: WorkloadId
  readonly seat: number
}

/** The work of one seat for one workload. */
export interface Job extends JobKey {
  /** Whether the seat works for an open slot, not one it was drawn for. */
  readonly open: boolean
  readonly state: JobState
  /** With `failed`: what is reported. */
  readonly failReason?: FailReason
  /** Why it is in this state, for people. */
  readonly why?: string
  readonly proofDigest?: Digest
  readonly proofPath?: string
  /** Whether the sealed proof was left for the requester. */
  readonly delivered: boolean
  readonly rank?: number
  /** Token units. */
  readonly paid?: bigint
  /** Nothing is left to do. */
  readonly closed: boolean
}
