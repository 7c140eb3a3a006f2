import { keccak256 } from 'ethers'
import type { ProgramId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { digestOf } from '../../content/index.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { Bell } from '../Bell.js'
import type { Logger } from '../log/Logger.js'
import type { ProofCheck } from '../run/checkOnChain.js'
import type { ContentFetcher } from '../run/ContentFetcher.js'
import { Ended, failed, refused } from '../run/Ended.js'
import { largestOf, NoLongerNeeded, type Executor, type OnStage } from '../run/Executor.js'
import type { KeptProof, ProofStore } from '../run/ProofStore.js'
import { mostAtOnce } from '../run/ResourceLedger.js'
import { isJudged, type WorkOrder, type WorkResult } from '../run/WorkOrder.js'
import type { RunHistory } from '../store/RunHistory.js'
import type { TaskResult } from './messages.js'
import { assertVersion, type Fleet } from './openFleet.js'
import { canHold, type KnownRunner, type RunnerBook } from './RunnerBook.js'
import type { Shape } from './shape.js'
import { isOfOtherFormat, type Attempt, type Task, type TaskQueue } from './TaskQueue.js'

/** What a {@link FleetExecutor} needs. */
export interface FleetExecutorOptions {
  readonly fleet: Fleet
  readonly queue: TaskQueue
  readonly book: RunnerBook
  readonly chainId: number
  /** Seconds in which runners must be heard of. */
  readonly leaseSeconds: number
  readonly fetcher: ContentFetcher
  /** Asks the verifier contract: a runner's word is not enough. */
  readonly check: ProofCheck
  readonly proofs: ProofStore
  readonly history: RunHistory
  readonly clock: Clock
  readonly log: Logger
  /** A task goes to another runner. */
  readonly onRetry: () => void
}

const LOOK_MS = 3_000
const ALIVE_MS = 6_000
const SUPERVISE_MS = 1_000
const RETRY_MS = 2_000
/** On how many machines work is tried that the first refused. */
const MOST_REFUSALS = 3

/**
 * Has the runners of a fleet prove. A task outlives this process: the next coordinator finds it in the queue, with what has come of it.
 */
export class FleetExecutor implements Executor {
  readonly #options: FleetExecutorOptions
  #runners: readonly KnownRunner[] = []
  /** Tasks that no runner has taken. */
  readonly #waiting = new Set<string>()
  /** What programs need, once their manifests were read. */
  readonly #needs = new Map<ProgramId, Shape>()

  constructor(options: FleetExecutorOptions) {
    this.#options = options
  }

  /** Runners of the fleet, as they were when last looked at. */
  get runners(): readonly KnownRunner[] {
    return this.#runners
  }

  /** Tasks that wait for a runner. */
  get waiting(): number {
    return this.#waiting.size
  }

  get isBusy(): boolean {
    return (
      this.#waiting.size > 0 || !this.#runners.some(({ isReady, busy, capacity }) => isReady && busy < capacity.runs)
    )
  }

  atOnce(program: ProgramId): number {
    const needs = this.#needs.get(program)
    const rooms = this.#runners
      .filter(({ isReady }) => isReady)
      .map(({ capacity }) => (needs === undefined ? capacity.runs : mostAtOnce(capacity, needs)))
    return rooms.reduce((sum, count) => sum + count, 0)
  }

  /** Looks after the queue: only the process that holds the account may. */
  async run(signal: AbortSignal): Promise<void> {
    const { queue, book, leaseSeconds, clock, log } = this.#options
    // Runners that could not reach the database, as this process could not, must have had time to be heard.
    let from = clock.elapsed() + leaseSeconds * 1000
    while (!signal.aborted) {
      try {
        this.#runners = await book.list()
        if (clock.elapsed() >= from) await queue.supervise()
      } catch (error) {
        from = clock.elapsed() + leaseSeconds * 1000
        log.warn('the fleet cannot be looked after now', { stage: 'fleet', error })
      }
      await clock.sleep(SUPERVISE_MS, signal).catch(() => undefined)
    }
  }

  async work(order: WorkOrder, onStage: OnStage, signal: AbortSignal): Promise<WorkResult> {
    try {
      const kept = (await this.#options.proofs.find(order.workload)) ?? (await this.#proved(order, onStage, signal))
      if (!isJudged(order)) await this.#check(order, kept, signal)
      return { kind: 'proved', proof: kept }
    } catch (error) {
      if (error instanceof Ended) return error.result
      if (!signal.aborted) throw error
      // Otherwise only this process ends, and the runner goes on.
      if (signal.reason instanceof NoLongerNeeded) await this.#forget(order)
      return { kind: 'stopped' }
    }
  }

  async #proved(order: WorkOrder, onStage: OnStage, signal: AbortSignal): Promise<KeptProof> {
    await onStage('fetching')
    const { log } = this.#options
    for (let refusals = 1; ;) {
      const task = await this.#taskOf(order, signal)
      const ended = await this.#resultOf(task, order, onStage, signal)
      if (ended === undefined) {
        log.warn('a task of another version ended without a result; it is given anew', { workload: order.workload })
        await this.#options.queue.remove(task)
        this.#options.onRetry()
        continue
      }
      const [result, runner] = ended
      log.info('a runner has ended a task', { workload: order.workload, stage: 'running', runner, ended: result.kind })
      await this.#note(order, result)
      if (result.kind === 'proved') return this.#adopt(order, task, result.digest, runner)
      await this.#options.queue.remove(task)
      if (result.kind === 'failed') throw failed(result.reason, result.why)
      // Another machine may do it: the one that refused takes nothing for a while.
      const others = this.#runners.filter(({ id, isReady }) => isReady && id !== runner)
      if (others.length === 0 || refusals === MOST_REFUSALS) throw refused(result.why)
      refusals++
      log.warn('a runner refused work; another is asked', { workload: order.workload, runner, why: result.why })
      this.#options.onRetry()
    }
  }

  /** The task of the workload: that of an earlier process, or a new one. */
  async #taskOf(order: WorkOrder, signal: AbortSignal): Promise<Task> {
    const { queue, chainId } = this.#options
    const known = await this.#patiently(order, signal, () => queue.find(order.workload))
    if (known !== undefined) return known
    await this.#assertOwnVersion(order, signal)
    const shape = await this.#shapeOf(order, signal)
    const { workload, programId, program, inputs, publicInputs, prover } = order
    const { prover: proverPackage, verifierProgram, verifier, verifierGas, class: hardwareClass, bindsProver } = program
    const post = () =>
      queue.post(
        {
          ...{ chainId, workload, programId, inputs, publicInputs, prover },
          program: {
            ...{ prover: proverPackage, verifierProgram, verifier, verifierGas },
            ...{ class: hardwareClass, bindsProver },
          },
          uris: order.uris.slice(0, 64),
        },
        shape,
        order.secondsLeft(),
      )
    return this.#patiently(order, signal, async () => (await queue.find(workload)) ?? post())
  }

  /** Accounts may share a fleet, and the coordinator of another one may have brought it to a version that this one must not write to. */
  async #assertOwnVersion(order: WorkOrder, signal: AbortSignal): Promise<void> {
    const { fleet, log } = this.#options
    try {
      await this.#patiently(order, signal, () => assertVersion(fleet.db, fleet.name))
    } catch (error) {
      if (!GevulotError.is(error, 'WORKER_STATE_NEWER')) throw error
      log.error('no work can be given to the fleet: its tables are of a newer version; start that one here too', {
        ...{ workload: order.workload, stage: 'fleet', error },
      })
      throw refused('the fleet is of a newer version than its coordinator')
    }
  }

  /** What the work needs; refused if no runner that is there has it. */
  async #shapeOf(order: WorkOrder, signal: AbortSignal): Promise<Shape> {
    const { fetcher, book, log } = this.#options
    const digests = [order.program.prover, ...(isJudged(order) ? [order.program.verifierProgram] : [])]
    const manifests = await Promise.all(digests.map((digest) => fetcher.manifest(order, digest, signal)))
    const shape = largestOf(manifests.map(({ resources }) => resources))
    this.#needs.set(order.programId, shape)
    this.#runners = await this.#patiently(order, signal, () => book.list())
    const ready = this.#runners.filter(({ isReady }) => isReady)
    if (ready.length === 0) log.warn('no runner is there; work waits for one', { workload: order.workload })
    else if (!ready.some((runner) => canHold(runner, shape))) {
      const { cores, memoryMiB, outputMiB, gpus } = shape
      const wanted = `${cores} cores, ${memoryMiB} MiB of memory, ${outputMiB} MiB of output, ${gpus} graphics cards`
      throw refused(`the program wants ${wanted}, and no runner has them`)
    }
    return shape
  }

  /**
   * Waits until a task has ended, whichever runner ends it.
   * @returns Undefined if it is of another version, and ended without a result that can be read: it has to be given anew.
   */
  async #resultOf(
    task: Task,
    order: WorkOrder,
    onStage: OnStage,
    signal: AbortSignal,
  ): Promise<readonly [TaskResult, string] | undefined> {
    const { queue, clock, fleet, log, onRetry } = this.#options
    let [last, aliveAt]: [Attempt | undefined, number] = [undefined, clock.elapsed()]
    const bell = new Bell(clock)
    const unheard = fleet.wire.on(task.id, () => bell.ring())
    try {
      for (;;) {
        signal.throwIfAborted()
        const newest = await this.#patiently(order, signal, () => queue.newest(task))
        if (newest === undefined) this.#waiting.add(task.id)
        else this.#waiting.delete(task.id)
        if (last !== undefined && newest !== undefined && newest.number > last.number) {
          log.warn('a runner was lost; another has its task', {
            workload: order.workload,
            runner: last.runner,
            by: newest.runner,
          })
          onRetry()
        }
        if (newest?.result === 'invalid') {
          if (isOfOtherFormat(task)) return undefined
          throw refused(`the runner ${newest.runner} answered what cannot be read`)
        }
        if (newest?.result !== undefined) return [newest.result, newest.runner]
        if (newest?.stage === 'running' || newest?.stage === 'fetching') await onStage(newest.stage)
        last = newest ?? last
        if (clock.elapsed() - aliveAt > ALIVE_MS) {
          aliveAt = clock.elapsed()
          // Asked twice, for it may have ended between the two looks.
          const isOver = !(await this.#patiently(order, signal, () => queue.isAlive(task)))
          if (isOver && (await queue.newest(task))?.result === undefined) {
            if (isOfOtherFormat(task)) return undefined
            await queue.remove(task)
            throw refused('every runner that had the work was lost')
          }
        }
        if (order.secondsLeft() < 0) throw failed('OutOfTime', 'no runner ended it in time')
        await bell.wait(LOOK_MS, signal)
      }
    } finally {
      unheard()
      this.#waiting.delete(task.id)
    }
  }

  /** Takes the proof over. The runner has had it judged by the verifier program; a contract is asked here. */
  async #adopt(order: WorkOrder, task: Task, digest: string, runner: string): Promise<KeptProof> {
    const { queue, proofs } = this.#options
    const delivered = await queue.proof(task)
    if (delivered === undefined || digestOf(delivered.proof) !== digest) {
      await queue.remove(task)
      throw refused(`the runner ${runner} delivered another proof than it says`)
    }
    if (keccak256(delivered.publicInputs) !== order.publicInputs) {
      await queue.remove(task)
      throw refused(`the runner ${runner} proved something else than it was asked to`)
    }
    const kept = await proofs.adopt(order.workload, delivered.proof, delivered.publicInputs)
    await queue.remove(task)
    return kept
  }

  async #check(order: WorkOrder, kept: KeptProof, signal: AbortSignal): Promise<void> {
    const { check, history, proofs } = this.#options
    if (await check(order, kept, signal)) return history.judged(order.programId, true)
    await proofs.remove(order.workload)
    await history.judged(order.programId, false)
    throw failed('ProgramFailed', 'the verifier refuses the proof')
  }

  async #note(order: WorkOrder, { runs, judged, log }: TaskResult): Promise<void> {
    const { history, proofs } = this.#options
    for (const { seconds, outcome } of runs) await history.add(order.programId, seconds, outcome)
    if (judged !== undefined) await history.judged(order.programId, judged)
    if (log !== '') await proofs.keepLog(order.workload, log)
  }

  async #forget({ workload }: WorkOrder): Promise<void> {
    const { queue, log } = this.#options
    try {
      const task = await queue.find(workload)
      if (task !== undefined) await queue.remove(task)
    } catch (error) {
      // The runner finds out by itself when its result is not wanted.
      log.warn('a task could not be taken back', { workload, stage: 'fleet', error })
    }
  }

  /** The database may be gone for a moment; nobody is to blame for that, and the deadline is the deadline. */
  async #patiently<T>(order: WorkOrder, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    const { clock, log } = this.#options
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof GevulotError || error instanceof Ended || error instanceof TypeError) throw error
        if (order.secondsLeft() < 0)
          throw failed('OutOfTime', 'the database of the fleet was not to be reached in time')
        log.warn('the database of the fleet does not answer; once more', {
          workload: order.workload,
          stage: 'fleet',
          error,
        })
        await clock.sleep(RETRY_MS, signal)
      }
    }
  }
}
