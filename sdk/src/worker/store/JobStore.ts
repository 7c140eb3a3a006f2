import type { Selectable } from 'kysely'
import type { Clock } from '../../clock.js'
import type { WorkloadId } from '../../chain/hex.js'
import type { FailReason } from '../../chain/names.js'
import type { Digest } from '../../content/digest.js'
import { workerError } from '../../errors/codes/worker.js'
import type { Job, JobKey } from '../job/Job.js'
import { assertTransition, isOver, type JobState } from '../job/transitions.js'
import type { Database } from './openDatabase.js'
import type { WorkerSchema } from './schema.js'

/** What a transition may write beside the state. */
export interface JobChange {
  readonly why?: string
  readonly failReason?: FailReason
  readonly proofDigest?: Digest
  readonly proofPath?: string
  readonly rank?: number
  readonly paid?: bigint
  readonly closed?: boolean
}

/** Told that a job came into a state; `paid`, token units, when it was paid for a rank: once, though a reorg may have it settled again. */
export type OnTransition = (state: JobState, paid?: bigint) => void

/** Jobs in the database. Each change is durable before the promise resolves, and only legal transitions pass. */
export class JobStore {
  readonly #db: Database
  readonly #clock: Clock
  readonly #onTransition: OnTransition

  /** @param onTransition Told of every new state once it is durable. */
  constructor(db: Database, clock: Clock, onTransition: OnTransition = () => undefined) {
    this.#db = db
    this.#clock = clock
    this.#onTransition = onTransition
  }

