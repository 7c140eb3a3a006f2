import type { Address, Contracts } from '../../chain/index.js'
import { asChainError } from '../../chain/index.js'
import { ISeatHolder__factory } from '../../chain/generated/factories/ISeatHolder__factory.js'
import { workerError } from '../../errors/codes/worker.js'
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

  /** @param wanted Seats to work for; empty: all of the operator's. */
  constructor(contracts: Contracts, events: EventStore, operator: Address, wanted: readonly number[]) {
    this.#contracts = contracts
    this.#events = events
    this.#operator = operator
    this.#wanted = wanted
  }

  /**
   * Checks that the configured seats belong to the operator.
   * @throws GevulotError WORKER_SEAT_NOT_OWNED, CHAIN_RPC_UNAVAILABLE
   */
  async assertOwned(): Promise<void> {
    for (const seat of this.#wanted) {
      const owner = await this.#ownerOf(seat)
      if (owner === this.#operator) continue
      throw workerError('WORKER_SEAT_NOT_OWNED', `seat ${seat} does not belong to ${this.#operator}`, {
        details: { seat, owner, operator: this.#operator },
      })
    }
  }

  /** The seats, by the events stored so far. */
  async seats(): Promise<readonly OwnSeat[]> {
    this.#seats ??= (await this.#events.registryNamed('Staked'))
      .filter(({ args }) => args.operator === this.#operator)
      .filter(({ args }) => this.#wanted.length === 0 || this.#wanted.includes(args.seat))
      .map(({ args }) => ({ seat: args.seat, class: args.class }))
    return this.#seats
  }

  /** Forgets what was read: seats were staked, or a reorg undid it. */
  refresh(): void {
    this.#seats = undefined
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

  async #ownerOf(seat: number): Promise<string> {
    try {
      return (await this.#contracts.registry.seatOf(seat)).operator
    } catch (error) {
      throw asChainError(error, `reading seat ${seat}`)
    }
  }
}
