import { sql, type Kysely, type Selectable } from 'kysely'
import type { Clock } from '../../clock.js'
import type { AztecJobOutcome, AztecJobState, AztecSchema } from './schema.js'

/** A stored job. */
export type StoredJob = Selectable<AztecSchema['jobs']>
/** A stored bundle. */
export type StoredBundle = Selectable<AztecSchema['bundles']>

/** What a taken job begins with. */
export type NewJob = Pick<StoredJob, 'id' | 'type' | 'epoch' | 'inputs' | 'input_bytes' | 'started_at'>
/** What a bundle begins with. */
export type NewBundle = Pick<
  StoredBundle,
  | 'lane'
  | 'program'
  | 'epoch'
  | 'type'
  | 'inputs'
  | 'public_inputs'
  | 'fee'
  | 'max_run_time'
  | 'redundancy'
  | 'deadline'
>

/** Told that a job came to its end. */
export type OnClosed = (job: StoredJob) => void

/**
 * The map from jobs to workloads. Each change is durable before its promise resolves, so the adapter may be killed at any moment. A job is in at
 * most one bundle that is not closed, and a bundle is one workload: so nothing is paid twice.
 */
export class JobBook {
  readonly #db: Kysely<AztecSchema>
  readonly #clock: Clock
  readonly #onClosed: OnClosed

  constructor(db: Kysely<AztecSchema>, clock: Clock, onClosed: OnClosed = () => undefined) {
    this.#db = db
    this.#clock = clock
    this.#onClosed = onClosed
  }

