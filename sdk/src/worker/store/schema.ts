import type { Generated } from 'kysely'
import type { JobState } from '../job/transitions.js'

/**
 * Tables of the worker. Column types are those that the embedded database and a Postgres server hand out alike: text,
 * integer, boolean, double precision (milliseconds), bytes; amounts and words are decimal or hexadecimal text.
 */
export interface WorkerSchema {
  /** Where the follower stands; one row, written together with the events it covers. */
  readonly cursor: CursorTable
  /** Events of the contracts on the chain as it is now; a reorg deletes what it undid. */
  readonly events: EventsTable
  /** One row a workload and seat: the state machine. */
  readonly jobs: JobsTable
  /** Every transition of every job, for people. */
  readonly job_history: JobHistoryTable
  /** The commitment journal: never changed, never deleted. */
  readonly commitments: CommitmentsTable
  /** What the publisher has sent. */
  readonly transactions: TransactionsTable
  /** Every version of a transaction that was signed: fee bumps and replacements. */
  readonly transaction_versions: TransactionVersionsTable
  /** What was signed for relays. */
  readonly actions: ActionsTable
  /** Paid workloads that are recorded for network rewards. */
  readonly recorded_rewards: RecordedRewardsTable
  /** How long programs ran here. */
  readonly runs: RunsTable
  /** What the chain said to proofs of the last day, each accepted here before. One row a workload: its seats show the same proof. */
  readonly proof_verdicts: ProofVerdictsTable
  /** Copies of proofs, on a server only: whoever takes over must be able to reveal what was committed to. */
  readonly proofs: ProofsTable
  /** What the operator decided about work, where it is asked. */
  readonly decisions: DecisionsTable
  /** A validator's journal, on a server only: never changed, never deleted. */
  readonly verdicts: VerdictsTable
  /** The newest solved puzzle of each seat. */
  readonly solutions: SolutionsTable
}

interface CursorTable {
  readonly id: number
  /** JSON of the SDK's Cursor. */
  cursor: string
}

interface EventsTable {
  readonly block: number
  readonly log_index: number
  readonly contract: string
  readonly name: string
  readonly workload: string | null
  readonly seat: number | null
  /** JSON of the whole event; numbers beyond 2^53 as `{"bigint":"…"}`. */
  readonly event: string
}

interface JobsTable {
  readonly workload: string
  readonly seat: number
  /** Whether the seat works for an open slot, not one it was drawn for. */
  readonly open: boolean
  state: JobState
  fail_reason: string | null
  why: string | null
  proof_digest: string | null
  proof_path: string | null
  delivered: boolean
  rank: number | null
  paid: string | null
  /** Nothing is left to do. */
  closed: boolean
  readonly created_at: number
  updated_at: number
}

interface JobHistoryTable {
  readonly id: Generated<number>
  readonly workload: string
  readonly seat: number
  readonly from_state: string | null
  readonly to_state: string
  readonly why: string | null
  readonly at: number
}

interface CommitmentsTable {
  readonly workload: string
  readonly seat: number
  readonly proof_digest: string
  readonly salt: string
  readonly proof_path: string
  readonly at: number
}

interface TransactionsTable {
  readonly id: Generated<number>
  /** What the transaction is for, for example `commit/<workload>/<seat>`. */
  readonly key: string
  readonly nonce: number
  readonly target: string
  readonly data: string
  readonly gas_limit: string
  /** Last second (chain time) in which it is of use. */
  readonly deadline: number | null
  state: 'sent' | 'mined' | 'reverted' | 'superseded' | 'expired'
  readonly at: number
}

interface TransactionVersionsTable {
  readonly hash: string
  readonly transaction_id: number
  /** The signed bytes, so that a restart sends the same again. */
  readonly raw: string
  readonly max_fee: string
  readonly priority_fee: string
  /** Whether it only uses up the nonce. */
  readonly cancels: boolean
  readonly at: number
}

interface ActionsTable {
  readonly id: Generated<number>
  /** As in `transactions`. */
  readonly key: string
  /** Decimal. */
  readonly nonce: string
  target: string
  data: string
  deadline: number | null
  /** Newest block when it was first signed. */
  readonly block: number
  state: 'signed' | 'done' | 'dropped'
  /** When it was asked for last, or ended. */
  at: number
}

interface RecordedRewardsTable {
  readonly workload: string
  readonly at: number
}

interface RunsTable {
  readonly id: Generated<number>
  readonly program: string
  /** Seconds that the workload gave; 0 where `outcome` is a verifier's. */
  readonly max_run_time: number
  readonly seconds: number
  readonly outcome: string
  readonly at: number
}

interface ProofVerdictsTable {
  readonly workload: string
  readonly program: string
  valid: boolean
  /** The seat whose transaction reverted for no known reason, where nothing else speaks against the proof. */
  unexplained: number | null
  at: number
}

interface DecisionsTable {
  readonly workload: string
  readonly decision: 'approve' | 'decline'
  readonly at: number
}

interface VerdictsTable {
  /** Address of the committee contract, in small letters. */
  readonly committee: string
  readonly workload: string
  readonly attempt: number
  readonly proofs: string
  /** Sets of proofs, decimal. */
  readonly valid: string
  readonly said: string | null
}

interface SolutionsTable {
  readonly seat: number
  seed: string
  solution: string
  at: number
}

interface ProofsTable {
  readonly workload: string
  readonly proof: Uint8Array
  readonly public_inputs: Uint8Array
}
