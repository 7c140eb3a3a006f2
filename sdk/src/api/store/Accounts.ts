import { sql, type Kysely } from 'kysely'
import type { z } from 'zod'
import type { Clock } from '../../clock.js'
import type { account } from '../contract/accountShape.js'
import { Kept } from '../Kept.js'
import type { ApiSchema } from './schema.js'

const DAYS = 31
const DAY_MS = 86_400_000
/** They are sums over all that a key has ever asked for, whoever asks how often. */
const KEEP_MS = 3_000
const MOST_LABELS = 100

/** What each key has asked for and what it cost. Everything follows from requests, uploads and the index: there is no ledger that could be wrong. */
export class Accounts {
  readonly #db: Kysely<ApiSchema>
  readonly #clock: Clock
  readonly #sums: Kept

  constructor(db: Kysely<ApiSchema>, clock: Clock) {
    this.#db = db
    this.#clock = clock
    this.#sums = new Kept(clock, KEEP_MS)
  }

  /** The account of a key, not older than three seconds. */
  of(keyId: string): Promise<Omit<z.output<typeof account>, 'name'>> {
    return this.#sums.get(keyId, () => this.#read(keyId, this.#clock.now()))
  }

  async #read(keyId: string, now: number): Promise<Omit<z.output<typeof account>, 'name'>> {
    const [states, final, gas, labels, uploads, days] = await Promise.all([
      this.#states(keyId),
      this.#final(keyId),
      this.#gas(keyId),
      this.#labels(keyId),
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
      ...{ final, gas, labels, uploads, days },
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

  async #gas(keyId: string) {
    const { wei, unknown } = await this.#db
      .selectFrom('requests')
      .select([sumOf('gas_cost').as('wei'), sql<string>`count(*) filter (where gas_cost is null)`.as('unknown')])
      .where('key_id', '=', keyId)
      .where('state', '=', 'submitted')
      .executeTakeFirstOrThrow()
    return { wei, unknown: Number(unknown) }
  }

  async #labels(keyId: string) {
    const rows = await this.#db
      .selectFrom('requests')
      .select(({ fn }) => [
        ...(['label'] as const),
        ...[fn.countAll<string>().as('requests'), fn.sum<string>('jobs').as('jobs'), sumOf('fee').as('fees')],
      ])
      .where('key_id', '=', keyId)
      .where('state', 'in', ['accepted', 'submitted'])
      .groupBy('label')
      .orderBy(sql`sum(fee::numeric)`, 'desc')
      .limit(MOST_LABELS)
      .execute()
    return rows.map(({ label, requests, jobs, fees }) => ({
      ...{ label, requests: Number(requests), jobs: Number(jobs), fees },
    }))
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