  /** Takes a job, or takes one up again that was closed without a result. */
  async take(job: NewJob): Promise<void> {
    const now = this.#clock.now()
    const state = 'waiting' as const
    const fresh = { state, outcome: null, held: true, bundle: null, result: null, attempts: 0, updated_at: now }
    await this.#db.transaction().execute(async (db) => {
      await db
        .insertInto('epochs')
        .values({ epoch: job.epoch, first_seen: now })
        .onConflict((conflict) => conflict.column('epoch').doNothing())
        .execute()
      await db
        .insertInto('jobs')
        .values({ ...job, ...fresh, created_at: now, why: null })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...fresh, started_at: job.started_at }))
        .execute()
    })
  }

  /** A job. */
  async find(id: string): Promise<StoredJob | undefined> {
    return this.#db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** Jobs in some states, oldest first. */
  async inState(...states: readonly AztecJobState[]): Promise<readonly StoredJob[]> {
    return this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('state', 'in', states)
      .orderBy('created_at')
      .orderBy('id')
      .execute()
  }

  /** The jobs of a bundle, in the order of the bundle: by id. */
  async ofBundle(bundle: number): Promise<readonly StoredJob[]> {
    return this.#db
      .selectFrom('jobs')
      .selectAll()
      .where('bundle', '=', bundle)
      .orderBy(sql`id collate "C"`)
      .execute()
  }

  /** Changes what is known of a job. */
  async note(id: string, change: Partial<Pick<StoredJob, 'started_at' | 'held' | 'why'>>): Promise<void> {
    await this.#db
      .updateTable('jobs')
      .set({ ...change, updated_at: this.#clock.now() })
      .where('id', '=', id)
      .execute()
  }

  /**
   * Takes up a closed job where it was: its result is stored, or its workload still runs.
   * @returns Whether there was anything to take up.
   */
  async resume(id: string, startedAt: number): Promise<boolean> {
    // One statement: a bundle that closes in between would leave the job in it for ever.
    const running = sql<boolean>`exists (select from bundles where bundles.id = jobs.bundle and bundles.state <> 'closed')`
    const resumed = await this.#db
      .updateTable('jobs')
      .set({
        state: sql<AztecJobState>`case when result is null then 'bundled' else 'proven' end`,
        ...{ outcome: null, held: true, started_at: startedAt, updated_at: this.#clock.now() },
      })
      .where('id', '=', id)
      .where('state', '=', 'closed')
      .where((eb) => eb.or([eb('result', 'is not', null), running]))
      .returning('id')
      .execute()
    return resumed.length > 0
  }

  /** Ends a job. */
  async close(id: string, outcome: AztecJobOutcome, why: string | null = null): Promise<void> {
    return this.#close(id, outcome, why, ['waiting', 'bundled', 'proven'])
  }

  /** Ends a job that has no result yet; one that has is left to be reported. */
  async abandon(id: string, outcome: AztecJobOutcome, why: string): Promise<void> {
    return this.#close(id, outcome, why, ['waiting', 'bundled'])
  }

  async #close(id: string, outcome: AztecJobOutcome, why: string | null, from: readonly AztecJobState[]) {
    const closed = await this.#db
      .updateTable('jobs')
      .set({ state: 'closed', outcome, held: false, why, updated_at: this.#clock.now() })
      .where('id', '=', id)
      .where('state', 'in', from)
      .returningAll()
      .executeTakeFirst()
    if (closed !== undefined) this.#onClosed(closed)
  }

  /** Makes a bundle of waiting jobs. @returns Undefined when one of them is waiting no more. */
  async bundle(bundle: NewBundle, jobs: readonly string[]): Promise<StoredBundle | undefined> {
    return this.#db.transaction().execute(async (db) => {
      const waiting = await db
        .selectFrom('jobs')
        .select('id')
        .where('id', 'in', jobs)
        .where('state', '=', 'waiting')
        .forUpdate()
        .execute()
      if (waiting.length !== jobs.length) return undefined
      const made = await db
        .insertInto('bundles')
        .values({
          ...bundle,
          ...{ created_at: this.#clock.now(), state: 'made', nonce: null, workload: null, block: null, why: null },
          ...{ request_key: null, delivery_key: null, request: null, jobs: jobs.length },
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      await db
        .updateTable('jobs')
        .set({ state: 'bundled', bundle: made.id, updated_at: this.#clock.now() })
        .where('id', 'in', jobs)
        .execute()
      return made
    })
  }

  /** Bundles with something left to do; those that have taken a nonce first. */
  async openBundles(): Promise<readonly StoredBundle[]> {
    return this.#db
      .selectFrom('bundles')
      .selectAll()
      .where('state', '!=', 'closed')
      .orderBy(sql`nonce is null and request_key is null`)
      .orderBy('id')
      .execute()
  }

  /** Notes what is known of a bundle's workload. */
  async noteBundle(
    id: number,
    change: Partial<
      Pick<StoredBundle, 'state' | 'nonce' | 'workload' | 'block' | 'request_key' | 'delivery_key' | 'request'>
    >,
  ): Promise<void> {
    await this.#db.updateTable('bundles').set(change).where('id', '=', id).execute()
  }

  /**
   * Stores the results of a bundle, by job; also of those that are closed, for they may come again. The workload is followed on until it needs
   * nothing more.
   */
  async prove(bundle: number, results: ReadonlyMap<string, string>): Promise<void> {
    await this.#db.transaction().execute(async (db) => {
      for (const [id, result] of results) {
        await db
          .updateTable('jobs')
          .set({
            state: sql<AztecJobState>`case when state = 'closed' then 'closed' else 'proven' end`,
            ...{ result, updated_at: this.#clock.now() },
          })
          .where('id', '=', id)
          .where('bundle', '=', bundle)
          .where('state', 'in', ['bundled', 'closed'])
          .execute()
      }
    })
  }

  /** The stored result of a job cannot be used: it waits again, with one attempt more. */
  async disprove(id: string, why: string): Promise<void> {
    await this.#db
      .updateTable('jobs')
      .set(({ eb }) => ({
        ...{ state: 'waiting' as const, bundle: null, result: null, why, updated_at: this.#clock.now() },
        attempts: eb('attempts', '+', 1),
      }))
      .where('id', '=', id)
      .where('state', '=', 'proven')
      .execute()
  }

  /** Ends a bundle; jobs that have no result wait again, with one attempt more. */
  async closeBundle(id: number, why: string | null): Promise<void> {
    await this.#db.transaction().execute(async (db) => {
      await db.updateTable('bundles').set({ state: 'closed', why }).where('id', '=', id).execute()
      await db
        .updateTable('jobs')
        .set(({ eb }) => ({
          ...{ state: 'waiting' as const, bundle: null, why, updated_at: this.#clock.now() },
          attempts: eb('attempts', '+', 1),
        }))
        .where('bundle', '=', id)
        .where('state', '=', 'bundled')
        .execute()
    })
  }

  /** When the first job of an epoch was seen. */
  async firstSeen(epoch: number): Promise<number> {
    const row = await this.#db.selectFrom('epochs').select('first_seen').where('epoch', '=', epoch).executeTakeFirst()
    return row?.first_seen ?? this.#clock.now()
  }

  /** Fees of bundles, token units: of one epoch, or of all since a time. What was refused before it was sent cost nothing. */
  async spent(of: { readonly epoch: number } | { readonly since: number }): Promise<bigint> {
    const row = await this.#db
      .selectFrom('bundles')
      .select(sql<string | null>`sum(fee::numeric)::text`.as('spent'))
      .where((eb) => eb.or([eb('state', '!=', 'closed'), eb('workload', 'is not', null)]))
      .$if('epoch' in of, (query) => query.where('epoch', '=', 'epoch' in of ? of.epoch : 0))
      .$if('since' in of, (query) => query.where('created_at', '>=', 'since' in of ? of.since : 0))
      .executeTakeFirst()
    return BigInt(row?.spent ?? 0)
  }

  /** Jobs by type and state, without those that are closed. */
  async counts(): Promise<readonly { readonly type: string; readonly state: string; readonly jobs: number }[]> {
    const rows = await this.#db
      .selectFrom('jobs')
      .select(({ fn }) => ['type', 'state', fn.countAll<string>().as('jobs')])
      .where('state', '!=', 'closed')
      .groupBy(['type', 'state'])
      .execute()
    return rows.map(({ type, state, jobs }) => ({ type, state, jobs: Number(jobs) }))
  }

  /** Forgets what ended before a time; what is said of a bundle that is open needs all of its jobs. @returns The results that no job has any more. */
  async forget(before: number): Promise<readonly string[]> {
    const gone = await this.#db
      .deleteFrom('jobs')
      .where('state', '=', 'closed')
      .where('updated_at', '<', before)
      .where(
        sql<boolean>`not exists (select from bundles where bundles.id = jobs.bundle and bundles.state <> 'closed')`,
      )
      .returning('result')
      .execute()
    const results = new Set(gone.flatMap(({ result }) => result ?? []))
    if (results.size === 0) return []
    const kept = await this.#db
      .selectFrom('jobs')
      .select('result')
      .where('result', 'in', [...results])
      .execute()
    for (const { result } of kept) if (result !== null) results.delete(result)
    return [...results]
  }
}
