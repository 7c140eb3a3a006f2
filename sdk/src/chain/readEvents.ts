import { asChainError } from './asChainError.js'
import type { Contracts } from './connect.js'
import { decodeEvent } from './decodeEvent.js'
import type { EventFilter } from './EventFilter.js'
import type { GevulotEvent } from './events.js'
import { LogReader } from './LogReader.js'

/** Options of {@link readEvents}. */
export interface ReadEventsOptions extends EventFilter {
  /** First block; the deployment's first by default. */
  readonly fromBlock?: number
  /** Last block; the newest by default. */
  readonly toBlock?: number
  readonly signal?: AbortSignal
}

/**
 * Reads past events in order. To keep up with the chain use {@link followEvents}, which also survives reorgs.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE, CHAIN_EVENT_MALFORMED
 */
export async function* readEvents(contracts: Contracts, options: ReadEventsOptions = {}): AsyncGenerator<GevulotEvent> {
  const reader = new LogReader(contracts, options)
  const last = options.toBlock ?? (await newestBlock(contracts))
  let from = options.fromBlock ?? contracts.fromBlock
  while (from <= last) {
    options.signal?.throwIfAborted()
    const to = reader.endOfRange(from, last)
    const logs = await reader.read(from, to)
    if (logs === undefined) continue
    for (const log of logs) {
      const event = decodeEvent(contracts, log)
      if (event !== undefined) yield event
    }
    from = to + 1
  }
}

/**
 * Reads past events from the newest block back, range by range; those of a range are in order. Whoever looks for something that is not old, and stops where
 * it is found, asks little of a long chain.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE, CHAIN_EVENT_MALFORMED
 */
export async function* readEventsBack(
  contracts: Contracts,
  options: ReadEventsOptions = {},
): AsyncGenerator<readonly GevulotEvent[]> {
  const reader = new LogReader(contracts, options)
  const first = options.fromBlock ?? contracts.fromBlock
  let to = options.toBlock ?? (await newestBlock(contracts))
  while (to >= first) {
    options.signal?.throwIfAborted()
    const from = reader.startOfRange(first, to)
    const logs = await reader.read(from, to)
    if (logs === undefined) continue
    yield logs.flatMap((log) => decodeEvent(contracts, log) ?? [])
    to = from - 1
  }
}

/** Number of the newest block. @throws GevulotError CHAIN_RPC_UNAVAILABLE */
export async function newestBlock(contracts: Contracts): Promise<number> {
  try {
    return await contracts.provider.getBlockNumber()
  } catch (error) {
    throw asChainError(error, 'reading the newest block')
  }
}
