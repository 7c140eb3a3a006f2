import type { Block } from 'ethers'

import {
  asChainError,
  followEvents,
  type BlockRef,
  type Contracts,
  type Cursor,
  type EventBatch,
} from '../../chain/index.js'
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
  /** Ends what is followed now, so that blocks are read again. */
  #again = new AbortController()
  /** Blocks to read again; 0: none. */
  #back = 0
  #isBack = false

  constructor(options: ChainFollowerOptions) {
    this.#options = options
  }

  /**
   * Reads the events of the last blocks once more, of which some seem to have been left out. Those that are there stay as they are. While blocks are
   * read again nothing happens.
   */
  readAgain(blocks: number): void {
    if (this.#isBack) return
    this.#back = blocks
    this.#again.abort()
  }

  /** Follows until `signal` is aborted; then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#follow(signal).catch((error: unknown) => this.#onFailure(error, signal))
  }

  async #onFailure(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    // Anything else that goes wrong just then counts: a reorg may be stored of which nobody was told.
    if (this.#again.signal.aborted && error instanceof Error && error.name === 'AbortError') return
    const { clock, log, pollMs } = this.#options
    if (!(error instanceof GevulotError && error.retryable)) throw error
    if (!this.#isDown) log.warn('the chain cannot be read; deadlines may be missed', { stage: 'follow', error })
    this.#isDown = true
    await clock.sleep(pollMs, signal).catch(() => undefined)
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { events, time, log, onBatch } = this.#options
    this.#again = new AbortController()
    const stored = await events.cursor()
    if (this.#back > 0) await this.#addOmitted(stored, signal)
    await this.#seeNewest(stored?.checkpoints.at(-1))
    for await (const batch of this.#batches(stored, AbortSignal.any([signal, this.#again.signal]))) {
      await events.apply(batch)
      this.#onRead()
      if (batch.kind === 'events') time.see(batch.to.number, batch.time)
      else log.warn(SAID[batch.because], { stage: 'follow', redoFrom: batch.redoFrom })
      await onBatch(batch)
    }
  }

  /** After a short absence the stored block may be the newest one still. Nothing is read then, and what is due cannot wait for the next one. */
  async #seeNewest(stored: BlockRef | undefined): Promise<void> {
    const { time } = this.#options
    if (stored === undefined || time.now() > 0) return
    const head = await this.#blockAt('latest')
    if (head?.hash === stored.hash) time.see(head.number, head.timestamp)
  }

  /**
   * Reads the blocks before the cursor again that were asked for, and stores what is missing of them. The cursor stays: it alone tells, also after a crash in
   * the middle, of which chain the stored events are. What is not surely of that one is left alone, and following on finds the reorg.
   */
  async #addOmitted(stored: Cursor | undefined, signal: AbortSignal): Promise<void> {
    const back = this.#back
    this.#back = 0
    const newest = stored?.checkpoints.at(-1)
    if (stored === undefined || newest === undefined) return
    const { events, log, onBatch } = this.#options
    const start = Math.max(stored.start, stored.next - back)
    log.warn('blocks are read again: the chain shows what no event told', { stage: 'follow', from: start })
    this.#isBack = true
    try {
      for await (const batch of this.#batches({ start, next: start, checkpoints: [] }, signal)) {
        this.#onRead()
        // Its blocks come once more.
        if (batch.kind === 'reorg' && batch.because === 'incomplete') continue
        if (batch.kind === 'reorg' || !(await this.#isBelow(newest, batch.to))) return
        const known = batch.events.filter(({ at }) => at.block < stored.next)
        await events.add(known)
        await onBatch({ ...batch, events: known, cursor: stored })
        if (batch.to.number >= newest.number) return
      }
    } finally {
      this.#isBack = false
    }
  }

  /** Whether a block that was just read and the newest stored one are of one chain: if it is the same before and after that one is, they are. */
  async #isBelow(newest: BlockRef, read: BlockRef): Promise<boolean> {
    return (await this.#hashOf(newest.number)) === newest.hash && (await this.#hashOf(read.number)) === read.hash
  }

  #batches(cursor: Cursor | undefined, signal: AbortSignal): AsyncGenerator<EventBatch> {
    const { contracts, clock, pollMs, fromBlock } = this.#options
    return followEvents(contracts, {
      ...(cursor && { cursor }),
      fromBlock,
      pollMs,
      patienceMs: PATIENCE_MS,
      clock,
      signal,
    })
  }

  #onRead(): void {
    if (this.#isDown) this.#options.log.info('the chain can be read again', { stage: 'follow' })
    this.#isDown = false
  }

  async #hashOf(block: number): Promise<string | null | undefined> {
    return (await this.#blockAt(block))?.hash
  }

  async #blockAt(block: number | 'latest'): Promise<Block | null> {
    try {
      return await this.#options.contracts.provider.getBlock(block)
    } catch (error) {
      throw asChainError(error, `reading block ${block}`)
    }
  }
}
