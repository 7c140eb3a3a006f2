import { sql } from 'kysely'
import type { VerdictDomain } from '../../chain/index.js'
import { validatorError } from '../../errors/codes/validator.js'
import { databaseUnavailable, type Database } from '../../worker/store/openDatabase.js'
import type { RecordedVerdict, VerdictKey } from './VerdictJournal.js'

/** The verdict journal's rows on a database server, which several machines share: one for each key, never changed. */
export class VerdictTable {
  readonly #db: Database
  readonly #committee: string

  constructor(db: Database, { committee }: VerdictDomain) {
    this.#db = db
    this.#committee = committee.toLowerCase()
  }

  /**
   * Puts a row in, if there is none of its key; the key decides between machines that do so at the same moment. It is on the server's disk when this
   * resolves, and on that of a standby server too, if the server waits for one.
   * @throws GevulotError WORKER_DATABASE_UNAVAILABLE
   */
  async put({ workload, attempt, proofs, valid, said }: RecordedVerdict): Promise<void> {
    const row = { committee: this.#committee, workload, attempt, proofs, valid: String(valid) }
    await this.#ask(() =>
      this.#db.transaction().execute(async (trx) => {
        await sql`set local synchronous_commit = on`.execute(trx)
        await trx
          .insertInto('verdicts')
          .values({ ...row, said: said === undefined ? null : String(said) })
          .onConflict((conflict) => conflict.doNothing())
          .execute()
      }),
    )
  }

  /**
   * The row of a key, if there is one.
   * @throws GevulotError VALIDATOR_JOURNAL_INVALID, WORKER_DATABASE_UNAVAILABLE
   */
  async find({ workload, attempt, proofs }: VerdictKey): Promise<RecordedVerdict | undefined> {
    const row = await this.#ask(() =>
      this.#db
        .selectFrom('verdicts')
        .select(['valid', 'said'])
        .where('committee', '=', this.#committee)
        .where('workload', '=', workload)
        .where('attempt', '=', attempt)
        .where('proofs', '=', proofs)
        .executeTakeFirst(),
    )
    if (row === undefined) return undefined
    const [valid, said] = [Number(row.valid), row.said === null ? undefined : Number(row.said)]
    if ([valid, said ?? 0].every((set) => Number.isSafeInteger(set) && set >= 0))
      return { workload, attempt, proofs, valid, ...(said !== undefined && { said }) }
    throw validatorError('VALIDATOR_JOURNAL_INVALID', `the row of attempt ${attempt} of ${workload} holds no verdict`)
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (cause) {
      throw databaseUnavailable(cause)
    }
  }
}
