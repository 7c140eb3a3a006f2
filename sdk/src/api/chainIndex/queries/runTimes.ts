import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { z } from 'zod'
import type { runTimes } from '../../contract/indexShapes.js'
import type { ApiSchema } from '../../store/schema.js'

const BARS = 16

/** How long proofs took: of a program, or of an operator. What a verifier found invalid does not count. */
export async function readRunTimes(
  db: Kysely<ApiSchema>,
  of: { readonly program: string } | { readonly operator: string },
): Promise<z.output<typeof runTimes>> {
  const those: RawBuilder<unknown> =
    'program' in of
      ? sql`slots join workloads using (workload) where program = ${of.program}`
      : sql`slots where operator = ${of.operator}`
  const measured = sql`select run_time from ${those} and run_time is not null and valid is not false`
  const { rows } = await sql<Record<'count' | 'least' | 'p50' | 'p90' | 'most', string | null>>`
    select count(*) as count, min(run_time) as least, max(run_time) as most,
      percentile_disc(0.5) within group (order by run_time) as p50,
      percentile_disc(0.9) within group (order by run_time) as p90
    from (${measured}) measured`.execute(db)
  const number = (text: string | null | undefined) => (text === null || text === undefined ? null : Number(text))
  const [row] = rows
  const facts = { count: Number(row?.count ?? 0), p50: number(row?.p50), p90: number(row?.p90) }
  const [least, most] = [number(row?.least), number(row?.most)]
  if (least === null || most === null) return { ...facts, least, most, bars: [] }
  const width = Math.max(1, Math.ceil((most + 1 - least) / BARS))
  const { rows: counted } = await sql<{ bar: number; count: string }>`
    select ((run_time - ${least}::integer) / ${width}::integer) as bar, count(*) as count
    from (${measured}) measured group by bar`.execute(db)
  const counts = new Map(counted.map(({ bar, count }) => [Number(bar), Number(count)]))
  const bars = Array.from({ length: Math.ceil((most + 1 - least) / width) }, (_, bar) => ({
    from: least + bar * width,
    to: least + (bar + 1) * width,
    count: counts.get(bar) ?? 0,
  }))
  return { ...facts, least, most, bars }
}
