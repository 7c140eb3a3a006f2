import type { Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { Bell } from '../Bell.js'
import type { Logger } from '../log/Logger.js'
import type { ResourceLedger } from '../run/ResourceLedger.js'
import { groupOf, type TaskResult } from './messages.js'
import { assertVersion, type Fleet } from './openFleet.js'
import type { RunnerBook, RunnerFacts } from './RunnerBook.js'
import type { RunnerQueue, Stage, TakenTask } from './RunnerQueue.js'
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

  constructor() {
    super('the task is not this runner’s any more')
  }
}

const BEAT_MS = 3_000
/** How often a runner that was not called looks for work. */
const LOOK_MS = 5_000
/** A machine that refused work takes none for a while, so that another gets it. */
const REST_MS = 15_000
/** So long it leaves alone what it could not do itself, or others would have to be quicker to get it. */
const FAILED_MS = 300_000
/** And what it has proved: if that is given again, the contract has refused its proof. */
const PROVED_MS = 15_000
const RETRY_MS = 2_000

/** Takes tasks that this machine has room for, and renews their leases while it works on them. It holds no key and speaks with no chain. */
export class Runner {
  readonly #options: RunnerOptions
  /** A task may have two for a while: an attempt that was lost, and the next one. */
  readonly #benches = new Set<Bench>()
  /** How far tasks are, as long as that is not written down. */
  readonly #unsaid = new Map<TakenTask, Stage>()
  /** What is for others now, by group, until when. */
  readonly #left = new Map<string, number>()
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
    const beating = Promise.all([this.#renew(finished.signal), this.#beat(finished.signal)])
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
    for (const { controller } of this.#benches) controller.abort()
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
    const { queue, ledger, clock } = this.#options
    if (over.aborted) return false
    for (const [group, until] of this.#left) if (until < clock.elapsed()) this.#left.delete(group)
    // What runs here is not begun again: if its lease ran out, it is renewed as long as nobody else has the task.
    const own = [...this.#benches].map(({ task: { order } }) => groupOf(order))
    const task = await queue.take(
      (shape) => ledger.refusal(shape) === undefined,
      (shape) => ledger.hasRoom(shape),
      [...this.#left.keys(), ...own],
    )
    if (task !== undefined) this.#begin(task)
    return task !== undefined
  }

  /** Waits for what was begun; a stop allows it the grace, and then gives it to others. */
  async #drain(stop: AbortSignal): Promise<void> {
    const { clock, graceMs, log } = this.#options
    this.#isStopping = true
    log.info('the runner takes no more work', { stage: 'stop', tasks: this.#benches.size })
    const ended = Promise.all([...this.#benches].map(({ done }) => done))
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

  /** Renews its leases, apart from all else that is said: one hanging statement must not cost a run. */
  async #renew(finished: AbortSignal): Promise<void> {
    const { queue, clock } = this.#options
    while (!finished.aborted) {
      const touched = [...this.#benches].map(async (bench) => {
        // That the database does not answer is said once, with the rest.
        const isOwn = await queue.touch(bench.task).catch(() => true)
        // It may have been delivered meanwhile.
        if (!isOwn && this.#benches.has(bench)) bench.controller.abort(new TaskLost())
      })
      await Promise.all(touched)
      await clock.sleep(BEAT_MS, finished).catch(() => undefined)
    }
  }

  /** Says that this runner is there, and asks whether its version still serves. */
  async #beat(finished: AbortSignal): Promise<void> {
    const { fleet, book, facts, clock, log, onBeat } = this.#options
    while (!finished.aborted) {
      try {
        const figures = { busy: this.#benches.size, stopping: this.#isStopping }
        const counts = { proved: this.#proved, unproved: this.#unproved }
        await book.say(facts, { ...figures, ...counts }, (clock.elapsed() - this.#startedAt) / 1000)
        await assertVersion(fleet.db, fleet.name)
        if (this.#isUnheard) log.info('the database answers again', { stage: 'fleet' })
        this.#isUnheard = false
        onBeat(this.#benches.size)
        // A coordinator that was not told takes a task that runs for one that waits.
        for (const task of this.#unsaid.keys()) await this.#sayStage(task)
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
    // An attempt that this runner has lost and does not know of yet works in the same directory.
    const earlier = [...this.#benches].filter((bench) => bench.task.id === task.id)
    for (const bench of earlier) bench.controller.abort(new TaskLost())
    const over = Promise.all(earlier.map(({ done }) => done))
    const done = this.#work(task, over, controller.signal)
      .then((end) => {
        log.info('a task has ended here', { ...about, ended: end })
        onEnd(end)
        if (end === 'proved') this.#proved++
        else this.#unproved++
        if (end === 'refused') this.#restsUntil = this.#options.clock.elapsed() + REST_MS
      })
      .catch((error: unknown) => log.error('a task failed unexpectedly; its lease runs out', { ...about, error }))
      .finally(() => {
        this.#benches.delete(bench)
        this.#unsaid.delete(task)
        this.#bell.ring()
      })
    const bench: Bench = { task, controller, done }
    this.#benches.add(bench)
  }

  /** @param over Resolves when this runner's earlier attempts at the task have ended. */
  async #work(task: TakenTask, over: Promise<unknown>, signal: AbortSignal): Promise<TaskEnd> {
    const { queue, ledger, run, log } = this.#options
    const onStage = async (stage: Stage): Promise<void> => {
      log.info(`task ${stage}`, { workload: task.order.workload, stage })
      this.#unsaid.set(task, stage)
      await this.#sayStage(task)
    }
    const outcome = await ledger
      .run(
        task.shape,
        async (grant) => {
          await over
          return run.run(task, grant, onStage, signal)
        },
        { signal },
      )
      .catch((error: unknown): TaskOutcome | undefined => {
        if (signal.aborted) return undefined
        log.error('work failed unexpectedly', { workload: task.order.workload, stage: 'running', error })
        return { result: { kind: 'refused', why: 'an unexpected error of the runner', runs: [], log: '' } }
      })
    if (outcome === undefined) {
      if (signal.reason instanceof TaskLost) return this.#lost(task)
      await queue.giveBack(task)
      return 'returned'
    }
    // Before the coordinator hears of it.
    this.#left.set(groupOf(task.order), this.#options.clock.elapsed() + leaveMs(outcome.result))
    return this.#deliver(task, outcome, signal)
  }

  /** Says how far a task is. What fails is said again with the next beat: the program does not wait for it. */
  async #sayStage(task: TakenTask): Promise<void> {
    const stage = this.#unsaid.get(task)
    if (stage === undefined) return
    try {
      await this.#options.queue.stage(task, stage)
      if (this.#unsaid.get(task) === stage) this.#unsaid.delete(task)
    } catch (error) {
      this.#options.log.debug('a stage could not be said now', { workload: task.order.workload, stage, error })
    }
  }

  /** The database may be gone for a moment: what took hours to prove is not thrown away for that. Who stops leaves it on the disk, for the next start. */
  async #deliver(task: TakenTask, { result, proof }: TaskOutcome, signal: AbortSignal): Promise<TaskEnd> {
    const { queue, run, clock, log } = this.#options
    const until = clock.elapsed() + Math.max(task.milliseconds, BEAT_MS)
    for (;;) {
      try {
        if (!(await queue.finish(task, result, proof))) return await this.#lost(task)
        await run.clear(task)
        return result.kind
      } catch (error) {
        if (signal.reason instanceof TaskLost) return this.#lost(task)
        if (signal.aborted || clock.elapsed() > until) throw error
        log.warn('a result cannot be delivered now; once more', {
          workload: task.order.workload,
          stage: 'fleet',
          error,
        })
        await clock.sleep(RETRY_MS, signal).catch(() => undefined)
      }
    }
  }

  async #lost(task: TakenTask): Promise<TaskEnd> {
    const { run, log } = this.#options
    log.warn('the task is not this runner’s any more; its result is dropped', {
      workload: task.order.workload,
      stage: 'fleet',
    })
    this.#left.delete(groupOf(task.order))
    await run.clear(task)
    return 'lost'
  }
}

/** How long a machine leaves work alone that it has ended so. */
function leaveMs(result: TaskResult): number {
  if (result.kind === 'proved') return PROVED_MS
  return result.kind === 'failed' && result.reason === 'OutOfTime' ? 0 : FAILED_MS
}
