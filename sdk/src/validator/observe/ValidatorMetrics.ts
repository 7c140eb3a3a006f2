import type { EventBatch } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { DaemonMetrics } from '../../worker/observe/DaemonMetrics.js'
import { VALIDATOR_METRICS, type ValidatorMetricName } from './validatorMetricTable.js'

/** How a judging ended. */
export type JudgingEnd = 'verdict' | 'unable' | 'stopped' | 'error'

/** Blocks behind the newest one whose verdicts are remembered: twice as many as are ever read again. */
const REMEMBERED = 20_000

/** The figures of a validator, for Prometheus. Their names and meanings are in {@link VALIDATOR_METRICS}. */
export class ValidatorMetrics extends DaemonMetrics<ValidatorMetricName> {
  readonly #since: number
  #unheard = 0
  /** The block of each verdict that was counted. */
  readonly #counted = new Map<string, number>()
  /** What lies here or before is not remembered, and not counted. */
  #forgotten = 0

  constructor(clock: Clock) {
    super(clock, VALIDATOR_METRICS)
    this.#since = Math.floor(clock.now() / 1000)
  }

  /** Says who judges. */
  start(info: Readonly<Record<'operator' | 'chain' | 'runtime', string>>): void {
    this.gauge('gevulot_validator_info').set(info, 1)
  }

  /** The clerk has looked at everything that was due: so many committees wait for a seat of ours. */
  onRound(open: number): void {
    this.onReconciled()
    this.gauge('gevulot_committees_open').set(open)
  }

  /** Committees that wait for a seat of ours and of which no event was heard. */
  onUnheard(committees: number): void {
    this.gauge('gevulot_committees_unheard').set(committees)
    this.#unheard = committees
  }

  override obstacles(seconds: number): Readonly<Record<string, boolean>> {
    return { ...super.obstacles(seconds), ...(this.#unheard > 0 && { committeeUnheard: true }) }
  }

  /** A judging ended, after so many seconds. */
  onJudged(outcome: JudgingEnd, seconds: number): void {
    this.counter('gevulot_judgings_total').inc({ outcome })
    if (outcome === 'verdict') this.histogram('gevulot_judging_seconds').observe(seconds)
  }

  /** A committee decided against what the verifier program says here. */
  onContradicted(): void {
    this.counter('gevulot_verdicts_contradicted_total').inc()
  }

  /** Counts what a batch says of the own seats, each verdict once: a reorg brings its event again, and blocks are read again. What was before the start is history. */
  onBatch(batch: EventBatch, seats: ReadonlySet<number>): void {
    if (batch.kind !== 'events' || batch.time < this.#since) return
    for (const { name, args, at } of batch.events) {
      if ((name !== 'Voted' && name !== 'VerdictMissed') || !seats.has(args.seat)) continue
      const verdict = `${args.workload}/${args.attempt}/${args.seat}/${name}`
      if (at.block <= this.#forgotten || this.#counted.has(verdict)) continue
      this.#counted.set(verdict, at.block)
      this.counter('gevulot_verdicts_total').inc({ end: name === 'Voted' ? 'answered' : 'missed' })
    }
    this.#forget(batch.to.number - REMEMBERED)
  }

  #forget(last: number): void {
    if (last <= this.#forgotten) return
    for (const [verdict, block] of this.#counted) if (block <= last) this.#counted.delete(verdict)
    this.#forgotten = last
  }
}
