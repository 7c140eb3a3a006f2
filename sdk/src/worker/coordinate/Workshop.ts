import type { WorkloadId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { ChainTime } from '../chain/ChainTime.js'
import type { Job } from '../job/Job.js'
import { canBecome, type JobState } from '../job/transitions.js'
import type { Logger } from '../log/Logger.js'
import type { TxSigner } from '../publish/TxSigner.js'
import { NoLongerNeeded, type Executor, type OnStage } from '../run/Executor.js'
import type { WorkOrder, WorkResult } from '../run/WorkOrder.js'
import type { JobChange, JobStore } from '../store/JobStore.js'
import type { RunHistory } from '../store/RunHistory.js'
import type { ChainFacts } from './ChainFacts.js'
import type { Dossier } from './Dossier.js'
import { WorkLine, type Standing } from './WorkLine.js'

/** What a {@link Workshop} needs. */
export interface WorkshopOptions {
  readonly executor: Executor
  readonly jobs: JobStore
  readonly history: Pick<RunHistory, 'stopped'>
  readonly chain: ChainFacts
  readonly signer: TxSigner
  readonly time: ChainTime
  readonly clock: Clock
  readonly log: Logger
  /** Seconds kept from the deadline of a workload. */
  readonly safetyOf: (dossier: Dossier) => number
  /** Work ended; look at the workload again. */
  readonly onChange: (dossier: Dossier) => void
}

interface Bench {
  readonly controller: AbortController
  readonly done: Promise<void>
}

/**
 * How often in a row work may end for no known reason before it is given up. A statement that failed says nothing about the work, and what was made is found
 * when it is begun again.
 */
const MOST_FAILURES = 3
/** Before such work is begun again, the first time; then twice as long. */
const PAUSE_MS = 2_000
const WAY: readonly JobState[] = ['assigned', 'fetching', 'running', 'proved']

/** Work under way, one piece a workload: seats of one operator in the same workload share its proof. */
export class Workshop {
  readonly #options: WorkshopOptions
  readonly #benches = new Map<string, Bench>()
  readonly #line = new WorkLine()
  /** Of work that ended for no known reason. */
  readonly #failures = new Map<WorkloadId, number>()
  #closed = false

  constructor(options: WorkshopOptions) {
    this.#options = options
  }

  /**
   * Where the work for a workload stands, or would stand if it was begun now.
   * @param isOpen Whether it is for an open slot of others.
   */
  standingOf({ workload, spec }: Dossier, isOpen: boolean): Standing {
    const { executor, time } = this.#options
    const now = time.now()
    const standing = this.#line.standingOf(workload, isOpen, executor.atOnce(spec.program), now)
    // One after the other: what was stopped may have left room enough.
    if (!isOpen || this.#isStopping) return standing
    const isInTheWay = this.#line.isInTheWay(workload, now, (open, drawn) => executor.isInTheWay(open, drawn))
    return { ...standing, isInTheWay }
  }

  /**
   * Starts work on a workload; nothing if it is under way.
   * @param deadline Last second for commits, chain time.
   * @param isOpen Whether it is for an open slot of others.
   * @param seconds What a run takes here, as far as that is known.
   */
  async start(dossier: Dossier, deadline: number, isOpen: boolean, seconds?: number): Promise<void> {
    const { workload, spec } = dossier
    if (this.#closed || this.#benches.get(workload)?.controller.signal.aborted) return
    // Before anything else is waited for: whoever looks next finds the place taken.
    this.#line.enter(workload, isOpen, seconds, this.#options.time.now())
    if (this.#benches.has(workload)) return
    const known = await this.#options.chain.program(spec.program).catch((error: unknown) => {
      if (!this.#benches.has(workload)) this.#line.leave(workload)
      throw error
    })
    if (this.#benches.has(workload)) return
    if (known === undefined) return this.#line.leave(workload)
    const { time, signer, safetyOf } = this.#options
    const end = deadline - safetyOf(dossier)
    const order: WorkOrder = {
      workload,
      programId: spec.program,
      program: known.program,
      inputs: spec.inputs,
      publicInputs: spec.publicInputs,
      prover: signer.operator,
      maxRunTime: dossier.terms.maxRunTime,
      uris: [...known.uris, dossier.inputsUri].filter((uri) => uri !== ''),
      secondsLeft: () => end - time.now(),
    }
    const controller = new AbortController()
    this.#benches.set(workload, { controller, done: this.#work(order, dossier, controller.signal) })
  }

  /** Stops work that is of no use any more. */
  stop(workload: WorkloadId): void {
    this.#line.leave(workload)
    this.#failures.delete(workload)
    this.#benches.get(workload)?.controller.abort(new NoLongerNeeded())
  }

  /** Takes no more work; resolves when all that is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#benches.values()].map(({ done }) => done))
  }

  /** Stops everything under way. Its jobs stay as they are and are resumed at the next start. */
  stopAll(): void {
    this.#closed = true
    for (const { controller } of this.#benches.values()) controller.abort()
  }

  /** Whether work was stopped that has not ended yet. */
  get #isStopping(): boolean {
    return [...this.#benches.values()].some(({ controller }) => controller.signal.aborted)
  }

  async #work(order: WorkOrder, dossier: Dossier, signal: AbortSignal): Promise<void> {
    const { workload } = order
    const { clock, executor, time } = this.#options
    const log = this.#options.log.with({ workload })
    // When its program began to run, in milliseconds of this machine: an endpoint may tell a wrong time.
    let begunAt: number | undefined
    try {
      const onStage: OnStage = (stage) => {
        begunAt = stage === 'running' ? (begunAt ?? clock.elapsed()) : undefined
        this.#line.advance(workload, stage, time.now())
        return this.#advance(order, stage, {})
      }
      const result = await executor.work(order, onStage, signal)
      if (result.kind === 'stopped' && begunAt !== undefined)
        await this.#noteLate(order, (clock.elapsed() - begunAt) / 1000)
      await this.#record(order, result)
      this.#failures.delete(workload)
    } catch (error) {
      const times = (this.#failures.get(workload) ?? 0) + 1
      if (signal.aborted || times < MOST_FAILURES) {
        if (!signal.aborted) this.#failures.set(workload, times)
        log.warn('work failed unexpectedly; it is begun again', { stage: 'running', error })
        // What is wrong now may be well in a moment.
        return await clock.sleep(times * PAUSE_MS, signal).catch(() => undefined)
      }
      this.#failures.delete(workload)
      // Anything unforeseen is ours, not the requester's: the slot must not stay with us.
      log.error('work failed unexpectedly', { stage: 'running', error })
      await this.#giveUp(order, { kind: 'refused', why: 'an unexpected error of the worker' }).catch((cause: unknown) =>
        log.error('the failure could not be recorded', { stage: 'running', error: cause }),
      )
    } finally {
      this.#benches.delete(workload)
      this.#line.leave(workload)
      this.#options.onChange(dossier)
    }
  }

  /** A run that had all the time there was tells how long runs take, whoever was the first to stop it. */
  async #noteLate({ programId, maxRunTime, secondsLeft }: WorkOrder, ranSeconds: number): Promise<void> {
    if (secondsLeft() < 0) await this.#options.history.stopped(programId, maxRunTime, ranSeconds)
  }

  async #record(order: WorkOrder, result: WorkResult): Promise<void> {
    if (result.kind === 'stopped') return
    if (result.kind !== 'proved') return this.#giveUp(order, result)
    const { digest, path } = result.proof
    await this.#advance(order, 'proved', {
      proofDigest: digest,
      proofPath: path,
      why: 'the verifier accepts the proof',
    })
  }

  /** Takes all jobs of the workload along the way up to a state, step by step. */
  async #advance({ workload }: WorkOrder, state: JobState, change: JobChange): Promise<void> {
    for (let job of await this.#options.jobs.ofWorkload(workload)) {
      const from = WAY.indexOf(job.state)
      if (from < 0 || job.closed) continue
      for (const step of WAY.slice(from + 1, WAY.indexOf(state) + 1)) {
        job = await this.#options.jobs.transition(job, step, step === state ? change : {})
        this.#say(job)
      }
    }
  }

  /** A refusal is a decline as long as nothing was answered; the coordinator makes it a fail when it is too late for that. */
  async #giveUp(
    { workload }: WorkOrder,
    result: Extract<WorkResult, { readonly kind: 'refused' | 'failed' }>,
  ): Promise<void> {
    for (const job of await this.#options.jobs.ofWorkload(workload)) {
      if (job.closed) continue
      const state: JobState = job.open ? 'lost' : result.kind === 'refused' ? 'declined' : 'failed'
      if (!canBecome(job.state, state)) continue
      const failReason = result.kind === 'failed' && { failReason: result.reason }
      this.#say(await this.#options.jobs.transition(job, state, { why: result.why, ...failReason }))
    }
  }

  #say(job: Job): void {
    const { workload, seat, state, why } = job
    this.#options.log.info(`job ${state}`, { workload, seat, stage: state, why })
  }
}
