import type { Contracts } from '../chain/connect.js'
import type { DrawnCandidate } from '../chain/draw.js'
import type { Bytes32, Hex, WorkloadId } from '../chain/hex.js'
import { readWorkloadEvents } from '../chain/readWorkloadEvents.js'
import { auditCommittees, type CommitteeAudit } from './auditCommittees.js'
import { readDrawFacts } from './readDrawFacts.js'
import { recomputeDraw } from './recomputeDraw.js'

/** What an audit of a draw found. */
export interface DrawAudit {
  /** Whether the chain reports exactly the candidates that follow from seed and frozen set, with the same results, and the members of each committee. */
  readonly agrees: boolean
  readonly workload: WorkloadId
  readonly round: number
  /** The beacon's value, and what the sequence is drawn by: randomness and workload, hashed. */
  readonly randomness: Bytes32
  readonly seed: Bytes32
  /** Epoch whose set was drawn from, and the number of its seats. */
  readonly epoch: number
  readonly setSize: number
  /** What the Assigned event reports. */
  readonly have: readonly DrawnCandidate[]
  /** What was recomputed here. */
  readonly want: readonly DrawnCandidate[]
  /**
   * Seats of which it cannot be told whether they had room: something of theirs was settled earlier in the block of the draw. What the
   * chain reports of them is taken as it is.
   */
  readonly uncertain: readonly number[]
  /** Committees that were drawn so far to judge its proofs, in order; none where a verifier contract does. */
  readonly committees: readonly CommitteeAudit[]
}

/**
 * Recomputes a draw from the chain alone: the set from the registry's events up to the epoch of submission, the sequence from
 * the beacon's value and the workload's id, who was at work from the block before and the events of the draw's own block. The committees
 * that judge its proofs are drawn again in the same way.
 * Needs a node that still has the state of those blocks.
 * @throws GevulotError CLIENT_WORKLOAD_UNKNOWN if the workload was not submitted, CLIENT_NOTHING_TO_DO before the draw, `CHAIN_*`
 */
export async function auditDraw(contracts: Contracts, workload: Hex): Promise<DrawAudit> {
  const facts = await readDrawFacts(contracts, workload)
  const { agrees, seed, want } = recomputeDraw(facts)
  const { workload: id, round, randomness, epoch, set, have, uncertain } = facts
  const committees = await auditCommittees(contracts, id, await readWorkloadEvents(contracts, id))
  const all = agrees && committees.every((committee) => committee.agrees)
  return {
    ...{ workload: id, round, randomness, seed, epoch, setSize: set.length, agrees: all },
    ...{ have, want, uncertain, committees },
  }
}
