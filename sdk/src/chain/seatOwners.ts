import { asChainError } from './asChainError.js'
import type { Contracts } from './connect.js'
import type { LogPosition } from './events.js'
import { toAddress, ZERO_ADDRESS, type Address } from './hex.js'
import { readEvents } from './readEvents.js'

/** Whose a seat is, or was. */
export interface SeatOwner {
  readonly operator: Address
  /** Where it was withdrawn; absent as long as it was not. */
  readonly withdrawn?: LogPosition
}

/**
 * Reads whose seats are. The registry forgets the operator of a seat that is withdrawn; a seat's number is never given to another one, so
 * the events about it say for ever whose it was.
 * @returns By seat; one that was never staked is not there.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE, CHAIN_EVENT_MALFORMED
 */
export async function readSeatOwners(
  contracts: Contracts,
  seats: readonly number[],
): Promise<ReadonlyMap<number, SeatOwner>> {
  const owners = new Map<number, SeatOwner>()
  const gone: number[] = []
  const operators = await Promise.all(seats.map((seat) => operatorNow(contracts, seat)))
  seats.forEach((seat, index) => {
    const operator = operators[index] ?? ZERO_ADDRESS
    if (operator === ZERO_ADDRESS) gone.push(seat)
    else owners.set(seat, { operator })
  })
  if (gone.length === 0) return owners
  for await (const event of readEvents(contracts, { names: ['Staked', 'Withdrawn'], seat: gone })) {
    if (event.contract !== 'registry' || !('operator' in event.args) || !('seat' in event.args)) continue
    const { seat, operator } = event.args
    owners.set(seat, { operator, ...(event.name === 'Withdrawn' && { withdrawn: event.at }) })
  }
  return owners
}

async function operatorNow({ registry }: Contracts, seat: number): Promise<Address> {
  try {
    return toAddress((await registry.seatOf(seat)).operator)
  } catch (error) {
    throw asChainError(error, `reading seat ${seat}`)
  }
}
