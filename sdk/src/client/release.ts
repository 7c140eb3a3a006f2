import { contractError } from '../chain/contractErrorOf.js'
import type { Hex } from '../chain/hex.js'
import type { Client } from './Client.js'
import { readWorkload, type ReadWorkloadOptions } from './readWorkload.js'
import { send } from './send.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link release}. */
export interface ReleaseParams extends ReadWorkloadOptions, CallOptions {
  readonly workload: Hex
}

/**
 * Closes commits early; needs a commit. It ends everybody's duty to answer: provers that had accepted share a compensation
 * out of the unfilled ranks' shares, the rest of those shares burns. Nobody gains by releasing early. Design section 3.
 * @throws GevulotError CONTRACT_NO_COMMITS, CONTRACT_COMMITS_CLOSED_ALREADY, CONTRACT_WRONG_PHASE, CONTRACT_NOT_REQUESTER,
 * CLIENT_WORKLOAD_UNKNOWN, `CHAIN_*`
 */
export function release(client: Client, params: ReleaseParams): Promise<void> {
  return call(client, params, async (client) => {
    const doing = 'releasing a workload'
    const { workload } = await readWorkload(client.contracts, params.workload, params)
    if (workload.status === 'proving' && workload.commits === 0) throw contractError('NoCommits', doing, {})
    await send(client, doing, () => client.contracts.market.release.populateTransaction(workload.spec), params)
  })
}
