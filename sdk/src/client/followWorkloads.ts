import type { Block } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import type { Contracts } from '../chain/connect.js'
import type { EventFilter } from '../chain/EventFilter.js'
import type { WorkloadEvent } from '../chain/events.js'
import { followEvents, type Cursor } from '../chain/followEvents.js'
import type { WorkloadId } from '../chain/hex.js'
import { readWorkloadState } from '../chain/readWorkloadState.js'
import { inParallel } from '../content/inParallel.js'
import { chainError } from '../errors/codes/chain.js'
import { clientError } from '../errors/codes/client.js'
import type { Client } from './Client.js'
import type { WorkloadUpdate } from './watchWorkload.js'
import { whileUnknown } from './whileUnknown.js'

/** As long as `followEvents` waits for an endpoint. */
const OUTAGE_MS = 60_000
/** Workloads whose state is asked for at a time. */
const AT_ONCE = 16

/** Options of {@link followWorkloads}. */
export interface FollowWorkloadsOptions extends Pick<EventFilter, 'workload'> {
  readonly cursor?: Cursor
  readonly fromBlock?: number
  readonly signal?: AbortSignal
}

/**
 * Follows the events of workloads until all of them are final. Once the chain is read to its end, the state of those that nothing was heard of is looked
 * at: a watch that is resumed behind their last event has nothing to wait for, and of what nobody submitted there is nothing to follow.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE after a minute, CLIENT_WORKLOAD_UNKNOWN after `transactionTimeoutMs`; the reason of `signal`.
 */
export async function* followWorkloads(
  client: Client,
  watched: ReadonlySet<WorkloadId>,
  options: FollowWorkloadsOptions,
): AsyncGenerator<WorkloadUpdate> {
  const { clock, contracts, settings } = client
  const { cursor, signal } = options
  /** Where each of them was first heard of, and where it ended or, if that lies behind the cursor, a block not before it. */
  const heard = new Map<WorkloadId, number>()
  const ended = new Map<WorkloadId, number>()
  const patiently = <Result>(act: () => Promise<Result>): Promise<Result> =>
    whileUnknown(client, act, { outageMs: OUTAGE_MS, ...(signal && { signal }) })

  async function lookAtSilent(): Promise<void> {
    const { number } = await newestBlock(contracts)
    const silent = [...watched].filter((workload) => !heard.has(workload))
    const unknown: WorkloadId[] = []
    const look = async (workload: WorkloadId): Promise<void> => {
      const { phase } = await readWorkloadState(contracts, workload, number)
      if (phase === 'None') return void unknown.push(workload)
      heard.set(workload, number)
      if (phase === 'Final') ended.set(workload, number)
    }
    await inParallel(silent, AT_ONCE, look, signal)
    const [workload] = unknown
    if (workload === undefined) return
    const more = unknown.length === 1 ? '' : ` and ${unknown.length - 1} more`
    throw clientError('CLIENT_WORKLOAD_UNKNOWN', `no workload ${workload}${more}`, { details: { workload, unknown } })
  }

  /** Whether that was all, with the chain read up to a block. */
  async function isOver(to: number): Promise<boolean> {
    if (to >= head.number && heard.size < watched.size) await patiently(lookAtSilent)
    return ended.size === watched.size && [...ended.values()].every((block) => block <= to)
  }

  let head = await patiently(() => newestBlock(contracts))
  const newest = cursor?.checkpoints.at(-1)
  // Nothing comes before the next block, and perhaps there is none.
  if (newest !== undefined && newest.hash === head.hash && (await isOver(newest.number))) return
  for await (const batch of followEvents(contracts, { ...options, clock, pollMs: settings.pollMs })) {
    if (batch.kind === 'reorg') {
      for (const blocks of [heard, ended])
        for (const [workload, block] of blocks) if (block >= batch.redoFrom) blocks.delete(workload)
      yield batch
      head = await patiently(() => newestBlock(contracts))
      continue
    }
    const events = batch.events.filter(isWorkloadEvent).filter(({ args }) => watched.has(args.workload))
    for (const { name, args, at } of events) {
      if (!heard.has(args.workload)) heard.set(args.workload, at.block)
      if (name === 'Finished') ended.set(args.workload, at.block)
    }
    if (events.length > 0) yield { kind: 'events', events, cursor: batch.cursor }
    if (await isOver(batch.to.number)) return
  }
}

async function newestBlock({ provider }: Contracts): Promise<Block> {
  let block: Block | null
  try {
    block = await provider.getBlock('latest')
  } catch (error) {
    throw asChainError(error, 'reading the newest block')
  }
  if (block === null) throw chainError('CHAIN_RPC_UNAVAILABLE', 'the endpoint has no block')
  return block
}

/** Whether an event is about a workload. */
function isWorkloadEvent(event: { readonly contract: string; readonly args: object }): event is WorkloadEvent {
  return event.contract === 'market' && 'workload' in event.args
}
