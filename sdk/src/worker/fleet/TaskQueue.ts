import { randomUUID } from 'node:crypto'
import { CompiledQuery, sql, type Transaction } from 'kysely'
import type { ConnectionOptions } from 'pg-boss'
import type { WorkloadId } from '../../chain/index.js'
import { taskResult, type TaskOrder, type TaskResult } from './messages.js'
import { databaseNow, type Fleet } from './openFleet.js'
import type { FleetDatabase, FleetSchema } from './schema.js'
import { queueOf, shapeOf, type Shape } from './shape.js'

/** A task as its coordinator knows it. */
export interface Task {
  readonly id: string
  readonly queue: string
}

/** The newest time that a runner took a task. */
export interface Attempt {
  readonly number: number
  readonly runner: string
  readonly stage: 'taken' | 'fetching' | 'running' | 'ended'
  /** What came of it; `invalid` if it cannot be read. */
  readonly result?: TaskResult | 'invalid'
}

/** What is delivered with a proof. */
export interface DeliveredProof {
  readonly proof: Uint8Array
  readonly publicInputs: Uint8Array
}

/** Topic of the wire on which runners are told of work. */
export const NEW_TASKS = 'tasks'
/** How often a task whose runner was lost is given to another. */
export const RETRIES = 5

// pg-boss takes no more than a day.
const MOST_SECONDS = 86_399
const MARGIN_SECONDS = 60
const KEEP_SECONDS = 3_600
const RETENTION_SECONDS = 2 * 86_400

/** The coordinator's side of a fleet's queue. */
export class TaskQueue {
  readonly #fleet: Fleet
  readonly #account: string
  readonly #leaseSeconds: number
  readonly #queues = new Set<string>()

  /**
   * @param account Chain and operator: a fleet can work for several.
   * @param leaseSeconds A task whose runner was not heard of for so long is given to another.
   */
  constructor(fleet: Fleet, account: string, leaseSeconds: number) {
    this.#fleet = fleet
    this.#account = account
    this.#leaseSeconds = leaseSeconds
  }

  /** The task of a workload, if it was given to the fleet, by whatever process. */
  async find(workload: WorkloadId): Promise<Task | undefined> {
    const row = await this.#fleet.db
      .selectFrom('tasks')
      .select(['task', 'queue'])
      .where('account', '=', this.#account)
      .where('workload', '=', workload)
      .executeTakeFirst()
    return row && { id: row.task, queue: row.queue }
  }

  /**
   * Gives a workload to the fleet.
   * @param seconds Until the program must have ended.
   */
  async post(order: Omit<TaskOrder, 'endsAt'>, shape: Shape, seconds: number): Promise<Task> {
    const { db, boss } = this.#fleet
    const task = { id: randomUUID(), queue: queueOf(shape) }
    if (!this.#queues.has(task.queue)) await boss.createQueue(task.queue)
    this.#queues.add(task.queue)
    const at = await databaseNow(db)
    const options = {
      id: task.id,
      expireInSeconds: Math.max(1, Math.min(MOST_SECONDS, Math.ceil(seconds) + MARGIN_SECONDS)),
      heartbeatSeconds: this.#leaseSeconds,
      ...{ retryLimit: RETRIES, retryDelay: 0, deleteAfterSeconds: KEEP_SECONDS, retentionSeconds: RETENTION_SECONDS },
    }
    await db.transaction().execute(async (trx) => {
      await trx
        .insertInto('tasks')
        .values({ account: this.#account, workload: order.workload, task: task.id, queue: task.queue, at })
        .execute()
      await boss.send(task.queue, { ...order, endsAt: at + seconds * 1000 }, { ...options, ...within(trx) })
      await call(trx, this.#fleet.name, NEW_TASKS)
    })
    return task
  }

  /** The newest attempt at a task; undefined while no runner has taken it. */
  async newest({ id }: Task): Promise<Attempt | undefined> {
    const row = await this.#fleet.db
      .selectFrom('attempts')
      .selectAll()
      .where('task', '=', id)
      .orderBy('attempt', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (row === undefined) return undefined
    const { attempt: number, runner, stage, result } = row
    return { number, runner, stage, ...(result !== null && { result: resultOf(result) }) }
  }

  /** Whether a task may still end by a runner's doing. One of another format does while a runner has it: no other takes it. */
  async isAlive({ id, queue }: Task): Promise<boolean> {
    const [job] = await this.#fleet.boss.findJobs(queue, { id })
    const states = isOfOtherFormat({ queue }) ? ['active'] : ['created', 'retry', 'active']
    return job !== undefined && states.includes(job.state)
  }

  /** The proof that was delivered for a task. */
  async proof({ id }: Task): Promise<DeliveredProof | undefined> {
    const row = await this.#fleet.db.selectFrom('task_proofs').selectAll().where('task', '=', id).executeTakeFirst()
    return row && { proof: row.proof, publicInputs: row.public_inputs }
  }

  /** Ends a task whatever becomes of it, and forgets it: what its runner still delivers is refused. */
  async remove({ id, queue }: Task): Promise<void> {
    const { db, boss, name } = this.#fleet
    await db.transaction().execute(async (trx) => {
      // What has ended is not touched by it.
      await boss.cancel(queue, id, within(trx))
      await trx.deleteFrom('tasks').where('task', '=', id).execute()
      await trx.deleteFrom('attempts').where('task', '=', id).execute()
      await trx.deleteFrom('task_proofs').where('task', '=', id).execute()
      await call(trx, name, NEW_TASKS)
    })
  }

  /** Gives tasks of runners that were not heard of to others. */
  async supervise(): Promise<void> {
    await this.#fleet.boss.supervise()
    await call(this.#fleet.db, this.#fleet.name, NEW_TASKS)
  }
}

/** Whether a coordinator of another version has given the task, and tasks had another form there. */
export function isOfOtherFormat({ queue }: Pick<Task, 'queue'>): boolean {
  return shapeOf(queue) === undefined
}

/** Lets pg-boss work inside a transaction. */
export function within(trx: Transaction<FleetSchema>): ConnectionOptions {
  return {
    db: {
      executeSql: async (text, values) => {
        const { rows } = await trx.executeQuery<never>(CompiledQuery.raw(text, values ?? []))
        return { rows: [...rows] }
      },
    },
  }
}

/** Calls everybody who waits for a topic, once the transaction is committed. */
export async function call(db: FleetDatabase, fleet: string, topic: string): Promise<void> {
  await sql`select pg_notify(${fleet}, ${topic})`.execute(db)
}

function resultOf(text: string): TaskResult | 'invalid' {
  try {
    const parsed = taskResult.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : 'invalid'
  } catch {
    return 'invalid'
  }
}
