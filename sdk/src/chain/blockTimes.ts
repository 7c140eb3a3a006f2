import { asChainError } from './asChainError.js'
import { chainError } from '../errors/codes/chain.js'
import type { Contracts } from './connect.js'

// Requests for times of blocks.
const AT_ONCE = 16

/**
 * Unix times of blocks, several asked for at once.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE; the reason of `signal`
 */
export async function blockTimes(
  { provider }: Pick<Contracts, 'provider'>,
  blocks: Iterable<number>,
  signal?: AbortSignal,
): Promise<Map<number, number>> {
  const times = new Map<number, number>()
  const all = [...new Set(blocks)]
  for (let at = 0; at < all.length; at += AT_ONCE) {
    signal?.throwIfAborted()
    const some = all.slice(at, at + AT_ONCE)
    try {
      const read = await Promise.all(some.map((block) => provider.getBlock(block)))
      some.forEach((block, index) => {
        const time = read[index]?.timestamp
        if (time === undefined)
          throw chainError('CHAIN_RPC_UNAVAILABLE', `the endpoint does not know block ${block}, of which it has told events`) // prettier-ignore
        times.set(block, time)
      })
    } catch (error) {
      throw asChainError(error, 'reading the times of blocks')
    }
  }
  return times
}
