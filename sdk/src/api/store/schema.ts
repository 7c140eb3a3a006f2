import type { Generated } from 'kysely'
import type { Outcome } from '../../chain/names.js'
import type { WEBHOOK_EVENTS } from '../contract/webhookEndpoints.js'

/** Tables of the API server; column types as in the worker's, so that a Postgres server hands out the same. */
export interface ApiSchema {
  /** What clients asked for and the server accepted. */
  readonly requests: RequestsTable
  /** What clients have put into the server's store. */
  readonly uploads: UploadsTable
  /** What was stored for workloads without a key, and is removed some time after their end. */
  readonly kept: KeptTable
  /** One row: how far the index has come. */
  readonly index_head: IndexHeadTable
  /** Every event of the contracts, as far as the index has come. The tables below follow from it. */
  readonly events: EventsTable
  readonly workloads: WorkloadsTable
  readonly slots: SlotsTable
  readonly earnings: EarningsTable
  readonly programs: ProgramsTable
  readonly seats: SeatsTable
  /** Where events of a key's requests are sent. */
  readonly webhooks: WebhooksTable
  /** What was and is to be sent there. */
  readonly deliveries: DeliveriesTable
}

/** What webhooks tell of a request and its workload. */
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/** A request on its way to the chain. */
export type RequestState = 'accepted' | 'submitted' | 'refused' | 'cancelled'

interface RequestsTable {
  readonly id: Generated<number>
  /** The id that clients see, so that they cannot count each other's. */
  readonly public_id: string
  readonly key_id: string
  readonly idempotency_key: string | null
  /** sha-256 of the body, to tell a retry from another request. */
  readonly body_hash: string
  readonly program: string
  readonly inputs: string
  readonly public_inputs: string
  readonly inputs_uri: string
  /** What its proofs are sealed to before they are revealed; null: the server's own. */
  readonly delivery_key: string | null
  /** What the key calls it, and how many jobs of its own are in it. */
  readonly label: string | null
  readonly jobs: number
  /** Token units. */
  readonly fee: string
  readonly max_run_time: number
  readonly redundancy: number
  readonly rescue: number
  readonly created_at: number
  state: RequestState
  /** Nonce of the account that this request takes; durable before anything is sent, so that a retry finds what was sent. */
  nonce: number | null
  workload: string | null
  /** Block of the submission, by which it is noticed that a reorg has taken it away. */
  submitted_block: number | null
  cancelling: boolean
  /** A block by which its workload was cancelled, by which it is noticed that a reorg has taken that away; null: it was not. */
  cancelled_block: number | null
  /** Whether its commits are to be closed. */
  releasing: boolean
  /** Wei that its submission cost; null: not submitted, or not known. */
  gas_cost: string | null
  /** JSON of code, message and hint. */
  error: string | null
}

interface UploadsTable {
  readonly id: Generated<number>
  readonly key_id: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
  readonly created_at: number
}

interface KeptTable {
  readonly digest: string
  readonly workload: string
  /** Account of the workload's requester. */
  readonly requester: string
  /** Bytes; 0 of what another workload's inputs had brought already. */
  readonly size: number
  readonly created_at: number
  /** A key needs it, too: it stays. */
  claimed: boolean
}

interface IndexHeadTable {
  readonly id: number
  /** Which chain and deployment; the index of another one is thrown away. */
  readonly identity: string
  /** JSON of the follower's cursor. */
  readonly cursor: string | null
  readonly block: number
  readonly time: number
}

/** Times are Unix seconds. */
export interface EventsTable {
  readonly block: number
  readonly log_index: number
  readonly time: number
  readonly transaction: string
  readonly contract: string
  readonly name: string
  readonly workload: string | null
  readonly seat: number | null
  /** JSON of the arguments; what may pass 2^53 as decimal text. */
  readonly args: string
}

/** A workload as its events tell it. Amounts are token units as decimal text, times Unix seconds. */
export interface WorkloadsTable {
  readonly workload: string
  /** Where it was submitted; lists are in this order. */
  readonly block: number
  readonly log_index: number
  readonly submitted_at: number
  readonly program: string
  readonly requester: string
  readonly class: number
  readonly fee: string
  readonly max_run_time: number
  readonly redundancy: number
  readonly assigned_at: number | null
  readonly closed_at: number | null
  readonly finished_at: number | null
  readonly outcome: Outcome | null
  readonly commits: number
  readonly ranks: number
  readonly paid: string
  readonly refunded: string
  readonly burned: string
}

/** What a seat did in a workload. */
export interface SlotsTable {
  readonly workload: string
  readonly seat: number
  readonly operator: string
  /** Null where it was not drawn and took an open slot. */
  readonly slot: number | null
  readonly drawn_at: number | null
  readonly accepted_at: number | null
  readonly committed_at: number | null
  /** From the draw to the commit, or to the proof where there was no commit; seconds. */
  readonly run_time: number | null
  readonly revealed_at: number | null
  /** What the verifier contract or the last verdict of a committee said of its proof; null as long as neither did. */
  readonly valid: boolean | null
  readonly declined: boolean
  /** Reason of a `fail`. */
  readonly failed: string | null
  readonly missed: boolean
  readonly silent: boolean
  readonly rank: number | null
  readonly paid: string
  /** When the last of it happened. */
  readonly last_at: number
}

/** For what an operator was paid. */
export type EarningKind = 'rank' | 'waiting' | 'judging' | 'rewards'

export interface EarningsTable {
  /** Of network rewards: none. */
  readonly workload: string | null
  readonly operator: string
  readonly seat: number | null
  readonly kind: EarningKind
  readonly amount: string
  readonly time: number
  readonly block: number
}

export interface ProgramsTable {
  readonly program: string
  readonly block: number
  readonly log_index: number
  readonly deployed_at: number
  readonly deployer: string
  readonly prover: string
  readonly verifier_program: string
  readonly verifier: string
  readonly class: number
  readonly binds_prover: boolean
  readonly uri: string
}

/** Where a seat is in its life, by its events. */
export type SeatState = 'staked' | 'waiting' | 'active' | 'evicted' | 'left' | 'dropped' | 'slashed' | 'withdrawn'

export interface SeatsTable {
  readonly seat: number
  readonly operator: string
  readonly class: number
  readonly state: SeatState
  readonly since: number
  /** Token units. */
  readonly bond: string
  readonly slashed: string
  readonly slashes: number
  readonly evictions: number
}

interface WebhooksTable {
  readonly id: Generated<number>
  readonly public_id: string
  readonly key_id: string
  readonly url: string
  /** What its messages are signed with; it has to be known, so it is kept as it is. */
  secret: string
  /** The secret before it, which signs too until then: Unix milliseconds. */
  old_secret: string | null
  old_until: number | null
  readonly created_at: number
  /** Why nothing is sent to it any more. */
  disabled: string | null
}

interface DeliveriesTable {
  readonly id: Generated<number>
  /** The id of the event that its receiver sees. */
  readonly public_id: string
  readonly webhook: number
  readonly request: number
  readonly event: WebhookEvent
  /** What is sent, the same at every attempt. */
  readonly body: string
  readonly created_at: number
  state: 'pending' | 'delivered' | 'failed'
  attempts: number
  /** When it is tried next, while it is pending. */
  next_at: number
  tried_at: number | null
  /** What the receiver said last, or why there was no answer. */
  answer: string | null
}
