import { sql, type Kysely } from 'kysely'
import type { z } from 'zod'
import type { epochFigures, totals } from '../../contract/indexShapes.js'
import type { ApiSchema } from '../../store/schema.js'
import { COUNTS, countsOf, type CountsRow } from './counts.js'

/** The registry's clock. */
export interface EpochClock {
  /** Unix time of the start of epoch 1. */
  readonly genesis: number
  /** Seconds. */
  readonly length: number
}

/** The network's figures since its beginning. */
export async function readTotals(db: Kysely<ApiSchema>): Promise<z.output<typeof totals>> {
  type Sums = Record<'paid' | 'refunded' | 'burned', string | null>
  type Others = Record<'rewards' | 'slashed' | 'programs' | 'operators' | 'seats' | 'active', string>
  const [workloads, others] = await Promise.all([
    sql<CountsRow & Sums>`select ${COUNTS}, sum(paid)::text as paid, sum(refunded)::text as refunded,
      sum(burned)::text as burned from workloads`.execute(db),
    sql<Others>`select
      (select coalesce(sum(amount), 0) from earnings where kind = 'rewards')::text as rewards,
      (select count(*) from programs) as programs,
      coalesce(sum(slashed), 0)::text as slashed, count(distinct operator) as operators,
      count(*) filter (where state <> 'withdrawn') as seats, count(*) filter (where state = 'active') as active
      from seats`.execute(db),
  ])
  const [sums] = workloads.rows
  const [rest] = others.rows
  return {
    ...countsOf(sums),
    ...{ paid: sums?.paid ?? '0', refunded: sums?.refunded ?? '0', burned: sums?.burned ?? '0' },
    ...{ rewards: rest?.rewards ?? '0', slashed: rest?.slashed ?? '0', programs: Number(rest?.programs ?? 0) },
    ...{ operators: Number(rest?.operators ?? 0), seats: Number(rest?.seats ?? 0), active: Number(rest?.active ?? 0) },
  }
}

type Figures = z.output<typeof epochFigures>

/** Spans of `per` epochs each, oldest first; the last one holds the newest block. */
export async function readEpochs(
  db: Kysely<ApiSchema>,
  clock: EpochClock,
  { last, per }: { readonly last: number; readonly per: number },
): Promise<Figures[]> {
  const head = await db.selectFrom('index_head').select('time').executeTakeFirst()
  const width = clock.length * per
  const newest = Math.max(0, Math.floor(((head?.time ?? 0) - clock.genesis) / width))
  const first = Math.max(0, newest - last + 1)
  const from = clock.genesis + first * width
  const span = (column: string) => sql`((${sql.ref(column)} - ${clock.genesis}::integer) / ${width}::integer)`
  const [submitted, ended, slashed, earned] = await Promise.all([
    sql<{ span: number; count: string; fees: string }>`select ${span('submitted_at')} as span, count(*) as count,
      sum(fee)::text as fees from workloads where submitted_at >= ${from} group by span`.execute(db),
    sql<
      { span: number } & Record<'proven' | 'expired' | 'cancelled' | 'paid' | 'refunded' | 'burned', string>
    >`select ${span('finished_at')} as span,
      count(*) filter (where outcome = 'Proven') as proven, count(*) filter (where outcome = 'Cancelled') as cancelled,
      count(*) filter (where outcome not in ('Proven', 'Cancelled')) as expired,
      sum(paid)::text as paid, sum(refunded)::text as refunded, sum(burned)::text as burned
      from workloads where finished_at >= ${from} group by span`.execute(db),
    sql<{
      span: number
      amount: string
    }>`select ${span('time')} as span, sum((args::json->>'amount')::numeric)::text as amount
      from events where name = 'Slashed' and time >= ${from} group by span`.execute(db),
    sql<{ span: number; rewards: string | null; earners: string; top: number; even: number }>`
      with each as (
        select ${span('time')} as span, operator, sum(amount) as amount,
          sum(amount) filter (where kind = 'rewards') as rewards
        from earnings where time >= ${from} group by span, operator
      ), part as (
        select span, rewards, amount / nullif(sum(amount) over (partition by span), 0) as share from each
      )
      select span, sum(rewards)::text as rewards, count(*) as earners, coalesce(max(share), 0)::float8 as top,
        coalesce(1 / nullif(sum(share * share), 0), 0)::float8 as even from part group by span`.execute(db),
  ])
  const spans = new Map<number, Figures>()
  for (let index = first; index <= newest; index++) {
    spans.set(index, {
      ...{ epoch: index * per + 1, from: clock.genesis + index * width },
      ...{ submitted: 0, proven: 0, expired: 0, cancelled: 0, fees: '0', paid: '0', refunded: '0', burned: '0' },
      ...{ rewards: '0', slashed: '0', earners: 0, topShare: 0, evenAs: 0 },
    })
  }
  const add = (index: number, figures: Partial<Figures>): void => {
    const known = spans.get(index)
    if (known !== undefined) spans.set(index, { ...known, ...figures })
  }
  for (const row of submitted.rows) add(row.span, { submitted: Number(row.count), fees: row.fees })
  for (const { span: index, proven, expired, cancelled, paid, refunded, burned } of ended.rows) {
    const counts = { proven: Number(proven), expired: Number(expired), cancelled: Number(cancelled) }
    add(index, { ...counts, paid, refunded, burned })
  }
  for (const row of slashed.rows) add(row.span, { slashed: row.amount })
  for (const { span: index, rewards, earners, top, even } of earned.rows) {
    add(index, { rewards: rewards ?? '0', earners: Number(earners), topShare: Math.min(1, top), evenAs: even })
  }
  return [...spans.values()]
}
