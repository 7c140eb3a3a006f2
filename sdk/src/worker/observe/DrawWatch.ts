import { asChainError, readSlot, type Contracts, type WorkloadId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { SeatBook } from '../coordinate/SeatBook.js'
import type { Logger } from '../log/Logger.js'
import type { EventStore } from '../store/EventStore.js'
import type { JobStore } from '../store/JobStore.js'

/** What a {@link DrawWatch} needs. */
export interface DrawWatchOptions {
  readonly contracts: Contracts
  readonly seats: SeatBook
  readonly events: EventStore
  readonly jobs: JobStore
  readonly clock: Clock
  readonly log: Logger
  /** Milliseconds between two looks. */
  readonly everyMs: number
  /** Told how many seats are at work for something unheard of. */
  readonly onUnheard: (seats: number) => void
}

// Each seat is a request; they matter, but not within a second.
const AT_ONCE = 16
/** Blocks at the end of the chain that may be on their way. */
const NEWEST = 16
/** Blocks after which it is no longer on its way: the follower has read young blocks twice by then. */
const PATIENCE = 24
/** Draws of a seat that are asked for, newest first: what holds it is hardly older. */
const DRAWS = 32

/**
 * Compares what the market says of the operator's seats with the draws that were heard of. A seat that is held for work of which no event came is a
 * seat that will be slashed: its endpoints have left the event out. Only people can help then.
 */
export class DrawWatch {
  readonly #options: DrawWatchOptions
  /** Seats that were so at every look since a block: the event may be on its way. */
  #suspects: ReadonlyMap<number, number> = new Map()
  #said: ReadonlySet<number> = new Set()

  constructor(options: DrawWatchOptions) {
    this.#options = options
  }

  /** Looks until `signal` is aborted; a look that fails is made again the next time. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, everyMs } = this.#options
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => {
        log.debug('draws cannot be compared with the chain now', { stage: 'observe', error })
      })
      await clock.sleep(everyMs, signal).catch(() => undefined)
    }
  }

  /**
   * Looks once.
   * @returns Seats that have been held for a while, and nobody told for what.
   * @throws GevulotError CHAIN_RPC_UNAVAILABLE
   */
  async look(): Promise<readonly number[]> {
    const { jobs, events, log, onUnheard } = this.#options
    const head = await this.#head()
    const { next } = (await events.cursor()) ?? { next: 0 }
    // Before events were read up to the newest blocks nothing can be missed.
    if (next + NEWEST <= head) return []
    const busy = new Set((await jobs.unfinished()).map(({ seat }) => seat))
    const suspects = new Map<number, number>()
    for (const seat of await this.#held())
      if (!busy.has(seat) && !(await this.#isHeard(seat))) suspects.set(seat, this.#suspects.get(seat) ?? head)
    const unheard = [...suspects].flatMap(([seat, since]) => (head - since >= PATIENCE ? [seat] : []))
    for (const seat of unheard.filter((each) => !this.#said.has(each)))
      log.error('a seat is at work, and no endpoint has told for what: name another endpoint, or it is slashed', {
        ...{ stage: 'observe', seat },
      })
    this.#suspects = suspects
    this.#said = new Set(unheard)
    onUnheard(unheard.length)
    return unheard
  }

  async #head(): Promise<number> {
    try {
      return await this.#options.contracts.provider.getBlockNumber()
    } catch (error) {
      throw asChainError(error, 'reading the newest block')
    }
  }

  async #held(): Promise<readonly number[]> {
    const { contracts, seats } = this.#options
    const own = (await seats.seats()).map(({ seat }) => seat)
    const held: number[] = []
    try {
      for (let at = 0; at < own.length; at += AT_ONCE) {
        const some = own.slice(at, at + AT_ONCE)
        const answers = await Promise.all(some.map((seat) => contracts.market.isHeld(seat)))
        held.push(...some.filter((_, index) => answers[index]))
      }
    } catch (error) {
      throw asChainError(error, 'asking whether seats are at work')
    }
    return held
  }

  /** Whether it is held for work that was heard of: that may be over, and nobody has cleared it away. */
  async #isHeard(seat: number): Promise<boolean> {
    const { contracts, events } = this.#options
    const draws = (await events.named('Assigned')).filter(({ args }) =>
      args.candidates.some((each) => each.seat === seat),
    )
    for (const workload of draws.slice(-DRAWS).map(({ args }): WorkloadId => args.workload)) {
      const { state } = await readSlot(contracts, workload, seat)
      if (state === 'Assigned' || state === 'Accepted') return true
    }
    return false
  }
}
