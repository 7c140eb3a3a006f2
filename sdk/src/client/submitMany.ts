import { call } from './call.js'
import type { Client } from './Client.js'
import { inTurn } from './inTurn.js'
import type { PublishOptions } from './publishInputs.js'
import type { SendOptions } from './send.js'
import { submitAll, type SubmittedWorkload, type WorkloadRequest } from './submission.js'

/** Parameters of {@link submitMany}. */
export interface SubmitManyParams extends SendOptions, PublishOptions {
  /** In order: each takes the nonce behind the one before. */
  readonly requests: readonly WorkloadRequest[]
  /**
   * The account's nonce for the first of them (see `getBalance`). Read it once, keep it, and pass it again with the same requests to go on
   * after an error or a lost response: what was submitted is then found, not submitted twice. By default the next one.
   */
  readonly nonce?: number
}

/**
 * Submits workloads, 64 in a transaction (fewer with long URIs): publishes the inputs, checks programs, fees and the balance for all of them before
 * anything is sent. Each transaction takes all of its requests or none; when a later one fails, what the earlier ones submitted stays.
 *
 * @example
 * const { nonce } = await client.getBalance()
 * const submitted = await client.submitMany({ requests, nonce })
 * const proofs = await Promise.all(submitted.map(({ workload }) => client.waitForProof({ workload })))
 *
 * @returns One entry for each request, in the same order.
 * @throws GevulotError As `submit`. `details.index` is the place of the request that is at fault, where one is.
 */
export function submitMany(client: Client, params: SubmitManyParams): Promise<SubmittedWorkload[]> {
  return call(client, params, async (client) => {
    const { requests, nonce } = params
    if (requests.length === 0) return []
    return inTurn(client.submissions, (keep) => submitAll(client, requests, nonce, params, keep))
  })
}
