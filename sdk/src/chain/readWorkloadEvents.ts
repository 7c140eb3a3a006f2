import type { Contracts } from './connect.js'
import type { GevulotEvent } from './events.js'
import type { WorkloadId } from './hex.js'
import { newestBlock, readEventsBack } from './readEvents.js'
import { readWorkloadState } from './readWorkloadState.js'

/** Options of {@link readWorkloadEvents}. */
export interface ReadWorkloadEventsOptions {
  /** A block not later than the submission; the deployment's first by default. */
  readonly fromBlock?: number
  /** Last block; the newest by default. */
  readonly toBlock?: number
  /** Whether the market knows the workload at `toBlock`, if the caller asks anyway. */
  readonly exists?: Promise<boolean>
  readonly signal?: AbortSignal
}

/**
 * All events of a workload, in order. They are looked for from the newest block back to the submission, which is the first of them; so what was submitted
 * lately is found as fast on a long chain, and for one that nobody submitted one range is read.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE, CHAIN_EVENT_MALFORMED
 */
export async function readWorkloadEvents(
  contracts: Contracts,
  workload: WorkloadId,
  options: ReadWorkloadEventsOptions = {},
): Promise<GevulotEvent[]> {
  const toBlock = options.toBlock ?? (await newestBlock(contracts))
  const ranges: (readonly GevulotEvent[])[] = []
  for await (const events of readEventsBack(contracts, { ...options, workload, toBlock })) {
    ranges.unshift(events)
    if (events.some(({ name }) => name === 'Submitted')) break
    if (!(await (options.exists ?? exists(contracts, workload, toBlock)))) break
  }
  return ranges.flat()
}

async function exists(contracts: Contracts, workload: WorkloadId, block: number): Promise<boolean> {
  return (await readWorkloadState(contracts, workload, block)).phase !== 'None'
}
