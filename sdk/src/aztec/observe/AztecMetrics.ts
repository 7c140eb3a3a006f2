import { formatEther } from 'ethers'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../../clock.js'
import type { HealthFigures } from '../../worker/observe/HealthServer.js'
import type { MetricSpec } from '../../worker/observe/metricTable.js'
import type { JobTypeName } from '../protocol/jobTypes.js'
import type { JobBook } from '../store/JobBook.js'
import { AZTEC_METRICS, type AztecMetricName } from './metricTable.js'

/** The figures of the adapter, for Prometheus. Names and meanings are in {@link AZTEC_METRICS}. */
export class AztecMetrics implements HealthFigures {
  readonly #clock: Clock
  readonly #registry = new Registry()
  #beatAt: number
  #brokerAt: number
  #book: Pick<JobBook, 'counts'> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#beatAt = this.#brokerAt = clock.elapsed()
    for (const [name, spec] of Object.entries<MetricSpec>(AZTEC_METRICS)) this.#register(name, spec)
  }

  /** Says who acts, and where the figures come from that are read on demand. */
  start(info: Readonly<Record<'account' | 'chain' | 'release', string>>, book: Pick<JobBook, 'counts'>): void {
    this.#gauge('gevulot_aztec_info').set(info, 1)
    this.#book = book
  }

  /** A round of work has ended. */
  onRound(): void {
    this.#beatAt = this.#clock.elapsed()
  }

  /** The broker answered as it should. */
  onBroker(): void {
    this.#brokerAt = this.#clock.elapsed()
  }

  /** A job was taken. */
  onTaken(type: JobTypeName): void {
    this.#counter('gevulot_aztec_taken_total').inc({ type })
  }

  /** A result was reported. */
  onReported(type: JobTypeName, seconds: number): void {
    this.#counter('gevulot_aztec_reported_total').inc({ type })
    const histogram = this.#registry.getSingleMetric('gevulot_aztec_job_seconds') as Histogram
    histogram.observe({ type }, seconds)
  }

  /** A job was reported as failed. */
  onFailed(type: JobTypeName, retry: boolean): void {
    this.#counter('gevulot_aztec_failed_total').inc({ type, retry: String(retry) })
  }

  /** A job came to its end. */
  onClosed(type: JobTypeName, outcome: string): void {
    this.#counter('gevulot_aztec_closed_total').inc({ type, outcome })
  }

  /** A workload was submitted. */
  onBundle(type: JobTypeName, jobs: number, fee: bigint): void {
    this.#counter('gevulot_aztec_bundles_total').inc({ type })
    this.#counter('gevulot_aztec_bundle_jobs_total').inc({ type }, jobs)
    this.#counter('gevulot_aztec_fees_tokens_total').inc(Number(formatEther(fee)))
  }

  /** The network delivered what cannot be reported. */
  onRefusedResult(): void {
    this.#counter('gevulot_aztec_refused_results_total').inc()
  }

  /** What may still be spent, token units. */
  onBudget(left: bigint): void {
    this.#gauge('gevulot_aztec_budget_left_tokens').set(Number(formatEther(left)))
  }

  /** Seconds since a round of work last ended. */
  get reconciledAge(): number {
    return (this.#clock.elapsed() - this.#beatAt) / 1000
  }

  /** Seconds since the broker last answered. */
  get brokerAge(): number {
    return (this.#clock.elapsed() - this.#brokerAt) / 1000
  }

  /** What keeps the adapter from its work. @param seconds Without an answer of the broker after which it cannot. */
  obstacles(seconds: number): Readonly<Record<string, boolean>> {
    return { brokerUnseen: this.brokerAge > seconds }
  }

  /** Prometheus' text format, version 0.0.4. */
  async text(): Promise<string> {
    this.#gauge('gevulot_aztec_broker_age_seconds').set(this.brokerAge)
    const jobs = this.#gauge('gevulot_aztec_jobs')
    const counts = (await this.#book?.counts()) ?? []
    jobs.reset()
    for (const { type, state, jobs: count } of counts) jobs.set({ type, state }, count)
    return this.#registry.metrics()
  }

  /** Media type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType
  }

  #register(name: string, { type, help, labels = [], buckets = [] }: MetricSpec): void {
    const common = { name, help, labelNames: [...labels], registers: [this.#registry] }
    if (type === 'counter') new Counter(common)
    else if (type === 'gauge') new Gauge(common)
    else new Histogram({ ...common, buckets: [...buckets] })
  }

  #gauge(name: AztecMetricName): Gauge {
    return this.#registry.getSingleMetric(name) as Gauge
  }

  #counter(name: AztecMetricName): Counter {
    return this.#registry.getSingleMetric(name) as Counter
  }
}
