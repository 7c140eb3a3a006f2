import { activeSetAfter } from './activeSet.js'
import { asChainError } from './asChainError.js'
import type { Contracts } from './connect.js'
import type { RegistryEvent } from './events.js'
import { readEvents } from './readEvents.js'

const SET_EVENTS = ['Staked', 'Joined', 'Left', 'Dropped', 'Slashed'] as const

/**
 * The active set of a class as it was when an epoch began, by position: from the registry's events in blocks older than that.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE, CHAIN_EVENT_MALFORMED
 */
export async function readFrozenSet(contracts: Contracts, hardwareClass: number, epoch: number): Promise<number[]> {
  const { registry, provider } = contracts
  const times = new Map<number, number>()
  const found: RegistryEvent[] = []
  try {
    const [genesis, length] = await Promise.all([registry.genesis(), registry.epochLength()])
    const frozenAt = Number(genesis) + (epoch - 1) * Number(length)
    for await (const event of readEvents(contracts, { names: [...SET_EVENTS] })) {
      const { block } = event.at
      const time = times.get(block) ?? (await provider.getBlock(block))?.timestamp ?? Infinity
      times.set(block, time)
      // Blocks come in order: what follows is younger still.
      if (time >= frozenAt) break
      if (event.contract === 'registry') found.push(event)
    }
  } catch (error) {
    throw asChainError(error, `reading the active set of epoch ${epoch}`)
  }
  return activeSetAfter(found, hardwareClass)
}
