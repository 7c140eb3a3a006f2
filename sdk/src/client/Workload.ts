import type { Address, Bytes32, WorkloadId } from '../chain/hex.js'
import type { FailReason, JudgingStage, Outcome } from '../chain/names.js'
import type { Spec } from '../chain/spec.js'
import type { Terms } from '../chain/terms.js'
import type { Digest } from '../content/digest.js'

/** What a seat has done for a workload. */
export type SlotStatus =
  'assigned' | 'accepted' | 'declined' | 'failed' | 'committed' | 'revealed' | 'valid' | 'invalid' | 'silent'

/** A seat that was drawn, or committed to an open slot. */
export interface WorkloadSlot {
  readonly seat: number
  /** Slot number; `open` for a commit to an open slot. */
  readonly slot: number | 'open'
  /** Unknown for a seat that is long gone. */
  readonly operator?: Address
  readonly status: SlotStatus
  /** Commit order, from 0. */
  readonly order?: number
  readonly commitment?: bigint
  /** Reason of a fail. */
  readonly reason?: FailReason
  /**
   * A revealed proof, and the transaction that revealed it: with a verifier contract it carries the proof. `inline` holds the
   * bytes that were revealed to a committee in the event, `uri` says where others can be fetched.
   */
  readonly proof?: {
    readonly digest: Digest
    readonly transaction: Bytes32
    readonly inline?: Uint8Array
    readonly uri?: string
  }
  /** Rank from 1, once settled; 0 for none. */
  readonly rank?: number
  /** Token units earned, once settled. */
  readonly paid?: bigint
}

/** What is known of a workload at any time. */
export interface WorkloadFacts {
  readonly workload: WorkloadId
  readonly spec: Spec
  readonly terms: Terms
  /** Where the requester says the inputs are; a hint. */
  readonly inputsUri: string
  /** Block of the submission. */
  readonly submittedBlock: number
  /** In the order of the draw, then of open commits. */
  readonly slots: readonly WorkloadSlot[]
  /** Block this was read at, and its Unix time: every status is as of that time. */
  readonly block: number
  readonly time: number
}

/** Reason of a workload that ended without a valid proof. */
export type ExpiryReason = Exclude<Outcome, 'None' | 'Proven' | 'Cancelled'>

/** Where a fee went, in token units, without the bounties. */
export interface Ledger {
  readonly paid: bigint
  readonly refunded: bigint
  readonly burned: bigint
}

/** What is known only in a status. Times are Unix seconds. */
export type WorkloadStatus =
  | {
      /** Submitted, not drawn. */
      readonly status: 'pending'
      /** Beacon round it waits for. */
      readonly round: number
      /** Whether a cancel is still free. */
      readonly cancelFree: boolean
      /** Last second for the draw; without one it ends as unserved. */
      readonly assignUntil: number
    }
  | {
      /** Drawn; commits are possible. */
      readonly status: 'proving'
      readonly startedAt: number
      /** Last second in which an unanswered slot is its seat's alone. */
      readonly responseUntil: number
      /** From then on every uncommitted slot is open to all. */
      readonly rescueAt: number
      /** Last second for commits. */
      readonly deadline: number
      /** Slots open to any eligible operator now. */
      readonly openSlots: number
      readonly commits: number
      /** What the last prover that gave up has said. Others may still prove. */
      readonly failReason?: Exclude<FailReason, 'None'>
      /** When the second step of a cancel is possible, if one was asked for. */
      readonly cancelFrom?: number
    }
  | {
      /** Commits are closed, reveals are due. */
      readonly status: 'revealing'
      readonly startedAt: number
      readonly commitsClosedAt: number
      /** Reveals are possible after `revealFrom`, until `revealUntil`. */
      readonly revealFrom: number
      readonly revealUntil: number
      readonly commits: number
      readonly revealed: number
    }
  | {
      /** Reveals are over and a committee judges them. */
      readonly status: 'verifying'
      readonly startedAt: number
      readonly revealed: number
      readonly stage: Exclude<JudgingStage, 'Final' | 'GivenUp'>
      /** From 1; the appeal is number 4; 0 before the judging is opened. */
      readonly attempt: number
      /** Last second for answers; zero before the committee is drawn. */
      readonly verdictUntil: number
    }
  | {
      /** Over; anyone may settle it, and nothing can change the outcome any more. */
      readonly status: 'settleable'
      readonly outcome: Exclude<Outcome, 'None' | 'Cancelled'>
    }
  | ({ readonly status: 'proven' } & Ledger)
  | ({ readonly status: 'expired'; readonly reason: ExpiryReason } & Ledger)
  | ({ readonly status: 'cancelled' } & Ledger)

/** A workload: a union on `status`. Source: design section 3. */
export type Workload = WorkloadFacts & WorkloadStatus
