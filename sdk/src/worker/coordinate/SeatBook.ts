import { ZeroAddress } from 'ethers'
import type { Address, Contracts } from '../../chain/index.js'
import { asChainError } from '../../chain/index.js'
import { ISeatHolder__factory } from '../../chain/generated/factories/ISeatHolder__factory.js'
import { workerError } from '../../errors/codes/worker.js'
import type { Logger } from '../log/Logger.js'
import type { EventStore } from '../store/EventStore.js'

/** A seat of the operator. */
export interface OwnSeat {
  readonly seat: number
  readonly class: number
}

/** The seats this worker works for. */
export class SeatBook {
  readonly #contracts: Contracts
  readonly #events: EventStore
  readonly #operator: Address
  readonly #wanted: readonly number[]
  #seats: readonly OwnSeat[] | undefined
  #timesRefreshed = 0

  /** @param wanted Seats to work for; empty: all of the operator's. */
  constructor(contracts: Contracts, events: EventStore, operator: Address, wanted: readonly number[]) {
    this.#contracts = contracts
    this.#events = events
    this.#operator = operator
    this.#wanted = wanted
  }

  /**
   * Checks that the configured seats belong to the operator. One that has been withdrawn since it was named must not keep the others from their work.
   * @throws GevulotError WORKER_SEAT_NOT_OWNED, also when all have been withdrawn; CHAIN_RPC_UNAVAILABLE
   */
  async assertOwned(log: Logger): Promise<void> {
    const gone: number[] = []
    for (const seat of this.#wanted) {
      const owner = await this.#ownerOf(seat)
      if (owner === this.#operator) continue
      // The registry forgets the owner of what is withdrawn; a number that no seat has had yet is a slip of whoever wrote it.
      if (owner !== ZeroAddress || seat > (await this.#newest()))
        throw this.#notOwned(`seat ${seat} does not belong to ${this.#operator}`, { seat, owner })
      gone.push(seat)
    }
    if (gone.length === 0) return
    if (gone.length === this.#wanted.length)
      throw this.#notOwned(`all seats that are named have been withdrawn: ${gone.join(', ')}`, { seats: gone })
    log.warn('seats that are named have been withdrawn: take them out of `seats`', { stage: 'start', seats: gone })
  }

  /** The seats, by the events stored so far. */
  async seats(): Promise<readonly OwnSeat[]> {
    if (this.#seats !== undefined) return this.#seats
    const refreshed = this.#timesRefreshed
    const seats = (await this.#events.registryNamed('Staked'))
      .filter(({ args }) => args.operator === this.#operator)
      .filter(({ args }) => this.#wanted.length === 0 || this.#wanted.includes(args.seat))
      .map(({ args }) => ({ seat: args.seat, class: args.class }))
    // An answer from before a refresh knows nothing of what it was for: kept, it would hide a new seat for good.
    if (refreshed === this.#timesRefreshed) this.#seats = seats
    return seats
  }

  /** Forgets what was read: seats were staked, or a reorg undid it. */
  refresh(): void {
    this.#seats = undefined
    this.#timesRefreshed += 1
  }

  /** Whether a seat can take an open slot now. */
  async isIdle(seat: number): Promise<boolean> {
    try {
      const { registry, addresses, provider } = this.#contracts
      const market = ISeatHolder__factory.connect(addresses.market, provider)
      const [standing, isHeld] = await Promise.all([registry.standing(seat), market.isHeld(seat)])
      return standing.active && !isHeld
    } catch (error) {
      throw asChainError(error, `reading seat ${seat}`)
    }
  }

  #notOwned(message: string, details: Readonly<Record<string, unknown>>): Error {
    return workerError('WORKER_SEAT_NOT_OWNED', message, { details: { ...details, operator: this.#operator } })
  }

  /** The number of the seat that was staked last. */
  async #newest(): Promise<number> {
    try {
      return Number(await this.#contracts.registry.seatCount())
    } catch (error) {
      throw asChainError(error, 'reading how many seats there are')
    }
  }

  async #ownerOf(seat: number): Promise<string> {
    try {
      return (await this.#contracts.registry.seatOf(seat)).operator
    } catch (error) {
      throw asChainError(error, `reading seat ${seat}`)
    }
  }
}
