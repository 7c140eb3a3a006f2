import { sql, type Kysely } from 'kysely'
import type { z } from 'zod'
import type { found } from '../../contract/indexShapes.js'
import type { ApiSchema } from '../../store/schema.js'

type Found = z.output<typeof found>

const MOST = 5

/**
 * What begins with these hexadecimal digits, or the seat with this number.
 * @param text Digits, or `0x` and hexadecimal digits.
 */
export async function search(db: Kysely<ApiSchema>, text: string): Promise<Found[]> {
  const seat = /^\d{1,8}$/.test(text) ? await seatNumber(db, Number(text)) : []
  // Nothing but hexadecimal digits reaches the pattern.
  const digits = text.toLowerCase().replace(/^0x/, '')
  if (!/^[0-9a-f]{3,64}$/.test(digits)) return seat
  const pattern = `0x${digits}%`
  const accounts = digits.length <= 40
  const found = await Promise.all([
    ids(db, 'workload', sql`select workload as id, workload as label from workloads where workload like ${pattern}`),
    ids(db, 'program', sql`select program as id, uri as label from programs where program like ${pattern}`),
    accounts
      ? ids(db, 'operator', sql`select operator as id, '' as label from seats
          where lower(operator) like ${pattern}`)
      : [],
    accounts
      ? ids(db, 'requester', sql`select requester as id, '' as label from workloads
          where lower(requester) like ${pattern}`)
      : [],
    ids(db, 'transaction', sql`select workload as id, transaction as label from events
      where transaction like ${pattern} and workload is not null`),
  ]) // prettier-ignore
  return [...seat, ...found.flat()]
}

async function ids(
  db: Kysely<ApiSchema>,
  kind: Found['kind'],
  query: ReturnType<typeof sql<{ id: string; label: string }>>,
) {
  // The planner is not to guess how soon enough are found: it would read whole tables for what an index holds.
  const { rows } = await sql<{ id: string; label: string }>`with hits as materialized (${query})
    select distinct id, label from hits limit ${MOST}`.execute(db)
  return rows.map(({ id, label }): Found => ({ kind, id, label }))
}

async function seatNumber(db: Kysely<ApiSchema>, seat: number): Promise<Found[]> {
  const row = await db.selectFrom('seats').select('operator').where('seat', '=', seat).executeTakeFirst()
  return row === undefined ? [] : [{ kind: 'seat', id: row.operator, label: String(seat) }]
}
