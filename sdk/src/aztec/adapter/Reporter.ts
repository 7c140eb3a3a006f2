import type { Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { BrokerClient } from '../broker/BrokerClient.js'
import type { JobFilter } from '../broker/wire.js'
import type { ProofExchange } from '../exchange/ProofExchange.js'
import type { AztecMetrics } from '../observe/AztecMetrics.js'
import { parseJobId } from '../protocol/JobId.js'
import type { JobBook, StoredJob } from '../store/JobBook.js'
import type { ResultFiles } from '../store/ResultFiles.js'
import type { Intake } from './Intake.js'

/** What a {@link Reporter} works with. */
export interface ReporterOptions {
  readonly broker: BrokerClient
  readonly exchange: ProofExchange
  readonly book: JobBook
  readonly intake: Intake
  /** The JSON of results that were checked. */
  readonly results: ResultFiles
  readonly metrics: AztecMetrics
  readonly clock: Clock
  readonly log: Logger
  readonly filter: JobFilter
  /** Workloads that may end without a result before a job is reported as failed. */
  readonly attempts: number
}

/** What the broker or the store refuses waits this long for its operator, and holds up no other. */
const REFUSED_MS = 30_000
const UNAVAILABLE_MS = 2_000

/** Reports what became of jobs. Everything it says is in the book before, so that a report that was lost is said again. */
export class Reporter {
  readonly #options: ReporterOptions
  readonly #deferred = new Map<string, number>()

  constructor(options: ReporterOptions) {
    this.#options = options
  }

  /** Reports every job that is proven, and gives up those that failed too often. */
  async report(signal: AbortSignal): Promise<void> {
    const { book, clock, attempts } = this.#options
    for (const [id, until] of this.#deferred) if (until <= clock.elapsed()) this.#deferred.delete(id)
    for (const job of await book.inState('proven', 'waiting')) {
      if (this.#deferred.has(job.id)) continue
      if (job.state === 'proven') await this.#guarded(job, signal, () => this.#succeed(job, signal))
      else if (job.attempts >= attempts) await this.#guarded(job, signal, () => this.#fail(job, signal))
    }
  }

  async #guarded(job: StoredJob, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options
    try {
      await act()
    } catch (error) {
      signal.throwIfAborted()
      const passes = error instanceof GevulotError && error.retryable
      this.#deferred.set(job.id, clock.elapsed() + (passes ? UNAVAILABLE_MS : REFUSED_MS))
      log[passes ? 'warn' : 'error']('a job could not be reported yet', { stage: 'retrieve', job: job.id, error })
    }
  }

  async #succeed({ id, type, result, created_at }: StoredJob, signal: AbortSignal): Promise<void> {
    const { broker, exchange, book, intake, results, metrics, clock, log, filter } = this.#options
    let json: string
    try {
      json = await results.get(result ?? '')
    } catch (error) {
      if (!GevulotError.is(error, 'AZTEC_RESULT_INVALID')) throw error
      // Kept for ever it would keep everybody else from the job.
      log.error('a stored result cannot be used: the job is proven again', { stage: 'retrieve', job: id, error })
      return book.disprove(id, error.message)
    }
    const uri = await exchange.save(id, parseJobId(id), json, signal)
    const next = await broker.reportSuccess(id, uri, filter, signal)
    await book.close(id, 'reported')
    metrics.onReported(type, (clock.now() - created_at) / 1000)
    log.info('a result is reported', { stage: 'retrieve', job: id, seconds: (clock.now() - created_at) / 1000 })
    intake.accept(next, signal)
  }

  /** Somebody else may be able to prove it: only what can never be proven is reported without a retry, see {@link Intake}. */
  async #fail({ id, type, why, attempts }: StoredJob, signal: AbortSignal): Promise<void> {
    const { broker, book, intake, metrics, log, filter } = this.#options
    const message = `no result after ${attempts} workloads: ${why ?? 'no reason is known'}`
    const next = await broker.reportError(id, message, true, filter, signal)
    await book.close(id, 'failed', message)
    metrics.onFailed(type, true)
    log.error('a job is reported as failed', { stage: 'expire', job: id, why: message })
    intake.accept(next, signal)
  }
}
