import { sql, type Kysely } from 'kysely'
import type { z } from 'zod'
import { ZERO_ADDRESS } from '../../../chain/hex.js'
import type { programSummary } from '../../contract/indexShapes.js'
import type { ApiSchema, ProgramsTable } from '../../store/schema.js'
import { COUNTS, countsOf, type CountsRow } from './counts.js'
import { readRunTimes } from './runTimes.js'

/** A page of programs, newest first. */
export async function listPrograms(
  db: Kysely<ApiSchema>,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
) {
  const [block = 0, logIndex = 0] = (cursor ?? '').split('.').map(Number)
  const rows = await db
    .selectFrom('programs')
    .selectAll()
    .$if(cursor !== undefined, (query) => query.where(sql<boolean>`(block, log_index) < (${block}, ${logIndex})`))
    .orderBy('block', 'desc')
    .orderBy('log_index', 'desc')
    .limit(limit + 1)
    .execute()
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const ids = page.map(({ program }) => program)
  const [counts, medians] = await Promise.all([countsBy(db, ids), mediansBy(db, ids)])
  return {
    programs: page.map((row) => summaryOf(row, counts.get(row.program), medians.get(row.program) ?? null)),
    next: rows.length > limit && last !== undefined ? `${last.block}.${last.log_index}` : null,
  }
}

/** What became of the workloads of a program, why, and how long its proofs took; null before the index has it. */
export async function readProgramHistory(db: Kysely<ApiSchema>, program: string) {
  const row = await db.selectFrom('programs').selectAll().where('program', '=', program).executeTakeFirst()
  if (row === undefined) return null
  const [counts, runTimes, outcomes] = await Promise.all([
    countsBy(db, [program]),
    readRunTimes(db, { program }),
    sql<{ outcome: string; count: string }>`select outcome, count(*) as count from workloads
      where program = ${program} and outcome is not null group by outcome order by count(*) desc`.execute(db),
  ])
  return {
    ...summaryOf(row, counts.get(program), runTimes.p50),
    outcomes: outcomes.rows.map(({ outcome, count }) => ({ outcome, count: Number(count) })),
    runTimes,
  }
}

async function countsBy(db: Kysely<ApiSchema>, programs: readonly string[]): Promise<Map<string, CountsRow>> {
  if (programs.length === 0) return new Map()
  const { rows } = await sql<CountsRow & { program: string }>`select program, ${COUNTS} from workloads
    where program in (${sql.join(programs)}) group by program`.execute(db)
  return new Map(rows.map((row) => [row.program, row]))
}

async function mediansBy(db: Kysely<ApiSchema>, programs: readonly string[]): Promise<Map<string, number>> {
  if (programs.length === 0) return new Map()
  const { rows } = await sql<{ program: string; median: string }>`select program,
      percentile_disc(0.5) within group (order by run_time) as median
    from workloads join slots using (workload)
    where program in (${sql.join(programs)}) and run_time is not null and valid is not false group by program`.execute(
    db,
  )
  return new Map(rows.map(({ program, median }) => [program, Number(median)]))
}

function summaryOf(
  row: ProgramsTable,
  counts: CountsRow | undefined,
  runTime: number | null,
): z.output<typeof programSummary> {
  const { program, deployer, uri } = row
  return {
    ...countsOf(counts),
    ...{ program, class: row.class, deployer, deployedAt: row.deployed_at, uri },
    ...{ judged: row.verifier === ZERO_ADDRESS, bindsProver: row.binds_prover, runTime },
  }
}
