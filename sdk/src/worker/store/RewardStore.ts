import type { Clock } from '../../clock.js'
import type { WorkloadId } from '../../chain/hex.js'
import type { Database } from './openDatabase.js'

/** What a job that ends now may be dated back by a clock that was set, milliseconds. */
const SET_BACK_MS = 3_600_000

/** Which paid workloads have been recorded for network rewards. */
export class RewardStore {
  readonly #db: Database
  readonly #clock: Clock
  /** Jobs that were changed last before this time are recorded all: years of them need not be read at each look. */
  #from = 0
  #timesForgotten = 0

  constructor(db: Database, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  /** Workloads in which a seat of ours has a rank, and that are not known to be recorded; oldest first, without those set `aside`. */
  async unrecorded(limit: number, aside: readonly WorkloadId[] = []): Promise<readonly WorkloadId[]> {
    const now = this.#clock.now()
    const forgotten = this.#timesForgotten
    const rows = await this.#db
      .selectFrom('jobs')
      .select(({ fn }) => ['workload', fn.min('updated_at').as('since')])
      .where('rank', '>', 0)
      .where('closed', '=', true)
      .where('updated_at', '>=', this.#from)
      // Not `not in`: that reads all that is recorded once for each workload, as soon as it is more than Postgres sets memory aside for.
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('recorded_rewards')
              .select('recorded_rewards.workload')
              .whereRef('recorded_rewards.workload', '=', 'jobs.workload'),
          ),
        ),
      )
      .$if(aside.length > 0, (query) => query.where('workload', 'not in', aside))
      .groupBy('workload')
      .orderBy('since')
      .limit(limit)
      .execute()
    if (aside.length === 0 && forgotten === this.#timesForgotten)
      this.#from = Math.min(rows[0]?.since ?? Infinity, now - SET_BACK_MS)
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
    this.#from = 0
    this.#timesForgotten += 1
  }

  /** Forgets what was noted within so long (milliseconds) before the newest note, however old that is. */
  async forgetLast(length: number): Promise<void> {
    const row = await this.#db
      .selectFrom('recorded_rewards')
      .select(({ fn }) => fn.max('at').as('at'))
      .executeTakeFirst()
    const now = this.#clock.now()
    await this.forgetSince(Math.min(now, row?.at ?? now) - length)
  }
}
