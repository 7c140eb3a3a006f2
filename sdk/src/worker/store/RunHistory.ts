import type { Clock } from '../../clock.js'
import type { ProgramId } from '../../chain/index.js'
import type { JobKey } from '../job/Job.js'
import type { Database } from './openDatabase.js'

const RECENT = 20
const DAY_MS = 86_400_000

// As runtimes name them.
const GOOD = 'ok'
const OUT_OF_TIME = 'timeout'
/** A run that was stopped would have taken longer; as much longer as its start may come earlier the next time. */
const BEYOND = 1.1

const ACCEPTED = 'proof-accepted'
const REFUSED = 'proof-refused'
/** Most refusals that are counted. */
export const MOST_REFUSED = 100

/** How many proofs of a program were refused, one after the other, in the last 24 hours. */
export interface Refusals {
  /** By its verifier, asked here before anything was committed to. */
  readonly here: number
  /** On the chain, of those that were accepted here. */
  readonly onChain: number
}

/** What was said on the chain to a proof; `reverted`: its transaction reverted in a block, and nobody can say why. */
export type Said = 'valid' | 'refused' | 'reverted'

/** What runs take, in seconds. */
export interface RunTimes {
  readonly longest: number
  readonly shortest: number
}

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

  /**
   * Notes a run.
   * @param maxRunTime Seconds that its workload gave it: one that gives more may have heavier inputs.
   */
  async add(program: ProgramId, maxRunTime: number, seconds: number, outcome: string): Promise<void> {
    await this.#note(program, maxRunTime, seconds, outcome)
    this.#onRun(outcome, seconds)
  }

  /** Notes a run that was stopped as its time was over, where no executor has told of it. */
  async stopped(program: ProgramId, maxRunTime: number, seconds: number): Promise<void> {
    await this.#note(program, maxRunTime, seconds, OUT_OF_TIME)
  }

  /** Notes what the verifier of a program said to a proof that it made here. */
  async judged(program: ProgramId, accepted: boolean): Promise<void> {
    await this.#note(program, 0, 0, accepted ? ACCEPTED : REFUSED)
  }

  /**
   * Notes what was said on the chain to a proof that the verifier had accepted here, once for each workload. A refusal stays, whatever is said to other seats; but what
   * reverted for no known reason may have had one, so that a seat whose proof is valid in the end takes its own back.
   * @returns Whether it was refused before.
   */
  async shown(program: ProgramId, { workload, seat }: JobKey, said: Said): Promise<boolean> {
    const before = await this.#db
      .selectFrom('proof_verdicts')
      .select(['valid', 'unexplained'])
      .where('workload', '=', workload)
      .executeTakeFirst()
    const at = this.#clock.now()
    const valid = said === 'valid'
    const isAlone = before === undefined || before.valid || before.unexplained === seat
    const unexplained = said === 'reverted' && isAlone ? seat : null
    await this.#db
      .insertInto('proof_verdicts')
      .values({ workload, program, valid, unexplained, at })
      .onConflict((conflict) => {
        const known = conflict.column('workload')
        if (!valid) return known.doUpdateSet({ valid, unexplained })
        return known.doUpdateSet({ valid, unexplained, at }).where('proof_verdicts.unexplained', '=', seat)
      })
      .execute()
    await this.#db
      .deleteFrom('proof_verdicts')
      .where('at', '<=', at - DAY_MS)
      .execute()
    return before?.valid === false
  }

  /** What refuses proofs of a program. After a day it has another chance; a word of the verifier here takes nothing back that was said on the chain. */
  async refusals(program: ProgramId): Promise<Refusals> {
    const rows = await this.#db
      .selectFrom('proof_verdicts')
      .select('valid')
      .where('program', '=', program)
      .where('at', '>', this.#clock.now() - DAY_MS)
      .orderBy('at', 'desc')
      .limit(MOST_REFUSED)
      .execute()
    const lastGood = rows.findIndex(({ valid }) => valid)
    return { here: await this.#refusedHere(program), onChain: lastGood < 0 ? rows.length : lastGood }
  }

  async #refusedHere(program: ProgramId): Promise<number> {
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

  /** Whether a program ever ran here to its good end. */
  async isKnown(program: ProgramId): Promise<boolean> {
    const rows = this.#db.selectFrom('runs').select('id').where('program', '=', program).where('outcome', '=', GOOD)
    return (await rows.limit(1).execute()).length > 0
  }

  /**
   * What runs of a program take here, by the last ones of workloads that gave no more time than this one gives; undefined when there was none.
   * Those that gave more say nothing: whoever gives more time may have more work. What was stopped for want of time counts for a day as a run of
   * a tenth more than it had.
   * @param maxRunTime Seconds that the workload gives.
   */
  async runTimes(program: ProgramId, maxRunTime: number): Promise<RunTimes | undefined> {
    const rows = await this.#db
      .selectFrom('runs')
      .select(['seconds', 'outcome'])
      .where('program', '=', program)
      .where('max_run_time', '<=', maxRunTime)
      .where((is) =>
        is.or([
          is('outcome', '=', GOOD),
          is.and([is('outcome', '=', OUT_OF_TIME), is('at', '>', this.#clock.now() - DAY_MS)]),
        ]),
      )
      .orderBy('at', 'desc')
      .limit(RECENT)
      .execute()
    if (rows.length === 0) return undefined
    const good = rows.flatMap(({ outcome, seconds }) => (outcome === GOOD ? [seconds] : []))
    const stopped = rows.flatMap(({ outcome, seconds }) => (outcome === GOOD ? [] : [seconds * BEYOND]))
    // No run lasts longer than its workload lets it.
    const longest = Math.min(Math.max(...good, ...stopped), maxRunTime)
    // How long a stopped run would have taken nobody knows; that another one was shorter is known.
    return { longest, shortest: good.length > 0 ? Math.min(...good) : longest }
  }

  async #note(program: ProgramId, maxRunTime: number, seconds: number, outcome: string): Promise<void> {
    const at = this.#clock.now()
    await this.#db.insertInto('runs').values({ program, max_run_time: maxRunTime, seconds, outcome, at }).execute()
  }
}
