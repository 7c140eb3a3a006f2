import type { Kysely } from 'kysely'

/**
 * Tables of a fleet, beside those of its queue. Runners may use them, so nothing is in them that a runner must not know: no salt, no signed
 * transaction. Times are milliseconds of the database's clock, the only one that all machines share.
 */
export interface FleetSchema {
  /** Work that coordinators gave to the fleet, one row an account and workload. */
  readonly tasks: TasksTable
  /** Every time a runner took a task. */
  readonly attempts: AttemptsTable
  /** Proofs on their way to the coordinator. */
  readonly task_proofs: TaskProofsTable
  /** One row a runner. */
  readonly runners: RunnersTable
  /** Kysely's own: migrations that were made. */
  readonly kysely_migration: { readonly name: string }
}

/** The database of a fleet. */
export type FleetDatabase = Kysely<FleetSchema>

interface TasksTable {
  /** Chain and operator. */
  readonly account: string
  readonly workload: string
  /** Id in the queue. */
  task: string
  queue: string
  at: number
}

interface AttemptsTable {
  readonly task: string
  /** Number that the queue gave the attempt; only the newest may end the task. */
  readonly attempt: number
  readonly runner: string
  stage: 'taken' | 'fetching' | 'running' | 'ended'
  /** JSON of a {@link TaskResult}. */
  result: string | null
  readonly at: number
}

interface TaskProofsTable {
  readonly task: string
  readonly proof: Uint8Array
  readonly public_inputs: Uint8Array
}

interface RunnersTable {
  readonly id: string
  name: string
  version: string
  runtime: string
  runs: number
  cores: number
  memory_mib: number
  output_mib: number
  gpus: number
  /** Tasks it has now. */
  busy: number
  /** Takes no more. */
  stopping: boolean
  /** Tasks it ended with a proof, and otherwise, since it started. */
  proved: number
  unproved: number
  started_at: number
  seen_at: number
}
