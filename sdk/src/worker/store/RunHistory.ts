import type { Clock } from '../../clock.js'
import type { ProgramId } from '../../chain/index.js'
import type { Database } from './openDatabase.js'

const RECENT = 20
const DAY_MS = 86_400_000

const ACCEPTED = 'proof-accepted'
const REFUSED = 'proof-refused'
/** Most refusals that are counted. */
export const MOST_REFUSED = 100

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

  /** Notes what the verifier of a program said to a proof that it made here. */
  async judged(program: ProgramId, accepted: boolean): Promise<void> {
    const outcome = accepted ? ACCEPTED : REFUSED
    await this.#db.insertInto('runs').values({ program, seconds: 0, outcome, at: this.#clock.now() }).execute()
  }

  /** How many proofs of a program its verifier refused here, one after the other, in the last 24 hours. After that it has another chance. */
  async refusedInARow(program: ProgramId): Promise<number> {
    const rows = await this.#db
      .selectFrom('runs')
      .select('outcome')
      .where('program', '=', program)
      .where('outcome', 'in', [ACCEPTED, REFUSED])
      .where('at', '>', this.#clock.now() - DAY_MS)
      .orderBy('id', 'desc')
      .limit(MOST_REFUSED)
      .execute()
    const lastGood = rows.findIndex(({ outcome }) => outcome === ACCEPTED)
    return lastGood < 0 ? rows.length : lastGood
  }

  /** The longest of the last successful runs of a program in seconds; undefined when it never ran here. */
  async expectedSeconds(program: ProgramId): Promise<number | undefined> {
    return (await this.runTimes(program))?.longest
  }

  /** The longest and the shortest of the last successful runs of a program in seconds; undefined when it never ran here. */
  async runTimes(program: ProgramId): Promise<{ readonly longest: number; readonly shortest: number } | undefined> {
    const rows = await this.#db
      .selectFrom('runs')
      .select('seconds')
      .where('program', '=', program)
      .where('outcome', '=', 'ok')
      .orderBy('at', 'desc')
      .limit(RECENT)
      .execute()
    const seconds = rows.map((row) => row.seconds)
    return rows.length === 0 ? undefined : { longest: Math.max(...seconds), shortest: Math.min(...seconds) }
  }
}
