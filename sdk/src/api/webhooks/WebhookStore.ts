import { randomBytes } from 'node:crypto'
import { sql, type Kysely, type Selectable } from 'kysely'
import { apiError } from '../../errors/codes/api.js'
import type { Outcome } from '../../chain/names.js'
import type { ApiSchema, WebhookEvent } from '../store/schema.js'
import type { StoredRequest } from '../store/RequestStore.js'

/** A stored webhook. */
export type StoredWebhook = Selectable<ApiSchema['webhooks']>
/** A stored delivery. */
export type StoredDelivery = Selectable<ApiSchema['deliveries']>

/** A delivery that is due, and where it goes. */
export type DueDelivery = StoredDelivery & Pick<StoredWebhook, 'url' | 'secret' | 'old_secret' | 'old_until' | 'key_id'>

/** Something that has happened to a request and was not noted for a webhook yet. */
export interface Happening {
  readonly webhook: number
  readonly event: WebhookEvent
  readonly request: StoredRequest
  /** Of what the chain says: where, and how the workload ended. */
  readonly block: number | null
  readonly outcome: Outcome | null
}

/** How many webhooks one key may have. */
export const MOST_WEBHOOKS = 8

const DAY_MS = 86_400_000
/** The longest life of a workload: its longest run time, with all windows, and some. */
const OPEN_MS = 8 * DAY_MS
/** How long the secret before signs too. */
export const ROTATION_MS = DAY_MS
/** What is noted at once. */
const MOST_NOTED = 500

/**
 * Webhooks of all keys, and what is to be delivered to them. What has happened follows from the tables of requests and of the chain's index:
 * so whatever a crash interrupts is found again, and each event of a request is noted once for a webhook.
 */
export class WebhookStore {
  readonly #db: Kysely<ApiSchema>

  constructor(db: Kysely<ApiSchema>) {
    this.#db = db
  }