  /** Adds a job in state `assigned`, or answers the one that exists. */
  async add(key: JobKey, open: boolean): Promise<Job> {
    const now = this.#clock.now()
    const isNew = await this.#db.transaction().execute(async (db) => {
      const added = await db
        .insertInto('jobs')
        .values({
          workload: key.workload,
          seat: key.seat,
          open,
          state: 'assigned',
          delivered: false,
          closed: false,
          created_at: now,
          updated_at: now,
        } as never)
        .onConflict((conflict) => conflict.columns(['workload', 'seat']).doNothing())
        .returning('seat')
        .executeTakeFirst()
      if (added === undefined) return false
      await db
        .insertInto('job_history')
        .values({ ...key, from_state: null, to_state: 'assigned', why: null, at: now })
        .execute()
      return true
    })
    if (isNew) this.#onTransition('assigned')
    return this.#must(key)
  }

  /** A job, if it exists. */
  async find(key: JobKey): Promise<Job | undefined> {
    const row = await this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('workload', '=', key.workload)
      .where('seat', '=', key.seat)
      .executeTakeFirst()
    return row && jobOf(row)
  }

  /** Jobs with something left to do, oldest first. */
  async unfinished(): Promise<readonly Job[]> {
    const rows = await this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('closed', '=', false)
      .orderBy('created_at')
      .orderBy('seat')
      .execute()
    return rows.map(jobOf)
  }

  /** Numbers of jobs with something left to do, by state. */
  async openByState(): Promise<ReadonlyMap<JobState, number>> {
    const rows = await this.#db
      .selectFrom('jobs')
      .select(({ fn }) => ['state', fn.countAll<string>().as('jobs')])
      .where('closed', '=', false)
      .groupBy('state')
      .execute()
    return new Map(rows.map(({ state, jobs }) => [state, Number(jobs)]))
  }

  /** All jobs of a workload. */
  async ofWorkload(workload: WorkloadId): Promise<readonly Job[]> {
    const rows = await this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('workload', '=', workload)
      .orderBy('seat')
      .execute()
    return rows.map(jobOf)
  }

  /** Workloads with a job that was closed since a time (milliseconds). */
  async closedSince(time: number): Promise<readonly WorkloadId[]> {
    const rows = await this.#db
      .selectFrom('jobs')
      .select('workload')
      .distinct()
      .where('closed', '=', true)
      .where('updated_at', '>=', time)
      .execute()
    return rows.map((row) => row.workload as WorkloadId)
  }

  /**
   * Those of some workloads that have jobs, all of which were closed before a time (milliseconds).
   * @param among At most some thousands: a statement has no room for more.
   */
  async finishedBefore(time: number, among: readonly WorkloadId[]): Promise<readonly WorkloadId[]> {
    if (among.length === 0) return []
    const rows = await this.#db
      .selectFrom('jobs')
      .select('workload')
      .where('workload', 'in', among)
      .groupBy('workload')
      .having(({ fn, eb }) => eb(fn.agg<boolean>('bool_and', ['closed']), '=', true))
      .having(({ fn, eb }) => eb(fn.max('updated_at'), '<', time))
      .execute()
    return rows.map((row) => row.workload as WorkloadId)
  }

  /**
   * Moves a job to another state, durably. The caller acts only after this.
   * @throws GevulotError WORKER_TRANSITION_ILLEGAL also when the job is no longer in the state the caller saw.
   */
  async transition(job: Job, to: JobState, change: JobChange = {}): Promise<Job> {
    assertTransition(job.state, to)
    const now = this.#clock.now()
    await this.#db.transaction().execute(async (db) => {
      const changed = await db
        .updateTable('jobs')
        .set({ state: to, updated_at: now, why: change.why ?? null, ...columnsOf(change) })
        // A job that is taken up again is not closed any more and has no rank; what it was paid tells that it was counted.
        .$if(isOver(job.state) && !isOver(to), (query) => query.set({ closed: false, rank: null }))
        .where('workload', '=', job.workload)
        .where('seat', '=', job.seat)
        .where('state', '=', job.state)
        .returning('seat')
        .execute()
      if (changed.length !== 1) {
        throw workerError('WORKER_TRANSITION_ILLEGAL', `the job is not ${job.state} any more`, { details: { to } })
      }
      await db
        .insertInto('job_history')
        .values({
          workload: job.workload,
          seat: job.seat,
          from_state: job.state,
          to_state: to,
          why: change.why ?? null,
          at: now,
        })
        .execute()
    })
    this.#onTransition(to, (job.paid ?? 0n) === 0n ? change.paid : undefined)
    return this.#must(job)
  }

  /** Notes facts that are not a change of state. */
  async note(
    key: JobKey,
    facts: { readonly delivered?: true; readonly closed?: true; readonly open?: false },
  ): Promise<Job> {
    await this.#db
      .updateTable('jobs')
      .set({ ...facts, updated_at: this.#clock.now() })
      .where('workload', '=', key.workload)
      .where('seat', '=', key.seat)
      .execute()
    return this.#must(key)
  }

  async #must(key: JobKey): Promise<Job> {
    const job = await this.find(key)
    if (job === undefined) throw workerError('WORKER_STATE_INVALID', `the job of seat ${key.seat} is missing`)
    return job
  }
}

function columnsOf(change: JobChange) {
  return {
    ...(change.failReason !== undefined && { fail_reason: change.failReason }),
    ...(change.proofDigest !== undefined && { proof_digest: change.proofDigest }),
    ...(change.proofPath !== undefined && { proof_path: change.proofPath }),
    ...(change.rank !== undefined && { rank: change.rank }),
    ...(change.paid !== undefined && { paid: change.paid.toString() }),
    ...(change.closed !== undefined && { closed: change.closed }),
  }
}

function jobOf(row: Selectable<WorkerSchema['jobs']>): Job {
  return {
    workload: row.workload as WorkloadId,
    seat: row.seat,
    open: row.open,
    state: row.state,
    delivered: row.delivered,
    closed: row.closed,
    ...(row.fail_reason !== null && { failReason: row.fail_reason as FailReason }),
    ...(row.why !== null && { why: row.why }),
    ...(row.proof_digest !== null && { proofDigest: row.proof_digest as Digest }),
    ...(row.proof_path !== null && { proofPath: row.proof_path }),
    ...(row.rank !== null && { rank: row.rank }),
    ...(row.paid !== null && { paid: BigInt(row.paid) }),
  }
}
