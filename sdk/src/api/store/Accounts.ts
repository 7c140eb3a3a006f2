import { sql, type Kysely } from 'kysely'
import type { z } from 'zod'
import type { account } from '../contract/accountShape.js'
import type { ApiSchema } from './schema.js'

const DAYS = 31
const DAY_MS = 86_400_000

/** What each key has asked for and what it cost. Everything follows from requests, uploads and the index: there is no ledger that could be wrong. */
export class Accounts {
  readonly #db: Kysely<ApiSchema>

  constructor(db: Kysely<ApiSchema>) {
    this.#db = db
  }

  /** The account of a key. @param now Milliseconds. */
  async of(keyId: string, now: number): Promise<Omit<z.output<typeof account>, 'name'>> {
    const [states, final, uploads, days] = await Promise.all([
      this.#states(keyId),
      this.#final(keyId),
      this.#uploads(keyId),
      this.#days(keyId, now - DAYS * DAY_MS),
    ])
    const counted = states.filter(({ state }) => state === 'accepted' || state === 'submitted')
    const countOf = (wanted: string): number => Number(states.find(({ state }) => state === wanted)?.requests ?? 0)
    return {
      requests: {
        ...{ accepted: countOf('accepted'), submitted: countOf('submitted') },
        ...{ refused: countOf('refused'), cancelled: countOf('cancelled') },
      },
      fees: String(counted.reduce((sum, { fees }) => sum + BigInt(fees), 0n)),
      ...{ final, uploads, days },
    }
  }

  #states(keyId: string) {
    return this.#db
      .selectFrom('requests')
      .select(({ fn }) => ['state', fn.countAll<string>().as('requests'), sumOf('fee').as('fees')])
      .where('key_id', '=', keyId)
      .groupBy('state')
      .execute()
  }

  async #final(keyId: string) {
    const { workloads, ...amounts } = await this.#db
      .selectFrom('requests')
      .innerJoin('workloads', 'workloads.workload', 'requests.workload')
      .select(({ fn }) => [
        fn.countAll<string>().as('workloads'),
        ...[sumOf('workloads.fee').as('fees'), sumOf('workloads.paid').as('paid')],
        ...[sumOf('workloads.refunded').as('refunded'), sumOf('workloads.burned').as('burned')],
      ])
      .where('requests.key_id', '=', keyId)
      .where('workloads.finished_at', 'is not', null)
      .executeTakeFirstOrThrow()
    return { workloads: Number(workloads), ...amounts }
  }

  async #uploads(keyId: string) {
    const { count, bytes } = await this.#db
      .selectFrom('uploads')
      .select(({ fn }) => [fn.countAll<string>().as('count'), fn.sum<string | null>('size').as('bytes')])
      .where('key_id', '=', keyId)
      .executeTakeFirstOrThrow()
    return { count: Number(count), bytes: Number(bytes ?? 0) }
  }

  async #days(keyId: string, since: number) {
    const day = sql<string>`to_char(to_timestamp(created_at / 1000) at time zone 'UTC', 'YYYY-MM-DD')`
    const rows = await this.#db
      .selectFrom('requests')
      .select(({ fn }) => [day.as('day'), fn.countAll<string>().as('requests'), sumOf('fee').as('fees')])
      .where('key_id', '=', keyId)
      .where('created_at', '>', since)
      .where('state', 'in', ['accepted', 'submitted'])
      .groupBy(day)
      .orderBy(day, 'desc')
      .execute()
    return rows.map(({ requests, ...rest }) => ({ ...rest, requests: Number(requests) }))
  }
}

function sumOf(column: string) {
  return sql<string>`coalesce(sum(${sql.ref(column)}::numeric), 0)::text`
}
