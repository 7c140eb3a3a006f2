import type { ProgramId } from '../../chain/hex.js'
import type { JobTypeName } from '../protocol/jobTypes.js'

/** Types of job that one program proves, and how many of them make a workload. */
export interface Lane {
  readonly program: ProgramId
  readonly types: readonly JobTypeName[]
  /** The most jobs of one workload, 1 to 512. */
  readonly bundleJobs: number
  /** The most bytes of their inputs together. */
  readonly bundleBytes: number
  /** The most seconds of proving together, by Aztec's published costs and the lane's `pace`. */
  readonly bundleSeconds: number
  /** Milliseconds after which a job waits for no more company. */
  readonly bundleWaitMs: number
  /** Seconds of proving for each second that Aztec publishes: above 1 where the provers' machines are slower than its own. */
  readonly pace: number
  /** Seconds that every workload gets besides: draw, transfer, start. */
  readonly spareSeconds: number
  /** The longest run time of a workload, seconds. */
  readonly maxRunTime: number
  /** Ranked proofs paid for. */
  readonly redundancy: number
  /** The fee in per cent of the least one. */
  readonly feePercent: number
}
