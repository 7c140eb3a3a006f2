import type { Clock } from '../../clock.js'
import type { ProgramId } from '../../chain/index.js'
import type { Database } from './openDatabase.js'

const RECENT = 20

/** How long programs ran on this machine; what the worker expects of the next run. */
export class RunHistory {
  readonly #db: Database
  readonly #clock: Clock
  readonly #onRun: (outcome: string, seconds: number) => void

  /** @param onRun Told of every run. */
  constructor(db: Database, clock: Clock, onRun: (outcome: string, seconds: number) => void = () => undefined) {
    this.#db = db
    this.#clock = clock
    this.#onRun = onRun
  }

  /** Notes a run. */
  async add(program: ProgramId, seconds: number, outcome: string): Promise<void> {
    await this.#db.insertInto('runs').values({ program, seconds, outcome, at: this.#clock.now() }).execute()
    this.#onRun(outcome, seconds)
  }

  /** The longest of the last successful runs of a program in seconds; undefined when it never ran here. */
  async expectedSeconds(program: ProgramId): Promise<number | undefined> {
    const rows = await this.#db
      .selectFrom('runs')
      .select('seconds')
      .where('program', '=', program)
      .where('outcome', '=', 'ok')
      .orderBy('at', 'desc')
      .limit(RECENT)
      .execute()
    return rows.length === 0 ? undefined : Math.max(...rows.map((row) => row.seconds))
  }
}
