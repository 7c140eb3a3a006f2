import { sql, type Transaction } from 'kysely'
import type { ConnectionOptions } from 'pg-boss'
import { GevulotError } from '../../errors/GevulotError.js'
import { workerError } from '../../errors/codes/worker.js'
import { taskOrder, type TaskOrder, type TaskResult } from './messages.js'
import { databaseNow, type Fleet } from './openFleet.js'
import type { FleetSchema } from './schema.js'
import { shapeOf, type Shape } from './shape.js'
import { call, NEW_TASKS, within, type DeliveredProof } from './TaskQueue.js'

/** A task that a runner has taken. */
export interface TakenTask {
  readonly id: string
  readonly queue: string
  readonly shape: Shape
  /** The queue's number of this attempt: whatever is done for it fails once the task was given to another. */
  readonly retryCount: number
  readonly order: TaskOrder
  /** Milliseconds until the program must have ended, when it was taken. */
  readonly milliseconds: number
}

/** How far a runner is with a task. */
export type Stage = 'fetching' | 'running'

/** The runner's side of a fleet's queue. */
export class RunnerQueue {
  readonly #fleet: Fleet
  readonly #runner: string

  /** @param runner Id of the runner, of no other. */
  constructor(fleet: Fleet, runner: string) {
    this.#fleet = fleet
    this.#runner = runner
  }

  /**
   * Takes the oldest task that this runner can do. One that needs more than is free now is waited for: smaller ones that came later do not pass it for ever.
   * @param canEver Whether the machine has as much at all.
   * @param hasRoom Whether it has it now.
   * @param except Groups of tasks that are left to others.
   */
  async take(
    canEver: (shape: Shape) => boolean,
    hasRoom: (shape: Shape) => boolean,
    except: readonly string[] = [],
  ): Promise<TakenTask | undefined> {
    const { boss, db, name } = this.#fleet
    // Strangers' manifests make queues, and nobody takes them away: they are not asked one by one.
    const { rows } = await sql<{ queue: string }>`
      select name as queue from ${sql.id(name, 'job')}
      where state < 'active' and (group_id is null or group_id <> all(${[...except]}::text[]))
      group by name order by min(created_on)`.execute(db)
    for (const { queue } of rows) {
      const shape = shapeOf(queue)
      if (shape === undefined || !canEver(shape)) continue
      if (!hasRoom(shape)) return undefined
      // Taken and noted, or neither: otherwise nobody would have it until a lease is over, and it would count as lost.
      const task = await db.transaction().execute(async (trx) => {
        const [job] = await boss.fetch(queue, { ignoreGroups: [...except], ...within(trx) })
        // Otherwise another was faster.
        return job && this.#begin(job, shape, trx)
      })
      if (task !== undefined) return task
    }
    return undefined
  }

