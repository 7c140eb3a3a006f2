import { sql, type Kysely } from 'kysely'
import type { ApiSchema } from '../../store/schema.js'

/** What workloads of a program say about a run time. */
export interface Chances {
  /** Workloads that ended and say something about it. */
  readonly ended: number
  /** Those of them with a valid proof within that time. */
  readonly proven: number
}

/**
 * How often a program would have been proven within a run time. A workload says so by its fastest valid proof, whatever time it had. One that ended
 * without a proof counts as none, but for those that had less time and might have needed no more than this, and those that were cancelled.
 */
export async function readChances(db: Kysely<ApiSchema>, program: string, maxRunTime: number): Promise<Chances> {
  const { rows } = await sql<{ ended: string; proven: string }>`
    select count(*) as ended, count(*) filter (where fastest <= ${maxRunTime}::integer) as proven
    from (
      select outcome, max_run_time, (
        select min(run_time) from slots where slots.workload = workloads.workload and valid
      ) as fastest
      from workloads where program = ${program} and outcome is not null and outcome <> 'Cancelled'
    ) workloads
    where outcome = 'Proven' or outcome <> 'TimedOut' or max_run_time >= ${maxRunTime}::integer`.execute(db)
  return { ended: Number(rows[0]?.ended ?? 0), proven: Number(rows[0]?.proven ?? 0) }
}
