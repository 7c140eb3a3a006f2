import type { ProgramId, WorkloadId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { digestOf } from '../../content/index.js'
import { ANSWER_MS } from '../../database/openServer.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { Bell } from '../Bell.js'
import type { Logger } from '../log/Logger.js'
import type { ProofCheck } from '../run/checkOnChain.js'
import type { ContentFetcher } from '../run/ContentFetcher.js'
import { Ended, failed, refused } from '../run/Ended.js'
import { largestOf, NoLongerNeeded, type Executor, type OnStage } from '../run/Executor.js'
import { findProof } from '../run/findProof.js'
import { keccakInPieces } from '../run/keccakInPieces.js'
import { proofExcess } from '../run/proofExcess.js'
import type { KeptProof, ProofStore } from '../run/ProofStore.js'
import { mostAtOnce } from '../run/ResourceLedger.js'
import { isJudged, type WorkOrder, type WorkResult } from '../run/WorkOrder.js'
import type { RunHistory } from '../store/RunHistory.js'
import type { TaskResult } from './messages.js'
import { assertVersion, type Fleet } from './openFleet.js'
import { endOf, isFailure, verdictOf, type Refusals } from './refusals.js'
import { Roster } from './Roster.js'
import { canHold, type KnownRunner, type RunnerBook } from './RunnerBook.js'
import { shapeOf, type Shape } from './shape.js'
import {
  isOfOtherFormat,
  type Attempt,
  type DeliveredProof,
  type Standing,
  type Task,
  type TaskQueue,
} from './TaskQueue.js'

/** What a {@link FleetExecutor} needs. */
export interface FleetExecutorOptions {
  readonly fleet: Fleet
  readonly queue: TaskQueue
  readonly book: RunnerBook
  readonly chainId: number
  /** Seconds in which runners must be heard of. */
  readonly leaseSeconds: number
  readonly fetcher: ContentFetcher
  /** Looks whether the proof can be sent and asks the verifier contract: a runner's word is not enough. */
  readonly check: ProofCheck
  readonly proofs: ProofStore
  readonly history: RunHistory
  readonly clock: Clock
  readonly log: Logger
  /** A task goes to another runner. */
  readonly onRetry: () => void
}

const LOOK_MS = 3_000
const STANDING_MS = 6_000
const SUPERVISE_MS = 1_000
/** Whoever was held up for longer, by the way to the database or because the machine stood still, may not have been alone. It is less than the shortest lease by more than runners wait between two words. */
const LATE_MS = 5_000
const RETRY_MS = 2_000
/** How often it is looked for what earlier processes have left. By the first time all that is still wanted was begun again. */
const SWEEP_MS = 600_000
/** Before work is given anew that the same runner could not do again, the first time; then twice as long. */
const PAUSE_MS = 1_000
const MOST_PAUSE_MS = 15_000
const SILENT = 'the database of the fleet was not to be reached in time'
const DISK_FULL = 'there was no room on the disk for the proof in time'
/** How many machines must refuse work before it counts as refused. */
const MOST_REFUSALS = 3

/**
 * Has the runners of a fleet prove. A task outlives this process: the next coordinator finds it in the queue, with what has come of it.
 */
export class FleetExecutor implements Executor {
  readonly #options: FleetExecutorOptions
  readonly #roster: Roster
  /** Work that no runner has, and what it needs; undefined: only another version knows. */
  readonly #waiting = new Map<WorkloadId, Shape | undefined>()
  /** Which runner has what, by its id. */
  readonly #holders = new Map<WorkloadId, string>()
  /** What is worked for now. */
  readonly #workloads = new Set<WorkloadId>()
  /** What is not worked for any more, while its task is not taken back. */
  readonly #unwanted = new Set<WorkloadId>()
  /** What programs need, once their manifests were read. */
  readonly #needs = new Map<ProgramId, Shape>()

  constructor(options: FleetExecutorOptions) {
    this.#options = options
    this.#roster = new Roster(options.clock)
  }

  /** Runners of the fleet, as they were when last looked at. */
  get runners(): readonly KnownRunner[] {
    return this.#roster.all
  }

  /** Tasks that wait for a runner. */
  get waiting(): number {
    return this.#waiting.size
  }

  get isBusy(): boolean {
    return this.#waiting.size > 0 || !this.#roster.ready.some(({ busy, capacity }) => busy < capacity.runs)
  }

  atOnce(program: ProgramId): number {
    const needs = this.#needs.get(program)
    const rooms = this.#roster.ready.map(({ capacity }) =>
      needs === undefined ? capacity.runs : mostAtOnce(capacity, needs),
    )
    return rooms.reduce((sum, count) => sum + count, 0)
  }

  /** Only if the machine that has it could do the other. What no machine has yet may be given the next room that the other could have. */
  isInTheWay(workload: WorkloadId, of: WorkloadId): boolean {
    const shape = this.#waiting.get(of)
    if (shape === undefined) return false
    const holder = this.#holders.get(workload)
    return this.#roster.ready.some((runner) => (holder === undefined || runner.id === holder) && canHold(runner, shape))
  }

  /** Looks after the queue: only the process that holds the account may. */
  async run(signal: AbortSignal): Promise<void> {
    const { queue, book, leaseSeconds, clock, log } = this.#options
    // Runners that could not reach the database, as this process could not, must have had time to be heard: one may wait for the answer to what it said before.
    const patience = leaseSeconds * 1000 + ANSWER_MS
    let from = clock.elapsed() + patience
    let sweepAt = clock.elapsed() + SWEEP_MS
    let passed = stopwatch(clock)
    while (!signal.aborted) {
      try {
        this.#roster.see(await book.list())
        // An answer as good as none: the runners may have been held up by the same, and are not heard of as fast as this process goes on.
        if (passed() > SUPERVISE_MS + LATE_MS) {
          from = clock.elapsed() + patience
          log.warn('the database of the fleet, or this machine, was held up; runners get time to be heard', {
            stage: 'fleet',
          })
        }
        if (clock.elapsed() >= from) await queue.supervise()
        if (clock.elapsed() >= sweepAt) {
          sweepAt = clock.elapsed() + SWEEP_MS
          const tasks = await queue.sweep(this.#workloads)
          if (tasks > 0) log.info('old tasks that nobody waits for are forgotten', { stage: 'fleet', tasks })
        }
        for (const workload of this.#unwanted) await this.#takeBack(workload).catch(() => undefined)
      } catch (error) {
        from = clock.elapsed() + patience
        log.warn('the fleet cannot be looked after now', { stage: 'fleet', error })
      }
      passed = stopwatch(clock)
      await clock.sleep(SUPERVISE_MS, signal).catch(() => undefined)
    }
  }

  async work(order: WorkOrder, onStage: OnStage, signal: AbortSignal): Promise<WorkResult> {
    this.#workloads.add(order.workload)
    try {
      const found = await this.#patiently(order, signal, () => findProof(this.#options.proofs, order))
      const why = found && (await this.#objection(order, found, false, signal))
      if (why !== undefined) throw why
      return { kind: 'proved', proof: found ?? (await this.#proved(order, onStage, signal)) }
    } catch (error) {
      if (error instanceof Ended) return error.result
      if (!signal.aborted) throw error
      // Otherwise only this process ends, and the runner goes on.
      if (signal.reason instanceof NoLongerNeeded) await this.#forget(order)
      return { kind: 'stopped' }
    } finally {
      this.#workloads.delete(order.workload)
    }
  }

  async #proved(order: WorkOrder, onStage: OnStage, signal: AbortSignal): Promise<KeptProof> {
    const { log, queue, clock, onRetry } = this.#options
    // A task that was given up is not gone on with: whoever takes it back now would take it from under this work.
    if (this.#unwanted.has(order.workload)) await this.#patiently(order, signal, () => this.#takeBack(order.workload))
    const refusals: Refusals = new Map()
    let pause = PAUSE_MS
    for (;;) {
      await this.#patiently(order, signal, () => onStage('fetching'))
      const task = await this.#taskOf(order, signal)
      const ended = await this.#resultOf(task, order, refusals, onStage, signal)
      if (ended === undefined) {
        log.warn('a task of another version ended without a result; it is given anew', { workload: order.workload })
        await this.#patiently(order, signal, () => queue.remove(task))
        onRetry()
        continue
      }
      const [result, runner] = ended
      log.info('a runner has ended a task', { workload: order.workload, stage: 'running', runner, ended: result.kind })
      const hasFailed = [...refusals.values()].some(isFailure)
      const end = await this.#takeOver(order, task, result, runner, hasFailed, signal)
      if (!(end instanceof Ended)) return end
      // The reason may be that machine's: another may do it, also one that is busy now.
      const isLast = isFailure(end) && (hasFailed || !(await this.#isWorthAnother(order, end, signal)))
      const isAgain = refusals.has(runner)
      if (!hasFailed || !isAgain) refusals.set(runner, end)
      if (isLast || refusals.size >= MOST_REFUSALS || !this.#isForOthers(task, refusals)) throw verdictOf(refusals)
      log.warn('a runner could not do work; another is asked', { workload: order.workload, runner, ...end.result })
      onRetry()
      if (!isAgain) continue
      // Runners of older versions do not leave alone what they could not do.
      await clock.sleep(pause, signal)
      pause = Math.min(2 * pause, MOST_PAUSE_MS)
    }
  }

  /** Whether a machine that has not refused a task may do it. */
  #isForOthers({ queue }: Task, refusals: Refusals): boolean {
    const shape = shapeOf(queue)
    return shape === undefined || this.#roster.hasFor(shape, refusals)
  }

  /**
   * Whether a second machine is asked after a program failed on one. A program that is known to end well may have met a card or memory that is broken, and that
   * machine, quick to fail, would take all there is. No third one is: anybody can pay for inputs that make it fail everywhere.
   */
  async #isWorthAnother(order: WorkOrder, { result }: Ended, signal: AbortSignal): Promise<boolean> {
    if (result.kind !== 'failed' || result.reason !== 'ProgramFailed') return false
    const { history } = this.#options
    const { programId, maxRunTime } = order
    const ask = <T>(question: () => Promise<T>): Promise<T> => this.#patiently(order, signal, question)
    if (!(await ask(() => history.isKnown(programId)))) return false
    const times = await ask(() => history.runTimes(programId, maxRunTime))
    return order.secondsLeft() > (times?.shortest ?? 0)
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
    this.#roster.see(await this.#patiently(order, signal, () => book.list()))
    if (this.#roster.ready.length === 0)
      log.warn('no runner is there; work waits for one', { workload: order.workload })
    else if (!this.#roster.hasFor(shape, new Map())) throw tooLarge(shape)
    return shape
  }

  /**
   * Waits until a task has ended, whichever runner ends it.
   * @returns Undefined if it is of another version, and ended without a result that can be read: it has to be given anew.
   */
  async #resultOf(
    task: Task,
    order: WorkOrder,
    refusals: Refusals,
    onStage: OnStage,
    signal: AbortSignal,
  ): Promise<readonly [TaskResult, string] | undefined> {
    const { queue, clock, fleet, log, onRetry } = this.#options
    const ask = <T>(question: () => Promise<T>): Promise<T> => this.#patiently(order, signal, question)
    let last: Attempt | undefined
    let [standing, askedAt]: [Standing, number] = ['taken', clock.elapsed()]
    const bell = new Bell(clock)
    const unheard = fleet.wire.on(task.id, () => bell.ring())
    try {
      for (;;) {
        signal.throwIfAborted()
        const newest = await ask(() => queue.newest(task))
        if (newest?.number !== last?.number) standing = 'taken'
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
        last = newest ?? last
        if (clock.elapsed() - askedAt > STANDING_MS) {
          askedAt = clock.elapsed()
          standing = await ask(() => queue.standing(task))
          // Asked twice, for it may have ended between the two looks.
          if (standing === 'over' && (await ask(() => queue.newest(task)))?.result === undefined) {
            if (isOfOtherFormat(task)) return undefined
            await ask(() => queue.remove(task))
            throw refused('every runner that had the work was lost')
          }
        }
        if (newest === undefined || standing === 'waiting') {
          this.#waiting.set(order.workload, shapeOf(task.queue))
          this.#holders.delete(order.workload)
          // What a lost runner ran has to begin anew.
          if (newest !== undefined) await ask(() => onStage('fetching'))
          await this.#assertHope(task, order, refusals, signal)
        } else {
          this.#waiting.delete(order.workload)
          this.#holders.set(order.workload, newest.runner)
          const { stage } = newest
          if (stage === 'running' || stage === 'fetching') await ask(() => onStage(stage))
        }
        if (order.secondsLeft() < 0) {
          await ask(() => queue.remove(task))
          throw failed('OutOfTime', 'no runner ended it in time')
        }
        await bell.wait(LOOK_MS, signal)
      }
    } finally {
      unheard()
      this.#waiting.delete(order.workload)
      this.#holders.delete(order.workload)
    }
  }

  /** Takes a task back that nobody will take: those that could have have refused it, or have left for good. While nobody at all is there, it waits. */
  async #assertHope(task: Task, order: WorkOrder, refusals: Refusals, signal: AbortSignal): Promise<void> {
    const shape = shapeOf(task.queue)
    if (shape === undefined || this.#roster.hasFor(shape, refusals)) return
    if (refusals.size === 0 && this.#roster.ready.length === 0) return
    await this.#patiently(order, signal, () => this.#options.queue.remove(task))
    throw refusals.size > 0 ? verdictOf(refusals) : tooLarge(shape)
  }

  /** Takes over what has come of a task. @returns The proof, of which nothing bad is known; or what the runner has to answer for. */
  async #takeOver(
    order: WorkOrder,
    task: Task,
    result: TaskResult,
    runner: string,
    hasFailed: boolean,
    signal: AbortSignal,
  ): Promise<KeptProof | Ended> {
    const { queue, proofs } = this.#options
    const ask = <T>(question: () => Promise<T>): Promise<T> => this.#patiently(order, signal, question)
    const delivered =
      result.kind === 'proved' ? await this.#delivered(order, task, result.digest, runner, signal) : endOf(result)
    const kept =
      delivered instanceof Ended
        ? delivered
        : await ask(() => proofs.adopt(order.workload, delivered.proof, delivered.publicInputs))
    await ask(() => queue.remove(task))
    // Only now: whatever is begun again finds the same task, and would count it again.
    await this.#note(order, result, hasFailed, signal)
    if (kept instanceof Ended) return kept
    return (await this.#objection(order, kept, hasFailed, signal)) ?? kept
  }

  /** The proof that a runner has delivered. It has had it judged by the verifier program; a contract is asked here. */
  async #delivered(
    order: WorkOrder,
    task: Task,
    digest: string,
    runner: string,
    signal: AbortSignal,
  ): Promise<DeliveredProof | Ended> {
    const delivered = await this.#patiently(order, signal, () => this.#options.queue.proof(task))
    if (delivered === undefined || digestOf(delivered.proof) !== digest)
      return refused(`the runner ${runner} delivered another proof than it says`)
    const { proof, publicInputs } = delivered
    if ((await keccakInPieces([publicInputs], this.#options.clock)) !== order.publicInputs)
      return refused(`the runner ${runner} proved something else than it was asked to`)
    const excess = proofExcess(order, { publicInputs: publicInputs.length, proof: proof.length })
    return excess === undefined ? delivered : failed('ProgramFailed', excess)
  }

  /** What the verifier contract has against a proof, which is removed then. What keeps this worker from asking it is thrown. */
  async #objection(
    order: WorkOrder,
    kept: KeptProof,
    hasFailed: boolean,
    signal: AbortSignal,
  ): Promise<Ended | undefined> {
    if (isJudged(order)) return undefined
    const { check, proofs } = this.#options
    const why = await check(order, kept, signal)
    if (why !== undefined) await this.#patiently(order, signal, () => proofs.remove(order.workload))
    await this.#noteVerdict(order, why === undefined, hasFailed, signal)
    return why === undefined ? undefined : failed('ProgramFailed', why)
  }

  async #note(
    order: WorkOrder,
    { runs, judged, log }: TaskResult,
    hasFailed: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { history, proofs } = this.#options
    for (const { seconds, outcome } of runs)
      await this.#patiently(order, signal, () => history.add(order.programId, order.maxRunTime, seconds, outcome))
    if (judged !== undefined) await this.#noteVerdict(order, judged, hasFailed, signal)
    if (log !== '') await proofs.keepLog(order.workload, log)
  }

  /** Of a workload one failure counts: two machines that fail with the same inputs are no more against the program than one. */
  async #noteVerdict(order: WorkOrder, accepted: boolean, hasFailed: boolean, signal: AbortSignal): Promise<void> {
    if (!accepted && hasFailed) return
    await this.#patiently(order, signal, () => this.#options.history.judged(order.programId, accepted))
  }

  /** Takes the task of a workload back; what fails is tried again until it is done, or its runner would work on to the deadline. */
  async #forget({ workload }: WorkOrder): Promise<void> {
    this.#unwanted.add(workload)
    await this.#takeBack(workload).catch((error: unknown) =>
      this.#options.log.warn('a task could not be taken back; it is tried again', { workload, stage: 'fleet', error }),
    )
  }

  async #takeBack(workload: WorkloadId): Promise<void> {
    const { queue } = this.#options
    const task = await queue.find(workload)
    // Meanwhile it may have been taken back, and given anew.
    if (task !== undefined && this.#unwanted.has(workload)) await queue.remove(task)
    this.#unwanted.delete(workload)
  }

  /**
   * The database may be gone for a moment, or refuse one statement; this disk may be full, and a proof that is made waits with the fleet until it is not.
   * Nobody is to blame for that, and the deadline is the deadline.
   */
  async #patiently<T>(order: WorkOrder, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    const { clock, log } = this.#options
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        signal.throwIfAborted()
        const isFull = GevulotError.is(error, 'CONTENT_DISK_FULL')
        if ((error instanceof GevulotError && !isFull) || error instanceof Ended || error instanceof TypeError)
          throw error
        if (order.secondsLeft() < 0) throw failed('OutOfTime', isFull ? DISK_FULL : SILENT)
        const about = { workload: order.workload, stage: 'fleet', error }
        if (isFull) log.error('a proof cannot be kept: this disk is full; make room, it is tried again', about)
        else log.warn('the database of the fleet does not answer; once more', about)
        await clock.sleep(RETRY_MS, signal)
      }
    }
  }
}

/** How many milliseconds have passed, by whichever clock went further: the one that nobody sets may stand still with the machine, while leases run out. */
function stopwatch(clock: Clock): () => number {
  const [at, on] = [clock.elapsed(), clock.now()]
  return () => Math.max(clock.elapsed() - at, clock.now() - on)
}

function tooLarge({ cores, memoryMiB, outputMiB, gpus }: Shape): Ended {
  const wanted = `${cores} cores, ${memoryMiB} MiB of memory, ${outputMiB} MiB of output, ${gpus} graphics cards`
  return refused(`the program wants ${wanted}, and no runner has them`)
}
