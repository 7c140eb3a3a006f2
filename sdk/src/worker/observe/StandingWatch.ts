import { asChainError, type Address, type Contracts } from '../../chain/index.js'
import { nameAt, SEAT_STATUSES } from '../../chain/names.js'
import type { Clock } from '../../clock.js'
import type { SeatBook } from '../coordinate/SeatBook.js'
import type { Logger } from '../log/Logger.js'

/** Who is told what was read. */
export interface StandingFigures {
  /** Wei of the chain's coin that pays for gas, token units of the operator in the market. */
  onBalances(coin: bigint, tokens: bigint): void
  /** Network rewards, token units; without it they are not read: validators earn none. */
  onRewards?(due: bigint, pending: bigint): void
  onSeats(statuses: readonly string[]): void
}

/** What a {@link StandingWatch} needs. */
export interface StandingWatchOptions {
  readonly contracts: Contracts
  readonly seats: SeatBook
  readonly operator: Address
  /** Pays for gas: the operator's account, unless a submitter key acts. */
  readonly payer: Address
  readonly metrics: StandingFigures
  readonly clock: Clock
  readonly log: Logger
}

const EVERY_MS = 60_000
// Until the follower has come to the blocks in which the seats were staked.
const WITHOUT_SEATS_MS = 2_000
// Each seat is a request; they matter, but not within a second.
const AT_ONCE = 8

/** Reads once a minute what the operator has, what the key has for gas, and how the seats stand, for the metrics alone. */
export class StandingWatch {
  readonly #options: StandingWatchOptions

  constructor(options: StandingWatchOptions) {
    this.#options = options
  }

  /** Reads until `signal` is aborted; a reading that fails is tried again the next time. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      const seats = await this.read().catch((error: unknown) => {
        log.debug('balances and seats cannot be read now', { stage: 'observe', error })
        return 0
      })
      await clock.sleep(seats === 0 ? WITHOUT_SEATS_MS : EVERY_MS, signal).catch(() => undefined)
    }
  }

  /**
   * Reads once.
   * @returns How many seats there are.
   * @throws GevulotError CHAIN_RPC_UNAVAILABLE
   */
  async read(): Promise<number> {
    const { contracts, seats, operator, payer, metrics } = this.#options
    try {
      const [coin, account, rewards] = await Promise.all([
        contracts.provider.getBalance(payer),
        contracts.market.accountOf(operator),
        metrics.onRewards && contracts.rewards.rewardsOf(operator),
      ])
      metrics.onBalances(coin, account.balance)
      if (rewards) metrics.onRewards?.(rewards.due, rewards.pending)
      const own = await seats.seats()
      const statuses: string[] = []
      for (let at = 0; at < own.length; at += AT_ONCE) {
        const read = own.slice(at, at + AT_ONCE).map(({ seat }) => contracts.registry.seatOf(seat))
        for (const { status } of await Promise.all(read)) statuses.push(nameAt(SEAT_STATUSES, status))
      }
      metrics.onSeats(statuses)
      return own.length
    } catch (error) {
      throw asChainError(error, 'reading balances and seats')
    }
  }
}
