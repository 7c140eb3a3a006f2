import type { Address, Contracts, EventBatch } from '../../chain/index.js'
import type { Logger } from '../log/Logger.js'
import type { SeatBook } from './SeatBook.js'

/**
 * Says once that the operator has no seat to work for: when the chain is read up to the block that is the newest at the first call.
 * @returns To be called with what the follower has stored.
 */
export function seatlessWarning({
  contracts,
  seats,
  operator,
  log,
  ofClass,
}: {
  readonly contracts: Contracts
  readonly seats: SeatBook
  readonly operator: Address
  readonly log: Logger
  /** The class that seats are wanted of; undefined: any. */
  readonly ofClass?: number
}): (batch: EventBatch) => Promise<void> {
  let newest: number | undefined
  let isRead = false
  return async (batch) => {
    if (isRead || batch.kind !== 'events') return
    // An endpoint that does not answer now is asked again with the next block.
    newest ??= await contracts.provider.getBlockNumber().catch(() => undefined)
    if (newest === undefined || batch.to.number < newest) return
    isRead = true
    const own = await seats.seats()
    if (own.some((seat) => ofClass === undefined || seat.class === ofClass)) return
    log.warn('there is no seat to work for: stake one, or look at the account, its operator and SEATS', {
      ...{ stage: 'start', operator },
      ...(ofClass !== undefined && { class: ofClass }),
    })
  }
}
