import { followEvents, type Contracts, type EventBatch } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../log/Logger.js'
import type { EventStore } from '../store/EventStore.js'
import type { ChainTime } from './ChainTime.js'

/** What a {@link ChainFollower} needs. */
export interface ChainFollowerOptions {
  readonly contracts: Contracts
  readonly events: EventStore
  readonly time: ChainTime
  readonly clock: Clock
  readonly log: Logger
  readonly pollMs: number
  readonly fromBlock: number
  /** Called after each batch was stored. */
  readonly onBatch: (batch: EventBatch) => Promise<void>
}

// How long the endpoint may be silent before the log says so; the follower itself never gives up.
const PATIENCE_MS = 10_000

const SAID = {
  replaced: 'a reorg undid blocks',
  incomplete: 'the endpoint had left events out; the blocks are read again',
} as const

/** Keeps the event store equal to the chain, through endpoint failures, restarts and reorgs. */
export class ChainFollower {
  readonly #options: ChainFollowerOptions
  #isDown = false

  constructor(options: ChainFollowerOptions) {
    this.#options = options
  }

  /** Follows until `signal` is aborted; then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#follow(signal).catch((error: unknown) => this.#onFailure(error, signal))
  }

  async #onFailure(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { clock, log, pollMs } = this.#options
    if (!(error instanceof GevulotError && error.retryable)) throw error
    if (!this.#isDown) log.warn('the chain cannot be read; deadlines may be missed', { stage: 'follow', error })
    this.#isDown = true
    await clock.sleep(pollMs, signal).catch(() => undefined)
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { contracts, events, time, clock, log, pollMs, fromBlock, onBatch } = this.#options
    const cursor = await events.cursor()
    const batches = followEvents(contracts, {
      ...(cursor && { cursor }),
      fromBlock,
      pollMs,
      patienceMs: PATIENCE_MS,
      clock,
      signal,
    })
    for await (const batch of batches) {
      await events.apply(batch)
      if (this.#isDown) log.info('the chain can be read again', { stage: 'follow' })
      this.#isDown = false
      if (batch.kind === 'events') time.see(batch.to.number, batch.time)
      else log.warn(SAID[batch.because], { stage: 'follow', redoFrom: batch.redoFrom })
      await onBatch(batch)
    }
  }
}
