import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { z } from 'zod'
import type { operatorSummary, seatSummary } from '../../contract/indexShapes.js'
import type { ApiSchema } from '../../store/schema.js'
import { readRunTimes } from './runTimes.js'

type Amounts = Record<'earned' | 'ranked' | 'waiting' | 'judging' | 'rewards' | 'slashed', string>
type Counts = Record<
  'seats' | 'active' | 'slots' | 'proofs' | 'invalid' | 'declined' | 'failed' | 'missed' | 'silent' | 'slashes',
  string
>
type Row = Amounts & Counts & { readonly operator: string }

/** A page of operators, those that earned most first. */
export async function listOperators(
  db: Kysely<ApiSchema>,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
) {
  const [earned, account] = (cursor ?? '').split('.')
  const after = cursor === undefined ? sql`true` : sql`(-earned, operator) > (-(${earned}::numeric), ${account})`
  const rows = await figuresOf(db, sql`where ${after} order by earned desc, operator limit ${limit + 1}`)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    operators: page.map(summaryOf),
    next: rows.length > limit && last !== undefined ? `${last.earned}.${last.operator}` : null,
  }
}

/** An operator with its seats and how long its proofs took; undefined for an account without seats. */
export async function readOperator(db: Kysely<ApiSchema>, operator: string) {
  const [row] = await figuresOf(db, sql`where operator = ${operator}`)
  if (row === undefined) return undefined
  const [seats, runTimes] = await Promise.all([seatsOf(db, operator), readRunTimes(db, { operator })])
  return { ...summaryOf(row), seatList: seats, runTimes }
}

async function figuresOf(db: Kysely<ApiSchema>, which: RawBuilder<unknown>): Promise<Row[]> {
  const { rows } = await sql<Row>`
    with held as (
      select operator, count(*) as seats, count(*) filter (where state = 'active') as active,
        sum(slashes) as slashes, sum(slashed) as slashed
      from seats group by operator
    ), got as (
      select operator, sum(amount) as earned,
        sum(amount) filter (where kind = 'rank') as ranked, sum(amount) filter (where kind = 'waiting') as waiting,
        sum(amount) filter (where kind = 'judging') as judging, sum(amount) filter (where kind = 'rewards') as rewards
      from earnings group by operator
    ), did as (
      select operator, count(*) as slots, count(*) filter (where valid) as proofs,
        count(*) filter (where valid = false) as invalid, count(*) filter (where declined) as declined,
        count(*) filter (where failed is not null) as failed, count(*) filter (where missed) as missed,
        count(*) filter (where silent) as silent
      from slots group by operator
    ), figures as (
      select operator, seats, active, slashes, slashed, coalesce(earned, 0) as earned, coalesce(ranked, 0) as ranked,
        coalesce(waiting, 0) as waiting, coalesce(judging, 0) as judging, coalesce(rewards, 0) as rewards,
        coalesce(slots, 0) as slots, coalesce(proofs, 0) as proofs, coalesce(invalid, 0) as invalid,
        coalesce(declined, 0) as declined, coalesce(failed, 0) as failed, coalesce(missed, 0) as missed,
        coalesce(silent, 0) as silent
      from held left join got using (operator) left join did using (operator)
    )
    select * from figures ${which}`.execute(db)
  return rows
}

function summaryOf(row: Row): z.output<typeof operatorSummary> {
  const { operator, earned, ranked, waiting, judging, rewards, slashed } = row
  return {
    ...{ operator, seats: Number(row.seats), active: Number(row.active) },
    ...{ earned, ranked, waiting, judging, rewards, slots: Number(row.slots), proofs: Number(row.proofs) },
    ...{ invalid: Number(row.invalid), declined: Number(row.declined), failed: Number(row.failed) },
    ...{ missed: Number(row.missed), silent: Number(row.silent), slashes: Number(row.slashes), slashed },
  }
}

async function seatsOf(db: Kysely<ApiSchema>, operator: string): Promise<z.output<typeof seatSummary>[]> {
  const { rows } = await sql<ApiSchema['seats'] & { proofs: string; earned: string }>`
    select seats.*,
      (select count(*) from slots where slots.seat = seats.seat and valid) as proofs,
      (select coalesce(sum(paid), 0) from slots where slots.seat = seats.seat) as earned
    from seats where operator = ${operator} order by seat limit ${MOST_SEATS}`.execute(db)
  return rows.map(
    ({ seat, class: hardwareClass, state, since, bond, slashed, slashes, evictions, proofs, earned }) => ({
      ...{ seat, class: hardwareClass, state, since, bond, slashed, slashes, evictions },
      ...{ proofs: Number(proofs), earned },
    }),
  )
}

const MOST_SEATS = 500
