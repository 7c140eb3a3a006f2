import { dataSlice, solidityPackedKeccak256 } from 'ethers'
import type { Contracts } from '../chain/connect.js'

/** Number of the market's mapping of slot words, see docs/architecture.md; a test compares it with the kept layout. */
export const SLOTS = 11
const WORDS = 4
const STATE_BIT = 224n
const STATE_MASK = 7n

/**
 * Whether a seat that is not at work has no room for another workload: its main word waits to be settled, and so do all the
 * words beside it. No view tells that, so the words themselves are read.
 */
export async function isFull({ addresses, provider }: Contracts, seat: number, block: number): Promise<boolean> {
  const states = await Promise.all(
    Array.from({ length: WORDS }, async (_, word) => {
      const slot = solidityPackedKeccak256(['uint256', 'uint256'], [seat * WORDS + word, SLOTS])
      const value = await provider.getStorage(addresses.market, slot, block)
      return (BigInt(dataSlice(value, 0, 32)) >> STATE_BIT) & STATE_MASK
    }),
  )
  return states.every((state) => state !== 0n)
}
