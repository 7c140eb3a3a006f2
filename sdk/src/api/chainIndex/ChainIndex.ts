import type { Contracts } from '../../chain/connect.js'
import { asChainError } from '../../chain/asChainError.js'
import { followEvents, type BlockRef, type EventBatch } from '../../chain/followEvents.js'
import type { Clock } from '../../clock.js'
import { chainError } from '../../errors/codes/chain.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../../worker/log/Logger.js'
import { rowOf } from './IndexedEvent.js'
import type { IndexHead, IndexStore } from './IndexStore.js'

/** What a {@link ChainIndex} works with. */
export interface ChainIndexOptions {
  readonly contracts: Contracts
  readonly store: IndexStore
  readonly clock: Clock
  readonly log: Logger
  /** Milliseconds between looks at the chain. */
  readonly pollMs: number
  /** Called with the block up to which everything was taken in before a restart. */
  readonly onResume: (block: BlockRef) => void
  /** Called with what was just taken in. */
  readonly onBatch: (batch: EventBatch) => void
}

/** Blocks whose times are asked for at once. */
const BLOCKS_AT_ONCE = 200

/** Follows the chain into the index, for ever; a restart goes on where it was. */
export class ChainIndex {
  readonly #options: ChainIndexOptions
  #head: IndexHead | undefined
  /** Of the clock that nobody sets. */
  #movedAt: number | undefined

  constructor(options: ChainIndexOptions) {
    this.#options = options
  }

  /** How far it has come; undefined before it has read anything. */
  get head(): IndexHead | undefined {
    return this.#head
  }

  /** Milliseconds since it last took something in, or began to go on; undefined before it has read anything. */
  get idleMs(): number | undefined {
    return this.#movedAt === undefined ? undefined : this.#options.clock.elapsed() - this.#movedAt
  }

  /** Follows until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.#follow(signal)
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof GevulotError) || !error.retryable) throw error
        this.#options.log.warn('the chain cannot be read', { stage: 'follow', error })
        await this.#options.clock.sleep(this.#options.pollMs, signal).catch(() => undefined)
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { contracts, store, clock, pollMs, onBatch, onResume } = this.#options
    const head = await store.open(await this.#identity())
    const { cursor } = head
    const last = cursor?.checkpoints.at(-1)
    if (last !== undefined) {
      // Nothing may come for a while, and what is there can be answered.
      this.#head = head
      // Not when it begins again because the chain could not be read: nothing has moved.
      this.#movedAt ??= clock.elapsed()
      onResume(last)
    }
    const patienceMs = Number.MAX_SAFE_INTEGER
    const options = { rewards: true, pollMs, clock, patienceMs, signal, ...(cursor && { cursor }) }
    for await (const batch of followEvents(contracts, options)) {
      if (batch.kind === 'reorg') {
        await store.undo(batch.redoFrom, batch.cursor)
      } else {
        const times = await this.#timesOf(batch)
        const events = batch.events.map((event) => rowOf(event, times.get(event.at.block) ?? batch.time))
        const to = { block: batch.to.number, time: batch.time }
        await store.apply({ from: batch.from, to, events, cursor: batch.cursor })
        this.#head = { cursor: batch.cursor, ...to }
      }
      this.#movedAt = clock.elapsed()
      onBatch(batch)
    }
  }

  /** The chain, the market, and the block they began with: a local chain may begin again with the same addresses. */
  async #identity(): Promise<string> {
    const { chainId, addresses, fromBlock } = this.#options.contracts
    const first = await this.#blocks([fromBlock])
    return [chainId, addresses.market, first[0]?.hash].join('/')
  }

  /** The times of the blocks with events. */
  async #timesOf(batch: EventBatch & { readonly kind: 'events' }): Promise<ReadonlyMap<number, number>> {
    const hashes = new Map(batch.events.map(({ at }) => [at.block, at.blockHash]))
    const numbers = [...hashes.keys()].filter((number) => number !== batch.to.number)
    const times = new Map([[batch.to.number, batch.time]])
    for (let index = 0; index < numbers.length; index += BLOCKS_AT_ONCE) {
      for (const { number, hash, timestamp } of await this.#blocks(numbers.slice(index, index + BLOCKS_AT_ONCE))) {
        // A reorg in between: what was read is looked for again.
        if (hash !== hashes.get(number)) throw chainError('CHAIN_RPC_UNAVAILABLE', `block ${number} was replaced`)
        times.set(number, timestamp)
      }
    }
    return times
  }

  async #blocks(numbers: readonly number[]) {
    const { provider } = this.#options.contracts
    try {
      const found = await Promise.all(numbers.map((number) => provider.getBlock(number)))
      return found.flatMap((block, index) => {
        if (block === null)
          throw chainError('CHAIN_RPC_UNAVAILABLE', `the endpoint does not know ${numbers[index]} yet`)
        return [block]
      })
    } catch (error) {
      throw asChainError(error, 'reading the times of blocks')
    }
  }
}
