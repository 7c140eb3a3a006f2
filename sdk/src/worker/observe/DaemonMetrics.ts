import { formatEther } from 'ethers'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { ASIDE_REASONS, type AsideReason, type EndpointState } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { freeBytes } from '../../content/freeBytes.js'
import { TX_OUTCOMES, type TxOutcome, type TxRequest } from '../publish/TxOutcome.js'
import type { HealthFigures } from './HealthServer.js'
import type { DaemonMetricName, MetricSpec } from './metricTable.js'

/**
 * The figures of every daemon that follows the chain and sends for an account, for Prometheus. Parts of the daemon tell it what happened; it never
 * changes what they do. The names and meanings of what is common are in {@link DAEMON_METRICS}.
 */
export abstract class DaemonMetrics<Name extends string> implements HealthFigures {
  readonly #clock: Clock
  readonly #registry = new Registry()
  #startedAt: number
  #isStandingBy = false
  #chainSeenAt: number | undefined
  #head = 0
  #reconciledAt: number
  #endpoints: () => readonly EndpointState[] = () => []
  #disk: string | undefined

  /** @param table Every metric: those of {@link DAEMON_METRICS} and the daemon's own. */
  constructor(clock: Clock, table: Readonly<Record<Name | DaemonMetricName, MetricSpec>>) {
    this.#clock = clock
    this.#startedAt = this.#reconciledAt = clock.elapsed()
    for (const [name, spec] of Object.entries<MetricSpec>(table)) this.#register(name, spec)
  }

  /** Says where it can be read how the RPC endpoints stand. */
  watchEndpoints(endpoints: () => readonly EndpointState[]): void {
    this.#endpoints = endpoints
  }

  /** Says where the data directory is, whose disk may fill up. */
  watchDisk(directory: string): void {
    this.#disk = directory
  }

  /** It waits while another acts for the account, or its wait is over: everything that is due is due from then on. */
  onStandby(isStandingBy: boolean): void {
    this.#isStandingBy = isStandingBy
    this.gauge('gevulot_standing_by').set(isStandingBy ? 1 : 0)
    this.#startedAt = this.#reconciledAt = this.#clock.elapsed()
  }

  /** The follower has stored what the chain was at block `head`. */
  onHead(head: number): void {
    this.gauge('gevulot_chain_head').set(head)
    this.#head = head
    this.#chainSeenAt = this.#clock.elapsed()
  }

  /** Blocks were undone. */
  onReorg(): void {
    this.counter('gevulot_chain_reorgs_total').inc()
  }

  /** A round of the work has ended. */
  onReconciled(): void {
    this.#reconciledAt = this.#clock.elapsed()
  }

  /** A transaction has ended. */
  onTransaction({ about, key }: TxRequest, outcome: TxOutcome): void {
    const { stage = key.split('/')[0] ?? key } = about as { readonly stage?: string }
    for (const kind of TX_OUTCOMES) this.counter('gevulot_transactions_total').inc({ stage, outcome: kind }, 0)
    this.counter('gevulot_transactions_total').inc({ stage, outcome: outcome.kind })
    if (outcome.kind === 'mined') this.counter('gevulot_transaction_gas_total').inc({ stage }, Number(outcome.gasUsed))
  }

  /** What the key has for gas, wei of the chain's coin, and the operator in the market, token units. */
  onBalances(coin: bigint, tokens: bigint): void {
    this.gauge('gevulot_gas_money').set(Number(formatEther(coin)))
    this.gauge('gevulot_market_tokens').set(Number(formatEther(tokens)))
  }

  /** Relays may pay for gas in the place of the account. */
  onRelays(named: number): void {
    this.gauge('gevulot_relays').set(named)
  }

  /** The statuses of all seats worked for. */
  onSeats(statuses: readonly string[]): void {
    const gauge = this.gauge('gevulot_seats')
    gauge.reset()
    for (const status of statuses) gauge.inc({ status })
  }

  /** Seconds since the newest block was first seen; since the start while none was. */
  get chainAge(): number {
    return (this.#clock.elapsed() - (this.#chainSeenAt ?? this.#startedAt)) / 1000
  }

  /** Number of the newest block seen since the start; 0: none. */
  get head(): number {
    return this.#head
  }

  /** Whether any block was seen since the start. */
  get hasSeenChain(): boolean {
    return this.#chainSeenAt !== undefined
  }

  /** Seconds since everything that was due was last looked at; for one that stands by nothing is. */
  get reconciledAge(): number {
    return this.#isStandingBy ? 0 : (this.#clock.elapsed() - this.#reconciledAt) / 1000
  }

  /** What keeps the daemon from keeping deadlines. @param seconds Without a new block after which it cannot. */
  obstacles(seconds: number): Readonly<Record<string, boolean>> {
    if (this.#isStandingBy) return { standingBy: true }
    const endpoints = this.#endpoints()
    return {
      // Of a single one `chainUnseen` tells soon enough.
      ...(endpoints.length > 1 && { noEndpoint: !endpoints.some(({ isUp }) => isUp) }),
      chainUnseen: !this.hasSeenChain || this.chainAge > seconds,
    }
  }

  /** Prometheus' text format, version 0.0.4. */
  async text(): Promise<string> {
    // What was never measured stands at 0, and no gas money and no seats would be alerts.
    if (this.#isStandingBy) return `${await this.#registry.getSingleMetricAsString('gevulot_standing_by')}\n`
    this.gauge('gevulot_chain_age_seconds').set(this.chainAge)
    this.gauge('gevulot_reconciled_seconds').set(this.reconciledAge)
    if (this.#disk !== undefined) this.gauge('gevulot_disk_free_bytes').set(await freeBytes(this.#disk))
    // The endpoints count for themselves.
    this.counter('gevulot_endpoint_failures_total').reset()
    for (const { name: endpoint, isUp, isCurrent, head, failures } of this.#endpoints()) {
      this.gauge('gevulot_endpoint_up').set({ endpoint }, isUp ? 1 : 0)
      this.gauge('gevulot_endpoint_current').set({ endpoint }, isCurrent ? 1 : 0)
      if (head !== undefined) this.gauge('gevulot_endpoint_head').set({ endpoint }, head)
      for (const why of Object.keys(ASIDE_REASONS) as AsideReason[])
        this.counter('gevulot_endpoint_failures_total').inc({ endpoint, why }, failures.get(why) ?? 0)
    }
    return this.#registry.metrics()
  }

  /** Media type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType
  }

  /** A gauge of the table. */
  protected gauge(name: Name | DaemonMetricName): Gauge {
    return this.#registry.getSingleMetric(name) as Gauge
  }

  /** A counter of the table. */
  protected counter(name: Name | DaemonMetricName): Counter {
    return this.#registry.getSingleMetric(name) as Counter
  }

  /** A histogram of the table. */
  protected histogram(name: Name | DaemonMetricName): Histogram {
    return this.#registry.getSingleMetric(name) as Histogram
  }

  #register(name: string, { type, help, labels = [], values = [], buckets = [] }: MetricSpec): void {
    const common = { name, help, labelNames: [...labels], registers: [this.#registry] }
    const [label = ''] = labels
    if (type === 'counter') {
      const counter = new Counter(common)
      for (const value of values) counter.inc({ [label]: value }, 0)
    } else if (type === 'gauge') new Gauge(common)
    else new Histogram({ ...common, buckets: [...buckets] })
  }
}
