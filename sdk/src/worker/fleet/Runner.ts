import type { Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { Bell } from '../Bell.js'
import type { Logger } from '../log/Logger.js'
import type { ResourceLedger } from '../run/ResourceLedger.js'
import { assertVersion, type Fleet } from './openFleet.js'
import type { RunnerBook, RunnerFacts } from './RunnerBook.js'
import type { RunnerQueue, TakenTask } from './RunnerQueue.js'
import { NEW_TASKS } from './TaskQueue.js'
import type { TaskOutcome, TaskRun } from './TaskRun.js'

/** How a task ended here: with a result, given back, or taken away before there was one. */
export type TaskEnd = TaskOutcome['result']['kind'] | 'returned' | 'lost'

/** What a {@link Runner} needs. */
export interface RunnerOptions {
  readonly fleet: Fleet
  readonly queue: RunnerQueue
  readonly book: RunnerBook
  readonly facts: RunnerFacts
  readonly ledger: ResourceLedger
  readonly run: TaskRun
  readonly clock: Clock
  readonly log: Logger
  /** Milliseconds in which programs may end after the stop. */
  readonly graceMs: number
  /** Told of every task that ended. */
  readonly onEnd: (end: TaskEnd) => void
  /** Told whenever the database has answered, with the number of tasks under way. */
  readonly onBeat: (busy: number) => void
}

interface Bench {
  readonly task: TakenTask
  readonly controller: AbortController
  readonly done: Promise<void>
}

/** The task was given to another, or nobody needs it any more. */
class TaskLost extends Error {
  override readonly name = 'AbortError'
}

const BEAT_MS = 3_000
/** How often a runner that was not called looks for work. */
const LOOK_MS = 5_000
/** A machine that refused work takes none for a while, so that another gets it. */
const REST_MS = 15_000
const RETRY_MS = 2_000

/** Takes tasks that this machine has room for, and renews their leases while it works on them. It holds no key and speaks with no chain. */
export class Runner {
  readonly #options: RunnerOptions
  readonly #benches = new Map<string, Bench>()
  readonly #outdated = new AbortController()
  readonly #bell: Bell
  readonly #startedAt: number
  #isStopping = false
  #isUnheard = false
  #restsUntil = 0
  #proved = 0
  #unproved = 0

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#bell = new Bell(options.clock)
    this.#startedAt = options.clock.elapsed()
  }

  /**
   * Works until `stop` is aborted. Then no task is taken any more, running programs get their grace, and what is unfinished goes to another runner.
   * @throws GevulotError WORKER_STATE_NEWER when a newer version has changed the tables: what was begun is finished first.
   */
  async run(stop: AbortSignal): Promise<void> {
    const { fleet, queue, book, facts, log } = this.#options
    const rest = await queue.giveBackAll()
    if (rest > 0)
      log.warn('an earlier process of this runner had tasks; they are given back', { stage: 'start', tasks: rest })
    const unheard = fleet.wire.on(NEW_TASKS, () => this.#bell.ring())
    const finished = new AbortController()
    const beating = this.#beat(finished.signal)
    const over = AbortSignal.any([stop, this.#outdated.signal])
    log.info('runner started', { stage: 'start', runner: facts.name, ...facts.capacity })
    try {
      await this.#look(over)
      await this.#drain(stop)
    } finally {
      unheard()
      finished.abort()
      await beating
      await book.leave(facts.id).catch(() => undefined)
    }
    log.info('runner stopped', { stage: 'stop' })
    this.#outdated.signal.throwIfAborted()
  }

  /** Gives everything under way to others, now. */
  stopAll(): void {
    for (const { controller } of this.#benches.values()) controller.abort()
  }

  async #look(over: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    while (!over.aborted) {
      try {
        // One after the other: what the first needs is not there for the second.
        while (clock.elapsed() >= this.#restsUntil && (await this.#takeOne(over)));
      } catch (error) {
        log.warn('no work can be taken now', { stage: 'fleet', error })
      }
      await this.#bell.wait(LOOK_MS, over)
    }
  }

  async #takeOne(over: AbortSignal): Promise<boolean> {
    const { queue, ledger } = this.#options
    if (over.aborted) return false
    const task = await queue.take(
      (shape) => ledger.refusal(shape) === undefined,
      (shape) => ledger.hasRoom(shape),
    )
    if (task !== undefined) this.#begin(task)
    return task !== undefined
  }

  /** Waits for what was begun; a stop allows it the grace, and then gives it to others. */
  async #drain(stop: AbortSignal): Promise<void> {
    const { clock, graceMs, log } = this.#options
    this.#isStopping = true
    log.info('the runner takes no more work', { stage: 'stop', tasks: this.#benches.size })
    const ended = Promise.all([...this.#benches.values()].map(({ done }) => done))
    const over = new AbortController()
    const late = (async () => {
      await new Promise<void>((resolve) => {
        if (stop.aborted) resolve()
        stop.addEventListener('abort', () => resolve(), { once: true })
        over.signal.addEventListener('abort', () => resolve(), { once: true })
      })
      await clock.sleep(graceMs, over.signal).catch(() => undefined)
    })()
    await Promise.race([ended, late])
    over.abort()
    this.stopAll()
    await ended
  }

  /** Says that this runner is there, and renews its leases. */
  async #beat(finished: AbortSignal): Promise<void> {
    const { fleet, queue, book, facts, clock, log, onBeat } = this.#options
    while (!finished.aborted) {
      try {
        for (const { task, controller } of [...this.#benches.values()]) {
          if ((await queue.touch(task)) || !this.#benches.has(task.id)) continue
          controller.abort(new TaskLost('the task is not this runner’s any more'))
        }
        const figures = { busy: this.#benches.size, stopping: this.#isStopping }
        const counts = { proved: this.#proved, unproved: this.#unproved }
        await book.say(facts, { ...figures, ...counts }, (clock.elapsed() - this.#startedAt) / 1000)
        await assertVersion(fleet.db, fleet.name)
        if (this.#isUnheard) log.info('the database answers again', { stage: 'fleet' })
        this.#isUnheard = false
        onBeat(this.#benches.size)
      } catch (error) {
        if (GevulotError.is(error, 'WORKER_STATE_NEWER')) this.#outdated.abort(error)
        else if (!this.#isUnheard) log.warn('the database does not answer; programs go on', { stage: 'fleet', error })
        this.#isUnheard = true
      }
      await clock.sleep(BEAT_MS, finished).catch(() => undefined)
    }
  }

  #begin(task: TakenTask): void {
    const { log, onEnd } = this.#options
    const controller = new AbortController()
    const about = { workload: task.order.workload, stage: 'fleet', task: task.id, attempt: task.retryCount }
    log.info('a task is taken', about)
    const done = this.#work(task, controller.signal)
      .then((end) => {
        log.info('a task has ended here', { ...about, ended: end })
        onEnd(end)
        if (end === 'proved') this.#proved++
        else this.#unproved++
        if (end === 'refused') this.#restsUntil = this.#options.clock.elapsed() + REST_MS
      })
      .catch((error: unknown) => log.error('a task failed unexpectedly; its lease runs out', { ...about, error }))
      .finally(() => {
        this.#benches.delete(task.id)
        this.#bell.ring()
      })
    this.#benches.set(task.id, { task, controller, done })
  }

  async #work(task: TakenTask, signal: AbortSignal): Promise<TaskEnd> {
    const { queue, ledger, run, log } = this.#options
    const onStage = async (stage: 'fetching' | 'running'): Promise<void> => {
      log.info(`task ${stage}`, { workload: task.order.workload, stage })
      await queue.stage(task, stage).catch(() => undefined)
    }
    const outcome = await ledger
      .run(task.shape, (grant) => run.run(task, grant, onStage, signal))
      .catch((error: unknown): TaskOutcome => {
        log.error('work failed unexpectedly', { workload: task.order.workload, stage: 'running', error })
        return { result: { kind: 'refused', why: 'an unexpected error of the runner', runs: [], log: '' } }
      })
    if (outcome === undefined) {
      if (signal.reason instanceof TaskLost) return this.#lost(task)
      await queue.giveBack(task)
      return 'returned'
    }
    return this.#deliver(task, outcome)
  }

  /** The database may be gone for a moment: what took hours to prove is not thrown away for that. */
  async #deliver(task: TakenTask, { result, proof }: TaskOutcome): Promise<TaskEnd> {
    const { queue, run, clock, log } = this.#options
    const until = clock.elapsed() + Math.max(task.milliseconds, BEAT_MS)
    for (;;) {
      try {
        if (!(await queue.finish(task, result, proof))) return await this.#lost(task)
        await run.clear(task)
        return result.kind
      } catch (error) {
        if (clock.elapsed() > until) throw error
        log.warn('a result cannot be delivered now; once more', {
          workload: task.order.workload,
          stage: 'fleet',
          error,
        })
        await clock.sleep(RETRY_MS)
      }
    }
  }

  async #lost(task: TakenTask): Promise<TaskEnd> {
    const { run, log } = this.#options
    log.warn('the task is not this runner’s any more; its result is dropped', {
      workload: task.order.workload,
      stage: 'fleet',
    })
    await run.clear(task)
    return 'lost'
  }
}
