import type { Generated } from 'kysely'

/** Tables of the API server; column types as in the worker's, so that a Postgres server hands out the same. */
export interface ApiSchema {
  /** What clients asked for and the server accepted. */
  readonly requests: RequestsTable
}

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
  cancelling: boolean
  /** JSON of code, message and hint. */
  error: string | null
}
