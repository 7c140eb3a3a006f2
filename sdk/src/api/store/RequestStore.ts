import { randomBytes } from 'node:crypto'
import { sql, type ExpressionBuilder, type Kysely, type Selectable, type Transaction } from 'kysely'
import { apiError } from '../../errors/codes/api.js'
import type { KeyLimits } from './KeyLimits.js'
import type { ApiSchema } from './schema.js'

/** A stored request. */
export type StoredRequest = Selectable<ApiSchema['requests']>

/** What a client asks for, as far as it is kept. */
export type NewRequest = Pick<
  StoredRequest,
  | 'key_id'
  | 'idempotency_key'
  | 'body_hash'
  | 'program'
  | 'inputs'
  | 'public_inputs'
  | 'inputs_uri'
  | 'delivery_key'
  | 'label'
  | 'jobs'
  | 'fee'
  | 'max_run_time'
  | 'redundancy'
  | 'rescue'
>

/** What a key has used up within a day. */
export interface Usage {
  readonly requests: number
  /** Token units. */
  readonly spent: bigint
}

const DAY_MS = 86_400_000

/** A request whose nonce is free again. Its cancel, which came while something might have been sent, needs no workload now. */
const FREED = {
  nonce: null,
  state: sql<StoredRequest['state']>`case when cancelling then 'cancelled' else state end`,
  cancelling: false,
}

/** A request whose workload a reorg has taken away. One that was cancelled is not wanted again: as it may still be found by its nonce, it is cancelled again. */
const REOPENED = {
  ...({ state: 'accepted', workload: null, submitted_block: null } as const),
  cancelling: sql<boolean>`cancelling or cancelled_block is not null`,
}

/** The requests of all keys. What {@link accept} has answered is durable. */
export class RequestStore {
  readonly #db: Kysely<ApiSchema>

  constructor(db: Kysely<ApiSchema>) {
    this.#db = db
  }

