import type { Candidate, DrawnCandidate } from '../chain/draw.js'
import type { Bytes32, WorkloadId } from '../chain/hex.js'

/** What a draw follows from, read from the chain, and what the chain reports of it. */
export interface DrawFacts {
  readonly workload: WorkloadId
  readonly round: number
  /** The beacon's value; zero for none. */
  readonly randomness: Bytes32
  readonly epoch: number
  /** The active set by position, as frozen at the epoch. */
  readonly set: readonly number[]
  readonly redundancy: number
  /** Gwei of the token per second and slot. */
  readonly offer: bigint
  /** What the registry says of the seats that the sequence meets, in any order. */
  readonly candidates: readonly Candidate[]
  /** Seats that could take no work at the time of the draw. */
  readonly busy: readonly number[]
  /** Seats of which that cannot be told. */
  readonly uncertain: readonly number[]
  /** What the Assigned event reports. */
  readonly have: readonly DrawnCandidate[]
}
