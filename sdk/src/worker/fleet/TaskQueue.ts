import { randomUUID } from 'node:crypto'
import { CompiledQuery, sql, type Transaction } from 'kysely'
import type { ConnectionOptions } from 'pg-boss'
import type { WorkloadId } from '../../chain/index.js'
import { COPY_LIMIT } from '../run/ProofStore.js'
import { groupOf, taskResult, type TaskOrder, type TaskResult } from './messages.js'
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

/** Whether a task waits for a runner, is with one, or is ended by none any more. */
export type Standing = 'waiting' | 'taken' | 'over'

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
// Longer than the queue itself keeps what waits.
const FORGET_SECONDS = 3 * 86_400

/** The coordinator's side of a fleet's queue. */
export class TaskQueue {
  readonly #fleet: Fleet
  readonly #account: string
  readonly #leaseSeconds: number
  readonly #queues = new Set<string>()
  /** Attempts to come, of which runners were told. */
  #called: ReadonlySet<string> = new Set()

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
      ...{ heartbeatSeconds: this.#leaseSeconds, group: { id: groupOf(order) } },
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

  /** Where a task stands. One of another format is over as soon as no runner has it: none takes it any more. */
  async standing({ id, queue }: Task): Promise<Standing> {
    const [job] = await this.#fleet.boss.findJobs(queue, { id })
    if (job?.state === 'active') return 'taken'
    const isWaiting = job?.state === 'created' || job?.state === 'retry'
    return isWaiting && !isOfOtherFormat({ queue }) ? 'waiting' : 'over'
  }

  /** The proof that was delivered for a task; none if it is larger than a fleet carries. */
  async proof({ id }: Task): Promise<DeliveredProof | undefined> {
    const row = await this.#fleet.db
      .selectFrom('task_proofs')
      .selectAll()
      .where('task', '=', id)
      .where(sql<boolean>`greatest(octet_length(proof), octet_length(public_inputs)) <= ${COPY_LIMIT}`)
      .executeTakeFirst()
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
    const { db, boss, name } = this.#fleet
    await boss.supervise()
    const { rows } = await sql<{ attempt: string }>`
      select id || ' ' || retry_count as attempt from ${sql.id(name, 'job')} where state = 'retry'`.execute(db)
    const attempts = rows.map(({ attempt }) => attempt)
    // Every runner that is called looks, and there may be hundreds.
    if (attempts.some((attempt) => !this.#called.has(attempt))) await call(db, name, NEW_TASKS)
    this.#called = new Set(attempts)
  }

  /**
   * Forgets tasks of this account that nobody can be waiting for: their workloads were over, or not this account's any more, while no coordinator was there.
   * @param except Workloads that are worked for.
   * @returns How many.
   */
  async sweep(except: ReadonlySet<WorkloadId>): Promise<number> {
    const { db } = this.#fleet
    const now = await databaseNow(db)
    const old = await db
      .selectFrom('tasks')
      .select(['task', 'queue', 'workload'])
      .where('account', '=', this.#account)
      .where('at', '<', now - FORGET_SECONDS * 1000)
      .execute()
    const left = old.filter(({ workload }) => !except.has(workload as WorkloadId))
    for (const { task: id, queue } of left) await this.remove({ id, queue })
    return left.length
  }
}

/** Whether a coordinator of another version has given the task, and tasks had another form there. */
export function isOfOtherFormat({ queue }: Pick<Task, 'queue'>): boolean {
  return shapeOf(queue) === undefined
}

/** Lets pg-boss work inside a transaction. */
export function within(trx: Transaction<FleetSchema>): Required<ConnectionOptions> {
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
