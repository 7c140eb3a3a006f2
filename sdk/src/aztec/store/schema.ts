import type { Generated } from 'kysely'
import type { JobTypeName } from '../protocol/jobTypes.js'

/** Tables of the adapter; column types as in the worker's, so that a Postgres server hands out the same. */
export interface AztecSchema {
  /** Jobs that the broker handed out and that were taken. */
  readonly jobs: JobsTable
  /** Jobs that are proven together: one workload each. */
  readonly bundles: BundlesTable
  /** When the first job of an epoch was seen. */
  readonly epochs: EpochsTable
}

/**
 * How far a job has come. waiting: its inputs are checked and published. bundled: in a bundle. proven: its result is stored and checked.
 * closed: nothing is left to do, see its outcome.
 */
export type AztecJobState = 'waiting' | 'bundled' | 'proven' | 'closed'

/**
 * What became of a job. reported: with a result. failed: with an error. given-up: left to the broker's time-out. settled: somebody else's
 * report came first, or it was cancelled. swept: the broker does not know it any more.
 */
export type AztecJobOutcome = 'reported' | 'failed' | 'given-up' | 'settled' | 'swept'

/**
 * How far a bundle has come. made: to be submitted. submitted: it is a workload. closed: its jobs are proven, or it is over.
 */
export type BundleState = 'made' | 'submitted' | 'closed'

interface JobsTable {
  readonly id: string
  readonly type: JobTypeName
  readonly epoch: number
  /** sha-256 of the published inputs. */
  readonly inputs: string
  readonly input_bytes: number
  readonly created_at: number
  /** When the broker handed it out, on the broker's clock: what heartbeats carry. */
  started_at: number
  state: AztecJobState
  outcome: AztecJobOutcome | null
  /** Whether heartbeats are sent: no more once another agent holds it. */
  held: boolean
  bundle: number | null
  /** Workloads that ended without a result for it. */
  attempts: number
  /** sha-256 of the stored JSON of its result. */
  result: string | null
  /** Why the last attempt failed. */
  why: string | null
  updated_at: number
}

interface BundlesTable {
  readonly id: Generated<number>
  readonly lane: number
  readonly program: string
  readonly epoch: number
  readonly inputs: string
  readonly public_inputs: string
  /** Token units. */
  readonly fee: string
  readonly max_run_time: number
  readonly redundancy: number
  /** What and how many its jobs were when it was made, whatever was closed since; null in bundles of older versions. */
  readonly type: JobTypeName | null
  readonly jobs: number | null
  /** Unix milliseconds after which its results are of no use. */
  readonly deadline: number
  readonly created_at: number
  state: BundleState
  /** Nonce of the account that its workload takes; durable before anything is sent. */
  nonce: number | null
  /** The same for a proxy: the Idempotency-Key of its request. */
  request_key: string | null
  /** What its results are sealed to, noted with nonce or request_key: asked for with another key it would be another request, and paid twice. */
  delivery_key: string | null
  /** Id of the request at a proxy. */
  request: string | null
  workload: string | null
  /** Block of the submission. */
  block: number | null
  /** Why it is over without a result. */
  why: string | null
}

interface EpochsTable {
  readonly epoch: number
  readonly first_seen: number
}