  /**
   * The request that an idempotency key stands for.
   * @throws GevulotError API_IDEMPOTENCY_CONFLICT when the key was used for another body
   */
  async findRetry(keyId: string, idempotencyKey: string, bodyHash: string): Promise<StoredRequest | undefined> {
    return findRetry(this.#db, keyId, idempotencyKey, bodyHash)
  }

  /**
   * Accepts a request, or answers the one it is a retry of. Requests of one key are taken one after the other, so that two at once cannot both
   * use the last of an allowance.
   * @throws GevulotError API_LIMIT_REACHED, API_IDEMPOTENCY_CONFLICT
   */
  async accept(request: NewRequest, limits: KeyLimits, now: number): Promise<StoredRequest> {
    return this.#db.transaction().execute(async (db) => {
      const known = await admit(db, request, limits, now)
      if (known !== undefined) return known
      return db
        .insertInto('requests')
        .values({
          ...request,
          public_id: randomBytes(16).toString('hex'),
          ...{ created_at: now, state: 'accepted', nonce: null, workload: null, cancelling: false, error: null },
          ...{ submitted_block: null, gas_cost: null, releasing: false, cancelled_block: null },
        })
        .returningAll()
        .executeTakeFirstOrThrow()
    })
  }

  /**
   * Says early what {@link accept} would say, so that what is refused anyway is stored nowhere.
   * @returns The request that this one is a retry of, if it is one.
   * @throws GevulotError API_LIMIT_REACHED, API_IDEMPOTENCY_CONFLICT
   */
  async foresee(request: Admitted, limits: KeyLimits, now: number): Promise<StoredRequest | undefined> {
    return this.#db.transaction().execute((db) => admit(db, request, limits, now))
  }

  /** What a key has used up within the last 24 hours. */
  async usage(keyId: string, now: number): Promise<Usage> {
    return usageOf(this.#db, keyId, now)
  }

  /** A request of a key. */
  async find(keyId: string, publicId: string): Promise<StoredRequest | undefined> {
    return this.#db
      .selectFrom('requests')
      .selectAll()
      .where('key_id', '=', keyId)
      .where('public_id', '=', publicId)
      .executeTakeFirst()
  }

  /** The ids that clients see, by ours. */
  async publicIds(ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
    if (ids.length === 0) return new Map()
    const rows = await this.#db.selectFrom('requests').select(['id', 'public_id']).where('id', 'in', ids).execute()
    return new Map(rows.map(({ id, public_id }) => [id, public_id]))
  }

  /** Requests of a key, newest first, before a position. */
  async list(keyId: string, limit: number, before: number | undefined): Promise<readonly StoredRequest[]> {
    return this.#db
      .selectFrom('requests')
      .selectAll()
      .where('key_id', '=', keyId)
      .$if(before !== undefined, (query) => query.where('id', '<', before ?? 0))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute()
  }

  /**
   * Requests that have a nonce and are not submitted, by nonce.
   * @param but Ids of requests that wait.
   */
  async begun(but: readonly number[]): Promise<readonly StoredRequest[]> {
    return this.#toSubmit(but).where('nonce', 'is not', null).orderBy('nonce').orderBy('id').execute()
  }

  /** What each key wants submitted next of that which has no nonce: its oldest request. */
  async heads(but: readonly number[]): Promise<readonly StoredRequest[]> {
    return this.#toSubmit(but).where('nonce', 'is', null).distinctOn('key_id').orderBy('key_id').orderBy('id').execute()
  }

  /** What comes behind {@link heads}: the second one of each key, then the third ones, and so on. */
  async behindHeads(but: readonly number[], most: number): Promise<readonly StoredRequest[]> {
    const place = sql<number>`row_number() over (partition by key_id order by id)`
    const placed = this.#toSubmit(but).where('nonce', 'is', null).select(place.as('place')).as('placed')
    const rows = await this.#db
      .selectFrom(placed)
      .selectAll()
      .where('place', '>', 1)
      .orderBy('place')
      .orderBy('id')
      .limit(most)
      .execute()
    return rows.map(({ place: _, ...request }) => request)
  }

  #toSubmit(but: readonly number[]) {
    return this.#db
      .selectFrom('requests')
      .selectAll()
      .where('state', '=', 'accepted')
      .$if(but.length > 0, (query) => query.where('id', 'not in', but))
  }

  /** Submitted requests that are to be cancelled or released, oldest first. */
  async toAct(): Promise<readonly StoredRequest[]> {
    return this.#db
      .selectFrom('requests')
      .selectAll()
      .where('state', '=', 'submitted')
      .where((eb) => eb.or([eb('cancelling', '=', true), eb('releasing', '=', true)]))
      .orderBy('id')
      .execute()
  }

  /**
   * Notes that the commits of a request's workload are to be closed.
   * @returns Undefined when it is no workload yet.
   */
  async release({ id }: StoredRequest): Promise<StoredRequest | undefined> {
    return this.#db
      .updateTable('requests')
      .set({ releasing: true })
      .where('id', '=', id)
      .where('state', '=', 'submitted')
      .returningAll()
      .executeTakeFirst()
  }

  /**
   * Notes the nonce that a request takes (null: another one is needed, or none any more: what was cancelled meanwhile is over).
   * @returns Whether it still is to be submitted; a cancel may have come first.
   */
  async take(id: number, nonce: number | null): Promise<boolean> {
    const taken = await this.#db
      .updateTable('requests')
      .set(nonce === null ? FREED : { nonce })
      .where('id', '=', id)
      .where('state', '=', 'accepted')
      .returning('id')
      .execute()
    return taken.length === 1
  }

  /**
   * Notes the nonces that requests take together, each the one behind that of the one before.
   * @returns Those that still are to be submitted, with their nonces; a cancel may have come first for others.
   */
  async takeAll(asked: readonly StoredRequest[], first: number): Promise<readonly StoredRequest[]> {
    return this.#db.transaction().execute(async (db) => {
      const taken: StoredRequest[] = []
      for (const { id } of asked) {
        const row = await db
          .updateTable('requests')
          .set({ nonce: first + taken.length })
          .where('id', '=', id)
          .where('state', '=', 'accepted')
          .returningAll()
          .executeTakeFirst()
        if (row !== undefined) taken.push(row)
      }
      return taken
    })
  }

  /** Takes the nonces of requests back for which nothing was sent; what was cancelled meanwhile is over. */
  async giveBack(requests: readonly StoredRequest[]): Promise<void> {
    const ids = requests.map(({ id }) => id)
    await this.#db.updateTable('requests').set(FREED).where('id', 'in', ids).where('state', '=', 'accepted').execute() // prettier-ignore
  }

  /**
   * Submits again what was submitted with a nonce that the chain says is not used.
   * @param since Milliseconds: nothing that was accepted before.
   * @returns How many requests.
   */
  async reopen(nonce: number, since: number): Promise<number> {
    const reopened = await this.#db
      .updateTable('requests')
      .set(REOPENED)
      .where('state', '=', 'submitted')
      .where('nonce', '=', nonce)
      .where('created_at', '>', since)
      .returning('id')
      .execute()
    return reopened.length
  }

  /**
   * Submits again what the index does not have although it has come behind its block: a reorg has taken it away. It keeps its nonce, so one that is there
   * all the same is found, not paid twice.
   * @param since Milliseconds: nothing that was accepted before.
   * @returns How many requests.
   */
  async reopenLost(since: number): Promise<number> {
    const { numUpdatedRows } = await this.#db
      .updateTable('requests')
      .set(REOPENED)
      .where('state', '=', 'submitted')
      .where('created_at', '>', since)
      .where('submitted_block', '<=', indexed)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb.selectFrom('workloads').select('block').whereRef('workloads.workload', '=', 'requests.workload'),
          ),
        ),
      ) // prettier-ignore
      .executeTakeFirst()
    return Number(numUpdatedRows)
  }

  /**
   * Cancels again what the index, which has come behind the block of the cancel, does not have as ended: a reorg has taken the cancel away, and not its workload.
   * @param since Milliseconds: nothing that was accepted before.
   * @returns How many requests.
   */
  async recancelLost(since: number): Promise<number> {
    const { numUpdatedRows } = await this.#db
      .updateTable('requests')
      .set({ cancelling: true })
      .where('state', '=', 'submitted')
      .where('cancelling', '=', false)
      .where('created_at', '>', since)
      .where('cancelled_block', '<=', indexed)
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom('workloads')
            .select('block')
            .whereRef('workloads.workload', '=', 'requests.workload')
            .where('finished_at', 'is', null),
        ),
      )
      .executeTakeFirst()
    return Number(numUpdatedRows)
  }

  /** Notes what became of a request. */
  async settle(
    id: number,
    outcome: Partial<
      Pick<
        StoredRequest,
        'state' | 'workload' | 'submitted_block' | 'gas_cost' | 'error' | 'cancelling' | 'cancelled_block' | 'releasing'
      >
    >,
  ) {
    await this.#db.updateTable('requests').set(outcome).where('id', '=', id).execute()
  }

  /** Cancels a request that nothing was sent for, else notes that its workload is to be cancelled. */
  async cancel(request: StoredRequest): Promise<StoredRequest> {
    const { id } = request
    return this.#db.transaction().execute(async (db) => {
      const early = await db
        .updateTable('requests')
        .set({ state: 'cancelled' })
        .where('id', '=', id)
        .where('state', '=', 'accepted')
        .where('nonce', 'is', null)
        .returningAll()
        .executeTakeFirst()
      if (early !== undefined) return early
      await db
        .updateTable('requests')
        .set({ cancelling: true })
        .where('id', '=', id)
        .where('state', 'in', ['accepted', 'submitted'])
        .execute()
      return db.selectFrom('requests').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    })
  }
}

