import { followEvents, type Cursor } from '../chain/followEvents.js'
import { toWorkloadId, type Hex, type WorkloadId } from '../chain/hex.js'
import type { Client } from './Client.js'
import { isWorkloadEvent, type WorkloadUpdate } from './watchWorkload.js'
import { callEach, type CallOptions } from './call.js'

/** Parameters of {@link watchWorkloads}. */
export interface WatchWorkloadsParams extends CallOptions {
  /** Those that are not known to be final. */
  readonly workloads: Iterable<Hex>
  /** Resume after what a former watch reported. */
  readonly cursor?: Cursor
  /** A block not later than the first submission; the deployment's first by default. */
  readonly fromBlock?: number
}

/**
 * Follows the events of many workloads until all of them are final: ten thousand cost as many looks at the chain as one. Survives reorgs and endpoint
 * failures. An update holds the events of one look, of all of them. One that nobody submitted is waited for until the signal ends it: `watchWorkload`, which
 * looks after one, finds that out.
 * @example
 * for await (const update of client.watchWorkloads({ workloads, signal })) {
 *   if (update.kind === 'events') for (const { name, args } of update.events) console.log(args.workload, name)
 * }
 * @throws GevulotError CHAIN_HEX_INVALID, CHAIN_RPC_UNAVAILABLE after a minute; the reason of `signal`.
 */
export function watchWorkloads(client: Client, params: WatchWorkloadsParams): AsyncGenerator<WorkloadUpdate> {
  return callEach(client, params, (client) => follow(client, params))
}

async function* follow(client: Client, params: WatchWorkloadsParams): AsyncGenerator<WorkloadUpdate> {
  const { clock, contracts, settings } = client
  const { workloads, ...options } = params
  const watched = new Set<WorkloadId>([...workloads].map((workload) => toWorkloadId(workload)))
  /** In which block each of them ended. */
  const ended = new Map<WorkloadId, number>()
  if (watched.size === 0) return
  for await (const batch of followEvents(contracts, { ...options, clock, pollMs: settings.pollMs })) {
    if (batch.kind === 'reorg') {
      for (const [workload, block] of ended) if (block >= batch.redoFrom) ended.delete(workload)
      yield batch
      continue
    }
    const events = batch.events.filter(isWorkloadEvent).filter(({ args }) => watched.has(args.workload))
    if (events.length === 0) continue
    for (const { name, args, at } of events) if (name === 'Finished') ended.set(args.workload, at.block)
    yield { kind: 'events', events, cursor: batch.cursor }
    if (ended.size === watched.size) return
  }
}
