import type { Cursor } from '../chain/followEvents.js'
import { toWorkloadId, type Hex } from '../chain/hex.js'
import type { Client } from './Client.js'
import { callEach, type CallOptions } from './call.js'
import { followWorkloads } from './followWorkloads.js'
import type { WorkloadUpdate } from './watchWorkload.js'

/** Parameters of {@link watchWorkloads}. */
export interface WatchWorkloadsParams extends CallOptions {
  /** Which. Those that ended before the cursor have nothing more to tell. */
  readonly workloads: Iterable<Hex>
  /** Resume after what a former watch reported. */
  readonly cursor?: Cursor
  /** A block not later than the first submission; the deployment's first by default. */
  readonly fromBlock?: number
}

/**
 * Follows the events of many workloads until all of them are final: ten thousand cost as many looks at the chain as one. Survives reorgs and endpoint
 * failures. An update holds the events of one look, of all of them. Once the chain is read to its end the state of each that nothing was heard of is
 * looked at: what ended before the cursor is not waited for.
 * @example
 * for await (const update of client.watchWorkloads({ workloads, signal })) {
 *   if (update.kind === 'events') for (const { name, args } of update.events) console.log(args.workload, name)
 * }
 * @throws GevulotError CHAIN_HEX_INVALID, CHAIN_RPC_UNAVAILABLE after a minute, CLIENT_WORKLOAD_UNKNOWN after `transactionTimeoutMs`, with all such
 * ids in `details.unknown`, also of what a reorg took away; the reason of `signal`.
 */
export function watchWorkloads(client: Client, params: WatchWorkloadsParams): AsyncGenerator<WorkloadUpdate> {
  const { workloads, ...options } = params
  return callEach(client, params, async function* (client) {
    const watched = new Set([...workloads].map((workload) => toWorkloadId(workload)))
    if (watched.size > 0) yield* followWorkloads(client, watched, options)
  })
}
