import type { Client } from './Client.js'
import { clientError } from '../errors/codes/client.js'
import type { Proof } from './fetchProof.js'
import { waitForProofs, type WaitForProofsParams } from './waitForProofs.js'
import { call } from './call.js'

/** Parameters of {@link waitForProof}. */
export type WaitForProofParams = Omit<WaitForProofsParams, 'count'>

/**
 * Waits for the first valid proof.
 * @example
 * const { proof } = await client.waitForProof({ workload, signal: AbortSignal.timeout(600_000) })
 * @throws as {@link waitForProofs}
 */
export function waitForProof(client: Client, params: WaitForProofParams): Promise<Proof> {
  return call(client, params, async (client) => {
    const [proof] = await waitForProofs(client, params)
    if (proof === undefined) throw clientError('CLIENT_NO_PROOF', `workload ${params.workload} has no proof`)
    return proof
  })
}
