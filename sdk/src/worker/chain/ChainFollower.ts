import { asChainError, followEvents, type Contracts, type Cursor, type EventBatch } from '../../chain/index.js'
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
  /** Ends what is followed now, so that it is taken up further back. */
  #again = new AbortController()
  /** Blocks to go back; 0: none. */
  #back = 0
  /** The block up to which blocks are read again. */
  #until = 0

  constructor(options: ChainFollowerOptions) {
    this.#options = options
  }

  /**
   * Reads the events of the last blocks once more, of which some seem to have been left out. Those that are there stay as they are. While blocks are
   * read again nothing happens.
   */
  readAgain(blocks: number): void {
    if (this.#options.time.block <= this.#until) return
    this.#until = this.#options.time.block
    this.#back = blocks
    this.#again.abort()
  }

  /** Follows until `signal` is aborted; then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#follow(signal).catch((error: unknown) => this.#onFailure(error, signal))
  }

  async #onFailure(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#again.signal.aborted) return
    const { clock, log, pollMs } = this.#options
    if (!(error instanceof GevulotError && error.retryable)) throw error
    if (!this.#isDown) log.warn('the chain cannot be read; deadlines may be missed', { stage: 'follow', error })
    this.#isDown = true
    await clock.sleep(pollMs, signal).catch(() => undefined)
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { contracts, events, time, clock, log, pollMs, fromBlock, onBatch } = this.#options
    this.#again = new AbortController()
    const stored = await events.cursor()
    const cursor = this.#whereFrom(stored)
    // Stored events of blocks that were replaced meanwhile must not stay.
    let newest = cursor === stored ? undefined : stored?.checkpoints.at(-1)
    const batches = followEvents(contracts, {
      ...(cursor && { cursor }),
      fromBlock,
      pollMs,
      patienceMs: PATIENCE_MS,
      clock,
      signal: AbortSignal.any([signal, this.#again.signal]),
    })
    for await (const batch of batches) {
      await events.apply(batch)
      if (this.#isDown) log.info('the chain can be read again', { stage: 'follow' })
      this.#isDown = false
      if (batch.kind === 'events' && batch.to.number >= this.#until) time.see(batch.to.number, batch.time)
      if (batch.kind === 'reorg') log.warn(SAID[batch.because], { stage: 'follow', redoFrom: batch.redoFrom })
      await onBatch(batch)
      if (newest === undefined || batch.kind === 'reorg' || batch.to.number < newest.number) continue
      if (cursor !== undefined && (await this.#hashOf(newest.number)) !== newest.hash) {
        const undone: EventBatch = { kind: 'reorg', redoFrom: cursor.next, because: 'replaced', cursor }
        await events.apply(undone)
        return onBatch(undone)
      }
      newest = undefined
    }
  }

  async #hashOf(block: number): Promise<string | null | undefined> {
    try {
      return (await this.#options.contracts.provider.getBlock(block))?.hash
    } catch (error) {
      throw asChainError(error, `reading block ${block}`)
    }
  }

  /** Where to take it up: what was stored, or as far before it as was asked for. */
  #whereFrom(cursor: Cursor | undefined): Cursor | undefined {
    const back = this.#back
    this.#back = 0
    if (cursor === undefined || back === 0) return cursor
    const { start } = cursor
    const next = Math.max(start, cursor.next - back)
    this.#options.log.warn('blocks are read again: the chain shows what no event told', { stage: 'follow', from: next })
    return { start, next, checkpoints: cursor.checkpoints.filter((checkpoint) => checkpoint.number < next) }
  }
}
