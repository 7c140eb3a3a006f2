import { decodeEvent } from '../chain/decodeEvent.js'
import { contractErrorOf } from '../chain/contractErrorOf.js'
import type { Hex } from '../chain/hex.js'
import { readSeatLists } from '../chain/workloadSeats.js'
import type { GevulotError } from '../errors/GevulotError.js'
import type { Client } from './Client.js'
import { readWorkload, type ReadWorkloadOptions } from './readWorkload.js'
import { send } from './send.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link settleMany}. */
export interface SettleManyParams extends ReadWorkloadOptions, CallOptions {
  /** Workload ids; up to about 64 fit a block. */
  readonly workloads: readonly Hex[]
}

/** What {@link settleMany} did with a workload: the error says why it could not be settled. */
export interface SettledWorkload {
  readonly workload: Hex
  readonly error?: GevulotError
}

/**
 * Ends several workloads in one transaction, for about half the gas each. One that cannot be settled is reported, and its
 * neighbours are settled.
 * @returns One entry for each workload, in the same order.
 * @throws GevulotError CLIENT_WORKLOAD_UNKNOWN, CLIENT_OPTION_MISSING, CONTRACT_BATCH_NEEDS_GAS, `CHAIN_*`
 */
export function settleMany(client: Client, params: SettleManyParams): Promise<SettledWorkload[]> {
  return call(client, params, async (client) => {
    const { contracts } = client
    const calls: string[] = []
    for (const id of params.workloads) {
      const { workload, events } = await readWorkload(contracts, id, params)
      const { settle } = await readSeatLists(contracts, workload.workload, events)
      calls.push(contracts.market.interface.encodeFunctionData('settle', [workload.spec, [...settle]]))
    }
    if (calls.length === 0) return []
    const receipt = await send(client, 'settling', () => contracts.market.tryMany.populateTransaction(calls), params)
    const errors = new Map<number, GevulotError>()
    for (const log of receipt.logs) {
      if (log.address !== contracts.addresses.market) continue
      const event = decodeEvent(contracts, log)
      if (event?.name === 'ItemFailed') errors.set(event.args.index, contractErrorOf(event.args.reason, 'settling'))
    }
    return params.workloads.map((workload, index) => {
      const error = errors.get(index)
      return error === undefined ? { workload } : { workload, error }
    })
  })
}
