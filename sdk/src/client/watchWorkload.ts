import type { WorkloadEvent } from '../chain/events.js'
import { followEvents, type Cursor } from '../chain/followEvents.js'
import { toWorkloadId, type Hex, type WorkloadId } from '../chain/hex.js'
import { readWorkloadState } from '../chain/readWorkloadState.js'
import { clientError } from '../errors/codes/client.js'
import type { Client } from './Client.js'
import { callEach, type CallOptions } from './call.js'
import { whileUnknown } from './whileUnknown.js'

/** As long as `followEvents` waits for an endpoint. */
const OUTAGE_MS = 60_000

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
 * Follows the events of one workload until it is final; survives reorgs and endpoint failures. For many at once take `watchWorkloads`.
 * @example
 * for await (const update of client.watchWorkload({ workload, signal })) {
 *   if (update.kind === 'events') for (const event of update.events) console.log(event.name, event.args)
 * }
 * @throws GevulotError CHAIN_HEX_INVALID, CHAIN_RPC_UNAVAILABLE after a minute, CLIENT_WORKLOAD_UNKNOWN after `transactionTimeoutMs`, also of one that a
 * reorg took away; the reason of `signal`.
 */
export function watchWorkload(client: Client, params: WatchWorkloadParams): AsyncGenerator<WorkloadUpdate> {
  return callEach(client, params, (client) => follow(client, params))
}

async function* follow(client: Client, params: WatchWorkloadParams): AsyncGenerator<WorkloadUpdate> {
  const { clock, contracts, settings } = client
  const { workload: id, ...options } = params
  const workload = toWorkloadId(id)
  await untilKnown(client, workload, params.signal)
  const following = followEvents(contracts, { ...options, workload, clock, pollMs: settings.pollMs })
  for await (const batch of following) {
    if (batch.kind === 'reorg') {
      yield batch
      await untilKnown(client, workload, params.signal)
      continue
    }
    const events = batch.events.filter(isWorkloadEvent)
    if (events.length === 0) continue
    yield { kind: 'events', events, cursor: batch.cursor }
    if (events.some((event) => event.name === 'Finished')) return
  }
}

/** Of what is not on the chain there is nothing to follow, and would never be an end. */
function untilKnown(client: Client, workload: WorkloadId, signal: AbortSignal | undefined): Promise<void> {
  const look = async (): Promise<void> => {
    const { phase } = await readWorkloadState(client.contracts, workload)
    if (phase === 'None')
      throw clientError('CLIENT_WORKLOAD_UNKNOWN', `no workload ${workload}`, { details: { workload } })
  }
  return whileUnknown(client, look, { outageMs: OUTAGE_MS, ...(signal && { signal }) })
}

/** Whether an event is about a workload. */
export function isWorkloadEvent(event: { readonly contract: string; readonly args: object }): event is WorkloadEvent {
  return event.contract === 'market' && 'workload' in event.args
}
