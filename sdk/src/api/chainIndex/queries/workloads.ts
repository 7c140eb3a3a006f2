import { sql, type Kysely, type Selectable } from 'kysely'
import type { z } from 'zod'
import type { LIST_STATUSES, storyStep, workloadSummary } from '../../contract/indexShapes.js'
import type { ApiSchema } from '../../store/schema.js'
import { eventOf } from '../IndexedEvent.js'

/** Which workloads to list. */
export interface WorkloadFilter {
  readonly status?: (typeof LIST_STATUSES)[number] | undefined
  readonly program?: string | undefined
  readonly requester?: string | undefined
  readonly operator?: string | undefined
  readonly seat?: number | undefined
  readonly limit: number
  /** Place of the last workload of the page before. */
  readonly cursor?: string | undefined
}

/** A page of workloads, newest first. */
export async function listWorkloads(db: Kysely<ApiSchema>, filter: WorkloadFilter) {
  const { status, program, requester, operator, seat, limit, cursor } = filter
  const time = await timeOf(db)
  const [block = 0, logIndex = 0] = (cursor ?? '').split('.').map(Number)
  const rows = await db
    .selectFrom('workloads')
    .selectAll()
    .$if(cursor !== undefined, (query) => query.where(sql<boolean>`(block, log_index) < (${block}, ${logIndex})`))
    .$if(status !== undefined, (query) => query.where(conditionOf(status ?? 'pending', time)))
    .$if(program !== undefined, (query) => query.where('program', '=', program ?? ''))
    .$if(requester !== undefined, (query) =>
      query.where(sql<string>`lower(requester)`, '=', (requester ?? '').toLowerCase()),
    )
    .$if(operator !== undefined, (query) =>
      query.where('workload', 'in', (inner) =>
        inner
          .selectFrom('slots')
          .select('workload')
          .where('operator', '=', operator ?? ''),
      ),
    )
    .$if(seat !== undefined, (query) =>
      query.where('workload', 'in', (inner) =>
        inner
          .selectFrom('slots')
          .select('workload')
          .where('seat', '=', seat ?? 0),
      ),
    )
    .orderBy('block', 'desc')
    .orderBy('log_index', 'desc')
    .limit(limit + 1)
    .execute()
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    workloads: page.map((row) => summaryOf(row, time)),
    next: rows.length > limit && last !== undefined ? `${last.block}.${last.log_index}` : null,
  }
}

/** A workload as it is in lists; null before the index has it. */
export async function readSummary(db: Kysely<ApiSchema>, workload: string) {
  const row = await db.selectFrom('workloads').selectAll().where('workload', '=', workload).executeTakeFirst()
  return row === undefined ? null : summaryOf(row, await timeOf(db))
}

/** The block in which a workload was submitted, and whether its end is in the index, too; undefined before the index has it. */
export async function readSubmission(db: Kysely<ApiSchema>, workload: string) {
  const row = await db
    .selectFrom('workloads')
    .select(['block', 'outcome'])
    .where('workload', '=', workload)
    .executeTakeFirst()
  return row && { block: row.block, ended: row.outcome !== null }
}

/** Everything that happened to a workload, in order. */
export async function readStory(db: Kysely<ApiSchema>, workload: string): Promise<z.output<typeof storyStep>[]> {
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('workload', '=', workload)
    .orderBy('block')
    .orderBy('log_index')
    .execute()
  return rows.map((row) => {
    const { contract, name, time, block, transaction, args } = eventOf(row)
    return { contract, name, time, block, transaction, args: { ...args } }
  })
}

/** Time of the last block in the index. */
async function timeOf(db: Kysely<ApiSchema>): Promise<number> {
  return (await db.selectFrom('index_head').select('time').executeTakeFirst())?.time ?? 0
}

function conditionOf(status: (typeof LIST_STATUSES)[number], time: number) {
  const isOver = sql`(closed_at is not null or assigned_at + max_run_time < ${time})`
  switch (status) {
    case 'pending':
      return sql<boolean>`finished_at is null and assigned_at is null`
    case 'proving':
      return sql<boolean>`finished_at is null and assigned_at is not null and not ${isOver}`
    case 'revealing':
      return sql<boolean>`finished_at is null and assigned_at is not null and ${isOver}`
    case 'proven':
      return sql<boolean>`outcome = 'Proven'`
    case 'cancelled':
      return sql<boolean>`outcome = 'Cancelled'`
    case 'expired':
      return sql<boolean>`outcome not in ('Proven', 'Cancelled')`
  }
}

function summaryOf(row: Selectable<ApiSchema['workloads']>, time: number): z.output<typeof workloadSummary> {
  const { workload, outcome, program, requester, fee, redundancy, commits, ranks, paid, refunded, burned } = row
  return {
    ...{ workload, status: statusOf(row, time), outcome, program, requester, class: row.class, fee },
    ...{ maxRunTime: row.max_run_time, redundancy, submittedAt: row.submitted_at, assignedAt: row.assigned_at },
    ...{ closedAt: row.closed_at, finishedAt: row.finished_at, commits, ranks, paid, refunded, burned },
  }
}

function statusOf(row: Selectable<ApiSchema['workloads']>, time: number): (typeof LIST_STATUSES)[number] {
  if (row.outcome !== null) {
    if (row.outcome === 'Proven') return 'proven'
    return row.outcome === 'Cancelled' ? 'cancelled' : 'expired'
  }
  if (row.assigned_at === null) return 'pending'
  return row.closed_at !== null || row.assigned_at + row.max_run_time < time ? 'revealing' : 'proving'
}
