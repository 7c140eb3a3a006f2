import type { Delivery, DeliveryInbox } from '../../client/delivery/DeliveryInbox.js'
import type { Clock } from '../../clock.js'
import type { JobKey } from '../job/Job.js'
import type { Logger } from '../log/Logger.js'

/** What a {@link Courier} needs. */
export interface CourierOptions {
  readonly inboxes: readonly DeliveryInbox[]
  readonly clock: Clock
  readonly log: Logger
}

/** How a delivery stands: `ended` says nothing of whether any inbox has it. */
export type DeliveryStanding = 'under way' | 'ended'

/** So long an inbox may take; it may be a directory of another machine, which need not answer at all. */
const PATIENCE_MS = 60_000

/** Brings sealed proofs to inboxes, beside everything else: no deadline waits for an inbox. */
export class Courier {
  readonly #options: CourierOptions
  readonly #standings = new Map<string, DeliveryStanding>()
  readonly #stop = new AbortController()

  constructor(options: CourierOptions) {
    this.#options = options
  }

  /** How the delivery of a job stands; undefined before it has begun. */
  standingOf(job: JobKey): DeliveryStanding | undefined {
    return this.#standings.get(nameOf(job))
  }

  /**
   * Begins a delivery. The reveal brings the proof anyway, so each inbox is tried once.
   * @param seal Makes what is delivered.
   * @param onEnd Told when it has ended.
   */
  begin(job: JobKey, seal: () => Promise<Delivery>, onEnd: () => void): void {
    this.#standings.set(nameOf(job), 'under way')
    void this.#deliver(job, seal).then(() => {
      if (this.#standings.has(nameOf(job))) this.#standings.set(nameOf(job), 'ended')
      onEnd()
    })
  }

  /** A delivery is written down, or of no use any more. */
  forget(job: JobKey): void {
    this.#standings.delete(nameOf(job))
  }

  /** Waits for no inbox any more. */
  close(): void {
    this.#stop.abort()
  }

  async #deliver({ workload, seat }: JobKey, seal: () => Promise<Delivery>): Promise<void> {
    const { inboxes } = this.#options
    const log = this.#options.log.with({ workload, seat, stage: 'deliver' })
    try {
      const delivery = await seal()
      const done = await Promise.allSettled(
        inboxes.map((inbox) => this.#inTime((signal) => inbox.put(delivery, { signal }))),
      )
      const failure = done.find((result) => result.status === 'rejected')
      if (failure !== undefined && done.every((result) => result.status === 'rejected')) throw failure.reason
      log.info('the sealed proof is delivered')
    } catch (error) {
      if (!this.#stop.signal.aborted) log.warn('the sealed proof cannot be delivered', { error })
    }
  }

  async #inTime(put: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const over = new AbortController()
    const end = (): void => over.abort()
    this.#stop.signal.addEventListener('abort', end, { once: true })
    if (this.#stop.signal.aborted) end()
    const late = this.#options.clock.sleep(PATIENCE_MS, over.signal).then(() => {
      throw new Error(`an inbox did not take it within ${PATIENCE_MS / 1000} s`)
    })
    try {
      await Promise.race([put(over.signal), late])
    } finally {
      this.#stop.signal.removeEventListener('abort', end)
      end()
    }
  }
}

function nameOf({ workload, seat }: JobKey): string {
  return `${workload}/${seat}`
}
