import type { Clock } from '../../clock.js'
import type { ContentStore } from '../../content/ContentStore.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { BrokerClient } from '../broker/BrokerClient.js'
import type { Assignment, JobFilter } from '../broker/wire.js'
import type { ProofExchange } from '../exchange/ProofExchange.js'
import { readJobId, type JobId } from '../protocol/JobId.js'
import type { JobTypeName } from '../protocol/jobTypes.js'
import type { AztecMetrics } from '../observe/AztecMetrics.js'
import type { JobBook } from '../store/JobBook.js'

/** What an {@link Intake} works with. */
export interface IntakeOptions {
  readonly broker: BrokerClient
  readonly exchange: ProofExchange
  readonly store: Pick<ContentStore, 'put'>
  readonly book: JobBook
  readonly metrics: AztecMetrics
  readonly clock: Clock
  readonly log: Logger
  readonly filter: JobFilter
  readonly types: ReadonlySet<JobTypeName>
  /** Jobs in flight at the same time. */
  readonly slots: number
}

/** Jobs whose inputs, of up to 7 MB, are held in memory at the same time. */
export const MOST_ARRIVING = 16
const LOAD_ATTEMPTS = 3
const LOAD_DELAY_MS = 1_000

/**
 * Takes jobs, from whichever answer of the broker they come. What cannot be taken now is left to the broker's time-out: that hands it to the next
 * agent and costs no attempt, while an error would count.
 */
export class Intake {
  readonly #options: IntakeOptions
  /** Jobs whose inputs are being fetched, by id; they need heartbeats too. */
  readonly #arriving = new Map<string, { readonly id: string; readonly startedAt: number }>()
  readonly #running = new Set<Promise<void>>()

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** Jobs that are on their way into the book. */
  get arriving(): readonly { readonly id: string; readonly startedAt: number }[] {
    return [...this.#arriving.values()]
  }

  /** How many more jobs there is room for. */
  async room(): Promise<number> {
    const inFlight = await this.#options.book.inState('waiting', 'bundled', 'proven')
    return this.#options.slots - inFlight.length - this.#arriving.size
  }

  /** Resolves when another job may be asked for: what is on its way into the book is held in memory. */
  async turn(): Promise<void> {
    while (this.#running.size >= MOST_ARRIVING) await Promise.race(this.#running)
  }

  /** Takes what an answer handed over; a job that is known already goes on where it was. */
  accept(assignment: Assignment | undefined, signal: AbortSignal): void {
    if (assignment === undefined || this.#arriving.has(assignment.job.id)) return
    const { id } = assignment.job
    this.#arriving.set(id, { id, startedAt: assignment.time })
    const taking = this.#take(assignment, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#options.log.warn('a job could not be taken', { stage: 'assign', job: id, error })
      })
      .finally(() => {
        this.#arriving.delete(id)
        this.#running.delete(taking)
      })
    this.#running.add(taking)
  }

  /** Resolves when nothing is arriving. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #take({ job, time }: Assignment, signal: AbortSignal): Promise<void> {
    const { book, metrics, log, types } = this.#options
    const about = { stage: 'assign', job: job.id }
    let id: JobId
    try {
      id = readJobId(job.id, job.type, job.epochNumber)
    } catch (error) {
      return this.#fail(job.id, undefined, error, signal)
    }
    if (!types.has(id.type)) {
      log.warn('the broker handed out a job that was not asked for; it is left to its time-out', about)
      return
    }
    const known = await book.find(job.id)
    if (known !== undefined && known.state !== 'closed') return book.note(job.id, { started_at: time, held: true })
    if (known !== undefined && (await book.resume(job.id, time))) {
      log.info('a job is taken up again', about)
      return
    }
    if ((await this.room()) < 0) {
      log.warn('there is no room for the job; it is left to its time-out', about)
      return
    }
    let bytes: Uint8Array
    try {
      bytes = await this.#load(job.id, id, job.inputsUri, signal)
    } catch (error) {
      return this.#fail(job.id, id.type, error, signal)
    }
    const { digest, size } = await this.#options.store.put(bytes, { signal })
    const { epoch, type } = id
    await book.take({ id: job.id, type, epoch, inputs: digest, input_bytes: size, started_at: time })
    metrics.onTaken(type)
    log.info('a job is taken', { ...about, bytes: size })
  }

  async #load(id: string, job: JobId, uri: string, signal: AbortSignal): Promise<Uint8Array> {
    const { exchange, clock } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await exchange.load(id, job, uri, signal)
      } catch (error) {
        const passes = GevulotError.is(error, 'AZTEC_INPUTS_UNAVAILABLE')
        if (!passes || attempt >= LOAD_ATTEMPTS) throw error
        await clock.sleep(LOAD_DELAY_MS * attempt, signal)
      }
    }
  }

  /** What can never be proven fails the epoch at once; what another agent may be able to read is left to it. */
  async #fail(id: string, type: JobTypeName | undefined, error: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { broker, metrics, log, filter } = this.#options
    if (!(error instanceof GevulotError)) throw error
    const retry = error.code !== 'AZTEC_JOB_INVALID'
    log.error('a job is refused', { stage: 'assign', job: id, retry, error })
    if (type !== undefined) metrics.onFailed(type, retry)
    this.accept(await broker.reportError(id, error.message, retry, filter, signal), signal)
  }
}