  /**
   * Registers a webhook with a secret of its own.
   * @param now Milliseconds.
   * @throws GevulotError API_LIMIT_REACHED
   */
  async add(keyId: string, url: string, now: number): Promise<StoredWebhook> {
    return this.#db.transaction().execute(async (db) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`webhooks/${keyId}`}, 0))`.execute(db)
      const { count } = await db
        .selectFrom('webhooks')
        .select(({ fn }) => fn.countAll<string>().as('count'))
        .where('key_id', '=', keyId)
        .executeTakeFirstOrThrow()
      if (Number(count) >= MOST_WEBHOOKS) {
        throw apiError('API_LIMIT_REACHED', `the key has ${count} webhooks, its limit`)
      }
      return db
        .insertInto('webhooks')
        .values({
          ...{ public_id: randomBytes(16).toString('hex'), key_id: keyId, url, created_at: now, disabled: null },
          ...{ secret: newSecret(), old_secret: null, old_until: null },
        })
        .returningAll()
        .executeTakeFirstOrThrow()
    })
  }

  /** The webhooks of a key, oldest first. */
  async list(keyId: string): Promise<readonly StoredWebhook[]> {
    return this.#db.selectFrom('webhooks').selectAll().where('key_id', '=', keyId).orderBy('id').execute()
  }

  /** A webhook of a key. @throws GevulotError API_NOT_FOUND */
  async find(keyId: string, publicId: string): Promise<StoredWebhook> {
    const row = await this.#db
      .selectFrom('webhooks')
      .selectAll()
      .where('key_id', '=', keyId)
      .where('public_id', '=', publicId)
      .executeTakeFirst()
    if (row === undefined) throw apiError('API_NOT_FOUND', `there is no webhook ${publicId}`)
    return row
  }

  /** Removes a webhook with all that was to be delivered to it. */
  async remove(id: number): Promise<void> {
    await this.#db.transaction().execute(async (db) => {
      await db.deleteFrom('deliveries').where('webhook', '=', id).execute()
      await db.deleteFrom('webhooks').where('id', '=', id).execute()
    })
  }

  /**
   * Gives a webhook another secret. The one that it had signs too for a day, so that its receiver can change over meanwhile.
   * @param now Milliseconds.
   */
  async rotate(id: number, now: number): Promise<StoredWebhook> {
    return this.#db
      .updateTable('webhooks')
      .set((eb) => ({ old_secret: eb.ref('secret'), secret: newSecret(), old_until: now + ROTATION_MS }))
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /**
   * Has a delivery sent once more at once, with all its attempts again.
   * @returns undefined if there is none, or not any more.
   */
  async redeliver(webhook: number, publicId: string, now: number): Promise<StoredDelivery | undefined> {
    return this.#db
      .updateTable('deliveries')
      .set({ state: 'pending', attempts: 0, next_at: now })
      .where('webhook', '=', webhook)
      .where('public_id', '=', publicId)
      .returningAll()
      .executeTakeFirst()
  }

  /** Sends nothing more to a webhook, for a reason. */
  async disable(id: number, why: string): Promise<void> {
    await this.#db.updateTable('webhooks').set({ disabled: why }).where('id', '=', id).execute()
  }

  /** Deliveries of a webhook, newest first, before a position. */
  async deliveries(webhook: number, limit: number, before: number | undefined): Promise<readonly StoredDelivery[]> {
    return this.#db
      .selectFrom('deliveries')
      .selectAll()
      .where('webhook', '=', webhook)
      .$if(before !== undefined, (query) => query.where('id', '<', before ?? 0))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute()
  }

  /**
   * What has happened since a webhook was registered and is not noted for it, in the order in which it happened.
   * @param depth Blocks that must lie above what the chain says.
   * @param now Milliseconds.
   */
  async unnoted(depth: number, now: number): Promise<readonly Happening[]> {
    const { rows } = await sql<StoredRequest & Omit<Happening, 'request'>>`
      select happened.event, happened.block, happened.outcome, webhooks.id as webhook, requests.*
      from requests
      join webhooks on webhooks.key_id = requests.key_id and webhooks.disabled is null
        and requests.created_at >= webhooks.created_at
      cross join lateral (
        select 'request.' || requests.state as event, 0 as place, null::integer as block, null::text as outcome
        where requests.state <> 'accepted'
        union all
        select case events.name when 'Assigned' then 'workload.assigned'
          else case events.args::json ->> 'outcome' when 'Proven' then 'workload.proven'
            when 'Cancelled' then 'workload.cancelled' else 'workload.expired' end end, 1,
          events.block, events.args::json ->> 'outcome'
        from events
        where events.workload = requests.workload and events.contract = 'market'
          and events.name in ('Assigned', 'Finished')
          and events.block <= (select max(block) from index_head) - ${depth}::integer
      ) happened
      where requests.created_at > ${now - OPEN_MS} and not exists (
        select from deliveries
        where deliveries.webhook = webhooks.id and deliveries.request = requests.id and deliveries.event = happened.event
      )
      order by requests.id, happened.place, happened.event
      limit ${MOST_NOTED}`.execute(this.#db)
    return rows.map(({ webhook, event, block, outcome, ...request }) => ({ webhook, event, block, outcome, request }))
  }

  /** Notes what is to be delivered, as it will be sent; what is noted already stays as it is. */
  async note(
    deliveries: readonly Pick<StoredDelivery, 'webhook' | 'request' | 'event' | 'public_id' | 'body'>[],
    now: number,
  ): Promise<void> {
    const rest = { state: 'pending', attempts: 0, next_at: now, created_at: now, answer: null, tried_at: null } as const
    await this.#db
      .insertInto('deliveries')
      .values(deliveries.map((delivery) => ({ ...delivery, ...rest })))
      .onConflict((conflict) => conflict.columns(['webhook', 'request', 'event']).doNothing())
      .execute()
  }

  /**
   * The next delivery of each webhook that has one due, longest due first.
   * @param now Milliseconds.
   * @param limit Of all, and of one key: whoever has much due keeps nobody else's out.
   * @param busy Webhooks and keys that are passed over.
   */
  async due(
    now: number,
    limit: { readonly all: number; readonly key: number },
    busy: { readonly webhooks: readonly number[]; readonly keys: readonly string[] },
  ): Promise<readonly DueDelivery[]> {
    const { rows } = await sql<DueDelivery>`
      select * from (
        select *, row_number() over (partition by key_id order by next_at, id) as place from (
          select distinct on (deliveries.webhook) deliveries.*, webhooks.url, webhooks.key_id, webhooks.secret,
            webhooks.old_secret, webhooks.old_until
          from deliveries join webhooks on webhooks.id = deliveries.webhook
          where deliveries.state = 'pending' and deliveries.next_at <= ${now} and webhooks.disabled is null
            and not (webhooks.id = any(${busy.webhooks}::integer[])) and not (webhooks.key_id = any(${busy.keys}::text[]))
          order by deliveries.webhook, deliveries.next_at, deliveries.id
        ) next
      ) due where place <= ${limit.key} order by next_at, id limit ${limit.all}`.execute(this.#db)
    return rows
  }

  /** Notes how an attempt went. */
  async tried(
    id: number,
    outcome: Pick<StoredDelivery, 'state' | 'attempts' | 'next_at' | 'answer' | 'tried_at'>,
  ): Promise<void> {
    await this.#db.updateTable('deliveries').set(outcome).where('id', '=', id).execute()
  }

  /** Forgets what ended before a time, of requests of which nothing more is told. */
  async forget(now: number): Promise<void> {
    await this.#db
      .deleteFrom('deliveries')
      .where('created_at', '<', now - 2 * OPEN_MS)
      .where('state', '!=', 'pending')
      .execute()
  }
}

/** What signs a message: the secret of its webhook, and for a while the one before it. @param now Milliseconds. */
export function secretsOf(
  { secret, old_secret, old_until }: Pick<StoredWebhook, 'secret' | 'old_secret' | 'old_until'>,
  now: number,
): readonly string[] {
  return old_secret !== null && now < (old_until ?? 0) ? [secret, old_secret] : [secret]
}

function newSecret(): string {
  return `gvw_${randomBytes(32).toString('base64url')}`
}