  async #begin(
    job: { id: string; name: string; data: unknown; retryCount: number },
    shape: Shape,
    trx: Transaction<FleetSchema>,
  ): Promise<TakenTask | undefined> {
    const { boss } = this.#fleet
    const attempt = { id: job.id, retryCount: job.retryCount }
    const order = taskOrder.safeParse(job.data)
    if (!order.success) {
      // Nobody of this version can read it.
      await boss.cancel(job.name, attempt, within(trx))
      return undefined
    }
    const at = await databaseNow(trx)
    await trx
      .insertInto('attempts')
      .values({ task: job.id, attempt: job.retryCount, runner: this.#runner, stage: 'taken', result: null, at })
      .execute()
    return { ...attempt, queue: job.name, shape, order: order.data, milliseconds: order.data.endsAt - at }
  }

  /** Says how far a task is. It can be said again: what comes late takes nothing back. */
  async stage({ id, retryCount }: TakenTask, stage: Stage): Promise<void> {
    const { db, name } = this.#fleet
    await db
      .updateTable('attempts')
      .set({ stage })
      .where('task', '=', id)
      .where('attempt', '=', retryCount)
      .where('runner', '=', this.#runner)
      .where('stage', 'in', stage === 'running' ? ['taken', 'fetching'] : ['taken'])
      .execute()
    await call(db, name, id)
  }

  /** Renews the lease of a task, also one that ran out while nobody else took the task. @returns Whether it is still this runner's. */
  async touch(task: TakenTask): Promise<boolean> {
    const { boss } = this.#fleet
    const { id, queue, retryCount } = task
    // By the queue's connections, which wait no longer for an answer than a lease allows.
    return affected(await boss.touch(queue, { id, retryCount })) === 1 || this.#reclaim(task, boss.getDb())
  }

  /**
   * Takes a task back whose lease ran out. Whoever takes it raises its count, so nobody else has it; and what was given back says by whom.
   * @returns Whether it was there to be taken back.
   */
  async #reclaim({ id, queue, retryCount }: TakenTask, through: Required<ConnectionOptions>['db']): Promise<boolean> {
    const { db, name } = this.#fleet
    const { sql: text, parameters } = sql`
      update ${sql.id(name, 'job')} set state = 'active', heartbeat_on = ${sql.id(name, 'job_now')}()
      where name = ${queue} and id = ${id} and retry_count = ${retryCount} and state = 'retry'
        and output ->> 'runner' is null
      returning id`.compile(db)
    const { rows } = await through.executeSql(text, [...parameters])
    return rows.length > 0
  }

  /**
   * Ends a task: result, proof and the queue's record of it are written together or not at all.
   * @returns Whether it was still this runner's; otherwise nothing was written.
   */
  async finish(task: TakenTask, result: TaskResult, proof?: DeliveredProof): Promise<boolean> {
    const { db, boss, name } = this.#fleet
    const { id, queue, retryCount } = task
    try {
      await db.transaction().execute(async (trx) => {
        const complete = async (): Promise<boolean> =>
          affected(await boss.complete(queue, { id, retryCount }, null, within(trx))) === 1
        const isEnded = (await complete()) || ((await this.#reclaim(task, within(trx).db)) && (await complete()))
        if (!isEnded) throw workerError('WORKER_TASK_LOST', `task ${id} is another's now`)
        await trx
          .updateTable('attempts')
          .set({ stage: 'ended', result: JSON.stringify(result) })
          .where('task', '=', id)
          .where('attempt', '=', retryCount)
          .execute()
        if (proof !== undefined) {
          await trx
            .insertInto('task_proofs')
            .values({ task: id, proof: proof.proof, public_inputs: proof.publicInputs })
            .execute()
        }
        await call(trx, name, id)
      })
      return true
    } catch (error) {
      if (GevulotError.is(error, 'WORKER_TASK_LOST')) return false
      throw error
    }
  }

  /** Gives a task to another runner at once, though it could be done here: that does not count among the times that it was lost. */
  async giveBack({ id, queue, retryCount }: Pick<TakenTask, 'id' | 'queue' | 'retryCount'>): Promise<void> {
    const { db, name } = this.#fleet
    await db.transaction().execute(async (trx) => {
      await sql`
        update ${sql.id(name, 'job')} set retry_limit = retry_limit + 1
        where name = ${queue} and id = ${id} and retry_count = ${retryCount} and state = 'active'`.execute(trx)
      await this.#fail({ id, queue, retryCount }, trx)
    })
  }

  /** Gives back what an earlier process of this runner had when it died. */
  async giveBackAll(): Promise<number> {
    const { db } = this.#fleet
    const rows = await db
      .selectFrom('attempts')
      .innerJoin('tasks', 'tasks.task', 'attempts.task')
      .select(['attempts.task', 'attempts.attempt', 'tasks.queue'])
      .where('attempts.runner', '=', this.#runner)
      .where('attempts.stage', '!=', 'ended')
      .execute()
    for (const { task, attempt, queue } of rows) {
      await db.transaction().execute((trx) => this.#fail({ id: task, queue, retryCount: attempt }, trx))
    }
    return rows.length
  }

  async #fail(
    { id, queue, retryCount }: Pick<TakenTask, 'id' | 'queue' | 'retryCount'>,
    trx: Transaction<FleetSchema>,
  ): Promise<void> {
    const { boss, name } = this.#fleet
    await boss.fail(queue, { id, retryCount }, { runner: this.#runner }, within(trx))
    await call(trx, name, NEW_TASKS)
  }
}

/** How many jobs a command of pg-boss changed; its types do not say. */
function affected(response: object): number {
  const { affected: count } = response as { readonly affected?: unknown }
  if (typeof count !== 'number') throw new TypeError('the queue does not say what it changed')
  return count
}
