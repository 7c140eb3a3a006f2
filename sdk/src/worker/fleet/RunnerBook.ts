import { databaseNow, type Fleet } from './openFleet.js'
import type { Shape } from './shape.js'

/** What a runner is. */
export interface RunnerFacts {
  /** Of this data directory, for ever. */
  readonly id: string
  readonly name: string
  readonly version: string
  readonly runtime: string
  readonly capacity: Shape & { readonly runs: number }
}

/** What a runner does. */
export interface RunnerFigures {
  readonly busy: number
  readonly stopping: boolean
  /** Tasks it ended with a proof, and otherwise, since it started. */
  readonly proved: number
  readonly unproved: number
}

/** A runner of the fleet, as it told last. */
export interface KnownRunner extends RunnerFacts, RunnerFigures {
  /** Seconds since it started, and since it was heard of. */
  readonly upSeconds: number
  readonly seenSeconds: number
  /** Whether it is there and takes work. */
  readonly isReady: boolean
}

/** A runner that was not heard of for so long counts as gone. */
const GONE_SECONDS = 20
const FORGET_SECONDS = 86_400

/** Who is in a fleet. */
export class RunnerBook {
  readonly #fleet: Fleet

  constructor(fleet: Fleet) {
    this.#fleet = fleet
  }

  /** A runner says that it is there. */
  async say(facts: RunnerFacts, figures: RunnerFigures, startedSeconds: number): Promise<void> {
    const { db } = this.#fleet
    const now = await databaseNow(db)
    const { id, capacity, ...rest } = facts
    const { runs, cores, memoryMiB, outputMiB, gpus } = capacity
    const row = {
      ...{ ...rest, runs, cores, gpus, memory_mib: memoryMiB, output_mib: outputMiB },
      ...figures,
      ...{ started_at: now - startedSeconds * 1000, seen_at: now },
    }
    await db
      .insertInto('runners')
      .values({ id, ...row })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute()
  }

  /** A runner leaves. */
  async leave(id: string): Promise<void> {
    await this.#fleet.db.deleteFrom('runners').where('id', '=', id).execute()
  }

  /** All runners of which was heard in the last day, by name. */
  async list(): Promise<readonly KnownRunner[]> {
    const { db } = this.#fleet
    const now = await databaseNow(db)
    await db
      .deleteFrom('runners')
      .where('seen_at', '<', now - FORGET_SECONDS * 1000)
      .execute()
    const rows = await db.selectFrom('runners').selectAll().orderBy('name').orderBy('id').execute()
    return rows.map((row) => {
      const seenSeconds = Math.max(0, (now - row.seen_at) / 1000)
      return {
        ...{ id: row.id, name: row.name, version: row.version, runtime: row.runtime },
        capacity: {
          ...{ runs: row.runs, cores: row.cores, gpus: row.gpus },
          ...{ memoryMiB: row.memory_mib, outputMiB: row.output_mib },
        },
        ...{ busy: row.busy, stopping: row.stopping, proved: row.proved, unproved: row.unproved },
        ...{ upSeconds: Math.max(0, (now - row.started_at) / 1000), seenSeconds },
        isReady: !row.stopping && seenSeconds < GONE_SECONDS,
      }
    })
  }
}

/** Whether a runner's machine has as much as a task needs. */
export function canHold({ capacity }: Pick<RunnerFacts, 'capacity'>, shape: Shape): boolean {
  const { cores, memoryMiB, outputMiB, gpus } = capacity
  return shape.cores <= cores && shape.memoryMiB <= memoryMiB && shape.outputMiB <= outputMiB && shape.gpus <= gpus
}
