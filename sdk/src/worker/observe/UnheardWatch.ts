import { asChainError, type Contracts } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { ChainFollower } from '../chain/ChainFollower.js'
import type { Logger } from '../log/Logger.js'
import type { EventStore } from '../store/EventStore.js'

/** Something that the chain's state shows, and no event has told. */
export interface Unheard {
  /** The same at every look. */
  readonly key: string
  /** For the log. */
  readonly about: Readonly<Record<string, unknown>>
}

/** What an {@link UnheardWatch} needs. */
export interface UnheardWatchOptions {
  readonly contracts: Contracts
  readonly events: EventStore
  readonly clock: Clock
  readonly log: Logger
  readonly follower: Pick<ChainFollower, 'readAgain'>
  /** Milliseconds between two looks of the follower. */
  readonly pollMs: number
  /** What no event has told, by the state of now: also what may still be on its way. */
  readonly find: () => Promise<readonly Unheard[]>
  /** What the log says of it. */
  readonly text: string
  /** Told how many there are that nothing has told of for a while. */
  readonly onUnheard: (count: number) => void
}

/** Looks at the chain, after each of which its state is compared with the events once. */
const LOOKS = 30
/** Blocks that are read once more for what was not heard of: more than a day of most chains. */
const READ_AGAIN = 10_000
/** Blocks at the end of the chain that may be on their way. */
const NEWEST = 16
/** Blocks after which it is no longer on its way: the follower has read young blocks twice by then. */
const PATIENCE = 24

/**
 * Compares the chain's state, which no index of logs has a part in, with the events that were heard of. What stays unheard the endpoints have left
 * out, and only people can help then.
 */
export class UnheardWatch {
  readonly #options: UnheardWatchOptions
  /** What was so at every look since a block: the event may be on its way. */
  #suspects: ReadonlyMap<string, number> = new Map()
  #said: ReadonlySet<string> = new Set()

  constructor(options: UnheardWatchOptions) {
    this.#options = options
  }

  /** Looks until `signal` is aborted; a look that fails is made again the next time. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, pollMs } = this.#options
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => {
        log.debug('events cannot be compared with the chain now', { stage: 'observe', error })
      })
      await clock.sleep(LOOKS * pollMs, signal).catch(() => undefined)
    }
  }

  /**
   * Looks once.
   * @returns Keys of what has been so for a while, and nobody told.
   * @throws GevulotError CHAIN_RPC_UNAVAILABLE
   */
  async look(): Promise<readonly string[]> {
    const { events, follower, log, find, text, onUnheard } = this.#options
    const head = await this.#head()
    const { next } = (await events.cursor()) ?? { next: 0 }
    // Before events were read up to the newest blocks nothing can be missed.
    if (next + NEWEST <= head) return []
    const found = await find()
    const suspects = new Map(found.map(({ key }) => [key, this.#suspects.get(key) ?? head]))
    const unheard = found.filter(({ key }) => head - (suspects.get(key) ?? head) >= PATIENCE)
    for (const { key, about } of unheard) if (!this.#said.has(key)) log.error(text, { stage: 'observe', ...about })
    this.#suspects = suspects
    this.#said = new Set(unheard.map(({ key }) => key))
    onUnheard(unheard.length)
    if (unheard.length > 0) follower.readAgain(READ_AGAIN)
    return [...this.#said]
  }

  async #head(): Promise<number> {
    try {
      return await this.#options.contracts.provider.getBlockNumber()
    } catch (error) {
      throw asChainError(error, 'reading the newest block')
    }
  }
}
