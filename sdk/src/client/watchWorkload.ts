import type { WorkloadEvent } from '../chain/events.js'
import type { Cursor } from '../chain/followEvents.js'
import { toWorkloadId, type Hex } from '../chain/hex.js'
import type { Client } from './Client.js'
import { callEach, type CallOptions } from './call.js'
import { followWorkloads } from './followWorkloads.js'

/** Parameters of {@link watchWorkload}. */
export interface WatchWorkloadParams extends CallOptions {
  readonly workload: Hex
  /** Resume after what a former watch reported. */
  readonly cursor?: Cursor
  /** A block not later than the submission; the deployment's first by default. */
  readonly fromBlock?: number
}

/** What a watch reports. */
export type WorkloadUpdate =
  | {
      readonly kind: 'events'
      /** In order, at least one. */
      readonly events: readonly WorkloadEvent[]
      /** Store it to resume after these events. */
      readonly cursor: Cursor
    }
  | {
      /**
       * Forget the events of blocks from `redoFrom` on: the chain replaced them, or the endpoint had left some out. What takes their place
       * follows.
       */
      readonly kind: 'reorg'
      readonly redoFrom: number
      readonly cursor: Cursor
    }

/**
 * Follows the events of one workload until it is final; survives reorgs and endpoint failures. Resumed behind the last event it ends at once. For many
 * at once take `watchWorkloads`.
 * @example
 * for await (const update of client.watchWorkload({ workload, signal })) {
 *   if (update.kind === 'events') for (const event of update.events) console.log(event.name, event.args)
 * }
 * @throws GevulotError CHAIN_HEX_INVALID, CHAIN_RPC_UNAVAILABLE after a minute, CLIENT_WORKLOAD_UNKNOWN after `transactionTimeoutMs`, also of one that a
 * reorg took away; the reason of `signal`.
 */
export function watchWorkload(client: Client, params: WatchWorkloadParams): AsyncGenerator<WorkloadUpdate> {
  const { workload: id, ...options } = params
  return callEach(client, params, (client) => {
    const workload = toWorkloadId(id)
    return followWorkloads(client, new Set([workload]), { ...options, workload })
  })
}
