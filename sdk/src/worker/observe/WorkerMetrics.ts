import { formatEther } from 'ethers'
import type { EndpointState } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { JobState } from '../job/transitions.js'
import type { KnownRunner } from '../fleet/RunnerBook.js'
import { DaemonMetrics } from './DaemonMetrics.js'
import { WORKER_METRICS, type MetricName } from './metricTable.js'

/** What is read only when somebody asks for the metrics. */
export interface MetricSources {
  /** Jobs that are not closed, by state. */
  readonly openJobs: () => Promise<ReadonlyMap<JobState, number>>
  /** Workloads that wait for the operator's word. */
  readonly approvals: () => number
  /** How the RPC endpoints stand. */
  readonly endpoints: () => readonly EndpointState[]
  /** The runners of the fleet, where there is one. */
  readonly fleet?: () => FleetFigures
}

/** What is shown of a fleet. */
export interface FleetFigures {
  readonly runners: readonly KnownRunner[]
  /** Tasks that wait for a runner. */
  readonly waiting: number
}

/**
 * The figures of a worker, for Prometheus. Parts of the worker tell it what happened; it never changes what they do. The names and meanings
 * are in {@link WORKER_METRICS}.
 */
export class WorkerMetrics extends DaemonMetrics<MetricName> {
  readonly #clock: Clock
  #unheard = 0
  #submitter: { readonly key: string; readonly until: number } | undefined
  #sources: MetricSources | undefined

  constructor(clock: Clock) {
    super(clock, WORKER_METRICS)
    this.#clock = clock
  }

  /** Says who works, and where the figures come from that are read on demand. */
  start(info: Readonly<Record<'operator' | 'chain' | 'runtime' | 'mode', string>>, sources: MetricSources): void {
    this.gauge('gevulot_worker_info').set(info, 1)
    this.#sources = sources
    this.watchEndpoints(sources.endpoints)
  }

  /** A task goes to another runner. */
  onRetry(): void {
    this.counter('gevulot_fleet_retries_total').inc()
  }

  /** A job came into a state; `paid` for its rank, token units. */
  onTransition(state: JobState, paid: bigint = 0n): void {
    this.counter('gevulot_job_transitions_total').inc({ state })
    if (paid > 0n) this.counter('gevulot_earned_tokens_total').inc(Number(formatEther(paid)))
  }

  /** A program has run. */
  onRun(outcome: string, seconds: number): void {
    this.counter('gevulot_runs_total').inc({ outcome })
    this.histogram('gevulot_run_seconds').observe(seconds)
  }

  /** Network rewards, token units: what can be claimed, and what the running epoch may give. */
  onRewards(due: bigint, pending: bigint): void {
    this.gauge('gevulot_rewards_due_tokens').set(Number(formatEther(due)))
    this.gauge('gevulot_rewards_pending_tokens').set(Number(formatEther(pending)))
  }

  /** Network rewards were claimed, token units. */
  onClaimed(amount: bigint): void {
    this.counter('gevulot_rewards_claimed_tokens_total').inc(Number(formatEther(amount)))
  }

  /** Seats at work for something of which no event was heard. */
  onUnheard(seats: number): void {
    this.gauge('gevulot_draws_unheard').set(seats)
    this.#unheard = seats
  }

  /** A submitter key acts, until this Unix time; 0: it was taken back. */
  onSubmitter(key: string, until: number): void {
    this.#submitter = { key, until }
  }

  /** Until when the submitter key can act, Unix time; undefined where none acts. */
  get submitterUntil(): number | undefined {
    return this.#submitter?.until
  }

  override obstacles(seconds: number): Readonly<Record<string, boolean>> {
    const runners = this.#sources?.fleet?.().runners
    return {
      ...super.obstacles(seconds),
      ...(this.#unheard > 0 && { drawUnheard: true }),
      ...(this.#submitter && { submitterEnded: this.#submitter.until < this.#clock.now() / 1000 }),
      // Without a fleet it is a runner itself.
      ...(runners && { noRunner: !runners.some(({ isReady }) => isReady) }),
    }
  }

  override async text(): Promise<string> {
    this.gauge('gevulot_approvals_waiting').set(this.#sources?.approvals() ?? 0)
    if (this.#submitter)
      this.gauge('gevulot_submitter_seconds_left').set({ key: this.#submitter.key }, this.#submitterLeft)
    const jobs = this.gauge('gevulot_jobs')
    const counts = await this.#sources?.openJobs()
    jobs.reset()
    counts?.forEach((count, state) => jobs.set({ state }, count))
    this.#showFleet(this.#sources?.fleet?.())
    return super.text()
  }

  /** Seconds that the submitter key can act; 0: it can no more. */
  get #submitterLeft(): number {
    return Math.max(0, (this.#submitter?.until ?? 0) - this.#clock.now() / 1000)
  }

  #showFleet(fleet: FleetFigures | undefined): void {
    if (fleet === undefined) return
    this.gauge('gevulot_fleet_waiting').set(fleet.waiting)
    const names = [
      'gevulot_runner_up',
      'gevulot_runner_seen_seconds',
      'gevulot_runner_busy',
      'gevulot_runner_room',
    ] as const
    for (const name of names) this.gauge(name).reset()
    for (const { name: runner, isReady, seenSeconds, busy, capacity } of fleet.runners) {
      this.gauge('gevulot_runner_up').set({ runner }, isReady ? 1 : 0)
      this.gauge('gevulot_runner_seen_seconds').set({ runner }, seenSeconds)
      this.gauge('gevulot_runner_busy').set({ runner }, busy)
      this.gauge('gevulot_runner_room').set({ runner }, capacity.runs)
    }
  }
}
