import type { Clock } from '../../clock.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { BrokerClient } from '../broker/BrokerClient.js'
import type { JobFilter } from '../broker/wire.js'
import type { JobBook, StoredJob } from '../store/JobBook.js'
import type { Intake } from './Intake.js'

/** What a {@link Pulse} works with. */
export interface PulseOptions {
  readonly broker: BrokerClient
  readonly book: JobBook
  readonly intake: Intake
  readonly clock: Clock
  readonly log: Logger
  readonly filter: JobFilter
  /** Milliseconds between heartbeats; well below the broker's time-out of 30 s. */
  readonly heartbeatMs: number
}

/**
 * Every so many heartbeats all jobs are asked about: a heartbeat alone does not tell that a job was settled or swept. And for so many the broker may
 * not know a job that is paid for: one that lost its memory is told its jobs again.
 */
const LOOK_EVERY = 3

/**
 * Keeps the broker told what is being worked on, on the broker's own clock, and finds out what is wanted no more. A heartbeat whose answer is
 * another job means that its own is lost: settled, swept, or with an agent that had it before.
 */
export class Pulse {
  readonly #options: PulseOptions
  /** Jobs that are paid for and that the broker does not know: since which heartbeat. */
  readonly #missing = new Map<string, number>()
  #beats = 0

  constructor(options: PulseOptions) {
    this.#options = options
  }

  /** Beats until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, heartbeatMs, log } = this.#options
    while (!signal.aborted) {
      await this.beat(signal).catch((error: unknown) => {
        if (!signal.aborted) log.warn('a heartbeat failed', { stage: 'run', error })
      })
      await clock.sleep(heartbeatMs, signal).catch(() => undefined)
    }
  }

  /** One heartbeat for every job in flight. */
  async beat(signal: AbortSignal): Promise<void> {
    const { broker, book, intake, filter } = this.#options
    const jobs = await book.inState('waiting', 'bundled', 'proven')
    const held = jobs.filter((job) => job.held)
    const reports = [...held.map(({ id, started_at }) => ({ id, startedAt: started_at })), ...intake.arriving]
    const answers = reports.length === 0 ? [] : await broker.reportProgress(reports, filter, signal)
    for (const answer of answers) intake.accept(answer, signal)
    // Which of the answers belong to jobs that are lost; a job handed out anew is not.
    const lost = new Set(held.filter((job, index) => isAnother(answers[index]?.job.id, job)).map(({ id }) => id))
    const all = this.#beats++ % LOOK_EVERY === 0
    // What is proven is reported whatever the broker says of it: a result that it wants no more does no harm.
    const open = jobs.filter(({ state }) => state !== 'proven')
    for (const id of this.#missing.keys()) if (!open.some((job) => job.id === id)) this.#missing.delete(id)
    await this.#look(all ? open : open.filter(({ id }) => lost.has(id)), lost, signal)
  }

  async #look(jobs: readonly StoredJob[], lost: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    if (jobs.length === 0) return
    const { broker, book, log } = this.#options
    const statuses = await broker.statusOf(
      jobs.map(({ id }) => id),
      signal,
    )
    for (const [index, job] of jobs.entries()) {
      const status = statuses[index]?.status
      const about = { stage: 'run', job: job.id, status }
      if (status !== 'not-found') this.#missing.delete(job.id)
      if (status === 'fulfilled' || status === 'rejected') {
        await book.abandon(job.id, 'settled', `the broker says ${status}`)
        log.info('a job is settled', about)
      } else if (status === 'not-found') {
        if (job.state === 'bundled' && !this.#isGone(job)) continue
        await book.abandon(job.id, 'swept', 'the broker does not know it any more')
        log.warn('a job is known to the broker no more', about)
      } else if (lost.has(job.id)) {
        await this.#hasAnother(job)
      }
    }
  }

  #isGone({ id }: StoredJob): boolean {
    const since = this.#missing.get(id) ?? this.#beats
    this.#missing.set(id, since)
    return this.#beats - since >= LOOK_EVERY
  }

  /** Another agent had the job before. What is not paid for yet is left to it; what is, goes on: the first result counts, whoever reports it. */
  async #hasAnother(job: StoredJob): Promise<void> {
    const { book, log } = this.#options
    log.info('another agent works on a job', { stage: 'run', job: job.id })
    if (job.state === 'waiting') await book.abandon(job.id, 'given-up', 'another agent works on it')
    else await book.note(job.id, { held: false })
  }
}

function isAnother(answered: string | undefined, { id }: StoredJob): boolean {
  return answered !== undefined && answered !== id
}
