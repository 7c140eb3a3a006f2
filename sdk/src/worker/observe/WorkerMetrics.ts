import { formatEther } from 'ethers'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { EndpointState } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { JobState } from '../job/transitions.js'
import type { KnownRunner } from '../fleet/RunnerBook.js'
import type { TxOutcome, TxRequest } from '../publish/TxOutcome.js'
import type { HealthFigures } from './HealthServer.js'
import { WORKER_METRICS, type MetricName, type MetricSpec } from './metricTable.js'

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
export class WorkerMetrics implements HealthFigures {
  readonly #clock: Clock
  readonly #registry = new Registry()
  readonly #startedAt: number
  #chainSeenAt: number | undefined
  #head = 0
  #unheard = 0
  #reconciledAt: number
  #sources: MetricSources | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedAt = this.#reconciledAt = clock.now()
    for (const [name, spec] of Object.entries(WORKER_METRICS)) this.#register(name as MetricName, spec)
  }

  /** Says who works, and where the figures come from that are read on demand. */
  start(info: Readonly<Record<'operator' | 'chain' | 'runtime' | 'mode', string>>, sources: MetricSources): void {
    this.#gauge('gevulot_worker_info').set(info, 1)
    this.#sources = sources
  }

  /** The follower has stored what the chain was at block `head`. */
  onHead(head: number): void {
    this.#gauge('gevulot_chain_head').set(head)
    this.#head = head
    this.#chainSeenAt = this.#clock.now()
  }

  /** Blocks were undone. */
  onReorg(): void {
    this.#counter('gevulot_chain_reorgs_total').inc()
  }

  /** A task goes to another runner. */
  onRetry(): void {
    this.#counter('gevulot_fleet_retries_total').inc()
  }

  /** The coordinator has looked at everything that was due. */
  onReconciled(): void {
    this.#reconciledAt = this.#clock.now()
  }

  /** A job came into a state; `paid` for its rank, token units. */
  onTransition(state: JobState, paid: bigint = 0n): void {
    this.#counter('gevulot_job_transitions_total').inc({ state })
    if (paid > 0n) this.#counter('gevulot_earned_tokens_total').inc(Number(formatEther(paid)))
  }

  /** A program has run. */
  onRun(outcome: string, seconds: number): void {
    this.#counter('gevulot_runs_total').inc({ outcome })
    const histogram = this.#registry.getSingleMetric('gevulot_run_seconds') as Histogram
    histogram.observe(seconds)
  }

  /** A transaction has ended. */
  onTransaction({ about, key }: TxRequest, outcome: TxOutcome): void {
    const { stage = key.split('/')[0] ?? key } = about as { readonly stage?: string }
    this.#counter('gevulot_transactions_total').inc({ stage, outcome: outcome.kind })
    if (outcome.kind === 'mined') this.#counter('gevulot_transaction_gas_total').inc({ stage }, Number(outcome.gasUsed))
  }

  /** What the account holds: wei of the chain's coin, token units in the market. */
  onBalances(coin: bigint, tokens: bigint): void {
    this.#gauge('gevulot_gas_money').set(Number(formatEther(coin)))
    this.#gauge('gevulot_market_tokens').set(Number(formatEther(tokens)))
  }

  /** Network rewards, token units: what can be claimed, and what the running epoch may give. */
  onRewards(due: bigint, pending: bigint): void {
    this.#gauge('gevulot_rewards_due_tokens').set(Number(formatEther(due)))
    this.#gauge('gevulot_rewards_pending_tokens').set(Number(formatEther(pending)))
  }

  /** Network rewards were claimed, token units. */
  onClaimed(amount: bigint): void {
    this.#counter('gevulot_rewards_claimed_tokens_total').inc(Number(formatEther(amount)))
  }

  /** The statuses of all seats worked for. */
  onSeats(statuses: readonly string[]): void {
    const gauge = this.#gauge('gevulot_seats')
    gauge.reset()
    for (const status of statuses) gauge.inc({ status })
  }

  /** Seats at work for something of which no event was heard. */
  onUnheard(seats: number): void {
    this.#gauge('gevulot_draws_unheard').set(seats)
    this.#unheard = seats
  }

  /** Seconds since the newest block was first seen; since the start while none was. */
  get chainAge(): number {
    return (this.#clock.now() - (this.#chainSeenAt ?? this.#startedAt)) / 1000
  }

  /** Number of the newest block seen since the start; 0: none. */
  get head(): number {
    return this.#head
  }

  /** Whether any block was seen since the start. */
  get hasSeenChain(): boolean {
    return this.#chainSeenAt !== undefined
  }

  /** Seconds since the coordinator last ended a round. */
  get reconciledAge(): number {
    return (this.#clock.now() - this.#reconciledAt) / 1000
  }

  /** What keeps the worker from keeping deadlines. @param seconds Without a new block after which it cannot. */
  obstacles(seconds: number): Readonly<Record<string, boolean>> {
    const runners = this.#sources?.fleet?.().runners
    const endpoints = this.#sources?.endpoints() ?? []
    return {
      // Of a single one `chainUnseen` tells soon enough.
      ...(endpoints.length > 1 && { noEndpoint: !endpoints.some(({ isUp }) => isUp) }),
      chainUnseen: !this.hasSeenChain || this.chainAge > seconds,
      ...(this.#unheard > 0 && { drawUnheard: true }),
      // Without a fleet it is a runner itself.
      ...(runners && { noRunner: !runners.some(({ isReady }) => isReady) }),
    }
  }

  /** Prometheus' text format, version 0.0.4. */
  async text(): Promise<string> {
    this.#gauge('gevulot_chain_age_seconds').set(this.chainAge)
    this.#gauge('gevulot_reconciled_seconds').set(this.reconciledAge)
    this.#gauge('gevulot_approvals_waiting').set(this.#sources?.approvals() ?? 0)
    const jobs = this.#gauge('gevulot_jobs')
    const counts = await this.#sources?.openJobs()
    jobs.reset()
    counts?.forEach((count, state) => jobs.set({ state }, count))
    this.#showEndpoints(this.#sources?.endpoints() ?? [])
    this.#showFleet(this.#sources?.fleet?.())
    return this.#registry.metrics()
  }

  #showEndpoints(endpoints: readonly EndpointState[]): void {
    // The endpoints count for themselves.
    this.#counter('gevulot_endpoint_failures_total').reset()
    for (const { name: endpoint, isUp, isCurrent, head, failures } of endpoints) {
      this.#gauge('gevulot_endpoint_up').set({ endpoint }, isUp ? 1 : 0)
      this.#gauge('gevulot_endpoint_current').set({ endpoint }, isCurrent ? 1 : 0)
      if (head !== undefined) this.#gauge('gevulot_endpoint_head').set({ endpoint }, head)
      failures.forEach((count, why) => this.#counter('gevulot_endpoint_failures_total').inc({ endpoint, why }, count))
    }
  }

  #showFleet(fleet: FleetFigures | undefined): void {
    if (fleet === undefined) return
    this.#gauge('gevulot_fleet_waiting').set(fleet.waiting)
    const names = [
      'gevulot_runner_up',
      'gevulot_runner_seen_seconds',
      'gevulot_runner_busy',
      'gevulot_runner_room',
    ] as const
    for (const name of names) this.#gauge(name).reset()
    for (const { name: runner, isReady, seenSeconds, busy, capacity } of fleet.runners) {
      this.#gauge('gevulot_runner_up').set({ runner }, isReady ? 1 : 0)
      this.#gauge('gevulot_runner_seen_seconds').set({ runner }, seenSeconds)
      this.#gauge('gevulot_runner_busy').set({ runner }, busy)
      this.#gauge('gevulot_runner_room').set({ runner }, capacity.runs)
    }
  }

  /** Media type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType
  }

  #register(name: MetricName, { type, help, labels = [], buckets = [] }: MetricSpec): void {
    const common = { name, help, labelNames: [...labels], registers: [this.#registry] }
    if (type === 'counter') new Counter(common)
    else if (type === 'gauge') new Gauge(common)
    else new Histogram({ ...common, buckets: [...buckets] })
  }

  #gauge(name: MetricName): Gauge {
    return this.#registry.getSingleMetric(name) as Gauge
  }

  #counter(name: MetricName): Counter {
    return this.#registry.getSingleMetric(name) as Counter
  }
}
