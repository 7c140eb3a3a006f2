import type { WorkloadId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { Database } from './openDatabase.js'

/** What an operator says to work it was drawn for. */
export type Decision = 'approve' | 'decline'

/** The operator's decisions; the first one about a workload counts. */
export class DecisionStore {
  readonly #db: Database
  readonly #clock: Clock

  constructor(db: Database, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  /** Records a decision, durably. @returns The one that counts: an earlier one if there is one. */
  async record(workload: WorkloadId, decision: Decision): Promise<Decision> {
    await this.#db
      .insertInto('decisions')
      .values({ workload, decision, at: this.#clock.now() })
      .onConflict((conflict) => conflict.column('workload').doNothing())
      .execute()
    return (await this.find(workload)) ?? decision
  }

  /** The decision about a workload; undefined while there is none. */
  async find(workload: WorkloadId): Promise<Decision | undefined> {
    const row = await this.#db
      .selectFrom('decisions')
      .select('decision')
      .where('workload', '=', workload)
      .executeTakeFirst()
    return row?.decision
  }
}
