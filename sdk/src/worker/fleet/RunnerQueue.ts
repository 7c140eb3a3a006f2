import { GevulotError } from '../../errors/GevulotError.js'
import { workerError } from '../../errors/codes/worker.js'
import { taskOrder, type TaskOrder, type TaskResult } from './messages.js'
import { databaseNow, type Fleet } from './openFleet.js'
import { shapeOf, type Shape } from './shape.js'
import { call, within, type DeliveredProof } from './TaskQueue.js'

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
   */
  async take(canEver: (shape: Shape) => boolean, hasRoom: (shape: Shape) => boolean): Promise<TakenTask | undefined> {
    const { boss } = this.#fleet
    const waiting: { readonly queue: string; readonly shape: Shape; readonly since: number }[] = []
    for (const { name: queue } of await boss.getQueues()) {
      const shape = shapeOf(queue)
      if (shape === undefined || !canEver(shape)) continue
      const [oldest] = await boss.findJobs(queue, { queued: true, limit: 1 })
      if (oldest !== undefined) waiting.push({ queue, shape, since: oldest.createdOn.getTime() })
    }
    for (const { queue, shape } of waiting.sort((a, b) => a.since - b.since)) {
      if (!hasRoom(shape)) return undefined
      const [job] = await boss.fetch(queue)
      // Another was faster.
      if (job !== undefined) return this.#begin(job, shape)
    }
    return undefined
  }

  async #begin(job: { id: string; name: string; data: unknown; retryCount: number }, shape: Shape) {
    const { db, boss } = this.#fleet
    const attempt = { id: job.id, retryCount: job.retryCount }
    const order = taskOrder.safeParse(job.data)
    if (!order.success) {
      // Nobody of this version can read it.
      await boss.cancel(job.name, attempt)
      return undefined
    }
    const at = await databaseNow(db)
    await db
      .insertInto('attempts')
      .values({ task: job.id, attempt: job.retryCount, runner: this.#runner, stage: 'taken', result: null, at })
      .execute()
    return { ...attempt, queue: job.name, shape, order: order.data, milliseconds: order.data.endsAt - at }
  }

  /** Says how far a task is. */
  async stage({ id, retryCount }: TakenTask, stage: 'fetching' | 'running'): Promise<void> {
    const { db, name } = this.#fleet
    await db
      .updateTable('attempts')
      .set({ stage })
      .where('task', '=', id)
      .where('attempt', '=', retryCount)
      .where('runner', '=', this.#runner)
      .execute()
    await call(db, name, id)
  }

  /** Renews the lease of a task. @returns Whether it is still this runner's. */
  async touch({ id, queue, retryCount }: TakenTask): Promise<boolean> {
    return affected(await this.#fleet.boss.touch(queue, { id, retryCount })) === 1
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
        const ended = await boss.complete(queue, { id, retryCount }, null, within(trx))
        if (affected(ended) !== 1) throw workerError('WORKER_TASK_LOST', `task ${id} is another's now`)
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

  /** Gives a task to another runner at once. */
  async giveBack({ id, queue, retryCount }: Pick<TakenTask, 'id' | 'queue' | 'retryCount'>): Promise<void> {
    const { db, boss, name } = this.#fleet
    await boss.fail(queue, { id, retryCount }, { runner: this.#runner })
    await call(db, name, 'tasks')
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
    for (const { task, attempt, queue } of rows) await this.giveBack({ id: task, queue, retryCount: attempt })
    return rows.length
  }
}

/** How many jobs a command of pg-boss changed; its types do not say. */
function affected(response: object): number {
  const { affected: count } = response as { readonly affected?: unknown }
  if (typeof count !== 'number') throw new TypeError('the queue does not say what it changed')
  return count
}