type Handle = Kysely<ApiSchema> | Transaction<ApiSchema>

/** The newest block that the index has. */
function indexed(eb: ExpressionBuilder<ApiSchema, keyof ApiSchema>) {
  return eb.selectFrom('index_head').select(({ fn }) => fn.max('block').as('block'))
}

async function findRetry(db: Handle, keyId: string, idempotencyKey: string, bodyHash: string) {
  const known = await db
    .selectFrom('requests')
    .selectAll()
    .where('key_id', '=', keyId)
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirst()
  if (known !== undefined && known.body_hash !== bodyHash) {
    throw apiError('API_IDEMPOTENCY_CONFLICT', 'this Idempotency-Key stands for another request')
  }
  return known
}

/** What decides whether a request is accepted. */
type Admitted = Pick<NewRequest, 'key_id' | 'idempotency_key' | 'body_hash' | 'fee'>

/** Finds the request that this one repeats, or checks the key's limits, while no other request of the key is looked at. */
async function admit(
  db: Transaction<ApiSchema>,
  { key_id, idempotency_key, body_hash, fee }: Admitted,
  limits: KeyLimits,
  now: number,
): Promise<StoredRequest | undefined> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${key_id}, 0))`.execute(db)
  const known = idempotency_key === null ? undefined : await findRetry(db, key_id, idempotency_key, body_hash)
  if (known !== undefined) return known
  const { requests, spent } = await usageOf(db, key_id, now)
  if (requests >= limits.requestsPerDay) {
    throw apiError('API_LIMIT_REACHED', `the key has made ${requests} requests within 24 hours, its limit`)
  }
  const left = BigInt(limits.spendPerDay) - spent
  if (BigInt(fee) > left) {
    throw apiError('API_LIMIT_REACHED', `the fee is ${fee}, and ${left < 0n ? 0n : left} of the key's day are left`)
  }
  return undefined
}

/** A request that cost nothing does not count: it was refused before anything was sent, or cancelled. */
async function usageOf(db: Handle, keyId: string, now: number): Promise<Usage> {
  const rows = await db
    .selectFrom('requests')
    .select((eb) => [eb.fn.countAll<string>().as('requests'), sql<string | null>`sum(fee::numeric)::text`.as('spent')])
    .where('key_id', '=', keyId)
    .where('created_at', '>', now - DAY_MS)
    .where('state', 'in', ['accepted', 'submitted'])
    .executeTakeFirstOrThrow()
  return { requests: Number(rows.requests), spent: BigInt(rows.spent ?? '0') }
}
