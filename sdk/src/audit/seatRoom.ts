import { asChainError } from '../chain/asChainError.js'
import type { Contracts } from '../chain/connect.js'

const STATE_BIT = 224n
const STATE_MASK = 7n

/**
 * Whether a seat that is not at work has no room for another workload: its main word waits to be settled, and so do all the
 * words beside it.
 * @param block Block after which it is asked.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function isFull({ market }: Contracts, seat: number, block: number): Promise<boolean> {
  try {
    const words = await market.wordsOf(seat, { blockTag: block })
    return words.every((word) => ((word >> STATE_BIT) & STATE_MASK) !== 0n)
  } catch (error) {
    throw asChainError(error, `reading the words of seat ${seat}`)
  }
}
