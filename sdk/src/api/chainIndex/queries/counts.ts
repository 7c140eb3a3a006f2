import { sql } from 'kysely'
import type { z } from 'zod'
import type { workloadCounts } from '../../contract/indexShapes.js'

/** What {@link COUNTS} selects; PostgreSQL's whole numbers may come as text. */
export interface CountsRow {
  readonly workloads: string
  readonly open: string
  readonly proven: string
  readonly expired: string
  readonly cancelled: string
  readonly fees: string | null
}

/** Columns that count workloads by what became of them. */
export const COUNTS = sql`count(*) as workloads,
  count(*) filter (where outcome is null) as open,
  count(*) filter (where outcome = 'Proven') as proven,
  count(*) filter (where outcome not in ('Proven', 'Cancelled')) as expired,
  count(*) filter (where outcome = 'Cancelled') as cancelled,
  sum(fee)::text as fees`

/** The same as the API answers it. */
export function countsOf(row: CountsRow | undefined): z.output<typeof workloadCounts> {
  return {
    ...{ workloads: Number(row?.workloads ?? 0), open: Number(row?.open ?? 0), proven: Number(row?.proven ?? 0) },
    ...{ expired: Number(row?.expired ?? 0), cancelled: Number(row?.cancelled ?? 0), fees: row?.fees ?? '0' },
  }
}
