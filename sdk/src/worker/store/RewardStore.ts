import type { Clock } from '../../clock.js'
import type { WorkloadId } from '../../chain/hex.js'
import type { Database } from './openDatabase.js'

/** Which paid workloads have been recorded for network rewards. */
export class RewardStore {
  readonly #db: Database
  readonly #clock: Clock

  constructor(db: Database, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  /** Workloads in which a seat of ours has a rank, and that are not known to be recorded; oldest first, without those set `aside`. */
  async unrecorded(limit: number, aside: readonly WorkloadId[] = []): Promise<readonly WorkloadId[]> {
    const rows = await this.#db
      .selectFrom('jobs')
      .select(({ fn }) => ['workload', fn.min('updated_at').as('since')])
      .where('rank', '>', 0)
      .where('closed', '=', true)
      .where('workload', 'not in', (db) => db.selectFrom('recorded_rewards').select('workload'))
      .$if(aside.length > 0, (query) => query.where('workload', 'not in', aside))
      .groupBy('workload')
      .orderBy('since')
      .limit(limit)
      .execute()
    return rows.map(({ workload }) => workload as WorkloadId)
  }

  /** Notes that a workload is recorded, by whomever, or has nothing to record. */
  async note(workloads: readonly WorkloadId[]): Promise<void> {
    if (workloads.length === 0) return
    await this.#db
      .insertInto('recorded_rewards')
      .values(workloads.map((workload) => ({ workload, at: this.#clock.now() })))
      .onConflict((conflict) => conflict.column('workload').doNothing())
      .execute()
  }

  /** Forgets what was noted since a time (milliseconds): a reorg may have undone it. */
  async forgetSince(at: number): Promise<void> {
    await this.#db.deleteFrom('recorded_rewards').where('at', '>=', at).execute()
  }
}
