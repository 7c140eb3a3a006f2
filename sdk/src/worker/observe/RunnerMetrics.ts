import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../../clock.js'
import { freeBytes } from '../../content/freeBytes.js'
import type { TaskEnd } from '../fleet/Runner.js'
import type { HealthFigures } from './HealthServer.js'
import { WORKER_METRICS, type MetricSpec } from './metricTable.js'
import { RUNNER_METRICS } from './runnerMetricTable.js'

/** The figures of a runner that is a daemon of its own, for Prometheus. Their names and meanings are in {@link RUNNER_METRICS}. */
export class RunnerMetrics implements HealthFigures {
  readonly #clock: Clock
  readonly #registry = new Registry()
  readonly #runs: Counter
  readonly #seconds: Histogram
  readonly #ends: Counter
  readonly #busy: Gauge
  readonly #age: Gauge
  readonly #free: Gauge
  readonly #disk: string
  #beatAt: number

  /** @param disk The data directory, whose disk may fill up. */
  constructor(clock: Clock, disk: string) {
    this.#clock = clock
    this.#disk = disk
    this.#beatAt = clock.elapsed()
    const registers = [this.#registry]
    const of = (name: keyof typeof RUNNER_METRICS) => {
      const { help, labels = [] }: MetricSpec = RUNNER_METRICS[name]
      return { name, help, labelNames: [...labels], registers }
    }
    this.#runs = new Counter(of('gevulot_runs_total'))
    for (const outcome of WORKER_METRICS.gevulot_runs_total.values) this.#runs.inc({ outcome }, 0)
    this.#seconds = new Histogram({
      ...of('gevulot_run_seconds'),
      buckets: [...RUNNER_METRICS.gevulot_run_seconds.buckets],
    })
    this.#ends = new Counter(of('gevulot_runner_tasks_total'))
    this.#busy = new Gauge(of('gevulot_runner_tasks'))
    this.#age = new Gauge(of('gevulot_runner_heard_seconds'))
    this.#free = new Gauge(of('gevulot_disk_free_bytes'))
  }

  /** A program has run. */
  onRun(outcome: string, seconds: number): void {
    this.#runs.inc({ outcome })
    this.#seconds.observe(seconds)
  }

  /** A task has ended here. */
  onEnd(end: TaskEnd): void {
    this.#ends.inc({ end })
  }

  /** The database has answered. */
  onBeat(busy: number): void {
    this.#beatAt = this.#clock.elapsed()
    this.#busy.set(busy)
  }

  /** Seconds since the database last answered: a runner without it works on, so it is no reason to start it anew. */
  get reconciledAge(): number {
    return 0
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  obstacles(seconds: number): Readonly<Record<string, boolean>> {
    return { databaseUnheard: this.#heard > seconds }
  }

  async text(): Promise<string> {
    this.#age.set(this.#heard)
    this.#free.set(await freeBytes(this.#disk))
    return this.#registry.metrics()
  }

  get #heard(): number {
    return (this.#clock.elapsed() - this.#beatAt) / 1000
  }
}
