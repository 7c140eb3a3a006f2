import type { Hex } from '../chain/hex.js'
import type { Client } from './Client.js'
import { readWorkload, type ReadWorkloadOptions } from './readWorkload.js'
import type { Workload } from './Workload.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link getWorkload}. */
export interface GetWorkloadParams extends ReadWorkloadOptions, CallOptions {
  readonly workload: Hex
}

/**
 * Reads a workload: a union on `status`, derived from the chain's own time.
 * @example
 * const workload = await client.getWorkload({ workload: id })
 * if (workload.status === 'proving') console.log(`until ${new Date(workload.deadline * 1000)}`)
 * @throws GevulotError CLIENT_WORKLOAD_UNKNOWN, CHAIN_HEX_INVALID, CHAIN_RPC_UNAVAILABLE
 */
export function getWorkload(client: Client, params: GetWorkloadParams): Promise<Workload> {
  return call(client, params, async (client) => {
    return (await readWorkload(client.contracts, params.workload, params)).workload
  })
}
