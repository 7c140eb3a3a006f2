import { asChainError, type Contracts } from '../../chain/index.js'
import { nameAt, SEAT_STATUSES } from '../../chain/names.js'
import type { Clock } from '../../clock.js'

/** Milliseconds for which a used-up quota is not asked for again; a new week may have begun. */
const REMEMBERED_MS = 60_000

/** How many declines the seats have left this week, as the registry counts them. */
export class DeclineQuota {
  readonly #contracts: Contracts
  readonly #clock: Clock
  /** When the quota of a seat was found used up. */
  readonly #usedUp = new Map<number, number>()

  constructor(contracts: Contracts, clock: Clock) {
    this.#contracts = contracts
    this.#clock = clock
  }

  /**
   * Whether one more decline would put a seat out of the active set.
   * @throws GevulotError CHAIN_RPC_UNAVAILABLE
   */
  async isUsedUp(seat: number): Promise<boolean> {
    const { registry } = this.#contracts
    const seenAt = this.#usedUp.get(seat)
    if (seenAt !== undefined && this.#clock.elapsed() - seenAt < REMEMBERED_MS) return true
    try {
      const { status, declines, class: hardwareClass } = await registry.seatOf(seat)
      const { declineQuota } = await registry.classBonds(hardwareClass)
      // A seat that leaves, or has left, cannot be put out.
      const isUsedUp = nameAt(SEAT_STATUSES, status) === 'Active' && declines >= declineQuota
      if (isUsedUp) this.#usedUp.set(seat, this.#clock.elapsed())
      else this.#usedUp.delete(seat)
      return isUsedUp
    } catch (error) {
      throw asChainError(error, `reading the declines of seat ${seat}`)
    }
  }
}
