import type { Rules, SlotView, Terms, WorkloadState } from '../../chain/index.js'

/** What the chain, the journal and the operator's policy say about a job at one moment. */
export interface JobFacts {
  /** Time of the block to come, Unix seconds. */
  readonly now: number
  readonly workload: WorkloadState
  readonly slot: SlotView
  readonly rules: Rules
  readonly terms: Terms
  /** Whether the proof binds the prover's address and so needs no commitment. */
  readonly bindsProver: boolean
  /** Whether the stored events hold a draw. While blocks are read again after a reorg they say nothing. */
  readonly drawKnown: boolean
  /** Whether the stored events say that the seat was drawn. A node that lags behind may not know it yet. */
  readonly drawn: boolean
  /** Whether the stored events say that the seat declined. */
  readonly declined: boolean
  /** Slots open to any operator now. */
  readonly openSlots: number
  /** The commitment on record for this slot. */
  readonly commitment?: bigint
  /** Of an ended job: whether the proof that the commitment is to is still here. */
  readonly proofKept?: boolean
  /** Blocks on top of the one with the seat's commit. */
  readonly commitDepth?: number
  /** Whether the stored events say that the workload is over: only then do they say how the seat was settled. */
  readonly finished: boolean
  /** How the seat was settled. */
  readonly settlement?: { readonly rank: number; readonly paid: bigint }
  /** Whether the requester can be given the proof before the reveal. */
  readonly deliverable: boolean
  /** Whether the operator is to be asked, and has not answered. */
  readonly unapproved: boolean
  /** Why the operator does not want this work. */
  readonly refusal?: string
  /** Whether that may be over soon, so that no answer is given for it before one is due. */
  readonly refusalPasses?: boolean
  /** Whether that is its own answer about this very workload. */
  readonly operatorDeclined?: boolean
  /** Whether a decline would drop the seat, as its quota of this week is used up; undefined where nobody has looked. */
  readonly declineDrops?: boolean
  /** Seconds that a run of the program may take here: the longest of the last ones that had no more time. */
  readonly expectedSeconds?: number
  /** Seconds that it takes at least: the shortest of those. */
  readonly leastSeconds?: number
  /** Seconds until there is room for the run, beside and after other work. */
  readonly waitSeconds?: number
  /** Whether the work was begun and its program does not run yet. Just after a start a runner may be at it already. */
  readonly isWaiting?: boolean
  /** Seconds for which the program has run for this workload; undefined before it runs. */
  readonly ranSeconds?: number
  /** Whether it is work for an open slot, and what a seat was drawn for waits for its room. */
  readonly isInTheWay?: boolean
}

/** The operator's distances from windows. */
export interface JobPolicy {
  /** Distance kept from every deadline, seconds. */
  readonly safetySeconds: number
  /** Blocks on top of a commit before the proof is handed out. */
  readonly confirmations: number
}
